"""The endpoints that a real Prefect server has and the mock does not model.

A request to one of them is answered 501 with a text that says so, unlike one to an unknown path.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from .releases import OLDEST, is_within

# Path and methods, as the document of Prefect 3.9.1 lists them, and where not all releases have
# them, the first that has. No document lists websockets.
UNMODELLED_ENDPOINTS = """\
/automations/ POST
/automations/{id} PATCH PUT
/saved_searches/ PUT
/work_pools/{work_pool_name}/workers/connect WEBSOCKET 3.7.2
"""


def is_unmodelled(method: str, path: str, release: str) -> bool:
    """Whether only a real server, of a release, has this endpoint. `path` is without /api."""
    return any(
        # A handshake of a websocket is a GET (RFC 6455, section 4.1).
        one.pattern.fullmatch(path)
        and (method in one.methods or "WEBSOCKET" in one.methods)
        and is_within(release, one.since)
        for one in _unmodelled_endpoints()
    )


def unmodelled_routes() -> tuple[tuple[str, str], ...]:
    """The method and the path of each, of any release."""
    words = (line.split() for line in UNMODELLED_ENDPOINTS.splitlines())
    return tuple(
        ("GET" if method == "WEBSOCKET" else method, path)
        for path, *methods in words
        for method in methods
        if method.isalpha()  # not a release
    )


class _Unmodelled(NamedTuple):
    pattern: re.Pattern[str]
    methods: frozenset[str]
    since: str


@cache
def _unmodelled_endpoints() -> tuple[_Unmodelled, ...]:
    return tuple(map(_read_line, UNMODELLED_ENDPOINTS.splitlines()))


def _read_line(line: str) -> _Unmodelled:
    path, *methods = line.split()
    since = methods.pop() if methods[-1][0].isdigit() else OLDEST
    # Starlette redirects a path with a slash too many or too few: the pattern takes both.
    return _Unmodelled(_path_pattern(path.rstrip("/")), frozenset(methods), since)


def _path_pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]*\}", path)
    return re.compile("[^/]+".join(map(re.escape, parts)) + "/?")
