"""Which view answers, in which form, and how errors are told. The only file that knows all views.

Invariant: whatever a view shows, it is JSON at the same address, for `Accept: application/json`,
for a path that ends in `.json`, and for any client that does not ask for HTML.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from inspect import isawaitable
from pathlib import Path

from aiohttp import web

from ..errors import NotFound, RefusedRequest, UsageError, to_single_line
from ..http.exchange import path_in_world, refusal_reply, world_of
from ..worlds import Sessions
from .exchange import (
    Download,
    Histories,
    Moved,
    News,
    PageRequest,
    View,
    asset_reply,
    page_refusal,
    read_fields,
    reply_with,
)
from .views import (
    contracts,
    deleting,
    filtering,
    flow_runs,
    journaling,
    kit_report,
    reporting,
    sessions,
    workspace,
)

Shown = View | Download | Moved | web.StreamResponse
ViewFunction = Callable[[PageRequest], Shown | Awaitable[Shown]]

VIEWS: Mapping[tuple[str, str], ViewFunction] = {
    ("GET", "/"): workspace.show_workspace,
    ("GET", "/page/runs/{id}"): flow_runs.show_flow_run,
    ("GET", "/page/filter"): filtering.show_filter,
    ("POST", "/page/filter"): filtering.show_filter,
    ("POST", "/page/delete"): deleting.delete,
    ("POST", "/page/undo"): deleting.undo,
    ("POST", "/page/redo"): deleting.redo,
    ("POST", "/page/reset"): deleting.reset,
    ("GET", "/page/report"): reporting.show_report,
    ("GET", "/page/journal"): journaling.show_journal,
    ("GET", "/page/journal/events"): journaling.send_news,
    ("POST", "/page/faults"): journaling.add_fault,
    ("POST", "/page/faults/clear"): journaling.clear_faults,
    ("POST", "/page/clock"): journaling.set_clock,
    ("GET", "/page/sessions"): sessions.list_sessions,
    ("POST", "/page/sessions"): sessions.open_session,
    ("POST", "/page/sessions/drop"): sessions.drop_session,
    ("GET", "/page/contract"): contracts.show_contract,
    ("GET", "/page/contract/report"): kit_report.show_kit_report,
}
_ASSETS = "/page/assets/"


class Page:
    """The page of one application: its views, and what can be undone in its worlds."""

    def __init__(self, sessions: Sessions, report: Path | None) -> None:
        self._sessions = sessions
        self._kit_report = report
        self._histories = Histories()
        self._news = News()

    async def answer(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """Answer a request. Raises RefusedRequest, and HTTPMethodNotAllowed as a router does."""
        refusal = page_refusal(request, self._sessions.default_world.settings.control_token)
        if refusal is not None:
            return refusal
        path = path_in_world(request)
        if path.startswith(_ASSETS):
            return asset_reply(request, path.removeprefix(_ASSETS))
        wants_json = path.endswith(".json")
        asked = self._request(request, wants_html=not wants_json and _accepts_html(request))
        try:
            return await self._show(asked, path.removesuffix(".json"), body)
        except (UsageError, RefusedRequest) as error:
            return reply_with(asked, _failure(asked, error))

    def _request(self, request: web.Request, *, wants_html: bool) -> PageRequest:
        return PageRequest(
            request,
            self._sessions,
            self._histories,
            self._news,
            world_of(request),
            {},
            {},
            wants_html,
            self._kit_report,
        )

    async def _show(self, asked: PageRequest, path: str, body: bytes) -> web.StreamResponse:
        view, parameters = _match(asked.http_request.method, path)
        fields = read_fields(asked.http_request, body)
        result = view(asked.with_fields(parameters, fields))
        shown = await result if isawaitable(result) else result
        if isinstance(shown, web.StreamResponse):
            return shown
        return reply_with(asked.with_fields(parameters, fields), shown)


def _accepts_html(request: web.Request) -> bool:
    return "text/html" in request.headers.get("Accept", "")


def _match(method: str, path: str) -> tuple[ViewFunction, dict[str, str]]:
    """The view of a path, and the parameters in it. Raises NotFound and HTTPMethodNotAllowed."""
    allowed = []
    for (view_method, template), view in VIEWS.items():
        match = _pattern(template).fullmatch(path)
        if match and view_method == ("GET" if method == "HEAD" else method):
            return view, match.groupdict()
        if match:
            allowed.append(view_method)
    if allowed:
        raise web.HTTPMethodNotAllowed(method, allowed)
    raise NotFound(f"the page has no {to_single_line(path, 100)}")


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + "/?")


def _failure(asked: PageRequest, error: UsageError | RefusedRequest) -> View:
    """A page with an error that a view has not told by itself."""
    status = 422
    if isinstance(error, RefusedRequest):
        status, _ = refusal_reply(error, asked.world.settings.dialect)
    title = "Not found" if status == 404 else "This cannot be done"
    detail = str(error)
    return View("error", {"detail": detail}, {"title": title, "detail": detail}, status)
