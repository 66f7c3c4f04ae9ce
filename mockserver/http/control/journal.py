"""The control API's verbs about what happens in a world: journal, faults, clock."""

from __future__ import annotations

from itertools import islice
from typing import Any

from ...errors import NotThere, UsageError
from ...worlds import (
    ANY,
    FIELDS,
    MOST_EXCHANGES,
    Clock,
    Exchange,
    Expected,
    Journal,
    Rule,
    World,
    deletion_complaint,
    fault,
    request_complaint,
)
from .requests import Order, text_of
from .worlds import told


def _journal_of(world: World) -> Journal:
    if world.journal is None:
        raise NotThere("this world keeps no journal; a session does, and so does --journal")
    return world.journal


def list_journal(order: Order) -> tuple[int, Any]:
    """Exchanges, oldest first, and how many are no longer there. Raises NotThere."""
    journal = _journal_of(order.world)
    after = order.number("after", 0, 1 << 53)
    limit = order.number("limit", MOST_EXCHANGES, MOST_EXCHANGES)
    expected = Expected(order.query("path") or "*", order.query("method"))
    found = (one for one in journal if one.number > after and not expected.differences(one))
    exchanges = [_exchange(one) for one in islice(found, limit)]
    return 200, {"exchanges": exchanges, "dropped": journal.dropped}


def _exchange(one: Exchange) -> dict[str, Any]:
    return {
        "number": one.number,
        "at": one.at,
        "method": one.method,
        "path": one.path,
        "query": one.query,
        "body": _content(one.json, one.body),
        "status": one.status,
        "reply": _content(one.reply_json, one.reply),
        "warnings": one.sentences,
        "deleted": [{"id": run.id, "name": run.name} for run in one.deleted],
        "why": one.why or None,
        "fault": one.fault,
        "error": None if one.error is None else repr(one.error),
    }


def _content(value: Any, body: bytes) -> Any:
    """A body as JSON, or as text where it is none; null where there is none."""
    return value if value is not None or not body else body.decode(errors="replace")


def clear_journal(order: Order) -> tuple[int, Any]:
    """Forget what was asked. Raises NotThere."""
    _journal_of(order.world).clear()
    return 204, None


def deleted(order: Order) -> tuple[int, Any]:
    """The flow runs that requests deleted. Raises NotThere."""
    return 200, [told(run, order.world) for run in _journal_of(order.world).deleted]


def assert_deleted(order: Order) -> tuple[int, Any]:
    """Whether these flow runs and no others were deleted, and what is to be said if not."""
    expected = order.fields("flow_runs").get("flow_runs")
    if not isinstance(expected, list):
        raise UsageError("flow_runs is missing; expected a list of ids or names")
    journal = _journal_of(order.world)
    complaint = deletion_complaint(
        expected, journal.deleted, tuple(order.world.store), tuple(journal)
    )
    return 200, {"holds": not complaint, "complaint": complaint or None}


def assert_called(order: Order) -> tuple[int, Any]:
    """Whether there was such a request, and what is to be said if not."""
    fields = order.fields("path", "method", "json", "status", "warning", "times")
    expected = Expected(
        text_of("path", fields.get("path", "*")),
        fields.get("method"),
        fields.get("json", ANY),
        fields.get("status"),
        fields.get("warning"),
    )
    times = fields.get("times")
    if times is not None and not isinstance(times, int):
        raise UsageError(f"times is {times!r}; expected a whole number")
    exchanges = tuple(_journal_of(order.world))
    found = sum(not expected.differences(one) for one in exchanges)
    complaint = request_complaint(expected, exchanges, found, times)
    return 200, {"holds": not complaint, "complaint": complaint or None}


def list_faults(order: Order) -> tuple[int, Any]:
    """The rules of what goes wrong, in the order in which they are asked."""
    return 200, [_rule(rule) for rule in order.world.faults.rules]


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "fault": str(rule.fault),
        "path": rule.path,
        "method": rule.method,
        "probability": rule.probability,
        "times": rule.times,
        "happened": rule.happened,
    }


_OF_RULE = ("path", "method", "probability", "times")


def add_fault(order: Order) -> tuple[int, Any]:
    """Add a rule. Raises UsageError."""
    fields = order.fields("preset", *_OF_RULE, *FIELDS)
    of_rule = {key: fields[key] for key in _OF_RULE if fields.get(key) is not None}
    of_fault = {key: value for key, value in fields.items() if key in FIELDS}
    rule = Rule(fault(fields.get("preset"), **of_fault), **of_rule)
    order.world.faults.add(rule)
    return 201, _rule(rule)


def clear_faults(order: Order) -> tuple[int, Any]:
    """Let nothing go wrong any more; chance starts anew."""
    order.world.faults.clear(order.number("seed", 0, 1 << 53))
    return 204, None


def read_clock(order: Order) -> tuple[int, Any]:
    """What time it is, and whether the clock stands."""
    return 200, {"now": order.world.now(), "stands": order.world.clock.stands}


def set_clock(order: Order) -> tuple[int, Any]:
    """Stop the clock at an instant; let it run where there is none. Raises UsageError."""
    now = order.fields("now").get("now")
    clock: Clock = order.world.clock
    if now is None:
        clock.run()
    else:
        clock.stop(text_of("now", now))
    return read_clock(order)


def advance_clock(order: Order) -> tuple[int, Any]:
    """Move the clock on. Raises UsageError."""
    order.world.clock.advance(text_of("by", order.fields("by").get("by")))
    return read_clock(order)
