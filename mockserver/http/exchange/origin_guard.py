"""Who may ask: on loopback, nobody that a web page could have sent."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address

from aiohttp import web


def origin_refusal(request: web.Request, hosts: frozenset[str] | None) -> str | None:
    """What makes a request one that a web page may have sent; None where nothing does.

    Looked at only while bound to loopback (`hosts` is not None): a name that is neither a
    loopback one nor one of `hosts` (DNS rebinding), or a page of another origin, which may post
    without asking first.
    """
    if hosts is None:
        return None
    host = request.headers.get("Host")
    if host is not None and not _is_allowed_host(host, hosts):
        return f"addressed to {host[:100]!r}, not to loopback; --allow-host lets a name in"
    origin = request.headers.get("Origin")
    if origin is not None and not _is_allowed_host(origin.partition("://")[2], hosts):
        return f"sent by a page of {origin[:100]!r}; --allow-host lets its host in"
    return None


_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^][:/@#?%\s]+))(?::\d*)?")


@lru_cache(maxsize=256)
def _is_allowed_host(host: str, hosts: frozenset[str]) -> bool:
    """Whether `host` or `host:port` names this machine's loopback or an allowed host."""
    shape = _HOST.fullmatch(host.strip().lower())
    if shape is None:
        return False
    name = (shape[1] or shape[2]).rstrip(".")
    if name == "localhost" or name.endswith(".localhost") or name in hosts:
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
