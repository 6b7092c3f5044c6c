"""Plans in the store: drafted, approved once, sent once, measured.

A plan's rows never change; a customer who is forgotten leaves it (`serving.winback.erasing`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, func, insert, select, update

from configs.settings import Winback
from features.errors import RequestError
from serving import bulk
from serving.database import address, connect, told
from serving.errors import AbsentError
from serving.schema import scores
from serving.winback.plan import COLUMNS, Plan
from serving.winback.schema import plan_rows, plans

MAY_APPROVE = ("marketing", "admin")
LONGEST_PERSON = 100
OF_DIGEST = ("customer_id", "offer", "arm", "stratum")


@dataclass(frozen=True)
class Kept:
    """A plan as it was kept; `document`: its figures, settings and sentences."""

    id: int
    name: str
    version: int
    as_of: datetime
    created_at: datetime
    state: str
    budget: float
    currency: str
    digest: str
    document: Mapping[str, Any]
    approved_at: datetime | None
    approved_by: str | None
    sent_at: datetime | None
    result: Mapping[str, Any] | None

    @property
    def settings(self) -> Winback:
        """Those that the plan was made with."""
        return Winback(**self.document["settings"])

    @property
    def campaign_id(self) -> str:
        """Under which its contacts stand in the table `contacts`."""
        return f"{self.name}-{self.version}"

    @property
    def source(self) -> str | None:
        """The address of the tables it was made from, without a password; null where it isn't known."""
        return self.document.get("source")

    def message_id(self, customer_id: str) -> str:
        """By which a receiver knows this plan's message to this customer again, and learns nothing else."""
        key = str(self.document.get("key", self.digest)).encode()
        return hmac.new(key, f"{self.id}\x1f{customer_id}".encode(), hashlib.sha256).hexdigest()[:32]


