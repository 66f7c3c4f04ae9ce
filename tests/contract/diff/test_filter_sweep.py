# Every filter that the kit tries is valid, and between them they meet every cell of the meaning.

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given

from mockserver.contract.diff.coverage import Coverage
from mockserver.contract.diff.filter_sweep import as_filter, iter_conditions, sweep, without_key
from mockserver.contract.diff.strategies import Trace, filters, traces
from mockserver.contract.diff.twin import Twin
from mockserver.contract.diff.vocabulary import ABSENT_ID, FieldRef, resolve_refs, vocabulary_of
from mockserver.contract.server.created_runs import random_drafts
from mockserver.filters.models import FlowRunFilter
from mockserver.filters.predicates import CONDITIONS
from mockserver.prefect.dialects import DIALECTS, SPEC
from mockserver.prefect.records import CreatedBy, FlowRun, State, StateType, TaskRun
from mockserver.store.flow_run_index import Base
from mockserver.store.store import Store
from tests.support.strategies import IDS, START, TASK_IDS


def population() -> Twin:
    """Runs such as the kit makes, without a server."""
    runs = [
        FlowRun(
            id=f"{place:08x}-0000-4000-8000-000000000000",
            name=draft.name,
            tags=draft.tags,
            state=State(StateType(draft.states[-1].type), draft.states[-1].name or "Named"),
            flow_version=draft.version,
            idempotency_key=f"key-{place}" if draft.key else None,
            work_queue_name=draft.queue,
            deployment_id=draft.deployment_id,
            created_by=CreatedBy(draft.creator_id, "AUTOMATION") if draft.creator_id else None,
            parent_task_run_id=TASK_IDS[place % 8] if draft.parent is not None else None,
            start_time=START if place % 3 else None,
            end_time=START if place % 2 else None,
            expected_start_time=START,
            next_scheduled_start_time=START if place % 5 else None,
        )
        for place, draft in enumerate(random_drafts(Random(1), 120, nul=True))  # noqa: S311 - drawn
    ]
    tasks = [TaskRun(one, runs[at].id) for at, one in enumerate(TASK_IDS)]
    return Twin(Store(Base(runs, tasks)), SPEC)


POPULATION = population()
VOCABULARY = vocabulary_of(POPULATION.store)
SWEEP = list(sweep(VOCABULARY))


def is_documented(filter_body: Any) -> bool:
    """Whether the document takes it as a filter."""
    FlowRunFilter.model_validate_json(json.dumps(filter_body), strict=True)
    return True


def test_the_sweep_leaves_no_cell_untried() -> None:
    """Every key, in every shape it can have, under every operator."""
    coverage = Coverage()
    for filter_body in SWEEP:
        coverage.record(filter_body, POPULATION)
    assert coverage.untried() == []
    short, long = coverage.tables()
    assert len(short.rows) == sum(map(len, CONDITIONS.values()))
    assert len(long.rows) >= 2 * len(short.rows)


def test_every_key_decides_somewhere() -> None:
    """A population on which a key never matters would prove nothing about it."""
    coverage = Coverage()
    for filter_body in SWEEP:
        coverage.record(filter_body, POPULATION)
    short, _ = coverage.tables()
    deciding = {
        key
        for key, _absent, *counts in short.rows
        if any(count and not count.startswith("0/") for count in counts)
    }
    assert deciding == {f"{name}.{key}" for name, keys in CONDITIONS.items() for key in keys}


def test_the_sweep_is_made_of_filters_that_the_document_takes() -> None:
    """What is refused would tell nothing about meaning."""
    assert all(map(is_documented, SWEEP))


@given(filters(VOCABULARY))
def test_drawn_filters_are_what_the_document_takes(filter_body: Any) -> None:
    """Random ones, too."""
    assert is_documented(filter_body)


@given(filters(VOCABULARY))
def test_without_takes_one_key_and_leaves_the_rest(filter_body: Any) -> None:
    """What a key decides is seen by leaving out just that."""
    said = [(criterion, key) for criterion, key, _ in iter_conditions(filter_body)]
    for one in said:
        left = [
            (criterion, key)
            for criterion, key, _ in iter_conditions(without_key(filter_body, *one))
        ]
        assert left == [other for other in said if other != one]


@given(traces())
def test_a_trace_refers_only_to_runs_it_makes(trace: Trace) -> None:
    """Subflows follow their parents, and every reference has a value once the runs are there."""
    for place, draft in enumerate(trace.drafts):
        assert draft.parent is None or draft.parent < place
    runs = [{"id": IDS[place]} for place in range(len(trace.drafts))]
    for step in trace.steps:
        assert step.filter_body is None or is_documented(resolve_refs(step.filter_body, runs))


def test_a_reference_to_nothing_is_an_id_that_no_run_has() -> None:
    """A run without a parent cannot be asked for by its parent."""
    filter_body = {"parent_task_run_id": {"any_": [FieldRef(0, "parent_task_run_id")]}}
    resolved = resolve_refs(filter_body, [{"id": IDS[0], "parent_task_run_id": None}])
    assert resolved == {"parent_task_run_id": {"any_": [ABSENT_ID]}}


def test_a_time_is_referred_to_by_the_microsecond() -> None:
    """Inclusive bounds are told from exclusive ones by the instant beside."""
    told = {"start_time": "2026-01-31T12:00:00Z"}
    assert resolve_refs(FieldRef(0, "start_time", -1), [told]) == "2026-01-31T11:59:59.999999+00:00"


@pytest.mark.parametrize("name", DIALECTS)
def test_a_sweep_tells_dialects_apart(name: str) -> None:
    """In each dialect some swept filter selects other runs than as documented."""
    twin = Twin(POPULATION.store, replace(DIALECTS[name]))
    differ = [
        filter_body
        for filter_body in SWEEP
        if twin.select(filter_body) != POPULATION.select(filter_body)
    ]
    assert bool(differ) == (name != "spec")


def test_as_filter_puts_a_state_where_it_belongs() -> None:
    """`state.type` is a part of `state`, whose operator is its own."""
    assert as_filter("state.type", {"any_": []}, operator="or_") == {
        "state": {"type": {"any_": []}, "operator": "or_"}
    }
