"""64 clients at once while champions change and lists are loaded: no error, no wrong version, memory flat."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import aiohttp
import numpy as np
from serve_home import DAY, Home, memory_mb
from serve_scores import made

from configs.settings import Definitions
from features.clock import now
from serving.champion import Champion, write
from serving.store import Store

CLIENTS = 64
CHAMPION_EVERY, LIST_EVERY = 20.0, 30.0
LOADED = 20_000
THINKS = 0.2
"""Seconds between two requests of a client, on average."""


@dataclass
class Seen:
    """What the clients saw. `champions`: which versions may answer now; two while a change is under way."""

    champions: set[str]
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)
    changes: int = 0
    loads: int = 0


def soak(home: Home, port: int, process: int, requests: list[bytes], minutes: float) -> None:
    asyncio.run(_soak(home, f"http://127.0.0.1:{port}", process, requests, minutes * 60))


async def _soak(home: Home, url: str, process: int, requests: list[bytes], seconds: float) -> None:
    seen, until = Seen({"1"}), time.monotonic() + seconds
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(
        url, timeout=timeout, connector=aiohttp.TCPConnector(limit=0)
    ) as session:
        memory = asyncio.create_task(_memory(process, until))
        async with asyncio.TaskGroup() as group:
            group.create_task(_champions(home, session, seen, until))
            group.create_task(_lists(seen, until))
            for number in range(CLIENTS):
                group.create_task(_client(session, requests, seen, until, random.Random(number)))  # noqa: S311
    told = await memory
    print(
        f"soak       {CLIENTS} clients for {seconds / 60:g} minutes, {seen.changes} changes of the champion, "
        f"{seen.loads} lists loaded: {dict(seen.answers)}; median {np.median(seen.spent):.0f} ms, p99 "
        f"{np.percentile(seen.spent, 99):.0f} ms; {len(seen.wrong)} wrong {seen.wrong[:3]}",
        flush=True,
    )
    print(f"memory     MB at each tenth: {', '.join(f'{mb:.0f}' for mb in told)}", flush=True)


async def _client(
    session: aiohttp.ClientSession, requests: list[bytes], seen: Seen, until: float, dice: random.Random
) -> None:
    while time.monotonic() < until:
        kind = dice.choices(("score", "list", "explain", "live"), (60, 15, 15, 10))[0]
        before, start = set(seen.champions), time.perf_counter()
        try:
            told = await _asked(session, kind, requests, dice)
        except Exception as error:
            seen.wrong.append(f"{kind}: {error!r}"[:200])
            continue
        seen.spent.append((time.perf_counter() - start) * 1e3)
        seen.answers[kind] += 1
        seen.wrong += _wrong(kind, told, before | seen.champions)
        await asyncio.sleep(dice.expovariate(1 / THINKS))


async def _asked(
    session: aiohttp.ClientSession, kind: str, requests: list[bytes], dice: random.Random
) -> dict[str, object]:
    customer = f"C{dice.randrange(LOADED):08d}"
    if kind == "list":
        asked = session.get("/at-risk?top=100&segment=gold")
    elif kind == "explain":
        asked = session.get(f"/explain/{customer}")
    else:
        body = dice.choice(requests) if kind == "live" else json.dumps({"customer_ids": [customer]}).encode()
        path = "/score-events" if kind == "live" else "/score"
        asked = session.post(path, data=body, headers={"Content-Type": "application/json"})
    async with asked as reply:
        text = await reply.text()
        if reply.status != 200:
            raise RuntimeError(f"{reply.status} {text[:150]}")
    found: dict[str, object] = json.loads(text)
    return found


def _wrong(kind: str, told: dict[str, object], champions: set[str]) -> list[str]:
    """A live score of another model than the champion; a list whose rows are not all of one scoring."""
    if kind == "live":
        return [] if told["model_version"] in champions else [f"version {told['model_version']}"]
    rows = told.get("customers", [told])
    assert isinstance(rows, list)
    version = told.get("model_version") or told["scores"]["model_version"]  # type: ignore[index]
    return [
        f"a row of another list than {version}" for row in rows if f"Version {version}:" not in row["action"]
    ]


async def _champions(home: Home, session: aiohttp.ClientSession, seen: Seen, until: float) -> None:
    """From one version to the other and back; until the service says so, both may answer."""
    version = 1
    while time.monotonic() + CHAMPION_EVERY < until:
        await asyncio.sleep(CHAMPION_EVERY)
        version = 3 - version
        seen.champions.add(str(version))
        write(Champion("champion", home.bundles[version - 1], now()), home.folder / "champion.json")
        while (await _health(session))["model_version"] != str(version):
            await asyncio.sleep(0.2)
        seen.champions = {str(version)}
        seen.changes += 1


async def _health(session: aiohttp.ClientSession) -> dict[str, str]:
    async with session.get("/health") as reply:
        found: dict[str, str] = await reply.json()
        return found


async def _lists(seen: Seen, until: float) -> None:
    """A new list, smaller than the first, of a day and a version of its own."""
    store = Store.open()
    first = len(store.scorings())
    while time.monotonic() + LIST_EVERY < until:
        await asyncio.sleep(LIST_EVERY)
        number = first + seen.loads + 1
        scored = await asyncio.to_thread(made, LOADED, DAY + timedelta(days=number), str(number))
        await asyncio.to_thread(store.save, scored, source="made", definitions=Definitions())
        seen.loads += 1
    store.close()


async def _memory(process: int, until: float) -> list[float]:
    pause, found = (until - time.monotonic()) / 10, []
    for _ in range(10):
        await asyncio.sleep(pause)
        found.append(memory_mb(process))
    return found
