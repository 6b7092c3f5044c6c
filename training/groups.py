"""Kinds of customers that a judgement is looked at by, so that no group is hidden by the average."""

from __future__ import annotations

import numpy as np
import pandas as pd

from configs.settings import Definitions
from models.status import status

ORDERS = ("1", "2–4", "5+")


def groups(judged: pd.DataFrame, definitions: Definitions) -> pd.DataFrame:
    """A column a kind: `status` and `orders` (one of `ORDERS`), and `segment`, where the tables give them.

    `judged`: the features of the judged customers; the rows keep their order. Null: not known of them.
    """
    found = pd.DataFrame(index=range(len(judged)))
    if "order_days" in judged:
        days = judged["order_days"].to_numpy(dtype=float)
        found["status"] = status(judged, definitions)
        found["orders"] = np.select([days <= 1, days < 5], list(ORDERS[:2]), ORDERS[2])
    if "segment" in judged:
        found["segment"] = judged["segment"].astype("str").to_numpy()
    return found
