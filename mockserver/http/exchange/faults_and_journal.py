"""Middleware around a handler: makes faults happen, and records the exchange in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import islice
from typing import Any, cast

from aiohttp import web

from ...errors import UsageError
from ...operations import Deletion
from ...worlds import (
    FAULT_HEADER,
    MAX_ALSO_DELETED,
    MAX_KEPT_BODY,
    MAX_SECONDS,
    Cut,
    DeletedRecord,
    Exchange,
    Fault,
    World,
    cut_text,
    parse_fault_header,
)
from .body_reader import BODY_KEY, read_body
from .control_access import access_refusal
from .responses import WARNING_HEADER, json_reply
from .session_routing import path_in_world

# Where a request keeps what is recorded of it, once it has come to it.
DELETION_KEY = web.RequestKey("deletion", Deletion)
ERROR_KEY = web.RequestKey("error", Exception)
REASON_KEY = web.RequestKey("reason", str)
_FAULT_KEY = web.RequestKey("fault", Fault)

# Chosen: how late it is noticed that a client has given up.
_POLL_SECONDS = 0.05

NextHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def record_exchange(
    request: web.Request, answer: NextHandler, world: World
) -> web.StreamResponse:
    """Answer a request and record it, and then break its connection if a fault says so.

    The journal is written before anything is sent: a client that has its reply finds it there.
    """
    reply = await answer(request)
    fault = cast("Fault | None", request.get(_FAULT_KEY))
    silent = fault is not None and fault.cut in (Cut.before, Cut.after, Cut.lost)
    _record(request, world, None if silent else reply, fault)
    return await _break_connection(request, reply, fault.cut) if fault and fault.cut else reply


async def inject_fault(
    answer: NextHandler, world: World, request: web.Request
) -> web.StreamResponse:
    """The answer, or the fault that the request's header or a rule asks for.

    The body is read before: a fault lifts none of its bounds. Raises as `read_body` does.
    """
    request[BODY_KEY] = await read_body(request, world.settings)
    header = request.headers.get(FAULT_HEADER)
    if header is None:
        path = path_in_world(request).removeprefix("/api")
        fault = world.faults.next_fault(request.method, path) if world.faults.rules else None
    else:
        token = world.settings.control_token
        refusal = access_refusal(request, token, f"the header {FAULT_HEADER}")
        if refusal:
            return refusal
        try:
            fault = parse_fault_header(header)
        except UsageError as error:
            return json_reply({"detail": f"{FAULT_HEADER}: {error}"}, status=400)
    return await answer(request) if fault is None else await _happen(fault, answer, world, request)


async def _happen(
    fault: Fault, answer: NextHandler, world: World, request: web.Request
) -> web.StreamResponse:
    """The reply to send. The request is carried out unless the fault comes before."""
    request[_FAULT_KEY] = fault
    await asyncio.sleep(world.faults.delay(fault))
    if fault.cut is Cut.before or (fault.status is not None and not fault.after):
        return _fault_response(fault)
    reply = await answer(request)
    return reply if fault.status is None else _fault_response(fault)


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
    request: web.Request, world: World, reply: web.StreamResponse | None, fault: Fault | None
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
            path=cut_text(path_in_world(request).removeprefix("/api") or "/"),
            query=cut_text(request.rel_url.raw_query_string),
            body=body[:MAX_KEPT_BODY],
            status=None if reply is None else reply.status,
            reply=b"" if reply is None else _body_of(reply)[:MAX_KEPT_BODY],
            warnings=tuple(warned.split(", ")) if warned else (),
            deleted=deletion.runs if deletion else (),
            deleted_dropped=len(deletion.deleted) - len(deletion.runs) if deletion else 0,
            predicate=kept_plan.predicate if kept_plan else None,
            limit=plan.limit if plan else None,
            fault=None if fault is None else str(fault),
            error=request.get(ERROR_KEY),
            dialect=world.settings.dialect,
            reason=request.get(REASON_KEY, ""),
            also_deleted=_related_of(deletion) if deletion else (),
        )
    )


def _related_of(deletion: Deletion) -> tuple[DeletedRecord, ...]:
    """The first flows and deployments that a request deleted; most requests delete none."""
    kinds = (("flows", deletion.flows), ("deployments", deletion.deployments))
    found = (DeletedRecord(kind, one.id, one.name) for kind, records in kinds for one in records)
    return tuple(islice(found, MAX_ALSO_DELETED))


def _body_of(reply: Any) -> bytes:
    """The body of a reply; empty where it has none, or none yet."""
    body = getattr(reply, "body", None)
    return body if isinstance(body, bytes) else b""
