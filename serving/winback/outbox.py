"""The outbox: a plan's messages, each delivered at least once and known by one key, however senders die.

A sender takes a message under a lease and writes down the attempt before it makes it. A sender that is
killed leaves both; once the lease is over the next one takes the message up. Who delivers a message settles
it, lease or not; who fails may only say so while the lease is its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, exists, func, insert, select, update

from features.errors import RequestError
from serving import bulk
from serving.database import told
from serving.errors import AbsentError
from serving.winback.schema import attempts, messages, plans, sendings
from serving.winback.store import Kept, kept_plan, mark_sent
from serving.winback.verdict import DEAD, DELIVERED, Verdict

OPEN = ("waiting", "sending")
SUPPRESSED = "suppressed"
STATES = (*OPEN, DELIVERED, DEAD, SUPPRESSED)
AT_ONCE = 500


@dataclass(frozen=True)
class Sending:
    """A plan's way to a webhook. Times are UTC without a zone."""

    plan: Kept
    target: str
    queued_at: datetime
    valid_until: datetime


@dataclass(frozen=True)
class Claimed:
    """A message in a sender's hands; `number`: of this attempt, from 1."""

    key: str
    customer_id: str
    offer: str
    channel: str
    number: int
    lease: str


@dataclass(frozen=True)
class Progress:
    """`counts`: state → messages. `suppressed_for`: reason → messages. `attempts`: made. `next_at`: when a
    message is due; null where none is."""

    counts: Mapping[str, int]
    suppressed_for: Mapping[str, int]
    attempts: int
    next_at: datetime | None

    @property
    def messages(self) -> int:
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        return sum(self.counts[state] for state in OPEN)


