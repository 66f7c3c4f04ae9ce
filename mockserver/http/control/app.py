"""The control API, `/_mock`: who may use it, which handler answers, and how errors are returned.

Requests below `/sessions/NAME/_mock` are about that session, all others about the server's own
world. Invariant: `CONTROL_ROUTES` and control.yaml have the same operations.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from functools import cache
from inspect import isawaitable
from typing import Any

import orjson
import yaml
from aiohttp import web

from ... import __version__
from ...errors import NotFound, OutOfBounds, SeedError, UsageError, to_single_line
from ...resources import resource_text
from ...seeds import InvalidJsonError, check_json, collector_paused, has_unique_keys
from ...worlds import Sessions
from ..exchange import (
    HtmlText,
    StreamedJson,
    access_refusal,
    html_reply,
    in_thread,
    json_reply,
    path_in_world,
    when_prepared,
    world_of,
)
from . import insight_handlers as control_insight
from . import journal_handlers as control_journal
from . import world_handlers as control_worlds
from .control_request import ControlRequest

ControlReply = tuple[int, Any]
"""A status, and a value for JSON, a StreamedJson or an HtmlText; None for no body."""
_MIN_PAUSING = 1 << 16
"""Bytes of a body that is large; chosen."""
ControlHandler = Callable[[ControlRequest], ControlReply | Awaitable[ControlReply]]


async def handle_control(
    request: web.Request, body: bytes, sessions: Sessions
) -> web.StreamResponse:
    """Answer a request to the control API.

    Its errors are `{"detail": "..."}`, with `problems` for a seed; the caller writes those that are
    raised: RefusedRequest, and HTTPMethodNotAllowed for a path that has other methods.
    """
    token = sessions.default_world.settings.control_token
    refusal = access_refusal(request, token, "the control API")
    if refusal:
        return refusal
    path = path_in_world(request).removeprefix("/_mock") or "/"
    handler, path_parameters = _match_route(request.method, path)
    # The collector would look at all values of a large body, over and over.
    pause = collector_paused() if len(body) >= _MIN_PAUSING else nullcontext()
    try:
        with pause:
            value = await _read_json(body)
            control_request = ControlRequest(
                request, sessions, world_of(request), path_parameters, value, len(body)
            )
            handled = await when_prepared(handler, control_request)
            status, value = await handled if isawaitable(handled) else handled
    except UsageError as error:
        raise OutOfBounds(str(error)) from None
    except SeedError as error:
        problems = [str(problem) for problem in error.problems]
        return json_reply({"detail": str(error), "problems": problems}, status=422)
    if isinstance(value, StreamedJson):
        return await value.send(request, status)
    if isinstance(value, HtmlText):
        return html_reply(value, status=status)
    return json_reply(value, status=status)


async def _read_json(body: bytes) -> Any:
    if not body:
        return None
    try:
        value = orjson.loads(body)
        await asyncio.sleep(0)  # each of both can take 0.1 s of 4 MiB
        if not has_unique_keys(body, value):
            # In a thread, as it can take half a second of 4 MiB.
            await in_thread(check_json, body, value)
    except (orjson.JSONDecodeError, InvalidJsonError) as error:
        raise UsageError(f"the body is not JSON: {error}") from None
    return value


def _match_route(method: str, path: str) -> tuple[ControlHandler, dict[str, str]]:
    """Return the handler for a request, and the parameters in its path.

    Raises NotFound for an unknown path, HTTPMethodNotAllowed for a path that has other methods.
    """
    allowed = []
    for (route_method, template), handler in CONTROL_ROUTES.items():
        match = _path_pattern(template).fullmatch(path.strip("/"))
        if match and route_method == method:
            return handler, match.groupdict()
        if match:
            allowed.append(route_method)
    if allowed:
        raise web.HTTPMethodNotAllowed(method, allowed)
    raise NotFound(f"no /_mock{to_single_line(path)}; /_mock/openapi.json lists all paths")


@cache
def _path_pattern(template: str) -> re.Pattern[str]:
    """Return the pattern of a path such as `/sessions/{name}`, without slashes at its ends."""
    literal = re.escape(template.strip("/"))
    # re.escape has put a backslash before each brace.
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]*)", literal))


def _index(request: ControlRequest) -> tuple[int, Any]:
    return 200, {
        "version": __version__,
        "document": "/_mock/openapi.json",
        "dialect": request.world.settings.dialect.name,
        "flow_runs": len(request.world.store),
        "sessions": len(request.sessions),
        "sessions_dropped": request.sessions.dropped,
        "paths": [f"{method} /_mock{path}" for method, path in CONTROL_ROUTES],
    }


def _document(_: ControlRequest) -> tuple[int, Any]:
    return 200, document()


@cache
def document() -> Any:
    """Return the OpenAPI document of the control API, control.yaml, as JSON values."""
    return yaml.safe_load(resource_text("http/control/control.yaml"))


CONTROL_ROUTES: Mapping[tuple[str, str], ControlHandler] = {
    ("GET", "/"): _index,
    ("GET", "/openapi.json"): _document,
    ("GET", "/sessions"): control_worlds.list_sessions,
    ("POST", "/sessions"): control_worlds.open_session,
    ("GET", "/sessions/{name}"): control_worlds.read_session,
    ("DELETE", "/sessions/{name}"): control_worlds.drop_session,
    ("GET", "/seeds"): control_worlds.dump,
    ("POST", "/seeds"): control_worlds.load,
    ("PUT", "/seeds"): control_worlds.replace_seeds,
    ("POST", "/flow_runs"): control_worlds.make,
    ("POST", "/reset"): control_worlds.reset,
    ("GET", "/snapshots"): control_worlds.list_snapshots,
    ("PUT", "/snapshots/{name}"): control_worlds.snapshot,
    ("DELETE", "/snapshots/{name}"): control_worlds.drop_snapshot,
    ("POST", "/snapshots/{name}/restore"): control_worlds.restore,
    ("GET", "/journal"): control_journal.list_journal,
    ("DELETE", "/journal"): control_journal.clear_journal,
    ("GET", "/deleted"): control_journal.deleted,
    ("GET", "/report"): control_insight.report,
    ("POST", "/explain"): control_insight.explain,
    ("POST", "/assert/deleted"): control_journal.assert_deleted,
    ("POST", "/assert/called"): control_journal.assert_called,
    ("GET", "/faults"): control_journal.list_faults,
    ("POST", "/faults"): control_journal.add_fault,
    ("DELETE", "/faults"): control_journal.clear_faults,
    ("GET", "/clock"): control_journal.read_clock,
    ("PUT", "/clock"): control_journal.set_clock,
    ("POST", "/clock/advance"): control_journal.advance_clock,
}
