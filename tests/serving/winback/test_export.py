"""The messages of a plan, and both its arms as rows of the table `contacts`, by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from configs.settings import Winback
from serving.winback.export import messages
from serving.winback.store import Kept

AS_OF = datetime(2025, 3, 1)  # noqa: DTZ001
LATER = AS_OF + timedelta(hours=9)


def test_messages_go_to_those_who_may_still_get_them(policy: Winback) -> None:
    """C1 has opted out since; the control gets no message, and bears no cost in the contacts."""
    document = {"settings": policy.model_dump(mode="json"), "key": "secret of the plan"}
    kept = Kept(3, "spring", 2, AS_OF, AS_OF, "approved", 9.0, "EUR", "d", document, AS_OF, "kim", None, None)
    rows = pd.DataFrame(
        {"customer_id": ["C1", "C5", "C6"], "offer": "five", "arm": ["treatment", "control", "treatment"]}
    )
    made = messages(kept, rows, {"C1": "opted_out", "C5": "open_complaint"}, AS_OF)
    assert made.messages["customer_id"].tolist() == ["C6"]
    assert made.messages[["offer", "channel", "coupon_value"]].to_numpy().tolist() == [["five", "email", 5.0]]
    assert made.suppressed.to_dict() == {"C1": "opted_out"}
    assert made.contacts["arm"].tolist() == ["treatment", "control", "treatment"]
    assert made.contacts["cost"].isna().tolist() == [False, True, False]
    assert set(made.contacts["campaign_id"]) == {"spring-2"}
    assert made.contacts["contact_id"].is_unique
    again = messages(kept, rows, {}, LATER)
    ids = again.messages.set_index("customer_id")["message_id"]
    assert ids["C6"] == made.messages["message_id"].item()
    assert "C6" not in ids["C6"]
