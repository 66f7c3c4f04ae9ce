"""The control API, `/_mock`: who may use it, which handler answers, and how errors are returned.

Requests below `/sessions/NAME/_mock` are about that session, all others about the server's own
world. Invariant: `CONTROL_ROUTES` and control.yaml have the same operations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from hmac import compare_digest
from importlib.resources import files
from ipaddress import ip_address
from typing import Any

import orjson
import yaml
from aiohttp import web

from ... import __version__
from ...errors import NotFound, OutOfBounds, SeedError, UsageError, to_single_line
from ...worlds import Sessions
from ..exchange import json_reply, origin_refusal, path_in_world, world_of
from . import journal_handlers as control_journal
from . import world_handlers as control_worlds
from .control_request import ControlRequest

ControlHandler = Callable[[ControlRequest], "tuple[int, Any]"]
"""Returns a status, and a value for JSON or None for no body."""


async def handle_control(
    request: web.Request, body: bytes, sessions: Sessions
) -> web.StreamResponse:
    """Answer a request to the control API.

    Its errors are `{"detail": "..."}`, with `problems` for a seed; the caller writes those that are
    raised: RefusedRequest, and HTTPMethodNotAllowed for a path that has other methods.
    """
    refusal = _access_refusal(request, sessions.default_world.settings.control_token)
    if refusal:
        status, detail = refusal
        # RFC 9110, section 15.5.2: a 401 names a scheme.
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
        return web.json_response({"detail": detail}, status=status, headers=headers)
    path = path_in_world(request).removeprefix("/_mock") or "/"
    handler, path_parameters = _match_route(request.method, path)
    try:
        control_request = ControlRequest(
            request, sessions, world_of(request), path_parameters, _read_json(body)
        )
        status, value = handler(control_request)
    except UsageError as error:
        raise OutOfBounds(str(error)) from None
    except SeedError as error:
        problems = [str(problem) for problem in error.problems]
        return json_reply({"detail": str(error), "problems": problems}, status=422)
    return json_reply(value, status=status)


def _access_refusal(request: web.Request, token: str | None) -> tuple[int, str] | None:
    """Return the status and detail that refuse a request, or None if it is allowed.

    With a token, any client that sends it is allowed. Without one, only clients on this machine
    are, unless a web page could have sent the request.
    """
    if token is not None:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        # compare_digest takes the same time wherever they differ; as text it takes ASCII only.
        if compare_digest(sent.encode(errors="replace"), token.encode()):
            return None
        return 401, "the control API needs the header Authorization: Bearer TOKEN"
    # frozenset(): --allow-host opens Prefect's API to other names, not this one.
    if not _is_loopback(request.remote) or origin_refusal(request, frozenset()):
        return 403, "the control API is only for this machine; --control-token allows others"
    return None


def _is_loopback(address: str | None) -> bool:
    try:
        # An IPv6 address may end in a zone, such as %eth0.
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    # A socket for IPv6 and IPv4 reports an IPv4 client as ::ffff:127.0.0.1.
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def _read_json(body: bytes) -> Any:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"the body is not JSON: {error}") from None


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
    return yaml.safe_load(files(__package__ or "mockserver").joinpath("control.yaml").read_bytes())


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
    ("POST", "/assert/deleted"): control_journal.assert_deleted,
    ("POST", "/assert/called"): control_journal.assert_called,
    ("GET", "/faults"): control_journal.list_faults,
    ("POST", "/faults"): control_journal.add_fault,
    ("DELETE", "/faults"): control_journal.clear_faults,
    ("GET", "/clock"): control_journal.read_clock,
    ("PUT", "/clock"): control_journal.set_clock,
    ("POST", "/clock/advance"): control_journal.advance_clock,
}
