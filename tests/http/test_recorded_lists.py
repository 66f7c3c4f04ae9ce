"""Lists, counts, pages and sums are those that two real servers answered; see list_cases.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mockserver import Store, load_seeds
from mockserver.prefect import openapi
from mockserver.prefect.deviations import DATABASES, SQLITE
from mockserver.prefect.dialects import SPEC, Dialect, dialect_for
from mockserver.prefect.records import FlowRun, State, StateType
from mockserver.prefect.releases import NEWEST, OLDEST
from mockserver.store.base import Base
from mockserver.worlds import Settings
from tests.support.list_cases import (
    Json,
    Workspace,
    differing_fields,
    equal_within,
    load_cases,
    normalize_reply,
    resolve_references,
    time_tolerance,
    uses_known_deviation,
    workspace_seed,
)
from tests.support.openapi_conformance import schema_validator
from tests.support.recorded_answers import BASE, Replay, base_answers, recorded_answers, replays
from tests.support.servers import Client, serve_store

SECONDS_OF_DRIFT = 5.0
"""How far estimates of an unfinished run may differ from those recorded: records are fetched a
moment before `now` is noted."""


@dataclass(frozen=True)
class RecordedMock:
    """A mock in a dialect, loaded with the workspace that a real server held."""

    client: Client
    dialect: Dialect
    replay: Replay  # of that real server
    workspace: Workspace

    def answer(self, path: str, body: Json) -> Json:
        sent = resolve_references(body, self.workspace)
        reply = self.client.ask("POST", path, sent)
        return normalize_reply(path, sent, reply.status, reply.json, self.workspace)


def recorded_servers() -> Iterator[tuple[Dialect, Replay]]:
    """A dialect, and what it has to answer as a real server did."""
    for replay in replays("lists"):
        yield dialect_for(replay.database, replay.release), replay
    for database in DATABASES:
        yield SPEC, Replay(BASE, database, frozenset(base_answers("lists", database)))


@pytest.fixture(
    scope="module",
    params=recorded_servers(),
    ids=lambda found: f"{found[0].name}-{found[1].database}",
)
def recorded_mock(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RecordedMock]:
    dialect, replay = request.param
    recorded = load_cases()["worlds"][f"prefect-{replay.database}"]
    now = datetime.fromisoformat(recorded["now"])
    seed = tmp_path_factory.mktemp("lists") / "workspace.json"
    seed.write_text(json.dumps(workspace_seed(recorded["world"], recorded["unnamed"])))
    store = Store(load_seeds([seed], now).base())
    with serve_store(store, Settings(dialect=dialect, now=lambda: now)) as client:
        yield RecordedMock(client, dialect, replay, recorded["world"])


@pytest.mark.parametrize("name", ["flow_runs", "task_runs", "flows", "deployments"])
def test_records_equal_the_recorded_ones(recorded_mock: RecordedMock, name: str) -> None:
    """Every field of every record has the value that the real server returned."""
    listed = {
        one["id"]: one for one in recorded_mock.client.ask("POST", f"/{name}/filter", {}).json
    }
    real = {one["id"]: one for one in recorded_mock.workspace[name]}
    assert listed.keys() == real.keys()
    found = [
        f"{name} {record_id}: {difference}"
        for record_id, record in real.items()
        for difference in differing_fields(record, listed[record_id], SECONDS_OF_DRIFT)
    ]
    assert found == []


def test_bodies_are_answered_as_recorded(recorded_mock: RecordedMock) -> None:
    """In `spec` only cases are compared that openapi.yaml decides: see `is_documented_case`."""
    replay, is_spec = recorded_mock.replay, recorded_mock.dialect is SPEC
    answers = recorded_answers("lists", replay.release, replay.database)
    asked = [
        (str(place), case)
        for place, case in enumerate(load_cases()["cases"])
        if str(place) in replay.keys and (not is_spec or is_documented_case(case))
    ]
    at_an_end = replay.release in (OLDEST, NEWEST)
    assert len(asked) >= (100 if is_spec else 400 if at_an_end else 1)
    found = []
    for place, case in asked:
        path, body = case["path"], case["body"]
        real, mock = answers[place], recorded_mock.answer(path, body)
        if not equal_within(real, mock, time_tolerance(path, body)):
            found.append(f"{path} {json.dumps(body)}\n  real: {real}\n  mock: {mock}")
    assert found == []


def is_documented_case(case: dict[str, Any]) -> bool:
    """Whether openapi.yaml decides the answer: both servers agree, and no deviation is involved."""
    body = resolve_references(case["body"], load_cases()["worlds"]["prefect-sqlite"]["world"])
    return (
        "answer" in case
        and not uses_known_deviation(body)
        and _validator(case["path"]).is_valid(body)
    )


@cache
def _validator(path: str) -> Draft202012Validator:
    content = openapi.document()["paths"][path]["post"]["requestBody"]["content"]
    return schema_validator(content["application/json"]["schema"])


# Cases that random bodies do not reach, each measured on real servers.

EXPECTED_START = datetime.fromisoformat("2031-05-01T00:00:00.999600+00:00")
ONE_SECOND_HISTORY = {
    "history_start": "2031-05-01T00:00:00Z",
    "history_end": "2031-05-01T00:00:01Z",
    "history_interval_seconds": 1,
}


@contextmanager
def serve_one_run(dialect: Dialect) -> Iterator[Client]:
    """Serve a run that is expected to start at the end of a millisecond."""
    run = FlowRun(
        id="3c90c3cc-0d44-4b50-8888-8dd25736052a",
        name="one",
        state=State(StateType.SCHEDULED, "Scheduled"),
        expected_start_time=EXPECTED_START,
    )
    settings = Settings(dialect=dialect, now=lambda: EXPECTED_START)
    with serve_store(Store(Base([run])), settings) as client:
        yield client


@pytest.fixture(params=DATABASES)
def one_run(request: pytest.FixtureRequest) -> Iterator[tuple[Client, str]]:
    with serve_one_run(dialect_for(request.param)) as client:
        yield client, request.param


def test_an_empty_history_does_not_query_the_database(one_run: tuple[Client, str]) -> None:
    """So it succeeds even with a filter that the database would refuse."""
    body = {**ONE_SECOND_HISTORY, "history_end": ONE_SECOND_HISTORY["history_start"]}
    refused = {"name": {"any_": ["\0"]}}
    reply = one_run[0].ask("POST", "/flow_runs/history", {**body, "flow_runs": refused})
    assert (reply.status, reply.json) == (200, [])


def test_sqlite_rounds_a_run_out_of_its_interval(one_run: tuple[Client, str]) -> None:
    """Into the next interval, or out of the history if it was the last one."""
    client, database = one_run
    two = {**ONE_SECOND_HISTORY, "history_end": "2031-05-01T00:00:02Z"}
    counts = [
        [sum(state["count_runs"] for state in interval["states"]) for interval in history]
        for history in (
            client.ask("POST", "/flow_runs/history", body).json
            for body in (ONE_SECOND_HISTORY, two)
        )
    ]
    rounded = database == SQLITE
    assert counts == ([[0], [0, 1]] if rounded else [[1], [1, 0]])


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize(("release", "status"), [("3.9.0", 500), ("3.9.1", 200)])
def test_a_page_number_beyond_64_bits(release: str, status: int, database: str) -> None:
    """Before 3.9.1 the reply cannot be written; a query with it always fails."""
    page = {"page": 2**64, "limit": 0}
    with serve_one_run(dialect_for(database, release)) as client:
        assert client.ask("POST", "/flow_runs/paginate", page).status == status
        queried = client.ask("POST", "/flow_runs/paginate", {**page, "limit": 1})
        assert queried.status == (500 if database == SQLITE else 503)