class Outbox:
    """Every method raises ConfigError where the database fails, besides what it says itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def engine(self) -> Engine:
        return self._engine

    def queue(self, plan_id: int, rows: pd.DataFrame, target: str, now: datetime) -> Sending:
        """Mark an approved plan as sent and put its messages in, in one transaction.

        `rows`: as `PlanStore.rows` gives them. Raises RequestError where it wasn't approved or has gone out.
        """
        with told(self._engine.url), self._engine.begin() as connection:
            kept = mark_sent(connection, plan_id, now)
            until = now + timedelta(days=kept.settings.campaign_days)
            head = {"plan_id": plan_id, "target": target, "queued_at": now, "valid_until": until}
            connection.execute(insert(sendings), head)
            bulk.load(connection, messages, _messages(kept, rows, now))
        return self.sending(plan_id)

    def is_queued(self, plan_id: int) -> bool:
        """Whether the plan goes to a webhook."""
        there = select(sendings.c.plan_id).where(sendings.c.plan_id == plan_id)
        with told(self._engine.url), self._engine.connect() as connection:
            return connection.scalar(there) is not None

    def sending(self, plan_id: int) -> Sending:
        """Raises AbsentError where there is no such plan, or it doesn't go to a webhook."""
        with told(self._engine.url), self._engine.connect() as connection:
            kept = kept_plan(connection, plan_id)
            row = connection.execute(select(sendings).where(sendings.c.plan_id == plan_id)).mappings().first()
        if row is None:
            raise AbsentError(f"Plan {plan_id} was not sent to a webhook, so it has no messages here.")
        return Sending(kept, row["target"], row["queued_at"], row["valid_until"])

    def claim(
        self, plan_id: int, sender: str, now: datetime, seconds: float, barred: Callable[[str], str | None]
    ) -> Claimed | None:
        """The message that is due longest, under a lease of so many seconds; null where none is due.

        `barred`: why a customer may not be contacted now; such a message is suppressed and the next one
        taken. Nothing is claimed of a plan whose approval is gone.
        """
        while True:
            with told(self._engine.url), self._engine.begin() as connection:
                row = _take(connection, plan_id, now, seconds)
                if row is None:
                    return None
                why = barred(row["customer_id"])
                if why is None:
                    return _begun(connection, row, sender, now)
                _suppress(connection, row, why, now)

    def settle(self, claimed: Claimed, verdict: Verdict, now: datetime) -> None:
        """Write down what came of an attempt, and what follows, in one transaction."""
        mine = (attempts.c.key == claimed.key, attempts.c.number == claimed.number)
        outcome = {"ended_at": now, "status": verdict.status, "error": verdict.error}
        with told(self._engine.url), self._engine.begin() as connection:
            connection.execute(update(attempts).where(*mine).values(**outcome))
            if verdict.state == DELIVERED:
                _settle(connection, claimed.key, DELIVERED, None, now)
            elif verdict.state == DEAD:
                _settle(connection, claimed.key, DEAD, verdict.error, now, lease=claimed.lease)
            else:
                due = now + timedelta(seconds=verdict.wait_seconds)
                held = (messages.c.key == claimed.key, messages.c.lease == claimed.lease)
                again = {"state": "waiting", "due_at": due, "lease": None}
                connection.execute(update(messages).where(*held).values(**again))

    def next_due(self, plan_id: int) -> datetime | None:
        """When the next message may be claimed; null where all are settled."""
        first = select(func.min(messages.c.due_at)).where(messages.c.plan_id == plan_id)
        with told(self._engine.url), self._engine.connect() as connection:
            found: datetime | None = connection.scalar(first)
        return found

    def progress(self, plan_id: int) -> Progress:
        """Raises AbsentError where the plan has no messages here."""
        self.sending(plan_id)
        own = messages.c.plan_id == plan_id
        counted = (
            select(messages.c.state, func.count(), func.sum(messages.c.attempts))
            .where(own)
            .group_by(messages.c.state)
        )
        why = (
            select(messages.c.reason, func.count())
            .where(own, messages.c.state == SUPPRESSED)
            .group_by(messages.c.reason)
            .order_by(func.count().desc(), messages.c.reason)
        )
        with told(self._engine.url), self._engine.connect() as connection:
            found = {state: (number, made) for state, number, made in connection.execute(counted)}
            reasons = {str(reason): int(number) for reason, number in connection.execute(why)}
        counts = {state: int(found.get(state, (0, 0))[0]) for state in STATES}
        attempts_made = sum(int(made) for _, made in found.values())
        return Progress(counts, reasons, attempts_made, self.next_due(plan_id))

    def dead(self, plan_id: int, most: int = 1000) -> list[dict[str, Any]]:
        """Dead letters: key, customer_id, offer, attempts, reason, settled_at; the latest first."""
        self.sending(plan_id)
        names = ("key", "customer_id", "offer", "attempts", "reason", "settled_at")
        wanted = (
            select(*(messages.c[name] for name in names))
            .where(messages.c.plan_id == plan_id, messages.c.state == DEAD)
            .order_by(messages.c.settled_at.desc(), messages.c.key)
            .limit(most)
        )
        return self._rows(wanted)

    def delivered(self, plan_id: int) -> set[str] | None:
        """The ids of customers to whom a message was; null where the plan doesn't go to a webhook."""
        if not self.is_queued(plan_id):
            return None
        wanted = select(messages.c.customer_id).where(
            messages.c.plan_id == plan_id, messages.c.state == DELIVERED
        )
        return {str(row["customer_id"]) for row in self._rows(wanted)}

    def resend(self, plan_id: int, now: datetime, keys: Sequence[str] | None = None) -> int:
        """Put dead letters (all, or those named) back to wait; how many.

        Raises RequestError where the plan's time is over, AbsentError where a
        message named is no dead letter of the plan.
        """
        sending = self.sending(plan_id)
        if now > sending.valid_until:
            raise RequestError(
                f"The offers of plan {plan_id} were valid until {sending.valid_until:%Y-%m-%d %H:%M}; "
                "nothing of it is sent any more."
            )
        these = [messages.c.plan_id == plan_id, messages.c.state == DEAD]
        again = {"state": "waiting", "reason": None, "due_at": now, "settled_at": None}
        asked = sorted(set(keys or ()))
        with told(self._engine.url), self._engine.begin() as connection:
            if keys is None:
                return connection.execute(update(messages).where(*these).values(**again)).rowcount
            done = 0
            for start in range(0, len(asked), AT_ONCE):
                some = messages.c.key.in_(asked[start : start + AT_ONCE])
                done += connection.execute(update(messages).where(*these, some).values(**again)).rowcount
            if done < len(asked):
                raise AbsentError(
                    f"{len(asked) - done:,} of {len(asked):,} messages are no dead letters of plan "
                    f"{plan_id}; `amity winback dead {plan_id}` lists those there are. Nothing was changed."
                )
        return done

    def attempts(self, plan_id: int, key: str | None = None, after: int = 0, most: int = 1000) -> list[Any]:
        """The attempts of a plan, or of one message, in the order in which they began; from `id` `after`."""
        wanted = (
            select(attempts)
            .join(messages, messages.c.key == attempts.c.key)
            .where(messages.c.plan_id == plan_id, attempts.c.id > after)
            .order_by(attempts.c.id)
            .limit(most)
        )
        return self._rows(wanted if key is None else wanted.where(attempts.c.key == key))

    def _rows(self, wanted: Any) -> list[dict[str, Any]]:
        with told(self._engine.url), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]


