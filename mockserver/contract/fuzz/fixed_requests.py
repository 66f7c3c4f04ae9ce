"""Requests that are always sent, before those that are made up: one for each thing to get wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ...prefect import BULK_DELETE
from ..server import JSON, Answer
from .checks import DELETE_ONE, Check, Exchange, Sent, wrongs
from .observer import Watch

OF_ANY: Any = {"flow_runs": None}
NOTHING: Any = {"flow_runs": {"id": {"any_": []}}}

TAKEN: Sequence[Any] = (
    {},
    {"limit": 1},
    {"limit": 2},
    {"limit": 3, **OF_ANY},
    {"limit": 50},
    NOTHING,
    {"flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED"], "not_any_": None}}}},
    {"flow_runs": {"operator": "or_", "name": {"like_": "etl"}, "tags": {"is_null_": True}}},
    {"flow_runs": {"tags": {"any_": ["etl", "nightly"]}}, "limit": 1},
    {"flow_runs": {"name": {"any_": ["nobody is called so"]}}},
)
"""Bodies that the document allows, so that the answer is 200."""

REFUSED: Sequence[Any] = (
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

ANSWERED = Check("drill-answered", BULK_DELETE, "200 to what the document allows", lambda _: "")
REFUSES = Check("drill-refused", BULK_DELETE, "422 to what the document forbids", lambda _: "")
READS = ("filter", "count", "paginate")


def drill(watch: Watch) -> Iterator[tuple[Check, str, Exchange]]:
    """Send them; yields every rule that is broken, how, and by what. Raises TargetError."""
    for bodies, status, check in ((TAKEN, 200, ANSWERED), (REFUSED, 422, REFUSES)):
        for body in bodies:
            yield from _bulk_delete(watch, body, status, check)
    for verb in READS:
        path = f"/flow_runs/{verb}"
        watch.after(*_send(watch, Sent(f"POST {path}", "POST", path, b"{}", JSON)))
    overdue = watch.overdue()
    if overdue is not None:
        yield from ((broken, wrong, overdue) for broken, wrong in wrongs(overdue))
    yield from _delete_one(watch)


def _bulk_delete(
    watch: Watch, body: Any, status: int, check: Check
) -> Iterator[tuple[Check, str, Exchange]]:
    watch.gather(BULK_DELETE, body)
    sent = Sent(BULK_DELETE, "POST", "/flow_runs/bulk_delete", json.dumps(body).encode(), JSON)
    watch.before(sent)
    exchange = watch.after(*_send(watch, sent))
    if exchange is None:
        return
    if exchange.answer.status != status:
        yield check, f"it answered {exchange.answer}; expected {status}", exchange
    yield from ((broken, wrong, exchange) for broken, wrong in wrongs(exchange))


def _delete_one(watch: Watch) -> Iterator[tuple[Check, str, Exchange]]:
    runs = watch.gather(DELETE_ONE)
    path = f"/flow_runs/{max(runs, default='')}"
    exchange = watch.after(*_send(watch, Sent(DELETE_ONE, "DELETE", path, None, {})))
    if exchange is not None:
        yield from ((broken, wrong, exchange) for broken, wrong in wrongs(exchange))


def _send(watch: Watch, sent: Sent) -> tuple[Sent, Answer]:
    return sent, watch.target.send(sent.method, sent.path, sent.body, sent.headers)
