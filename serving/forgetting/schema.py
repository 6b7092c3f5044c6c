"""The table of those who were forgotten, by a hash that only this home's key can make."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, String, Table

from serving.schema import METADATA

forgotten = Table(
    "forgotten",
    METADATA,
    Column("hash", String, primary_key=True),
    Column("key_mark", String, nullable=False),
    Column("at", DateTime, nullable=False),
)
"""`hash`: HMAC-SHA256 of the id, in hex. `key_mark`: tells by which key. `at`: UTC without a zone."""
