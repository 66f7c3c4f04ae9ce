"""The aiohttp application: bytes in, bytes out. The only room that knows routes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from aiohttp import web

from ..errors import (
    InvalidRequest,
    NotModelled,
    OutOfBounds,
    RefusedRequest,
    ServerFailure,
    to_single_line,
)
from ..operations import (
    CONSTANT_REPLIES,
    ENDPOINTS,
    MODELLED_SUMMARY,
    Context,
    Endpoint,
    Plan,
    execute_bulk_delete,
    plan_bulk_delete,
    sort_warnings,
)
from ..prefect import is_unmodelled, openapi
from ..requests import (
    JSON_MEDIA_TYPE,
    BulkDeleteRequest,
    Message,
    check_api_version,
    parse_api_version,
    read_request,
    read_uuid,
)
from ..resources import resource_path
from ..store import Store
from ..worlds import FAULT_HEADER as FAULT_HEADER
from ..worlds import Sessions, World
from ..worlds import Settings as Settings
from .exchange import (
    ERROR_KEY,
    NOTE_KEY,
    WORLD_KEY,
    SessionNotFound,
    SessionResource,
    creator_from_headers,
    decode_latin_1,
    handle_expect,
    intercept,
    json_reply,
    log_warnings,
    origin_refusal,
    path_in_world,
    read_body,
    read_message,
    refusal_reply,
    world_of,
)

log = logging.getLogger("mockserver")

SESSIONS_KEY = web.AppKey("sessions", Sessions)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def create_app(store: Store, settings: Settings | None = None) -> web.Application:
    """An application that serves and changes `store`.

    Every path is served with and without the prefix `/api`, as Prefect's clients expect it.
    """
    return create_sessions_app(Sessions(World(store, settings or Settings())))


def create_sessions_app(sessions: Sessions) -> web.Application:
    """An application that serves the world that sessions start from and, below `/sessions/NAME`,
    the world of each; of all of them it can be steered below `/_mock`.
    """
    app = web.Application(middlewares=[_middleware])
    app[SESSIONS_KEY] = sessions
    app[WORLD_KEY] = sessions.origin
    for prefix in ("", "/api"):
        for method, path, handler in ROUTES:
            app.router.add_route(method, prefix + path, handler, expect_handler=handle_expect)
    app.router.add_route("*", "/_mock{tail:(/.*)?}", _control)
    app.router.register_resource(SessionResource(app.router, sessions))
    return app


async def _bulk_delete(request: web.Request) -> web.Response:
    world = world_of(request)
    message = await read_message(request, world)
    plan, warned = _cached_plan(world, message)
    try:
        deletion = execute_bulk_delete(plan, world.store, keep_runs=world.journal is not None)
    except RefusedRequest as refusal:
        refusal.warnings = sort_warnings({*refusal.warnings, *warned})
        raise
    if world.journal is not None:
        request[NOTE_KEY] = (deletion.runs, plan.predicate, plan.limit)
    warnings = sort_warnings({*deletion.warnings, *warned}) if warned else deletion.warnings
    if warnings:
        deleted = len(deletion.deleted)
        log_warnings("%s deleted %d: %s", request.path, deleted, plan.sentence, warnings=warnings)
    return json_reply({"deleted": deletion.deleted}, warnings=warnings)


_PLAN_CACHE_SIZE = 16
_MAX_CACHED_BODY = 4096


def _cached_plan(world: World, message: Message) -> tuple[Plan, frozenset[str]]:
    """The plan of a request, and what the way it is written earns.

    A script that drains sends one body over and over, so the plans of the last few plain ones
    are kept. A body that is read in an unusual way (by a header, by the clock) is not plain.
    """
    plain = message.content_type == JSON_MEDIA_TYPE and message.api_version is None
    recent, dialect = world.recent, world.settings.dialect
    known = recent.get(message.body) if plain else None
    if known is not None:
        return known, frozenset()
    reading = read_request(message, BulkDeleteRequest, dialect, world.now())
    plan = plan_bulk_delete(reading.request, dialect)
    if plain and not reading.warnings and len(message.body) <= _MAX_CACHED_BODY:
        if len(recent) >= _PLAN_CACHE_SIZE:
            del recent[next(iter(recent))]
        recent[message.body] = plan
    return plan, reading.warnings


def _endpoint_handler(endpoint: Endpoint) -> Handler:
    """What answers an endpoint that is more than a constant."""

    async def handle(request: web.Request) -> web.Response:
        world = world_of(request)
        settings = world.settings
        message = await read_message(request, world)
        now = world.now()
        warned: frozenset[str] = frozenset()
        if endpoint.body is None:
            check_api_version(message.api_version, settings.dialect)
        arguments, wrong = _read_parameters(request, endpoint)
        if endpoint.model is not None:
            reading = read_request(message, endpoint.model, settings.dialect, now, wrong)
            arguments.append(reading.request)
            warned = reading.warnings
        elif wrong:
            raise InvalidRequest(wrong, None)
        context = Context(
            world.store,
            settings.dialect,
            now,
            world.new_id,
            parse_api_version(message.api_version),
            creator_from_headers(request),
        )
        try:
            outcome = endpoint.call(context, *arguments)
        except RefusedRequest as refusal:
            refusal.warnings = sort_warnings({*refusal.warnings, *warned})
            raise
        if outcome.deleted:
            request[NOTE_KEY] = (outcome.deleted, outcome.because, None)
        warnings = sort_warnings({*outcome.warnings, *warned}) if warned else outcome.warnings
        if warnings:
            about = f"{request.path}: {outcome.sentence}" if outcome.sentence else request.path
            log_warnings("%s", about, warnings=warnings)
        status = endpoint.made if outcome.made else endpoint.status
        try:
            return json_reply(
                outcome.value,
                status=status,
                warnings=warnings,
                narrow=endpoint.narrow and settings.dialect.huge_integers,
            )
        except UnicodeEncodeError:  # which SQLite has taken among JSON
            raise ServerFailure("a lone surrogate in a reply", retryable=False) from None

    return handle


def _read_parameters(
    request: web.Request, endpoint: Endpoint
) -> tuple[list[Any], list[Mapping[str, Any]]]:
    """What the path and the query say, and what is wrong with it. Raises HTTPNotFound."""
    values: list[Any] = []
    wrong: list[Mapping[str, Any]] = []
    for name, text in request.match_info.items():
        if name == "id":  # that it is one, the path has seen to
            values.append(str(UUID(text)))
        elif "\n" in text:  # no path of a real server has a line break
            raise web.HTTPNotFound
        elif name == "lease_id":
            _append_uuid(values, wrong, text, "path", name)
        else:
            values.append(text)
    for name in endpoint.query:
        _append_uuid(values, wrong, _last_query_value(request, name), "query", name)
    return values, wrong


def _append_uuid(
    values: list[Any], wrong: list[Mapping[str, Any]], text: str | None, *loc: str
) -> None:
    """Add an id, in the form in which all are kept, or what is wrong with it."""
    try:
        values.append(read_uuid(text, *loc))
    except InvalidRequest as refusal:
        wrong += refusal.errors


def _last_query_value(request: web.Request, name: str) -> str | None:
    """What the query says, the last time that it says it."""
    said = request.query.getall(name, [])
    return said[-1] if said else None


def _constant_handler(path: str, value: object) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        if path not in _UNVERSIONED_PATHS:
            _check_version(request)
        return json_reply(value)

    return handle


_UNVERSIONED_PATHS = ("/health", "/version")
"""Paths of which a real server does not ask what its client is written for."""


def _check_version(request: web.Request) -> None:
    version = decode_latin_1(request.headers.get("x-prefect-api-version"))
    check_api_version(version, world_of(request).settings.dialect)


async def _csrf_token(request: web.Request) -> web.Response:
    _check_version(request)
    if "client" not in request.query:
        missing = {"type": "missing", "loc": ("query", "client"), "msg": "Field required"}
        raise InvalidRequest([{**missing, "input": None}], None)
    raise OutOfBounds("CSRF protection is disabled.")


async def _openapi_yaml(_: web.Request) -> web.Response:
    return web.Response(text=openapi.source_text(), content_type="application/yaml")


async def _openapi_json(_: web.Request) -> web.Response:
    return json_reply(openapi.document())


async def _docs(_: web.Request) -> web.Response:
    return web.Response(
        text=resource_path("http/docs.html").read_text(encoding="utf-8"), content_type="text/html"
    )


async def _events_in(request: web.Request) -> web.StreamResponse:
    world = world_of(request)

    def context() -> Context:
        return Context(world.store, world.settings.dialect, world.now(), world.new_id)

    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise web.HTTPNotFound
    from .events_websocket import receive_events  # which only those need who run flows

    return await receive_events(request, context)


async def _control(request: web.Request) -> web.StreamResponse:
    from .control import handle_control  # which only those need who steer

    body = await read_body(request, world_of(request).settings)
    return await handle_control(request, body, request.app[SESSIONS_KEY])


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/flow_runs/bulk_delete", _bulk_delete),
    ("GET", "/events/in", _events_in),
    *((endpoint.method, endpoint.path, _endpoint_handler(endpoint)) for endpoint in ENDPOINTS),
    *(("GET", path, _constant_handler(path, value)) for path, value in CONSTANT_REPLIES.items()),
    ("GET", "/csrf-token", _csrf_token),
    ("GET", "/openapi.yaml", _openapi_yaml),
    ("GET", "/openapi.json", _openapi_json),
    ("GET", "/docs", _docs),
)


@web.middleware
def _middleware(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
    """Look at what is to be looked at, and let go wrong what is to; else answer at once."""
    world = world_of(request)
    if (world.observed or FAULT_HEADER in request.headers) and handler is not _control:
        return intercept(request, partial(_handle_errors, handler, world), world)
    return _handle_errors(handler, world, request)


async def _handle_errors(
    handler: Handler, world: World, request: web.Request
) -> web.StreamResponse:
    """Refuse strangers; map every error to its reply."""
    try:
        strange = origin_refusal(request, world.settings.hosts)
        if strange:
            log.warning("refused a request %s", to_single_line(strange))
            return json_reply({"detail": strange}, status=403, close=True)
        try:
            return await handler(request)
        except RefusedRequest as refusal:
            return _refusal_response(request, refusal)
        except web.HTTPException as error:
            return await _http_error_response(request, error)
    except (ConnectionError, web.RequestPayloadError):
        return json_reply({"detail": "the body could not be read"}, status=400, close=True)
    except Exception as error:
        log.exception("%s %s failed: a bug in mockserver", request.method, request.path)
        request[ERROR_KEY] = error
        return json_reply({"exception_message": "Internal Server Error"}, status=500, close=True)


def _refusal_response(request: web.Request, refusal: RefusedRequest) -> web.Response:
    status, reply = refusal_reply(refusal, world_of(request).settings.dialect)
    warnings = sort_warnings(refusal.warnings)
    if warnings:
        log_warnings(
            "%s refused with %d: %s", request.path, status, str(refusal), warnings=warnings
        )
    return json_reply(reply, status=status, warnings=warnings, close=status in (500, 503))


async def _http_error_response(request: web.Request, error: web.HTTPException) -> web.Response:
    """What the router and the body reader raise, in the words of a real server."""
    path = request.rel_url.raw_path
    if isinstance(error, SessionNotFound):
        return json_reply({"detail": error.reason}, status=404)
    if isinstance(error, web.HTTPNotFound | web.HTTPMethodNotAllowed):
        plain = path_in_world(request).removeprefix("/api")
        if is_unmodelled(request.method, plain):
            return _refusal_response(
                request, NotModelled(_not_modelled_message(request.method, plain))
            )
    if isinstance(error, web.HTTPNotFound):
        location = path.rstrip("/") if path.endswith("/") else f"{path}/"
        if await _has_route(request, location):
            query = request.rel_url.raw_query_string
            return web.Response(
                status=307, headers={"Location": f"{location}?{query}" if query else location}
            )
    # After a body that was not read to its end, what comes next is not a request.
    reply = json_reply(
        {"detail": error.reason}, status=error.status, close=error.status in (408, 413)
    )
    if isinstance(error, web.HTTPMethodNotAllowed):
        reply.headers["Allow"] = error.headers["Allow"]
    return reply


async def _has_route(request: web.Request, path: str) -> bool:
    if not path or path.startswith("//"):  # which names another host
        return False
    found = await request.app.router.resolve(request.clone(rel_url=path))
    return not isinstance(found.http_exception, web.HTTPNotFound)


def _not_modelled_message(method: str, path: str) -> str:
    return (
        f"mockserver does not model {method} {to_single_line(path)}, which a real server has; it "
        f"models {MODELLED_SUMMARY}"
    )
