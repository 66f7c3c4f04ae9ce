"""Random bodies that list, count, page and sum, over a world that a server holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from drawing import CRITERIA, SIDE_CRITERIA, Json, Values, draw_filter, shifted
from mockserver.requests.query_bodies import FlowRunSort, NamedSort, TaskRunSort
from tests.support.list_cases import DONE, World

Refer = Callable[[str, int, str], str]
"""How a body says a value: from the name of a collection, a place in it, and a field."""

ALL = ("flows", "flow_runs", "task_runs", "deployments", "work_pools", "work_pool_queues")
_TIMES = ("start_time", "end_time", "expected_start_time", "next_scheduled_start_time")


@dataclass(frozen=True)
class Listing:
    """An endpoint: the filters it takes, and the parameters that it draws beside them.

    `weight`: how often it is drawn.
    """

    path: str
    filters: Sequence[str]
    weight: int
    parameters: Callable[[Random, Values], dict[str, Json]] = lambda _, __: {}


def _page(sorts: Sequence[str]) -> Callable[[Random, Values], dict[str, Json]]:
    def draw(random: Random, _values: Values) -> dict[str, Json]:
        drawn: dict[str, Json] = {}
        if random.random() < 0.8:
            drawn["sort"] = random.choice(sorts)
        if random.random() < 0.4:
            drawn["limit"] = random.choice((0, 1, 2, 3, 7, 20, 200))
        if random.random() < 0.3:
            drawn["offset"] = random.choice((0, 1, 2, 5, 13, 1000))
        return drawn

    return draw


def _numbered_page(random: Random, _values: Values) -> dict[str, Json]:
    drawn: dict[str, Json] = {"limit": random.choice((0, 1, 3, 7, 20, 200))}
    if random.random() < 0.7:
        drawn["sort"] = random.choice(list(FlowRunSort))
    if random.random() < 0.7:
        drawn["page"] = random.choice((1, 2, 3, 9))
    return drawn


def _history(random: Random, values: Values) -> dict[str, Json]:
    """A stretch of years; or a few seconds about a time at which a run is expected to start."""
    if random.random() < 0.5:
        years = random.choice((1, 30, 40))
        start = random.choice(("1999-12-31T00:00:00+00:00", "2024-02-29T13:00:00.5+01:00"))
        seconds = years * random.choice((31_557_600, 3_000_000, 63_000_000.5))
        end = datetime.fromisoformat(start) + timedelta(days=years * 365.25)
        return _stretch(start, end.isoformat(), seconds)
    moment = random.choice(values.times)
    seconds = random.choice((1, 1, 1.5, 2, 3600))
    apart = random.choice((0, 1, -1, 400, -400, 600, -600))  # from an edge of an interval
    before = int(seconds * 1_000_000) * random.choice((0, 1, 3)) + apart
    return _stretch(
        shifted(moment, -before),
        shifted(moment, random.choice((-before, -apart, 0, 400, 1_000_001, 9_000_000))),
        seconds,
    )


def _stretch(start: str, end: str, seconds: float) -> dict[str, Json]:
    return {
        "history_start": start,
        "history_end": end,
        "history_interval_seconds": seconds,
    }


_OF_FLOWS = ("flows", "flow_runs", "task_runs", "deployments", "work_pools")
_OF_TASK_RUNS = ("flows", "flow_runs", "task_runs", "deployments")
_OF_HISTORY = (*_OF_FLOWS, "work_queues")
LISTINGS = (
    Listing("/flow_runs/filter", ALL, 12, _page(list(FlowRunSort))),
    Listing("/flow_runs/count", ALL, 3),
    Listing("/flow_runs/paginate", ALL, 3, _numbered_page),
    Listing("/flow_runs/lateness", ALL, 2),
    Listing("/flow_runs/history", _OF_HISTORY, 2, _history),
    Listing("/flows/filter", _OF_FLOWS, 6, _page(list(NamedSort))),
    Listing("/flows/count", _OF_FLOWS, 2),
    Listing("/task_runs/filter", _OF_TASK_RUNS, 6, _page(list(TaskRunSort))),
    Listing("/task_runs/count", _OF_TASK_RUNS, 2),
    Listing("/deployments/filter", ALL, 6, _page(list(NamedSort))),
    Listing("/deployments/count", ALL, 2),
)
_COLLECTIONS = {"work_pool_queues": "work_queues"}
_CRITERIA = {"flow_runs": CRITERIA, **SIDE_CRITERIA}
_WEIGHTS = [listing.weight for listing in LISTINGS]


def draw_listing(random: Random, values: Mapping[str, Values]) -> tuple[str, dict[str, Json]]:
    """A path and a body. `values`: by collection."""
    (listing,) = random.choices(LISTINGS, _WEIGHTS)
    own = listing.path.split("/")[1]
    body = listing.parameters(random, values[own])
    # Filters that have nothing to do with each other rarely meet: mostly one, or two.
    among = [*listing.filters, own, own]
    for name in random.choices(among, k=random.choice((0, 1, 1, 1, 1, 2, 2, 3))):
        collection = _COLLECTIONS.get(name, name)
        drawn = draw_filter(random, values[collection], _CRITERIA[collection])
        body[name] = None if random.random() < 0.03 else drawn
    if random.random() < 0.05:
        name = random.choice(("work_queues", "work_pool_queues", "work_pools", "flow_run"))
        body.setdefault(name, None if name in listing.filters else {"unknown": 1})
    if listing.path.endswith(("/lateness", "/history")) and random.random() < 0.6:
        body["flow_runs"] = DONE
    return listing.path, body


def values_of(world: World, refer: Refer | None = None) -> dict[str, Values]:
    """What the records of a world hold, by collection; ids and times as `refer` says them.

    Without it they are what they are, and drawn in all of their spellings.
    """
    return {name: _values_of(world, name, refer) for name in world}


def _values_of(world: World, name: str, refer: Refer | None) -> Values:
    def column(key: str) -> list[Any]:
        return [record[key] for record in world[name] if record.get(key) is not None]

    def ids(collection: str, key: str) -> list[str]:
        if refer is None:
            return [record[key] for record in world[collection] if record.get(key)]
        places = enumerate(world[collection])
        return [refer(collection, place, key) for place, record in places if record.get(key)]

    times = [time for key in _TIMES for time in ids(name, key)]
    names = column("name")
    if name == "deployments":  # what flow_or_deployment_name.like_ looks at too
        names += [flow["name"] for flow in world["flows"]]
    return Values(
        ids=ids(name, "id"),
        task_run_ids=ids(name, "parent_task_run_id"),
        deployment_ids=ids(name, "deployment_id"),
        creator_ids=[creator["id"] for creator in column("created_by")],
        names=names,
        tags=[tag for tags in column("tags") for tag in tags],
        queues=[queue["name"] for queue in world["work_queues"]],
        state_names=column("state_name"),
        versions=column("flow_version"),
        keys=column("idempotency_key"),
        times=times if refer else [datetime.fromisoformat(time) for time in times],
        flow_run_ids=ids("flow_runs", "id"),
        types=column("type"),
    )


def reference(collection: str, place: int, field: str) -> str:
    """A value of a world, said so that it holds in every world (see list_cases.py)."""
    return f"{{{collection}.{place}.{field}}}"
