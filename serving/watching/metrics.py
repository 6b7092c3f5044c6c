"""What Prometheus reads. Labels hold routes, methods, statuses, versions and indicators; never an id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from configs import loading
from configs.settings import ServiceSettings
from features.clock import now
from serving import lists
from serving.resources import Resources
from serving.scoring import Scoring
from serving.watching.early_warnings import EarlyWarnings

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Of one service; counted in its process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "amity_requests",
            "Requests answered, by method, route and status",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "amity_request_seconds",
            "Seconds from a request to the end of its answer",
            ("method", "route"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._scores = Counter(
            "amity_scores",
            "Scores answered, by route and the version of the model that made them",
            ("route", "model_version"),
            registry=self.registry,
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def count_scores(self, route: str, model_version: str, rows: int) -> None:
        self._scores.labels(route, model_version).inc(rows)


class OfScores(Collector):
    """The scoring made last, read when Prometheus asks; nothing of it where there is none or no store."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def collect(self) -> Iterator[Metric]:
        health = lists.health(self._resources)
        yield _gauge("amity_store_reachable", "1 where the store answers", int(health.store_reachable))
        yield _of_version(
            "amity_model_version", "1, of the model that scores events", health.model_version, 1
        )
        scoring = self._resources.store.latest() if health.store_reachable else None
        if scoring is not None:
            yield from self._of_scoring(scoring)

    def _of_scoring(self, scoring: Scoring) -> Iterator[Metric]:
        from_ = loading.load(ServiceSettings).at_risk_from
        of_customers = self._resources.store.ranking(scoring).frame
        risk, money = of_customers["churn_probability"], float(of_customers["value_at_risk"].sum())
        at_risk, mean = int((risk >= from_).sum()), float(risk.mean())
        age, customers = (now() - scoring.created_at).total_seconds(), scoring.customers
        yield _gauge("amity_scores_age_seconds", "Since the stored scores were made", age)
        yield _of_version(
            "amity_scored_customers", "In the scoring made last", scoring.model_version, customers
        )
        yield _gauge("amity_customers_at_risk", f"Churn probability of {from_:g} or more", at_risk)
        yield _gauge("amity_share_at_risk", "Of all scored", at_risk / customers)
        yield _gauge("amity_value_at_risk", "In the currency of the definitions, of all scored", money)
        yield _gauge("amity_churn_probability_mean", "Of all scored", mean)


def metrics_of(app: Any) -> Metrics:
    """Those of an app; made at its first request."""
    found: Metrics | None = getattr(app.state, "metrics", None)
    if found is None:
        found = app.state.metrics = Metrics()
    return found


def exposition(app: Any, resources: Resources) -> bytes:
    """All metrics in Prometheus's text format."""
    of_scores = CollectorRegistry()
    of_scores.register(OfScores(resources))
    of_scores.register(EarlyWarnings())
    return generate_latest(metrics_of(app).registry) + generate_latest(of_scores)


def _gauge(name: str, help_: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_, value=value)


def _of_version(name: str, help_: str, version: str, value: float) -> GaugeMetricFamily:
    found = GaugeMetricFamily(name, help_, labels=["model_version"])
    found.add_metric([version], value)
    return found
