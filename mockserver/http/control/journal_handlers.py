"""The control API's handlers for what happens in a world: journal, faults and clock.

Each takes a `ControlRequest` and returns a status and a value for JSON (None for no body). Its name
is the operationId in control.yaml.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from ...errors import NotFound, UsageError, to_single_line
from ...prefect import FlowRun
from ...store import Store
from ...worlds import (
    FAULT_FIELDS,
    MAX_DELETED,
    MAX_EXCHANGES,
    MAX_KEPT_BODY,
    Clock,
    Exchange,
    ExpectedRequest,
    ExpectedRuns,
    Journal,
    Rule,
    World,
    build_fault,
    explain_deletion_mismatch,
    explain_no_route,
    explain_request_mismatch,
)
from ..exchange import JsonList, in_thread, when_prepared
from .control_request import ControlRequest, optional_text, require_text
from .world_handlers import prepare_replies, render_flow_run

# RFC 8259, section 6: JSON readers that use doubles hold integers exactly up to here.
_MAX_INTEGER = 1 << 53
_MAX_REMAINING = 1_000  # flow runs that were not deleted and are compared with requests


def _require_journal(world: World) -> Journal:
    if world.journal is None:
        raise NotFound(
            "this world keeps no journal; use a session, or start the server with --journal"
        )
    return world.journal


def list_journal(request: ControlRequest) -> tuple[int, Any]:
    """Return exchanges, oldest first, and how many older ones were dropped.

    The query selects by path, method and number. Raises NotFound, UsageError, also for a path that
    no route and no request has.
    """
    journal = _require_journal(request.world)
    after = request.query_integer("after", 0, _MAX_INTEGER)
    limit = request.query_integer("limit", MAX_EXCHANGES, MAX_EXCHANGES)
    path = require_text("path", request.query_value("path") or "*")
    expected = ExpectedRequest(path, request.query_value("method"))
    no_route = explain_no_route(expected.path, expected.method)
    if no_route and not any(map(expected.matches, journal)):
        raise UsageError(no_route)
    found = (one for one in tuple(journal) if one.number > after and expected.matches(one))
    # `found` is lazy: what comes after the limit is not compared.
    exchanges = map(_exchange_reply, islice(found, limit))
    return 200, JsonList(exchanges, b'{"exchanges":[', b'],"dropped":%d}' % journal.dropped)


def _exchange_reply(one: Exchange) -> dict[str, Any]:
    return {
        "number": one.number,
        "at": one.at,
        "method": one.method,
        "path": one.path,
        "query": one.query,
        "body": _body_value(one.json, one.body),
        "status": one.status,
        "reply": _body_value(one.reply_json, one.reply),
        "warnings": one.sentences,
        "deleted": [{"id": run.id, "name": run.name} for run in one.deleted],
        "why": one.why or None,
        "reason": one.reason or None,
        "fault": one.fault,
        "error": None if one.error is None else repr(one.error),
    }


def _body_value(value: Any, body: bytes) -> Any:
    """Return a body as its JSON value, as text if it is not JSON, or None if it is empty."""
    return value if value is not None or not body else body.decode(errors="replace")


def clear_journal(request: ControlRequest) -> tuple[int, Any]:
    """Remove all exchanges from the journal. Raises NotFound."""
    _require_journal(request.world).clear()
    return 204, None


async def deleted(request: ControlRequest) -> tuple[int, Any]:
    """Return the flow runs that requests deleted, in that order. Raises NotFound."""
    world = request.world
    journal = _require_journal(world)
    await when_prepared(prepare_replies, world.store)
    return 200, JsonList(render_flow_run(run, world) for run in journal.deleted)


async def assert_deleted(request: ControlRequest) -> tuple[int, Any]:
    """Return whether requests deleted these flow runs and no others; if not, why not, as 409.

    Raises UsageError, NotFound.
    """
    given = request.body_fields("flow_runs").get("flow_runs")
    if not isinstance(given, list):
        raise UsageError("flow_runs is missing; expected a list of ids or names")
    if len(given) > MAX_DELETED:
        raise UsageError(f"{len(given):,} flow runs; expected up to {MAX_DELETED:,}")
    journal = _require_journal(request.world)
    store = await when_prepared(request.world.store.fork)
    complaint = await in_thread(_explain_deletions, given, journal.deleted, store, tuple(journal))
    return _verdict(complaint)


def _verdict(complaint: str) -> tuple[int, Any]:
    """The reply to an assertion, which holds if there is no complaint.

    409 makes `curl -f`, and clients that raise for a status, fail. It is not 417: on that, curl
    sends the request again (RFC 9110, section 10.1.1), and others do, too.
    """
    return (409 if complaint else 200), {"holds": not complaint, "complaint": complaint or None}


def _explain_deletions(
    given: Sequence[object],
    deleted: Sequence[FlowRun],
    store: Store,
    exchanges: Sequence[Exchange],
) -> str:
    expected = ExpectedRuns.of(given)
    predicate = expected.predicate()
    remaining = store.select(predicate, _MAX_REMAINING)
    more = store.count(predicate) - len(remaining)
    return explain_deletion_mismatch(expected, deleted, remaining, exchanges, more=more)


async def assert_called(request: ControlRequest) -> tuple[int, Any]:
    """Return whether there was such a request; if not, what came nearest, as 409.

    Raises UsageError, NotFound.
    """
    fields = request.body_fields("path", "method", "json", "status", "warning", "times")
    # The journal keeps no more of a body.
    if request.body_size > MAX_KEPT_BODY:
        raise UsageError(f"a body of {request.body_size:,} bytes; expected up to {MAX_KEPT_BODY:,}")
    expected = ExpectedRequest(
        require_text("path", fields.get("path", "*")),
        optional_text("method", fields.get("method")),
        fields.get("json", ...),
        _optional_integer("status", fields.get("status")),
        optional_text("warning", fields.get("warning")),
    )
    times = _optional_integer("times", fields.get("times"))
    exchanges = tuple(_require_journal(request.world))
    complaint = await in_thread(_explain_calls, expected, exchanges, times)
    return _verdict(complaint)


def _explain_calls(
    expected: ExpectedRequest, exchanges: Sequence[Exchange], times: int | None
) -> str:
    matching = sum(map(expected.matches, exchanges))
    return explain_request_mismatch(expected, exchanges, matching, times)


def _optional_integer(name: str, value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise UsageError(f"{name} is {to_single_line(repr(value), 50)}; expected a whole number")


def list_faults(request: ControlRequest) -> tuple[int, Any]:
    """Return the rules that inject faults, in the order in which they are tried."""
    return 200, [_rule_reply(rule) for rule in request.world.faults.rules]


def _rule_reply(rule: Rule) -> dict[str, Any]:
    return {
        "fault": str(rule.fault),
        "path": rule.path,
        "method": rule.method,
        "probability": rule.probability,
        "times": rule.times,
        "happened": rule.happened,
    }


_RULE_FIELDS = ("path", "method", "probability", "times")


def add_fault(request: ControlRequest) -> tuple[int, Any]:
    """Add a rule that injects a fault. Raises UsageError."""
    fields = request.body_fields("preset", *_RULE_FIELDS, *FAULT_FIELDS)
    for key in ("preset", "path", "method"):
        optional_text(key, fields.get(key))
    rule_fields = {key: fields[key] for key in _RULE_FIELDS if fields.get(key) is not None}
    fault_fields = {key: value for key, value in fields.items() if key in FAULT_FIELDS}
    rule = Rule(build_fault(fields.get("preset"), **fault_fields), **rule_fields)
    request.world.faults.add(rule)
    return 201, _rule_reply(rule)


def clear_faults(request: ControlRequest) -> tuple[int, Any]:
    """Remove all fault rules and seed the random numbers anew. Raises UsageError."""
    request.world.faults.clear(request.query_integer("seed", 0, _MAX_INTEGER))
    return 204, None


def read_clock(request: ControlRequest) -> tuple[int, Any]:
    """Return the time of the world, and whether its clock is stopped."""
    return 200, {"now": request.world.now(), "stands": request.world.clock.is_stopped}


def set_clock(request: ControlRequest) -> tuple[int, Any]:
    """Stop the clock at a time, or let it run if no time is given. Raises UsageError."""
    now = request.body_fields("now").get("now")
    clock: Clock = request.world.clock
    if now is None:
        clock.run()
    else:
        clock.stop(require_text("now", now))
    return read_clock(request)


def advance_clock(request: ControlRequest) -> tuple[int, Any]:
    """Move the clock by a duration such as `2d`. Raises UsageError."""
    request.world.clock.advance(require_text("by", request.body_fields("by").get("by")))
    return read_clock(request)
