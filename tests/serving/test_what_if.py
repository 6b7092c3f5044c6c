"""What if: repairs by hand from stored figures, changed features against scoring the same customer anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy.special import expit, logit

from serving.store import Store


@pytest.fixture
def here(client: Any, shop: Any, tmp_path: Path) -> Iterator[Any]:
    """A client whose scoring names a source that is there: the shop's tables as CSV."""
    folder = tmp_path / "shop"
    folder.mkdir()
    for name, rows in shop.rows.items():
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    store = Store.open(f"sqlite:///{tmp_path}/store.db")
    store.save(shop.scored, source=str(folder), definitions=shop.bundle.manifest.definitions)
    resources = replace(client.resources, store=store)
    vars(resources)["live"] = client.resources.live
    yield type(client)(resources)
    store.close()


@pytest.fixture
def customer_id(shop: Any) -> str:
    """The first with a weak point in the service."""
    scores = shop.scored.scores
    return str(scores.loc[scores["weak_point_1"] == "service", "customer_id"].iloc[0])


def test_repairs_add_up_in_log_odds(client: Any, customer_id: str) -> None:
    row = client.post("/score", {"customer_ids": [customer_id]}).json()["customers"][0]
    body = {"customer_id": customer_id, "repaired": ["service", "product", "service"]}
    told = client.post("/what-if", body).json()
    now, service, product = (
        logit(row[name]) for name in ("churn_probability", "service_repaired", "product_repaired")
    )
    then = expit(now - (now - service) - (now - product))
    assert told["now"]["churn_probability"] == row["churn_probability"]
    assert told["then"]["churn_probability"] == pytest.approx(then)
    assert told["then"]["churn_probability"] < told["now"]["churn_probability"]
    assert told["then"]["value_at_risk"] == pytest.approx(then * row["clv"])


def test_one_repair_is_the_figure_of_the_list(client: Any, customer_id: str) -> None:
    told = client.post("/what-if", {"customer_id": customer_id, "repaired": ["service"]}).json()
    row = client.post("/score", {"customer_ids": [customer_id]}).json()["customers"][0]
    assert told["then"]["churn_probability"] == pytest.approx(row["weak_point_1_repaired"])
    assert client.post("/what-if", {"customer_id": customer_id}).json()["then"] == told["now"]


def test_features_left_at_their_value_change_nothing(here: Any, customer_id: str) -> None:
    listed = here.get(f"/what-if/{customer_id}").json()["features"]
    known = {entry["name"]: entry["value"] for entry in listed if entry["value"] is not None}
    assert len(known) > 20
    same = {
        entry["name"]: entry["value"]
        for entry in listed
        if entry["value"] is not None and entry["low"] <= entry["value"] <= entry["high"]
    }
    told = here.post(
        "/what-if", {"customer_id": customer_id, "features": dict(list(same.items())[:50])}
    ).json()
    row = here.post("/score", {"customer_ids": [customer_id]}).json()["customers"][0]
    for name in ("churn_probability", "clv", "value_at_risk"):
        assert told["now"][name] == pytest.approx(row[name], abs=1e-9)
        assert told["then"][name] == pytest.approx(row[name], abs=1e-9)


def test_a_changed_feature_moves_the_risk_as_the_model_says(here: Any, shop: Any, customer_id: str) -> None:
    listed = {entry["name"]: entry for entry in here.get(f"/what-if/{customer_id}").json()["features"]}
    high = listed["days_since_order"]["high"]
    told = here.post("/what-if", {"customer_id": customer_id, "features": {"days_since_order": high}}).json()
    features = shop.scored.features
    frame = features[features["customer_id"] == customer_id].assign(days_since_order=high)
    assert told["then"]["churn_probability"] == pytest.approx(float(shop.bundle.churn.predict(frame)[0]))
    assert told["then"]["churn_probability"] > told["now"]["churn_probability"]
    both = {"customer_id": customer_id, "features": {"days_since_order": high}, "repaired": ["service"]}
    repaired = here.post("/what-if", both).json()["then"]["churn_probability"]
    assert repaired < told["then"]["churn_probability"]


def test_no_profile_and_no_fact_may_be_changed(here: Any, customer_id: str) -> None:
    listed = here.get(f"/what-if/{customer_id}").json()["features"]
    assert {entry["dimension"] for entry in listed} <= {"rhythm", "spend", "product", "service"}
    assert all(entry["low"] <= entry["high"] and entry["words"] for entry in listed)


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ({"features": {"days_since_order": 1e9}}, 422, "and the model has seen"),
        ({"features": {"weather": 1}}, 422, "'weather' is no number that the model looks at"),
        ({"repaired": ["profile"]}, 422, "repaired[0]"),
        ({"customer_id": "nobody"}, 404, "Customer 'nobody' is not among the"),
        ({"as_of": "2020-01-01"}, 404, "Nothing was scored as of 2020-01-01"),
        ({"scoring": 99}, 404, "There is no scoring 99"),
        (
            {"scoring": 1, "as_of": "2020-01-01"},
            422,
            "Scoring 1 is as of 2025-06-01, and as_of is 2020-01-01",
        ),
    ],
)
def test_what_cannot_be_asked_is_told(
    here: Any, customer_id: str, asked: dict[str, Any], status: int, says: str
) -> None:
    reply = here.post("/what-if", {"customer_id": customer_id, **asked})
    assert reply.status_code == status
    assert says in reply.json()["error"]


def test_a_source_that_is_away_is_told_and_repairs_still_answer(client: Any, customer_id: str) -> None:
    reply = client.get(f"/what-if/{customer_id}")
    assert reply.status_code == 422
    assert "shop" in reply.json()["error"]
    assert client.post("/what-if", {"customer_id": customer_id, "repaired": ["service"]}).status_code == 200
