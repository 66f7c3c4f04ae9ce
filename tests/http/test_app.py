"""The server on a real socket: replies, warnings, and what bad clients get."""

import base64
import errno
import json
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.http import app as app_module
from mockserver.prefect import openapi
from mockserver.prefect.dialects import (
    PREFECT_POSTGRESQL,
    PREFECT_SQLITE,
    SPEC,
    dialect_for,
    find_dialect,
)
from mockserver.prefect.records import FlowRun, State, StateType
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.paths import DATA
from tests.support.recorded_answers import replayed_servers
from tests.support.recorded_cases import FILTER_DIALECTS, filter_base, filter_cases, request_cases
from tests.support.servers import Client, serve_store

COMPLETED = State(StateType.COMPLETED, "Completed")
BODY_LIMIT = 4096


def uuid_of(number: int) -> str:
    return f"{number:08}-0000-4000-8000-000000000000"


def runs(count: int) -> Base:
    return Base(FlowRun(id=uuid_of(n), name=f"run-{n}", state=COMPLETED) for n in range(count))


@pytest.fixture
def store() -> Store:
    return Store(runs(60))


@pytest.fixture
def client(store: Store) -> Iterator[Client]:
    settings = Settings(max_body=BODY_LIMIT, client_timeout=0.3)
    with serve_store(store, settings) as connected:
        yield connected


def test_it_deletes_and_tells(client: Client, store: Store) -> None:
    """The reply lists what is gone, the header what is worth knowing."""
    reply = client.bulk_delete({"flow_runs": {"name": {"any_": ["run-3", "nobody"]}}})
    assert (reply.status, reply.json, reply.warnings) == (200, {"deleted": [uuid_of(3)]}, set())
    reply = client.bulk_delete({"limit": 2})
    assert reply.json == {"deleted": [uuid_of(59), uuid_of(58)]}
    assert reply.headers["x-mockserver-warning"] == "no-filter, limit-reached"
    assert len(store) == 57


def test_the_documents_sample_deletes_nothing(client: Client) -> None:
    """The curl sample of the document gets an empty list and the warning about its states."""
    reply = client.bulk_delete((DATA / "sample-request.json").read_bytes())
    assert (reply.status, reply.body) == (200, b'{"deleted":[]}')
    assert reply.headers["x-mockserver-warning"] == "state-both-lists"


@pytest.mark.parametrize("dialect", FILTER_DIALECTS.values(), ids=FILTER_DIALECTS)
def test_every_vector_holds_over_http(dialect: Any) -> None:
    """Every recorded filter deletes over HTTP the 50 highest of what was recorded."""
    store = Store(filter_base())
    with serve_store(store, Settings(dialect=dialect)) as client:
        for case in filter_cases():
            reply = client.bulk_delete({"flow_runs": case.flow_runs})
            assert reply.json == {"deleted": case.expected[dialect.name][:50]}, case.flow_runs
            store.reset()


@pytest.mark.parametrize(("release", "database"), replayed_servers("requests"))
def test_every_recorded_request_is_answered_as_recorded(release: str, database: str) -> None:
    """All 125 raw bodies get the status and the reply of that release on that database."""
    dialect = dialect_for(database, release)
    with serve_store(Store(Base([])), Settings(dialect=dialect)) as client:
        differences = []
        for case in request_cases(release, database):
            headers = {"Content-Type": case.content_type} if case.content_type else {}
            reply = client.send("POST", "/api/flow_runs/bulk_delete", case.body, headers)
            if (reply.status, reply.json) != (case.status, case.reply):
                differences.append((case, reply))
        assert differences == []
        assert len(request_cases()) == 125


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_paths_are_served_with_and_without_the_prefix(client: Client, prefix: str) -> None:
    """Health, the contract, its page: under /api for Prefect's clients, and without it."""
    assert client.send("GET", f"{prefix}/health").json is True
    document = client.send("GET", f"{prefix}/openapi.json").json
    assert document == openapi.document()
    assert client.send("GET", f"{prefix}/openapi.yaml").body.decode() == openapi.source_text()
    assert b"<html" in client.send("GET", f"{prefix}/docs").body.lower()
    assert client.send("POST", f"{prefix}/flow_runs/bulk_delete").status == 200


