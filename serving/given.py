"""What a route answers from, as a dependency."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from serving.resources import Resources


async def resources_of(request: Request) -> Resources:
    """Without a thread of its own, as all that waits for nothing."""
    resources: Resources = request.app.state.resources
    return resources


Given = Annotated[Resources, Depends(resources_of)]
