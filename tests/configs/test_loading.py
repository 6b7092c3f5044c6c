"""Where each setting comes from, and what is said of a file that can't be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from configs.loading import home, load, origins
from configs.settings import Definitions, TrainingSettings
from features.errors import ConfigError

pytestmark = pytest.mark.usefixtures("configs")


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
        "currency: yes, no, true or false where a number or text is due; put text in quotes",
        "clv_horizon_days: Input should be greater than or equal to 1 (received '0')",
        "named_from_points: Input should be less than or equal to 100 (received 101)",
    ):
        assert part in message


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
