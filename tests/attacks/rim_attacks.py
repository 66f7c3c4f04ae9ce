"""Requests that try to get past the guards, into another world, or into the log."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping

from tests.attacks.attack import JSON, Attack

DELETE = "/api/flow_runs/bulk_delete"
FAULT = {**JSON, "x-mockserver-fault": "status=500"}
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade"}
# What a page sends with the request, and with what the guard refuses it.
FOREIGN = {
    "another host": {"Host": "evil.example"},
    "another host on our port": {"Host": "127.0.0.1.evil.example:4300"},
    "an address that is not loopback": {"Host": "169.254.169.254"},
    "a number for an address": {"Host": "2130706433"},
    "bytes for a host": {"Host": "\x9b31m\xe2\x80\xae"},
    "no host": {"Host": ""},
    "a foreign page": {"Origin": "http://evil.example"},
    "a file's page": {"Origin": "null"},
    "a page on another port of loopback": {"Origin": "http://127.0.0.1:1"},
    "a page on loopback without a port": {"Origin": "http://localhost"},
    "a page of an extension": {"Origin": "chrome-extension://abcdefgh"},
}


def foreign(name: str, path: str, method: str, headers: Mapping[str, str]) -> Attack:
    """A request that a page of others may have sent: refused, whatever it asks."""
    body = b"{}" if method == "POST" else b""
    return Attack(name, path, body, method, headers, statuses=(403,), says="--allow-host")


def foreign_attacks() -> Iterator[Attack]:
    """Each with and without the header that asks for a fault, and for all that can be asked."""
    for name, headers in FOREIGN.items():
        yield foreign(name, DELETE, "POST", JSON | headers)
        yield foreign(f"{name}, with a fault", DELETE, "POST", FAULT | headers)
    for method, path in (("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/nothing"),
                         ("POST", f"{DELETE}/"), ("PUT", DELETE), ("GET", "/_mock/seeds"),
                         ("GET", "/sessions/a/api/health"), ("GET", "/api/events/in")):  # fmt: skip
        headers = FOREIGN["a foreign page"]
        yield foreign(f"a foreign page asks for {method} {path}", path, method, headers)


# Names and paths that a client or a proxy changes on their way.
NAMES = (".", "..", "...", "%2e%2e", "a/../..", "a b", "~", "\u202e", "x" * 101, "x" * 900)
PATHS = (
    f"/sessions/..{DELETE}",
    f"/sessions/%2e%2e{DELETE}",
    f"/sessions/a/%2e%2e/%2e%2e{DELETE}",
    f"/sessions/a/../..{DELETE}/",
    f"/x/..{DELETE}",
    f"/{DELETE}",
    f"/.{DELETE}",
    f"/sessions/{'a' * 7_000}{DELETE}",
    f"/{'a/' * 4_000}",
    "/_mock/../_mock/reset",
    "/%5fmock/reset",
)

ATTACKS = (
    *foreign_attacks(),
    *(
        Attack(f"a session named {name[:20]!r}, {len(name)} letters", "/_mock/sessions",
               json.dumps({"name": name}).encode(), says="is not a name for a session")
        for name in NAMES
    ),
    *(Attack(f"the path {path[:40]}", path, b"{}", statuses=(404,)) for path in PATHS),
    *(
        Attack(f"the fault {fault[:40]!r}", DELETE, b"{}", statuses=(400,),
               headers={**JSON, "x-mockserver-fault": fault}, says="x-mockserver-fault: ")
        for fault in ("", "status=1e3", "status=" + "9" * 5_000, "latency=nan", "latency=1e309",
                      "latency=61", "latency=1.." * 600, "cut=, " * 1_000, "=", "x" * 7_000,
                      "lognormal, latency=1", "retry_after=-1, status=500")
    ),
    Attack("a body that is too long behind a fault", DELETE, lambda: b" " * ((4 << 20) + 1),
           headers=FAULT, statuses=(413,)),
    Attack("a gzip bomb for a body", DELETE, lambda: gzip.compress(bytes(100 << 20)),
           headers={**JSON, "Content-Encoding": "gzip"}),
    Attack("200 headers", DELETE, headers={f"x-{n}": "a" for n in range(200)}, statuses=(400,)),
    Attack("a header of 9,000 letters", DELETE, headers={"x": "a" * 9_000}, statuses=(400,)),
    Attack("a path of 9,000 letters", "/" + "a" * 9_000, statuses=(400,)),
    Attack("a query of 7,000 letters", f"{DELETE}?{'a=&' * 2_000}", b'{"limit": 0}'),
    Attack("a method of 7,000 letters", DELETE, method="A" * 7_000, statuses=(400, 405)),
    Attack("the method CONNECT", "/", method="CONNECT", statuses=(400, 404, 405)),
    Attack("a socket without its headers", "/api/events/in", method="GET", headers=UPGRADE,
           statuses=(400,)),
    Attack("a socket of another version", "/api/events/in", method="GET", statuses=(400,),
           headers={**UPGRADE, "Sec-WebSocket-Version": "99", "Sec-WebSocket-Key": "x"}),
    Attack("an upgrade of a delete", DELETE, b'{"limit": 0}', headers={**JSON, **UPGRADE}),
    Attack("an upgrade to HTTP/2", "/api/health", method="GET", statuses=(200,),
           headers={"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings"}),
)  # fmt: skip
