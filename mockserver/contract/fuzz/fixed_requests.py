"""Requests that are sent in every run, before the generated ones.

Each is there for one thing that a server can get wrong about bulk_delete, reading or deleting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ...prefect import BULK_DELETE
from ..exchanges import (
    BULK_DELETE_PATH,
    DELETE_FLOW_RUN,
    Check,
    ObservedExchange,
    Observer,
    SentRequest,
    find_violations,
)
from ..server import JSON_HEADERS, Answer
from ..shards import WHOLE, Shard

Violation = tuple[Check, str, ObservedExchange]
"""A violated check, what is wrong in a sentence, and the exchange that shows it."""

NULL_FILTER: Any = {"flow_runs": None}
# Rule M2: an empty any_ matches nothing.
EMPTY_ID_FILTER: Any = {"flow_runs": {"id": {"any_": []}}}

VALID_BODIES: Sequence[Any] = (
    {},
    {"limit": 1},
    {"limit": 2},
    {"limit": 3, **NULL_FILTER},
    {"limit": 50},
    EMPTY_ID_FILTER,
    # With a null beside it, any_ holds in every dialect (compare deviation state-both-lists).
    {"flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED"], "not_any_": None}}}},
    {"flow_runs": {"operator": "or_", "name": {"like_": "etl"}, "tags": {"is_null_": True}}},
    {"flow_runs": {"tags": {"any_": ["etl", "nightly"]}}, "limit": 1},
    {"flow_runs": {"name": {"any_": ["nobody is called so"]}}},
)
"""Bodies of bulk_delete that the document allows, so that the answer is 200."""

INVALID_BODIES: Sequence[Any] = (
    {"limit": 0},
    {"limit": -1},
    # A server has 1 to 50. Prefect: api/flow_runs.py, BULK_OPERATION_LIMIT.
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
"""Bodies of bulk_delete that neither the document nor a real server allows: the answer is 422."""

# The two are decided here, by the expected status, and not by the exchange.
ACCEPTS_VALID = Check(
    "drill-answered", BULK_DELETE, "what the document allows is answered 200", lambda _: ""
)
REJECTS_INVALID = Check(
    "drill-refused", BULK_DELETE, "what the document forbids is answered 422", lambda _: ""
)
READ_VERBS = ("filter", "count", "paginate")


def send_fixed_requests(observer: Observer, shard: Shard = WHOLE) -> Iterator[Violation]:
    """Send the fixed requests of a shard; yield what each violates. Raises TargetError."""
    bodies = [
        *((body, 200, ACCEPTS_VALID) for body in VALID_BODIES),
        *((body, 422, REJECTS_INVALID) for body in INVALID_BODIES),
    ]
    for body, status, check in shard.deal(bodies):
        yield from _check_bulk_delete(observer, body, status, check)
    for verb in shard.deal(READ_VERBS):
        path = f"/flow_runs/{verb}"
        sent = SentRequest(f"POST {path}", "POST", path, b"{}", JSON_HEADERS)
        observer.observe(sent, _send(observer, sent))
    yield from _violations(observer.observe_unchecked())
    if shard.is_last:
        yield from _check_delete(observer)


def _check_bulk_delete(
    observer: Observer, body: Any, status: int, check: Check
) -> Iterator[Violation]:
    observer.ensure_runs(BULK_DELETE, body)
    content = json.dumps(body).encode()
    sent = SentRequest(BULK_DELETE, "POST", BULK_DELETE_PATH, content, JSON_HEADERS)
    matching = observer.list_matching(sent)
    exchange = observer.observe(sent, _send(observer, sent), matching)
    if exchange is not None and exchange.answer.status != status:
        yield check, f"it answered {exchange.answer}; expected {status}", exchange
    yield from _violations(exchange)


def _check_delete(observer: Observer) -> Iterator[Violation]:
    runs = observer.ensure_runs(DELETE_FLOW_RUN)
    path = f"/flow_runs/{max(runs, default='')}"
    sent = SentRequest(DELETE_FLOW_RUN, "DELETE", path, None, {})
    yield from _violations(observer.observe(sent, _send(observer, sent)))


def _violations(exchange: ObservedExchange | None) -> Iterator[Violation]:
    if exchange is not None:
        for check, violation in find_violations(exchange):
            yield check, violation, exchange


def _send(observer: Observer, sent: SentRequest) -> Answer:
    return observer.target.send(sent.method, sent.path, sent.body, sent.headers)
