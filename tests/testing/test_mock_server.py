"""MockServer and FlowRunApi: a server in a thread, its worlds, and injected faults."""

import asyncio
import gc
import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from inspect import signature
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from mockserver import DIALECTS, FlowRunApi, MockServer, SeedError
from mockserver.errors import NotFound, UsageError
from mockserver.http.app import create_app
from mockserver.http.exchange.session_routing import SessionResource
from mockserver.prefect.releases import NEWEST
from mockserver.worlds.journal import MAX_EXCHANGES
from mockserver.worlds.settings import MAX_BODY
from mockserver.worlds.worlds import MAX_SESSIONS

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DONE: Any = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    started = MockServer().start()
    yield started
    started.stop()


@pytest.fixture
def api(server: MockServer) -> Iterator[FlowRunApi]:
    opened = server.session(now=NOW)
    yield opened
    server.close_session(opened)


def test_with_starts_and_stops_a_server(tmp_path: Path) -> None:
    """It loads a file, a document and a list; its API can be read after the server stopped."""
    file = tmp_path / "runs.json"
    file.write_text('{"flow_runs": [{"name": "file"}]}')
    seeds = (file, {"flow_runs": [{"name": "document"}]}, [{"name": "list", "state": "Late"}])
    with MockServer(*seeds, dialect="prefect-sqlite@3.9.0", now="2026-01-31T12:00:00Z") as api:
        assert {run.name for run in api.flow_runs} == {"file", "document", "list"}
        assert api.url.startswith("http://127.0.0.1:")
        assert api.now == NOW
        both = {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}
        exchange = api.post("/flow_runs/bulk_delete", {"flow_runs": both})
        assert len(exchange.deleted) == 3
    api.assert_deleted({"file", "document", "list"})
    assert api.flow_runs == ()


def test_async_with_starts_and_stops_a_server() -> None:
    """The server does not run on the loop of the test."""

    async def main() -> None:
        async with MockServer() as api:
            api.add(name="a")
            await asyncio.to_thread(api.post, "/flow_runs/bulk_delete", {})
            api.assert_deleted({"a"})

    asyncio.run(main())


def test_wrong_usage_is_an_error_with_a_hint() -> None:
    """The error names a wrong dialect, bound, port, number, second start or setting."""
    with pytest.raises(UsageError, match="no dialect 'sqlite'; expected spec, prefect-sqlite"):
        MockServer(dialect="sqlite")
    with pytest.raises(UsageError, match="at least 1"):
        MockServer(journal=0)
    with pytest.raises(UsageError, match="port is 99999"):
        MockServer(port=99999)
    with pytest.raises(SeedError, match="no such file"):
        MockServer("nope.yaml")
    with MockServer() as api:
        port = urlsplit(api.url).port
        with pytest.raises(UsageError, match="cannot listen"):
            MockServer(port=port or 0).start()
        with pytest.raises(UsageError, match="-3 flow runs; expected 0 or more"):
            api.make(-3)
    server = MockServer(dialect=DIALECTS["spec"]).start()
    with pytest.raises(UsageError, match="started already"):
        server.start()
    with pytest.raises(
        UsageError, match="nonsense: no such setting; expected some of id_seed, dialect, now"
    ):
        server.session(nonsense=0)
    server.stop()
    server.stop()


def test_bounds_are_those_of_worlds() -> None:
    """They are written out in the signature, which shall import nothing."""
    parameters = signature(MockServer).parameters
    given = [parameters[name].default for name in ("max_body", "journal", "sessions")]
    assert given == [MAX_BODY, MAX_EXCHANGES, MAX_SESSIONS]


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("from mockserver import FlowRunApi, MockServer", "pydantic pyroaring orjson yaml aiohttp"),
        ("from mockserver import MockServer; MockServer([{}]).api.add()", "yaml aiohttp"),
        ("from mockserver import MockServer; MockServer([{}]).start().stop()", "yaml"),
    ],
)
def test_what_takes_long_is_imported_late(code: str, heavy: str) -> None:
    """A test file that names the classes pays for none of it; only reading YAML does for that."""
    shown = f"{code}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    assert not set(heavy.split()) & set(done.stdout.split())


