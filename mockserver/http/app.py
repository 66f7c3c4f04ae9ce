"""The aiohttp application: its routes and its middleware. The only file that knows all routes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Container
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Middleware

from ..operations import Context
from ..operations.endpoints import ENDPOINTS
from ..prefect import openapi
from ..resources import resource_text
from ..store import Store
from ..worlds import FAULT_HEADER, Sessions, Settings, World
from .answering import answer
from .exchange import (
    UNREAD_KEY,
    WORLD_KEY,
    SessionResource,
    UnreadReplies,
    handle_expect,
    inject_fault,
    json_reply,
    read_body,
    record_exchange,
    world_of,
)
from .handler import Handler, make_handler
from .sockets import EVENT_SOCKETS_KEY, EventSockets

SESSIONS_KEY = web.AppKey("sessions", Sessions)
STOPPING_KEY = web.AppKey("stopping", asyncio.Event)
PAGE_PATHS = ("/", "/page{tail:(/.*)?}")


def create_app(store: Store, settings: Settings | None = None) -> web.Application:
    """An application that serves and changes `store`, as one world without sessions of its own.

    Every path is served with and without the prefix `/api`, as Prefect's clients expect it.
    """
    return create_sessions_app(Sessions(World(store, settings or Settings())))


def create_sessions_app(sessions: Sessions, page: Handler | None = None) -> web.Application:
    """An application that serves the world which sessions start from, each session's world below
    `/sessions/NAME`, and the control API of all of them below `/_mock`.

    `page` answers `/` and what is below `/page`; None: nothing does.
    """
    stopping = asyncio.Event()
    app = web.Application(middlewares=[_make_middleware(stopping, {_control, page})])
    app[STOPPING_KEY] = stopping
    app[SESSIONS_KEY] = sessions
    app[EVENT_SOCKETS_KEY] = EventSockets()
    app[UNREAD_KEY] = UnreadReplies()
    app[WORLD_KEY] = sessions.default_world
    for prefix in ("", "/api"):
        for method, path, handler in ROUTES:
            app.router.add_route(method, prefix + path, handler, expect_handler=handle_expect)
    app.router.add_route("*", "/_mock{tail:(/.*)?}", _control, expect_handler=handle_expect)
    if page is not None:
        for path in PAGE_PATHS:
            app.router.add_route("*", path, page, expect_handler=handle_expect)
    app.router.register_resource(SessionResource(app.router, sessions))
    return app


def _make_middleware(stopping: asyncio.Event, steering: Container[Handler | None]) -> Middleware:
    """What is around every handler. Once the server is stopping, each reply is a client's last.

    What the `steering` handlers answer is neither recorded nor hit by faults: who injected one can
    remove it.
    """

    @web.middleware
    def middleware(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
        world = world_of(request)
        if world.journal is None and not (
            world.faults.rules or FAULT_HEADER in request.headers or stopping.is_set()
        ):
            return answer(handler, request, world)
        extras = answer if handler in steering else _answer_with_extras
        reply = extras(handler, request, world)
        return _close_after(reply) if stopping.is_set() else reply

    return middleware


def _answer_with_extras(
    handler: Handler, request: web.Request, world: World
) -> Awaitable[web.StreamResponse]:
    """Answer by way of the journal and the faults.

    The order is journal, guard, bounds of the body, faults, handler: a fault happens only to a
    request that would have been carried out.
    """
    if world.faults.rules or FAULT_HEADER in request.headers:
        handler = partial(inject_fault, partial(answer, handler, world=None), world)
    return record_exchange(request, partial(answer, handler, world=world), world)


async def _close_after(reply: Awaitable[web.StreamResponse]) -> web.StreamResponse:
    last = await reply
    last.force_close()
    return last


async def _openapi_yaml(request: web.Request) -> web.Response:
    text = openapi.source_text(_release(request))
    return web.Response(text=text, content_type="application/yaml")


async def _openapi_json(request: web.Request) -> web.Response:
    return json_reply(openapi.document(_release(request)))


def _release(request: web.Request) -> str:
    """The release that the request's world stands in for: the document is that release's."""
    return world_of(request).settings.dialect.release


async def _docs(_: web.Request) -> web.Response:
    page = resource_text("http/docs.html")
    return web.Response(text=page, content_type="text/html")


async def _events_in(request: web.Request) -> web.StreamResponse:
    """The websocket on which Prefect's client sends events."""
    _require_websocket(request)
    from .sockets import receive_events  # imported late: only flows that run need it

    world = world_of(request)
    return await receive_events(
        request, partial(_event_context, world), world.settings.client_timeout
    )


async def _events_out(request: web.Request) -> web.StreamResponse:
    """The websocket on which Prefect's client waits for events."""
    _require_websocket(request)
    from .sockets import send_events  # imported late, too

    world = world_of(request)
    return await send_events(request, partial(_event_context, world), world.settings.client_timeout)


async def _logs_out(request: web.Request) -> web.StreamResponse:
    """The websocket on which Prefect's client waits for lines of logs."""
    _require_websocket(request)
    from .sockets import send_logs  # imported late, too

    world = world_of(request)
    return await send_logs(request, partial(_event_context, world), world.settings.client_timeout)


async def _task_runs_out(request: web.Request) -> web.StreamResponse:
    """The websocket on which workers wait for background task runs."""
    _require_websocket(request)
    from .sockets import send_task_runs  # imported late, too

    world = world_of(request)
    return await send_task_runs(
        request, partial(_event_context, world), world.task_queues, world.settings.client_timeout
    )


def _require_websocket(request: web.Request) -> None:
    """Raise HTTPNotFound, as a real server answers, for anything else."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise web.HTTPNotFound


def _event_context(world: World) -> Context:
    """The context of an event that comes or goes now."""
    return Context(
        world.store, world.settings.dialect, world.now(), world.new_id, events=world.events
    )


async def _control(request: web.Request) -> web.StreamResponse:
    from .control import handle_control  # imported late: only the control API needs it

    body = await read_body(request, world_of(request).settings)
    return await handle_control(request, body, request.app[SESSIONS_KEY])


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    *((endpoint.method, endpoint.path, make_handler(endpoint)) for endpoint in ENDPOINTS),
    ("GET", "/events/in", _events_in),
    ("GET", "/events/out", _events_out),
    ("GET", "/logs/out", _logs_out),
    ("GET", "/task_runs/subscriptions/scheduled", _task_runs_out),
    ("GET", "/openapi.yaml", _openapi_yaml),
    ("GET", "/openapi.json", _openapi_json),
    ("GET", "/docs", _docs),
)
