"""Requests that ask for as much as one request can: of the store, of the reader, of the world."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

LARGEST_BODY = 4 << 20
"""Bytes of the largest body that a server takes by default."""


@dataclass(frozen=True, slots=True)
class HeavyRequest:
    """A request, and how its body is made for a store of so many flow runs.

    `{flow}` in the path stands for the id of a flow of the store.
    """

    name: str
    path: str
    body: Callable[[int], bytes]
    method: str = "POST"


def _json(value: object) -> Callable[[int], bytes]:
    return lambda _: json.dumps(value).encode()


def _fill(start: str, piece: str, end: str) -> Callable[[int], bytes]:
    """A body of nearly the largest size: a piece, over and over."""
    times = (LARGEST_BODY - len(start) - len(end) - 100) // len(piece)
    return lambda _: f"{start}{(piece * times).removesuffix(',')}{end}".encode()


def _ids(count: int) -> list[str]:
    return [str(UUID(int=number << 96 | 0x4000_8000_0000_0000_0000)) for number in range(count)]


_PAGE = {"limit": 200, "sort": "ID_DESC"}
_YEARS = {"history_start": "2025-12-01T00:00:00Z", "history_end": "2026-02-01T00:00:00Z"}
_OLD = {"history_start": "1990-01-01T00:00:00Z", "history_end": "1991-01-01T00:00:00Z"}
_COMPLETED = {"state": {"type": {"any_": ["COMPLETED"]}}}
_WITH_TASK_RUNS = {"task_runs": {"name": {"like_": "a"}}}


def _sorted_page(sort: str) -> HeavyRequest:
    body = _json({**_PAGE, "sort": sort})
    return HeavyRequest(f"filter, {sort}", "/api/flow_runs/filter", body)


READS = (
    HeavyRequest("count", "/api/flow_runs/count", _json({})),
    HeavyRequest("lateness", "/api/flow_runs/lateness", _json({})),
    HeavyRequest(
        "history, 500 intervals",
        "/api/flow_runs/history",
        _json({**_YEARS, "history_interval_seconds": 10_800}),
    ),
    HeavyRequest(
        "history, an empty window",
        "/api/flow_runs/history",
        _json({**_OLD, "history_interval_seconds": 86_400}),
    ),
    *map(_sorted_page, ("NAME_ASC", "START_TIME_DESC", "END_TIME_DESC", "ID_DESC")),
    HeavyRequest(
        "filter, the last page",
        "/api/flow_runs/filter",
        lambda runs: json.dumps({**_PAGE, "sort": "NAME_DESC", "offset": runs - 200}).encode(),
    ),
    HeavyRequest(
        "paginate, the last page",
        "/api/flow_runs/paginate",
        lambda runs: json.dumps({"limit": 200, "page": runs // 200}).encode(),
    ),
    HeavyRequest("count, flows of runs", "/api/flows/count", _json({"flow_runs": _COMPLETED})),
    HeavyRequest("count, runs with task runs", "/api/flow_runs/count", _json(_WITH_TASK_RUNS)),
    HeavyRequest(
        "count, runs of deployments",
        "/api/flow_runs/count",
        _json(
            {
                "deployments": {"name": {"like_": "o"}},
                "work_pools": {"name": {"any_": ["k8s", "vm"]}},
            }
        ),
    ),
    HeavyRequest(
        "count, task runs of runs", "/api/task_runs/count", _json({"flow_runs": _COMPLETED})
    ),
    HeavyRequest(
        "count, a name with one letter",
        "/api/flow_runs/count",
        _json({"flow_runs": {"name": {"like_": "q"}}}),
    ),
)
"""Requests of ordinary size that ask much of a large store."""

BODIES = (
    HeavyRequest(
        "90,000 ids",
        "/api/flow_runs/count",
        lambda _: json.dumps({"flow_runs": {"id": {"any_": _ids(90_000)}}}).encode(),
    ),
    HeavyRequest(
        "100,000 ids that are none",
        "/api/flow_runs/bulk_delete",
        _fill('{"flow_runs": {"id": {"any_": [', '"x",', "]}}}"),
    ),
    HeavyRequest(
        "a like_ of 4 MiB of %_",
        "/api/flow_runs/bulk_delete",
        _fill('{"flow_runs": {"name": {"like_": "', "%_", '"}}}'),
    ),
    HeavyRequest(
        "300,000 unknown keys",
        "/api/flow_runs/bulk_delete",
        lambda _: json.dumps({"flow_runs": {str(key): 1 for key in range(300_000)}}).encode(),
    ),
    HeavyRequest("4 million brackets", "/api/flow_runs/bulk_delete", _fill("", "[", "")),
    HeavyRequest(
        "4 MiB of tags",
        "/api/flow_runs/bulk_delete",
        _fill('{"flow_runs": {"tags": {"all_": [', '"a",', "]}}}"),
    ),
    HeavyRequest(
        "4 MiB of parameters, refused",
        "/api/flow_runs/",
        _fill('{"flow_id": 1, "parameters": {"a": [', '{"b":1},', "]}}"),
    ),
    HeavyRequest("4 MiB of logs", "/api/logs/", _fill("[", '{"name":1},', "]")),
)
"""Bodies of up to 4 MiB that are hard to read."""

# The body is full of as many of these as one request may add, nearly.
_RECORD = '{"name":"a","state":{"type":"COMPLETED"}},'
_SEEDS = _fill('{"flow_runs": [', _RECORD, "]}")

CHANGES = (
    HeavyRequest("dump of all", "/_mock/seeds", lambda _: b"", "GET"),
    HeavyRequest("make 100,000 runs", "/_mock/flow_runs?number=100000", _json({})),
    HeavyRequest(
        "4,000 runs of 1 MB",
        "/_mock/flow_runs?number=4000",
        lambda _: json.dumps({"parameters": {"a": "x" * 1_000_000}}).encode(),
    ),
    HeavyRequest("4 MiB of seeds", "/_mock/seeds", _SEEDS),
    HeavyRequest(
        "300,000 records of seeds", "/_mock/seeds", _fill('{"flow_runs": [', '{"name":"a"},', "]}")
    ),
    HeavyRequest(
        "300,000 keys of seeds",
        "/_mock/seeds",
        lambda _: json.dumps({str(key): 1 for key in range(300_000)}).encode(),
    ),
    HeavyRequest("a snapshot", "/_mock/snapshots/x", lambda _: b"", "PUT"),
    HeavyRequest(
        "a session with 4 MiB of seeds",
        "/_mock/sessions",
        _fill('{"seeds": {"flow_runs": [', _RECORD, "]}}"),
    ),
    HeavyRequest("journal", "/_mock/journal", lambda _: b"", "GET"),
    HeavyRequest("the deleted", "/_mock/deleted", lambda _: b"", "GET"),
    HeavyRequest(
        "assert 100,000 deleted",
        "/_mock/assert/deleted",
        lambda _: json.dumps({"flow_runs": _ids(100_000)}).encode(),
    ),
    HeavyRequest(
        "bulk_delete",
        "/api/flow_runs/bulk_delete",
        _json({"flow_runs": {"name": {"like_": "a"}}, "limit": 50}),
    ),
    HeavyRequest(
        "bulk_set_state",
        "/api/flow_runs/bulk_set_state",
        _json({"flow_runs": _COMPLETED, "state": {"type": "CANCELLED"}, "limit": 50}),
    ),
    HeavyRequest("delete a flow with its runs", "/api/flows/{flow}", lambda _: b"", "DELETE"),
    HeavyRequest("count after changes", "/api/flow_runs/count", _json({})),
    HeavyRequest("lateness after changes", "/api/flow_runs/lateness", _json({})),
    HeavyRequest("reset", "/_mock/reset", lambda _: b""),
    HeavyRequest("4 MiB of seeds instead", "/_mock/seeds", _SEEDS, "PUT"),
)
"""Requests that change a world; they are sent to a session."""
