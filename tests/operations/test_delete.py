"""bulk_delete on a store, and what it warns about."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.errors import ServerFailure, UsageError
from mockserver.filters.predicates import compile_filter
from mockserver.operations.delete import Deletion, bulk_delete, sort_warnings
from mockserver.prefect.deviations import DATABASES
from mockserver.prefect.dialects import (
    PREFECT_POSTGRESQL,
    PREFECT_SQLITE,
    SPEC,
    Dialect,
    dialect_for,
)
from mockserver.prefect.records import FlowRun, State, StateType
from mockserver.prefect.warnings import WARNINGS
from mockserver.requests import BulkDeleteRequest
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.support.paths import DATA
from tests.support.recorded_cases import FILTER_DIALECTS, filter_base
from tests.support.strategies import bases, bodies

COMPLETED = State(StateType.COMPLETED, "Completed")


def store_of(count: int, **fields: Any) -> Store:
    return Store(Base(FlowRun(id=f"{n:03}", name=f"run-{n}", **fields) for n in range(count)))


def delete(store: Store, filter_: Any = None, limit: int = 50, dialect: Dialect = SPEC) -> Deletion:
    request = BulkDeleteRequest.model_validate({"flow_runs": filter_, "limit": limit})
    return bulk_delete(store, request, dialect)


def test_a_body_and_the_name_of_a_dialect_will_do() -> None:
    """It is read as the dialect reads it, with the warnings that this earns."""
    store = store_of(3, end_time=datetime(2026, 1, 1, tzinfo=UTC))
    body = {"flow_runs": {"end_time": {"before_": datetime(2026, 2, 1, tzinfo=UTC)}}, "limit": 1}
    assert bulk_delete(store, body, "spec").deleted == ("002",)
    lax = bulk_delete(store, {**body, "limit": "1", "extra": 1}, "prefect-sqlite@3.9.1")
    assert (lax.deleted, lax.warnings) == (
        ("001",),
        ("lax-coercion", "unknown-key", "limit-reached"),
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((["store"], {}, "spec"), "the store is a list; expected a Store, such as Store("),
        (
            (store_of(1), [], "spec"),
            "the request is a list; expected a BulkDeleteRequest or a body",
        ),
        ((store_of(1), {}, "nope"), "no dialect 'nope'; expected spec"),
        ((store_of(1), {}, None), "the dialect is a NoneType; expected a Dialect or its name"),
        (
            (store_of(1), {"flow_runs": {"tags": {"not_any_": []}}}, "spec"),
            "the request is refused by spec: flow_runs.tags.not_any_: Extra inputs are not",
        ),
        (
            (store_of(1), {"flow_runs": {"end_time": {"before_": datetime(2026, 1, 1)}}}, "spec"),
            "a time in the request is datetime.datetime(2026, 1, 1, 0, 0); expected a datetime",
        ),
        ((store_of(1), {"flow_runs": {1}}, "spec"), "the request has {1}, a set; expected a value"),
    ],
)
def test_wrong_arguments_get_a_sentence(arguments: Any, expected: str) -> None:
    """What came, and what was expected; nothing is deleted."""
    with pytest.raises(UsageError) as caught:
        bulk_delete(*arguments)
    assert expected in str(caught.value)


def test_the_highest_ids_go_first() -> None:
    """M10: among the matches, the highest ids, up to the limit, and nothing else."""
    store = store_of(60)
    assert delete(store, limit=3).deleted == ("059", "058", "057")
    assert len(delete(store).deleted) == 50
    assert [run.id for run in store] == [f"{n:03}" for n in reversed(range(7))]


@given(base=bases(), body=bodies, dialect=st.sampled_from(list(FILTER_DIALECTS.values())))
def test_only_matches_go_and_all_others_stay(
    base: Base, body: dict[str, Any], dialect: Dialect
) -> None:
    """deleted is a subset of the matches, of at most limit runs; the rest is as it was."""
    store = Store(base)
    request = BulkDeleteRequest.model_validate(body)
    matches = {run.id for run in store if compile_filter(request.flow_runs, dialect)(run)}
    try:
        deletion = bulk_delete(store, request, dialect)
    except ServerFailure:
        assert list(store) == list(base.runs)
        return
    assert set(deletion.deleted) <= matches
    assert len(deletion.deleted) == min(len(matches), request.limit)
    assert {run.id for run in store} == {run.id for run in base.runs} - set(deletion.deleted)
    assert ("limit-reached" in deletion.warnings) == (len(matches) > request.limit)


def test_the_documents_sample_deletes_nothing_and_warns() -> None:
    """The sample contradicts itself; what it says of the state a real server drops."""
    sample = json.loads((DATA / "sample-request.json").read_text())
    deletion = delete(Store(filter_base()), sample["flow_runs"], sample["limit"])
    assert (deletion.deleted, deletion.warnings) == ((), ("state-both-lists",))


def test_the_samples_state_alone_deletes_everything_on_a_real_server() -> None:
    """state-both-lists, up to 3.9.0: what a clean-up script must not find out in production."""
    state = {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}
    for dialect, gone in (
        (SPEC, 0),
        *((dialect_for(database, "3.6.16"), 9) for database in DATABASES),
        *((dialect_for(database, "3.9.0"), 9) for database in DATABASES),
        *((dialect_for(database, "3.9.1"), 0) for database in DATABASES),
    ):
        deletion = delete(store_of(9), state, dialect=dialect)
        assert len(deletion.deleted) == gone
        assert "state-both-lists" in deletion.warnings


CONSTRUCTS: list[tuple[Any, set[str]]] = [
    ({"name": {"any_": ["a"]}}, set()),
    (None, {"no-filter"}),
    ({"id": {}, "tags": {"all_": []}}, {"no-filter"}),
    ({"state": {"type": {}, "name": {"not_any_": []}}}, {"no-filter"}),
    ({"operator": "or_", "id": {}, "name": {"any_": ["a"]}}, {"empty-criterion-under-or"}),
    ({"operator": "or_", "state": {}, "name": {"any_": ["a"]}}, {"empty-criterion-under-or"}),
    ({"operator": "or_", "id": {}}, {"no-filter", "empty-criterion-under-or"}),
    ({"name": {"like_": "100%"}}, {"like-wildcards"}),
    ({"name": {"like_": "a\\b"}}, {"like-wildcards"}),
    ({"name": {"like_": "a\0b"}}, {"like-nul"}),
    ({"name": {"like_": "Ünï"}}, {"like-case-ascii"}),
    ({"name": {"like_": "日本"}}, set()),
    ({"tags": {"any_": ["a\0"]}}, {"nul-in-text"}),
    ({"tags": {"all_": ["a"] * 127}}, set()),
    ({"tags": {"all_": ["a"] * 128}}, {"undocumented-5xx"}),
    ({"name": {"like_": "a" * 49_999}}, {"undocumented-5xx"}),
    ({"name": {"any_": ["a"] * 32_767}}, {"undocumented-5xx"}),
    ({"name": {"any_": ["a"] * 32_766}}, set()),
    ({"end_time": {"before_": "9999-12-31T23:59:59-05:00"}}, {"undocumented-5xx"}),
    ({"state": {"name": {"any_": ["a"], "not_any_": ["b"]}}}, {"state-both-lists"}),
    ({"state": {"name": {"any_": ["a"], "not_any_": ["\0"]}}}, {"state-both-lists", "nul-in-text"}),
    ({"state": {"type": {"any_": [], "not_any_": []}}}, set()),
]


@pytest.mark.parametrize(("filter_", "expected"), CONSTRUCTS)
def test_constructs_are_warned_about_in_spec(filter_: Any, expected: set[str]) -> None:
    """What a filter says is warned about whatever the store holds."""
    assert set(delete(store_of(0), filter_).warnings) == expected


@pytest.mark.parametrize(("filter_", "expected"), CONSTRUCTS)
def test_and_in_the_other_dialects_too(filter_: Any, expected: set[str]) -> None:
    """The newest release is warned of what the document is."""
    for dialect in (PREFECT_SQLITE, PREFECT_POSTGRESQL):
        assert warnings_of(filter_, dialect) == expected


@pytest.mark.parametrize(("filter_", "expected"), CONSTRUCTS)
def test_a_release_that_drops_both_lists_says_what_is_left(
    filter_: Any, expected: set[str]
) -> None:
    """3.8.8: no filter, where the two lists were all of it; nor do their texts matter."""
    both_lists = "state-both-lists" in expected
    expected = {"state-both-lists", "no-filter"} if both_lists else expected
    for database in DATABASES:
        assert warnings_of(filter_, dialect_for(database, "3.8.8")) == expected


@pytest.mark.parametrize(
    "filter_",
    [
        {"state": {"type": {"any_": ["COMPLETED"], "not_any_": []}}},
        {"state": {"operator": "or_", "name": {"not_any_": []}, "type": {"any_": ["FAILED"]}}},
        {"tags": {"operator": "or_", "all_": [], "any_": ["x"]}},
    ],
)
def test_an_empty_list_that_is_a_condition_is_warned_about(filter_: Any) -> None:
    """Up to 3.6.22 it takes every run. Later releases do not mind, and many clients send it."""
    for database in DATABASES:
        expected = {"empty-list-condition", "no-filter"}
        assert warnings_of(filter_, dialect_for(database, "3.6.22")) == expected
        assert warnings_of(filter_, dialect_for(database, "3.6.23")) == set()
    assert warnings_of(filter_, SPEC) == set()


def warnings_of(filter_: Any, dialect: Dialect) -> set[str]:
    """The warnings that a delete of one run earns, whether it is refused or not."""
    try:
        return set(delete(store_of(1), filter_, dialect=dialect).warnings)
    except ServerFailure as failure:
        return set(failure.warnings)


def test_nulls_that_not_any_skipped_are_told() -> None:
    """null-values-skipped: only where a run is left out for its null and nothing else."""
    unless = {"idempotency_key": {"not_any_": ["x"]}}
    assert "null-values-skipped" in delete(store_of(2), unless).warnings
    assert "null-values-skipped" not in delete(store_of(2, idempotency_key="x"), unless).warnings
    elsewhere = unless | {"name": {"any_": ["nobody"]}}
    assert "null-values-skipped" not in delete(store_of(2), elsewhere).warnings


@pytest.mark.parametrize(
    ("filter_", "sqlite", "postgresql"),
    [
        ({"tags": {"any_": ["a"] * 128}}, False, None),
        ({"name": {"like_": "é" * 25_000}}, False, None),
        ({"name": {"any_": ["a"] * 20_000}, "flow_version": {"any_": ["a"] * 20_000}}, None, True),
        ({"created_by": {"type_": ["a"] * 32_766}}, None, True),
        ({"created_by": {"type_": ["a"] * 32_765}}, None, None),
        ({"flow_version": {"any_": ["\0"]}}, None, True),
        ({"name": {"like_": "\0"}}, None, True),
        ({"end_time": {"after_": "0001-01-01T00:00:00+05:00"}}, False, True),
        ({"name": {"any_": ["\ud800"]}}, False, True),
        ({"state": {"name": {"any_": ["\0"], "not_any_": ["\ud800"]}}}, False, True),
    ],
)
def test_what_a_database_would_not_run(
    filter_: Any, sqlite: bool | None, postgresql: bool | None
) -> None:
    """500 on SQLite, 503 (retryable) on PostgreSQL, and nothing is deleted; spec just does it."""
    for dialect, retryable in ((PREFECT_SQLITE, sqlite), (PREFECT_POSTGRESQL, postgresql)):
        store = store_of(2, state=COMPLETED)
        if retryable is None:
            delete(store, filter_, dialect=dialect)
            continue
        with pytest.raises(ServerFailure) as failure:
            delete(store, filter_, dialect=dialect)
        assert failure.value.retryable is retryable
        assert len(store) == 2
    delete(store_of(2), filter_, dialect=SPEC)


def test_dropped_lists_never_get_to_the_database() -> None:
    """Up to 3.9.0, two lists of a state are no part of the query, whatever their texts."""
    filter_ = {"state": {"name": {"any_": ["\0"], "not_any_": ["\ud800"]}}}
    for database in DATABASES:
        dialect = dialect_for(database, "3.9.0")
        assert len(delete(store_of(2), filter_, dialect=dialect).deleted) == 2


def test_what_an_empty_criterion_makes_true_never_gets_to_the_database() -> None:
    """Under or_ beside an empty criterion a real server runs any filter, and deletes every run."""
    others: list[dict[str, Any]] = [
        {"name": {"like_": "\ud800"}},
        {"tags": {"any_": ["a"] * 128}},
        {"flow_version": {"any_": ["\0"]}},
        {"end_time": {"before_": "9999-12-31T23:59:59-05:00"}},
    ]
    for other in others:
        for dialect in (PREFECT_SQLITE, PREFECT_POSTGRESQL):
            filter_ = {"operator": "or_", "id": {}, **other}
            assert len(delete(store_of(3), filter_, dialect=dialect).deleted) == 3


def test_a_long_pattern_fails_only_against_a_name() -> None:
    """SQLite measures a pattern when it meets a row: on an empty table it is no error."""
    filter_ = {"name": {"like_": "a" * 49_999}}
    assert delete(store_of(0), filter_, dialect=PREFECT_SQLITE).deleted == ()
    with pytest.raises(ServerFailure):
        delete(store_of(1), filter_, dialect=PREFECT_SQLITE)


def test_warnings_come_in_the_registrys_order() -> None:
    """The header is the same whatever the order in which things were noticed."""
    assert sort_warnings(reversed(WARNINGS)) == WARNINGS