class PlanStore:
    """Every method raises ConfigError where the database fails, besides what it says itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str | None = None) -> PlanStore:
        """The store at `url`, else at `AMITY_STORE_URL`, else <home>/store.db."""
        return cls(connect(address(url)))

    @property
    def engine(self) -> Engine:
        return self._engine

    def close(self) -> None:
        self._engine.dispose()

    def keep(
        self,
        name: str,
        plan: Plan,
        settings: Winback,
        *,
        currency: str,
        says: list[str],
        now: datetime,
        about: Mapping[str, Any] | None = None,
    ) -> Kept:
        """Keep a plan as the next version of its name, as a draft; whole or not at all.

        `about`: what else its document tells: `source`, the address of the tables without a password;
        `expected_low` and `expected_high` of the profit, in money. Raises RequestError where nobody is in it,
        or a version of the name was approved already.
        """
        if plan.rows.empty:
            raise RequestError(
                "Nobody is in the plan, so there is nothing to keep. A dry run tells why; "
                "`amity winback plan --explore N` draws some by lot to learn from."
            )
        with told(self._engine.url), self._engine.begin() as connection:
            _require_open(connection, name)
            newest = select(func.coalesce(func.max(plans.c.version), 0)).where(plans.c.name == name)
            version = int(connection.execute(newest).scalar_one()) + 1
            head = {
                "name": name,
                "version": version,
                "as_of": plan.as_of,
                "created_at": now,
                "state": "draft",
                "budget": plan.budget,
                "currency": currency,
                "digest": digest(plan.rows),
                "document": document(plan, settings, says) | dict(about or {}),
            }
            plan_id = int(connection.execute(insert(plans).returning(plans.c.id), head).scalar_one())
            bulk.load(connection, plan_rows, plan.rows.assign(plan_id=plan_id))
        return self.plan(plan_id)

    def plan(self, plan_id: int) -> Kept:
        """Raises AbsentError where there is no such plan."""
        with told(self._engine.url), self._engine.connect() as connection:
            return kept_plan(connection, plan_id)

    def plans(self) -> list[Kept]:
        """All plans, the newest first."""
        with told(self._engine.url), self._engine.connect() as connection:
            rows = connection.execute(select(plans).order_by(plans.c.id.desc())).mappings()
            return [Kept(**row) for row in rows]

    def scores(self, scoring_id: int) -> pd.DataFrame:
        """Of everybody in a scoring: customer_id, segment, churn_probability, clv."""
        names = ("customer_id", "segment", "churn_probability", "clv")
        wanted = select(*(scores.c[name] for name in names)).where(scores.c.scoring_id == scoring_id)
        with told(self._engine.url), self._engine.connect() as connection:
            return pd.DataFrame(connection.execute(wanted).all(), columns=list(names))

    def rows(self, plan_id: int) -> pd.DataFrame:
        """The plan's rows, `COLUMNS`, most profitable first; raises AbsentError where there is no plan."""
        wanted = (
            select(*(plan_rows.c[name] for name in COLUMNS))
            .where(plan_rows.c.plan_id == plan_id)
            .order_by(plan_rows.c.expected_profit.desc(), plan_rows.c.customer_id)
        )
        with told(self._engine.url), self._engine.connect() as connection:
            kept_plan(connection, plan_id)
            return pd.DataFrame(connection.execute(wanted).all(), columns=list(COLUMNS))

    def approve(self, plan_id: int, *, by: str, role: str, now: datetime) -> Kept:
        """Let a draft be sent. Raises RequestError where `by` is no name, the role may not, it isn't a draft
        any more, another version of it was approved, the clock stands before the plan, or its rows are not
        those that were kept."""
        require_name(by, "Who approves", LONGEST_PERSON)
        if role not in MAY_APPROVE:
            raise RequestError(
                f"The role {role} may not approve a plan; {' and '.join(MAY_APPROVE)} may. Ask one of them."
            )
        self.require_genuine(plan_id)
        with told(self._engine.url), self._engine.begin() as connection:
            kept = kept_plan(connection, plan_id)
            _require_later(kept.created_at, now, f"plan {plan_id} was made")
            _require_open(connection, kept.name)
            done = connection.execute(
                update(plans)
                .where(plans.c.id == plan_id, plans.c.state == "draft")
                .values(state="approved", approved_at=now, approved_by=by)
            )
            if done.rowcount != 1:
                raise RequestError(_already(kept_plan(connection, plan_id)))
        return self.plan(plan_id)

    def require_genuine(self, plan_id: int) -> None:
        """Raises RequestError where the rows are not those that were planned."""
        if digest(self.rows(plan_id)) != self.plan(plan_id).digest:
            raise RequestError(
                f"The rows of plan {plan_id} are not those that were planned: somebody changed them. "
                "Plan anew."
            )

    def require_approved(self, plan_id: int) -> Kept:
        """A plan that may go out; raises RequestError where it wasn't approved, or has gone already."""
        return require_unsent(self.plan(plan_id))

    def mark_sent(self, plan_id: int, now: datetime) -> Kept:
        """Note that a plan has gone out; raises RequestError where it wasn't approved, or has gone."""
        with told(self._engine.url), self._engine.begin() as connection:
            mark_sent(connection, plan_id, now)
        return self.plan(plan_id)

    def keep_result(self, plan_id: int, result: Mapping[str, Any]) -> None:
        """What was measured; an earlier measurement is replaced. What is no number becomes null."""
        finite = json.loads(json.dumps(dict(result), default=str), parse_constant=lambda _: None)
        with told(self._engine.url), self._engine.begin() as connection:
            connection.execute(
                update(plans).where(plans.c.id == plan_id).values(state="measured", result=finite)
            )


