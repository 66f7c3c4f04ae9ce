"""The endpoints around bulk_delete, over a real socket; every reply in spec is as documented."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from mockserver.operations import slots
from mockserver.prefect.deviations import DATABASES
from mockserver.prefect.dialects import DIALECTS, PREFECT_SQLITE, SPEC, Dialect, dialect_for
from mockserver.prefect.records import (
    UNKNOWN_FLOW,
    CreatedBy,
    Deployment,
    Flow,
    FlowRun,
    State,
    StateType,
    TaskRun,
    WorkPool,
    WorkQueue,
)
from mockserver.prefect.releases import NEWEST
from mockserver.prefect.server_settings import server_settings
from mockserver.requests.query_bodies import FlowRunSort
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOBODY = "99999999-0000-4000-8000-000000000000"


def uuid_of(name: str) -> str:
    return str(uuid5(UUID(int=0), name))


ETL, REPORT = (
    Flow(uuid_of("etl"), "etl", ("prod",)),
    Flow(uuid_of("report"), "Report", labels={"team": "bi"}),
)
NIGHTLY = Deployment(
    *(uuid_of("nightly"), "nightly", ETL.id, ("cron",), True, "high", uuid_of("high")),
    labels={"size": 3},
)
POOL, QUEUE = WorkPool(uuid_of("k8s"), "k8s", "kubernetes"), uuid_of("high")
TASK = TaskRun(
    uuid_of("task"),
    uuid_of("first"),
    "extract-0",
    tags=("io",),
    state=State(StateType.COMPLETED, "Completed"),
    start_time=NOW - timedelta(hours=2),
)


def run(name: str, **fields: Any) -> FlowRun:
    return FlowRun(**{"id": uuid_of(name), "name": name, "flow_id": ETL.id, **fields})


FIRST = run(
    "first",
    deployment_id=NIGHTLY.id,
    work_queue_id=QUEUE,
    work_queue_name="high",
    work_pool_id=POOL.id,
    state=State(StateType.RUNNING, "Running", timestamp=NOW - timedelta(seconds=90)),
    expected_start_time=NOW - timedelta(hours=3),
    start_time=NOW - timedelta(hours=2),
    total_run_time=10.5,
)
SECOND = run(
    "second",
    flow_id=REPORT.id,
    parent_task_run_id=TASK.id,
    state=State(StateType.COMPLETED, "Completed"),
    start_time=NOW - timedelta(days=2),
    end_time=NOW - timedelta(days=1),
    created_by=CreatedBy(NOBODY, "AUTOMATION", "me"),
)
THIRD = run(
    "third",
    state=State(StateType.SCHEDULED, "Late"),
    expected_start_time=NOW - timedelta(minutes=5),
    idempotency_key="k",
)
STATELESS = FlowRun(id=uuid_of("stateless"), name="stateless")
RUNS = (FIRST, SECOND, THIRD, STATELESS)


def base() -> Base:
    return Base(
        RUNS,
        [TASK],
        flows=[ETL, REPORT],
        deployments=[NIGHTLY],
        work_pools=[POOL],
        work_queues=[WorkQueue(QUEUE, "high", POOL.id)],
        loaded_at=NOW,
    )


@pytest.fixture
def store() -> Store:
    return Store(base())


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return DIALECTS[request.param]


@pytest.fixture
def client(store: Store, dialect: Dialect) -> Iterator[Client]:
    with serve_store(store, Settings(dialect=dialect, now=lambda: NOW)) as connected:
        yield connected


@pytest.fixture
def spec(store: Store) -> Iterator[Client]:
    with serve_store(store, Settings(now=lambda: NOW)) as connected:
        yield connected


def names(reply: Any) -> list[str]:
    assert reply.status == 200, reply.body
    return [record["name"] for record in reply.json]


def by_id(*runs: FlowRun) -> list[str]:
    return [run.name for run in sorted(runs, key=lambda run: run.id, reverse=True)]


# Reading


def test_a_flow_run_is_told_with_every_field(client: Client) -> None:
    """What was seeded, the computed fields, and a server's defaults for what was not said."""
    told = client.ask("GET", f"/flow_runs/{FIRST.id}").json
    assert told["name"] == "first"
    assert told["work_queue_name"] == "high"
    assert (told["work_pool_id"], told["work_pool_name"]) == (POOL.id, "k8s")
    assert told["start_time"] == "2026-06-01T10:00:00Z"
    assert told["estimated_run_time"] == 100.5
    assert told["estimated_start_time_delta"] == 3600.0
    assert told["state_id"] == told["state"]["id"]
    assert told["state"]["state_details"]["flow_run_id"] == FIRST.id
    assert told["empirical_policy"]["pause_keys"] == []
    assert told["created"] == "2026-06-01T09:00:00Z"
    assert (told["parameters"], told["job_variables"], told["labels"]) == ({}, {}, {})


def test_lateness_grows_until_a_run_starts_or_ends(spec: Client) -> None:
    """A run that is late now is that late; one that never was expected is not."""
    late = spec.ask("GET", f"/flow_runs/{THIRD.id}").json
    assert late["estimated_start_time_delta"] == 300.0
    assert spec.ask("GET", f"/flow_runs/{SECOND.id}").json["estimated_start_time_delta"] == 0.0


def test_a_run_that_ended_before_it_started_was_not_late(spec: Client, store: Store) -> None:
    """It will not start any more."""
    ended = State(StateType.CANCELLED, "Cancelled")
    store.put(run("dropped", state=ended, expected_start_time=NOW - timedelta(days=1)))
    told = spec.ask("GET", f"/flow_runs/{uuid_of('dropped')}").json
    assert told["estimated_start_time_delta"] == 0.0


