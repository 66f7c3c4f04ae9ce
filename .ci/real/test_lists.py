"""A mock that was loaded from a real server's answers lists, counts, pages and sums as it does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from conftest import Pair, serving
from drawing import CRITERIA, SIDE_CRITERIA
from exchange import JSON, Request, Server
from listing import LISTINGS, draw_listing, values_of
from mockserver import FlowRunFilter
from mockserver.filters import related_models as side_filters
from mockserver.filters.models import OperatorFilter
from tests.support.list_cases import World, differences, same, seed_of, told, tolerance
from worlds import build, fetch, raze, unnamed_in

BODIES = 500
WHOLE = ("flow_runs", "task_runs", "flows", "deployments")
"""The collections that the mock lists."""


@dataclass(frozen=True)
class Twins:
    """A real server with a world, and a mock that was loaded with what the server tells of it."""

    real: Server
    mock: Server
    world: World


@pytest.fixture(scope="module")
def twins(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    build(pair.real, 7)
    world = fetch(pair.real)
    seed = seed_of(world, unnamed_in(pair.real, world))
    with serving(tmp_path_factory.mktemp("lists"), pair.dialect, seed) as url:
        yield Twins(pair.real, Server(f"{url}/api"), world)
    raze(pair.real, world)


def answer(server: Server, path: str, body: Any, world: World) -> Any:
    """What a server answers, told."""
    found = server.send(Request(json.dumps(body).encode(), JSON, path))
    return told(path, body, found.status, json.loads(found.reply), world)


def test_every_key_is_drawn() -> None:
    """Random filters have every criterion, condition and operator that the models have."""
    filters: dict[str, type[OperatorFilter]] = {
        "flow_runs": FlowRunFilter,
        "flows": side_filters.FlowFilter,
        "task_runs": side_filters.TaskRunFilter,
        "deployments": side_filters.DeploymentFilter,
        "work_pools": side_filters.WorkPoolFilter,
        "work_queues": side_filters.WorkQueueFilter,
    }
    for name, criteria in {"flow_runs": CRITERIA, **SIDE_CRITERIA}.items():
        assert criteria.keys() == filters[name].model_fields.keys() - {"operator"}
        for key, conditions in criteria.items():
            criterion = getattr(filters[name].model_validate({key: {}}), key)
            assert conditions.keys() == type(criterion).model_fields.keys()


@pytest.mark.parametrize("name", WHOLE)
def test_records_are_told_alike(twins: Twins, name: str) -> None:
    """Every field of every record is what the real server says that it is."""
    listed = {one["id"]: one for one in twins.mock.post(f"/{name}/filter", {})}
    real = {one["id"]: one for one in twins.real.post(f"/{name}/filter", {})}
    assert real.keys() == listed.keys()
    found = [
        f"{name} {record_id}: {difference}"
        for record_id, record in real.items()
        for difference in differences(record, listed[record_id], 2.0)
    ]
    assert found == []


def test_bodies_are_answered_alike(twins: Twins) -> None:
    """Random bodies, with any of the filters, find, count, page and sum the same."""
    random = Random(9)
    values = values_of(twins.world)
    found = []
    paths = set()
    for _ in range(BODIES):
        path, body = draw_listing(random, values)
        paths.add(path)
        real, mock = (answer(one, path, body, twins.world) for one in (twins.real, twins.mock))
        if not same(real, mock, tolerance(path, body)):
            asked = json.dumps(body, ensure_ascii=False)
            found.append(f"{path} {asked}\n  real: {real}\n  mock: {mock}")
    if found:
        pytest.fail(f"{len(found)} differ:\n" + "\n".join(found), pytrace=False)
    assert paths == {listing.path for listing in LISTINGS}
