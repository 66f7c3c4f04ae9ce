"""The endpoints that a real Prefect server of any release has and the mock does not model.

A request to one of them is answered 501 with a text that says so, unlike one to an unknown path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

# As the document of Prefect 3.9.1 lists them. The websocket of workers, which older releases lack,
# is none of them: a worker that is answered 405 uses the other endpoints, and one that is answered
# 501 tries again and again (Prefect: workers/_worker_channel/_transport.py,
# classify_setup_exception).
UNMODELLED_ENDPOINTS: Mapping[str, tuple[str, ...]] = {
    "/automations/": ("POST",),
    "/automations/{id}": ("PATCH", "PUT"),
    "/saved_searches/": ("PUT",),
}


def is_unmodelled(method: str, path: str) -> bool:
    """Whether only a real server has this endpoint. `path` is without /api."""
    return any(
        method in methods and pattern.fullmatch(path)
        for pattern, methods in _unmodelled_endpoints().items()
    )


def unmodelled_routes() -> tuple[tuple[str, str], ...]:
    """The method and the path of each."""
    return tuple(
        (method, path) for path, methods in UNMODELLED_ENDPOINTS.items() for method in methods
    )


@cache
def _unmodelled_endpoints() -> Mapping[re.Pattern[str], tuple[str, ...]]:
    # Starlette redirects a path with a slash too many or too few: the pattern takes both.
    return {
        _path_pattern(path.rstrip("/")): methods for path, methods in UNMODELLED_ENDPOINTS.items()
    }


def _path_pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]*\}", path)
    return re.compile("[^/]+".join(map(re.escape, parts)) + "/?")
