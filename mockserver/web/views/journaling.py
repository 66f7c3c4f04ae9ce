"""The view of what happens: requests as they come, faults to be injected, the clock."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ...errors import NotFound, UsageError
from ...worlds import PRESETS, Exchange, Rule, World, build_fault
from ..exchange import Moved, PageRequest, View
from .choices import choose

MAX_SHOWN = 200
"""The last so many requests are shown; /_mock/journal has all that are kept."""
_NO_JOURNAL = (
    "this world keeps no journal: start the server with --journal 1000, or open a session, which "
    "keeps one"
)


def show_journal(request: PageRequest) -> View:
    """The last requests, newest first; faults and clock. `part=rows` shows the requests alone."""
    world = request.world
    exchanges = [] if world.journal is None else list(world.journal)[-MAX_SHOWN:][::-1]
    value = {
        "has_journal": world.journal is not None,
        "exchanges": [_exchange_value(one) for one in exchanges],
        "faults": [_rule_value(rule) for rule in world.faults.rules],
        "now": world.now(),
        "stands": world.clock.is_stopped,
    }
    shown = {
        "has_journal": world.journal is not None,
        "no_journal": _NO_JOURNAL,
        "exchanges": exchanges,
        "rules": world.faults.rules,
        "presets": list(PRESETS),
        "stands": world.clock.is_stopped,
        "rows_source": request.address("/page/journal", part="rows"),
        "events": request.address("/page/journal/events"),
    }
    return View("journal", value, shown, parts=("rows",))


def _exchange_value(one: Exchange) -> dict[str, Any]:
    return {
        "number": one.number,
        "at": one.at,
        "method": one.method,
        "path": one.path,
        "status": one.status,
        "warnings": list(one.warnings),
        "deleted": len(one.deleted) + one.deleted_dropped,
        "why": one.why or None,
        "reason": one.reason or None,
        "fault": one.fault,
    }


def _rule_value(rule: Rule) -> dict[str, Any]:
    return {"fault": str(rule.fault), "path": rule.path, "happened": rule.happened}


async def send_news(request: PageRequest) -> web.StreamResponse:
    """An event for each request that comes. Raises NotFound where there is no journal."""
    world = request.world
    if world.journal is None:
        raise NotFound(_NO_JOURNAL)
    journal = world.journal
    return await request.news.send(request.http_request, lambda: journal.next_number)


def add_fault(request: PageRequest) -> Moved:
    """Add a fault by its preset, a path and a number of times. Raises UsageError."""
    fault = build_fault(choose("preset", request.field("preset"), list(PRESETS)))
    times = request.number("times", 0, 1_000_000)
    rule = Rule(fault, request.field("path").strip()[:1_000] or "*", times=times or None)
    request.world.faults.add(rule)
    return _back(request)


def clear_faults(request: PageRequest) -> Moved:
    """Remove all faults."""
    request.world.faults.clear(seed=0)
    return _back(request)


def set_clock(request: PageRequest) -> Moved:
    """Stop the clock, move it, or let it run: `how` says which. Raises UsageError."""
    _set_clock(request.world, request.field("how"), request.field("time").strip()[:100])
    return _back(request)


def _set_clock(world: World, how: str, time: str) -> None:
    if choose("how", how, ("run", "stop", "advance")) == "run":
        world.clock.run()
    elif how == "stop":
        world.clock.stop(time or None)
    elif not time:
        raise UsageError("time is empty; expected a duration such as 2d")
    else:
        world.clock.advance(time)


def _back(request: PageRequest) -> Moved:
    return Moved(request.address("/page/journal"))
