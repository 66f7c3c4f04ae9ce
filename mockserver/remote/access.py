"""How a server is reached: the URL of its API, and the headers that carry the credentials."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from ..errors import UsageError, to_single_line


def normalize_api_url(url: str) -> str:
    """The URL of an API from what the user typed: http:// and /api are added if missing.

    Raises UsageError if it is not an http(s) URL, or holds a password.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host_and_port = parts.hostname, parts.port
    except ValueError:
        host_and_port = (None, None)
    if (
        not host_and_port[0]
        or parts.scheme not in ("http", "https")
        or parts.query
        or parts.fragment
    ):
        raise UsageError(
            f"{to_single_line(url)!r} is not the URL of a server; expected http://HOST:PORT/api"
        )
    path = parts.path.rstrip("/") or "/api"
    if parts.username is not None:  # every report would show it
        raise UsageError("a URL may not hold a password; use --header or PREFECT_API_KEY for it")
    return parts._replace(path=path).geturl()


def is_loopback(url: str) -> bool:
    """Whether a URL is of this machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def build_headers(header_options: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """The headers of every request: credentials from the environment, then `header_options`.

    Credentials are read as Prefect's client reads them: PREFECT_API_AUTH_STRING for a self-hosted
    server, PREFECT_API_KEY for Prefect Cloud. An option replaces a header of the same name.

    Raises UsageError for an option that is not 'Name: value', and for a value that no header can
    have.
    """
    headers: dict[str, str] = {}
    if environment.get("PREFECT_API_AUTH_STRING"):
        encoded = base64.b64encode(environment["PREFECT_API_AUTH_STRING"].encode()).decode()
        headers["Authorization"] = f"Basic {encoded}"
    # Prefect: client/orchestration/__init__.py, PrefectClient: the auth string comes first.
    elif environment.get("PREFECT_API_KEY"):
        headers["Authorization"] = f"Bearer {environment['PREFECT_API_KEY'].strip()}"
    for header in header_options:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise UsageError(f"--header is {to_single_line(header)!r}; expected 'Name: value'")
        headers = {key: current for key, current in headers.items() if key.lower() != name.lower()}
        headers[name.strip()] = value.strip()
    for name, value in headers.items():
        if not value.isprintable():  # the error does not repeat it: it may be a secret
            raise UsageError(
                f"the value of the header {to_single_line(name)} holds a control character"
            )
        # http.client encodes values as Latin-1, and raises for any other character.
        if not _is_latin_1(name + value):
            raise UsageError(
                f"the header {to_single_line(name)} holds a character that is not in Latin-1, "
                "so it cannot be sent"
            )
    return headers


def _is_latin_1(text: str) -> bool:
    return all(letter <= "\xff" for letter in text)
