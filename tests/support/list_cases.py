"""What real servers answered to bodies that list and count, in a form that can be compared.

tests/data/lists-prefect-3.8.8.json was recorded by .ci/real/record_list_cases.py. It holds, for
each database, a workspace (the records that the server held, as it returned them, each collection
in the order of creation), and cases: a path, a body that fits both workspaces, and the answers.

- A body refers to values of a workspace: `{flow_runs.3.id}` is the id of the fourth flow run, and
  `{flow_runs.3.start_time-1}` is the microsecond before it started.
- A page is written as the places of its records in the workspace, grouped by the value that the
  list is sorted by, because no order is promised among equal values. Of a group that the page may
  have cut off, only its size and the first place of the whole group are kept: "2 of 7".
- An answer other than 200 is written as its status, such as "status 503".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any

from tests.support.paths import DATA

Json = Any
Workspace = dict[str, list[dict[str, Any]]]
MissingQueueNames = Mapping[str, Sequence[int]]
"""Places, by collection, of records in a work queue whose own `work_queue_name` is null.

Servers return the name of the queue for them, but filter by the null."""

CASES = DATA / "lists-prefect-3.8.8.json"
MAX_PAGE = 200
ESTIMATED_FIELDS = ("estimated_run_time", "estimated_start_time_delta")
"""Fields of a run that change as time passes, until the run is finished."""
TERMINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
FINISHED_RUNS: Mapping[str, Json] = {"state": {"type": {"any_": list(TERMINAL)}}}
"""A filter of flow runs whose lateness and history do not change with the clock."""

_REFERENCE = re.compile(r"\{(\w+)\.(\d+)\.(\w+?)([+-]\d+)?\}")


def resolve_references(body: Json, workspace: Workspace) -> Json:
    """A body with references replaced by the values of a workspace."""
    text = json.dumps(body, ensure_ascii=False)
    return json.loads(_REFERENCE.sub(lambda found: _referenced_value(found, workspace), text))


def _referenced_value(reference: re.Match[str], workspace: Workspace) -> str:
    collection, place, field, shift = reference.groups()
    value = str(workspace[collection][int(place)][field])
    if shift is None:
        return value
    return (datetime.fromisoformat(value) + timedelta(microseconds=int(shift))).isoformat()


def workspace_seed(workspace: Workspace, missing: MissingQueueNames) -> Workspace:
    """The records as a server stores them, which differs from what it returns for queue names."""
    return {
        name: [
            {**record, "work_queue_name": None} if at in missing.get(name, ()) else record
            for at, record in enumerate(records)
        ]
        for name, records in workspace.items()
    }


# Normalizing

_SORT_KEYS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "START_TIME": lambda run: run["start_time"] or run["expected_start_time"],
    "DURATION": lambda run: run["estimated_run_time"],
}


def sort_key(sort: str) -> Callable[[Mapping[str, Any]], Any]:
    """The key function of a sort, such as `START_TIME_DESC`."""
    column = sort.rpartition("_")[0]
    return _SORT_KEYS.get(column, lambda record: record[column.lower()])


def normalize_reply(path: str, body: Json, status: int, reply: Json, workspace: Workspace) -> Json:
    """The answer of a server to a body without references, in comparable form."""
    if status != 200:
        return f"status {status}"
    _, collection, verb = path.split("/")
    limit = body.get("limit", MAX_PAGE)
    sort = body.get("sort") or ("ID_DESC" if collection.endswith("_runs") else "NAME_ASC")
    if verb == "filter":
        return _normalize_page(reply, workspace[collection], sort, body.get("offset", 0), limit)
    if verb == "paginate":
        results = reply["results"]
        offset = (body.get("page", 1) - 1) * limit
        return {
            **reply,
            "results": _normalize_page(results, workspace[collection], sort, offset, limit),
        }
    if verb == "history":
        return [
            [
                interval["interval_start"],
                interval["interval_end"],
                _normalize_states(interval["states"]),
            ]
            for interval in reply
        ]
    return reply


def _normalize_page(
    page: Sequence[Mapping[str, Any]],
    whole: Sequence[Mapping[str, Any]],
    sort: str,
    offset: int,
    limit: int,
) -> list[Json]:
    place_of = {record["id"]: at for at, record in enumerate(whole)}
    key = sort_key(sort)
    groups = [(value, list(records)) for value, records in groupby(page, key)]
    places: list[Json] = []
    for at, (value, records) in enumerate(groups):
        equal = sum(key(record) == value for record in whole)
        cut = (at == 0 and offset > 0) or (at == len(groups) - 1 and len(page) == limit)
        if cut and equal > len(records):
            first = next(at for at, record in enumerate(whole) if key(record) == value)
            places.append(f"{len(records)} of {first}")
        else:
            places.append(sorted(place_of[record["id"]] for record in records))
    return places


def _normalize_states(states: Sequence[Mapping[str, Any]]) -> list[Json]:
    sums = ("sum_estimated_run_time", "sum_estimated_lateness")
    return sorted(
        [
            state["state_type"],
            state["state_name"],
            state["count_runs"],
            *(state[key] for key in sums),
        ]
        for state in states
    )


# Comparing


def time_tolerance(path: str, body: Json) -> float:
    """How far, in seconds, two answers may differ that were given one after the other.

    Lateness and history of unfinished runs grow with the clock, those of finished runs do not.
    """
    if not path.endswith(("/lateness", "/history")):
        return 0.0
    return 0.00001 if body.get("flow_runs") == FINISHED_RUNS else 2.0


def equal_within(one: Json, other: Json, within: float) -> bool:
    """Whether two JSON values have equal types and values; floats may differ by `within`."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= within
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            equal_within(one[key], other[key], within) for key in one
        )
    if isinstance(one, list):
        return len(one) == len(other) and all(map(equal_within, one, other, [within] * len(one)))
    return bool(one == other)


def differing_fields(one: Mapping[str, Any], other: Mapping[str, Any], drift: float) -> list[str]:
    """Fields in which two records differ; estimates of unfinished runs may, by `drift` seconds."""
    finished = one.get("state_type") in TERMINAL
    return [
        f"{field}: {one.get(field, '(none)')!r}, {other.get(field, '(none)')!r}"
        for field in sorted(one.keys() | other.keys())
        if not equal_within(
            one.get(field, ...),
            other.get(field, ...),
            0.0 if finished or field not in ESTIMATED_FIELDS else drift,
        )
    ]


# Recorded cases


@cache
def load_cases() -> Json:
    """The recorded file: `worlds` (workspaces by dialect) and `cases`."""
    return json.loads(CASES.read_text())


def recorded_answer(case: Mapping[str, Json], dialect: str) -> Json:
    """The answer of the server that a dialect describes."""
    return case["answer"] if "answer" in case else case["answers"][dialect]


def uses_known_deviation(value: Json) -> bool:
    """Whether real servers may read a body differently from what openapi.yaml says.

    That is: wildcards in a pattern, non-ASCII letters (databases differ in case folding), or both
    lists of a state.
    """
    if isinstance(value, list):
        return any(map(uses_known_deviation, value))
    if not isinstance(value, dict):
        return False
    patterns = [*(value.get("startswith_") or ()), value.get("like_") or ""]
    both_lists = value.get("any_") is not None and value.get("not_any_")
    return (
        bool(both_lists)
        or any(map(_is_special_pattern, patterns))
        or any(map(uses_known_deviation, value.values()))
    )


def _is_special_pattern(pattern: str) -> bool:
    return not pattern.isascii() or any(symbol in pattern for symbol in "%_\\\0")