def test_a_run_that_is_due_later_is_in_its_state_already(spec: Client, store: Store) -> None:
    """Where a seed does not say since when, it is since the load at the latest."""
    due = run("due", state=State(StateType.SCHEDULED, "Scheduled"))
    store.put(replace(due, expected_start_time=NOW + timedelta(days=1)))
    told = spec.ask("GET", f"/flow_runs/{due.id}").json
    assert told["state"]["timestamp"] == told["created"] == "2026-06-01T12:00:00Z"


def test_a_run_of_nobody_has_a_flow_and_no_state(spec: Client) -> None:
    """A seed that says next to nothing is a run that a client can read."""
    told = spec.ask("GET", f"/flow_runs/{STATELESS.id}").json
    assert told["flow_id"] == UNKNOWN_FLOW.id
    assert (told["state"], told["state_id"], told["state_type"]) == (None, None, None)
    assert spec.ask("GET", f"/flows/{UNKNOWN_FLOW.id}").json["name"] == "unknown-flow"


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        (f"/flow_runs/{NOBODY}", "Flow run not found"),
        (f"/flows/{NOBODY}", "Flow not found"),
        ("/flows/name/nobody", "Flow not found"),
        (f"/task_runs/{NOBODY}", "Task not found"),
        (f"/deployments/{NOBODY}", "Deployment not found"),
        ("/deployments/name/etl/weekly", "Deployment not found"),
        ("/deployments/name/Report/nightly", "Deployment not found"),
        (f"/flow_run_states/{NOBODY}", "Flow run state not found"),
        ("/flow_runs/no-uuid", "Not Found"),
        ("/nowhere", "Not Found"),
    ],
)
def test_what_is_not_there_is_404(client: Client, path: str, detail: str) -> None:
    """With the words of a real server."""
    reply = client.ask("GET", path)
    assert (reply.status, reply.json) == (404, {"detail": detail})


@pytest.mark.parametrize("name", ["a%7Db", "%7Bx%7D", "a}b", "a%1Db", "%252F", "%E2%80%A8"])
def test_a_name_in_a_path_is_any_text(client: Client, name: str) -> None:
    """It is looked for, whatever is in it; a bad version of the API is told first (measured)."""
    for path, kind in (
        (f"/flows/name/{name}", "Flow"),
        (f"/deployments/name/{name}/x", "Deployment"),
    ):
        assert client.ask("GET", path).json["detail"] == f"{kind} not found"


@pytest.mark.parametrize("name", ["a%0Ab", "a%2Fb", "a%2fb"])
def test_a_name_has_no_slash_and_no_line_break(client: Client, name: str) -> None:
    """A real server has no such path, whatever the version of the API (measured)."""
    for path in (f"/flows/name/{name}", f"/deployments/name/{name}/x"):
        reply = client.ask("GET", path, **{"x-prefect-api-version": "nope"})
        assert (reply.status, reply.json) == (404, {"detail": "Not Found"})


def test_records_are_found_by_id_and_by_name(client: Client) -> None:
    """In any spelling of the id."""
    assert client.ask("GET", f"/flows/{ETL.id.upper()}").json["name"] == "etl"
    assert client.ask("GET", f"/flows/{ETL.id.replace('-', '')}").json["tags"] == ["prod"]
    assert client.ask("GET", "/flows/name/Report").json["id"] == REPORT.id
    assert client.ask("GET", f"/task_runs/{TASK.id}").json["flow_run_id"] == FIRST.id
    deployment = client.ask("GET", "/deployments/name/etl/nightly").json
    assert deployment == client.ask("GET", f"/deployments/{NIGHTLY.id}").json
    assert (deployment["work_pool_name"], deployment["status"]) == ("k8s", "NOT_READY")


# Listing


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, by_id(*RUNS)),
        ({"limit": None, "sort": None}, by_id(*RUNS)),
        ({"limit": 2}, by_id(*RUNS)[:2]),
        ({"limit": 2, "offset": 3}, by_id(*RUNS)[3:]),
        ({"limit": 0}, []),
        ({"sort": "NAME_ASC"}, ["first", "second", "stateless", "third"]),
        ({"sort": "NAME_DESC", "offset": 1, "limit": 2}, ["stateless", "second"]),
        ({"flow_runs": {"name": {"like_": "IR"}}, "sort": "NAME_ASC"}, ["first", "third"]),
        ({"flows": {"name": {"any_": ["Report"]}}}, ["second"]),
        ({"flows": {"tags": {"all_": ["prod"]}}, "sort": "NAME_ASC"}, ["first", "third"]),
        ({"flows": {"tags": {"is_null_": True}}, "sort": "NAME_ASC"}, ["second", "stateless"]),
        ({"flows": {"deployment": {"is_null_": False}}, "sort": "NAME_ASC"}, ["first", "third"]),
        ({"flows": {"deployment": {"is_null_": True}, "id": {"any_": [REPORT.id]}}}, ["second"]),
        ({"deployments": {}}, ["first"]),
        ({"deployments": {"paused": {"eq_": False}}}, []),
        ({"deployments": {"flow_or_deployment_name": {"like_": "ET"}}}, ["first"]),
        ({"deployments": {"flow_or_deployment_name": {"like_": ""}}}, ["first"]),
        ({"deployments": {"concurrency_limit": {"ge_": 9}}}, ["first"]),
        ({"task_runs": {}}, ["first"]),
        ({"task_runs": {"state": {"type": {"any_": ["FAILED"]}}}}, []),
        ({"task_runs": {"subflow_runs": {"exists_": True}}}, ["first"]),
        ({"task_runs": {"subflow_runs": {"exists_": False}}}, []),
        ({"task_runs": {"flow_run_id": {"is_null_": True}}}, []),
        ({"task_runs": {"flow_run_id": {"is_null_": None}}}, ["first"]),
        ({"task_runs": {"flow_run_id": {"any_": [FIRST.id]}}}, ["first"]),
        ({"task_runs": {"flow_run_id": {}}}, ["first"]),
        ({"work_pools": {"type": {"any_": ["kubernetes"]}}}, ["first"]),
        ({"work_pools": {"name": {"any_": ["other"]}}}, []),
        ({"work_pool_queues": {"name": {"startswith_": ["HI"]}}}, ["first"]),
        ({"work_pool_queues": {"name": {"startswith_": ["gh"]}}}, []),
        ({"work_pool_queues": {"name": {"startswith_": []}}}, ["first"]),
        ({"work_pool_queues": {"name": {"any_": ["low"]}}, "work_pools": {}}, []),
    ],
)
def test_flow_runs_are_listed(client: Client, body: Any, expected: list[str]) -> None:
    """Narrowed by every filter that is given, in the order that is asked for."""
    assert names(client.ask("POST", "/flow_runs/filter", body)) == expected
    wanted = {key: value for key, value in body.items() if key.endswith(("s", "queues"))}
    if not body.keys() & {"limit", "offset"}:
        assert client.ask("POST", "/flow_runs/count", wanted).json == len(expected)


