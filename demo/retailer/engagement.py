"""What they do besides buying: visits, newsletters, posts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo.retailer import words
from demo.retailer.customers import Customers
from demo.retailer.days import Floats, Period
from demo.retailer.declines import Declines
from demo.retailer.files import choice, ids
from demo.retailer.streams import happenings

KINDS = ("visit", "open", "click", "review", "post", "referral")
_CHANNELS = ("web", "app", "email", "social", "forum", "store")
_SHARES = np.array([0.52, 0.32, 0.10, 0.035, 0.018, 0.007])
_BY_KIND = np.array(
    [
        [0.52, 0.36, 0.00, 0.00, 0.00, 0.12],
        [0.00, 0.00, 1.00, 0.00, 0.00, 0.00],
        [0.00, 0.00, 1.00, 0.00, 0.00, 0.00],
        [0.75, 0.25, 0.00, 0.00, 0.00, 0.00],
        [0.00, 0.00, 0.00, 0.60, 0.40, 0.00],
        [0.30, 0.30, 0.20, 0.20, 0.00, 0.00],
    ]
)
_DRYING_UP = 0.9  # share lost at the worst of a decline in engagement
_ECHO = 0.03  # share that goes on after they have left


def table(
    rng: np.random.Generator, customers: Customers, declines: Declines, opted_out: Floats, period: Period
) -> dict[str, pa.Array]:
    """The table `engagement`, by customer and then by time. Who opted out gets no newsletter to open."""
    owner, moment = happenings(rng, customers.visiting, customers.since, np.full(len(customers), period.days))
    share = np.where(
        declines.gone(owner, moment), _ECHO, 1 - _DRYING_UP * declines.severity("engagement", owner, moment)
    )
    lively = rng.random(len(owner)) < share
    owner, moment = owner[lively], moment[lively]
    kind = np.searchsorted(np.cumsum(_SHARES)[:-1], rng.random(len(owner)), side="right")
    mailed = (kind == KINDS.index("open")) | (kind == KINDS.index("click"))
    received = ~(mailed & (moment >= opted_out[owner]))
    owner, moment, kind = owner[received], moment[received], kind[received]

    ways = np.cumsum(_BY_KIND, axis=1)[:, :-1]
    channel = (rng.random(len(owner))[:, None] >= ways[kind]).sum(axis=1)
    writes = (kind == KINDS.index("review")) | (kind == KINDS.index("post"))
    mood = customers.mood[owner] + rng.normal(0.0, 0.6, len(owner))
    mood -= 2.0 * declines.severity("satisfaction", owner, moment)
    return {
        "customer_id": ids("C", customers.number[owner]),
        "occurred_at": period.timestamps(moment),
        "kind": choice(KINDS, kind),
        "channel": choice(_CHANNELS, channel),
        "text": words.comments(rng, mood, writes),
    }
