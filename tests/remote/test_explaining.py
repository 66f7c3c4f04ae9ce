"""A filter explained on a server: as on a copy, and with reads alone.

The server is a mock with 60 flow runs; a page has 10.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from mockserver.errors import UsageError
from mockserver.insight.explanation import explain, filter_argument
from mockserver.prefect import SPEC, Dialect, dialect_for
from mockserver.remote import explaining
from mockserver.remote.client import Bounds, RefusedError, RemoteError
from mockserver.remote.explaining import ServerExplanation, explain_server, find_server_dialect
from mockserver.store import Base, Store
from mockserver.worlds import Settings
from tests.remote.scripted_client import (
    DEPLOYMENTS,
    FLOWS,
    START,
    TASK_RUNS,
    ScriptedClient,
    make_runs,
    no_script,
    reply,
    run_id,
    served_api,
)
from tests.support.servers import serve_store

RUNS = make_runs()
STORE = Store(Base(RUNS, TASK_RUNS, flows=FLOWS[:2], deployments=DEPLOYMENTS[:1]))
NIGHTLY = {"tags": {"any_": ["prod"]}, "name": {"like_": "run-4"}}
DIALECT = dialect_for("sqlite", "3.8.8")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served_api(STORE, DIALECT) as api:
        yield api


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "PAGE", 10)


def asked(
    url: str, filter_: Any, script: Any = no_script, **more: Any
) -> tuple[ServerExplanation, ScriptedClient]:
    client = ScriptedClient(url, script)
    more["protect"] = [filter_argument(one) for one in more.get("protect", ())]
    asking = explain_server(client, filter_argument(filter_), DIALECT, START, **more)
    return client.run(asking), client


@pytest.mark.parametrize(
    "filter_",
    [
        NIGHTLY,
        {},
        {"flow_runs": None},
        {"parent_flow_run_id": {"any_": [run_id(3)]}},
        {"operator": "or_", "name": {"like_": "run-5"}, "deployment_id": {"is_null_": True}},
        {"expected_start_time": {"before_": (START + timedelta(hours=9)).isoformat()}},
    ],
)
def test_a_small_server_is_explained_as_a_copy_is(url: str, filter_: Any) -> None:
    """All its runs are read, and every number is that of the store behind it."""
    found, client = asked(url, filter_, runs=["run-7"], protect=[{"name": {"any_": ["run-40"]}}])
    expected = explain(
        STORE, filter_, DIALECT, START, runs=["run-7"], protect=[{"name": {"any_": ["run-40"]}}]
    )
    got = found.explanation
    for name in (
        "total", "matching", "sentence", "tables", "conditions", "other_servers", "warnings",
        "calls", "protected_going",
    ):  # fmt: skip
        assert getattr(got, name) == getattr(expected, name), name
    assert [run.id for run in got.first] == [run.id for run in expected.first]
    assert [miss.run.id for miss in got.near_misses] == [
        miss.run.id for miss in expected.near_misses
    ]
    assert got.runs[0].goes == expected.runs[0].goes
    assert got.cascade.task_runs == expected.cascade.task_runs
    assert found.notes == ()
    assert {path.rpartition("/")[2] for path, _ in client.asked} <= {"filter", "count"}


def test_of_a_large_server_only_what_matches_is_read(url: str) -> None:
    """The server counts the rest; what is left out is said."""
    found, client = asked(url, NIGHTLY, most=20, runs=["run-7", run_id(8)])
    expected = explain(STORE, NIGHTLY, DIALECT, START)
    got = found.explanation
    assert (got.total, got.matching, got.staying) == (60, 6, 54)
    assert [one.alone for one in got.conditions] == [one.alone for one in expected.conditions]
    assert [one.key for one in got.conditions] == ["name.like_", "tags.any_"]
    assert got.conditions[0].sentence == "name.like_ is run-4"
    assert (got.near_misses, got.other_servers) == ((), None)
    assert all(row.total is None for table in got.tables for row in table.rows)
    assert [one.run.name for one in got.runs] == ["run-7", "run-8"]
    (note,) = found.notes
    assert note.startswith("the server has 60 flow runs, more than the 20 that are read (--most)")
    read = [body for path, body in client.asked if path == "/flow_runs/filter"]
    assert len(read) == 3


def test_tables_of_many_matches_are_about_the_first(url: str) -> None:
    """And the note says so. Conditions joined by or let runs in."""
    either = {"operator": "or_", "tags": {"any_": ["prod"]}, "name": {"like_": "run-5"}}
    found, _ = asked(url, either, most=15)
    got = found.explanation
    assert got.matching == STORE.count(explain_predicate(either))
    assert found.notes[1] == "the tables are about the first 15 that match"
    assert {one.effect.value for one in got.conditions} == {"lets in"}
    with pytest.raises(UsageError, match="protected ones would be looked for among 15 alone"):
        asked(url, either, most=15, protect=[{}])
    nested = {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}, "name": {}}
    keys = [one.key for one in asked(url, nested, most=15)[0].explanation.conditions]
    assert keys == ["state.type.any_", "state.type.not_any_"]


def explain_predicate(filter_: Any) -> Any:
    from mockserver.filters import FlowRunFilter, compile_filter

    return compile_filter(FlowRunFilter.model_validate_json(json.dumps(filter_)), DIALECT)


def test_a_server_that_lives_is_told(url: str) -> None:
    """What was counted is not what was read a moment later."""

    def more(_method: str, path: str, body: Any) -> Any:
        return 61 if path == "/flow_runs/count" and body == {} else None

    (note,) = asked(url, NIGHTLY, more)[0].notes
    assert note.startswith("the server lives, or reads the filter otherwise: it counted 6 of 61")


def test_a_refused_filter_asks_the_server_nothing(url: str) -> None:
    """The advice needs no server."""
    client = ScriptedClient(url, no_script)
    refused = filter_argument({"tags": {"not_any_": ["keep"]}})
    with pytest.raises(UsageError, match="the filter is refused by"):
        client.run(explain_server(client, refused, DIALECT, START))
    assert client.asked == []


def dialect_of(url: str, script: Any = no_script) -> Dialect:
    client = ScriptedClient(url, script)
    impatient = ScriptedClient(url, script, Bounds(patience=0))

    async def ask() -> Dialect:
        async with client, impatient:
            return await find_server_dialect(client, impatient)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "dialect", [SPEC, dialect_for("sqlite", "3.8.8"), dialect_for("postgresql", "3.9.1")]
)
def test_a_server_tells_its_dialect(dialect: Dialect) -> None:
    """By its release, and by what only one database does."""

    def release(_method: str, path: str, _body: Any) -> Any:
        return dialect.release if path == "/admin/version" else None

    with serve_store(Store(Base(())), Settings(dialect)) as client:
        assert dialect_of(f"{client.url}/api", release) == dialect


def test_a_busy_server_is_asked_again(url: str) -> None:
    """A locked SQLite answers 503, too."""
    failures = [reply({}, 503), reply({}, 503)]

    def busy(_method: str, path: str, body: Any) -> Any:
        if path == "/admin/version":
            return "3.8.8"
        return failures.pop() if body and "flow_runs" in body and failures else None

    assert dialect_of(url, busy) == DIALECT


def test_a_server_may_not_tell_its_release(url: str) -> None:
    """Then the user has to."""
    with pytest.raises(UsageError, match="does not tell its release; name it by --dialect"):
        dialect_of(url, lambda _method, path, _body: reply({}, 404) if "version" in path else None)


def test_a_server_may_refuse_to_be_read(url: str) -> None:
    """That is its own error."""
    with pytest.raises(RefusedError, match="401"):
        dialect_of(url, lambda _method, path, _body: "3.8.8" if "ver" in path else reply({}, 401))
    assert issubclass(RefusedError, RemoteError)
