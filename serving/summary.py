"""A customer's scores in a few sentences, for someone who will call them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from math import ceil

from models.language import Language
from models.language import language as default_language
from models.telling import open_complaint
from models.whatif import NO_REPAIR
from serving.rows import Row
from serving.schema import WEAK_POINTS
from serving.scoring import Scoring

QUIET = ("slowing", "lapsed", "lost")


def summary(row: Row, scoring: Scoring, history: Sequence[Row], language: Language | None = None) -> str:
    """Paragraphs: the risk, what is at stake, the weak points and their repair, what to do, the past.

    `history`: as `Store.history` gives it. `language`: English where none is given; the evidence and the
    action are told as they stand in `row`.
    """
    speak = language or spoken(scoring)
    paragraphs = (
        _risk(row, scoring, speak),
        _stake(row, scoring, speak),
        " ".join(asides(row, speak)),
        _weak_points(row, speak),
        _repair(row, scoring, speak),
        speak.text("story", "action", action=row["action"]) if row["action"] else "",
        _past(row, history, speak),
    )
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def spoken(scoring: Scoring) -> Language:
    """English, with the money of the scoring."""
    return default_language(currency=scoring.definitions.currency)


def next_order(row: Row, scoring: Scoring, language: Language | None = None) -> str:
    """By when the next order is expected, in a sentence."""
    tell = partial((language or spoken(scoring)).text, "story")
    expected = row["expected_next_order_at"]
    if expected is None:
        return tell("no_next_order", days=scoring.definitions.clv_horizon_days)
    return tell("next_order", day=f"{expected:%Y-%m-%d}")


def asides(row: Row, language: Language | None = None) -> list[str]:
    """What whoever calls has to know though no weak point tells it, a sentence each: how long they have been
    silent, of who is slowing, lapsed or lost; a complaint that is open."""
    speak = language or default_language()
    return [told for told in (_silence(row, speak), open_complaint(row.get("facts"), speak)) if told]


def _silence(row: Row, speak: Language) -> str:
    days = row["days_since_order"]
    if row["status"] not in QUIET or days is None or "rhythm" in (row[name] for name in WEAK_POINTS):
        return ""
    return speak.text("story", "silence", ago=max(1, ceil(days)))


def _risk(row: Row, scoring: Scoring, speak: Language) -> str:
    known = [speak.text("story", n, name=row[n]) for n in ("segment", "country") if row[n] is not None]
    listed = speak.text("format", "comma").join(known)
    return speak.text(
        "story",
        "risk_contractual" if scoring.definitions.mode == "contractual" else "risk",
        customer=row["customer_id"],
        known=speak.text("story", "known", known=listed) if known else "",
        status=row["status"],
        day=f"{scoring.as_of:%Y-%m-%d}",
        days=scoring.definitions.horizon_days,
        risk=row["churn_probability"],
        usual=scoring.base_risk,
    )


def _stake(row: Row, scoring: Scoring, speak: Language) -> str:
    low, high = row["clv_low"], row["clv_high"]
    unknown = low is None or high is None
    return speak.text(
        "story",
        "stake",
        clv=row["clv"],
        days=scoring.definitions.clv_horizon_days,
        between="" if unknown else speak.text("story", "between", low=low, high=high),
        at_risk=row["value_at_risk"],
        rank=row["rank"],
        customers=scoring.customers,
        next_order=next_order(row, scoring, speak),
    )


def _weak_points(row: Row, speak: Language) -> str:
    told = [
        _capital(
            speak.text(
                "story",
                "weak_point",
                dimension=row[name],
                size=_size(row, name, speak),
                says=row[f"{name}_says"],
            )
        )
        for name in WEAK_POINTS
        if row[name] is not None
    ]
    if not told:
        return speak.text("story", "no_weak_point")
    return "\n".join([speak.text("story", "weak_points"), *told])


def _size(row: Row, name: str, speak: Language) -> str:
    """Points, how sure, and the risk without it; the latter two where they are known."""
    sure, repaired = row[f"{name}_confidence"], row[f"{name}_repaired"]
    told = [speak.text("story", "size", points=row[f"{name}_points"])]
    told += [speak.text("confidence", sure)] if sure else []
    if repaired is not None:
        told.append(speak.text("story", "without", risk=repaired))
    return speak.text("format", "comma").join(told)


def _repair(row: Row, scoring: Scoring, speak: Language) -> str:
    told = row["smallest_repair"]
    if told is None:
        return ""
    if told == NO_REPAIR:
        return speak.text("story", "no_repair", usual=scoring.base_risk)
    names = told.split(", ")
    message = "repair_of_rhythm" if "rhythm" in names else "repair" if len(names) == 1 else "repairs"
    what = speak.listed([speak.text("dimension", name) for name in names])
    return speak.text("story", message, what=what, usual=scoring.base_risk)


def _past(row: Row, history: Sequence[Row], speak: Language) -> str:
    before = [past for past in history if past["as_of"] < row["as_of"]]
    if not before:
        return ""
    told = speak.text("format", "comma").join(_risks(before[-3:], speak))
    return speak.text("story", "past", past=told)


def _risks(before: Sequence[Row], speak: Language) -> Iterator[str]:
    for past in before:
        day = f"{past['as_of']:%Y-%m-%d}"
        yield speak.text("story", "past_risk", risk=past["churn_probability"], day=day)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
