"""The control API's verbs about what happens in a world: journal, faults, clock."""

from __future__ import annotations

from itertools import islice
from typing import Any

from ...errors import NotFound, UsageError
from ...worlds import (
    ANY,
    FAULT_FIELDS,
    MAX_EXCHANGES,
    Clock,
    Exchange,
    ExpectedRequest,
    Journal,
    Rule,
    World,
    build_fault,
    explain_deletion_mismatch,
    explain_request_mismatch,
)
from .requests import ControlRequest, require_text
from .worlds import render_flow_run


def _require_journal(world: World) -> Journal:
    if world.journal is None:
        raise NotFound("this world keeps no journal; a session does, and so does --journal")
    return world.journal


def list_journal(order: ControlRequest) -> tuple[int, Any]:
    """Exchanges, oldest first, and how many are no longer there. Raises NotThere."""
    journal = _require_journal(order.world)
    after = order.number("after", 0, 1 << 53)
    limit = order.number("limit", MAX_EXCHANGES, MAX_EXCHANGES)
    expected = ExpectedRequest(order.query("path") or "*", order.query("method"))
    found = (one for one in journal if one.number > after and not expected.differences(one))
    exchanges = [_exchange_reply(one) for one in islice(found, limit)]
    return 200, {"exchanges": exchanges, "dropped": journal.dropped}


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
        "fault": one.fault,
        "error": None if one.error is None else repr(one.error),
    }


def _body_value(value: Any, body: bytes) -> Any:
    """A body as JSON, or as text where it is none; null where there is none."""
    return value if value is not None or not body else body.decode(errors="replace")


def clear_journal(order: ControlRequest) -> tuple[int, Any]:
    """Forget what was asked. Raises NotThere."""
    _require_journal(order.world).clear()
    return 204, None


def deleted(order: ControlRequest) -> tuple[int, Any]:
    """The flow runs that requests deleted. Raises NotThere."""
    return 200, [render_flow_run(run, order.world) for run in _require_journal(order.world).deleted]


def assert_deleted(order: ControlRequest) -> tuple[int, Any]:
    """Whether these flow runs and no others were deleted, and what is to be said if not."""
    expected = order.fields("flow_runs").get("flow_runs")
    if not isinstance(expected, list):
        raise UsageError("flow_runs is missing; expected a list of ids or names")
    journal = _require_journal(order.world)
    complaint = explain_deletion_mismatch(
        expected, journal.deleted, tuple(order.world.store), tuple(journal)
    )
    return 200, {"holds": not complaint, "complaint": complaint or None}


def assert_called(order: ControlRequest) -> tuple[int, Any]:
    """Whether there was such a request, and what is to be said if not."""
    fields = order.fields("path", "method", "json", "status", "warning", "times")
    expected = ExpectedRequest(
        require_text("path", fields.get("path", "*")),
        fields.get("method"),
        fields.get("json", ANY),
        fields.get("status"),
        fields.get("warning"),
    )
    times = fields.get("times")
    if times is not None and not isinstance(times, int):
        raise UsageError(f"times is {times!r}; expected a whole number")
    exchanges = tuple(_require_journal(order.world))
    found = sum(not expected.differences(one) for one in exchanges)
    complaint = explain_request_mismatch(expected, exchanges, found, times)
    return 200, {"holds": not complaint, "complaint": complaint or None}


def list_faults(order: ControlRequest) -> tuple[int, Any]:
    """The rules of what goes wrong, in the order in which they are asked."""
    return 200, [_rule_reply(rule) for rule in order.world.faults.rules]


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


def add_fault(order: ControlRequest) -> tuple[int, Any]:
    """Add a rule. Raises UsageError."""
    fields = order.fields("preset", *_RULE_FIELDS, *FAULT_FIELDS)
    of_rule = {key: fields[key] for key in _RULE_FIELDS if fields.get(key) is not None}
    of_fault = {key: value for key, value in fields.items() if key in FAULT_FIELDS}
    rule = Rule(build_fault(fields.get("preset"), **of_fault), **of_rule)
    order.world.faults.add(rule)
    return 201, _rule_reply(rule)


def clear_faults(order: ControlRequest) -> tuple[int, Any]:
    """Let nothing go wrong any more; chance starts anew."""
    order.world.faults.clear(order.number("seed", 0, 1 << 53))
    return 204, None


def read_clock(order: ControlRequest) -> tuple[int, Any]:
    """What time it is, and whether the clock stands."""
    return 200, {"now": order.world.now(), "stands": order.world.clock.stands}


def set_clock(order: ControlRequest) -> tuple[int, Any]:
    """Stop the clock at an instant; let it run where there is none. Raises UsageError."""
    now = order.fields("now").get("now")
    clock: Clock = order.world.clock
    if now is None:
        clock.run()
    else:
        clock.stop(require_text("now", now))
    return read_clock(order)


def advance_clock(order: ControlRequest) -> tuple[int, Any]:
    """Move the clock on. Raises UsageError."""
    order.world.clock.advance(require_text("by", order.fields("by").get("by")))
    return read_clock(order)
