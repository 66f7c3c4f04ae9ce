"""What filters mean: as recorded from real servers, and the rules M1-M4 as properties."""

from typing import Any

import pytest
from hypothesis import given

from mockserver.filters.comparisons import has_condition
from mockserver.filters.models import FlowRunFilter
from mockserver.filters.predicates import (
    CONDITIONS,
    MATCH_ALL,
    AllOf,
    AnyOf,
    admit_nulls,
    compile_filter,
)
from mockserver.prefect.deviations import SQLITE
from mockserver.prefect.dialects import SPEC, Dialect, dialect_for
from mockserver.prefect.records import FlowRun
from mockserver.requests import BulkDeleteRequest
from tests.support.recorded_cases import FILTER_DIALECTS, filter_base, filter_cases
from tests.support.strategies import filters, flow_runs


def read(filter_: Any) -> FlowRunFilter | None:
    """The model of a filter, read as bulk_delete reads it."""
    return BulkDeleteRequest.model_validate({"flow_runs": filter_}).flow_runs


@pytest.mark.parametrize("dialect", FILTER_DIALECTS.values(), ids=FILTER_DIALECTS)
def test_recorded_filters_select_the_recorded_runs(dialect: Dialect) -> None:
    """Each of the 1,500 filters selects what was recorded, in the last release of every era."""
    runs = filter_base().runs
    differences = []
    for case in filter_cases():
        predicate = compile_filter(read(case.flow_runs), dialect)
        selected = [run.id for run in runs if predicate(run)]
        if selected != case.expected[dialect.name]:
            differences.append((case.flow_runs, str(predicate), selected))
    assert differences == []
    assert len(filter_cases()) == 1500


def test_every_key_of_the_models_has_a_meaning() -> None:
    """CONDITIONS covers every criterion and key of the models, and nothing else."""
    keys: dict[str, set[str]] = {}
    for criterion, field in FlowRunFilter.model_fields.items():
        if criterion in ("operator", "state"):
            continue
        annotation: Any = field.annotation
        model = next(part for part in annotation.__args__ if part is not type(None))
        keys[criterion] = set(model.model_fields) - {"operator"}
    keys["state.type"] = keys["state.name"] = {"any_", "not_any_"}
    assert keys == {criterion: set(conditions) for criterion, conditions in CONDITIONS.items()}


@pytest.mark.parametrize("filter_", [None, {}, {"operator": "or_"}, {"id": None}])
def test_a_filter_without_a_criterion_matches_every_run(filter_: Any) -> None:
    """M2a: so it is whatever the operator."""
    assert compile_filter(read(filter_), SPEC) == MATCH_ALL


@given(run=flow_runs, filter_=filters)
def test_or_matches_what_and_matches(run: FlowRun, filter_: dict[str, Any]) -> None:
    """A run that matches a filter under and_ matches the same filter under or_."""
    both = compile_filter(read({**filter_, "operator": "and_"}), SPEC)
    either = compile_filter(read({**filter_, "operator": "or_"}), SPEC)
    assert not both(run) or either(run)


@given(run=flow_runs, filter_=filters)
def test_criteria_are_independent(run: FlowRun, filter_: dict[str, Any]) -> None:
    """M1: under and_ a run matches a filter if it matches each of its criteria alone."""
    criteria = {key: value for key, value in filter_.items() if key != "operator"}
    whole = compile_filter(read({**criteria, "operator": "and_"}), SPEC)
    parts = [compile_filter(read({key: value}), SPEC) for key, value in criteria.items()]
    assert whole(run) == all(part(run) for part in parts)


@given(run=flow_runs, filter_=filters)
def test_state_both_lists_only_widens_a_filter_under_and(
    run: FlowRun, filter_: dict[str, Any]
) -> None:
    """What spec selects with and_ everywhere, the dialect with the deviation selects, too."""
    state = (filter_.get("state") or {}) | {"operator": "and_"}
    spec = compile_filter(read({"state": state}), SPEC)
    real = compile_filter(read({"state": state}), dialect_for(SQLITE, "3.9.0"))
    assert not spec(run) or real(run)


IN_3_6_22 = dialect_for(SQLITE, "3.6.22")


