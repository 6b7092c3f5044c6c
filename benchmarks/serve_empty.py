"""The peer of `serve.py`: a BentoML endpoint that does nothing, on the same machine at the same time."""

from __future__ import annotations

import bentoml


@bentoml.service(
    name="empty",
    workers=1,
    traffic={"timeout": 60, "max_concurrency": 64},
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
)
class Empty:
    @bentoml.api
    def nothing(self, customer_id: str) -> dict[str, str]:
        return {"customer_id": customer_id}
