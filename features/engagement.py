"""Visits, opens, clicks and posts, whether they fade, and the response to campaigns."""

from __future__ import annotations

from features import activities, campaigns, fading

AGGREGATES = (*activities.AGGREGATES, *fading.AGGREGATES, *campaigns.AGGREGATES)
RATES = (*activities.RATES, *campaigns.RATES)
FEATURES = (*activities.FEATURES, *fading.FEATURES, *campaigns.FEATURES)
