# Invariant: every filter that the kit tries is valid, and together they try every cell: each key,
# in each shape, under each operator.

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
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.support.strategies import IDS, START, TASK_IDS


def make_population() -> Twin:
    """A twin with runs as the kit creates them, made without a server."""
    runs = [
        FlowRun(
            id=f"{index:08x}-0000-4000-8000-000000000000",
            name=draft.name,
            tags=draft.tags,
            state=State(StateType(draft.states[-1].type), draft.states[-1].name or "Named"),
            flow_version=draft.version,
            idempotency_key=f"key-{index}" if draft.key else None,
            work_queue_name=draft.queue,
            deployment_id=draft.deployment_id,
            created_by=CreatedBy(draft.creator_id, "AUTOMATION") if draft.creator_id else None,
            parent_task_run_id=TASK_IDS[index % 8] if draft.parent is not None else None,
            start_time=START if index % 3 else None,
            end_time=START if index % 2 else None,
            expected_start_time=START,
            next_scheduled_start_time=START if index % 5 else None,
        )
        for index, draft in enumerate(random_drafts(Random(1), 120, nul=True))  # noqa: S311 - drawn
    ]
    tasks = [TaskRun(task_id, runs[index].id) for index, task_id in enumerate(TASK_IDS)]
    return Twin(Store(Base(runs, tasks)), SPEC)


POPULATION = make_population()
VOCABULARY = vocabulary_of(POPULATION.store)
SWEEP = list(sweep(VOCABULARY))


def is_documented(filter_body: Any) -> bool:
    """True if the document allows a filter; raises ValidationError if not."""
    FlowRunFilter.model_validate_json(json.dumps(filter_body), strict=True)
    return True


def test_the_sweep_leaves_few_cells_undecided() -> None:
    """All but two lists of one criterion that decide together, which pairs of values do."""
    coverage = Coverage()
    for filter_body in SWEEP:
        coverage.record(filter_body, POPULATION)
    assert {cell.rpartition(", ")[2] for cell in coverage.undecided()} <= {"both", "one"}
    assert len(coverage.undecided()) <= 12
    short, long = coverage.tables()
    assert len(short.rows) == sum(map(len, CONDITIONS.values()))
    assert len(long.rows) >= 2 * len(short.rows)


def test_every_key_decides_for_some_filter() -> None:
    """If a key never changed what is selected, comparing would prove nothing about it."""
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


def test_the_document_allows_every_filter_of_the_sweep() -> None:
    """A refused filter tells nothing about what it selects."""
    assert all(map(is_documented, SWEEP))


@given(filters(VOCABULARY))
def test_the_document_allows_every_random_filter(filter_body: Any) -> None:
    """The same for the filters that hypothesis draws."""
    assert is_documented(filter_body)


@given(filters(VOCABULARY))
def test_without_key_removes_one_key_and_keeps_the_rest(filter_body: Any) -> None:
    """Coverage depends on it: what a key decides shows when only that key is missing."""
    given_keys = [(criterion, key) for criterion, key, _ in iter_conditions(filter_body)]
    for one in given_keys:
        left = [
            (criterion, key)
            for criterion, key, _ in iter_conditions(without_key(filter_body, *one))
        ]
        assert left == [other for other in given_keys if other != one]


@given(traces())
def test_a_trace_refers_only_to_runs_that_it_creates(trace: Trace) -> None:
    """Parents come before subflows, and every reference can be resolved."""
    for index, draft in enumerate(trace.drafts):
        assert draft.parent is None or draft.parent < index
    runs = [{"id": IDS[index]} for index in range(len(trace.drafts))]
    for step in trace.steps:
        assert step.filter_body is None or is_documented(resolve_refs(step.filter_body, runs))


def test_a_reference_to_a_missing_value_becomes_an_absent_id() -> None:
    """A run without a parent task run cannot be found by it."""
    filter_body = {"parent_task_run_id": {"any_": [FieldRef(0, "parent_task_run_id")]}}
    resolved = resolve_refs(filter_body, [{"id": IDS[0], "parent_task_run_id": None}])
    assert resolved == {"parent_task_run_id": {"any_": [ABSENT_ID]}}


def test_a_reference_to_a_time_is_shifted_by_microseconds() -> None:
    """Only the neighbouring instant tells an inclusive bound from an exclusive one."""
    run = {"start_time": "2026-01-31T12:00:00Z"}
    assert resolve_refs(FieldRef(0, "start_time", -1), [run]) == "2026-01-31T11:59:59.999999+00:00"


@pytest.mark.parametrize("name", DIALECTS)
def test_a_sweep_shows_that_a_dialect_deviates(name: str) -> None:
    """Under each dialect but spec some filter of the sweep selects other runs."""
    twin = Twin(POPULATION.store, replace(DIALECTS[name]))
    differ = [
        filter_body
        for filter_body in SWEEP
        if twin.select(filter_body) != POPULATION.select(filter_body)
    ]
    assert bool(differ) == (name != "spec")


def test_as_filter_nests_the_criteria_of_a_state() -> None:
    """`state.type` is a part of `state`, and the operator is that of `state`."""
    assert as_filter("state.type", {"any_": []}, operator="or_") == {
        "state": {"type": {"any_": []}, "operator": "or_"}
    }
