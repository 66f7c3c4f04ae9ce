"""The origin guard: a server on loopback answers nothing that a web page could have sent.

It checks the `Host` header (DNS rebinding) and the `Origin` header (cross-site requests).
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address

from aiohttp import web


def origin_refusal(request: web.Request, hosts: frozenset[str] | None) -> str | None:
    """Why a request is refused, as the end of a sentence; None where it is not.

    `hosts` are the allowed names besides those of loopback; None: the server is not bound to
    loopback, and every request is let in. A browser names the page's origin in `Origin`, and
    sends a simple POST without asking the server first (Fetch standard, "CORS protocol").
    """
    if hosts is None:
        return None
    host = request.headers.get("Host")
    if host is not None and not _is_allowed_host(host, hosts):
        return f"addressed to {host[:100]!r}, not to loopback; --allow-host lets a name in"
    origin = request.headers.get("Origin")
    # "null", the origin of a file or a sandboxed frame (RFC 6454, section 6.1), names no host and
    # is refused.
    if origin is not None and not _is_allowed_host(origin.partition("://")[2], hosts):
        return f"sent by a page of {origin[:100]!r}; --allow-host lets its host in"
    return None


_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^][:/@#?%\s]+))(?::\d*)?")


# Most requests repeat one name. Clients choose it, so the cache is bounded.
@lru_cache(maxsize=256)
def _is_allowed_host(host: str, hosts: frozenset[str]) -> bool:
    """Whether `host` or `host:port` names this machine's loopback or an allowed host."""
    shape = _HOST.fullmatch(host.strip().lower())
    if shape is None:
        return False
    # A fully qualified name may end in a dot.
    name = (shape[1] or shape[2]).rstrip(".")
    # RFC 6761, section 6.3: names below localhost are loopback, too.
    if name == "localhost" or name.endswith(".localhost") or name in hosts:
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
