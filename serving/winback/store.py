"""Plans in the store: drafted, approved once, sent once, measured. A plan's rows never change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
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


class PlanStore:
    """Every method raises ConfigError where the database fails, besides what it says itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str | None = None) -> PlanStore:
        """The store at `url`, else at `AMITY_STORE_URL`, else <home>/store.db."""
        return cls(connect(address(url)))

    def close(self) -> None:
        self._engine.dispose()

    def keep(
        self, name: str, plan: Plan, settings: Winback, *, currency: str, says: list[str], now: datetime
    ) -> Kept:
        """Keep a plan as the next version of its name, as a draft; whole or not at all.

        Raises RequestError where nobody is in it, or a version of the name was approved already.
        """
        if plan.rows.empty:
            raise RequestError("Nobody is in the plan, so there is nothing to keep.")
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
                "document": _document(plan, settings, says),
            }
            plan_id = int(connection.execute(insert(plans).returning(plans.c.id), head).scalar_one())
            bulk.load(connection, plan_rows, plan.rows.assign(plan_id=plan_id))
        return self.plan(plan_id)

    def plan(self, plan_id: int) -> Kept:
        """Raises AbsentError where there is no such plan."""
        with told(self._engine.url), self._engine.connect() as connection:
            return _kept(connection, plan_id)

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
            _kept(connection, plan_id)
            return pd.DataFrame(connection.execute(wanted).all(), columns=list(COLUMNS))

    def approve(self, plan_id: int, *, by: str, role: str, now: datetime) -> Kept:
        """Let a draft be sent. Raises RequestError where the role may not, it isn't a draft any more, another
        version of it was approved, the clock stands before the plan, or its rows are not those that were
        kept."""
        if role not in MAY_APPROVE:
            raise RequestError(
                f"The role {role} may not approve a plan; {' and '.join(MAY_APPROVE)} may. Ask one of them."
            )
        if digest(self.rows(plan_id)) != self.plan(plan_id).digest:
            raise RequestError(
                f"The rows of plan {plan_id} are not those that were planned: somebody changed them. "
                "Plan anew."
            )
        with told(self._engine.url), self._engine.begin() as connection:
            kept = _kept(connection, plan_id)
            _require_later(kept.created_at, now, f"plan {plan_id} was made")
            _require_open(connection, kept.name)
            done = connection.execute(
                update(plans)
                .where(plans.c.id == plan_id, plans.c.state == "draft")
                .values(state="approved", approved_at=now, approved_by=by)
            )
            if done.rowcount != 1:
                raise RequestError(_already(_kept(connection, plan_id)))
        return self.plan(plan_id)

    def require_approved(self, plan_id: int) -> Kept:
        """A plan that may go out; raises RequestError where it wasn't approved, or has gone already."""
        kept = self.plan(plan_id)
        if kept.state == "draft":
            raise RequestError(
                f"Plan {plan_id} is a draft; approve it first: `amity winback approve {plan_id} --by NAME`."
            )
        if kept.sent_at is not None:
            raise RequestError(f"Plan {plan_id} was sent on {kept.sent_at:%Y-%m-%d %H:%M}; it goes out once.")
        return kept

    def mark_sent(self, plan_id: int, now: datetime) -> Kept:
        """Note that a plan has gone out; raises RequestError where it wasn't approved, or has gone."""
        kept = self.require_approved(plan_id)
        _require_later(kept.approved_at or kept.created_at, now, f"plan {plan_id} was approved")
        with told(self._engine.url), self._engine.begin() as connection:
            approved = (plans.c.id == plan_id, plans.c.state == "approved")
            done = connection.execute(update(plans).where(*approved).values(state="sent", sent_at=now))
        if done.rowcount != 1:
            self.require_approved(plan_id)
        return self.plan(plan_id)

    def keep_result(self, plan_id: int, result: Mapping[str, Any]) -> None:
        """What was measured; an earlier measurement is replaced."""
        with told(self._engine.url), self._engine.begin() as connection:
            connection.execute(
                update(plans).where(plans.c.id == plan_id).values(state="measured", result=dict(result))
            )


def digest(rows: pd.DataFrame) -> str:
    """Of all that a plan's rows say; their order doesn't matter."""
    names = ("customer_id", "offer", "arm", "stratum")
    lines = sorted("\x1f".join(map(str, row)) for row in zip(*(rows[name] for name in names), strict=True))
    return hashlib.sha256("\x1e".join(lines).encode()).hexdigest()


def _kept(connection: Connection, plan_id: int) -> Kept:
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


def _document(plan: Plan, settings: Winback, says: list[str]) -> dict[str, Any]:
    return {
        "settings": settings.model_dump(mode="json"),
        "grade": plan.grade,
        "left_out": dict(plan.left_out),
        "for_service": list(plan.for_service),
        "control_share": plan.design.share,
        "detects": plan.design.detects,
        "expected_per_customer": plan.design.expected,
        "expected_profit": plan.profit,
        "expected_cost": plan.cost,
        "gap": plan.gap,
        "seed": plan.seed,
        "says": says,
    }
