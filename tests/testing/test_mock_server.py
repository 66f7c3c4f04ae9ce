"""MockServer: a server in a thread, its worlds, and what goes wrong in them on purpose."""

import asyncio
import gc
import http.client
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from mockserver import DIALECTS, FlowRunApi, MockServer, SeedError
from mockserver.errors import NotFound, UsageError
from mockserver.http.app import create_app
from mockserver.http.exchange.session_routing import SessionResource

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


def test_with_and_without_a_session(tmp_path: Path) -> None:
    """A file, a document and a list are held; what was seen can be looked at after the end."""
    file = tmp_path / "runs.json"
    file.write_text('{"flow_runs": [{"name": "file"}]}')
    seeds = (file, {"flow_runs": [{"name": "document"}]}, [{"name": "list", "state": "Late"}])
    with MockServer(*seeds, dialect="prefect-sqlite", now="2026-01-31T12:00:00Z") as api:
        assert {run.name for run in api.flow_runs} == {"file", "document", "list"}
        assert api.url.startswith("http://127.0.0.1:")
        assert api.now == NOW
        both = {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}
        done = api.post("/flow_runs/bulk_delete", {"flow_runs": both})
        assert len(done.deleted) == 3
    api.assert_deleted({"file", "document", "list"})
    assert api.flow_runs == ()


def test_async_with_does_the_same() -> None:
    """The loop of the test goes on meanwhile."""

    async def main() -> None:
        async with MockServer() as api:
            api.add(name="a")
            await asyncio.to_thread(api.post, "/flow_runs/bulk_delete", {})
            api.assert_deleted({"a"})

    asyncio.run(main())


def test_wrong_use_is_told() -> None:
    """A dialect, a bound, a port, a number, a second start, a setting."""
    with pytest.raises(UsageError, match="no dialect 'sqlite'; expected one of spec"):
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
    with pytest.raises(UsageError, match="nonsense: no such setting; there are dialect, now"):
        server.session(nonsense=0)
    server.stop()
    server.stop()


def test_sessions_are_worlds_of_their_own(server: MockServer) -> None:
    """Another one's flow runs, clock and dialect are not seen; ids are the same in each."""
    one, other = server.session(), server.session(dialect="prefect-postgresql", name="other")
    assert one.add(name="a") == other.add(name="a")
    one.post("/flow_runs/bulk_delete", {})
    one.advance("1d")
    assert (len(one.flow_runs), len(other.flow_runs)) == (0, 1)
    assert other.now < one.now
    assert other.url == f"{server.url}/sessions/other/api"
    assert other.post("/flow_runs/bulk_delete", {"limit": "1"}).status == 200
    assert one.post("/flow_runs/bulk_delete", {"limit": "1"}).status == 422
    assert server.api.requests == ()


def test_a_fork_starts_as_its_origin_is(api: FlowRunApi) -> None:
    """One for each thread; what they do is seen of no other."""
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


def test_threads_get_the_exchange_that_is_theirs(server: MockServer) -> None:
    """Where others have asked meanwhile; and where it is not kept, that is told."""
    api = server.session(journal=6)
    api.add(name="run")
    told: dict[int, Any] = {}

    def ask(number: int) -> None:
        told[number] = api.post("/flow_runs/count", {"n": number}).json

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == {number: {"n": number} for number in range(6)}
    assert api.post("/flows/name/a%20b", {}).status == 405
    server.close_session(api)
    unkept = server.session(journal=0)
    with pytest.raises(UsageError, match="the journal keeps none"):
        unkept.post("/flow_runs/count", {})
    server.close_session(unkept)


def test_a_long_body_is_not_kept_as_what_it_means(api: FlowRunApi) -> None:
    """It would be several times as large: what was deleted is told, and not why."""
    api.add(name="run", state="COMPLETED")
    wanted = {"flow_runs": {"name": {"any_": ["run", *map(str, range(20_000))]}}}
    done = api.post("/flow_runs/bulk_delete", wanted)
    assert len(done.deleted) == 1
    assert done.predicate is None
    assert len(done.body) == 64 << 10


