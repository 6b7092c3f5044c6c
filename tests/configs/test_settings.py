"""Where each setting comes from, and what is said of one that can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from configs.settings import (
    FILES,
    FOLDER,
    Definitions,
    Judging,
    Playbook,
    TrainingSettings,
    home,
    load,
    origins,
)
from features.catalog import DIMENSIONS
from features.errors import ConfigError


@pytest.fixture(autouse=True)
def configs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of configuration of one's own, empty at first, and an environment without a word of Amity."""
    for kind in FILES:
        for name in kind.model_fields:
            monkeypatch.delenv(f"AMITY_{name.upper()}", raising=False)
    folder = tmp_path / "configs"
    folder.mkdir()
    monkeypatch.setenv("AMITY_CONFIGS", str(folder))
    return folder


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(
    configs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    default = Definitions().horizon_days
    assert origins(Definitions)["horizon_days"] == (default, "default")
    (configs / "definitions.yaml").write_text("horizon_days: 80\nlookback_days: 300\n")
    assert origins(Definitions)["horizon_days"] == (80, "file")
    monkeypatch.setenv("AMITY_HORIZON_DAYS", "70")
    assert origins(Definitions)["horizon_days"] == ("70", "environment")
    assert load(Definitions).horizon_days == 70
    flags = {"horizon_days": 60, "clv_horizon_days": None}
    assert origins(Definitions, flags)["horizon_days"] == (60, "flag")
    told = load(Definitions, flags)
    assert (told.horizon_days, told.lookback_days, told.clv_horizon_days) == (60, 300, 365)


def test_a_flag_that_is_not_given_changes_nothing(configs: Path) -> None:
    (configs / "training.yaml").write_text("seed: 3\n")
    assert load(TrainingSettings, {"seed": None}).seed == 3
    assert load(TrainingSettings, {"seed": 0}).seed == 0


def test_without_a_file_the_defaults_hold(configs: Path) -> None:
    assert load(Definitions) == Definitions()
    (configs / "definitions.yaml").write_text("# nothing but words\n")
    assert load(Definitions) == Definitions()


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


def test_all_that_is_wrong_is_told_at_once(configs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (configs / "definitions.yaml").write_text("horizn_days: 80\nlookback_days: a year\ncurrency: no\n")
    monkeypatch.setenv("AMITY_CLV_HORIZON_DAYS", "0")
    with pytest.raises(ConfigError, match=r"^The settings in definitions\.yaml") as caught:
        load(Definitions, {"named_from_points": 101})
    message = str(caught.value)
    for part in (
        "horizn_days: there is no such setting",
        "lookback_days: Input should be a valid integer",
        "(received 'a year')",
        "currency: Value error, yes, no, true or false where a number or text is due; put text in quotes",
        "clv_horizon_days: Input should be greater than or equal to 1 (received '0')",
        "named_from_points: Input should be less than or equal to 100 (received 101)",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("kind", "flags", "says"),
    [
        (Definitions, {"slowing_from": 3}, "slowing_from, lapsed_from and lost_from must rise in this order"),
        (Definitions, {"slowing_from": float("nan")}, "slowing_from: Input should be a finite number"),
        (
            Definitions,
            {"horizon_days": True},
            "horizon_days: Value error, yes, no, true or false where a number",
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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("horizon_days: [80", r"definitions\.yaml is not readable YAML"),
        ("- 80", r"definitions\.yaml must hold names and values, one a line, such as `horizon_days: 90`"),
        ("ninety", r"definitions\.yaml must hold names and values"),
    ],
)
def test_a_file_that_holds_no_settings(configs: Path, text: str, says: str) -> None:
    (configs / "definitions.yaml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        load(Definitions)


def test_a_file_that_is_not_text(configs: Path) -> None:
    (configs / "definitions.yaml").write_bytes(b"\xff\xfe\x00horizon")
    with pytest.raises(ConfigError, match=r"definitions\.yaml is not readable YAML"):
        load(Definitions)


def test_a_folder_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMITY_CONFIGS", "/nowhere/at/all")
    with pytest.raises(ConfigError, match="AMITY_CONFIGS names /nowhere/at/all, and there is no such folder"):
        load(Definitions)


def test_settings_never_change() -> None:
    with pytest.raises(ValueError, match="Instance is frozen"):
        load(Definitions).horizon_days = 3  # type: ignore[misc]


def test_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AMITY_HOME", raising=False)
    assert home() == tmp_path / "var"
    monkeypatch.setenv("AMITY_HOME", "elsewhere")
    assert home() == tmp_path / "elsewhere"


def test_a_mistyped_variable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMITY_HORIZN_DAYS", "60")
    with pytest.raises(ConfigError, match=r"sets AMITY_HORIZN_DAYS, .* Is AMITY_HORIZON_DAYS meant for"):
        load(Definitions)
