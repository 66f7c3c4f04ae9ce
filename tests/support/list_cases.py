"""What servers answer to bodies that list and count, told so that two answers can be compared.

tests/data/lists-prefect-3.8.8.json holds what real servers answered: for each database a world
(the records a server held, as it told them, each collection in the order of creation), and cases:
a path, a body that holds in every world, and what was told in each.

- A body refers to values of a world: `{flow_runs.3.id}` is the id of the fourth flow run, and
  `{flow_runs.3.start_time-1}` the microsecond before it started.
- A page is told as the places of its records in the world, grouped by what the list is sorted by:
  nobody promises an order among equals. Of a group that the page may have cut off, only its size
  is told, and the first place in the world that the whole group has: "2 of 7".
- An answer that is not a success is told as its status, such as "status 503".
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
World = dict[str, list[dict[str, Any]]]
Unnamed = Mapping[str, Sequence[int]]
"""Places, by collection, of the records that are in a queue but have no `work_queue_name`: a server
tells the name of the queue instead, and filters by the name that they do not have."""

CASES = DATA / "lists-prefect-3.8.8.json"
MAX_PAGE = 200
ESTIMATES = ("estimated_run_time", "estimated_start_time_delta")
"""The fields of a run that the passing of time changes, unless the run is done."""
TERMINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
DONE: Mapping[str, Json] = {"state": {"type": {"any_": list(TERMINAL)}}}
"""A filter of flow runs with which neither lateness nor history drift with the clock."""

_REFERENCE = re.compile(r"\{(\w+)\.(\d+)\.(\w+?)([+-]\d+)?\}")


def resolve(body: Json, world: World) -> Json:
    """A body with the values of a world in place of references."""
    text = json.dumps(body, ensure_ascii=False)
    return json.loads(_REFERENCE.sub(lambda found: _value(found, world), text))


def _value(reference: re.Match[str], world: World) -> str:
    collection, place, field, shift = reference.groups()
    value = str(world[collection][int(place)][field])
    if shift is None:
        return value
    return (datetime.fromisoformat(value) + timedelta(microseconds=int(shift))).isoformat()


def seed_of(world: World, unnamed: Unnamed) -> World:
    """The records as a server has them, not as it tells them."""
    return {
        name: [
            {**record, "work_queue_name": None} if at in unnamed.get(name, ()) else record
            for at, record in enumerate(records)
        ]
        for name, records in world.items()
    }


# Telling

_SORT_KEYS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "START_TIME": lambda run: run["start_time"] or run["expected_start_time"],
}


def sort_key(sort: str) -> Callable[[Mapping[str, Any]], Any]:
    """What a list is sorted by, from the name of the sort."""
    column = sort.rpartition("_")[0]
    return _SORT_KEYS.get(column, lambda record: record[column.lower()])


def told(path: str, body: Json, status: int, reply: Json, world: World) -> Json:
    """What a server answered to a (resolved) body."""
    if status != 200:
        return f"status {status}"
    _, collection, verb = path.split("/")
    limit = body.get("limit", MAX_PAGE)
    sort = body.get("sort") or ("ID_DESC" if collection.endswith("_runs") else "NAME_ASC")
    if verb == "filter":
        return _page_told(reply, world[collection], sort, body.get("offset", 0), limit)
    if verb == "paginate":
        results = reply["results"]
        offset = (body.get("page", 1) - 1) * limit
        return {**reply, "results": _page_told(results, world[collection], sort, offset, limit)}
    if verb == "history":
        return [
            [interval["interval_start"], interval["interval_end"], _states_told(interval["states"])]
            for interval in reply
        ]
    return reply


def _page_told(
    page: Sequence[Mapping[str, Any]],
    whole: Sequence[Mapping[str, Any]],
    sort: str,
    offset: int,
    limit: int,
) -> list[Json]:
    place = {record["id"]: at for at, record in enumerate(whole)}
    key = sort_key(sort)
    groups = [(value, list(records)) for value, records in groupby(page, key)]
    said: list[Json] = []
    for at, (value, records) in enumerate(groups):
        equal = sum(key(record) == value for record in whole)
        cut = (at == 0 and offset > 0) or (at == len(groups) - 1 and len(page) == limit)
        if cut and equal > len(records):
            first = next(at for at, record in enumerate(whole) if key(record) == value)
            said.append(f"{len(records)} of {first}")
        else:
            said.append(sorted(place[record["id"]] for record in records))
    return said


def _states_told(states: Sequence[Mapping[str, Any]]) -> list[Json]:
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


def tolerance(path: str, body: Json) -> float:
    """By how much, in seconds, two servers may differ that are asked one after the other."""
    if not path.endswith(("/lateness", "/history")):
        return 0.0
    return 0.00001 if body.get("flow_runs") == DONE else 2.0


def same(one: Json, other: Json, within: float) -> bool:
    """Whether two values are equal, kind by kind; numbers with a fraction to the tolerance."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= within
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key], within) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other, [within] * len(one)))
    return bool(one == other)


def differences(one: Mapping[str, Any], other: Mapping[str, Any], drift: float) -> list[str]:
    """In which fields two records differ; estimates of a run that is not done may, by `drift`."""
    done = one.get("state_type") in TERMINAL
    return [
        f"{field}: {one.get(field, '(none)')!r}, {other.get(field, '(none)')!r}"
        for field in sorted(one.keys() | other.keys())
        if not same(
            one.get(field, ...),
            other.get(field, ...),
            0.0 if done or field not in ESTIMATES else drift,
        )
    ]


# What was recorded


@cache
def recorded() -> Json:
    """The vectors: `worlds`, by dialect, and `cases`."""
    return json.loads(CASES.read_text())


def answer_of(case: Mapping[str, Json], dialect: str) -> Json:
    """What the server of a dialect answered."""
    return case["answer"] if "answer" in case else case["answers"][dialect]


def deviates(value: Json) -> bool:
    """Whether a body has what real servers read otherwise than the document.

    Wildcards in a pattern; letters whose case a database may not know; both lists of a state.
    """
    if isinstance(value, list):
        return any(map(deviates, value))
    if not isinstance(value, dict):
        return False
    patterns = [*(value.get("startswith_") or ()), value.get("like_") or ""]
    both = value.get("any_") is not None and value.get("not_any_")
    return bool(both) or any(map(_is_special, patterns)) or any(map(deviates, value.values()))


def _is_special(pattern: str) -> bool:
    return not pattern.isascii() or any(symbol in pattern for symbol in "%_\\\0")