def test_a_reply_that_does_not_come_is_a_connection_error(
    api: FlowRunApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a connection that was cut is; the server is late on purpose."""
    monkeypatch.setattr("mockserver.testing.flow_run_api._TIMEOUT_SECONDS", 0.05)
    api.fail_next(latency=0.5)
    with pytest.raises(ConnectionError, match="timed out"):
        api.post("/flow_runs/count", {})


def test_a_closed_session_is_404(server: MockServer) -> None:
    """With a sentence; so are its forks. What it saw is still there."""
    api = server.session()
    fork = api.fork()
    api.add(name="a")
    server.close_session(api)
    for closed in (api, fork):
        status, body = plain_get(f"{closed.url}/health")
        assert status == 404
        assert "has been idle for long" in body["detail"]
    assert [run.name for run in api.flow_runs] == ["a"]
    assert plain_get(f"{server.url}/sessions/{api.url[-5:]}/sessions/x/api")[0] == 404


def plain_get(url: str) -> tuple[int, Any]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=10)
    connection.request("GET", address.path)
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply.status, json.loads(body) if body else None


def test_the_rest_of_a_path_means_what_it_does_without_a_session(api: FlowRunApi) -> None:
    """404, 405, 501 and redirects; the path is told without the prefix."""
    assert api.send("GET", "/nope").status == 404
    assert api.send("GET", "/flow_runs/bulk_delete").status == 405
    assert api.send("GET", "/artifacts/x").status == 501
    assert api.send("GET", "/health/").status == 307
    assert [one.path for one in api.requests] == [
        "/nope", "/flow_runs/bulk_delete", "/artifacts/x", "/health/",
    ]  # fmt: skip
    root = urlsplit(api.url).path.removesuffix("/api")
    assert plain_get(api.url.removesuffix("/api") + "/health") == (200, True)
    assert plain_get(api.url.removesuffix("/api"))[0] == 404
    assert plain_get(f"{api.url.removesuffix('/api')}{root}/api/health")[0] == 404


def test_runs_are_made_and_looked_up(api: FlowRunApi) -> None:
    """In the order of their making; by id, whatever its letters."""
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
    """What was too young is old enough after `advance`; what is made now is made then."""
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


def test_what_it_holds_can_be_kept(api: FlowRunApi, tmp_path: Path) -> None:
    """As a seed for another time."""
    parent = api.add(name="parent", state="Late", tags=["a"], flow="etl")
    api.add(name="child", parent=parent, started="now-1d")
    file = tmp_path / "kept.json"
    file.write_text(json.dumps(api.dump()))
    with MockServer(file) as other:
        assert other.flow_runs == api.flow_runs


def test_it_goes_back(api: FlowRunApi) -> None:
    """To a snapshot, or to how it began."""
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


def test_requests_are_kept_with_all_that_belongs_to_them(api: FlowRunApi) -> None:
    """Body, reply, warnings, what was deleted and why."""
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


def test_a_bug_is_kept_to_be_raised(api: FlowRunApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reply is a 500, and the error is there with its request; in forks, too."""

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


def test_the_next_requests_fail(api: FlowRunApi) -> None:
    """As often as was said, and then no more; nothing was carried out."""
    api.make(2, state="COMPLETED")
    rule = api.fail_next(status=503, times=2)
    assert [delete(api) for _ in range(3)] == [503, 503, 200]
    assert rule.happened == 2
    first = api.requests[0]
    assert (first.fault, first.deleted, first.json) == ("status=503", (), DONE)
    assert first.reply_json == {"exception_message": "mockserver was told to answer 503"}
    assert len(api.deleted) == 2


def raw(api: FlowRunApi, body: Any = DONE, *, timeout: float = 10, fault: str = "") -> Any:
    """Status, headers and body, or what is raised instead."""
    address = urlsplit(api.url)
    connection = http.client.HTTPConnection(address.netloc, timeout=timeout)
    named = {"Content-Type": "application/json"}
    if fault:
        named["x-mockserver-fault"] = fault
    try:
        connection.request("POST", f"{address.path}/flow_runs/bulk_delete", json.dumps(body), named)
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), json.loads(reply.read())
    finally:
        connection.close()


def test_a_preset_answers_as_the_real_thing(api: FlowRunApi) -> None:
    """SQLite's 503 closes the connection; 429 says when to come again; 409 is one."""
    for preset in ("sqlite-503", "rate-limited", "conflict"):
        api.fail_next(preset)
    status, headers, body = raw(api)
    assert (status, body) == (503, {"exception_message": "Service Unavailable"})
    assert headers["Connection"] == "close"
    status, headers, body = raw(api)
    assert (status, headers["Retry-After"], body) == (429, "1", {"detail": "Too Many Requests"})
    assert raw(api)[0] == 409
    assert raw(api)[0] == 200