def test_runs_without_a_time_are_first_or_last_by_database(
    client: Client, dialect: Dialect
) -> None:
    """SQLite takes null for the smallest value, PostgreSQL for the greatest."""
    body = {"sort": "START_TIME_DESC"}
    timed = ["third", "first", "second"]
    expected = ["stateless", *timed] if dialect.nulls_high else [*timed, "stateless"]
    assert names(client.ask("POST", "/flow_runs/filter", body)) == expected


def test_pages_are_counted(client: Client) -> None:
    """The page, the number of pages, the number of all."""
    reply = client.ask("POST", "/flow_runs/paginate", {"limit": 3, "page": 2})
    told = reply.json
    assert (told["count"], told["pages"], told["page"], told["limit"]) == (4, 2, 2, 3)
    assert [run["name"] for run in told["results"]] == by_id(*RUNS)[3:]
    assert client.ask("POST", "/flow_runs/paginate", {"limit": 0}).json["pages"] == 0


@pytest.mark.parametrize("path", ["/flow_runs/filter", "/flow_runs/paginate", "/task_runs/filter"])
def test_a_page_has_its_bounds(client: Client, path: str) -> None:
    """From 0 to 200, whatever else is wrong; no schema tells it."""
    for limit, bound in ((201, "less than or equal to 200"), (-1, "greater than or equal to 0")):
        reply = client.ask("POST", path, {"limit": limit, "sort": "ID_DESC"})
        assert (reply.status, reply.json) == (422, {"detail": f"Invalid limit: must be {bound}."})


def test_an_offset_that_no_database_takes(client: Client, dialect: Dialect) -> None:
    """A real server fails; by the document there is just nothing there."""
    reply = client.ask("POST", "/flow_runs/filter", {"offset": 1 << 63})
    assert reply.status == {None: 200, "sqlite": 500, "postgresql": 503}[dialect.database]


def test_flows_task_runs_and_deployments_are_listed(client: Client) -> None:
    """By themselves, and by what refers to them."""
    ask = client.ask
    sort = {"sort": "NAME_DESC"}
    assert names(ask("POST", "/flows/filter", sort)) == ["unknown-flow", "etl", "Report"]
    assert names(ask("POST", "/flows/filter", {"task_runs": {}})) == ["etl"]
    assert names(ask("POST", "/flows/filter", {"work_pools": {}, "work_queues": None})) == ["etl"]
    assert names(ask("POST", "/flows/filter", {"deployments": {"paused": {"eq_": False}}})) == []
    failed = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    assert ask("POST", "/flows/count", failed).json == 1
    assert names(ask("POST", "/task_runs/filter", {"flows": {"name": {"any_": ["etl"]}}})) == [
        "extract-0"
    ]
    assert ask("POST", "/task_runs/count", failed).json == 0
    assert names(ask("POST", "/deployments/filter", {"work_pool_queues": {}})) == ["nightly"]
    assert names(ask("POST", "/deployments/filter", {"flows": {}})) == ["nightly"]
    assert ask("POST", "/deployments/count", failed).json == 0


def test_task_runs_are_sorted_by_duration(dialect: Dialect) -> None:
    """A run that still runs counts until now; of equal ones the last expected comes first."""
    running = State(StateType.RUNNING, "Running", timestamp=NOW - timedelta(seconds=90))
    hours = {"untimed": None, "early": NOW - timedelta(hours=2), "late": NOW - timedelta(hours=1)}
    tasks = [
        TaskRun(uuid_of("running"), None, "running", state=running, total_run_time=1.0),
        TaskRun(uuid_of("long"), None, "long", total_run_time=60.0),
        *(
            TaskRun(uuid_of(name), None, name, total_run_time=5.0, expected_start_time=time)
            for name, time in hours.items()
        ),
    ]
    equal = ["untimed", "late", "early"] if dialect.nulls_high else ["late", "early", "untimed"]
    settings = Settings(dialect=dialect, now=lambda: NOW)
    with serve_store(Store(Base([], tasks)), settings) as client:
        found = client.ask("POST", "/task_runs/filter", {"sort": "DURATION_ASC"})
        assert names(found) == [*equal, "long", "running"]
        page = {"sort": "DURATION_DESC", "limit": 4}
        found = client.ask("POST", "/task_runs/filter", page)
        assert names(found) == ["running", "long", *equal[:2]]


