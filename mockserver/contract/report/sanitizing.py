"""Texts that come from elsewhere, made fit to be shown: printable, bounded, without secrets."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterable, Iterator, Mapping

from ...errors import to_single_line

MAX_LINE_CHARS = 4_000  # characters of a line
MAX_LINES = 100
REDACTED = "[hidden]"
_NON_SECRET_HEADERS = frozenset({
    "accept", "accept-encoding", "accept-language", "content-type", "host", "origin",
    "user-agent", "x-prefect-api-version",
})  # fmt: skip
_MIN_SECRET_LENGTH = 4  # a shorter secret would be found in any text


def sanitize(text: str, secrets: Iterable[str] = ()) -> str:
    """A text of several lines at will, fit to be shown wherever no syntax has to be escaped."""
    lines = redact(text, secrets).splitlines()
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], f"... and {len(lines) - MAX_LINES:,} lines more"]
    return "\n".join(to_single_line(line, MAX_LINE_CHARS) for line in lines)


def sanitize_uncut_line(text: str, secrets: Iterable[str] = ()) -> str:
    """One line that is not cut, such as a command line to be copied."""
    whole = redact(text, secrets)
    return to_single_line(whole, len(whole))


def redact(text: str, secrets: Iterable[str]) -> str:
    """A text in which no secret stands."""
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return text


def secrets_in_headers(headers: Mapping[str, str]) -> Collection[str]:
    """What must not be shown of the headers that requests carry: values, and what they wrap.

    Any header may be a credential but for a few that never are. The longest come first, so that
    none is left in part.
    """
    hidden = [value for name, value in headers.items() if name.lower() not in _NON_SECRET_HEADERS]
    found = {part for value in hidden for part in _parts(value)}
    return sorted(
        (one for one in found if len(one) >= _MIN_SECRET_LENGTH), key=lambda one: (-len(one), one)
    )


def _parts(value: str) -> Iterator[str]:
    yield value
    scheme, _, credentials = value.partition(" ")
    if not credentials:
        return
    yield credentials
    if scheme.lower() == "basic":
        try:
            plain = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return
        yield plain
        yield plain.partition(":")[2]