def test_the_document_is_that_of_the_release_stood_in_for() -> None:
    """As a real server's: it names the release, and has what that release had."""
    settings = Settings(dialect=find_dialect("prefect-sqlite@3.6.29"))
    with serve_store(Store(Base([])), settings) as client:
        document = client.send("GET", "/openapi.json").json
        assert document == openapi.document("3.6.29")
        assert "/admin/storage" not in document["paths"]
        text = client.send("GET", "/openapi.yaml").body.decode()
        assert text == openapi.source_text("3.6.29")


ZERO = "00000000-0000-4000-8000-000000000000"
# Measured on 3.9.1: what a 405 says is allowed.
ALLOWED = {
    f"/flow_runs/{ZERO}": "PATCH",
    f"/flow_runs/{ZERO}/input/x": "GET",
    f"/flows/{ZERO}": "PATCH",
    f"/task_runs/{ZERO}": "PATCH",
    f"/deployments/{ZERO}": "PATCH",
    f"/deployments/{ZERO}/schedules": "GET",
    f"/deployments/{ZERO}/schedules/{ZERO}": "PATCH",
    "/v2/concurrency_limits/x": "GET",
    f"/concurrency_limits/{ZERO}": "GET",
    "/concurrency_limits/tag/x": "GET",
    f"/variables/{ZERO}": "GET",
    "/variables/name/x": "GET",
    f"/block_types/{ZERO}": "GET",
    f"/block_schemas/{ZERO}": "DELETE",
    f"/block_documents/{ZERO}": "GET",
    f"/artifacts/{ZERO}": "GET",
    f"/saved_searches/{ZERO}": "GET",
    "/work_pools/x": "GET",
    "/work_pools/x/queues/y": "GET",
    f"/work_queues/{ZERO}": "PATCH",
    "/admin/storage": "GET",
}


def test_one_method_is_said_to_be_allowed_as_by_a_real_server() -> None:
    """The one that Prefect declares first, also in a session; in spec it is all of them."""
    with serve_store(Store(Base([])), Settings(dialect=PREFECT_SQLITE)) as client:
        client.send("POST", "/_mock/sessions", b'{"name": "a"}')
        for prefix in ("", "/sessions/a"):
            told = {
                path: client.send("OPTIONS", f"{prefix}/api{path}").headers["allow"]
                for path in ALLOWED
            }
            assert told == ALLOWED
    with serve_store(Store(Base([]))) as client:
        reply = client.send("OPTIONS", f"/api/flows/{ZERO}")
        assert reply.headers["allow"] == "DELETE,GET,PATCH"


def test_other_methods_and_paths(client: Client, store: Store) -> None:
    """405 names the method, 404 is JSON, a trailing slash is sent on; nothing is deleted."""
    for method in ("GET", "DELETE", "PUT", "PATCH", "OPTIONS", "TRACE"):
        reply = client.send(method, "/api/flow_runs/bulk_delete")
        assert (reply.status, reply.headers["allow"]) == (405, "POST")
        assert reply.json == {"detail": "Method Not Allowed"}
    reply = client.send("POST", "/api/flow_runs/nope")
    assert (reply.status, reply.json) == (404, {"detail": "Not Found"})
    reply = client.send("POST", "/api/flow_runs/bulk_delete/?a=1", b"{}")
    assert (reply.status, reply.headers["location"]) == (307, "/api/flow_runs/bulk_delete?a=1")
    assert len(store) == 60


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", "[::1]evil",
     "localhost:80@evil.example", "localhost:evil", "evil.example#.localhost", "2130706433", ""],
)  # fmt: skip
def test_foreign_hosts_are_refused(client: Client, store: Store, host: str) -> None:
    """DNS rebinding: a page that resolves its own name to loopback deletes nothing."""
    reply = client.bulk_delete({}, Host=host)
    assert reply.status == 403
    assert "--allow-host" in reply.json["detail"]
    assert len(store) == 60


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "", "http://127.0.0.1.evil", "http://localhost:{other}",
     "http://localhost", "http://[::1]:{other}", "localhost:{port}", "http://localhost:{port}/",
     "http://evil.example:{port}"],
)  # fmt: skip
def test_pages_of_other_origins_are_refused(client: Client, store: Store, origin: str) -> None:
    """A web page may post to loopback without asking first; it deletes nothing.

    A page on another port of this machine is that of another program.
    """
    port = client.address[1]
    named = origin.format(port=port, other=port + 1)
    for method, path in (("POST", "/api/flow_runs/bulk_delete"), ("GET", "/docs"), ("GET", "/x"),
                         ("GET", "/openapi.json"), ("POST", "/flow_runs/bulk_delete/"),
                         ("GET", "/_mock"), ("GET", "/sessions/x/api/health")):  # fmt: skip
        reply = client.send(method, path, None, {"Origin": named})
        assert reply.status == 403
        assert "--allow-host" in reply.json["detail"]
        client.connection.close()
    assert len(store) == 60


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:4300", "http://127.0.0.1:4300"),
        ("127.0.0.1:4300", "http://localhost:4300"),
        ("localhost", "https://localhost"),
        ("[::1]:4300", "http://[::1]:4300"),
        ("localhost:4300", "http://mock.internal:3000"),
        ("mock.internal", "http://mock.internal:3000"),
    ],
)
def test_pages_of_the_server_and_of_allowed_hosts_are_served(host: str, origin: str) -> None:
    """A page of loopback on the port of the request, and any page of an allowed host."""
    with serve_store(Store(runs(1)), Settings(hosts=frozenset({"mock.internal"}))) as client:
        assert client.send("GET", "/health", None, {"Host": host, "Origin": origin}).json is True


