"""How often Python looks for garbage.

Making a plan of all features takes millions of objects, of which none is garbage: looking for it at Python's
own pace takes as long again as the plan.
"""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Of the whole process, so it is for those who start one: the front door, the service, a benchmark."""
    gc.set_threshold(200_000, 20, 20)