def test_a_list_warns_of_what_a_delete_would_warn_of(client: Client) -> None:
    """A rehearsal by listing tells of the deviations; that there is no filter is nothing here."""
    both = {"state": {"type": {"any_": ["RUNNING"], "not_any_": ["FAILED"]}}}
    reply = client.ask("POST", "/flow_runs/count", {"flow_runs": both, "flow_run": 1})
    assert reply.warnings == {"state-both-lists", "unknown-key"}
    assert client.ask("POST", "/flow_runs/count", {}).warnings == set()


def test_a_database_gives_up_on_lists_too(client: Client, dialect: Dialect) -> None:
    """As on a delete: more tags than SQLite can join."""
    many = {"flow_runs": {"tags": {"any_": [str(number) for number in range(128)]}}}
    reply = client.ask("POST", "/flow_runs/filter", many)
    assert reply.status == (500 if dialect is PREFECT_SQLITE else 200)
    assert reply.warnings == {"undocumented-5xx"}


def test_lateness_is_an_average(client: Client) -> None:
    """In seconds, of all that match; null of none."""
    two = {"flow_runs": {"name": {"any_": ["first", "third"]}}}
    assert client.ask("POST", "/flow_runs/lateness", two).json == (3600 + 300) / 2
    none: dict[str, Any] = {"flow_runs": {"id": {"any_": []}}}
    assert client.ask("POST", "/flow_runs/lateness", none).json is None


def test_lateness_in_whole_seconds(store: Store) -> None:
    """SQLite cuts each time first, rounded to milliseconds."""
    expected = NOW - timedelta(seconds=1, milliseconds=1)
    store.put(run("fourth", start_time=NOW, expected_start_time=expected))
    body = {"flow_runs": {"name": {"any_": ["fourth"]}}}
    for dialect, seconds in ((SPEC, 1.001), (PREFECT_SQLITE, 2.0)):
        with serve_store(store, Settings(dialect=dialect, now=lambda: NOW)) as client:
            assert client.ask("POST", "/flow_runs/lateness", body).json == seconds


def test_history_counts_by_interval_and_state(client: Client, dialect: Dialect) -> None:
    """Runs are in the interval in which they were expected."""
    body = {
        "history_start": "2026-06-01T08:30:00Z",
        "history_end": "2026-06-01T12:00:00Z",
        "history_interval_seconds": 7200,
    }
    told = client.ask("POST", "/flow_runs/history", body).json
    assert [interval["interval_start"] for interval in told] == [
        "2026-06-01T08:30:00Z",
        "2026-06-01T10:30:00Z",
    ]
    (late,) = told[1]["states"]
    assert (late["state_type"], late["state_name"], late["count_runs"]) == ("SCHEDULED", "Late", 1)
    assert late["sum_estimated_lateness"] == 300.0
    ran = 100.0 if dialect is PREFECT_SQLITE else 100.5
    assert told[0]["states"][0]["sum_estimated_run_time"] == ran
    assert client.ask("POST", "/flow_runs/history", {**body, "history_end": NOW_TEXT}).status == 200


NOW_TEXT = "2026-06-01T08:30:00Z"


def test_history_has_its_bounds(client: Client, dialect: Dialect) -> None:
    """A second at least; and no calendar goes past the year 9999."""
    body = {"history_start": NOW_TEXT, "history_end": "2026-06-02T00:00:00Z"}
    short = client.ask("POST", "/flow_runs/history", {**body, "history_interval_seconds": 0.9})
    assert (short.status, short.json) == (
        422,
        {"detail": "History interval must not be less than 1 second."},
    )
    for seconds in (1e300, 1e12):
        far = client.ask(
            "POST", "/flow_runs/history", {**body, "history_interval_seconds": seconds}
        )
        assert far.status == (422 if dialect is SPEC else 500)


@pytest.mark.parametrize("sort", list(FlowRunSort))
def test_pages_are_parts_of_one_list(client: Client, store: Store, sort: str) -> None:
    """Whatever their length, and though many runs are equal: none is told twice or left out."""
    for number in range(60):
        at = None if number % 3 else NOW - timedelta(hours=number % 7)
        store.put(run(f"{number % 5}", id=uuid_of(f"page {number}"), start_time=at, end_time=at))
    whole = client.ask("POST", "/flow_runs/filter", {"sort": sort}).json
    assert len(whole) == len(store)
    for limit in (1, 7, 63):
        pages = [
            client.ask("POST", "/flow_runs/filter", {"sort": sort, "limit": limit, "offset": at})
            for at in range(0, len(store), limit)
        ]
        assert [one["id"] for page in pages for one in page.json] == [one["id"] for one in whole]


# Creating and changing


def test_a_flow_run_is_made(client: Client, store: Store) -> None:
    """In a pending state, with a name, under a flow that is there; and found by its key again."""
    sent = {"flow_id": ETL.id, "name": None, "tags": ["a"], "idempotency_key": "mine"}
    made = client.ask("POST", "/flow_runs/", sent)
    assert made.status == 201
    assert made.json["state_type"] == "PENDING"
    assert made.json["name"]
    assert made.json["labels"] == {"prefect.flow.id": ETL.id}
    again = client.ask("POST", "/flow_runs/", {**sent, "name": "other"})
    assert (again.status, again.json["id"]) == (200, made.json["id"])
    assert len(store) == len(RUNS) + 1
    seeded = client.ask("POST", "/flow_runs/", {"flow_id": ETL.id, "idempotency_key": "k"})
    assert (seeded.status, seeded.json["id"]) == (200, THIRD.id)


