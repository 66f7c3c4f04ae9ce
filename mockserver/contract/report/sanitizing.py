"""Sanitizing texts from a server before they are shown: printable, bounded, without secrets."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterable, Iterator, Mapping

from ...errors import to_single_line

# A server may answer megabytes; a report shows the beginning.
MAX_LINE_CHARS = 4_000
MAX_LINES = 100
REDACTED = "[hidden]"
_NON_SECRET_HEADERS = frozenset({
    "accept", "accept-encoding", "accept-language", "content-type", "host", "origin",
    "user-agent", "x-prefect-api-version",
})  # fmt: skip
_MIN_SECRET_LENGTH = 4  # a shorter secret would be found in any text


def sanitize(text: str, secrets: Iterable[str] = ()) -> str:
    """A text, of one or more lines, without control characters and secrets, cut to a bounded size.

    The syntax of the place where it is shown must still be escaped.
    """
    lines = redact(text, secrets).splitlines()
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], f"... and {len(lines) - MAX_LINES:,} more lines"]
    return "\n".join(to_single_line(line, MAX_LINE_CHARS) for line in lines)


def sanitize_uncut_line(text: str, secrets: Iterable[str] = ()) -> str:
    """A text as one line that is not cut, such as a command to be copied."""
    whole = redact(text, secrets)
    return to_single_line(whole, len(whole))


def redact(text: str, secrets: Iterable[str]) -> str:
    """A text with each secret replaced. Longer secrets must come before their parts."""
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return text


def secrets_in_headers(headers: Mapping[str, str]) -> Collection[str]:
    """The texts of request headers that must not be shown: values, and credentials within them.

    Any header may hold a credential, except a few that never do. The longest come first, so that
    none is replaced only in part.
    """
    values = [value for name, value in headers.items() if name.lower() not in _NON_SECRET_HEADERS]
    secrets = {secret for value in values for secret in _credentials(value)}
    return sorted(
        (secret for secret in secrets if len(secret) >= _MIN_SECRET_LENGTH),
        key=lambda secret: (-len(secret), secret),
    )


def _credentials(value: str) -> Iterator[str]:
    """A header's value; what follows a scheme such as Bearer; user and password of Basic."""
    yield value
    scheme, _, credentials = value.partition(" ")
    if not credentials:
        return
    yield credentials
    # RFC 7617: user and password in base64, joined by a colon. A scheme ignores case (RFC 9110).
    if scheme.lower() == "basic":
        try:
            plain = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return
        yield plain
        yield plain.partition(":")[2]