def test_a_release_that_was_not_measured_is_a_warning_at_the_callers_line() -> None:
    """It is served as the newest; the warning points to this file."""
    with pytest.warns(UserWarning, match=r"Prefect 3\.12\.0 is newer than") as warned:
        server = MockServer(dialect="prefect-sqlite@3.12.0")
    assert server.api.dialect.name == f"prefect-sqlite@{NEWEST}"
    with pytest.warns(UserWarning, match=r"Prefect 3\.12\.1 is newer than") as warned_again:
        session = server.session(dialect="prefect-postgresql@3.12.1")
    assert session.dialect.name == f"prefect-postgresql@{NEWEST}"
    assert [one.filename for one in (*warned, *warned_again)] == [__file__, __file__]


def test_sessions_are_independent(server: MockServer) -> None:
    """Each has its own flow runs, clock and dialect, and ids that no other session has."""
    one, other = server.session(), server.session(dialect="prefect-postgresql", name="other")
    assert one.add(name="a").id != other.add(name="a").id
    one.post("/flow_runs/bulk_delete", {})
    one.advance("1d")
    assert (len(one.flow_runs), len(other.flow_runs)) == (0, 1)
    assert other.now < one.now
    assert other.url == f"{server.url}/sessions/other/api"
    assert other.post("/flow_runs/bulk_delete", {"limit": "1"}).status == 200
    assert one.post("/flow_runs/bulk_delete", {"limit": "1"}).status == 422
    assert server.api.requests == ()


def test_ids_can_be_repeated() -> None:
    """By a seed of the server for its own world, and of a session for that session."""
    same, again = MockServer(id_seed=7), MockServer(id_seed=7)
    assert same.api.add().id == again.api.add().id != MockServer(id_seed=8).api.add().id
    one, other = same.session(id_seed="a"), again.session(id_seed="a")
    # Nothing else counts: not which other sessions there were.
    same.session().add()
    assert one.make(3) == other.make(3)
    assert one.fork().add().id not in {run.id for run in one.flow_runs}


def test_forks_are_independent(api: FlowRunApi) -> None:
    """Threads delete from a fork each; the origin keeps its runs and counts all warnings."""
    api.make(20, name="run-{n}")
    forks = [api.fork() for _ in range(4)]
    threads = [
        threading.Thread(target=fork.post, args=("/flow_runs/bulk_delete", {"limit": number + 1}))
        for number, fork in enumerate(forks)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(fork.deleted) for fork in forks] == [1, 2, 3, 4]
    assert [len(fork.flow_runs) for fork in forks] == [19, 18, 17, 16]
    assert len(api.flow_runs) == 20
    assert api.warnings == {"no-filter": 4, "limit-reached": 4}


