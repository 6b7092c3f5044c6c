"""What a person reads after a training."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from configs.settings import Judging
from training import summary
from training.comparison import compare
from training.judge import AMITY, Judgement
from training.promotion import Check, Decision
from training.rerun import Rerun
from training.tracking import record_of
from training.train import Training

RFM = "RFM logistic"


@pytest.fixture(scope="module")
def told(judged: Any, risky: Any) -> Judgement:
    """Amity is right on most customers and knows nothing of the last 300."""
    churned, risk = risky(1_500)
    group = np.where(np.arange(1_500) < 1_200, "many", "few")
    ours = np.where(group == "many", risk, 0.5)
    return judged(churned, {AMITY: ours, RFM: risk}, pd.DataFrame({"segment": group}))  # type: ignore[no-any-return]


def training(told: Judgement, trained: Any, **judging: Any) -> Training:
    decision = Decision(promoted=True, because="it is the first model")
    return Training(trained.good.bundle, told, compare(told, Judging(**judging)), decision, "run")


def printed(table: object) -> str:
    console = Console(file=StringIO(), width=80)
    console.print(table)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_what_simple_models_tell_is_said(trained: Any) -> None:
    assert summary.simple(trained.good.bundle) == []
    bundle = trained.good.bundle
    few = replace(
        bundle, churn=replace(bundle.churn, members=replace(bundle.churn.members, trees=None)), clv=None
    )
    assert summary.simple(few) == [
        "Too few customers for trees (100 who churned and 100 who stayed): simple models tell churn "
        "(curves, rfm, silence)."
    ]


def test_the_tables_fit_a_terminal(told: Judgement) -> None:
    everyone = replace(
        told, probabilities={**told.probabilities, "recency alone": told.probabilities[RFM] ** 2}
    )
    for table in (summary.judged(told), summary.differences(compare(everyone, Judging()))):
        assert "…│" not in printed(table)
        assert all(len(line) <= 80 for line in printed(table).splitlines())
    assert f"{told.metrics[AMITY]['log_loss']:.4f}" in printed(summary.judged(told))
    interval = compare(told, Judging()).differences[RFM]["log_loss"]
    assert f"{interval.low:+.3f}…{interval.high:+.3f}" in printed(
        summary.differences(compare(told, Judging()))
    )


def test_the_outcome_names_who_was_better_and_where(told: Judgement, trained: Any) -> None:
    text = summary.outcome(training(told, trained))
    assert text.startswith("Version 2 is the champion now: it is the first model.")
    assert "RFM logistic (clearly) had a lower log loss than Amity" in text
    assert "Large groups in which another model was clearly better:\n  segment few (300 customers)" in text
    assert "segment few" not in summary.outcome(training(told, trained, large_group=400))


def test_every_condition_and_the_trials_are_told(told: Judgement, trained: Any) -> None:
    checks = (Check("facts", True, "its facts end on 2025-05-01"), Check("better", False, "not better"))
    decision = Decision(False, "it does not beat the champion (version 1)", checks)
    made = replace(training(told, trained), decision=decision, tuning="Of 3 trials none was better.")
    lines = summary.outcome(made).splitlines()
    head = "Version 2 is registered, and the champion stays: it does not beat the champion (version 1)."
    assert lines[:4] == [
        head,
        "  yes its facts end on 2025-05-01",
        "  no  not better",
        "Of 3 trials none was better.",
    ]


def test_the_profit_in_words(told: Judgement) -> None:
    best = compare(told, Judging()).best_profit
    text = summary.profit(compare(told, Judging()), "EUR")
    assert text.startswith(
        "Where a customer kept is worth EUR 200, the offer costs EUR 10 and the contact EUR 1"
    )
    assert f"contact the {100 * best[AMITY].share:.0f} % with the highest risk" in text
    assert f"earns EUR {best[AMITY].per_customer:.2f} for each customer there is (with RFM logistic" in text
    dear = compare(told, Judging(contact_cost=500))
    assert summary.profit(dear, "EUR").endswith("contacting anybody loses money.")
    nobody = replace(told, outcome=told.outcome.assign(churned=False))
    assert summary.profit(compare(nobody, Judging()), "EUR") == ""


def test_a_program_gets_the_same(told: Judgement, trained: Any) -> None:
    found = summary.to_dict(training(told, trained))
    assert found["version"] == "2"
    assert found["differences"][RFM]["log_loss"]["low"] > 0  # type: ignore[index]
    assert found["worse_groups"][0].startswith("segment few (300 customers)")  # type: ignore[index]
    assert found["expected_maximum_profit"][AMITY]["per_customer"] > 0  # type: ignore[index]


def test_a_repetition_in_words(at_home: Any) -> None:
    record = record_of(at_home.good.run_id)
    same = summary.repeated("abc", Rerun(record, (), ()))
    assert same == (
        f"Run abc repeated: the same bytes in all {len(record.files)} files of the bundle, "
        f"and in the scores of {record.customers} customers."
    )
    other = summary.repeated("abc", Rerun(record, ("clv.json", "the scores"), ("The machine differs.",)))
    assert other == "Run abc repeated gives other bytes in clv.json, the scores.\nThe machine differs."
    assert "the training itself varies" in summary.repeated("abc", Rerun(record, ("clv.json",), ()))
