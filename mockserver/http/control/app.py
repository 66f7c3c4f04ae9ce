"""The control API, `/_mock`: sessions, seeds, journal, faults and clock, for any language.

Below `/sessions/NAME/_mock` it is about that session, else about the server's own world.
"""

from __future__ import annotations

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
from . import journal as control_journal
from . import worlds as control_worlds
from .requests import ControlRequest

ControlHandler = Callable[[ControlRequest], "tuple[int, Any]"]


async def handle_control(
    request: web.Request, body: bytes, sessions: Sessions
) -> web.StreamResponse:
    """Answer a request for the control API; errors are `{"detail": "..."}` throughout.

    Raises RefusedRequest for what cannot be, HTTPMethodNotAllowed.
    """
    refusal = _access_refusal(request, sessions.origin.settings.control_token)
    if refusal:
        status, told = refusal
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
        return web.json_response({"detail": told}, status=status, headers=headers)
    path = path_in_world(request).removeprefix("/_mock") or "/"
    deed, names = _match_route(request.method, path)
    try:
        order = ControlRequest(request, sessions, world_of(request), names, _read(body))
        status, value = deed(order)
    except UsageError as error:
        raise OutOfBounds(str(error)) from None
    except SeedError as error:
        problems = [str(problem) for problem in error.problems]
        return json_reply({"detail": str(error), "problems": problems}, status=422)
    return json_reply(value, status=status)


def _access_refusal(request: web.Request, token: str | None) -> tuple[int, str] | None:
    """Why somebody may not steer; None where they may."""
    if token is not None:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if compare_digest(shown.encode(errors="replace"), token.encode()):
            return None
        return 401, "the control API wants the header: Authorization: Bearer TOKEN"
    if not _is_loopback(request.remote) or origin_refusal(request, frozenset()):
        return 403, "the control API is for this machine alone; --control-token lets others in"
    return None


def _is_loopback(address: str | None) -> bool:
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def _read(body: bytes) -> Any:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"the body is no JSON: {error}") from None


def _match_route(method: str, path: str) -> tuple[ControlHandler, dict[str, str]]:
    """What is to be done, with the names in its path. Raises NotThere, HTTPMethodNotAllowed."""
    parts = path.strip("/").split("/")
    allowed = []
    for (one, pattern), deed in CONTROL_ROUTES.items():
        wanted = pattern.strip("/").split("/")
        if len(wanted) != len(parts):
            continue
        pairs = list(zip(wanted, parts, strict=True))
        if all(part == want or want.startswith("{") for want, part in pairs):
            if one == method:
                return deed, {want[1:-1]: part for want, part in pairs if want.startswith("{")}
            allowed.append(one)
    if allowed:
        raise web.HTTPMethodNotAllowed(method, allowed)
    raise NotFound(f"no /_mock{to_single_line(path)}; /_mock/openapi.json says what there is")


def _index(order: ControlRequest) -> tuple[int, Any]:
    return 200, {
        "version": __version__,
        "document": "/_mock/openapi.json",
        "dialect": order.world.settings.dialect.name,
        "flow_runs": len(order.world.store),
        "sessions": len(order.sessions),
        "sessions_dropped": order.sessions.dropped,
        "paths": [f"{method} /_mock{path}" for method, path in CONTROL_ROUTES],
    }


def _document(_: ControlRequest) -> tuple[int, Any]:
    return 200, document()


@cache
def document() -> Any:
    """The OpenAPI document of the control API."""
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
