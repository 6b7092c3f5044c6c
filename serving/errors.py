"""The one exception that only the store and the service tell apart from its parent."""

from __future__ import annotations

from features.errors import RequestError


class AbsentError(RequestError):
    """What was asked for by name (a customer, a scoring) isn't there, or not yet; HTTP's 404."""
