"""What is wanted of the control API: a world, and the parts of a request that say what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from ...errors import UsageError
from ...worlds import Sessions, World


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """What is wanted: of which world, with which parts of the path, query and body (None: none)."""

    request: web.Request
    sessions: Sessions
    world: World
    names: Mapping[str, str]
    body: Any

    def query(self, name: str) -> str | None:
        """A parameter of the query, or None."""
        found: str | None = self.request.query.get(name)
        return found

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number of the query. Raises UsageError."""
        text = self.query(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or int(text) > most:
            raise UsageError(f"{name} is {text[:50]!r}; expected a whole number up to {most:,}")
        return int(text)

    def fields(self, *known: str) -> dict[str, Any]:
        """The body as an object of known fields; an absent one is an empty one."""
        body = {} if self.body is None else self.body
        if not isinstance(body, dict):
            raise UsageError(f"the body is a {type(body).__name__}; expected an object")
        unknown = body.keys() - set(known)
        if unknown:
            came = f"the body has the unknown field {min(unknown)!r}"
            raise UsageError(f"{came}; expected some of {', '.join(known)}")
        return body


def require_text(name: str, value: Any) -> str:
    """A value that has to be a text. Raises UsageError."""
    if not isinstance(value, str):
        raise UsageError(f"{name} is {value!r}; expected a text")
    return value