def drafted(kept: Kept, rows: pd.DataFrame, target: str, now: datetime) -> tuple[Sending, list[Claimed]]:
    """What queueing these rows would send; nothing is kept."""
    until = now + timedelta(days=kept.settings.campaign_days)
    told = _messages(kept, rows, now)[["key", "customer_id", "offer", "channel"]].to_dict("records")
    claimed = [
        Claimed(**{str(name): value for name, value in row.items()}, number=1, lease="") for row in told
    ]
    return Sending(kept, target, now, until), claimed


def _messages(kept: Kept, rows: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """One a customer to contact, all due now; the most profitable first, a microsecond apart."""
    channels = {offer.name: offer.channel for offer in kept.settings.offers}
    treated = rows[rows["arm"] == "treatment"]
    return pd.DataFrame(
        {
            "key": [kept.message_id(customer) for customer in treated["customer_id"]],
            "plan_id": kept.id,
            "customer_id": treated["customer_id"].to_numpy(),
            "offer": treated["offer"].to_numpy(),
            "channel": treated["offer"].map(channels).to_numpy(),
            "state": "waiting",
            "attempts": 0,
            "due_at": pd.Timestamp(now) + pd.to_timedelta(range(len(treated)), unit="us"),
        }
    )


def _take(connection: Connection, plan_id: int, now: datetime, seconds: float) -> Any:
    """One statement: SQLite lets one write at a time, PostgreSQL passes over what another is taking."""
    due = (
        select(messages.c.key)
        .where(messages.c.plan_id == plan_id, messages.c.due_at <= now)
        .where(exists().where(plans.c.id == plan_id, plans.c.approved_at.is_not(None)))
        .order_by(messages.c.due_at, messages.c.key)
        .limit(1)
        .with_for_update(skip_locked=True, of=messages)
        .scalar_subquery()
    )
    taken = (
        update(messages)
        .where(messages.c.key == due)
        .values(
            state="sending",
            lease=secrets.token_hex(8),
            attempts=messages.c.attempts + 1,
            due_at=now + timedelta(seconds=seconds),
        )
        .returning(messages)
    )
    return connection.execute(taken).mappings().first()


def _begun(connection: Connection, row: Any, sender: str, now: datetime) -> Claimed:
    number = int(row["attempts"])
    begun = {name: row[name] for name in ("key", "customer_id")}
    begun |= {"number": number, "sender": sender, "started_at": now}
    connection.execute(insert(attempts), begun)
    return Claimed(row["key"], row["customer_id"], row["offer"], row["channel"], number, row["lease"])


def _suppress(connection: Connection, row: Any, why: str, now: datetime) -> None:
    """No attempt was made of the message that was taken."""
    _settle(connection, row["key"], SUPPRESSED, why, now)
    made = messages.c.attempts - 1
    connection.execute(update(messages).where(messages.c.key == row["key"]).values(attempts=made))


def _settle(
    connection: Connection, key: str, state: str, reason: str | None, now: datetime, lease: str | None = None
) -> None:
    """`lease`: the message changes only while it is under it; what was delivered stays so."""
    these = [messages.c.key == key, messages.c.state != DELIVERED]
    if lease is not None:
        these.append(messages.c.lease == lease)
    settled = {"state": state, "reason": reason, "due_at": None, "lease": None, "settled_at": now}
    connection.execute(update(messages).where(*these).values(**settled))
