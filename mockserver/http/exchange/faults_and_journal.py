"""Middleware around a handler: makes faults happen and records the exchange in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, cast

from aiohttp import web

from ...errors import UsageError
from ...operations import Deletion
from ...worlds import (
    FAULT_HEADER,
    MAX_KEPT_BODY,
    MAX_SECONDS,
    Cut,
    Exchange,
    Fault,
    World,
    parse_fault_header,
)
from .responses import WARNING_HEADER, json_reply
from .session_routing import path_in_world

# Where a request keeps what the journal records, once the handler has come to it.
BODY_KEY = web.RequestKey("body", bytes)
DELETION_KEY = web.RequestKey("deletion", Deletion)
ERROR_KEY = web.RequestKey("error", Exception)

# Chosen: how late it is noticed that a client has given up.
_POLL_SECONDS = 0.05

NextHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def intercept(request: web.Request, answer: NextHandler, world: World) -> web.StreamResponse:
    """Answer a request, with the fault that the header or a rule asks for, and record it.

    The journal is written before anything is sent: a client that has its reply finds it there.
    """
    path = path_in_world(request).removeprefix("/api")
    try:
        fault = _select_fault(request, path, world)
    except UsageError as error:
        return json_reply({"detail": f"{FAULT_HEADER}: {error}"}, status=400)
    if fault is None:
        reply = await answer(request)
        _record(request, path, world, reply, None)
        return reply
    await asyncio.sleep(world.faults.delay(fault))
    reply = await _apply_fault(request, answer, fault)
    silent = fault.cut in (Cut.before, Cut.after, Cut.lost)
    _record(request, path, world, None if silent else reply, fault)
    return await _break_connection(request, reply, fault.cut) if fault.cut else reply


def _select_fault(request: web.Request, path: str, world: World) -> Fault | None:
    """The fault that the request's header names, else that of a rule. Raises UsageError."""
    header = request.headers.get(FAULT_HEADER)
    if header is not None:
        return parse_fault_header(header)
    return world.faults.next_fault(request.method, path) if world.faults.rules else None


async def _apply_fault(
    request: web.Request, answer: NextHandler, fault: Fault
) -> web.StreamResponse:
    """The reply to send. The request is carried out unless the fault comes before."""
    if fault.cut is Cut.before or (fault.status is not None and not fault.after):
        # For the journal: no handler reads this body.
        request[BODY_KEY] = await _read_body_or_empty(request)
        return _fault_response(fault)
    reply = await answer(request)
    return reply if fault.status is None else _fault_response(fault)


async def _read_body_or_empty(request: web.Request) -> bytes:
    try:
        return await request.read()
    except (web.HTTPException, web.RequestPayloadError, ConnectionError):
        return b""


def _fault_response(fault: Fault) -> web.Response:
    status = fault.status or 500
    text = fault.detail or f"mockserver was told to answer {status}"
    # As a real server: its own failures have `exception_message`, refusals `detail`.
    key = "exception_message" if status >= 500 else "detail"
    reply = json_reply({key: text}, status=status, close=fault.close)
    if fault.retry_after is not None:
        reply.headers["Retry-After"] = str(fault.retry_after)
    return reply


async def _break_connection(
    request: web.Request, reply: web.StreamResponse, where: Cut
) -> web.StreamResponse:
    """Close or abort the connection; the reply that is returned goes nowhere."""
    if where is Cut.partial:
        await _send_half(request, reply)
    if where is Cut.lost:
        # The client waits for a reply that never comes, until it gives up.
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_SECONDS):
                while not _is_disconnected(request):  # noqa: ASYNC110 - aiohttp has no event for it
                    await asyncio.sleep(_POLL_SECONDS)
    for transport in filter(None, (request.transport,)):  # none: the client was faster
        if where is Cut.partial:
            transport.close()  # once what was written is sent
        else:
            transport.abort()
    return reply


def _is_disconnected(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


async def _send_half(request: web.Request, reply: web.StreamResponse) -> None:
    """Send the headers of the whole reply and the first half of its body."""
    body = _body_of(reply)
    half = web.StreamResponse(status=reply.status, headers=reply.headers)
    # Of the whole body, so that the client notices what is missing.
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(body[: len(body) // 2])


def _record(
    request: web.Request,
    path: str,
    world: World,
    reply: web.StreamResponse | None,
    fault: Fault | None,
) -> None:
    """Write the exchange into the world's journal, if it has one; no reply: nothing was sent."""
    journal = world.journal
    if journal is None:
        return
    deletion = cast("Deletion | None", request.get(DELETION_KEY))
    plan = deletion.plan if deletion else None
    body = cast(bytes, request.get(BODY_KEY, b""))
    # A predicate takes several times the memory of the body that it was made of.
    kept_plan = plan if len(body) <= MAX_KEPT_BODY else None
    warned = "" if reply is None else reply.headers.get(WARNING_HEADER, "")
    journal.write(
        Exchange(
            number=journal.next_number,
            at=world.now(),
            method=request.method,
            path=path or "/",
            query=request.rel_url.raw_query_string,
            body=body[:MAX_KEPT_BODY],
            status=None if reply is None else reply.status,
            reply=b"" if reply is None else _body_of(reply)[:MAX_KEPT_BODY],
            warnings=tuple(warned.split(", ")) if warned else (),
            deleted=deletion.runs if deletion else (),
            predicate=kept_plan.predicate if kept_plan else None,
            limit=plan.limit if plan else None,
            fault=None if fault is None else str(fault),
            error=request.get(ERROR_KEY),
            dialect=world.settings.dialect,
        )
    )


def _body_of(reply: Any) -> bytes:
    """The body of a reply; empty where it has none, or none yet."""
    body = getattr(reply, "body", None)
    return body if isinstance(body, bytes) else b""
