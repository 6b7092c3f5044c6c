"""How often a key and an address may ask; what is beyond is told to wait."""

from __future__ import annotations

import math
import time
from ipaddress import IPv6Address, ip_address

from fastapi import HTTPException
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from configs.settings import ServiceSettings


class Rates:
    """Counted in this process, over a window of a minute that slides.

    Every method raises HTTPException 429, with Retry-After in seconds, where it is too often. An address of
    this machine is never counted: behind a proxy it would be everybody's.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._of_key = RateLimitItemPerMinute(settings.requests_per_minute_of_key)
        self._of_address = RateLimitItemPerMinute(settings.requests_per_minute_of_address)
        self._wrong = RateLimitItemPerMinute(settings.wrong_keys_per_minute)

    def count_key(self, key_id: str) -> None:
        if not self._limiter.hit(self._of_key, "key", key_id):
            self._refuse(self._of_key, "with this key", "key", key_id)

    def count_address(self, address: str) -> None:
        if is_local(address):
            return
        if not self._limiter.test(self._wrong, "wrong", address):
            self._refuse(self._wrong, "with wrong keys from this address", "wrong", address)
        if not self._limiter.hit(self._of_address, "address", address):
            self._refuse(self._of_address, "from this address", "address", address)

    def count_wrong_key(self, address: str) -> None:
        """Raises nothing: the next request from there will be told."""
        if not is_local(address):
            self._limiter.hit(self._wrong, "wrong", address)

    def _refuse(self, limit: RateLimitItemPerMinute, whose: str, *identifiers: str) -> None:
        until = self._limiter.get_window_stats(limit, *identifiers).reset_time
        seconds = max(1, math.ceil(until - time.time()))
        raise HTTPException(
            429,
            f"Too many requests {whose}: {limit.amount:,} a minute are allowed. "
            f"Try again in {seconds} seconds.",
            headers={"Retry-After": str(seconds)},
        )


def is_local(address: str) -> bool:
    """Whether an IP address is this machine's own; False for what is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback
