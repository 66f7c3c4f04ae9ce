"""Clients that read nothing, send slowly, or are too many.

Invariant: each is cut or refused, others are served meanwhile, and memory and log stay bounded.
"""

from __future__ import annotations

import json
import resource
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.attacks.test_requests import peak_memory
from tests.support.servers import Client, serve_process

RUNS, RUN_BYTES = 200, 100_000
FILTER = b"POST /api/flow_runs/filter HTTP/1.1\r\n"
DUMP = b"GET /_mock/seeds HTTP/1.1\r\n"
HEAD = b"Host: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flow runs of which a list takes 20 MB."""
    runs = [{"name": "a", "parameters": {"text": "x" * RUN_BYTES}} for _ in range(RUNS)]
    file = tmp_path_factory.mktemp("seeds") / "large.json"
    file.write_text(json.dumps({"flow_runs": runs}))
    return file


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """Where the server writes its log, in which no traceback may be."""
    yield tmp_path / "log"
    assert "Traceback" not in (tmp_path / "log").read_text()


@contextmanager
def connect(client: Client, sent: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(client.address, timeout=20) as connection:
        with suppress(ConnectionError):  # it was refused already
            connection.sendall(sent)
        yield connection


@contextmanager
def serving(log: Path, *arguments: str | Path) -> Iterator[tuple[Client, int]]:
    """A client of a server in a process, and the process's id."""
    with serve_process(log, *arguments) as (url, pid):
        client = Client(url)
        yield client, pid
        client.connection.close()


def wait_until_cut(connection: socket.socket) -> None:
    """Wait until the server closes a connection, without reading what it has sent."""
    poller = select.poll()
    poller.register(connection, select.POLLRDHUP)
    assert poller.poll(20_000)


def received(connection: socket.socket) -> bytes:
    """What comes until the server closes the connection."""
    return b"".join(iter(lambda: Client._received(connection), b""))


def test_replies_that_nobody_reads_are_bounded(seed: Path, log: Path) -> None:
    """Forty lists of 20 MB and forty dumps: some are 503, all are cut, memory is bounded."""
    with serving(log, seed, "--client-timeout", "0.5") as (client, pid), ExitStack() as stack:
        body = b"Content-Length: 2\r\n\r\n{}"
        sent = [FILTER + HEAD + body, DUMP + HEAD + b"\r\n"] * 40
        clients = [stack.enter_context(connect(client, each)) for each in sent]
        assert client.ask("GET", "/health").body == b"true"
        for one in clients:
            wait_until_cut(one)
        assert len(client.ask("POST", "/flow_runs/filter", {}).json) == RUNS
        assert peak_memory(pid) < 500 << 20
        assert "cut a client that read nothing" in log.read_text()
        assert "refused with 503: clients have not read" in log.read_text()


def test_requests_in_a_row_whose_replies_nobody_reads(seed: Path, log: Path) -> None:
    """A client that sends a thousand of them on one connection has one reply kept at a time."""
    with serving(log, seed, "--client-timeout", "0.5") as (client, pid):
        with connect(client, (FILTER + HEAD + b"Content-Length: 2\r\n\r\n{}") * 1_000) as one:
            assert client.ask("GET", "/health").body == b"true"
            wait_until_cut(one)
        assert peak_memory(pid) < 300 << 20


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", b""),  # nothing at all: it is closed in silence when the server stops
        (b"POST /api/flow_runs/filter HTT", b""),
        (FILTER + HEAD + b"Content-Length: 100\r\n\r\n{", b"HTTP/1.1 408"),
        (FILTER + HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"HTTP/1.1 408"),
        (FILTER + HEAD + b"x-mockserver-fault: status=500\r\nContent-Length: 9\r\n\r\n{",
         b"HTTP/1.1 408"),
        (b"PUT /_mock/seeds HTTP/1.1\r\n" + HEAD + b"Content-Length: 9\r\n\r\n{", b"HTTP/1.1 408"),
        (b"GET /docs HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\n\r\n{",
         b"HTTP/1.1 403"),
    ],
)  # fmt: skip
def test_a_request_that_does_not_end(log: Path, sent: bytes, status: bytes) -> None:
    """A hundred of each take no one's turn, and do not delay the stop."""
    with serving(log, "--client-timeout", "0.1") as (client, _), ExitStack() as stack:
        clients = [stack.enter_context(connect(client, sent)) for _ in range(100)]
        assert client.ask("GET", "/health").body == b"true"
        if status:
            assert {received(one)[:12] for one in clients} == {status}


@pytest.mark.parametrize("fault", ["latency=60", "reply-lost"])
def test_a_stop_waits_for_no_fault(log: Path, fault: str) -> None:
    """Faults that hold their request for a minute hold no stop; the log tells of them."""
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0"]
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout
        client = Client(process.stdout.readline().split()[3])
        asked = FILTER + HEAD + f"x-mockserver-fault: {fault}\r\n".encode()
        with ExitStack() as stack:
            for _ in range(20):
                stack.enter_context(connect(client, asked + b"Content-Length: 2\r\n\r\n{}"))
            assert client.ask("GET", "/health").body == b"true"
            client.connection.close()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=5) == 0


def test_more_connections_than_files_fill_no_log(log: Path) -> None:
    """With asyncio's own loop, which logs a traceback for each: it is told in one line."""
    start = (
        "import resource, sys; sys.modules['uvloop'] = None\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "sys.argv = ['mockserver', 'serve', '--port', '0']\n"
        "from mockserver.__main__ import main; main()"
    )
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 256
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-c", start], stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdout
        client = Client(process.stdout.readline().split()[3])
        with ExitStack() as stack:
            for _ in range(150):
                stack.enter_context(connect(client, b"GET /health HTTP/1.1\r\n" + HEAD + b"\r\n"))
            while "no connection can be accepted" not in log.read_text():
                pass
        assert client.ask("GET", "/health").body == b"true"
        client.connection.close()
        process.terminate()
        assert process.wait(timeout=5) == 0
    assert log.stat().st_size < 2_000, log.read_text()[:3000]


def test_what_clients_send_is_never_written_raw_into_the_log(log: Path) -> None:
    """Headers, paths and methods with controls, separators and letters that turn a line round."""
    dirty = "\x9b31m\u2028\u202e\u2066\ufeff\x85\x7f".encode()
    with serving(log, "--log-format", "json", "--access-log") as (client, _):
        for sent in (
            b"GET /health HTTP/1.1\r\nHost: " + dirty + b"\r\nConnection: close\r\n\r\n",
            b"GET /health HTTP/1.1\r\nHost: localhost\r\nOrigin: http://" + dirty + b"\r\n"
            b"Connection: close\r\n\r\n",
            b"GET /" + dirty + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"GET /health HTTP/1.1\r\nHost: localhost\r\nUser-Agent: " + dirty + b"\r\n"
            b"Referer: " + dirty + b"\r\nConnection: close\r\n\r\n",
            b"GET /" + dirty + b" nonsense\r\n\r\n",
            b"GET /api/events/in HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Protocol: " + dirty + b"\r\nConnection: close\r\n\r\n",
        ):
            assert client.raw(sent).startswith(b"HTTP/1.")
    lines = log.read_bytes().decode().split("\n")[:-1]
    assert len(lines) >= 5
    assert all(line.isprintable() and json.loads(line) for line in lines)
