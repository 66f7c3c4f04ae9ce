"""Listing, counting and paging over records, and the history of flow runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    few_malformed_bodies,
    malformed_bodies,
    post_requests,
    with_each_key_missing,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_NUMBERS, ODD_TIMES, ODD_VALUES, Json
from tests.support.endpoint_requests.valid_requests import HISTORY, MATCH_NO_RUN

HISTORY_PATH = "/flow_runs/history"
FILTERS = ("flows", "flow_runs", "task_runs", "deployments", "work_pools")
LIST_KEYS: Mapping[str, Sequence[str]] = {
    "/flow_runs/filter": ("sort", "limit", "offset", "work_pool_queues"),
    "/flow_runs/count": ("work_pool_queues",),
    "/flow_runs/paginate": ("sort", "limit", "page", "work_pool_queues"),
    "/flow_runs/lateness": ("work_pool_queues",),
    "/flows/filter": ("sort", "limit", "offset", "work_queues"),
    "/flows/count": ("work_queues",),
    "/task_runs/filter": ("sort", "limit", "offset"),
    "/task_runs/count": (),
    "/deployments/filter": ("sort", "limit", "offset", "work_pool_queues"),
    "/deployments/count": ("work_pool_queues",),
}
"""The keys of a body, by endpoint, beside `FILTERS`."""

FULLY_TESTED = "/flow_runs/filter"
"""The endpoint that gets every odd value; the others, which share its code, get a few."""

ODD_PAGES: Sequence[Json] = (
    {**MATCH_NO_RUN, "limit": 201, "offset": -1, "sort": "x"},
    {**MATCH_NO_RUN, "limit": "x", "offset": -1, "sort": "x", "flows": 1, "page": 0},
    b'{"limit": NaN, "offset": 1}',
    b'{"limit": 201, "offset": NaN}',
    b'{"limit": -1, "x": "\\ud800"}',
    {**MATCH_NO_RUN, "limit": 2**63 - 1, "offset": 2**63 - 1, "page": 2**62},
    # The offset of the first page fits into 64 bits, that of the second does not.
    {**MATCH_NO_RUN, "limit": 200, "page": 46116860184273880},
    {**MATCH_NO_RUN, "limit": 200, "page": 46116860184273881},
)


def _odd_lists(path: str) -> Iterator[ApiRequest]:
    keys, every = LIST_KEYS[path], path == FULLY_TESTED
    filters = [key for key in (*FILTERS, *keys, "unknown") if key != "flow_runs"]
    odd = ODD_VALUES if every else (None, "x", {}, {"a": "b"})
    yield from with_odd_values(path, MATCH_NO_RUN, filters, odd)
    yield from with_odd_values(path, {}, ["flow_runs"], ODD_VALUES if every else ())
    numbers = (*ODD_NUMBERS, 200, 201, "200", "201") if every else (0, -1, 201, 2**63, 1e300)
    counts = [key for key in keys if key in ("limit", "offset", "page")]
    yield from with_odd_values(path, MATCH_NO_RUN, counts, numbers)
    if "limit" in keys:
        yield from post_requests(path, *ODD_PAGES)


def _list_groups() -> Iterator[tuple[str, Iterable[ApiRequest]]]:
    for path in LIST_KEYS:
        yield (
            f"{path}: any body",
            malformed_bodies("POST", path, MATCH_NO_RUN)
            if path == FULLY_TESTED
            else few_malformed_bodies(path),
        )
        yield f"{path}: odd values", _odd_lists(path)


REQUESTS: RequestGroups = {
    **dict(_list_groups()),
    f"{HISTORY_PATH}: any body": malformed_bodies(
        "POST", HISTORY_PATH, {**HISTORY, **MATCH_NO_RUN}
    ),
    f"{HISTORY_PATH}: odd values": [
        *with_each_key_missing(HISTORY_PATH, HISTORY, HISTORY),
        *with_odd_values(
            HISTORY_PATH,
            {**HISTORY, **MATCH_NO_RUN},
            (*HISTORY, *FILTERS[:1], "work_queues", "work_pool_queues"),
        ),
        *with_odd_values(
            HISTORY_PATH, {**HISTORY, **MATCH_NO_RUN}, ["history_start", "history_end"], ODD_TIMES
        ),
        *with_odd_values(
            HISTORY_PATH,
            {**HISTORY, **MATCH_NO_RUN},
            ["history_interval_seconds"],
            (
                0,
                0.5,
                0.9999999,
                1,
                1.5,
                3600,
                86_400,
                1e9,
                1e15,
                1e300,
                -1,
                -1e300,
                "43200",
                "P1D",
            ),
        ),
        *post_requests(
            HISTORY_PATH,
            b'{"history_start": "2026-01-01T00:00:00Z", "history_end": "2026-01-02T00:00:00Z",'
            b' "history_interval_seconds": NaN}',
            b'{"history_start": "2026-01-01T00:00:00Z", "history_end": "2026-01-02T00:00:00Z",'
            b' "history_interval_seconds": Infinity}',
            {**HISTORY, "history_end": HISTORY["history_start"], **MATCH_NO_RUN},
            {**HISTORY, "history_end": "2025-01-01T00:00:00Z", **MATCH_NO_RUN},
            {**HISTORY, "history_interval_seconds": 7200.5, **MATCH_NO_RUN},
            {**HISTORY, "history_start": "2026-01-01T00:00:00.123456+05:30", **MATCH_NO_RUN},
            {
                "history_start": "9999-12-30T00:00:00Z",
                "history_end": "9999-12-31T23:00:00Z",
                "history_interval_seconds": 86_400,
                **MATCH_NO_RUN,
            },
            {
                "history_start": "9999-12-30T00:00:00Z",
                "history_end": "9999-12-31T00:00:00Z",
                "history_interval_seconds": 86_400,
                **MATCH_NO_RUN,
            },
            {
                "history_start": "0001-01-01T00:00:00Z",
                "history_end": "9999-12-31T00:00:00Z",
                "history_interval_seconds": 1,
                "flow_runs": {"name": {"any_": ["\0"]}},
            },
            {
                "history_start": "x",
                "history_end": 1,
                "history_interval_seconds": "x",
                "flows": 1,
            },
        ),
    ],
}
