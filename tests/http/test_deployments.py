"""Deployments over HTTP: what the recorded requests do not show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mockserver.operations.deployments.schedules import anchored_rrule
from mockserver.prefect.dialects import DIALECTS, dialect_for
from mockserver.prefect.objects import Variable
from mockserver.prefect.records import (
    Deployment,
    Flow,
    FlowRun,
    State,
    StateType,
    WorkPool,
    WorkQueue,
)
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=10_000)
FLOW = Flow("3c90c3cc-0d44-4b50-8888-8dd25736052a", "etl", labels={"team": "a"})
ONE = "b7e9a1c4-2f68-4d0b-8a3c-6f1d5e9b7a42"
UNKNOWN = "99999999-0000-4000-8000-000000000000"
CRON = {"cron": "0 2 * * *"}
POOL = WorkPool(UNKNOWN[:-1] + "1", "pool", "process")
QUEUE = WorkQueue(UNKNOWN[:-1] + "2", "default", POOL.id)
PATH = f"/deployments/{ONE}"


def deployment(**rest: Any) -> Deployment:
    return Deployment(ONE, "nightly", FLOW.id, ("t",), rest=rest)


@contextmanager
def serve_deployment(
    dialect: str = "prefect-sqlite", *, runs: Any = (), **rest: Any
) -> Iterator[Client]:
    store = Store(Base(runs, flows=[FLOW], deployments=[deployment(**rest)]))
    settings = Settings(dialect=DIALECTS[dialect], journal=10)
    with serve_store(store, settings) as client:
        yield client


def run(number: int, name: str, **fields: Any) -> FlowRun:
    state = fields.pop("state", State(StateType.SCHEDULED, "Scheduled"))
    return FlowRun(
        id=f"00000000-0000-4000-8000-{number:012}",
        name=name,
        flow_id=FLOW.id,
        deployment_id=fields.pop("deployment_id", ONE),
        state=state,
        **fields,
    )


RUNS = (
    run(1, "automatic, later", auto_scheduled=True, next_scheduled_start_time=LATER),
    run(2, "automatic, due", auto_scheduled=True, next_scheduled_start_time=NOW),
    run(3, "by hand", next_scheduled_start_time=LATER),
    run(4, "has run", auto_scheduled=True, run_count=1, next_scheduled_start_time=LATER),
    run(
        5,
        "waits for a slot",
        auto_scheduled=True,
        next_scheduled_start_time=LATER,
        state=State(StateType.SCHEDULED, "AwaitingConcurrencySlot"),
    ),
    run(6, "ended", auto_scheduled=True, state=State(StateType.COMPLETED, "Completed")),
    run(7, "of another", auto_scheduled=True, deployment_id=UNKNOWN),
)
ALL = {one.name for one in RUNS}
SCHEDULE = {"id": UNKNOWN, "schedule": CRON, "active": True, "slug": None, "parameters": {}}


@pytest.mark.parametrize(
    ("method", "path", "body", "gone"),
    [
        ("POST", "/deployments/", {"name": "nightly", "flow_id": FLOW.id}, {"automatic, later"}),
        ("PATCH", PATH, {"description": "d"}, {"automatic, later"}),
        ("PATCH", f"{PATH}/schedules/{UNKNOWN}", {"active": False}, {"automatic, later"}),
        (
            "DELETE",
            f"{PATH}/schedules/{UNKNOWN}",
            None,
            {"automatic, later", "automatic, due"},
        ),
        ("POST", f"{PATH}/pause_deployment", None, {"automatic, later", "automatic, due"}),
        ("POST", f"{PATH}/resume_deployment", None, set()),
        ("DELETE", PATH, None, {"automatic, later", "automatic, due", "by hand"}),
    ],
)
def test_a_change_deletes_scheduled_runs(method: str, path: str, body: Any, gone: set[str]) -> None:
    """Those that were scheduled for what the deployment was before; the journal tells them."""
    with serve_deployment(runs=RUNS, schedules=[SCHEDULE]) as client:
        assert client.ask(method, path, body).status in (200, 204)
        left = client.ask("POST", "/flow_runs/filter", {}).json
        assert ALL - {one["name"] for one in left} == gone
        change = client.send("GET", "/_mock/journal").json["exchanges"][0]
        assert len(change.get("deleted") or ()) == len(gone)


def test_schedules_are_changed_and_deleted_by_their_ids() -> None:
    """Null is no change; parameters that are not given become empty."""
    with serve_deployment("spec") as client:
        body = [{"schedule": CRON, "slug": "a", "parameters": {"n": 1}}, {"schedule": CRON}]
        first, second = client.ask("POST", f"{PATH}/schedules", body).json
        path = f"{PATH}/schedules/{first['id']}"
        changes = {"active": False, "schedule": {"interval": 60}, "slug": None}
        assert client.ask("PATCH", path, changes).status == 204
        changed = client.ask("GET", f"{PATH}/schedules").json[0]
        assert changed["id"] == first["id"]
        assert (changed["active"], changed["slug"], changed["parameters"]) == (False, "a", {})
        assert changed["schedule"]["interval"] == 60
        assert changed["schedule"]["timezone"] == "UTC"
        taken = client.ask("PATCH", f"{PATH}/schedules/{second['id']}", {"slug": "a"})
        assert taken.status == 409
        assert client.ask("DELETE", path).status == 204
        assert [one["id"] for one in client.ask("GET", f"{PATH}/schedules").json] == [second["id"]]


@pytest.mark.parametrize(
    ("dialect", "told"),
    [("prefect-sqlite", "Data integrity"), ("prefect-postgresql", "Schedule slugs must be unique")],
)
def test_a_slug_that_is_taken_is_told_in_the_words_of_the_database(dialect: str, told: str) -> None:
    """Prefect looks for words that only PostgreSQL has."""
    with serve_deployment(dialect) as client:
        body = [{"schedule": CRON, "slug": "a"}, {"schedule": CRON, "slug": "a"}]
        reply = client.ask("POST", f"{PATH}/schedules", body)
        assert reply.status == 409
        assert reply.json["detail"].startswith(told)


def test_polling_makes_a_deployment_ready() -> None:
    """Without a change of when it was updated."""
    with serve_deployment("spec") as client:
        before = client.ask("GET", PATH).json
        ids = [ONE, UNKNOWN]
        assert client.ask("POST", "/deployments/get_scheduled_flow_runs", {"deployment_ids": ids})
        after = client.ask("GET", PATH).json
        assert (before["status"], before["last_polled"]) == ("NOT_READY", None)
        assert after["status"] == "READY"
        assert after["last_polled"] is not None
        assert after["updated"] == before["updated"]


def test_a_life_is_as_the_document_says() -> None:
    """Each reply is one that openapi.yaml describes."""
    with serve_deployment("spec") as client:
        body = {"name": "hourly", "flow_id": FLOW.id, "schedules": [{"schedule": {"interval": 60}}]}
        created = client.ask("POST", "/deployments/", body)
        assert created.status == 201
        assert client.ask("POST", "/deployments/", body).status == 200
        path = f"/deployments/{created.json['id']}"
        first = client.ask("POST", f"{path}/create_flow_run", {})
        assert first.status == 201
        assert first.json["deployment_id"] == created.json["id"]
        many = client.ask("POST", f"{path}/create_flow_run/bulk", [{}, {}])
        assert [one["status"] for one in many.json["results"]] == ["CREATED", "CREATED"]
        page = client.ask("POST", "/deployments/paginate", {"limit": 1}).json
        assert (page["count"], page["pages"]) == (2, 2)
        for action in ("pause_deployment", "resume_deployment"):
            assert client.ask("POST", f"{path}/{action}").json is None
        assert client.ask("DELETE", f"/automations/owned-by/{path}".replace("//", "/"))
        assert client.ask("DELETE", path).status == 204
        assert client.ask("DELETE", path).status == 404


def test_all_runs_of_a_bulk_share_the_steps_of_one_check() -> None:
    """So that a hundred costly ones keep nobody waiting; the reply says which came too late."""
    schema = {"properties": {"a": {"items": {"anyOf": [{"type": "string"}] * 9 + [{}]}}}}
    costly = {"parameters": {"a": [1] * 100}}
    with serve_deployment(parameter_openapi_schema=schema) as client:
        many = client.ask("POST", f"{PATH}/create_flow_run/bulk", [costly] * 20).json["results"]
        assert {one["status"] for one in many} == {"CREATED", "FAILED"}
        assert many[0]["status"] == "CREATED"
        assert "20,000 steps" in many[-1]["error"]
        assert client.ask("POST", f"{PATH}/create_flow_run", costly).status == 201


ODD_REST: dict[str, Any] = {
    "schedules": "x",
    "parameters": 5,
    "job_variables": 5,
    "version": 5,
    "parameter_openapi_schema": None,
    "enforce_parameter_schema": False,
}


def test_settings_of_a_seed_can_be_of_any_type() -> None:
    """One of a wrong type counts as absent."""
    with serve_deployment(**ODD_REST) as client:
        assert client.ask("GET", f"{PATH}/schedules").json == []
        reply = client.ask("POST", f"{PATH}/create_flow_run", {"parameters": {"a": 1}})
        assert reply.status == 201
        assert reply.json["parameters"] == {"a": 1}
        assert reply.json["deployment_version"] is None


def test_without_a_schema_nothing_can_be_checked() -> None:
    """A real server of that age could hold such a deployment."""
    with serve_deployment(parameter_openapi_schema=None) as client:
        run_reply = client.ask("POST", f"{PATH}/create_flow_run", {})
        assert run_reply.status == 409
        assert "does not have a valid parameter schema" in run_reply.json["detail"]
        many = client.ask("POST", f"{PATH}/create_flow_run/bulk", [{}]).json["results"]
        assert many[0]["error"].endswith("deployment has no valid schema.")
        assert client.ask("PATCH", PATH, {"parameters": {}}).status == 409


@pytest.mark.parametrize(
    ("schema", "status"),
    [({"properties": {"a": {"$ref": "#/properties/a"}}}, 422), ({"type": "nope"}, 500)],
)
def test_a_schema_that_is_none_fails_late(schema: Any, status: int) -> None:
    """Where parameters are checked against it."""
    with serve_deployment(parameter_openapi_schema=schema) as client:
        body = {"parameters": {"a": 1}}
        assert client.ask("POST", f"{PATH}/create_flow_run", body).status == status
        assert client.ask("PATCH", PATH, body).status == status


def test_a_schema_of_a_body_can_refer_to_itself_too_often() -> None:
    """As the parameters of a new deployment are checked: a real server fails."""
    body = {
        "name": "x",
        "flow_id": FLOW.id,
        "enforce_parameter_schema": True,
        "parameter_openapi_schema": {"properties": {"a": {"$ref": "#/properties/a"}}},
        "parameters": {"a": 1},
    }
    with serve_deployment() as client:
        assert client.ask("POST", "/deployments/", body).status == 500
        assert (
            client.ask("POST", "/deployments/", body | {"parameter_openapi_schema": 5}).status
            == 500
        )


def test_templates_name_variables() -> None:
    """Those that the store has at that time."""
    store = Store(Base([], flows=[FLOW], deployments=[deployment()]))
    store.objects(Variable).put(Variable(UNKNOWN, "answer", 42, (), NOW, NOW))
    store.objects(Variable).put(Variable(ONE, "other", 1, (), NOW, NOW))
    asked = {"__prefect_kind": "workspace_variable", "variable_name": "other"}
    with serve_store(store, Settings()) as client:
        reply = client.ask("POST", f"{PATH}/create_flow_run", {"parameters": {"a": asked}})
        assert reply.json["parameters"] == {"a": 1}


@contextmanager
def serve_pool(template: Any = None) -> Iterator[Client]:
    pool = WorkPool(POOL.id, POOL.name, POOL.type, {"base_job_template": template})
    store = Store(
        Base(
            [],
            flows=[FLOW],
            deployments=[Deployment(ONE, "nightly", FLOW.id, work_queue_id=QUEUE.id)],
            work_pools=[pool],
            work_queues=[QUEUE],
        )
    )
    with serve_store(store, Settings()) as client:
        yield client


@pytest.mark.parametrize("template", [None, {}, {"variables": None}])
def test_a_pool_without_a_template_takes_any_job_variables(template: Any) -> None:
    """There is nothing to check them against."""
    body = {"name": "x", "flow_id": FLOW.id, "job_variables": {"a": 1}, "work_pool_name": "pool"}
    with serve_pool(template) as client:
        assert client.ask("POST", "/deployments/", body).status == 201
        changes = {"job_variables": {"a": 2}, "work_pool_name": "pool"}
        assert client.ask("PATCH", PATH, changes).status == 204
        assert client.ask("POST", f"{PATH}/create_flow_run", {}).status == 201


def test_a_template_that_is_no_schema_refuses_everything() -> None:
    """With 422, and its own error as the text."""
    body = {"name": "x", "flow_id": FLOW.id, "job_variables": {"a": 1}, "work_pool_name": "pool"}
    with serve_pool({"variables": {"type": "nope"}}) as client:
        for reply in (
            client.ask("POST", "/deployments/", body),
            client.ask("POST", f"{PATH}/create_flow_run", {}),
        ):
            assert reply.status == 422
            assert reply.json["detail"].startswith("Invalid schema: 'nope'")


def test_a_queue_without_a_pool_is_one_of_agents() -> None:
    """Their pool is made with the first of them, and has a default queue."""
    body = {"flow_id": FLOW.id, "work_queue_name": "q"}
    with serve_deployment() as client:
        first = client.ask("POST", "/deployments/", {**body, "name": "a"}).json
        second = client.ask("POST", "/deployments/", {**body, "name": "b"}).json
        assert first["work_pool_name"] == "default-agent-pool"
        assert first["work_queue_id"] == second["work_queue_id"]
        default = {**body, "name": "c", "work_queue_name": "default"}
        assert client.ask("POST", "/deployments/", default).json["work_queue_name"] == "default"
    with serve_deployment() as client:
        assert client.ask("POST", "/deployments/", default).json["work_queue_name"] == "default"


@pytest.mark.parametrize(
    ("release", "pool", "variables"),
    [("3.6.26", "pool", {"a": 1}), ("3.6.27", None, {"a": 1}), ("3.8.7", None, {})],
)
def test_what_null_and_nothing_mean_in_an_update(release: str, pool: Any, variables: Any) -> None:
    """Changes `pool-cleared` and `job-variables-emptied`."""
    store = Store(
        Base(
            [],
            flows=[FLOW],
            deployments=[
                Deployment(
                    ONE, "n", FLOW.id, work_queue_id=QUEUE.id, rest={"job_variables": {"a": 1}}
                )
            ],
            work_pools=[POOL],
            work_queues=[QUEUE],
        )
    )
    with serve_store(store, Settings(dialect=dialect_for("sqlite", release))) as client:
        body: Any = {"work_pool_name": None, "job_variables": {}}
        assert client.ask("PATCH", PATH, body).status == 204
        read = client.ask("GET", PATH).json
        assert (read["work_pool_name"], read["job_variables"]) == (pool, variables)


@pytest.mark.parametrize(
    ("rule", "start"),
    [
        ("FREQ=DAILY", "20200101T000000"),
        ("FREQ=MINUTELY;INTERVAL=7", "20260131T205900"),
        ("RRULE:FREQ=SECONDLY", "20260131T210007"),
        ("FREQ=MINUTELY;COUNT=3", "20200101T000000"),
        ("RRULE:FREQ=DAILY\nRDATE:20260101T000000", "20200101T000000"),
    ],
)
def test_rules_get_a_start_of_the_same_phase(rule: str, start: str) -> None:
    """As Prefect 3.9.1 gives them one, at this time and in this zone."""
    now = datetime(2026, 1, 31, 12, 0, 7, tzinfo=UTC)
    assert anchored_rrule(rule, now, "Asia/Tokyo") == f"DTSTART:{start}\n{rule}"
    begun = f"DTSTART:20250101T000000\n{rule}"
    assert anchored_rrule(begun, now, None) == begun


@pytest.mark.parametrize("zone", [None, "UTC", "in Europe/Berlin", "/etc/x"])
def test_a_rule_without_a_known_zone_is_in_utc(zone: str | None) -> None:
    """A text with a zone within it is no zone."""
    now = datetime(2026, 1, 31, 12, 0, 7, tzinfo=UTC)
    assert anchored_rrule("FREQ=MINUTELY", now, zone).startswith("DTSTART:20260131T120000")


def test_a_page_without_entries_failed_before() -> None:
    """Change `empty-page`."""
    with serve_store(Store(Base([])), Settings(dialect=dialect_for("sqlite", "3.7.8"))) as client:
        assert client.ask("POST", "/deployments/paginate", {"limit": 0}).status == 500
