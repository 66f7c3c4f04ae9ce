"""Logs over HTTP: they are kept, listed, downloaded, bounded, and go with their run."""

from __future__ import annotations

import logging

import pytest

from mockserver.prefect.dialects import DIALECTS, dialect_for, find_dialect
from mockserver.store import run_logs
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_store

DIALECT_NAMES = [*DIALECTS, "prefect-sqlite@3.6.16"]


def line(message: str, run_id: str | None = None, second: int = 0) -> dict[str, object]:
    at = f"2026-01-31T08:00:{second:02}Z"
    return {"name": "a", "level": 20, "message": message, "timestamp": at, "flow_run_id": run_id}


def create_run(client: Client, name: str = "nightly") -> str:
    flow = client.ask("POST", "/flows/", {"name": "etl"}).json
    return str(client.ask("POST", "/flow_runs/", {"flow_id": flow["id"], "name": name}).json["id"])


def listed(client: Client, **body: object) -> list[str]:
    reply = client.ask("POST", "/logs/filter", body)
    assert reply.status == 200, reply.body
    return [log["message"] for log in reply.json]


@pytest.mark.parametrize("name", DIALECT_NAMES)
def test_what_the_client_sends_is_taken(name: str) -> None:
    """It sends null for what is not given, also where the document does not allow it."""
    with serve_store(Store(Base([])), Settings(dialect=find_dialect(name))) as client:
        run_id = create_run(client)
        assert client.ask("POST", "/logs/", [line("b", run_id, 1), line("a", run_id)]).status == 201
        logs = {"operator": "and_", "flow_run_id": {"any_": [run_id]}, "text": None, "level": None}
        body = {"logs": logs, "limit": None, "offset": None, "sort": "TIMESTAMP_ASC"}
        assert listed(client, **body) == ["a", "b"]


@pytest.mark.parametrize("bulk", [True, False])
def test_logs_go_with_their_run(bulk: bool) -> None:
    """Whether it is deleted alone or in bulk. A client may go on logging."""
    with serve_store(Store(Base([])), Settings()) as client:
        run_id = create_run(client)
        client.ask("POST", "/logs/", [line("of the run", run_id), line("of none")])
        if bulk:
            client.ask("POST", "/flow_runs/bulk_delete", {"flow_runs": {"id": {"any_": [run_id]}}})
        else:
            client.ask("DELETE", f"/flow_runs/{run_id}")
        client.ask("POST", "/logs/", [line("late", run_id)])
        assert listed(client) == ["of none", "late"]
        assert client.ask("GET", f"/flow_runs/{run_id}/logs/download").status == 404


def test_logs_of_a_deleted_flow_stay() -> None:
    """As on a real server, which deletes them only where runs are deleted themselves."""
    with serve_store(Store(Base([])), Settings()) as client:
        run_id = create_run(client)
        client.ask("POST", "/logs/", [line("still here", run_id)])
        flow_id = client.ask("GET", f"/flow_runs/{run_id}").json["flow_id"]
        assert client.ask("DELETE", f"/flows/{flow_id}").status == 204
        assert listed(client) == ["still here"]


@pytest.mark.parametrize(
    ("release", "name", "disposition"),
    [
        ("3.7.0", "a 1", "attachment; filename=a 1-logs.csv"),
        ("3.7.1", "é/1", "filename*=UTF-8''%C3%A9%2F1-logs.csv"),
    ],
)
def test_the_download_is_a_file_named_after_the_run(
    release: str, name: str, disposition: str
) -> None:
    """In CSV, with a row for each log, earliest first."""
    with serve_store(Store(Base([])), Settings(dialect=dialect_for("sqlite", release))) as client:
        run_id = create_run(client, name)
        client.ask("POST", "/logs/", [line('b"', run_id, 2), line("a", run_id, 1)])
        reply = client.ask("GET", f"/flow_runs/{run_id}/logs/download")
        assert reply.headers["content-type"] == "text/csv; charset=utf-8"
        assert reply.headers["content-disposition"].endswith(disposition)
        assert reply.body.decode().splitlines() == [
            "timestamp,level,flow_run_id,task_run_id,message",
            f"2026-01-31 08:00:01+00:00,20,{run_id},,a",
            f'2026-01-31 08:00:02+00:00,20,{run_id},,"b"""',
        ]


def test_an_older_release_has_no_file_for_some_names_and_runs() -> None:
    """It fails where a header cannot hold the name, and no logs are an empty text."""
    with serve_store(Store(Base([])), Settings(dialect=dialect_for("sqlite", "3.7.0"))) as client:
        assert client.ask("GET", f"/flow_runs/{create_run(client)}/logs/download").body == b""
        for name in ("Ж", "a\nb"):
            run_id = create_run(client, name)
            assert client.ask("GET", f"/flow_runs/{run_id}/logs/download").status == 500


def test_dropped_logs_are_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log of the server, when the first is dropped."""
    monkeypatch.setattr(run_logs, "MAX_LOGS_OF_RUN", 2)
    with (
        caplog.at_level(logging.WARNING, "mockserver"),
        serve_store(Store(Base([])), Settings()) as client,
    ):
        for text in "abcd":
            client.ask("POST", "/logs/", [line(text)])
        assert listed(client) == ["c", "d"]
    assert [one.message for one in caplog.records if "logs" in one.message] == [
        "too many logs: the oldest are dropped, now and whenever there are more; 2 are kept"
    ]


@pytest.mark.parametrize("name", ["prefect-sqlite", "prefect-postgresql", "spec"])
def test_huge_levels_in_a_filter(name: str) -> None:
    """A database takes integers of 16 or 64 bits; the document knows no size."""
    with serve_store(Store(Base([])), Settings(dialect=DIALECTS[name])) as client:
        statuses = [
            client.ask("POST", "/logs/filter", {"logs": {"level": {"ge_": level}}}).status
            for level in (0, 2**15, 2**63)
        ]
    assert (
        statuses
        == {
            "prefect-sqlite": [200, 200, 500],
            "prefect-postgresql": [200, 503, 503],
            "spec": [200, 200, 200],
        }[name]
    )
