"""Who may look: whoever may use the control API, as the page changes sessions, faults and clock.

A browser cannot send `Authorization: Bearer` when an address is opened, so it may send the token
as a password, for which it asks by itself.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from hmac import compare_digest
from urllib.parse import urlsplit

from aiohttp import web

from ...http.exchange import access_refusal

_CHALLENGE = 'Basic realm="mockserver: any name, and the control token as the password"'


def page_refusal(request: web.Request, token: str | None) -> web.Response | None:
    """The reply that refuses a request, or None if it is allowed."""
    if token is not None and _has_password(request, token) and _is_own_page(request):
        return None
    refusal = access_refusal(request, token, "the page")
    if refusal is not None and refusal.status == 401:
        refusal.headers["WWW-Authenticate"] = _CHALLENGE
    return refusal


def _has_password(request: web.Request, token: str) -> bool:
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        password = b64decode(sent, validate=True).partition(b":")[2]
    except (Error, ValueError):
        return False
    return compare_digest(password, token.encode())


def _is_own_page(request: web.Request) -> bool:
    """Whether no page of another origin has sent it: browsers add a password to those, too.

    They name the origin with every request that is not a GET (Fetch standard, "Origin header").
    """
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc.lower() == request.host.lower()
