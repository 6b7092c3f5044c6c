"""What campaigns set off: coupons redeemed, messages opened."""

from __future__ import annotations

from features.indicators.book import Indicator, Tally

_OFFERS = ("contacts.coupon_value", "contacts.redeemed_at")

TALLIES = (
    Tally("contacts", "contacts", lambda t: t.count()),
    Tally(
        "coupons_due",
        "contacts",
        lambda t: (t.coupon_value > 0).fill_null(False).ifelse(1, 0).sum(),
        _OFFERS,
        "due",
    ),
    Tally("redeemed", "contacts", lambda t: t.redeemed_in_time.ifelse(1, 0).sum(), _OFFERS, "due"),
    Tally("opens", "engagement", lambda t: (t.kind == "open").ifelse(1, 0).sum()),
    Tally("clicks", "engagement", lambda t: (t.kind == "click").ifelse(1, 0).sum()),
)

INDICATORS = (
    Indicator(
        "redemption_rate",
        "marketing",
        "share",
        "Coupons redeemed",
        "Share of the coupons sent that were redeemed within {redeemed_within_days} days; told in the month "
        "in which "
        "these end.",
        "coupons redeemed in these days ÷ coupons sent",
        "share",
        "redeemed",
        "contacts.coupon_value and contacts.redeemed_at",
        "coupons_due",
        better="high",
        breakdowns=("contact_channel", "campaign", "segment", "country"),
    ),
    Indicator(
        "contact_frequency",
        "marketing",
        "ratio",
        "Contacts per customer",
        "Campaign contacts in the 12 months up to the month's end per active customer.",
        "contacts in 12 months ÷ active customers",
        "a year",
        "contacts",
        "contacts: which campaign was sent to whom when",
        "active",
        over="year",
        breakdowns=("segment", "country"),
    ),
    Indicator(
        "clicks_per_open",
        "marketing",
        "rate",
        "Clicks per 100 opens",
        "Clicks in messages per 100 messages opened.",
        "100 × clicks ÷ opens",
        "per 100 opens",
        "clicks",
        "engagement: rows of the kinds open and click",
        "opens",
        scale=100.0,
        better="high",
    ),
)
