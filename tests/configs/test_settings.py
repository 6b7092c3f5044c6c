"""What each file may set, and what is said of a value that can't be used."""

from __future__ import annotations

import pytest
import yaml

from configs.folder import FOLDER
from configs.loading import load, origins
from configs.settings import FILES, Definitions, Judging, Playbook, TrainingSettings
from features.catalog import DIMENSIONS
from features.errors import ConfigError

pytestmark = pytest.mark.usefixtures("configs")


def test_what_amity_brings_is_what_the_code_has_for_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AMITY_CONFIGS")
    assert load(Definitions) == Definitions()
    assert load(TrainingSettings) == TrainingSettings()
    assert {origin for _, origin in origins(Definitions).values()} == {"file"}
    for kind, name in FILES.items():
        assert set(yaml.safe_load((FOLDER / name).read_text())) == set(kind.model_fields)


def test_the_playbook_has_an_action_for_all_that_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AMITY_CONFIGS")
    plain = [rule.when for rule in load(Playbook).rules if not (rule.when.evidence or rule.when.value)]
    named = {name for when in plain if not when.status for name in when.weak_point}
    assert named == set(DIMENSIONS) - {"profile"}


RULES = [{"do": {"en": "Call."}}]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"rules": []}, "rules: Tuple should have at least 1 item"),
        (
            {"rules": [{"when": {"evidence": "complaint_opn"}, "do": {"en": "Call."}}, *RULES]},
            "complaint_open meant",
        ),
        (
            {"rules": [{"when": {"weak_point": "mood"}, "do": {"en": "Call."}}, *RULES]},
            "rules.0.when.weak_point",
        ),
        (
            {"rules": [{"when": {"weather": "fair"}, "do": {"en": "Call."}}, *RULES]},
            "there is no such setting",
        ),
        ({"rules": [{"when": {"weak_point": "spend"}, "do": {"en": "Call."}}]}, "must have no condition"),
        ({"rules": [{"do": {}}]}, "rules.0.do: Dictionary should have at least 1 item"),
        ({"rules": RULES, "minor_below": 3}, "minor_below must not be above valuable_from"),
    ],
)
def test_rules_that_cannot_be_followed(flags: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(Playbook, flags)


@pytest.mark.parametrize(
    ("kind", "flags", "says"),
    [
        (Definitions, {"slowing_from": 3}, "slowing_from, lapsed_from and lost_from must rise in this order"),
        (Definitions, {"slowing_from": float("nan")}, "slowing_from: Input should be a finite number"),
        (
            Definitions,
            {"horizon_days": True},
            "horizon_days: yes, no, true or false where a number",
        ),
        (Definitions, {"currency": ""}, "currency: String should have at least 1 character"),
        (TrainingSettings, {"learning_rate": 0}, "learning_rate: Input should be greater than 0"),
        (TrainingSettings, {"seed": -1}, "seed: Input should be greater than or equal to 0"),
        (TrainingSettings, {"max_snapshots": 1}, "max_snapshots: Input should be greater than or equal to 2"),
        (Playbook, {}, "rules is missing"),
        (Judging, {"promote_by": "luck"}, "promote_by: Input should be 'log_loss', 'brier', 'auroc' or"),
        (Judging, {"offer_cost": 200}, "offer_cost must be less than kept_value, or no offer ever pays"),
    ],
)
def test_what_is_out_of_range_or_missing(kind: type, flags: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(kind, flags)


def test_settings_never_change() -> None:
    with pytest.raises(ValueError, match="Instance is frozen"):
        load(Definitions).horizon_days = 3  # type: ignore[misc]
