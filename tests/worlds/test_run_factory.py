"""Flow runs from a few words, and where they are put."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from mockserver.errors import SeedError
from mockserver.prefect.records import UNKNOWN_FLOW, Deployment, FlowRun, StateType
from mockserver.seeds.loading import Seeds
from mockserver.store.flow_run_index import Base
from mockserver.store.store import Store
from mockserver.worlds.run_factory import (
    NAMED_STATES,
    Factory,
    check_parents,
    fields_of_nth,
    insert_seeds,
    to_json_value,
)
from mockserver.worlds.worlds import deterministic_ids

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def factory() -> Factory:
    return Factory(lambda: NOW, deterministic_ids())


def made(**given: Any) -> FlowRun:
    (run,) = factory().flow_run(given).flow_runs.values()
    return run


def test_nothing_said_is_a_pending_run() -> None:
    """With a name and an id that are the same each time."""
    assert made() == made()
    assert made().state_type is StateType.PENDING
    assert made().name
    assert UUID(made().id).version == 4


def test_the_short_names_stand_for_fields() -> None:
    """And whatever a seed has is a field, too; relative times count from now."""
    run = made(
        name="etl", state="COMPLETED", tags=("a", "b"), started="now-2d", ended=NOW,
        expected=NOW - timedelta(days=3), deployment_id=UUID(int=5), run_count=2, labels={"a": 1},
    )  # fmt: skip
    assert (run.name, run.tags, run.run_count, run.labels) == ("etl", ("a", "b"), 2, {"a": 1})
    assert (run.start_time, run.end_time) == (NOW - timedelta(days=2), NOW)
    assert run.expected_start_time == NOW - timedelta(days=3)
    assert run.deployment_id == str(UUID(int=5))
    assert made(tags={"b", "a"}).tags == ("a", "b")


@pytest.mark.parametrize(
    ("given", "expected"),
    [({"state": "FAILED"}, ("FAILED", "Failed")), ({"state": "Late"}, ("SCHEDULED", "Late")),
     ({"state": StateType.RUNNING}, ("RUNNING", "Running")),
     ({"state": {"type": "PAUSED", "name": "Waits"}}, ("PAUSED", "Waits")),
     ({"state_type": "CRASHED"}, ("CRASHED", "Crashed")),
     ({"state_type": "CRASHED", "state_name": "Gone"}, ("CRASHED", "Gone"))],
)  # fmt: skip
def test_a_state_is_a_type_a_name_or_both(given: Any, expected: tuple[str, str]) -> None:
    """As in a seed, and shorter."""
    run = made(**given)
    assert (run.state_type, run.state_name) == expected


def test_every_type_has_its_name_among_the_states() -> None:
    """`Completed` works as `COMPLETED` does."""
    assert {NAMED_STATES[member.default_name] for member in StateType} == set(StateType)
    assert made(state=None).state is None


@pytest.mark.parametrize(
    ("given", "told"),
    [({"nmae": "a"}, r"add\(nmae=...\): an unknown field; expected name\?"),
     ({"qqq": "a"}, r"an unknown field; expected one of auto_scheduled"),
     ({"state": "Lat"}, r"add\(state=...\): 'Lat'; expected one of SCHEDULED"),
     ({"state": "DONE"}, "'DONE'; expected one of"),
     ({"started": "yesterday"}, r"start_time: \"yesterday\"; expected an RFC 3339"),
     ({"tags": 3}, "tags: 3; expected a list of texts"),
     ({"started": NOW, "ended": "now-1d"}, "expected an instant not before start_time"),
     ({"id": "no"}, "id: \"no\"; expected a uuid")],
)  # fmt: skip
def test_what_cannot_be_made_is_told(given: Any, told: str) -> None:
    """In the words in which a seed is refused."""
    with pytest.raises(SeedError, match=told):
        made(**given)


def test_a_flow_is_named_and_a_parent_given() -> None:
    """A subflow is one by its task run, as on a real server."""
    store = Store(Base(()))
    makes = factory()
    insert_seeds(makes.flow_run({"name": "parent", "flow": "etl"}), store)
    (parent,) = store
    seeds = makes.flow_run({"name": "child", "flow": "etl", "parent": parent})
    check_parents(seeds, store)
    insert_seeds(seeds, store)
    child = next(run for run in store if run.name == "child")
    assert child.parent_flow_run_id == parent.id
    assert child.flow_id == parent.flow_id
    assert [flow.name for flow in store.flows] == ["etl"]
    store.delete([parent.id])
    (left,) = store
    assert left.parent_task_run_id is None


def test_parents_must_be_there() -> None:
    """A task run, or a flow run; else nothing is put."""
    store = Store(Base(()))
    for given, told in (
        ({"parent": UUID(int=3)}, "parent 00000000-.*; expected a flow run that is there"),
        ({"parent_task_run_id": UUID(int=3)}, "expected the id of a task run"),
    ):
        with pytest.raises(SeedError, match=told):
            check_parents(factory().flow_run({"name": "child", **given}), store)


def test_what_a_run_names_is_made_up_unless_it_is_there() -> None:
    """Its flow, its deployment, its pool."""
    known = Deployment(str(UUID(int=5)), "known")
    store = Store(Base((), deployments=[known]))
    given = {"deployment_id": UUID(int=5), "work_pool_name": "k8s"}
    insert_seeds(factory().flow_run(given), store)
    assert store.deployments.get(known.id) == known
    assert UNKNOWN_FLOW.id in store.flows
    assert [pool.name for pool in store.work_pools] == ["k8s"]


def test_seeds_are_files_documents_or_lists(tmp_path: Path) -> None:
    """Whichever is given."""
    file = tmp_path / "runs.json"
    file.write_text('{"flow_runs": [{"name": "from a file"}]}')
    makes = factory()

    def names(seeds: Seeds) -> list[str]:
        return [run.name for run in seeds.flow_runs.values()]

    assert names(makes.seeds(file)) == names(makes.seeds(str(file))) == ["from a file"]
    assert names(makes.seeds({"flow_runs": [{"name": "a", "start_time": NOW}]})) == ["a"]
    assert names(makes.seeds([{"name": "a", "state": "Late"}, {"name": "b"}])) == ["a", "b"]


def test_many_are_numbered() -> None:
    """By functions, and by `{n}` in a name."""
    given = {"name": "etl-{n}", "run_count": lambda n: n * 2, "tags": ["{n}"]}
    assert fields_of_nth(given, 3) == {"name": "etl-3", "run_count": 6, "tags": ["{n}"]}
    assert fields_of_nth({"name": None}, 3) == {"name": None}


def test_values_are_as_json_says_them() -> None:
    """Whatever a test has at hand; what nobody knows is left for the check."""
    odd = object()
    given = [UUID(int=1), date(2026, 1, 2), NOW, {"a": (1, None)}, frozenset("ba"), odd]
    assert to_json_value(given) == [
        str(UUID(int=1)), "2026-01-02", "2026-01-31T12:00:00Z", {"a": [1, None]}, ["a", "b"], odd,
    ]  # fmt: skip
    assert to_json_value(made()) == made().id
