"""Requests that are always sent, before those that are made up: one for each thing to get wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ...prefect import BULK_DELETE
from ..server import JSON_HEADERS, Answer
from .checks import DELETE_FLOW_RUN, Check, ObservedExchange, SentRequest, find_violations
from .observer import Observer

NULL_FILTER: Any = {"flow_runs": None}
EMPTY_ID_FILTER: Any = {"flow_runs": {"id": {"any_": []}}}

VALID_BODIES: Sequence[Any] = (
    {},
    {"limit": 1},
    {"limit": 2},
    {"limit": 3, **NULL_FILTER},
    {"limit": 50},
    EMPTY_ID_FILTER,
    {"flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED"], "not_any_": None}}}},
    {"flow_runs": {"operator": "or_", "name": {"like_": "etl"}, "tags": {"is_null_": True}}},
    {"flow_runs": {"tags": {"any_": ["etl", "nightly"]}}, "limit": 1},
    {"flow_runs": {"name": {"any_": ["nobody is called so"]}}},
)
"""Bodies that the document allows, so that the answer is 200."""

INVALID_BODIES: Sequence[Any] = (
    {"limit": 0},
    {"limit": -1},
    {"limit": 51},
    {"limit": []},
    [],
    {"flow_runs": []},
    {"flow_runs": {"nonsense": {}}},
    {"flow_runs": {"name": {"any_": [], "nonsense": []}}},
    {"flow_runs": {"id": {"any_": ["no id"]}}},
    {"flow_runs": {"state": {"type": {"any_": ["NONSENSE"]}}}},
    {"flow_runs": {"operator": "xor_"}},
)
"""Bodies that the document does not allow, nor does a real server: the answer is 422."""

ACCEPTS_VALID = Check(
    "drill-answered", BULK_DELETE, "200 to what the document allows", lambda _: ""
)
REJECTS_INVALID = Check(
    "drill-refused", BULK_DELETE, "422 to what the document forbids", lambda _: ""
)
READ_VERBS = ("filter", "count", "paginate")


def send_fixed_requests(observer: Observer) -> Iterator[tuple[Check, str, ObservedExchange]]:
    """Send them; yields every rule that is broken, how, and by what. Raises TargetError."""
    for bodies, status, check in (
        (VALID_BODIES, 200, ACCEPTS_VALID),
        (INVALID_BODIES, 422, REJECTS_INVALID),
    ):
        for body in bodies:
            yield from _check_bulk_delete(observer, body, status, check)
    for verb in READ_VERBS:
        path = f"/flow_runs/{verb}"
        observer.observe(
            *_send(observer, SentRequest(f"POST {path}", "POST", path, b"{}", JSON_HEADERS))
        )
    overdue = observer.observe_unchecked()
    if overdue is not None:
        yield from ((check, violation, overdue) for check, violation in find_violations(overdue))
    yield from _check_delete(observer)


def _check_bulk_delete(
    observer: Observer, body: Any, status: int, check: Check
) -> Iterator[tuple[Check, str, ObservedExchange]]:
    observer.ensure_runs(BULK_DELETE, body)
    sent = SentRequest(
        BULK_DELETE, "POST", "/flow_runs/bulk_delete", json.dumps(body).encode(), JSON_HEADERS
    )
    observer.prepare(sent)
    exchange = observer.observe(*_send(observer, sent))
    if exchange is None:
        return
    if exchange.answer.status != status:
        yield check, f"it answered {exchange.answer}; expected {status}", exchange
    yield from ((check, violation, exchange) for check, violation in find_violations(exchange))


def _check_delete(observer: Observer) -> Iterator[tuple[Check, str, ObservedExchange]]:
    runs = observer.ensure_runs(DELETE_FLOW_RUN)
    path = f"/flow_runs/{max(runs, default='')}"
    exchange = observer.observe(
        *_send(observer, SentRequest(DELETE_FLOW_RUN, "DELETE", path, None, {}))
    )
    if exchange is not None:
        yield from ((check, violation, exchange) for check, violation in find_violations(exchange))


def _send(observer: Observer, sent: SentRequest) -> tuple[SentRequest, Answer]:
    return sent, observer.target.send(sent.method, sent.path, sent.body, sent.headers)
