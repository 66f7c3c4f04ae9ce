"""A request to the page: the world it is about, and the fields of its address and its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from aiohttp import web

from ...errors import UsageError
from ...http.exchange import SESSION_PREFIX
from ...worlds import Sessions, World
from .history import Histories, History
from .news import News

_MAX_FIELDS = 100
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request to the page.

    `world` is the session's, or the server's own; `parameters` are the names in the path. `fields`
    are those of the address and of a form, each with all its values. `wants_html`: JSON otherwise.
    `kit_report` is the folder of the contract kit's last report, None where nobody named it.
    """

    http_request: web.Request
    sessions: Sessions
    histories: Histories
    news: News
    world: World
    parameters: Mapping[str, str]
    fields: Mapping[str, list[str]]
    wants_html: bool
    kit_report: Path | None

    def with_fields(
        self, parameters: Mapping[str, str], fields: Mapping[str, list[str]]
    ) -> PageRequest:
        """The same request with what was read of its path, its address and its form."""
        return replace(self, parameters=parameters, fields=fields)

    def field(self, name: str, default: str = "") -> str:
        """The last value of a field."""
        return self.fields.get(name, [default])[-1]

    def all_of(self, name: str) -> list[str]:
        """The values of a field that are not empty."""
        return [value for value in self.fields.get(name, ()) if value.strip()]

    def number(self, name: str, default: int, maximum: int) -> int:
        """A field as a whole number from 0 to `maximum`. Raises UsageError for any other text."""
        text = self.field(name) or str(default)
        digits = len(str(maximum))
        if text.isascii() and text.isdigit() and len(text) <= digits and int(text) <= maximum:
            return int(text)
        raise UsageError(f"{name} is {text[:50]!r}; expected a whole number up to {maximum:,}")

    @property
    def part(self) -> str:
        """The part of the view that is wanted alone; empty for all of it."""
        return self.field("part")

    @property
    def session(self) -> str | None:
        """The name of the session; None in the server's own world."""
        path = self.http_request.rel_url.raw_path
        if not path.startswith(SESSION_PREFIX):
            return None
        return path.removeprefix(SESSION_PREFIX).partition("/")[0]

    @property
    def root(self) -> str:
        """What all paths of this world begin with: `/sessions/NAME`, or nothing."""
        return "" if self.session is None else f"{SESSION_PREFIX}{self.session}"

    def address(self, path: str, **fields: str) -> str:
        """The address of a view of this world."""
        return f"{self.root}{path}?{urlencode(fields)}" if fields else f"{self.root}{path}"

    @property
    def url(self) -> str:
        """The base URL of this world, by the name by which the client reached the server."""
        return f"{self.http_request.scheme}://{self.http_request.host}{self.root}"

    @property
    def history(self) -> History:
        """What can be undone in this world."""
        return self.histories.of(self.world)


def read_fields(request: web.Request, body: bytes) -> dict[str, list[str]]:
    """The fields of the address and of the form. Raises UsageError for a body that is no form."""
    fields: dict[str, list[str]] = {}
    for name, value in request.query.items():
        fields.setdefault(name, []).append(value)
    if not body:
        return fields
    if request.content_type != _FORM:
        raise UsageError(f"the body is {request.content_type[:60]}; expected {_FORM}")
    try:
        form = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:  # UnicodeDecodeError is one
        raise UsageError(f"the form cannot be read: {str(error)[:80]}") from None
    return {**fields, **form}