@pytest.mark.parametrize(
    ("preset", "carried_out"), [("cut-before", False), ("cut-after", True), ("partial-body", True)]
)
def test_a_connection_is_cut(api: FlowRunApi, preset: str, carried_out: bool) -> None:
    """Before anything is done, or after: the client cannot tell, the journal can."""
    api.make(3, state="COMPLETED")
    api.fail_next(preset)
    with pytest.raises((ConnectionError, http.client.HTTPException)) as raised:
        raw(api)
    if preset == "partial-body":
        assert isinstance(raised.value, http.client.IncompleteRead)
        assert raised.value.partial.startswith(b'{"deleted":["')
        assert api.requests[0].status == 200
    else:
        assert api.requests[0].status is None
    assert len(api.deleted) == (3 if carried_out else 0)
    assert raw(api)[0] == 200
    api.fail_next("cut-before")
    with pytest.raises(ConnectionError, match="POST /flow_runs/bulk_delete"):
        delete(api)


def test_a_reply_is_lost(api: FlowRunApi) -> None:
    """The request is carried out, and its client waits for nothing until it gives up."""
    api.make(3, state="COMPLETED")
    api.fail_next("reply-lost")
    with pytest.raises(TimeoutError):
        raw(api, timeout=0.2)
    assert len(api.deleted) == 3
    assert api.requests[0].status is None
    assert raw(api)[0] == 200


def test_a_gateway_fails_after_the_commit(api: FlowRunApi) -> None:
    """`after`: the status is an error, and the flow runs are gone."""
    api.make(3, state="COMPLETED")
    api.fail(status=504, after=True, path="/flow_runs/bulk_delete", method="post")
    assert api.send("GET", "/health").status == 200
    assert delete(api) == 504
    assert len(api.deleted) == 3
    assert len(api.faults) == 1
    api.stop_failing()
    assert delete(api) == 200
    assert not api.faults


def test_a_header_steers_one_reply(api: FlowRunApi) -> None:
    """Whatever rules there are; what is no fault is 400, with a sentence."""
    api.make(3, state="COMPLETED")
    assert raw(api, fault="status=409, latency=0.001")[0] == 409
    status, _, body = raw(api, fault="sqlite")
    assert status == 400
    assert body["detail"].startswith("x-mockserver-fault: 'sqlite' is no fault; expected one of")
    assert len(api.flow_runs) == 3
    assert raw(api)[0] == 200


def test_a_fault_is_drawn_where_a_body_cannot_be_read(api: FlowRunApi) -> None:
    """One that is too long, of a request that was to fail."""
    api.fail_next(status=503)
    assert raw(api, {"flow_runs": {"name": {"any_": ["x" * (1 << 21)]}}})[0] == 503
    assert api.requests[0].body == b""


def test_a_world_without_a_server_can_be_filled() -> None:
    """Before the start, and after the end."""
    server = MockServer()
    server.api.add(name="a")
    server.start()
    assert [run.name for run in server.api.flow_runs] == ["a"]
    server.stop()
    server.api.add(name="b")
    assert len(server.api.flow_runs) == 2


def test_a_server_that_was_stopped_leaves_nothing_behind() -> None:
    """No thread, no open socket (which pytest would warn of)."""
    before = threading.active_count()
    with MockServer() as api:
        assert plain_get(f"{api.url}/health") == (200, True)
    gc.collect()
    assert threading.active_count() == before


def test_the_prefix_of_sessions_is_a_resource_as_others_are() -> None:
    """Who lists the routes of the application finds it; it cannot be moved."""
    app = create_app(MockServer()._sessions.origin.store)
    (found,) = (one for one in app.router.resources() if isinstance(one, SessionResource))
    assert found.get_info() == {"formatter": "/sessions/{session}"}
    assert found.raw_match("/sessions/{session}")
    assert str(found.url_for(session="mine")) == "/sessions/mine"
    assert (len(found), list(found)) == (0, [])
    with pytest.raises(NotImplementedError, match="cannot be put below /v1"):
        found.add_prefix("/v1")
