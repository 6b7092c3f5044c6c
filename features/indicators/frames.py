"""The assessment as plain frames, for a notebook."""

from __future__ import annotations

import pandas as pd

from features.indicators.assess import Assessment

_OF_AN_ALARM = (
    "breakdown", "value", "since", "figure", "expected", "p", "limit", "money", "money_low", "money_high",
)  # fmt: skip


def frames(told: Assessment) -> dict[str, pd.DataFrame]:
    """Every table of an assessment by its name, such as `frames(assess(open_source("shop").tables, day))`.

    `months`, `period`: all indicators, as `Measured` explains them. `alarms`: one row per early warning.
    `weak_points_ranked`: as `weak_points.ranked` gives them. With orders `moves`, `concentration`, and
    `gains_<breakdown>`. Then the sheets that can be made (`sheets.SHEETS`). Money is in the currency of the
    source; null stands for what isn't known.
    """
    found = {"months": told.measured.months, "period": told.measured.period, "alarms": _alarms(told)}
    found["weak_points_ranked"] = told.weak_points
    if told.buying is not None:
        found |= {"moves": told.buying.moves, "concentration": told.buying.concentration}
        found |= {f"gains_{by}": frame for by, frame in told.buying.gains.items()}
    return found | dict(told.sheets)


def _alarms(told: Assessment) -> pd.DataFrame:
    rows = [
        {"indicator": one.indicator.name, **{name: getattr(one, name) for name in _OF_AN_ALARM}}
        for one in told.alarms
    ]
    return pd.DataFrame(rows, columns=["indicator", *_OF_AN_ALARM])
