"""A real server selects, deletes and orphans the flow runs that its dialect says."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from conftest import ServerPair
from differences import fail_on_differences
from flow_run_data import create_flow_runs, flow_run_values
from measure.http_client import Server, UnexpectedStatus
from mockserver import (
    BulkDeleteRequest,
    FlowRunFilter,
    Store,
    bulk_delete,
    compile_filter,
    load_seeds,
)
from mockserver.contract.server.sample_values import NAMES, NUL_NAMES
from mockserver.errors import ServerFailure
from mockserver.prefect.dialects import Dialect, NulHandling
from mockserver.requests import Message, read_request
from random_filters import CRITERIA, Values, draw_filter, like_patterns

FILTERS = 300
DELETIONS = 80

Json = dict[str, Any]


@dataclass(frozen=True)
class LoadedPair:
    """A real server with flow runs, and a store loaded from the server's own answers."""

    real: Server
    dialect: Dialect
    store: Store
    values: Values
    task_run_ids: frozenset[str]


@pytest.fixture(scope="session")
def loaded_pair(pair: ServerPair, tmp_path_factory: pytest.TempPathFactory) -> LoadedPair:
    create_flow_runs(
        pair.real, 1, NAMES if pair.dialect.nul is NulHandling.FAILS else NAMES + NUL_NAMES
    )
    folder = tmp_path_factory.mktemp(pair.dialect.name)
    flow_runs = list(pair.real.pages("/flow_runs/filter"))
    task_runs = list(pair.real.pages("/task_runs/filter"))
    (folder / "flow_runs.json").write_text(json.dumps(flow_runs))
    (folder / "task_runs.json").write_text(json.dumps(task_runs))
    store = Store(load_seeds([folder], datetime.now(UTC)).base())
    assert [run.id for run in store] == [run["id"] for run in flow_runs]
    task_run_ids = frozenset(task_run["id"] for task_run in task_runs)
    return LoadedPair(pair.real, pair.dialect, store, flow_run_values(flow_runs), task_run_ids)


def select_on_server(server: Server, filter_: Json) -> set[str] | int:
    """The ids that a real server selects with `/flow_runs/filter`, or its status if it fails."""
    try:
        return {run["id"] for run in server.pages("/flow_runs/filter", flow_runs=filter_)}
    except UnexpectedStatus as refusal:
        return refusal.status


def delete_on_server(server: Server, body: Json) -> set[str] | int:
    """The ids that a real server deletes, or its status if it fails."""
    try:
        return set(server.post("/flow_runs/bulk_delete", body)["deleted"])
    except UnexpectedStatus as refusal:
        return refusal.status


def request_of(body: Json, dialect: Dialect) -> BulkDeleteRequest:
    return read_request(
        Message(json.dumps(body).encode(), "application/json"), BulkDeleteRequest, dialect
    ).request


def delete_on_mock(store: Store, body: Json, dialect: Dialect) -> set[str] | int:
    try:
        return set(bulk_delete(store, request_of(body, dialect), dialect).deleted)
    except ServerFailure as failure:
        return 503 if failure.retryable else 500


def select_on_mock(store: Store, filter_: Json, dialect: Dialect) -> set[str] | int:
    body = {"flow_runs": filter_}
    tried = delete_on_mock(store.fork(), body, dialect)
    if isinstance(tried, int):
        return tried
    predicate = compile_filter(request_of(body, dialect).flow_runs, dialect)
    return {run.id for run in store.select(predicate)}


def describe_difference(
    real: set[str] | int, mock: set[str] | int, body: Json, loaded_pair: LoadedPair
) -> str | None:
    """A description of how two answers differ, or None: the filter in words, and the runs."""
    if real == mock:
        return None
    sentence = compile_filter(request_of(body, loaded_pair.dialect).flow_runs, loaded_pair.dialect)
    lines = [json.dumps(body, ensure_ascii=False), f"  {sentence}"]
    if isinstance(real, int) or isinstance(mock, int):
        return "\n".join([*lines, f"  real: {real}", f"  mock: {mock}"])
    for who, ids in (("real", real - mock), ("mock", mock - real)):
        runs = [loaded_pair.store.get(flow_run_id) for flow_run_id in sorted(ids)[:3]]
        lines.append(f"  only {who}: {len(ids)} {runs}")
    return "\n".join(lines)


