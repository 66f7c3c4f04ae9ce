"""A request to the control API: the world it is about, and its checked parameters and body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from ...errors import UsageError, to_single_line
from ...worlds import Sessions, World

MAX_TEXT = 1_000
"""Characters of a name, a path's pattern, a time and the like. Chosen: paths of Prefect's API have
up to 100, and a pattern of a million takes seconds to compile."""


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """A request to the control API.

    `world` is the session's, or the server's own. `path_parameters` are the names in the path, such
    as that of a snapshot. `body` is the JSON value, None for an empty body; `body_size` is its size
    in bytes.
    """

    http_request: web.Request
    sessions: Sessions
    world: World
    path_parameters: Mapping[str, str]
    body: Any
    body_size: int = 0

    def query_value(self, name: str) -> str | None:
        """Return a parameter of the query, or None if it is not given."""
        value: str | None = self.http_request.query.get(name)
        return value

    def query_integer(self, name: str, default: int, maximum: int) -> int:
        """Return a parameter of the query as an integer from 0 to `maximum`.

        Raises UsageError for any other text.
        """
        text = self.query_value(name)
        if text is None:
            return default
        # isdigit alone also passes digits such as ², which int refuses; so it does thousands.
        if text.isascii() and text.isdigit():
            digits = text.lstrip("0")
            if len(digits) <= len(str(maximum)) and int(digits or "0") <= maximum:
                return int(digits or "0")
        raise UsageError(f"{name} is {text[:50]!r}; expected a whole number up to {maximum:,}")

    def body_fields(self, *known: str) -> dict[str, Any]:
        """Return the body as an object with `known` fields only; an empty body has no fields.

        Raises UsageError.
        """
        body = {} if self.body is None else self.body
        if not isinstance(body, dict):
            raise UsageError(f"the body is a {type(body).__name__}; expected an object")
        unknown = body.keys() - set(known)
        if unknown:
            # min: a set has no order, and the same body is always refused with the same words.
            came = f"the body has the unknown field {min(unknown)[:50]!r}"
            raise UsageError(f"{came}; expected some of {', '.join(known)}")
        return body


def require_text(name: str, value: Any) -> str:
    """Return `value` if it is a string of at most MAX_TEXT characters.

    Raises UsageError with the name of the field if not.
    """
    if not isinstance(value, str):
        raise UsageError(f"{name} is {to_single_line(repr(value), 50)}; expected a string")
    if len(value) > MAX_TEXT:
        expected = f"expected up to {MAX_TEXT:,} characters"
        raise UsageError(f"{name} has {len(value):,} characters; {expected}")
    return value


def optional_text(name: str, value: Any) -> str | None:
    """Return `value` as `require_text` does, or None."""
    return None if value is None else require_text(name, value)