def test_a_flow_run_is_made_in_a_pool(client: Client) -> None:
    """Its queue is looked up; without a pool a queue is just a name."""
    in_pool = {"flow_id": ETL.id, "work_pool_name": "k8s", "work_queue_name": "high"}
    made = client.ask("POST", "/flow_runs/", in_pool).json
    assert (made["work_queue_id"], made["work_pool_id"]) == (QUEUE, POOL.id)
    for unknown, detail in (
        ({"work_pool_name": "other"}, 'Work pool "other" not found.'),
        (
            {"work_pool_name": "other", "work_queue_name": "q"},
            "Work pool queue 'other/q' not found.",
        ),
        ({"work_pool_name": "k8s", "work_queue_name": "q"}, "Work pool queue 'k8s/q' not found."),
    ):
        reply = client.ask("POST", "/flow_runs/", {"flow_id": ETL.id, **unknown})
        assert (reply.status, reply.json) == (404, {"detail": detail})
    lone = client.ask("POST", "/flow_runs/", {"flow_id": ETL.id, "work_queue_name": "high"}).json
    assert (lone["work_queue_id"], lone["work_queue_name"]) == (None, "high")


def test_labels_say_where_a_run_belongs(client: Client) -> None:
    """Those of the deployment, or without one of the flow, under those that are given."""
    sent = {"flow_id": REPORT.id, "labels": {"mine": 1}}
    made = client.ask("POST", "/flow_runs/", sent).json
    assert made["labels"] == {"prefect.flow.id": REPORT.id, "team": "bi", "mine": 1}
    made = client.ask("POST", "/flow_runs/", {**sent, "deployment_id": NIGHTLY.id}).json
    assert made["labels"] == {
        "prefect.flow.id": ETL.id,  # the deployment's, though the run is of another flow
        "prefect.deployment.id": NIGHTLY.id,
        "size": 3,
        "mine": 1,
    }


@pytest.mark.parametrize("wrong", [{"flow_id": NOBODY}, {"parent_task_run_id": NOBODY}])
def test_a_run_of_what_is_not_there_is_a_conflict(
    client: Client, store: Store, wrong: dict[str, str]
) -> None:
    """409, and nothing was made."""
    reply = client.ask("POST", "/flow_runs/", {"flow_id": ETL.id, **wrong})
    assert reply.status == 409
    assert "Data integrity conflict" in reply.json["detail"]
    assert len(store) == len(RUNS)


def test_an_automation_makes_runs_in_its_name(client: Client) -> None:
    """By the headers of Prefect's own client; what is no id is nobody."""
    headers = {"prefect-automation-id": NOBODY, "prefect-automation-name": "bWU="}
    made = client.ask("POST", "/flow_runs/", {"flow_id": ETL.id}, **headers).json
    assert made["created_by"] == {"id": NOBODY, "type": "AUTOMATION", "display_value": "me"}
    headers["prefect-automation-id"] = "x"
    made = client.ask("POST", "/flow_runs/", {"flow_id": ETL.id}, **headers).json
    assert made["created_by"] is None


def test_what_is_given_is_changed(client: Client) -> None:
    """And nothing else; an empty name is made up."""
    path = f"/flow_runs/{THIRD.id}"
    assert client.ask("PATCH", path, {"name": "new", "tags": ["t"]}).status == 204
    assert client.ask("PATCH", path, {"empirical_policy": {"retries": 2}}).status == 204
    told = client.ask("GET", path).json
    assert (told["name"], told["tags"], told["idempotency_key"]) == ("new", ["t"], "k")
    assert told["empirical_policy"]["retries"] == 2
    client.ask("PATCH", path, {"name": None})
    assert client.ask("GET", path).json["name"] not in (None, "", "new")
    assert client.ask("PATCH", f"/flow_runs/{NOBODY}", {}).status == 404


@pytest.mark.parametrize(
    ("name", "status"), [("first", 400), ("second", 400), ("third", 400), ("stateless", 400)]
)
def test_job_variables_are_for_scheduled_runs_of_deployments(
    client: Client, name: str, status: int
) -> None:
    """A sentence says what is missing."""
    reply = client.ask("PATCH", f"/flow_runs/{uuid_of(name)}", {"job_variables": {"a": 1}})
    assert reply.status == status
    assert reply.json["detail"]


def test_job_variables_of_a_scheduled_run_of_a_deployment(client: Client, store: Store) -> None:
    """These can be changed."""
    store.put(run("due", deployment_id=NIGHTLY.id, state=State(StateType.SCHEDULED, "Scheduled")))
    path = f"/flow_runs/{uuid_of('due')}"
    assert client.ask("PATCH", path, {"job_variables": {"a": 1}}).status == 204
    assert client.ask("GET", path).json["job_variables"] == {"a": 1}


def test_labels_are_added(client: Client, dialect: Dialect) -> None:
    """Over those that are there."""
    path = f"/flow_runs/{FIRST.id}"
    assert client.ask("PATCH", f"{path}/labels", {"a": 1}).status == 204
    assert client.ask("PATCH", f"{path}/labels", {"b": "x", "a": 2}).status == 204
    assert client.ask("GET", path).json["labels"] == {"a": 2, "b": "x"}
    reply = client.ask("PATCH", f"/flow_runs/{NOBODY}/labels", {})
    key = "exception_message" if dialect.error_shape else "detail"
    assert (reply.status, reply.json) == (404, {key: f"Flow run with id {NOBODY} not found"})


def test_a_deleted_run_is_gone(client: Client) -> None:
    """With its task runs; and once only."""
    path = f"/flow_runs/{FIRST.id}"
    assert client.ask("DELETE", path).status == 204
    assert client.ask("DELETE", path).status == 404
    assert client.ask("GET", f"/task_runs/{TASK.id}").status == 404
    assert client.ask("GET", f"/flow_runs/{SECOND.id}").json["parent_task_run_id"] is None


