"""Open the page of a running server in a browser."""

from __future__ import annotations

import webbrowser
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from ..errors import MockServerError, UsageError

_TIMEOUT = 5.0  # seconds; a running server answers within milliseconds


def open_page(url: str) -> None:
    """Open the page of the server at `url`, which may end in /api, and print the address.

    Raises UsageError if no server with a page is there, MockServerError if there is no browser.
    """
    address = f"{url.rstrip('/').removesuffix('/api')}/"
    if not _is_http(address):
        raise UsageError(f"{url!r} is no address; expected one such as http://127.0.0.1:4300")
    _look_for_page(address)
    print(address, flush=True)  # noqa: T201
    if not webbrowser.open(address):
        raise MockServerError("no browser was found; open the address in one yourself")


def _is_http(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _look_for_page(address: str) -> None:
    """Ask for the list of sessions, which is a small view of the page. Raises UsageError."""
    # Only http and https come here. A proxy would not know this machine's loopback.
    opener = build_opener(ProxyHandler({}))
    request = Request(f"{address}page/sessions.json")  # noqa: S310
    try:
        with opener.open(request, timeout=_TIMEOUT):
            return
    except HTTPError as error:
        # 401: the page is there, and the browser will ask for the control token.
        if error.code == 401:
            return
        raise UsageError(
            f"{address} answers {error.code} where the page should be: is it mockserver, and was "
            "it started without --no-page?"
        ) from None
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise UsageError(
            f"no server answers at {address} ({reason}); start one with: mockserver serve --open"
        ) from None
