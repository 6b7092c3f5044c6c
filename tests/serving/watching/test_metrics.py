"""What Prometheus reads, by Prometheus's own parser."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from configs.settings import Definitions

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(house: Any, role: str = "") -> Samples:
    reply = house.get("/metrics", role)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


def one(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, tuple(sorted(labels.items()))]


def test_requests_are_counted_by_route_and_status(house: Any) -> None:
    for customer in ("C1", "C2", "nobody", "C' OR 1=1"):
        house.get(f"/explain/{customer}")
    house.ask("BREW", "/at-risk")
    house.get("/wp-login.php")
    story = "/explain/{customer_id:path}"
    found = read(house)
    assert one(found, "amity_requests_total", method="GET", route=story, status="200") == 2
    assert one(found, "amity_requests_total", method="GET", route=story, status="404") == 2
    assert one(found, "amity_request_seconds_count", method="GET", route=story) == 4
    assert one(found, "amity_request_seconds_bucket", method="GET", route=story, le="60.0") == 4
    assert one(found, "amity_requests_total", method="other", route="/at-risk", status="405") == 1
    assert one(found, "amity_requests_total", method="GET", route="none", status="404") == 1


def test_no_label_holds_an_id_or_what_a_stranger_sends(house: Any) -> None:
    for path in ("/explain/C17", "/at-risk?segment=SECRET", "/SECRET", "/pages/customers/C17"):
        house.get(path)
    house.ask("SECRET", "/at-risk")
    house.ask("POST", "/score", json={"customer_ids": ["C17", "SECRET"]})
    told = house.get("/metrics").text
    assert "C17" not in told
    assert "SECRET" not in told


def test_scores_are_counted_by_the_version_that_made_them(house: Any) -> None:
    house.get("/at-risk?top=7")
    house.get("/at-risk?top=5&format=csv")
    house.ask("POST", "/score", json={"customer_ids": ["C1", "C2", "nobody"]})
    found = read(house)
    assert one(found, "amity_scores_total", route="/at-risk", model_version="1") == 12
    assert one(found, "amity_scores_total", route="/score", model_version="1") == 2


def test_the_gauges_are_those_of_plain_sql(house: Any) -> None:
    with house.store.engine.connect() as connection:
        risky = "churn_probability >= 0.5"
        wanted = f"SELECT avg({risky}), sum({risky}), sum(value_at_risk) FROM scores"
        share, customers, money = connection.execute(text(wanted)).one()
    found = read(house)
    assert one(found, "amity_share_at_risk") == pytest.approx(share)
    assert one(found, "amity_customers_at_risk") == customers
    assert one(found, "amity_value_at_risk") == pytest.approx(money)
    assert one(found, "amity_scored_customers", model_version="1") == 60
    assert one(found, "amity_model_version", model_version="7") == 1
    assert 0 <= one(found, "amity_scores_age_seconds") < 120


def test_the_gauges_follow_the_scoring_made_last(house: Any, make_scored: Any) -> None:
    read(house)
    house.store.save(make_scored(90, version="2"), source="shop", definitions=Definitions())
    found = read(house)
    assert one(found, "amity_scored_customers", model_version="2") == 90
    assert ("amity_scored_customers", (("model_version", "1"),)) not in found


def test_without_a_store_the_rest_is_still_told(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    house.get("/docs")
    monkeypatch.setattr("serving.watching.metrics.lists.health", lambda _: Health)
    found = read(house)
    assert one(found, "amity_store_reachable") == 0
    assert one(found, "amity_requests_total", method="GET", route="/docs", status="200") == 1
    assert not any(name == "amity_scores_age_seconds" for name, _ in found)


class Health:
    model_version = "7"
    store_reachable = False
