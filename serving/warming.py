"""The service's first request, asked by itself: it compiles and loads what all others then find ready."""

from __future__ import annotations

from features.errors import AmityError
from serving.events import score_events
from serving.examples import events
from serving.requests import EventsRequest
from serving.resources import Resources


def warm(resources: Resources) -> None:
    """Scores the example of the documentation; takes seconds. What is wrong with it concerns nobody yet."""
    request = EventsRequest.model_validate(events(resources.bundle.manifest))
    try:
        score_events(request, resources)
    except AmityError:
        return