def mark_sent(connection: Connection, plan_id: int, now: datetime) -> Kept:
    """As `PlanStore.mark_sent`, within a transaction; the plan as it was before."""
    kept = require_unsent(kept_plan(connection, plan_id))
    _require_later(kept.approved_at or kept.created_at, now, f"plan {plan_id} was approved")
    approved = (plans.c.id == plan_id, plans.c.state == "approved")
    done = connection.execute(update(plans).where(*approved).values(state="sent", sent_at=now))
    if done.rowcount != 1:
        require_unsent(kept_plan(connection, plan_id))
    return kept


def require_name(text: str, what: str, longest: int) -> None:
    """Raises RequestError unless it is short and printable, and says something."""
    if not text.strip() or not text.isprintable() or len(text) > longest:
        raise RequestError(f"{what} is {text[:40]!r}; give 1 to {longest} printable characters.")


def require_unsent(kept: Kept) -> Kept:
    """Raises RequestError unless the plan was approved and hasn't gone out."""
    require_approval(kept)
    if kept.sent_at is not None:
        raise RequestError(f"Plan {kept.id} was sent on {kept.sent_at:%Y-%m-%d %H:%M}; it goes out once.")
    return kept


def require_approval(kept: Kept) -> None:
    """Raises RequestError unless the plan was approved."""
    if kept.state == "draft":
        raise RequestError(
            f"Plan {kept.id} is a draft; approve it first: `amity winback approve {kept.id} --by NAME`."
        )


def digest(rows: pd.DataFrame) -> str:
    """Of all that a plan's rows say: the sum of what each is digested to, so that their order doesn't matter
    and one row can be taken out without the others."""
    lines = zip(*(rows[name] for name in OF_DIGEST), strict=True)
    return _in_hex(sum(_digested(line) for line in lines))


def digest_without(whole: str, rows: Iterable[tuple[Any, ...]]) -> str:
    """The digest once these rows, each in the order of `OF_DIGEST`, are gone."""
    return _in_hex(int(whole, 16) - sum(_digested(row) for row in rows))


def _digested(row: Iterable[Any]) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(map(str, row)).encode()).digest())


def _in_hex(number: int) -> str:
    return f"{number % 2**256:064x}"


def kept_plan(connection: Connection, plan_id: int) -> Kept:
    """Raises AbsentError where there is no such plan."""
    row = connection.execute(select(plans).where(plans.c.id == plan_id)).mappings().first()
    if row is None:
        raise AbsentError(f"There is no plan {plan_id}; `amity winback plans` lists those there are.")
    return Kept(**row)


def _require_open(connection: Connection, name: str) -> None:
    wanted = select(plans).where(plans.c.name == name, plans.c.state != "draft")
    row = connection.execute(wanted).mappings().first()
    if row is not None:
        raise RequestError(_already(Kept(**row)))


def _already(kept: Kept) -> str:
    return (
        f"Plan {kept.id} ({kept.name}, version {kept.version}) was approved already, by {kept.approved_by} "
        f"on {kept.approved_at:%Y-%m-%d %H:%M}; a campaign is approved once. Give another one another name."
    )


def _require_later(then: datetime, now: datetime, what: str) -> None:
    if now < then:
        raise RequestError(
            f"The clock says {now:%Y-%m-%d %H:%M}, but {what} on {then:%Y-%m-%d %H:%M}: it was moved back. "
            "Set it right first."
        )


def document(plan: Plan, settings: Winback, says: list[str]) -> dict[str, Any]:
    """What is kept of a plan beside its rows."""
    return {
        "settings": settings.model_dump(mode="json", exclude={"source", "webhook"}),
        "key": secrets.token_hex(16),
        "grade": plan.grade,
        "contacted": len(plan.treated),
        "held_back": len(plan.rows) - len(plan.treated),
        "left_out": dict(plan.left_out),
        "for_service": list(plan.for_service),
        "control_share": plan.design.share,
        "detects": plan.design.detects,
        "expected_per_customer": plan.profit_each,
        "expected_profit": plan.profit,
        "expected_cost": plan.cost,
        "gap": plan.gap,
        "seed": plan.seed,
        "says": says,
    }
