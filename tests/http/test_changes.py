"""What releases changed about endpoints and requests: both sides of each change, in a table.

What is sent is the request that the change is registered with. The recorded cases show that real
servers answer so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from mockserver.prefect.changes import CHANGES, SET_STATE, Change
from mockserver.prefect.deviations import DATABASES
from mockserver.prefect.dialects import Dialect, dialect_for
from mockserver.prefect.records import Flow, WorkPool, WorkQueue
from mockserver.prefect.releases import RELEASES
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_store

FLOW = Flow("3c90c3cc-0d44-4b50-8888-8dd25736052a", "etl")  # the one in requests of the registry
POOL = WorkPool("7d5a0a4e-7f3c-4d0a-9a51-3b7d1f6f2c11", "pool", "process")
QUEUE = WorkQueue("0b6c5f5e-2a43-4e0e-8f57-6d1f0c3b9a22", "default", POOL.id)
UNKNOWN_ID = "99999999-0000-4000-8000-000000000000"
BY_ID = {change.id: change for change in CHANGES}


@dataclass(frozen=True)
class Row:
    """The status of the reply before a change and with it, and the text that it then contains."""

    change: str
    before: int
    after: int
    told_before: str = ""
    told_after: str = ""

    @property
    def registered(self) -> Change:
        return BY_ID[self.change]


ROWS = (
    Row("schedule-replaces", 422, 201, "extra_forbidden", '"slug":"new"'),
    Row("replacements-chained", 404, 404),  # of an unknown deployment
    Row("log-nul-dropped", 503, 201),
    Row("task-run-page-times", 200, 200),  # of no task run
    Row("task-run-end-time", 422, 200, "extra_forbidden"),
    Row("template-failures-refused", 404, 404),  # of an unknown deployment
    Row("active-slots", 404, 200, '"Not Found"', '"active_slots":0'),
    Row("json-values-kept", 200, 200, "the JSON object must be str", '"valid":true'),
    Row(
        "parameters-bounded",
        201,
        422,
        told_after="must be less than 524,288 bytes when serialized (got 524,299 bytes)",
    ),
    Row("rrule-anchored", 201, 201, '"rrule":"FREQ=DAILY"', "DTSTART:20200101T000000\\nFREQ=DAILY"),
    Row("pool-cleared", 404, 404),  # of an unknown deployment, as the next one of deployments
    Row("admin-storage", 404, 200, "Not Found", "default_result_storage_block_id"),
    Row("storage-goes-with-block", 200, 200),  # where none was set
    Row("limits-read-decayed", 404, 404),  # of an unknown limit
    Row("log-download-complete", 404, 404),  # whose run is unknown
    Row("queue-found-first", 404, 404, "<built-in function id>", UNKNOWN_ID),
    Row("empty-type-unread", 200, 422, '{"deleted":[]}', "missing"),
    Row("nan-as-null", 500, 201, told_after='"ratio":null'),
    Row("pending-in-graph", 404, 404),  # whose run is unknown
    Row("schema-references-refused", 500, 422, told_after="'/nope' does not exist within"),
    Row("empty-page", 500, 200, told_after='"pages":0'),
    Row("history-exact", 200, 200, told_after="[]"),
    Row("automation-ids", 422, 200, "extra_forbidden"),
    Row("automation-count-filter", 200, 422, "0", "extra_forbidden"),
    Row("job-variables-emptied", 404, 404),
    Row("log-search-literal", 200, 200),
    Row("names-needed", 200, 422, "lease_id", "too_short"),
    Row("counted-runs-bounded", 200, 422, told_after="too_long"),
    Row("duration-sorts", 422, 200, "or 'END_TIME_DESC'"),
    Row("log-search-on-sqlite", 500, 200),
    Row("intervals-by-calendar", 200, 200),  # of an unknown deployment, as the next one
    Row("cron-skipped-later", 200, 200),
    Row("polled-run-state", 200, 200),  # of a pool without runs
    Row("observed-states", 404, 200, "Not Found", "[]"),
)


@contextmanager
def serve_flow(dialect: Dialect) -> Iterator[Client]:
    store = Store(Base([], flows=[FLOW], work_pools=[POOL], work_queues=[QUEUE]))
    with serve_store(store, Settings(dialect=dialect)) as client:
        yield client


def send(client: Client, change: Change) -> tuple[int, str]:
    """Send the request of a change; returns status and body of the reply."""
    method, path = change.endpoint.split()
    path = path.replace("{id}", UNKNOWN_ID).replace("{name}", POOL.name)
    head, _, body = change.request.rpartition("\n\n")
    name, _, value = (head or "Content-Type: application/json").partition(":")
    body = body.replace("(524,288 letters)", "x" * 524_288)
    content = body.replace('"(201 ids)"', ",".join([f'"{FLOW.id}"'] * 201)).encode()
    reply = client.send(
        method, f"/api{path}", None if method == "GET" else content, {name: value.strip()}
    )
    return reply.status, reply.body.decode()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.change)
def test_a_change_came_with_its_release(row: Row) -> None:
    """The release before it answers as `before` says, its own as `after` says, on each database."""
    since = RELEASES.index(row.registered.since)
    sides = (
        (RELEASES[since - 1], row.before, row.told_before),
        (RELEASES[since], row.after, row.told_after),
    )
    for database in row.registered.databases:
        for release, status, told in sides:
            with serve_flow(dialect_for(database, release)) as client:
                answer = send(client, row.registered)
            assert answer[0] == status, answer
            assert told in answer[1]


def test_each_change_of_endpoints_is_in_the_table() -> None:
    """And each row is about a change that there is. Others are about states and events."""
    others = (SET_STATE, "GET /events/in")
    changes = [change for change in CHANGES if change.modelled and change.endpoint not in others]
    assert [row.change for row in ROWS] == [change.id for change in changes]


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD"])
@pytest.mark.parametrize("path", ["/admin/storage", "/admin/storage/"])
def test_a_path_that_a_release_lacks_is_not_found(database: str, method: str, path: str) -> None:
    """Whatever the method, and there is no redirect to it."""
    with serve_flow(dialect_for(database, "3.6.29")) as client:
        assert client.send(method, f"/api{path}").status == 404


def test_a_worker_is_not_given_a_channel_of_its_own() -> None:
    """It goes on without one after a 405, as with a server that has none, but not after a 501."""
    for release in ("3.6.16", RELEASES[-1]):
        with serve_flow(dialect_for("sqlite", release)) as client:
            assert client.send("GET", "/api/work_pools/a/workers/connect").status == 405


@pytest.mark.parametrize("database", DATABASES)
def test_a_run_is_created_although_its_reply_fails(database: str) -> None:
    """Before `nan-as-null`, so a client that tries again creates another one."""
    with serve_flow(dialect_for(database, "3.7.2")) as client:
        assert send(client, BY_ID["nan-as-null"])[0] == 500
        assert client.ask("POST", "/flow_runs/count", {}).json == 1
        policy = b'{"task_key": "a", "dynamic_key": "0", "empirical_policy": {"retry_delay": NaN}}'
        for _ in range(2):  # the second time it is found, with null in place of the number
            reply = client.send(
                "POST", "/api/task_runs/", policy, {"Content-Type": "application/json"}
            )
        assert client.ask("POST", "/task_runs/count", {}).json == 1
        assert reply.status == 200