def test_every_condition_is_drawn() -> None:
    """Random filters use every criterion, condition and operator of the models."""
    assert CRITERIA.keys() == FlowRunFilter.model_fields.keys() - {"operator"}
    for name, conditions in CRITERIA.items():
        criterion = getattr(FlowRunFilter.model_validate({name: {}}), name)
        assert conditions.keys() == type(criterion).model_fields.keys()


def assert_same_selections(loaded_pair: LoadedPair, filters: Iterable[Json]) -> None:
    """Fail with every filter that selects different runs on the real server and the mock."""
    found = []
    for filter_ in filters:
        mock = select_on_mock(loaded_pair.store, filter_, loaded_pair.dialect)
        found.append(
            describe_difference(
                select_on_server(loaded_pair.real, filter_),
                mock,
                {"flow_runs": filter_},
                loaded_pair,
            )
        )
    fail_on_differences(found)


def test_filters_select_the_same_runs(loaded_pair: LoadedPair) -> None:
    """Random filters select the same runs on a real server and the mock."""
    random = Random(2)
    assert_same_selections(
        loaded_pair, (draw_filter(random, loaded_pair.values) for _ in range(FILTERS))
    )


def test_patterns_select_the_same_runs(loaded_pair: LoadedPair) -> None:
    """`like_` matches the same with each name, and its variants in case, wildcards and escapes."""
    patterns = {pattern for name in loaded_pair.values.names for pattern in like_patterns(name)}
    assert_same_selections(
        loaded_pair, ({"name": {"like_": pattern}} for pattern in sorted(patterns))
    )


def test_database_limits_are_alike(loaded_pair: LoadedPair) -> None:
    """A request at a limit is answered and one beyond it refused, as the dialect says."""
    found = []
    for filter_ in (
        *({"tags": {key: ["x"] * count}} for key in ("any_", "all_") for count in (127, 128)),
        *({"name": {"like_": "é" * 24_999 + more}} for more in ("", "x")),
        *({"name": {"any_": ["x"] * count}} for count in (32_766, 32_767)),
        *({"created_by": {"type_": ["x"] * count}} for count in (32_765, 32_766)),
    ):
        body: Json = {"flow_runs": filter_}
        mock = delete_on_mock(loaded_pair.store.fork(), body, loaded_pair.dialect)
        if delete_on_server(loaded_pair.real, body) != mock:
            found.append((json.dumps(body)[:80], len(json.dumps(body)), mock))
    assert found == []


def test_deletions_take_the_same_runs(loaded_pair: LoadedPair) -> None:
    """Each of a series of random deletions deletes the same runs.

    Afterwards the same flow runs and task runs are left, and the same ones have lost their parent.
    """
    random = Random(3)
    store = loaded_pair.store.fork()
    found = []
    for _ in range(DELETIONS):
        limit = random.choice((1, 1, 1, 2, 3, 5))
        body = {"flow_runs": draw_filter(random, loaded_pair.values), "limit": limit}
        mock = delete_on_mock(store, body, loaded_pair.dialect)
        found.append(
            describe_difference(delete_on_server(loaded_pair.real, body), mock, body, loaded_pair)
        )
    fail_on_differences(found)
    left = {
        run["id"]: run["parent_task_run_id"] for run in loaded_pair.real.pages("/flow_runs/filter")
    }
    assert {run.id: run.parent_task_run_id for run in store} == left
    task_runs = {task_run["id"] for task_run in loaded_pair.real.pages("/task_runs/filter")}
    assert {
        task_run for task_run in loaded_pair.task_run_ids if store.task_runs.get(task_run)
    } == task_runs
    assert 0 < len(left) < len(loaded_pair.store), "some runs must be gone and some left"
