"""Who may steer the server: use the control API, or name a fault in a header."""

from __future__ import annotations

from hmac import compare_digest
from ipaddress import ip_address

from aiohttp import web

from .origin_guard import origin_refusal
from .responses import json_reply


def access_refusal(request: web.Request, token: str | None, what: str) -> web.Response | None:
    """The reply that refuses `what`, the subject of a sentence, or None if it is allowed.

    With a token, any client that sends it is allowed. Without one, only clients on this machine
    are, unless a web page could have sent the request.
    """
    if token is not None:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        # compare_digest takes the same time wherever they differ; as text it takes ASCII only.
        if compare_digest(sent.encode(errors="replace"), token.encode()):
            return None
        detail = f"{what} needs the header Authorization: Bearer TOKEN"
        reply = json_reply({"detail": detail}, status=401)
        # RFC 9110, section 15.5.2: a 401 names a scheme.
        reply.headers["WWW-Authenticate"] = "Bearer"
        return reply
    # frozenset(): --allow-host opens Prefect's API to other names, not this.
    if is_loopback(request.remote) and origin_refusal(request, frozenset()) is None:
        return None
    detail = f"{what} is only for this machine; --control-token-file allows others"
    return json_reply({"detail": detail}, status=403)


def is_loopback(address: str | None) -> bool:
    """Whether the address of a client is one of this machine's loopback interface."""
    try:
        # An IPv6 address may end in a zone, such as %eth0.
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    # A socket for IPv6 and IPv4 reports an IPv4 client as ::ffff:127.0.0.1.
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
