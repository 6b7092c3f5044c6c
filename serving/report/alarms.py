"""The early warnings of the assessment that was kept last, for programs."""

from __future__ import annotations

from serving.replies import AlarmsReply
from serving.report import kept


def kept_alarms() -> AlarmsReply:
    """Raises ConfigError where what is kept can't be read."""
    document = kept.latest()
    if document is None:
        return AlarmsReply(as_of=None, currency=None, watched=[], alarms=[])
    return AlarmsReply(
        as_of=document["as_of"],
        currency=document["currency"],
        watched=document["watched_indicators"],
        alarms=document["alarms"],
    )
