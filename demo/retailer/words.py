"""What customers write: short sentences put together by what they are about and how the writer feels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo.retailer.days import Bools, Floats, Ints
from demo.retailer.files import choice

TOPICS = ("delivery", "quality", "invoice", "product", "account")

_OPENINGS = (
    (
        "I am disappointed:",
        "This is unacceptable,",
        "I want to complain,",
        "Again a problem:",
        "Please help,",
    ),
    ("Hello,", "Quick question,", "Could you tell me,", "Good morning,", "I was wondering,"),
    ("Hello,", "Please,", "Could you help,", "Good evening,", "Dear team,"),
)  # by kind of ticket
_MATTERS = (
    (
        ("my parcel is late.", "the delivery never arrived.", "half of the order is missing."),
        ("the item arrived broken.", "the quality is poor.", "it stopped working after a week."),
        ("I was charged twice.", "the invoice is wrong.", "my refund has not come."),
        ("the product is not what the page shows.", "the size is wrong.", "a part is missing."),
        ("I cannot log in any more.", "my address is wrong again.", "nobody answers my messages."),
    ),
    (
        ("when will my parcel arrive?", "do you deliver on Saturdays?", "can I change the delivery address?"),
        ("how long is the warranty?", "is this made of oak?", "which grade is this?"),
        ("where do I find my invoice?", "can I pay by card?", "is the tax included?"),
        ("is this available in blue?", "will it be back in stock?", "which size should I take?"),
        ("how do I change my password?", "where do I see my orders?", "how do I add a second address?"),
    ),
    (
        ("deliver to the neighbour.", "hold my parcel until Monday.", "change the delivery day."),
        ("send me a spare part.", "send me the care instructions.", "extend the warranty."),
        ("send me the invoice again.", "put my company's name on the invoice.", "split the payment."),
        ("notify me when it is in stock.", "reserve two for me.", "wrap it as a gift."),
        ("change my email address.", "delete my old address.", "merge my two accounts."),
    ),
)  # by kind of ticket, then by topic

_SOUR = (
    "Very disappointed, I expected better.",
    "Terrible experience, never again.",
    "It used to be good, now it is just bad.",
    "Poor value and nobody cares.",
    "I am frustrated and thinking of going elsewhere.",
    "Awful, I would not recommend it.",
    "Worse every time.",
    "Not happy at all.",
)
_MIXED = (
    "It is okay.",
    "Nothing special, but fine.",
    "Average, some things could be better.",
    "As expected.",
    "Good products, a bit slow.",
    "Fine so far.",
)
_SWEET = (
    "Great, I love it!",
    "Excellent quality and fast delivery.",
    "Very happy, thank you.",
    "Wonderful shop, I recommend it to everyone.",
    "Friendly and helpful as always.",
    "Perfect, will order again.",
    "Really good value.",
    "The best I have bought in a long time.",
)
_BELOW, _ABOVE = -0.9, 0.3  # the moods between which a comment is neither sour nor sweet


def ticket_texts(rng: np.random.Generator, kind: Ints, topic: Ints) -> pa.Array:
    texts = [
        f"{opening} {matter}"
        for openings, matters in zip(_OPENINGS, _MATTERS, strict=True)
        for about in matters
        for opening in openings
        for matter in about
    ]
    variants = len(_OPENINGS[0]) * len(_MATTERS[0][0])
    return choice(texts, (kind * len(TOPICS) + topic) * variants + rng.integers(0, variants, len(kind)))


def comments(rng: np.random.Generator, mood: Floats, written: Bools) -> pa.Array:
    """Sour, mixed or sweet by `mood`; null where not `written`."""
    draw = rng.random(len(mood))
    pick = np.select(
        [mood < _BELOW, mood < _ABOVE],
        [np.floor(draw * len(_SOUR)), len(_SOUR) + np.floor(draw * len(_MIXED))],
        len(_SOUR) + len(_MIXED) + np.floor(draw * len(_SWEET)),
    ).astype(np.int64)
    return choice(_SOUR + _MIXED + _SWEET, np.where(written, pick, -1))