def test_an_origin_needs_a_host_to_be_compared_with(client: Client) -> None:
    """HTTP/1.0 has requests without Host; browsers always send it. Two origins are two checks."""
    sent = b"GET /health HTTP/1.0\r\nOrigin: http://localhost\r\n\r\n"
    assert client.raw(sent).startswith(b"HTTP/1.0 403")
    port = client.address[1]
    two = b"Origin: http://localhost:%d\r\nOrigin: http://evil.example\r\n" % port
    head = b"GET /health HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n" % port
    assert client.raw(head + two + b"\r\n").startswith(b"HTTP/1.1 403")


def test_a_stranger_is_not_asked_for_its_body(client: Client) -> None:
    """100 Continue is for those that are served; other expectations change nothing."""
    sent = CHUNKED.replace(b"localhost", b"evil.example").replace(
        b"\r\n\r\n", b"\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    assert client.raw(sent + b"0\r\n\r\n").startswith(b"HTTP/1.1 403")
    assert client.bulk_delete({"limit": 1}, Expect="the best").status == 200


def test_a_version_of_any_bytes_is_refused_in_json() -> None:
    """A header that is no ASCII is repeated as a real server decodes it."""
    with serve_store(Store(runs(1)), Settings(dialect=PREFECT_SQLITE)) as client:
        received = client.raw(
            HEAD + b"X-Prefect-Api-Version: \xff\r\nContent-Length: 2\r\n"
            b"Connection: close\r\n\r\n{}"
        )
        assert received.startswith(b"HTTP/1.1 400")
        assert "but received ÿ" in json.loads(received.partition(b"\r\n\r\n")[2])["detail"]


@pytest.mark.parametrize(
    "host", ["localhost:4300", "127.0.0.2", "[::1]:80", "a.localhost", "LOCALHOST."]
)
def test_loopback_hosts_are_served(client: Client, host: str) -> None:
    """Every name of the loopback interface is ours."""
    assert client.send("GET", "/health", headers={"Host": host}).status == 200


@pytest.mark.parametrize("hosts", [None, frozenset({"mock.internal"})])
def test_hosts_can_be_allowed(hosts: frozenset[str] | None) -> None:
    """A flag lets a name in, or any."""
    with serve_store(Store(Base([])), Settings(hosts=hosts)) as client:
        assert client.send("GET", "/health", headers={"Host": "mock.internal:1"}).status == 200


def test_errors_have_the_shape_of_the_dialect() -> None:
    """error-shape: detail in spec, exception_detail and the request on a real server."""
    with serve_store(Store(Base([]))) as client:
        reply = client.bulk_delete({"limit": 0})
        assert (reply.status, set(reply.json)) == (422, {"detail"})
        errors = openapi.component_validator("HTTPValidationError")
        assert list(errors.iter_errors(reply.json)) == []
    with serve_store(Store(Base([])), Settings(dialect=PREFECT_SQLITE)) as client:
        reply = client.bulk_delete({"limit": 0})
        assert set(reply.json) == {"exception_message", "exception_detail", "request_body"}


@pytest.mark.parametrize(("dialect", "status"), [(PREFECT_SQLITE, 500), (PREFECT_POSTGRESQL, 503)])
def test_a_failing_database_closes_the_connection(dialect: Any, status: int) -> None:
    """undocumented-5xx: as a real server, which also hangs up; nothing is deleted."""
    store = Store(runs(3))
    with serve_store(store, Settings(dialect=dialect)) as client:
        reply = client.bulk_delete(
            {"flow_runs": {"end_time": {"before_": "9999-12-31T23:59:59-05:00"}}}
        )
        assert reply.status == status
        assert reply.headers["connection"] == "close"
        assert reply.warnings == {"undocumented-5xx"}
        assert len(store) == 3


def test_a_request_that_comes_again_is_answered_anew(client: Client, store: Store) -> None:
    """What is kept of a request is its meaning, not its reply: each repeat deletes what is left."""
    body = {"flow_runs": {"name": {"like_": "run-"}}, "limit": 25}
    counts = [len(client.bulk_delete(body).json["deleted"]) for _ in range(4)]
    assert counts == [25, 25, 10, 0]
    store.reset()
    for number in range(40):  # more than are kept
        only = {"flow_runs": {"name": {"any_": [f"run-{number}"]}}}
        assert client.bulk_delete(only).json == {"deleted": [uuid_of(number)]}
        assert client.bulk_delete(only).json == {"deleted": []}


def test_what_is_kept_of_a_request_counts_for_good_versions_alone() -> None:
    """A client that names its version is answered as one that names none; a bad version is not."""
    body = {"flow_runs": {"name": {"like_": "run-"}}, "limit": 1}
    with serve_store(Store(runs(6)), Settings(dialect=PREFECT_SQLITE)) as client:
        statuses = [
            client.bulk_delete(body, **named).status
            for version in (None, "0.8.4", "1.2", "0.8.4", "0.7.9", "zero")
            for named in [{"X-Prefect-Api-Version": version} if version else {}]
        ]
    assert statuses == [200, 200, 400, 200, 400, 400]


def test_warnings_are_logged_with_their_sentence(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for a request that warns: what was deleted, why, and the ids."""
    with caplog.at_level(logging.WARNING, "mockserver"):
        client.bulk_delete({"flow_runs": {"name": {"like_": "RUN-5%"}}})
    (record,) = caplog.records
    assert record.getMessage() == ("/api/flow_runs/bulk_delete deleted 0: name contains 'RUN-5%'")
    assert record.__dict__["warnings"] == ("like-wildcards",)


def test_the_warning_header_is_sent_on_every_status(client: Client) -> None:
    """A refused request, too, says what it earned a warning for."""
    reply = client.bulk_delete({"limit": "10", "typo": 1})
    assert reply.status == 422
    assert reply.headers["x-mockserver-warning"] == "lax-coercion, unknown-key"


# What bad clients get. After each, another client is served and nothing has been deleted.

HEAD = (
    b"POST /api/flow_runs/bulk_delete HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\n"
)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
TOO_LONG = b" " * (BODY_LIMIT + 1)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"Content-Length: %d\r\n\r\n" % len(TOO_LONG) + TOO_LONG, b"413"),
        (HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", b"400"),
        (CHUNKED + b"1389\r\n" + b" " * 0x1389 + b"\r\n0\r\n\r\n", b"413"),
        (HEAD + b"Content-Length: -1\r\n\r\n{}", b"400"),
        (HEAD + b"Content-Length: x\r\n\r\n{}", b"400"),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"400"),
        (CHUNKED + b"xyz\r\n", b"400"),
        (HEAD + b"Content-Length: 20\r\n\r\n{}", b"408"),
        (CHUNKED + b"2\r\n{}\r\n", b"408"),
        (b"GARBAGE\r\n\r\n", b"400"),
        (HEAD + b"X: " + b"a" * 20_000 + b"\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 9\r\n\r\n" + b'{"x": NaN', b"422"),
        (HEAD + b"Content-Length: 6\r\n\r\n" + b'{"\xff":1', b"422"),
        (HEAD + b"Content-Length: 4000\r\n\r\n" + b"[" * 4000, b"422"),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", b"422"),
    ],
)  # fmt: skip
def test_bad_requests_get_a_clear_4xx(
    client: Client, store: Store, sent: bytes, status: bytes
) -> None:
    """Too long, badly framed, too slow, undecodable: 4xx, others unharmed, nothing deleted."""
    received = client.raw(sent.replace(b"Host:", b"Connection: close\r\nHost:"))
    assert received.startswith((b"HTTP/1.1 " + status, b"HTTP/1.0 " + status)), received[:200]
    assert client.send("GET", "/health").json is True
    assert len(store) == 60


def test_a_body_that_breaks_off_deletes_nothing(
    client: Client, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that hangs up within its body has asked for nothing, and leaves no traceback."""
    with caplog.at_level(logging.INFO):
        client.raw(HEAD + b"Content-Length: 20\r\n\r\n{}", half_close=True)
        assert client.send("GET", "/health").json is True
    assert len(store) == 60
    assert caplog.records == []


def test_a_body_that_goes_wrong_on_the_way(client: Client, store: Store) -> None:
    """Framing that breaks while the body is being read is a 4xx, and deletes nothing."""
    with socket.create_connection(client.address, timeout=20) as connection:
        connection.sendall(CHUNKED.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert connection.recv(4096).startswith(b"HTTP/1.1 100")  # it is being read now
        connection.sendall(b'5\r\n{"lim\r\nnonsense\r\n')
        assert connection.recv(4096).startswith((b"HTTP/1.1 400", b"HTTP/1.1 408"))
    assert len(store) == 60


def test_a_body_in_chunks_is_read(client: Client) -> None:
    """Chunked framing is as good as a length."""
    received = client.raw(
        HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'5\r\n{"lim\r\n6\r\nit":1}\r\n0\r\n\r\n'
    )
    assert received.endswith(f'{{"deleted":["{uuid_of(59)}"]}}'.encode())


@pytest.mark.parametrize(("number", "status"), [(errno.EMFILE, 503), (errno.EIO, 500)])
def test_a_shortage_of_files_is_no_bug(
    number: int,
    status: int,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is imported when it is first needed may not be readable then: the client tries again."""

    def fail(_: object) -> None:
        raise OSError(number, "it failed", "file.py")

    monkeypatch.setattr(app_module, "resource_text", fail)
    reply = client.send("GET", "/docs")
    assert (reply.status, reply.headers["connection"]) == (status, "close")
    assert ("Traceback" in caplog.text) == (status == 500)
    monkeypatch.undo()
    assert client.send("GET", "/docs").status == 200


def test_big_numbers_are_repeated_exactly() -> None:
    """A reply that repeats the request repeats an integer of any size."""
    with serve_store(Store(Base([])), Settings(dialect=PREFECT_SQLITE)) as client:
        reply = client.bulk_delete({"limit": 10**40})
        assert reply.json["request_body"] == {"limit": 10**40}


def test_a_frozen_clock_is_what_now_means() -> None:
    """prefect dialects: the time `now` is the clock's."""
    from tests.support.strategies import START

    ended = FlowRun(id=uuid_of(1), name="a", end_time=START)
    settings = Settings(dialect=PREFECT_SQLITE, now=lambda: START)
    with serve_store(Store(Base([ended])), settings) as client:
        before_now = {"flow_runs": {"end_time": {"before_": "now", "after_": "now"}}}
        assert client.bulk_delete(before_now).json == {"deleted": [uuid_of(1)]}


def test_a_bug_of_ours_is_a_500_and_a_traceback_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What nobody foresaw is answered, logged with its traceback, and takes no one else down."""

    class Broken(Store):
        def find(self, *_: Any) -> Any:
            raise RuntimeError("unforeseen")

    with serve_store(Broken(runs(1))) as client:
        client.documented = False  # no document promises a bug
        assert client.bulk_delete({}).status == 500
        assert client.send("GET", "/health").json is True
    assert "unforeseen" in caplog.text


def test_sample_and_vectors_speak_the_same_json() -> None:
    """The recorded replies are what this JSON says (a guard against an edited file)."""
    assert json.loads(request_cases()[0].body) == {}
    assert base64.b64encode(request_cases()[112].body) == b"//4="
    assert SPEC.name in filter_cases()[0].expected
