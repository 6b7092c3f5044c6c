"""The model card: what the loaded bundle says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.bundle import Manifest
from serving.replies import Judged, Model


def card(manifest: Manifest) -> Model:
    """Null and empty where the bundle, of an older Amity, doesn't tell."""
    days = manifest.settings.get("days", [])
    return Model(
        model_version=manifest.version,
        as_of=manifest.as_of,
        definitions=manifest.definitions,
        tables={name: list(columns) for name, columns in manifest.tables.items()},
        code=manifest.code,
        data=manifest.fingerprint,
        settings={name: value for name, value in manifest.settings.items() if name != "days"}
        | {"snapshots": len(days)},
        judged=_judged(manifest.metrics),
    )


def _judged(metrics: Mapping[str, Any]) -> Judged | None:
    if "judged_as_of" not in metrics:
        return None
    told = ("on_customers_held_out", "customers", "churned", "calibration")
    return Judged(
        as_of=metrics["judged_as_of"],
        churn=metrics.get("churn", {}),
        baselines=metrics.get("baselines", {}),
        **{name: metrics.get(name) for name in told},
    )