def test_a_flow_is_deleted_with_all_its_runs(client: Client) -> None:
    """And its deployments; runs of other flows stay."""
    assert client.ask("DELETE", f"/flows/{ETL.id}").status == 204
    assert client.ask("DELETE", f"/flows/{ETL.id}").status == 404
    left = by_id(SECOND, STATELESS)
    assert names(client.ask("POST", "/flow_runs/filter", {})) == left
    assert client.ask("POST", "/deployments/count", {}).json == 0


def test_a_flow_is_made_once(client: Client) -> None:
    """The second time the first is found, as it was."""
    made = client.ask("POST", "/flows/", {"name": "new", "tags": ["a"], "labels": None})
    again = client.ask("POST", "/flows/", {"name": "new"})
    assert (made.status, again.status) == (201, 200)
    assert again.json == made.json
    assert client.ask("POST", "/flows/", {"name": "a/b"}).status == 422


def test_a_task_run_is_made_once(client: Client) -> None:
    """By its keys within its flow run, or within those that have none."""
    keys = {"task_key": "t", "dynamic_key": "0"}
    sent = {**keys, "flow_run_id": FIRST.id, "name": None, "state": {"type": "RUNNING"}}
    made = client.ask("POST", "/task_runs/", sent)
    assert (made.status, made.json["run_count"]) == (201, 1)
    assert made.json["labels"] == {"prefect.flow-run.id": FIRST.id}
    assert client.ask("POST", "/task_runs/", sent).status == 200
    free = client.ask("POST", "/task_runs/", keys)
    assert (free.status, free.json["state_type"]) == (201, "PENDING")
    assert client.ask("POST", "/task_runs/", keys).json["id"] == free.json["id"]
    assert client.ask("POST", "/task_runs/", {**keys, "flow_run_id": NOBODY}).status == 409
    taken = {"task_key": "u", "dynamic_key": "0", "id": free.json["id"]}
    assert client.ask("POST", "/task_runs/", taken).status == 409


# States


def test_states_are_remembered(client: Client) -> None:
    """The earliest first; each can be read by its id."""
    path = f"/flow_runs/{THIRD.id}"
    for state in ("PENDING", "RUNNING", "COMPLETED"):
        assert client.ask("POST", f"{path}/set_state", {"state": {"type": state}}).status == 201
    told = client.ask("GET", f"/flow_run_states/?flow_run_id={THIRD.id}").json
    assert [state["type"] for state in told] == ["SCHEDULED", "PENDING", "RUNNING", "COMPLETED"]
    for state in (*told, client.ask("GET", f"/flow_runs/{SECOND.id}").json["state"]):
        assert client.ask("GET", f"/flow_run_states/{state['id']}").json == state
    assert client.ask("GET", f"/flow_run_states/?flow_run_id={NOBODY}").json == []
    stamps = [datetime.fromisoformat(state["timestamp"]) for state in told]
    assert stamps == sorted(set(stamps))
    client.ask("DELETE", path)
    assert client.ask("GET", f"/flow_run_states/?flow_run_id={THIRD.id}").json == []


@pytest.mark.parametrize("query", ["", "?flow_run_id=x"])
def test_states_of_no_run_cannot_be_asked_for(client: Client, query: str) -> None:
    """The query has to name one."""
    assert client.ask("GET", f"/flow_run_states/{query}").status == 422


def test_an_unknown_run_has_no_state_to_change(client: Client, dialect: Dialect) -> None:
    """404, in the words of a real server."""
    reply = client.ask("POST", f"/flow_runs/{NOBODY}/set_state", {"state": {"type": "RUNNING"}})
    key = "exception_message" if dialect.error_shape else "detail"
    assert (reply.status, reply.json) == (404, {key: f"Flow run with id {NOBODY} not found"})


def test_states_are_set_in_bulk(client: Client, store: Store) -> None:
    """Of those that match, the highest ids first, and each by the rules."""
    wanted = {"name": {"any_": ["first", "second", "third"]}}
    body = {"flow_runs": wanted, "state": {"type": "CANCELLING"}, "limit": 3}
    results = client.ask("POST", "/flow_runs/bulk_set_state", body).json["results"]
    assert [one["flow_run_id"] for one in results] == sorted(
        (FIRST.id, SECOND.id, THIRD.id), reverse=True
    )
    status = {one["flow_run_id"]: one["status"] for one in results}
    assert status == {FIRST.id: "ACCEPT", SECOND.id: "ABORT", THIRD.id: "REJECT"}
    third = store.get(THIRD.id)
    assert third is not None
    assert third.state_type is StateType.CANCELLED


def test_setting_the_state_of_all_is_warned_about(client: Client) -> None:
    """As a delete without a filter is."""
    reply = client.ask("POST", "/flow_runs/bulk_set_state", {"state": {"type": "COMPLETED"}})
    assert reply.status == 200
    assert "no-filter" in reply.warnings


def test_a_database_gives_up_on_states_in_bulk_too(client: Client, dialect: Dialect) -> None:
    """As on a delete."""
    many = {"tags": {"any_": [str(number) for number in range(128)]}}
    body = {"state": {"type": "COMPLETED"}, "flow_runs": many}
    reply = client.ask("POST", "/flow_runs/bulk_set_state", body)
    assert reply.status == (500 if dialect is PREFECT_SQLITE else 200)


