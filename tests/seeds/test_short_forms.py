"""Short forms: seed files and `add()` take the same words, and mean the same by them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mockserver.errors import SeedError
from mockserver.prefect.records import UNKNOWN_FLOW, FlowRun
from mockserver.seeds import Seeds, loading
from mockserver.seeds.loading import load_seeds, read_seeds
from mockserver.seeds.records import FLOW_RUN_FIELDS
from mockserver.seeds.records.record_fields import SHORT_FORMS
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds.run_factory import Factory, insert_seeds, settle_with
from mockserver.worlds.settings import repeatable_ids

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ETL, NIGHTLY, PARENT = (f"{n * 8}-aaaa-4000-8000-{n * 12}" for n in "123")
FLOWS = [{"id": ETL, "name": "etl"}]
TWO_NIGHTLY = [{"name": "nightly", "flow": "etl"}, {"name": "nightly", "flow": "elt"}]


def load(document: Any) -> Seeds:
    return read_seeds(document, NOW, name="a.json")


def load_run(**fields: Any) -> FlowRun:
    return next(iter(load({"flow_runs": [fields]}).flow_runs.values()))


def add_run(**fields: Any) -> FlowRun:
    seeds = Factory(lambda: NOW, repeatable_ids(0)).seeds_from_fields(fields)
    return next(iter(seeds.flow_runs.values()))


def problems(document: Any) -> list[str]:
    with pytest.raises(SeedError) as error:
        load(document)
    return [str(problem) for problem in error.value.problems]


VALUES: dict[str, Any] = {
    "started": "now-2d",
    "ended": "2026-01-30T08:00:00+02:00",
    "expected": "now-3d",
    "flow": "etl",
    "deployment": "nightly",
    "parent": PARENT,
}
ID = "99999999-aaaa-4000-8000-999999999999"


@pytest.mark.parametrize("short", SHORT_FORMS["flow_runs"])
def test_a_short_form_means_the_same_in_a_seed_and_in_add(short: str) -> None:
    """It fills the field of the API that the table names, with the same value."""
    given = {"id": ID, "state": "Late", short: VALUES[short]}
    added, key = add_run(**given), SHORT_FORMS["flow_runs"][short]
    document = {"flow_runs": [given, {"id": PARENT}]}
    assert getattr(load(document).flow_runs[ID], key) == getattr(added, key)
    assert getattr(added, key) not in (None, UNKNOWN_FLOW.id)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"started": "2026-01-01T00:00:00"}, '.started: "2026-01-01T00:00:00"; expected an RFC'),
        ({"start_time": "now", "started": "now"}, "both started and start_time, which are two"),
        ({"flow_id": ETL, "flow": "etl"}, "both flow and flow_id, which are two forms of one"),
        ({"started": "now", "ended": "now-1d"}, ".ended: 2026-01-30T12:00:00Z; expected an instant"
         " not before started 2026-01-31T12:00:00Z"),
        ({"started": "now", "end_time": "now-1d"}, ".end_time: 2026-01-30T12:00:00Z; expected"),
        ({"flow": 7}, ".flow: 7; expected a string, or null"),
        ({"parent": "a"}, '.parent: "a"; expected a uuid'),
        ({"strated": "now"}, ".strated: an unknown field; expected started?"),
    ],
)  # fmt: skip
def test_the_same_is_refused_in_a_seed_and_in_add(given: dict[str, Any], message: str) -> None:
    """A problem has the words that the user wrote, and its place in the seed or in the call."""
    (problem,) = problems({"flow_runs": [given]})
    assert message in problem
    with pytest.raises(SeedError) as error:
        add_run(**given)
    key = message[1 : message.index(":")] if message.startswith(".") else ""
    place = f"add({key}=...)" if key else "add(...)"
    assert str(error.value) == place + problem[problem.index(": ") :]


def test_null_says_nothing() -> None:
    """A record with a null beside the other form of a field is no contradiction."""
    started = datetime(2026, 1, 30, 12, tzinfo=UTC)
    assert load_run(start_time=None, started="now-1d").start_time == started
    assert load_run(start_time="now-1d", started=None).start_time == started
    run = load_run(flow=None, deployment=None, parent=None)
    assert (run.flow_id, run.deployment_id, run.parent_task_run_id) == (UNKNOWN_FLOW.id, None, None)


def test_a_name_is_that_of_the_flow_or_deployment_that_is_described() -> None:
    """Wherever it is described: before the run or after it."""
    seeds = load({
        "flow_runs": [{"flow": "etl", "deployment": "nightly"}],
        "deployments": [{"id": NIGHTLY, "name": "nightly", "flow": "etl"}],
        "flows": FLOWS,
    })  # fmt: skip
    (run,) = seeds.flow_runs.values()
    assert (run.flow_id, run.deployment_id) == (ETL, NIGHTLY)
    assert seeds.deployments[NIGHTLY].flow_id == ETL
    assert list(seeds.flows) == [ETL]
    assert not seeds.named


def test_what_no_seed_describes_is_created_with_its_name() -> None:
    """Runs that give the same names have the same flow and deployment."""
    run = {"flow": "etl", "deployment": "nightly"}
    seeds = load({"flow_runs": [run, run, {"deployment": "nightly"}]})
    first, second, third = seeds.flow_runs.values()
    assert (first.flow_id, first.deployment_id) == (second.flow_id, second.deployment_id)
    assert seeds.flows[first.flow_id].name == "etl"
    assert seeds.deployments[first.deployment_id or ""].name == "nightly"
    # No flow of it is known.
    assert third.deployment_id != first.deployment_id
    assert third.flow_id == UNKNOWN_FLOW.id


def test_a_run_of_a_deployment_is_a_run_of_its_flow() -> None:
    """As on a server, where a run has the flow of its deployment."""
    deployments = [{"id": NIGHTLY, "name": "nightly", "flow_id": ETL}]
    seeds = load({"flow_runs": [{"deployment": "nightly"}], "deployments": deployments})
    (run,) = seeds.flow_runs.values()
    assert (run.flow_id, run.deployment_id) == (ETL, NIGHTLY)


def test_the_name_of_several_deployments_needs_a_flow() -> None:
    """Prefect keeps names of deployments unique within a flow only."""
    runs: list[dict[str, Any]] = [{"deployment": "nightly"}]
    (problem,) = problems({"flow_runs": runs, "deployments": TWO_NIGHTLY})
    came = "the name of deployments of 2 flows"
    assert problem == f"deployment 'nightly': {came}; expected the flow of the run, too"
    runs = [{"deployment": "nightly", "flow": "elt"}]
    seeds = load({"flow_runs": runs, "deployments": TWO_NIGHTLY})
    (run,) = seeds.flow_runs.values()
    assert seeds.flows[run.flow_id].name == "elt"
    assert seeds.deployments[run.deployment_id or ""].flow_id == run.flow_id


@pytest.mark.parametrize("copies", [1, 200])
def test_names_change_nothing_for_runs_that_give_ids(
    copies: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their flows and deployments need no description, and a store creates them all the same."""
    monkeypatch.setattr(loading, "MIN_BULK_BYTES", 0)
    file = tmp_path / "a.ndjson"
    lines = [{"id": f"{n:08x}-0000-4000-8000-000000000000"} for n in range(copies)]
    ids = {"flow_id": ETL, "deployment_id": NIGHTLY}
    named = {"id": ID, "deployment": "weekly"}
    file.write_text("".join(json.dumps(one) + "\n" for one in [*(x | ids for x in lines), named]))
    base = load_seeds(file, NOW).base()
    names = {one.name: one.flow_id for one in base.deployments.values()}
    assert names == {f"deployment-{NIGHTLY[:8]}": ETL, "weekly": UNKNOWN_FLOW.id}
    assert base.flows.keys() == {ETL, UNKNOWN_FLOW.id}


