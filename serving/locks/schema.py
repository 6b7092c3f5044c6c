"""The tables of the doors: keys, and who pulled what. Times are UTC without a zone."""

from __future__ import annotations

from sqlalchemy import JSON, Column, DateTime, ForeignKey, Index, Integer, String, Table

from serving.schema import BY_CODE_POINT, METADATA

api_keys = Table(
    "api_keys",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("hash", String, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("expires_at", DateTime),
    Column("revoked_at", DateTime),
)
"""`hash`: SHA-256 of the secret, in hex. Nothing is deleted here: the audit names revoked keys too."""

audit = Table(
    "audit",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("request_id", String, nullable=False),
    Column("key_id", String),
    Column("key_name", String),
    Column("role", String),
    Column("method", String, nullable=False),
    Column("route", String, nullable=False),
    Column("filters", JSON, nullable=False),
    Column("status", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Index("audit_by_time", "at", "id"),
)
"""A request for customers' data. `key_id`: null where the service was open. `rows`: customers shown."""

audit_customers = Table(
    "audit_customers",
    METADATA,
    Column("audit_id", ForeignKey("audit.id"), primary_key=True),
    Column("customer_id", BY_CODE_POINT, primary_key=True),
    Index("audit_customers_by_customer", "customer_id"),
)
"""Whom a request asked for by id."""