def test_a_time_that_no_calendar_has(client: Client, dialect: Dialect) -> None:
    """Refused by the document; a real server aborts or fails, by its database."""
    details = {"scheduled_time": "9999-12-31T23:59:59-01:00"}
    body = {"state": {"type": "SCHEDULED", "state_details": details}}
    reply = client.ask("POST", f"/flow_runs/{THIRD.id}/set_state", body)
    assert reply.status == {None: 422, "sqlite": 200, "postgresql": 503}[dialect.database]
    assert reply.json.get("status") == ("ABORT" if dialect is PREFECT_SQLITE else None)


def test_by_the_document_data_and_null_keys_are_fine(spec: Client) -> None:
    """What a real server stumbles over (create-with-data, null-pause-keys) is no fault in spec."""
    policy = {"pause_keys": None}
    state = {"type": "RUNNING", "data": {"a": 1}}
    made = spec.ask(
        "POST", "/flow_runs/", {"flow_id": ETL.id, "state": state, "empirical_policy": policy}
    )
    assert (made.status, made.json["state"]["data"]) == (201, {"a": 1})
    path = f"/flow_runs/{made.json['id']}/set_state"
    assert spec.ask("POST", path, {"state": {"type": "PAUSED"}}).json["status"] == "ACCEPT"


def test_bulk_replies_tell_each_run_its_own_details(spec: Client) -> None:
    """Other than on a real server (bulk-shared-details)."""
    body = {"state": {"type": "RUNNING"}, "force": True}
    results = spec.ask("POST", "/flow_runs/bulk_set_state", body).json["results"]
    for one in results:
        assert one["state"]["state_details"]["flow_run_id"] == one["flow_run_id"]


# The small ones


@pytest.mark.parametrize(
    ("path", "status", "value"),
    [
        ("/health", 200, True),
        ("/ready", 200, {"message": "OK"}),
        ("/version", 200, "0.8.4"),
        ("/admin/version", 200, NEWEST),
        ("/admin/storage", 200, {"default_result_storage_block_id": None}),
        ("/hello", 200, "\N{WAVING HAND SIGN}"),
        ("/csrf-token?client=me", 422, {"detail": "CSRF protection is disabled."}),
    ],
)
def test_the_small_ones(client: Client, path: str, status: int, value: Any) -> None:
    """As a real server answers them."""
    reply = client.ask("GET", path)
    assert (reply.status, reply.json) == (status, value)


def test_the_settings_are_those_of_the_release(client: Client, dialect: Dialect) -> None:
    """A client asks whether it may send telemetry."""
    reply = client.ask("GET", "/admin/settings")
    assert (reply.status, reply.json) == (200, server_settings(dialect.release))


def test_what_a_real_server_fails_at_is_told(client: Client, dialect: Dialect) -> None:
    """Intervals that are too long for a date: 500, or a sentence where the document is served."""
    reply = client.ask("POST", "/events/count-by/time", {"filter": {}, "time_interval": 5.7e306})
    if dialect.never_fails:
        assert reply.status == 422
        assert "a real server fails at this: " in reply.json["detail"][0]["msg"]
    else:
        assert (reply.status, reply.json) == (500, {"exception_message": "Internal Server Error"})


def test_a_token_is_for_a_client(client: Client) -> None:
    """Without one the query is not valid."""
    assert client.ask("GET", "/csrf-token").status == 422


def test_an_outdated_client_is_told_on_every_path(client: Client, dialect: Dialect) -> None:
    """By a real server, but for its health; the document takes any text."""
    for path in ("/ready", f"/flow_runs/{FIRST.id}"):
        reply = client.ask("GET", path, **{"x-prefect-api-version": "0.7.9"})
        assert reply.status == (400 if dialect.api_version_400 else 200)


def test_logs_are_taken(client: Client) -> None:
    """A list of lines; anything else is refused."""
    line = {"name": "n", "level": 20, "message": "m", "timestamp": "2026-01-01T00:00:00Z"}
    reply = client.ask("POST", "/logs/", [line])
    assert (reply.status, reply.json) == (201, None)
    assert client.ask("POST", "/logs/", [{**line, "level": "x"}]).status == 422
    assert client.send("POST", "/api/logs/").status == 422


def test_a_retry_that_no_calendar_holds(client: Client, dialect: Dialect, store: Store) -> None:
    """The state is refused, in bulk for this run alone, which is as it was."""
    running = State(StateType.RUNNING, "Running")
    policy = {"retries": 1, "retry_delay": 10**15}
    store.put(run("patient", state=running, empirical_policy=policy))
    path, failed = f"/flow_runs/{uuid_of('patient')}", {"state": {"type": "FAILED"}}
    refused = 422 if dialect is SPEC else 500
    assert client.ask("POST", f"{path}/set_state", failed).status == refused
    results = client.ask("POST", "/flow_runs/bulk_set_state", failed).json["results"]
    aborted = [one["flow_run_id"] for one in results if one["status"] == "ABORT"]
    assert uuid_of("patient") in aborted
    assert len(results) == len(store)
    assert client.ask("GET", path).json["state_type"] == "RUNNING"


@pytest.mark.parametrize("value", [["data"], {"a": 1}, None])
def test_a_label_that_no_reply_can_tell(client: Client, dialect: Dialect, value: object) -> None:
    """It is refused; or, as on a real server, taken, and nobody can read the run any more."""
    path, labels = f"/flow_runs/{THIRD.id}", f"/flow_runs/{THIRD.id}/labels"
    reply = client.ask("PATCH", labels, {"team": value})
    keyed = {"flow_id": ETL.id, "idempotency_key": "k"}  # which the run has
    task = {"flow_run_id": THIRD.id, "task_key": "t", "dynamic_key": "0"}
    if dialect is SPEC:
        assert reply.status == 422
        assert client.ask("GET", path).json["labels"] == {}
        return
    assert reply.status == 204
    assert client.ask("GET", path).status == 500
    for to, body in (("filter", {}), ("paginate", {}), ("", keyed)):
        assert client.ask("POST", f"/flow_runs/{to}", body).status == 500
    assert client.ask("POST", "/task_runs/", task).status == 500
    assert client.ask("POST", "/flow_runs/count", {}).json == len(RUNS)
    assert client.ask("POST", "/flow_runs/filter", {"limit": 0}).json == []
    assert client.ask("POST", f"{path}/set_state", {"state": {"type": "PENDING"}}).status == 201
    assert client.ask("PATCH", labels, {"team": "data"}).status == 204
    assert client.ask("GET", path).json["labels"] == {"team": "data"}