@pytest.mark.parametrize(
    ("filter_", "sentence"),
    [
        # An empty list is a condition that every run satisfies: under or_ nothing else matters.
        ({"tags": {"operator": "or_", "all_": [], "any_": ["x"]}}, "every flow run"),
        ({"tags": {"all_": [], "any_": ["x"]}}, "tags has any of {x}"),
        ({"name": {"like_": ""}}, "every flow run"),
        # In a state, an empty not_any_ beside any_ is two lists: both are dropped.
        ({"state": {"type": {"any_": ["COMPLETED"], "not_any_": []}}}, "every flow run"),
        ({"state": {"type": {"any_": [], "not_any_": []}}}, "every flow run"),
        ({"state": {"operator": "or_", "type": {"not_any_": []}, "name": {"any_": ["a"]}}},
         "every flow run"),
        ({"state": {"type": {"not_any_": []}, "name": {"any_": ["a"]}}},
         "state_name is one of {a}"),
        ({"state": {"operator": "or_", "type": {}, "name": {"any_": ["a"]}}},
         "state_name is one of {a}"),
    ],
)  # fmt: skip
def test_empty_lists_are_conditions_up_to_3_6_22(filter_: Any, sentence: str) -> None:
    """`empty-list-condition`; in 3.6.23 no case with any_ selects every run."""
    assert str(compile_filter(read(filter_), IN_3_6_22)) == sentence
    later = compile_filter(read(filter_), dialect_for(SQLITE, "3.6.23"))
    assert (str(later) == "every flow run") == ("any_" not in str(filter_).replace("not_any_", ""))


@given(run=flow_runs, filter_=filters)
def test_the_deviations_of_old_releases_only_widen_a_filter(
    run: FlowRun, filter_: dict[str, Any]
) -> None:
    """What 3.9.1 selects, 3.8.8 does, too, and what 3.8.8 selects, 3.6.22 does: deletes shrank."""
    # Under or_ a condition that is dropped narrows the filter instead.
    state = (filter_.get("state") or {}) | {"operator": "and_"}
    criteria = {key: value for key, value in filter_.items() if key != "operator"}
    given = read(criteria | {"state": state})
    newest, middle, oldest = (
        compile_filter(given, dialect_for(SQLITE, release))(run)
        for release in ("3.9.1", "3.8.8", "3.6.22")
    )
    assert newest <= middle <= oldest


@given(run=flow_runs, filter_=filters)
def test_admitting_nulls_only_widens_a_filter(run: FlowRun, filter_: dict[str, Any]) -> None:
    """A run that matches a filter still matches if not_any_ admits nulls."""
    predicate = compile_filter(read(filter_), SPEC)
    assert not predicate(run) or admit_nulls(predicate)(run)


def test_not_any_skips_nulls_unless_they_are_admitted() -> None:
    """M4: not_any_ does not select a run without a value; columns that are never null stay."""
    predicate = compile_filter(read({"idempotency_key": {"not_any_": ["x"]}}), SPEC)
    keyless = FlowRun(id="0", name="a")
    assert not predicate(keyless)
    assert admit_nulls(predicate)(keyless)
    never_null = compile_filter(read({"id": {"not_any_": []}, "name": {"any_": ["a"]}}), SPEC)
    assert admit_nulls(never_null) is never_null


@pytest.mark.parametrize(
    ("filter_", "sentence"),
    [
        (None, "every flow run"),
        ({"tags": {"all_": ["nightly"]}, "name": {"like_": "etl"}},
         "name contains 'etl' and tags has all of {nightly}"),
        ({"operator": "or_", "id": {}, "name": {"any_": []}},
         "every flow run or name is one of {}"),
        ({"start_time": {"before_": "2026-01-31T13:00:00+01:00", "is_null_": True}},
         "start_or_expected_time is at or before 2026-01-31T12:00:00Z and start_time is null"),
        ({"name": {"any_": list("abcdefg")}}, "name is one of {a, b, c, d, e, ... 2 more}"),
        ({"tags": {"all_": ["a\n\x1b[31mred"]}}, r"tags has all of {a\n\x1b[31mred}"),
        ({"name": {"like_": "x" * 100}}, f"name contains '{'x' * 77}...'"),
        ({"operator": "or_", "flow_version": {"any_": ["1"]},
          "tags": {"is_null_": False, "any_": ["a"]}},
         "(tags has any of {a} and tags is not empty) or flow_version is one of {1}"),
    ],
)  # fmt: skip
def test_a_predicate_prints_as_its_sentence(filter_: Any, sentence: str) -> None:
    """Logs and failing tests show a filter as this sentence."""
    assert str(compile_filter(read(filter_), SPEC)) == sentence


def test_predicates_without_parts() -> None:
    """AllOf without parts matches every run, AnyOf no run, and neither has a condition."""
    run = FlowRun(id="0", name="a")
    assert AllOf(())(run)
    assert not AnyOf(())(run)
    assert str(AnyOf(())) == "no flow run"
    assert not has_condition(AnyOf((AllOf(()),)))