def test_a_parent_must_be_among_the_seeds() -> None:
    """A run that is a subflow hangs on a task run of its parent, which is made for it."""
    runs = [{"id": PARENT}, {"id": ID, "name": "child", "parent": PARENT}]
    base = load({"flow_runs": runs}).base()
    child = base.runs[base.ordinal_by_id[ID]]
    assert child.parent_flow_run_id == PARENT
    assert [one.name for one in base.task_runs.values()] == ["child"]
    # Also in a bare list: no server sends `parent`.
    for document in ({"flow_runs": runs[1:]}, runs[1:]):
        assert problems(document) == [
            f"a.json, flow_runs[0].parent: {PARENT}; expected the id of one of the flow_runs"
        ]
    (problem,) = problems({"flow_runs": [*runs, runs[1]]})
    assert "which is also the id of" in problem


def test_a_name_may_be_that_of_a_record_in_the_store() -> None:
    """A world with a flow of this name gets no second one."""
    store = Store(load({"flows": FLOWS, "deployments": TWO_NIGHTLY[:1], "flow_runs": []}).base())
    maker = Factory(lambda: NOW, repeatable_ids(0))
    given = [
        {"name": "a", "flow": "etl", "deployment": "nightly"},
        {"name": "b", "flow": "elt"},
        {"name": "c", "deployment": "nightly"},
        {"name": "d", "deployment": "hourly", "flow": "elt"},
    ]
    for fields in (given[0], *given):
        seeds = settle_with(maker.seeds_from([fields]), store)
        insert_seeds(seeds, store, seeds.base())
    names = {one.id: one.name for one in (*store.flows, *store.deployments)}
    assert sorted(names.values()) == ["elt", "etl", "hourly", "nightly"]
    assert {
        (run.name, names[run.flow_id], names.get(run.deployment_id or "")) for run in store
    } == {
        ("a", "etl", "nightly"),
        ("b", "elt", None),
        ("c", "etl", "nightly"),
        ("d", "elt", "hourly"),
    }


def test_an_unclear_name_is_refused_by_the_store(tmp_path: Path) -> None:
    """Files and `add` get the same sentence."""
    store = Store(load({"deployments": TWO_NIGHTLY, "flow_runs": []}).base())
    file = tmp_path / "a.ndjson"
    file.write_text(json.dumps({"id": ID, "deployment": "nightly"}))
    with pytest.raises(SeedError, match="the name of deployments of 2 flows"):
        settle_with(load_seeds(file, NOW), store)
    assert settle_with(Seeds(), Store(Base(()))) == Seeds()


def test_runs_in_columns_find_the_flows_of_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those that are read one by one."""
    monkeypatch.setattr(loading, "MIN_BULK_BYTES", 0)
    store = Store(load({"flows": FLOWS, "flow_runs": []}).base())
    file = tmp_path / "a.ndjson"
    file.write_text(json.dumps({"id": ID, "flow": "etl"}))
    seeds = settle_with(load_seeds(file, NOW), store)
    assert [run.flow_id for run in seeds.flow_runs.values()] == [ETL]


def test_no_short_form_is_a_field_of_the_api() -> None:
    """So no record of a server is read otherwise than it is meant."""
    assert SHORT_FORMS["flow_runs"].keys().isdisjoint(FLOW_RUN_FIELDS)
    assert set(SHORT_FORMS["flow_runs"].values()) <= FLOW_RUN_FIELDS.keys()
