"""What an answer to a message means: delivered, worth another try after a while, or dead."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import numpy as np

from configs.settings import Webhook

DELIVERED, AGAIN, DEAD = "delivered", "waiting", "dead"
State = Literal["delivered", "waiting", "dead"]

MAY_GET_BETTER = frozenset({408, 425, 429})
"""Refusals that ask for patience; every other answer of 300 to 499 stays what it is."""

LONGEST_ASKED = 86_400.0
"""Seconds: a receiver that asks for more patience than a day (Retry-After) is asked again after a day."""


@dataclass(frozen=True)
class Answer:
    """`status`: of HTTP; null where there was none, and `error` says why. `retry_after`: the header."""

    status: int | None
    error: str | None = None
    retry_after: str | None = None


@dataclass(frozen=True)
class Verdict:
    """`error`: null where it was delivered. `wait_seconds`: until the next attempt; `asked_to_wait`: how long
    the receiver wants to be left alone with everything."""

    state: State
    status: int | None
    error: str | None = None
    wait_seconds: float = 0.0
    asked_to_wait: float = 0.0


def verdict(
    answer: Answer, number: int, settings: Webhook, now: datetime, dice: np.random.Generator
) -> Verdict:
    """`number`: of the attempt, from 1; every `most_attempts` of them in vain make a dead letter."""
    status = answer.status
    if status is not None and 200 <= status < 300:
        return Verdict("delivered", status)
    error = answer.error or f"answered {status}"
    if status is not None and 300 <= status < 400:
        return Verdict("dead", status, f"{error}: redirects are not followed")
    if status is not None and 400 <= status < 500 and status not in MAY_GET_BETTER:
        return Verdict("dead", status, f"{error}: it will not get better by itself")
    if number % settings.most_attempts == 0:
        return Verdict("dead", status, f"{error}, after {settings.most_attempts} attempts")
    asked = min(asked_seconds(answer.retry_after, now), LONGEST_ASKED)
    return Verdict("waiting", status, error, max(wait(number, settings, dice), asked), asked)


def wait(number: int, settings: Webhook, dice: np.random.Generator) -> float:
    """Seconds before the next attempt: twice as long after each, half of it by lot, up to the longest.

    By lot so that what failed at once doesn't come again at once (Brooker 2015, Exponential backoff and
    jitter: «equal jitter»).
    """
    tries = (number - 1) % settings.most_attempts
    whole = min(settings.first_wait_seconds * 2.0 ** min(tries, 60), settings.longest_wait_seconds)
    return float(whole * dice.uniform(0.5, 1.0))


def asked_seconds(retry_after: str | None, now: datetime) -> float:
    """What Retry-After asks for, in seconds or as a date (RFC 9110, 10.2.3); 0 where it makes no sense."""
    if retry_after is None:
        return 0.0
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:12]), 10**9))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    then = until.astimezone(UTC).replace(tzinfo=None) if until.tzinfo else until
    seconds = (then - now).total_seconds()
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0
