"""Deleting here: in a session, which is a copy, so that it can be undone.

A delete that is asked for in the server's own world opens a session first. It is carried out as a
script does it: with the bulk_delete of the dialect, up to the limit a call, counted for the report.
"""

from __future__ import annotations

import asyncio
from time import perf_counter

from ...errors import RefusedRequest, UsageError, refusal_sentence
from ...http.exchange import SESSION_PREFIX, when_prepared
from ...insight.explanation import filter_argument
from ...operations import bulk_delete, sort_warnings
from ...requests import BulkDeleteRequest, Message, ParsedRequest, read_request
from ...worlds import World, session_settings
from ..exchange import Histories, Moved, PageRequest
from .filtering import EMPTY

_PATH = "/flow_runs/bulk_delete"
_SLICE_SECONDS = 0.01
"""After so long others are answered; chosen, a tenth of what they may wait."""


async def delete(request: PageRequest) -> Moved:
    """Delete what a filter selects, `how=once` or until nothing is left, and go to the report.

    Raises UsageError for a filter that is refused.
    """
    argument = filter_argument(request.field("filter").strip() or EMPTY)
    world, root = request.world, request.root
    read = _read(world, argument.message)
    if request.session is None:
        world = await when_prepared(lambda: request.world.fork(session_settings(world.settings)))
        root = f"{SESSION_PREFIX}{request.sessions.open(world)}"
    once = request.field("how") == "once"
    await _note(request.histories, world)
    left = True
    while left:
        left = await _delete_some(world, argument.message, read, once=once) and not once
        await asyncio.sleep(0)
    return Moved(f"{root}/page/report")


async def _note(histories: Histories, world: World) -> None:
    await when_prepared(histories.of(world).note, world)
    await when_prepared(world.note_before)


def _read(world: World, message: Message) -> ParsedRequest[BulkDeleteRequest]:
    dialect = world.settings.dialect
    try:
        return read_request(message, BulkDeleteRequest, dialect, world.now())
    except RefusedRequest as refusal:
        why = refusal_sentence(refusal)
        raise UsageError(f"the filter is refused by {dialect.name}: {why}") from None


async def _delete_some(
    world: World, message: Message, read: ParsedRequest[BulkDeleteRequest], *, once: bool
) -> bool:
    """Send the request once, or over and over for a moment; False once nothing is left."""
    dialect = world.settings.dialect
    until = perf_counter() + _SLICE_SECONDS
    while True:
        try:
            deletion = await when_prepared(bulk_delete, world.store, read.request, dialect)
        except RefusedRequest as refusal:
            raise UsageError(f"the server fails: {refusal}") from None
        warnings = sort_warnings({*deletion.warnings, *read.warnings})
        world.totals.count_planned("POST", _PATH, message.body, 200, deletion, warnings)
        if not deletion.deleted:
            return False
        if once or perf_counter() >= until:
            return True


async def undo(request: PageRequest) -> Moved:
    """Undo the last delete of the page in this session."""
    await when_prepared(request.history.undo, request.world)
    return _back(request)


async def redo(request: PageRequest) -> Moved:
    """Redo what was undone last."""
    await when_prepared(request.history.redo, request.world)
    return _back(request)


async def reset(request: PageRequest) -> Moved:
    """Begin anew, with what the session held at first.

    Raises UsageError in the server's own world, which a page changes only in its sessions.
    """
    if request.session is None:
        raise UsageError("this is the server's own world; expected a session")
    request.history.forget()
    request.world.reset()
    return _back(request)


def _back(request: PageRequest) -> Moved:
    return Moved(f"{request.root}/page/report")
