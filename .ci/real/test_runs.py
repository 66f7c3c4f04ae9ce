# Whatever a real server holds: it selects, deletes and orphans what our dialect says it does.

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from conftest import Pair
from drawing import CRITERIA, Values, draw_filter, patterns_of
from exchange import Refused, Server
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
from mockserver.requests.decoding import Message
from mockserver.requests.reading import read_request
from seeding import fill, values_of

FILTERS = 600
DELETIONS = 80

Json = dict[str, Any]


@dataclass(frozen=True)
class Filled:
    """A real server with flow runs, and a store that was loaded from the server's own answers."""

    real: Server
    dialect: Dialect
    store: Store
    values: Values
    task_run_ids: frozenset[str]


@pytest.fixture(scope="session")
def filled(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    fill(pair.real, 1, NAMES if pair.dialect.nul is NulHandling.FAILS else NAMES + NUL_NAMES)
    folder = tmp_path_factory.mktemp(pair.dialect.name)
    flow_runs = list(pair.real.pages("/flow_runs/filter"))
    task_runs = list(pair.real.pages("/task_runs/filter"))
    (folder / "flow_runs.json").write_text(json.dumps(flow_runs))
    (folder / "task_runs.json").write_text(json.dumps(task_runs))
    store = Store(load_seeds([folder], datetime.now(UTC)).base())
    assert [run.id for run in store] == [run["id"] for run in flow_runs]
    task_run_ids = frozenset(task_run["id"] for task_run in task_runs)
    return Filled(pair.real, pair.dialect, store, values_of(flow_runs), task_run_ids)


def selected(server: Server, wanted: Json) -> set[str] | int:
    """The ids that `/flow_runs/filter` of a real server selects, or its status if it fails."""
    try:
        return {run["id"] for run in server.pages("/flow_runs/filter", flow_runs=wanted)}
    except Refused as refusal:
        return refusal.status


def deleted(server: Server, body: Json) -> set[str] | int:
    """The ids that a real server deletes, or its status if it fails."""
    try:
        return set(server.post("/flow_runs/bulk_delete", body)["deleted"])
    except Refused as refusal:
        return refusal.status


def request_of(body: Json, dialect: Dialect) -> BulkDeleteRequest:
    return read_request(
        Message(json.dumps(body).encode(), "application/json"), BulkDeleteRequest, dialect
    ).request


def deleted_by_mock(store: Store, body: Json, dialect: Dialect) -> set[str] | int:
    try:
        return set(bulk_delete(store, request_of(body, dialect), dialect).deleted)
    except ServerFailure as failure:
        return 503 if failure.retryable else 500


def selected_by_mock(store: Store, wanted: Json, dialect: Dialect) -> set[str] | int:
    body = {"flow_runs": wanted}
    tried = deleted_by_mock(store.fork(), body, dialect)
    if isinstance(tried, int):
        return tried
    predicate = compile_filter(request_of(body, dialect).flow_runs, dialect)
    return {run.id for run in store.select(predicate)}


def difference(
    real: set[str] | int, mock: set[str] | int, body: Json, filled: Filled
) -> str | None:
    """What there is to say where the two differ: the request, its sentence, whose runs."""
    if real == mock:
        return None
    sentence = compile_filter(request_of(body, filled.dialect).flow_runs, filled.dialect)
    said = [json.dumps(body, ensure_ascii=False), f"  {sentence}"]
    if isinstance(real, int) or isinstance(mock, int):
        return "\n".join([*said, f"  real: {real}", f"  mock: {mock}"])
    for who, ids in (("real", real - mock), ("mock", mock - real)):
        runs = [filled.store.get(flow_run_id) for flow_run_id in sorted(ids)[:3]]
        said.append(f"  only {who}: {len(ids)} {runs}")
    return "\n".join(said)


def test_every_condition_is_drawn() -> None:
    """Random filters have every criterion, condition and operator that the models have."""
    assert CRITERIA.keys() == FlowRunFilter.model_fields.keys() - {"operator"}
    for name, conditions in CRITERIA.items():
        criterion = getattr(FlowRunFilter.model_validate({name: {}}), name)
        assert conditions.keys() == type(criterion).model_fields.keys()


def check_selections(filled: Filled, filters: Iterable[Json]) -> None:
    """Fails with every filter that selects other runs of the real server than of the mock."""
    found = []
    for wanted in filters:
        mock = selected_by_mock(filled.store, wanted, filled.dialect)
        found.append(difference(selected(filled.real, wanted), mock, {"flow_runs": wanted}, filled))
    none_of(found)


def none_of(found: Iterable[str | None]) -> None:
    """Fails with every difference that was found."""
    said = [each for each in found if each]
    if said:
        pytest.fail(f"{len(said)} differ:\n" + "\n".join(said), pytrace=False)


def test_filters_select_the_same_runs(filled: Filled) -> None:
    """Random filters select the same runs of a real server as of the mock."""
    random = Random(2)
    check_selections(filled, (draw_filter(random, filled.values) for _ in range(FILTERS)))


def test_patterns_select_the_same_runs(filled: Filled) -> None:
    """`like_` with each name, its variants in case, wildcards and escapes matches the same."""
    patterns = {pattern for name in filled.values.names for pattern in patterns_of(name)}
    check_selections(filled, ({"name": {"like_": pattern}} for pattern in sorted(patterns)))


def test_the_bounds_of_the_databases(filled: Filled) -> None:
    """At a bound a request is answered, past it refused, as the dialect says."""
    found = []
    for wanted in (
        *({"tags": {key: ["x"] * count}} for key in ("any_", "all_") for count in (127, 128)),
        *({"name": {"like_": "é" * 24_999 + more}} for more in ("", "x")),
        *({"name": {"any_": ["x"] * count}} for count in (32_766, 32_767)),
        *({"created_by": {"type_": ["x"] * count}} for count in (32_765, 32_766)),
    ):
        body: Json = {"flow_runs": wanted}
        mock = deleted_by_mock(filled.store.fork(), body, filled.dialect)
        if deleted(filled.real, body) != mock:
            found.append((json.dumps(body)[:80], len(json.dumps(body)), mock))
    assert found == []


def test_deletions_take_the_same_runs(filled: Filled) -> None:
    """A series of random deletions takes the same runs at every step, and leaves the same.

    Afterwards the same task runs are left, and the same flow runs have lost their parent.
    """
    random = Random(3)
    store = filled.store.fork()
    found = []
    for _ in range(DELETIONS):
        limit = random.choice((1, 1, 1, 2, 3, 5))
        body = {"flow_runs": draw_filter(random, filled.values), "limit": limit}
        mock = deleted_by_mock(store, body, filled.dialect)
        found.append(difference(deleted(filled.real, body), mock, body, filled))
    none_of(found)
    left = {run["id"]: run["parent_task_run_id"] for run in filled.real.pages("/flow_runs/filter")}
    assert {run.id: run.parent_task_run_id for run in store} == left
    task_runs = {task_run["id"] for task_run in filled.real.pages("/task_runs/filter")}
    assert {
        task_run for task_run in filled.task_run_ids if store.task_runs.get(task_run)
    } == task_runs
    assert 0 < len(left) < len(filled.store), "some runs must be gone and some left"
