"""Texts that come from elsewhere, made fit to be shown: printable, bounded, without secrets."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterable, Iterator, Mapping

from ...errors import in_a_line

MOST = 4_000  # characters of a line
MOST_LINES = 100
HIDDEN = "[hidden]"
_HARMLESS = frozenset({
    "accept", "accept-encoding", "accept-language", "content-type", "host", "origin",
    "user-agent", "x-prefect-api-version",
})  # fmt: skip
_SHORTEST = 4  # a shorter secret would be found in any text


def fit(text: str, secrets: Iterable[str] = ()) -> str:
    """A text of several lines at will, fit to be shown wherever no syntax has to be escaped."""
    lines = without(text, secrets).splitlines()
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"... and {len(lines) - MOST_LINES:,} lines more"]
    return "\n".join(in_a_line(line, MOST) for line in lines)


def fit_whole(text: str, secrets: Iterable[str] = ()) -> str:
    """One line that is not cut, such as a command line to be copied."""
    whole = without(text, secrets)
    return in_a_line(whole, len(whole))


def without(text: str, secrets: Iterable[str]) -> str:
    """A text in which no secret stands."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def secrets_of(headers: Mapping[str, str]) -> Collection[str]:
    """What must not be shown of the headers that requests carry: values, and what they wrap.

    Any header may be a credential but for a few that never are. The longest come first, so that
    none is left in part.
    """
    hidden = [value for name, value in headers.items() if name.lower() not in _HARMLESS]
    found = {part for value in hidden for part in _parts(value)}
    return sorted((one for one in found if len(one) >= _SHORTEST), key=lambda one: (-len(one), one))


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
