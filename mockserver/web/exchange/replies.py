"""Replies of the page: a view as HTML or as JSON, a file to save, another address.

Invariant: templates escape every text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aiohttp import web
from jinja2 import Environment, FunctionLoader, StrictUndefined

from ... import __version__
from ...errors import to_single_line
from ...http.exchange import json_reply
from ...resources import resource_text
from .headers import HEADERS
from .page_request import PageRequest

NAVIGATION = (
    ("workspace", "/", "Workspace"),
    ("filter", "/page/filter", "Filter"),
    ("report", "/page/report", "Report"),
    ("journal", "/page/journal", "Journal"),
    ("sessions", "/page/sessions", "Sessions"),
    ("contract", "/page/contract", "Contract"),
)
"""The views that each page links to: the template, the path, the word."""


@dataclass(frozen=True, slots=True)
class View:
    """What a view shows: `value` is its JSON, and `shown` what the template `name` has of it.

    `parts` are templates of parts that a script asks for alone.
    """

    name: str
    value: Any
    shown: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Download:
    """A text to be saved as a file."""

    text: str
    media_type: str
    file_name: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Another address to look at, after something has changed."""

    address: str


def reply_with(request: PageRequest, result: View | Download | Moved) -> web.Response:
    """The response that the result of a view becomes."""
    if isinstance(result, Moved):
        return web.Response(status=303, headers={**HEADERS, "Location": result.address})
    if isinstance(result, Download):
        name = f'attachment; filename="{result.file_name}"'
        headers = {**HEADERS, "Content-Disposition": name}
        return web.Response(text=result.text, content_type=result.media_type, headers=headers)
    if not request.wants_html:
        reply = json_reply(result.value, status=result.status)
        reply.headers["Vary"] = "Accept"
        return reply
    text = _render(request, result)
    return web.Response(text=text, content_type="text/html", status=result.status, headers=HEADERS)


def _render(request: PageRequest, view: View) -> str:
    name = f"{view.name}_{request.part}" if request.part in view.parts else view.name
    text = (
        _environment()
        .get_template(f"{name}.html")
        .render(
            request=request,
            root=request.root,
            view=view.name,
            navigation=NAVIGATION,
            version=__version__,
            dialect=request.world.settings.dialect,
            now=request.world.now(),
            **view.shown,
        )
    )
    # A text of a flow run may have a lone surrogate, which UTF-8 cannot say.
    return text.encode(errors="replace").decode()


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(lambda name: resource_text(f"web/templates/{name}")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["utc"] = _utc
    environment.filters["short"] = to_single_line
    return environment


def _utc(instant: datetime) -> str:
    """A time as a reader without scripts sees it; a script adds that of the reader's zone."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
