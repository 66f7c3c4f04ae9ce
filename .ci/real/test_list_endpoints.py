"""A mock loaded with the records of a real server lists, counts, pages and sums as it does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from conftest import ServerPair, serve_mock
from differences import fail_on_differences
from measure.http_client import JSON_HEADERS, Request, Server
from mockserver import FlowRunFilter
from mockserver.filters import related_models as side_filters
from mockserver.filters.models import OperatorFilter
from random_filters import CRITERIA, SIDE_CRITERIA
from random_list_requests import LIST_ENDPOINTS, draw_list_request, workspace_values
from tests.support.list_cases import (
    Workspace,
    differing_fields,
    equal_within,
    normalize_reply,
    time_tolerance,
    workspace_seed,
)
from workspace import create_workspace, delete_workspace, find_missing_queue_names, read_workspace

BODIES = 250
LISTED_COLLECTIONS = ("flow_runs", "task_runs", "flows", "deployments")
"""The collections that the mock lists."""


@dataclass(frozen=True)
class LoadedPair:
    """A real server with a workspace, and a mock that was loaded with the server's records."""

    real: Server
    mock: Server
    workspace: Workspace


@pytest.fixture(scope="module")
def loaded_pair(pair: ServerPair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedPair]:
    create_workspace(pair.real, 7)
    workspace = read_workspace(pair.real)
    seed = workspace_seed(workspace, find_missing_queue_names(pair.real, workspace))
    with serve_mock(tmp_path_factory.mktemp("lists"), pair.dialect, seed) as url:
        yield LoadedPair(pair.real, Server(f"{url}/api"), workspace)
    delete_workspace(pair.real, workspace)


def normalized_answer(server: Server, path: str, body: Any, workspace: Workspace) -> Any:
    """The answer of a server in comparable form."""
    found = server.send(Request(json.dumps(body).encode(), JSON_HEADERS, path))
    return normalize_reply(path, body, found.status, json.loads(found.reply), workspace)


def test_every_key_is_drawn() -> None:
    """Random filters use every criterion, condition and operator of the models."""
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


@pytest.mark.parametrize("name", LISTED_COLLECTIONS)
def test_records_have_equal_fields(loaded_pair: LoadedPair, name: str) -> None:
    """Every field of every record has the value that the real server returns."""
    listed = {one["id"]: one for one in loaded_pair.mock.post(f"/{name}/filter", {})}
    real = {one["id"]: one for one in loaded_pair.real.post(f"/{name}/filter", {})}
    assert real.keys() == listed.keys()
    found = [
        f"{name} {record_id}: {difference}"
        for record_id, record in real.items()
        for difference in differing_fields(record, listed[record_id], 2.0)
    ]
    assert found == []


def test_bodies_are_answered_alike(loaded_pair: LoadedPair) -> None:
    """Random requests, with any of the filters, find, count, page and sum the same."""
    random = Random(9)
    values = workspace_values(loaded_pair.workspace)
    found = []
    paths = set()
    for _ in range(BODIES):
        path, body = draw_list_request(random, values)
        paths.add(path)
        real, mock = (
            normalized_answer(one, path, body, loaded_pair.workspace)
            for one in (loaded_pair.real, loaded_pair.mock)
        )
        if not equal_within(real, mock, time_tolerance(path, body)):
            sent = json.dumps(body, ensure_ascii=False)
            found.append(f"{path} {sent}\n  real: {real}\n  mock: {mock}")
    fail_on_differences(found)
    assert paths == {listing.path for listing in LIST_ENDPOINTS}