def test_the_longest_batch_of_logs_is_taken(spec: Client) -> None:
    """Prefect's client gathers up to 4,000,000 bytes of lines before it sends them."""
    line = {"name": "n", "level": 20, "message": "m" * 999_800}
    line["timestamp"] = "2026-01-01T00:00:00Z"
    assert spec.ask("POST", "/logs/", [line] * 4).status == 201


def test_a_lease_on_nothing(client: Client) -> None:
    """There are no limits; a lease can be renewed until it is given back."""
    path = "/v2/concurrency_limits"
    body = {"names": ["tag:x"], "slots": 1, "holder": {"type": "task_run", "id": TASK.id}}
    taken = client.ask("POST", f"{path}/increment-with-lease", body)
    assert (taken.status, taken.json["limits"]) == (200, [])
    lease = taken.json["lease_id"]
    assert client.ask("POST", f"{path}/leases/{lease}/renew", {}).status == 204
    assert client.ask("POST", f"{path}/decrement-with-lease", {"lease_id": lease}).status == 204
    gone = client.ask("POST", f"{path}/leases/{lease}/renew", {"lease_duration": 60})
    assert (gone.status, gone.json["detail"][:15]) == (410, "Lease not found")
    assert client.ask("POST", f"{path}/increment-with-lease", {**body, "slots": 0}).status == 422


def test_leases_are_bounded(spec: Client, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that never gives one back costs the oldest."""
    monkeypatch.setattr(slots, "MAX_LEASES", 2)
    path = "/v2/concurrency_limits/increment-with-lease"
    taken = [
        spec.ask("POST", path, {"names": ["x"], "slots": 1}).json["lease_id"] for _ in range(3)
    ]
    assert list(store.leases) == taken[1:]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/saved_searches/"),
        ("PATCH", f"/automations/{NOBODY}"),
        ("POST", "/automations/"),
        ("POST", "/automations"),
    ],
)
def test_what_is_not_modelled_says_so(client: Client, method: str, path: str) -> None:
    """501, with what was asked and what there is; never a bare 404."""
    reply = client.ask(method, path)
    assert reply.status == 501
    assert f"does not model {method} {path}" in reply.json["detail"]
    assert "bulk_delete" in reply.json["detail"]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/flow_runs", "/api/flow_runs/"),
        ("/flow_runs/filter/?a=1", "/api/flow_runs/filter?a=1"),
        (f"/flow_runs/{FIRST.id}/set_state/", f"/api/flow_runs/{FIRST.id}/set_state"),
    ],
)
def test_a_slash_too_many_or_too_few_is_redirected(
    client: Client, path: str, location: str
) -> None:
    """To the path as it is served."""
    reply = client.ask("POST", path, {})
    assert (reply.status, reply.headers["location"]) == (307, location)


@pytest.mark.parametrize("path", ["//evil.example/flow_runs", "//flow_runs", "/"])
def test_nobody_is_sent_to_another_host(client: Client, path: str) -> None:
    """What a path looks like is no reason to redirect to it."""
    reply = client.raw(
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    )
    assert reply.startswith(b"HTTP/1.1 404")


def test_a_method_that_a_path_does_not_have(client: Client) -> None:
    """405, with those that it has."""
    reply = client.ask("PUT", "/flow_runs/filter", {})
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


def test_numbers_of_any_size_come_back(client: Client) -> None:
    """Integers of more than 64 bits among parameters, times beside them."""
    sent = {"flow_id": ETL.id, "parameters": {"big": 10**30}}
    made = client.ask("POST", "/flow_runs/", sent)
    assert made.json["parameters"] == {"big": 10**30}
    assert made.json["created"] == "2026-06-01T12:00:00Z"
    assert json.loads(made.body) == made.json


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1])
@pytest.mark.parametrize(
    ("dialect", "listed"),
    [
        (SPEC, True),
        *((dialect_for(database, "3.9.0"), False) for database in DATABASES),
        *((dialect_for(database, "3.9.1"), True) for database in DATABASES),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_huge_integer_is_read_and_not_listed(dialect: Dialect, listed: bool, number: int) -> None:
    """By a real server until 3.9.0 (`huge-integers`); the document knows no size."""
    store = Store(Base([]))
    with serve_store(store, Settings(dialect=dialect)) as client:
        flow = client.ask("POST", "/flows/", {"name": "sums"}).json["id"]
        sent = {"flow_id": flow, "parameters": {"n": number}}
        run = client.ask("POST", "/flow_runs/", sent).json["id"]
        assert client.ask("GET", f"/flow_runs/{run}").json["parameters"] == {"n": number}
        for path in ("/flow_runs/filter", "/flow_runs/paginate"):
            assert client.ask("POST", path, {}).status == (200 if listed else 500)
        assert client.ask("POST", "/flow_runs/count", {}).json == 1
        assert client.ask("DELETE", f"/flow_runs/{run}").status == 204
        assert client.ask("POST", "/flow_runs/filter", {}).json == []
