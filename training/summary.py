"""What was judged, as people read it."""

from __future__ import annotations

import math
from dataclasses import asdict

from rich.table import Table

from models.bundle import Bundle
from models.trees import FEWEST_CUSTOMERS
from training.comparison import Comparison
from training.intervals import HIGHER_IS_BETTER, METRICS, Interval
from training.judge import AMITY, Judgement
from training.rerun import Rerun
from training.sheet import sheet
from training.train import Training

FIGURES = {
    "auroc": "AUROC ↑",
    "average_precision": "avg. precision ↑",
    "log_loss": "log loss ↓",
    "brier": "Brier ↓",
    "calibration_error": "calib. error ↓",
}
GROUPS_TOLD = 5


def judged(judgement: Judgement) -> Table:
    """One row a model, the best of each column in bold."""
    way = (
        "on customers held out"
        if judgement.on_customers_held_out
        else "trained only on what was known by then"
    )
    churned = judgement.churned
    table = sheet(
        ["model", *FIGURES.values()],
        ["model"],
        f"Judged from {judgement.as_of:%Y-%m-%d}: {len(churned):,} customers, "
        f"{100 * churned.mean():.1f} % churned; {way}",
    )
    best = {name: _best(judgement, name) for name in FIGURES}
    for model, figures in judgement.metrics.items():
        cells = [_bold(f"{figures[name]:.4f}", when=figures[name] == best[name]) for name in FIGURES]
        table.add_row(model, *cells)
    return table


def differences(comparison: Comparison) -> Table:
    """Amity's figures less each other model's, with intervals; in bold where the difference is clear."""
    table = sheet(
        ["Amity less", *(FIGURES[metric] for metric in METRICS)],
        ["Amity less"],
        "Amity less the other model, with the 95 % interval; bold: more than noise",
    )
    for model, intervals in comparison.differences.items():
        table.add_row(model, *(_bold(_interval(intervals[m]), when=intervals[m].clear) for m in METRICS))
    return table


def outcome(training: Training) -> str:
    """A paragraph: the version, whether it is the champion, what to look at, and what acting on it earns."""
    is_champion = "is the champion now" if training.promoted else "is registered, and the champion stays"
    told = [
        f"Version {training.version} {is_champion}: {training.because}.",
        *(f"  {'yes' if check.holds else 'no '} {check.says}" for check in training.decision.checks),
        training.tuning,
        *simple(training.bundle),
        training.judgement.comebacks.says if training.judgement.comebacks else "",
        *_behind(training),
        *_groups(training.comparison),
        profit(training.comparison, training.bundle.manifest.definitions.currency),
    ]
    return "\n".join(text for text in told if text)


def simple(bundle: Bundle) -> list[str]:
    """What was left to simple models because there were too few customers for trees, a sentence each."""
    told, clv = [], bundle.clv
    few = f"Too few customers for trees ({FEWEST_CUSTOMERS} who"
    if bundle.churn.members.trees is None:
        names = ", ".join(bundle.churn.members.names)
        told.append(f"{few} churned and {FEWEST_CUSTOMERS} who stayed): simple models tell churn ({names}).")
    if clv is not None and clv.worth.trees is None:
        names = ", ".join(clv.worth.names)
        told.append(f"{few} spent anything in a training horizon): simple models tell the CLV ({names}).")
    return told


def profit(comparison: Comparison, currency: str) -> str:
    """What a campaign at the best threshold earns, in words; empty where one outcome gives no threshold."""
    campaign, best = comparison.campaign, comparison.best_profit[AMITY]
    if math.isnan(best.per_customer):
        return ""
    kept, offer, contact = (
        _money(value, currency) for value in (campaign.kept_value, campaign.offer_cost, campaign.contact_cost)
    )
    terms = (
        f"Where a customer kept is worth {kept}, the offer costs {offer} and the contact {contact}, "
        f"and {100 * campaign.accept_rate:.0f} % accept"
    )
    if best.share == 0:
        return f"{terms}, contacting anybody loses money."
    others = [f"{name} {p.per_customer:.2f}" for name, p in comparison.best_profit.items() if name != AMITY]
    return (
        f"{terms}, it is best to contact the {100 * best.share:.0f} % with the highest risk: that earns "
        f"{currency} {best.per_customer:.2f} for each customer there is (with {', '.join(others)})."
    )


def repeated(run_id: str, found: Rerun) -> str:
    """Whether a run's repetition gave the same bytes, and if not, why; a sentence a line."""
    if found.same:
        return (
            f"Run {run_id} repeated: the same bytes in all {len(found.now.files)} files of the bundle, "
            f"and in the scores of {found.now.customers:,} customers."
        )
    unknown = "The data, the code, the libraries and the machine are the same: the training itself varies."
    head = f"Run {run_id} repeated gives other bytes in {', '.join(found.differs)}."
    return "\n".join([head, *(found.reasons or (unknown,))])


def to_dict(training: Training) -> dict[str, object]:
    """The same for a program."""
    comparison = training.comparison
    return {
        "version": training.version,
        "promoted": training.promoted,
        "because": training.because,
        "tuning": training.tuning,
        "simple": simple(training.bundle),
        "comebacks": asdict(training.judgement.comebacks) if training.judgement.comebacks else None,
        "checks": [asdict(check) for check in training.decision.checks],
        "run_id": training.run_id,
        "as_of": training.bundle.manifest.as_of.isoformat(),
        "judged_as_of": training.judgement.as_of.isoformat(),
        "on_customers_held_out": training.judgement.on_customers_held_out,
        "metrics": {k: dict(v) for k, v in training.judgement.metrics.items()},
        "differences": {
            model: {metric: asdict(interval) for metric, interval in intervals.items()}
            for model, intervals in comparison.differences.items()
        },
        "worse_groups": [str(worse) for worse in comparison.worse],
        "expected_maximum_profit": {k: asdict(v) for k, v in comparison.expected_profit.items()},
        "maximum_profit": {k: asdict(v) for k, v in comparison.best_profit.items()},
    }


def _behind(training: Training) -> list[str]:
    """What to say where a simpler model had the lower log loss."""
    losses = {name: figures["log_loss"] for name, figures in training.judgement.metrics.items()}
    found = training.comparison.differences
    better = {
        name: "clearly" if found[name]["log_loss"].clear else "within noise"
        for name, loss in losses.items()
        if loss < losses[AMITY]
    }
    if not better:
        return []
    names = " and ".join(f"{name} ({how})" for name, how in better.items())
    return [f"On this horizon {names} had a lower log loss than Amity; look before you rely on it."]


def _groups(comparison: Comparison) -> list[str]:
    if not comparison.worse:
        return []
    told = [f"  {worse}" for worse in comparison.worse[:GROUPS_TOLD]]
    more = len(comparison.worse) - GROUPS_TOLD
    rest = [f"  and {more} more, in grades.json of the run"] if more > 0 else []
    return ["Large groups in which another model was clearly better:", *told, *rest]


def _best(judgement: Judgement, name: str) -> float:
    values = [figures[name] for figures in judgement.metrics.values()]
    return max(values) if name in HIGHER_IS_BETTER else min(values)


def _bold(text: str, *, when: bool) -> str:
    return f"[bold]{text}[/bold]" if when else text


def _interval(interval: Interval) -> str:
    return f"{interval.difference:+.3f}\n{interval.low:+.3f}…{interval.high:+.3f}"


def _money(value: float, currency: str) -> str:
    return f"{currency} {value:,.4g}"
