"""Which indicators stand on the first page."""

from __future__ import annotations

HEADLINES = (
    "revenue", "active_customers", "retention_rate", "nps", "complaint_rate", "csat", "return_rate",
    "repeat_rate", "subscription_churn", "lapsed_share", "basket", "purchase_frequency",
    "order_count", "redemption_rate",
)  # fmt: skip
"""In their order; the first five that are measured are shown."""
TILES = 5