def test_each_thread_gets_its_own_exchange(server: MockServer) -> None:
    """`post` returns its exchange among those of others, and raises if none is kept."""
    api = server.session(journal=6)
    api.add(name="run")
    sent: dict[int, Any] = {}

    def post(number: int) -> None:
        sent[number] = api.post("/flow_runs/count", {"n": number}).json

    threads = [threading.Thread(target=post, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sent == {number: {"n": number} for number in range(6)}
    assert api.post("/flows/name/a%20b", {}).status == 405
    server.close_session(api)
    without_journal = server.session(journal=0)
    with pytest.raises(UsageError, match="the journal keeps none"):
        without_journal.post("/flow_runs/count", {})
    server.close_session(without_journal)


def test_the_predicate_of_a_long_body_is_not_kept(api: FlowRunApi) -> None:
    """It would be several times as large: the exchange has what was deleted, and not why."""
    api.add(name="run", state="COMPLETED")
    body = {"flow_runs": {"name": {"any_": ["run", *map(str, range(20_000))]}}}
    exchange = api.post("/flow_runs/bulk_delete", body)
    assert len(exchange.deleted) == 1
    assert exchange.predicate is None
    assert len(exchange.body) == 64 << 10


def test_a_missing_reply_is_a_connection_error(
    api: FlowRunApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply that does not come in time raises ConnectionError, as a cut connection does."""
    monkeypatch.setattr("mockserver.testing.sent_request._TIMEOUT_SECONDS", 0.05)
    api.fail_next(latency=0.5)
    with pytest.raises(ConnectionError, match="timed out"):
        api.post("/flow_runs/count", {})


def test_a_closed_session_is_404(server: MockServer) -> None:
    """The URLs of the session and of its forks are 404; its flow runs can still be read."""
    api = server.session()
    fork = api.fork()
    api.add(name="a")
    server.close_session(api)
    for closed in (api, fork):
        status, body = get_json(f"{closed.url}/health")
        assert status == 404
        assert "has been idle for long" in body["detail"]
    assert [run.name for run in api.flow_runs] == ["a"]
    assert get_json(f"{server.url}/sessions/{api.url[-5:]}/sessions/x/api")[0] == 404


def get_json(url: str) -> tuple[int, Any]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=10)
    connection.request("GET", address.path)
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply.status, json.loads(body) if body else None


def test_a_session_can_be_closed_with_the_next_one(server: MockServer) -> None:
    """That takes no time of its own."""
    api = server.session()
    forked = api.fork()
    server.close_session(api, later=True)
    assert api.send("GET", "/health").status == 200
    server.session()
    for closed in (api, forked):
        assert get_json(f"{closed.url}/health")[0] == 404


def test_an_api_without_requests_says_so(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the server's own world, and of one whose session is closed, it cannot tell where."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    api = server.session()
    server.close_session(api)
    for silent in (MockServer().api, api):
        with pytest.raises(AssertionError, match=r"no request came to .*; PREFECT_API_URL is not"):
            silent.assert_called("/health")


def test_an_api_tells_where_requests_went(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the session of an earlier test; or not to this server at all."""
    earlier, api = server.session(), server.session()
    monkeypatch.setenv("PREFECT_API_URL", api.url)
    with pytest.raises(AssertionError, match=f"came to {api.url}, which PREFECT_API_URL is now"):
        api.assert_called("/health")
    earlier.send("GET", "/health")
    server.session()  # it got no request
    with pytest.raises(AssertionError, match=f"to {api.url}, but some came to {earlier.url}. Code"):
        api.assert_called("/health")


def test_problems_are_errors_and_warnings_at_once(api: FlowRunApi) -> None:
    """Those of the API and of its forks."""
    api.fork().post("/flow_runs/bulk_delete", {})
    assert api.problems == ((), {"no-filter": 1})


def test_paths_below_a_session_are_answered_as_without_one(api: FlowRunApi) -> None:
    """404, 405, 501 and redirects are the same; the journal has paths without the prefix."""
    assert api.send("GET", "/nope").status == 404
    assert api.send("GET", "/flow_runs/bulk_delete").status == 405
    assert api.send("POST", "/automations/").status == 501
    assert api.send("GET", "/health/").status == 307
    assert [one.path for one in api.requests] == [
        "/nope", "/flow_runs/bulk_delete", "/automations/", "/health/",
    ]  # fmt: skip
    root = urlsplit(api.url).path.removesuffix("/api")
    assert get_json(api.url.removesuffix("/api") + "/health") == (200, True)
    assert get_json(api.url.removesuffix("/api"))[0] == 404
    assert get_json(f"{api.url.removesuffix('/api')}{root}/api/health")[0] == 404


def test_runs_are_made_and_found_by_id(api: FlowRunApi) -> None:
    """`make` returns runs in order; `get` takes ids in upper case; parents become task runs."""
    made = api.make(3, name="etl-{n}", state="COMPLETED", run_count=lambda n: n)
    assert [(run.name, run.run_count) for run in made] == [("etl-0", 0), ("etl-1", 1), ("etl-2", 2)]
    assert api.get(made[1].id.upper()) == made[1]
    assert api.get(UUID(int=0)) is None
    assert [run.id for run in api.flow_runs] == sorted((run.id for run in made), reverse=True)
    with pytest.raises(SeedError, match="expected name"):
        api.make(2, nam="etl")
    assert len(api.flow_runs) == 3
    child = api.add(name="child", parent=made[0])
    assert child.parent_flow_run_id == made[0].id
    api.send("DELETE", f"/flow_runs/{made[0].id}")
    api.assert_deleted([made[0]])
    api.assert_deleted("etl-0")
    assert api.requests[-1].why == f"id is one of {{{made[0].id}}}"
    orphan = api.get(child.id)
    assert orphan is not None
    assert orphan.parent_task_run_id is None


def test_the_clock_is_shared_by_filters_states_and_new_runs(api: FlowRunApi) -> None:
    """After `advance` and `freeze`, filters, new runs and their states use the new time."""
    api.add(name="etl", state="COMPLETED", ended="now-1d")
    assert api.advance("30d") == api.now == NOW + timedelta(days=30)
    late = api.add(name="late", ended="now-1d")
    assert late.end_time == NOW + timedelta(days=29)
    flow = api.post("/flows/", {"name": "f"}).reply_json["id"]
    created = api.post("/flow_runs/", {"flow_id": flow}).reply_json
    assert created["created"] == "2026-03-02T12:00:00Z"
    assert api.freeze("now-1d") == NOW + timedelta(days=29)
    body = {"flow_runs": {"end_time": {"before_": api.now - timedelta(days=29)}}}
    assert [run.name for run in api.post("/flow_runs/bulk_delete", body).deleted] == ["etl"]
    running = api.fork()
    assert running.now == api.now


def test_a_dump_is_a_seed_file(api: FlowRunApi, tmp_path: Path) -> None:
    """A dump that is written as JSON loads into an equal world."""
    parent = api.add(name="parent", state="Late", tags=["a"], flow="etl")
    api.add(name="child", parent=parent, started="now-1d")
    file = tmp_path / "kept.json"
    file.write_text(json.dumps(api.dump()))
    with MockServer(file) as other:
        assert other.flow_runs == api.flow_runs


def test_restore_and_reset(api: FlowRunApi) -> None:
    """`restore` goes back to a snapshot, `reset` to the start, with an empty journal."""
    api.add(name="a")
    api.begin_here()
    api.snapshot()
    api.load({"flow_runs": [{"name": "b"}]})
    api.post("/flow_runs/bulk_delete", {"flow_runs": {"name": {"any_": ["a"]}}})
    assert [run.name for run in api.flow_runs] == ["b"]
    api.restore()
    assert [run.name for run in api.flow_runs] == ["a"]
    api.add(name="c")
    api.reset()
    assert [run.name for run in api.flow_runs] == ["a"]
    assert (api.requests, api.deleted) == ((), ())
    with pytest.raises(NotFound, match="expected one of: default"):
        api.restore("other")


def test_exchanges_are_complete(api: FlowRunApi) -> None:
    """An exchange has body, reply, warnings, the deleted runs and why; assertions use it."""
    api.make(2, name="etl", state="COMPLETED")
    one = api.post("/flow_runs/bulk_delete", {**DONE, "limit": 1}, x_prefect_api_version="0.8.4")
    assert (one.number, one.at, one.method, one.path, one.query, one.status) == (
        1, NOW, "POST", "/flow_runs/bulk_delete", "", 200,
    )  # fmt: skip
    assert one.json == {**DONE, "limit": 1}
    assert one.reply_json == {"deleted": [one.deleted[0].id]}
    assert (one.why, one.limit) == ("state_type is one of {COMPLETED}", 1)
    assert (one.warnings, api.warnings) == (("limit-reached",), {"limit-reached": 1})
    assert api.requests == (one,)
    assert api.deleted == one.deleted
    assert api.assert_called("/flow_runs/*", json={**DONE, "limit": ...}, times=1) == (one,)
    with pytest.raises(AssertionError, match="nearest of 1 other request"):
        api.assert_called("/flow_runs/count")
    api.add(name="spared")
    with pytest.raises(AssertionError, match=r"'spared' .*, Pending"):
        api.assert_deleted({"etl", "spared"})
    refused = api.post("/flow_runs/bulk_delete", {"limit": 0})
    assert (refused.status, refused.deleted, refused.why) == (422, (), "")
    assert repr(api) == f"<FlowRunApi {api.url}>"


def test_an_unexpected_exception_is_kept(api: FlowRunApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reply is 500, and `errors` has the exception with its request, of forks too."""

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(NotFound, "__init__", broken)
    fork = api.fork()
    for one in (api, fork):
        assert one.send("DELETE", f"/flow_runs/{UUID(int=1)}").status == 500
    first, second = api.errors
    assert (str(first), str(second)) == ("broken", "broken")
    assert first.__notes__[0].startswith("while mockserver answered #1 DELETE /flow_runs/")
    assert api.requests[0].error is first


def delete(api: FlowRunApi) -> int | None:
    return api.post("/flow_runs/bulk_delete", DONE).status


def test_fail_next_affects_the_next_requests_only(api: FlowRunApi) -> None:
    """The fault happens `times` times, and requests with a fault are not carried out."""
    api.make(2, state="COMPLETED")
    rule = api.fail_next(status=503, times=2)
    assert [delete(api) for _ in range(3)] == [503, 503, 200]
    assert rule.happened == 2
    first = api.requests[0]
    assert (first.fault, first.deleted, first.json) == ("status=503", (), DONE)
    assert first.reply_json == {"exception_message": "mockserver was told to answer 503"}
    assert len(api.deleted) == 2


def send_bulk_delete(
    api: FlowRunApi, body: Any = DONE, *, timeout: float = 10, fault: str = ""
) -> Any:
    """Return status, headers and JSON of the reply, or raise what the client raises."""
    address = urlsplit(api.url)
    connection = http.client.HTTPConnection(address.netloc, timeout=timeout)
    headers = {"Content-Type": "application/json"}
    if fault:
        headers["x-mockserver-fault"] = fault
    try:
        connection.request(
            "POST", f"{address.path}/flow_runs/bulk_delete", json.dumps(body), headers
        )
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), json.loads(reply.read())
    finally:
        connection.close()


def test_presets_answer_as_real_servers_do(api: FlowRunApi) -> None:
    """SQLite's 503 closes the connection, 429 has Retry-After, and conflict is 409."""
    for preset in ("sqlite-503", "rate-limited", "conflict"):
        api.fail_next(preset)
    status, headers, body = send_bulk_delete(api)
    assert (status, body) == (503, {"exception_message": "Service Unavailable"})
    assert headers["Connection"] == "close"
    status, headers, body = send_bulk_delete(api)
    assert (status, headers["Retry-After"], body) == (429, "1", {"detail": "Too Many Requests"})
    assert send_bulk_delete(api)[0] == 409
    assert send_bulk_delete(api)[0] == 200


@pytest.mark.parametrize(
    ("preset", "carried_out"), [("cut-before", False), ("cut-after", True), ("partial-body", True)]
)
def test_a_connection_is_cut(api: FlowRunApi, preset: str, carried_out: bool) -> None:
    """The client cannot see whether the request was carried out; the journal can."""
    api.make(3, state="COMPLETED")
    api.fail_next(preset)
    with pytest.raises((ConnectionError, http.client.HTTPException)) as raised:
        send_bulk_delete(api)
    if preset == "partial-body":
        assert isinstance(raised.value, http.client.IncompleteRead)
        assert raised.value.partial.startswith(b'{"deleted":["')
        assert api.requests[0].status == 200
    else:
        assert api.requests[0].status is None
    assert len(api.deleted) == (3 if carried_out else 0)
    assert send_bulk_delete(api)[0] == 200
    api.fail_next("cut-before")
    with pytest.raises(ConnectionError, match="POST /flow_runs/bulk_delete"):
        delete(api)


def test_a_reply_is_lost(api: FlowRunApi) -> None:
    """The request is carried out, and the client waits until its timeout."""
    api.make(3, state="COMPLETED")
    api.fail_next("reply-lost")
    with pytest.raises(TimeoutError):
        send_bulk_delete(api, timeout=0.2)
    assert len(api.deleted) == 3
    assert api.requests[0].status is None
    assert send_bulk_delete(api)[0] == 200


def test_a_gateway_fails_after_the_commit(api: FlowRunApi) -> None:
    """With `after`, the reply is an error and the flow runs are deleted."""
    api.make(3, state="COMPLETED")
    api.fail(status=504, after=True, path="/flow_runs/bulk_delete", method="post")
    assert api.send("GET", "/health").status == 200
    assert delete(api) == 504
    assert len(api.deleted) == 3
    assert len(api.faults) == 1
    api.stop_failing()
    assert delete(api) == 200
    assert not api.faults


def test_a_header_injects_one_fault(api: FlowRunApi) -> None:
    """The header affects its own request; a header that is not a fault is 400 with a hint."""
    api.make(3, state="COMPLETED")
    assert send_bulk_delete(api, fault="status=409, latency=0.001")[0] == 409
    status, _, body = send_bulk_delete(api, fault="sqlite")
    assert status == 400
    assert body["detail"].startswith("x-mockserver-fault: 'sqlite' is not a fault; expected one of")
    assert len(api.flow_runs) == 3
    assert send_bulk_delete(api)[0] == 200


def test_a_fault_does_not_lift_the_bounds_of_a_body(api: FlowRunApi) -> None:
    """A request with too long a body is refused as without the fault, which waits for the next."""
    api.fail_next(status=503)
    assert send_bulk_delete(api, {"flow_runs": {"name": {"any_": ["x" * (4 << 20)]}}})[0] == 413
    assert (api.requests[0].body, api.requests[0].fault) == (b"", None)
    assert send_bulk_delete(api, {"flow_runs": {"name": {"any_": ["x" * (1 << 20)]}}})[0] == 503
    assert (len(api.requests[1].body), api.requests[1].fault) == (64 << 10, "status=503")


def test_a_world_can_be_filled_without_a_running_server() -> None:
    """`add` works before `start` and after `stop`."""
    server = MockServer()
    server.api.add(name="a")
    server.start()
    assert [run.name for run in server.api.flow_runs] == ["a"]
    server.stop()
    server.api.add(name="b")
    assert len(server.api.flow_runs) == 2


def test_stop_leaves_no_thread_and_no_socket() -> None:
    """pytest would turn the warning about an open socket into an error."""
    before = threading.active_count()
    with MockServer() as api:
        assert get_json(f"{api.url}/health") == (200, True)
    gc.collect()
    assert threading.active_count() == before


def test_the_session_prefix_is_a_resource_of_the_router() -> None:
    """It is listed among the application's resources and refuses a prefix."""
    app = create_app(MockServer()._sessions.default_world.store)
    (found,) = (one for one in app.router.resources() if isinstance(one, SessionResource))
    assert found.get_info() == {"formatter": "/sessions/{session}"}
    assert found.raw_match("/sessions/{session}")
    assert str(found.url_for(session="mine")) == "/sessions/mine"
    assert (len(found), list(found)) == (0, [])
    with pytest.raises(NotImplementedError, match="cannot be put below /v1"):
        found.add_prefix("/v1")


def test_a_filter_is_explained_without_deleting(api: FlowRunApi) -> None:
    """Its values say what goes and what stays; printed, it is a page, in a failure a line."""
    kept, *_ = api.make(3, name="etl-{n}", state="COMPLETED", tags=lambda n: ["keep"][n:])
    running = api.add(name="busy", state="RUNNING")
    keep = {"tags": {"all_": ["keep"]}}
    found = api.explain(DONE, protect=[keep], runs=[running, "etl-0"])
    assert (found.deleted, found.staying, found.now) == (3, 1, NOW)
    assert [(one.run.name, one.goes) for one in found.runs] == [("busy", False), ("etl-0", True)]
    assert [run.id for run in found.protections[0].going.first] == [kept.id]
    sentence = "3 of 4 flow runs go in 1 call, of which 1 is protected; 1 stays"
    assert repr(found) == f"<Explanation: {sentence}>"
    assert str(found).startswith(f"✗ {sentence}\n")
    assert "spared by: state.type.any_" in str(found)
    assert (len(api.flow_runs), api.requests, api.deleted) == (4, (), ())
    with pytest.raises(UsageError, match="runs is a str; expected a list"):
        api.explain(DONE, runs="etl-0")
    with pytest.raises(UsageError, match=r"tags\.not_any_"):
        api.explain({"tags": {"not_any_": ["keep"]}})


def test_a_report_prints_as_a_page(api: FlowRunApi) -> None:
    """The sentence comes first; in a failing assert it is all that is shown."""
    api.make(3, name="etl-{n}", state="COMPLETED")
    api.post("/flow_runs/bulk_delete", {**DONE, "limit": 2})
    sentence = "2 flow runs of 3 deleted in 1 call; 1 left"
    assert repr(api.report()) == f"<DeletionReport: {sentence}>"
    lines = str(api.report()).splitlines()
    assert lines[0] == f"✓ {sentence}"
    assert any("POST /flow_runs/bulk_delete" in line for line in lines)


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        (
            "POST",
            "/flow_runs/bulk_delete",
            {"flow_runs": {"tags": {"not_any_": ["keep"]}}},
            "was answered 422: flow_runs.tags.not_any_: Extra inputs are not permitted",
        ),
        ("DELETE", f"/flow_runs/{UUID(int=5)}", None, "was answered 404: Flow run not found"),
        ("POST", "/flow_runs/bulk-delete", {}, "was answered 404: Not Found"),
    ],
)
def test_a_wrong_deletion_tells_why_requests_were_refused(
    api: FlowRunApi, method: str, path: str, body: Any, told: str
) -> None:
    """The reason is kept with the request, as the log has it."""
    api.add(name="etl")
    api.send(method, path, body)
    with pytest.raises(AssertionError) as failed:
        api.assert_deleted("etl")
    assert f"#1 {method} {path} {told}" in str(failed.value)


def test_a_request_of_a_web_page_is_told(api: FlowRunApi) -> None:
    """It is refused before anything reads it."""
    api.add(name="etl")
    api.post("/flow_runs/bulk_delete", {}, origin="https://example.org")
    with pytest.raises(AssertionError, match=r"was answered 403: .*example\.org"):
        api.assert_deleted("etl")


def test_the_log_tells_of_runs_that_are_left_when_another_filter_follows(
    api: FlowRunApi, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, and not of a loop that goes on: each reply has the warning in its header."""
    api.make(5, name="etl", state="COMPLETED")
    for body in ({**DONE, "limit": 2}, {**DONE, "limit": 2}, {**DONE, "limit": 1}, DONE, DONE):
        api.post("/flow_runs/bulk_delete", body)
    assert [one.warnings for one in api.requests] == [("limit-reached",)] * 2 + [()] * 3
    (record,) = caplog.records
    assert record.getMessage() == (
        "POST /flow_runs/bulk_delete left runs: state_type is one of {COMPLETED}"
    )
    assert vars(record)["warnings"] == ("limit-reached",)
    assert api.warnings == {}
