"""The aiohttp application: bytes in, bytes out. The only room that knows paths and status codes."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from types import MappingProxyType

import orjson
from aiohttp import web

from . import openapi
from .bodies import BulkDeleteRequest
from .dialects import SPEC, Dialect
from .errors import (
    InvalidRequest,
    OutdatedClient,
    RefusedRequest,
    ServerFailure,
    UnreadableRequest,
    in_a_line,
)
from .operations import Plan, carry_out, in_order, plan_bulk_delete
from .reading import JSON, Message, read_request
from .store import Store

log = logging.getLogger("mockserver")

MIB = 1 << 20
WARNING_HEADER = "x-mockserver-warning"
_JSON = MappingProxyType({"Content-Type": "application/json"})


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Settings:
    """How an application answers. Times in seconds, sizes in bytes."""

    dialect: Dialect = SPEC
    now: Callable[[], datetime] = field(default=_now)
    max_body: int = MIB
    body_timeout: float = 10.0
    # Host names a request may be addressed to besides loopback ones; None: any.
    hosts: frozenset[str] | None = frozenset()


STORE = web.AppKey("store", Store)
SETTINGS = web.AppKey("settings", Settings)
RECENT = web.AppKey("recent", dict[bytes, Plan])

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def create_app(store: Store, settings: Settings | None = None) -> web.Application:
    """An application that serves and changes `store`.

    Every path is served with and without the prefix `/api`, as Prefect's clients expect it.
    """
    app = web.Application(middlewares=[_answer])
    app[STORE] = store
    app[SETTINGS] = settings or Settings()
    app[RECENT] = {}
    for prefix in ("", "/api"):
        for method, path, handler in ROUTES:
            app.router.add_route(method, prefix + path, handler, expect_handler=_expect)
    return app


async def _bulk_delete(request: web.Request) -> web.Response:
    settings = request.app[SETTINGS]
    headers = request.headers
    message = Message(
        await _body(request, settings),
        _latin_1(headers.get("Content-Type")),
        _latin_1(headers.get("x-prefect-api-version")),
    )
    plan, warned = _plan(request.app[RECENT], message, settings)
    try:
        deletion = carry_out(plan, request.app[STORE], settings.dialect)
    except RefusedRequest as refusal:
        refusal.warnings = in_order({*refusal.warnings, *warned})
        raise
    warnings = in_order({*deletion.warnings, *warned}) if warned else deletion.warnings
    if warnings:
        log.warning(
            "%s deleted %d: %s",
            request.path,
            len(deletion.deleted),
            plan.sentence,
            extra={"warnings": warnings},
        )
    return _json({"deleted": deletion.deleted}, warnings=warnings)


_MOST_RECENT = 16
_LONGEST_RECENT = 4096


def _plan(
    recent: dict[bytes, Plan], message: Message, settings: Settings
) -> tuple[Plan, frozenset[str]]:
    """The plan of a request, and what the way it is written earns.

    A script that drains sends one body over and over, so the plans of the last few plain ones
    are kept. A body that is read in an unusual way (by a header, by the clock) is not plain.
    """
    plain = message.content_type == JSON and message.api_version is None
    known = recent.get(message.body) if plain else None
    if known is not None:
        return known, frozenset()
    reading = read_request(message, BulkDeleteRequest, settings.dialect, settings.now())
    plan = plan_bulk_delete(reading.request, settings.dialect)
    if plain and not reading.warnings and len(message.body) <= _LONGEST_RECENT:
        if len(recent) >= _MOST_RECENT:
            del recent[next(iter(recent))]
        recent[message.body] = plan
    return plan, reading.warnings


def _latin_1(header: str | None) -> str | None:
    """A header as a real server decodes it; aiohttp decodes UTF-8, and keeps what is none."""
    if header is None or header.isascii():
        return header
    return header.encode("utf-8", "surrogateescape").decode("latin-1")


async def _health(_: web.Request) -> web.Response:
    return _json(True)


async def _openapi_yaml(_: web.Request) -> web.Response:
    return web.Response(text=openapi.text(), content_type="application/yaml")


async def _openapi_json(_: web.Request) -> web.Response:
    return _json(openapi.document())


async def _docs(_: web.Request) -> web.Response:
    return web.Response(text=openapi.docs_page(), content_type="text/html")


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/flow_runs/bulk_delete", _bulk_delete),
    ("GET", "/health", _health),
    ("GET", "/openapi.yaml", _openapi_yaml),
    ("GET", "/openapi.json", _openapi_json),
    ("GET", "/docs", _docs),
)
_PATHS = frozenset(prefix + path for prefix in ("", "/api") for _, path, _ in ROUTES)


async def _body(request: web.Request, settings: Settings) -> bytes:
    """The whole body. Answers 413 to one that is too long, 408 to one that comes too slowly."""
    length = request.content_length
    if length is not None and length > settings.max_body:
        raise _too_long(settings)
    content = request.content
    if content.is_eof() and (length or 0) <= content.total_bytes <= settings.max_body:
        return content.read_nowait()
    body = bytearray()
    try:
        async with asyncio.timeout(settings.body_timeout):
            async for chunk in content.iter_any():
                body += chunk
                if len(body) > settings.max_body:
                    raise _too_long(settings)
    except TimeoutError:
        raise web.HTTPRequestTimeout(
            reason=f"the body did not arrive within {settings.body_timeout:g} s"
        ) from None
    return bytes(body)


def _too_long(settings: Settings) -> web.HTTPException:
    return web.HTTPRequestEntityTooLarge(
        settings.max_body, reason=f"the body is longer than {settings.max_body:,} bytes"
    )


async def _expect(request: web.Request) -> None:
    """Ask for a body that waits to be asked for; other expectations a real server ignores too."""
    if request.headers.get("Expect", "").lower() == "100-continue" and not _stranger(request):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")


@web.middleware
async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse strangers; map every error to its reply."""
    try:
        stranger = _stranger(request)
        if stranger:
            log.warning("refused a request %s", in_a_line(stranger))
            return _json({"detail": stranger}, status=403, close=True)
        try:
            return await handler(request)
        except RefusedRequest as refusal:
            return _refused(request, refusal)
        except web.HTTPException as error:
            return _http_error(request, error)
    except (ConnectionError, web.RequestPayloadError):
        return _json({"detail": "the body could not be read"}, status=400, close=True)
    except Exception:
        log.exception("%s %s failed: a bug in mockserver", request.method, request.path)
        return _json({"exception_message": "Internal Server Error"}, status=500, close=True)


