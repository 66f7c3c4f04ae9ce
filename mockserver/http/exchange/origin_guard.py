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
    if "Origin" not in request.headers:
        return None
    for origin in request.headers.getall("Origin"):
        if not _is_allowed_origin(origin, host or "", hosts):
            return f"sent by a page of {origin[:100]!r}; --allow-host lets its host in"
    return None


_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^][:/@#?%\s]+))(?::(\d*))?")


# Most requests repeat one name. Clients choose it, so the cache is bounded.
@lru_cache(maxsize=256)
def _is_allowed_host(host: str, hosts: frozenset[str]) -> bool:
    """Whether `host` or `host:port` names this machine's loopback or an allowed host."""
    found = _split_host(host)
    return found is not None and (found[0] in hosts or _is_loopback_name(found[0]))


@lru_cache(maxsize=256)
def _is_allowed_origin(origin: str, host: str, hosts: frozenset[str]) -> bool:
    """Whether a page of this origin may send requests that are addressed to `host`.

    Pages of an allowed host may, and pages of loopback on the port that the request is addressed
    to: another port is another program, whose pages are foreign. "null", the origin of a file or a
    sandboxed frame (RFC 6454, section 6.1), names no host.
    """
    page, addressed = _split_host(origin.partition("://")[2]), _split_host(host)
    if page is None:
        return False
    if page[0] in hosts:
        return True
    # Browsers leave out the port that is the scheme's default, in both headers.
    return addressed is not None and page[1] == addressed[1] and _is_loopback_name(page[0])


def _split_host(host: str) -> tuple[str, str] | None:
    """The name and the port of `host` or `host:port`; None for anything else."""
    shape = _HOST.fullmatch(host.strip().lower())
    if shape is None:
        return None
    # A fully qualified name may end in a dot.
    return (shape[1] or shape[2]).rstrip("."), shape[3] or ""


def _is_loopback_name(name: str) -> bool:
    # RFC 6761, section 6.3: names below localhost are loopback, too.
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
