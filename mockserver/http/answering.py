"""Every error becomes a response here: refusals, what aiohttp raises, and bugs of our own."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web
from yarl import URL

from ..errors import Locked, NotModelled, RefusedRequest, refusal_sentence, to_single_line
from ..operations import sort_warnings
from ..operations.endpoints import MODELLED_SUMMARY, first_method, lacks_path
from ..prefect import is_unmodelled
from ..worlds import World
from .accept_failures import SHORTAGES
from .exchange import (
    ERROR_KEY,
    REASON_KEY,
    SessionNotFound,
    json_reply,
    log_warnings,
    origin_refusal,
    pace,
    path_in_world,
    refusal_reply,
    world_of,
)
from .handler import Handler

log = logging.getLogger("mockserver")


async def answer(handler: Handler, request: web.Request, world: World | None) -> web.StreamResponse:
    """The handler's response or, where it raises, the response that its error becomes.

    A request that a web page may have sent never gets to the handler: 403. `world` is the
    request's, or None for one that was let in already.
    """
    try:
        if world is not None:
            problem = origin_refusal(request, world.settings.hosts)
            if problem:
                request[REASON_KEY] = to_single_line(problem)
                log.warning("refused a request %s", request[REASON_KEY])
                return json_reply({"detail": problem}, status=403, close=True)
        try:
            return pace(request, await handler(request))
        except RefusedRequest as refusal:
            return _refusal_response(request, refusal)
        except web.HTTPException as error:
            return await _http_error_response(request, error)
    except asyncio.CancelledError:
        # Nothing cancels a handler but a stop of the server.
        log.warning("the server stops: %s %s is not answered", request.method, request.path)
        raise
    except (ConnectionError, web.RequestPayloadError):
        return json_reply({"detail": "the body could not be read"}, status=400, close=True)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in SHORTAGES:
            # Some modules are imported, and some files read, when they are first needed.
            log.warning("%s was not answered: %s", request.method, error.strerror)
            return json_reply({"detail": str(error.strerror)}, status=503, close=True)
        log.exception("%s %s failed: a bug in mockserver", request.method, request.path)
        request[ERROR_KEY] = error
        return json_reply({"exception_message": "Internal Server Error"}, status=500, close=True)


def _refusal_response(request: web.Request, refusal: RefusedRequest) -> web.Response:
    world = world_of(request)
    dialect = world.settings.dialect
    status, reply = refusal_reply(refusal, dialect)
    warnings = sort_warnings(refusal.warnings)
    reason = request[REASON_KEY] = refusal_sentence(refusal)
    about = (request.method, request.path, status, reason)
    log_warnings("%s %s refused with %d: %s", *about, warnings=warnings, dialect=dialect)
    world.totals.count_refused(request.method, _path_template(request), status, refusal)
    # A real server closes the connection after a 500 or 503 (measured, 3.8.8).
    response = json_reply(reply, status=status, warnings=warnings, close=status in (500, 503))
    if isinstance(refusal, Locked) and refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _path_template(request: web.Request) -> str:
    """The path of a request as openapi.yaml has it; that of the request where no route has it."""
    resource = request.match_info.route.resource
    path = path_in_world(request) if resource is None else resource.canonical
    return path.removeprefix("/api")


async def _http_error_response(request: web.Request, error: web.HTTPException) -> web.Response:
    """The response to what the router and the body reader raise, in the words of a real server."""
    path = request.rel_url.raw_path
    if isinstance(error, SessionNotFound):
        return json_reply({"detail": error.reason}, status=404)
    if isinstance(error, web.HTTPNotFound | web.HTTPMethodNotAllowed):
        api_path = path_in_world(request).removeprefix("/api")
        dialect = world_of(request).settings.dialect
        if is_unmodelled(request.method, api_path):
            message = _not_modelled_message(request.method, api_path)
            return _refusal_response(request, NotModelled(message))
        if lacks_path(dialect, api_path.rstrip("/")):
            return json_reply({"detail": "Not Found"}, status=404)
    if isinstance(error, web.HTTPNotFound) and path:  # CONNECT has none
        # As FastAPI: with and without the slash at its end a path leads to the same place.
        location = path.rstrip("/") if path.endswith("/") else f"{path}/"
        if await _has_route(request, location):
            query = request.rel_url.raw_query_string
            target = f"{location}?{query}" if query else location
            return web.Response(status=307, headers={"Location": target})
    request[REASON_KEY] = to_single_line(error.reason)
    # After a body that was not read to its end, what comes next is not a request.
    reply = json_reply(
        {"detail": error.reason}, status=error.status, close=error.status in (408, 413, 503)
    )
    if isinstance(error, web.HTTPMethodNotAllowed):
        reply.headers["Allow"] = await _allowed_methods(request, error)
    return reply


async def _allowed_methods(request: web.Request, error: web.HTTPMethodNotAllowed) -> str:
    """The header of a 405: all methods of the path, or the one that a real server names."""
    if not world_of(request).settings.dialect.error_shape:
        return error.headers["Allow"]
    inner = request.clone(rel_url=URL.build(path=path_in_world(request), encoded=True))
    resources = request.app.router.resources()
    found = [one.canonical for one in resources if (await one.resolve(inner))[1]]
    return first_method(found[0].removeprefix("/api"), error.allowed_methods)


async def _has_route(request: web.Request, path: str) -> bool:
    if not path or path.startswith("//"):  # a location that begins with // names another host
        return False
    # encoded: as it is. From a text, yarl would make another path where there are dots in it.
    location = URL.build(path=path, encoded=True)
    found = await request.app.router.resolve(request.clone(rel_url=location))
    return not isinstance(found.http_exception, web.HTTPNotFound)


def _not_modelled_message(method: str, path: str) -> str:
    return (
        f"mockserver does not model {method} {to_single_line(path)}, which a real server has; it "
        f"models {MODELLED_SUMMARY}"
    )