def _stranger(request: web.Request) -> str | None:
    """What makes a request one that a web page may have sent; None where nothing does.

    Looked at only while bound to loopback: a name that is not a loopback one (DNS rebinding), or
    a page of another origin, which may post without asking first.
    """
    hosts = request.app[SETTINGS].hosts
    if hosts is None:
        return None
    host = request.headers.get("Host")
    if host is not None and not _is_ours(host, hosts):
        return f"addressed to {host[:100]!r}, not to loopback; --allow-host lets a name in"
    origin = request.headers.get("Origin")
    if origin is not None and not _is_ours(origin.partition("://")[2], hosts):
        return f"sent by a page of {origin[:100]!r}; --allow-host lets its host in"
    return None


_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^][:/@#?%\s]+))(?::\d*)?")


@lru_cache(maxsize=256)
def _is_ours(host: str, hosts: frozenset[str]) -> bool:
    """Whether `host` or `host:port` names this machine's loopback or an allowed host."""
    shape = _HOST.fullmatch(host.strip().lower())
    if shape is None:
        return False
    name = (shape[1] or shape[2]).rstrip(".")
    if name == "localhost" or name.endswith(".localhost") or name in hosts:
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _refused(request: web.Request, refusal: RefusedRequest) -> web.Response:
    dialect = request.app[SETTINGS].dialect
    status, reply = _reply(refusal, dialect)
    warnings = in_order(refusal.warnings)
    if warnings:
        log.warning(
            "%s refused with %d: %s", request.path, status, refusal, extra={"warnings": warnings}
        )
    return _json(reply, status=status, warnings=warnings, close=status >= 500)


def _reply(refusal: RefusedRequest, dialect: Dialect) -> tuple[int, Mapping[str, object]]:
    """The status and body that the dialect answers a refused request with."""
    match refusal:
        case InvalidRequest() if dialect.error_shape:
            return 422, {
                "exception_message": "Invalid request received.",
                "exception_detail": refusal.errors,
                "request_body": refusal.body,
            }
        case InvalidRequest():
            return 422, {"detail": refusal.errors}
        case UnreadableRequest() | OutdatedClient():
            return 400, {"detail": str(refusal)}
        case ServerFailure(retryable=True):
            return 503, {"exception_message": "Service Unavailable"}
        case _:
            return 500, {"exception_message": "Internal Server Error"}


def _http_error(request: web.Request, error: web.HTTPException) -> web.Response:
    """What the router and the body reader raise, in the words of a real server."""
    path = request.rel_url.raw_path
    if isinstance(error, web.HTTPNotFound) and path.rstrip("/") in _PATHS:
        location = path.rstrip("/")
        query = request.rel_url.raw_query_string
        return web.Response(
            status=307, headers={"Location": f"{location}?{query}" if query else location}
        )
    # After a body that was not read to its end, what comes next is not a request.
    reply = _json({"detail": error.reason}, status=error.status, close=error.status in (408, 413))
    if isinstance(error, web.HTTPMethodNotAllowed):
        reply.headers["Allow"] = error.headers["Allow"]
    return reply


def _json(
    value: object, *, status: int = 200, warnings: tuple[str, ...] = (), close: bool = False
) -> web.Response:
    headers = {**_JSON, WARNING_HEADER: ", ".join(warnings)} if warnings else _JSON
    reply = web.Response(body=_dump(value), status=status, headers=headers)
    if close:
        reply.force_close()
    return reply


def _dump(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer of more than 64 bits, in a reply that repeats the request
        import json

        return json.dumps(value, ensure_ascii=False).encode()
