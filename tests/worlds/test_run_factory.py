"""The factory: flow runs from a few fields, and how they get into a store."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from mockserver.errors import SeedError
from mockserver.prefect.objects import ConcurrencyLimit, Variable
from mockserver.prefect.records import NAMED_STATES, UNKNOWN_FLOW, Deployment, FlowRun, StateType
from mockserver.seeds import Seeds, finish
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds.run_factory import (
    Factory,
    check_parents,
    fields_of_nth,
    insert_seeds,
    to_json_value,
)
from mockserver.worlds.settings import repeatable_ids

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def factory() -> Factory:
    return Factory(lambda: NOW, repeatable_ids(0))


def insert(seeds: Seeds, store: Store) -> None:
    insert_seeds(seeds, store, seeds.base())


def make_run(**given: Any) -> FlowRun:
    (run,) = factory().seeds_from_fields(given).flow_runs.values()
    return run


def test_the_default_run_is_pending() -> None:
    """Its name and its id are reproducible."""
    assert make_run() == make_run()
    assert make_run().state_type is StateType.PENDING
    assert make_run().name
    assert UUID(make_run().id).version == 4


def test_short_names_are_aliases_of_fields() -> None:
    """Every field of a seed is accepted, too; relative times count from now."""
    run = make_run(
        name="etl", state="COMPLETED", tags=("a", "b"), started="now-2d", ended=NOW,
        expected=NOW - timedelta(days=3), deployment_id=UUID(int=5), run_count=2, labels={"a": 1},
    )  # fmt: skip
    assert (run.name, run.tags, run.run_count, run.labels) == ("etl", ("a", "b"), 2, {"a": 1})
    assert (run.start_time, run.end_time) == (NOW - timedelta(days=2), NOW)
    assert run.expected_start_time == NOW - timedelta(days=3)
    assert run.deployment_id == str(UUID(int=5))
    assert make_run(tags={"b", "a"}).tags == ("a", "b")


@pytest.mark.parametrize(
    ("given", "expected"),
    [({"state": "FAILED"}, ("FAILED", "Failed")), ({"state": "Late"}, ("SCHEDULED", "Late")),
     ({"state": StateType.RUNNING}, ("RUNNING", "Running")),
     ({"state": {"type": "PAUSED", "name": "Waits"}}, ("PAUSED", "Waits")),
     ({"state_type": "CRASHED"}, ("CRASHED", "Crashed")),
     ({"state_type": "CRASHED", "state_name": "Gone"}, ("CRASHED", "Gone"))],
)  # fmt: skip
def test_a_state_is_given_by_type_name_or_both(given: Any, expected: tuple[str, str]) -> None:
    """A text is a type or a name that Prefect gives; an object is as in a seed."""
    run = make_run(**given)
    assert (run.state_type, run.state_name) == expected


def test_every_type_can_be_given_by_its_default_name() -> None:
    """`Completed` means the same as `COMPLETED`."""
    assert {NAMED_STATES[member.default_name] for member in StateType} == set(StateType)
    assert make_run(state=None).state is None


@pytest.mark.parametrize(
    ("given", "message"),
    [({"nmae": "a"}, r"add\(nmae=...\): an unknown field; expected name\?"),
     ({"qqq": "a"}, r"an unknown field; expected one of id, name"),
     ({"state": "Lat"}, r'add\(state=...\): "Lat"; expected one of SCHEDULED'),
     ({"state": "DONE"}, '"DONE"; expected one of'),
     ({"started": "yesterday"}, r'add\(started=...\): "yesterday"; expected an RFC 3339'),
     ({"started": datetime(2026, 1, 1)}, '"2026-01-01T00:00:00"; expected an RFC'),
     ({"tags": 3}, r"add\(tags=...\): 3; expected a list of strings"),
     ({"started": NOW, "ended": "now-1d"}, "expected an instant not before started"),
     ({"id": "no"}, '"no"; expected a uuid')],
)  # fmt: skip
def test_invalid_fields_are_refused_as_in_a_seed(given: Any, message: str) -> None:
    """The error has the words of the seed reader."""
    with pytest.raises(SeedError, match=message):
        make_run(**given)


def test_a_run_can_have_a_flow_name_and_a_parent() -> None:
    """A subflow hangs on a task run of its parent, as on a real server."""
    store = Store(Base(()))
    maker = factory()
    insert(maker.seeds_from_fields({"name": "parent", "flow": "etl"}), store)
    (parent,) = store
    seeds = maker.seeds_from_fields({"name": "child", "flow": "etl", "parent": parent})
    check_parents(seeds, store)
    insert(seeds, store)
    child = next(run for run in store if run.name == "child")
    assert child.parent_flow_run_id == parent.id
    assert child.flow_id == parent.flow_id
    assert [flow.name for flow in store.flows] == ["etl"]
    store.delete([parent.id])
    (orphan,) = store
    assert orphan.parent_task_run_id is None


def test_parents_must_exist() -> None:
    """Both a parent flow run and a parent task run are checked."""
    store = Store(Base(()))
    for given, message in (
        ({"parent": UUID(int=3)}, "parent 00000000-.*; expected an existing flow run"),
        ({"parent_task_run_id": UUID(int=3)}, "expected the id of a task run"),
    ):
        with pytest.raises(SeedError, match=message):
            check_parents(factory().seeds_from_fields({"name": "child", **given}), store)


def test_missing_flows_deployments_and_pools_are_created() -> None:
    """Records that the store has are kept as they are."""
    known = Deployment(str(UUID(int=5)), "known")
    store = Store(Base((), deployments=[known]))
    given = {"deployment_id": UUID(int=5), "work_pool_name": "k8s"}
    insert(factory().seeds_from_fields(given), store)
    assert store.deployments.get(known.id) == known
    assert UNKNOWN_FLOW.id in store.flows
    assert [pool.name for pool in store.work_pools] == ["k8s"]


def test_seeds_come_from_files_documents_or_lists(tmp_path: Path) -> None:
    """`seeds_from` tells them apart by their type."""
    file = tmp_path / "runs.json"
    file.write_text('{"flow_runs": [{"name": "from a file"}]}')
    maker = factory()

    def names(seeds: Seeds) -> list[str]:
        return [run.name for run in seeds.flow_runs.values()]

    assert names(maker.seeds_from(file)) == names(maker.seeds_from(str(file))) == ["from a file"]
    assert names(maker.seeds_from({"flow_runs": [{"name": "a", "start_time": NOW}]})) == ["a"]
    assert names(maker.seeds_from([{"name": "a", "state": "Late"}, {"name": "b"}])) == ["a", "b"]


def test_many_runs_are_numbered() -> None:
    """Functions are called with the number; `{n}` in a name is the number."""
    given = {"name": "etl-{n}", "run_count": lambda n: n * 2, "tags": ["{n}"]}
    assert fields_of_nth(given, 3) == {"name": "etl-3", "run_count": 6, "tags": ["{n}"]}
    assert fields_of_nth({"name": None}, 3) == {"name": None}


def test_python_values_become_json_values() -> None:
    """An unknown value stays as it is, for the seed reader to refuse."""
    unknown = object()
    given = [UUID(int=1), date(2026, 1, 2), NOW, {"a": (1, None)}, frozenset("ba"), unknown]
    assert to_json_value(given) == [
        str(UUID(int=1)), "2026-01-02", "2026-01-31T12:00:00Z", {"a": [1, None]}, ["a", "b"],
        unknown,
    ]  # fmt: skip
    assert to_json_value(make_run()) == make_run().id


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": "etl-{n}", "state": "Late", "started": "now-1d"},
        {"flow": "etl", "parent": "00000000-0000-4000-8000-000000000001"},
        {"id": "00000000-0000-4000-8000-000000000002", "name": "{n}"},
    ],
    ids=["nothing", "name", "subflow", "id"],
)
@pytest.mark.parametrize("number", [0, 1, 5])
def test_copies_are_what_reading_the_fields_of_each_gives(
    given: dict[str, Any], number: int
) -> None:
    """Ids, names and task runs are those of `fields_of_nth`; a given id is that of the last one."""
    made = finish(factory().make_copies([given, {"name": "other"}], number))
    each = [
        fields_of_nth(fields, n) for fields in (given, {"name": "other"}) for n in range(number)
    ]
    expected = factory().seeds_from(each)
    if "id" not in given:
        assert made == expected
    assert [run.name for run in made.flow_runs.values()] == [
        run.name for run in expected.flow_runs.values()
    ]


def test_many_problems_are_counted() -> None:
    """The first 20 are listed."""
    with pytest.raises(SeedError, match="and 10 more"):
        make_run(**{f"x{n}": 1 for n in range(30)})


def test_objects_of_seeds_are_added() -> None:
    """Those that are there stay; a limit of the same name is the same record, and is replaced."""
    store = Store(factory().seeds_from_document({"variables": [{"name": "a", "value": 1}]}).base())
    log = {"message": "m", "timestamp": "now-1m"}
    for slots in (2, 3):
        limits = [{"tag": "etl", "limit": slots}]
        seeds = factory().seeds_from_document({"concurrency_limits": limits, "logs": [log]})
        insert(seeds, store)
    assert [one.name for one in store.objects(Variable)] == ["a"]
    assert [one.limit for one in store.objects(ConcurrencyLimit)] == [3]
    assert [one.number for one in store.logs] == [0, 1]
    assert len(store.base.logs) == 0


def test_a_name_that_another_object_has_is_an_error() -> None:
    """And nothing is added."""
    store = Store(factory().seeds_from_document({"variables": [{"name": "a", "value": 1}]}).base())
    given = {"variables": [{"name": "a", "id": str(UUID(int=1))}, {"name": "b"}]}
    with pytest.raises(SeedError, match=r"the name 'a', which .* has; expected one that is"):
        insert(factory().seeds_from_document(given), store)
    assert [one.value for one in store.objects(Variable)] == [1]
