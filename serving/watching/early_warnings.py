"""The early warnings of the assessment that was kept last, as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from features.clock import now
from features.errors import ConfigError
from serving.replies import EarlyWarning
from serving.report.alarms import kept_alarms


class EarlyWarnings(Collector):
    """Read when Prometheus asks; nothing of them where no assessment is kept, or it can't be read."""

    def collect(self) -> Iterator[Metric]:
        try:
            told = kept_alarms()
        except ConfigError:
            return
        if told.as_of is None:
            return
        age = (now() - datetime.combine(told.as_of, time())).total_seconds()
        warns = {alarm.indicator for alarm in told.alarms}
        watched = dict.fromkeys([*told.watched, *sorted(warns)])
        yield GaugeMetricFamily("amity_assessment_age_seconds", "Since the day it was made as of", value=age)
        yield GaugeMetricFamily("amity_alarms", "Early warnings of the assessment", value=len(told.alarms))
        yield _gauges(
            "amity_alarm",
            "1 where an indicator warns, 0 where it is watched and doesn't",
            {name: float(name in warns) for name in watched},
        )
        yield _gauges(
            "amity_alarm_figure", "What warns, as it is", {a.indicator: a.figure for a in told.alarms}
        )
        yield _gauges(
            "amity_alarm_expected",
            "What warns, as it was to be expected, or its limit",
            {a.indicator: usual for a in told.alarms if (usual := _usual(a)) is not None},
        )


def _usual(alarm: EarlyWarning) -> float | None:
    return alarm.limit if alarm.expected is None else alarm.expected


def _gauges(name: str, help_: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    found = GaugeMetricFamily(name, help_, labels=["indicator"])
    for indicator, value in values.items():
        found.add_metric([indicator], value)
    return found
