"""`mockserver serve` as a process: what it prints, how it stops, what slow clients do to it."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from mockserver.http.server import base_url
from mockserver.prefect.releases import NEWEST
from mockserver.worlds.settings import id_source
from tests.support.servers import Client, run_serve_command, serve_in_process

REQUEST = (
    b"POST /api/flow_runs/bulk_delete HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 11\r\n\r\n"
)


def write_seed(folder: Path, count: int = 3) -> Path:
    file = folder / "runs.json"
    ids = [f"0000000{n}-0000-4000-8000-000000000000" for n in range(count)]
    file.write_text(json.dumps({"flow_runs": [{"id": run, "name": "a"} for run in ids]}))
    return file


def url_of(lines: list[str]) -> str:
    return next(word for word in lines[0].split() if word.startswith("http://"))


def test_the_first_lines_show_the_url_and_an_example(tmp_path: Path) -> None:
    """The base URL, that of the page, the runs and the dialect, a curl line; all answer at once."""
    with run_serve_command(write_seed(tmp_path), "--dialect", "prefect-sqlite") as (_, lines):
        url = url_of(lines)
        assert lines[1] == f"look at it in a browser: {url}/"
        with urlopen(f"{url}/page/filter") as reply:
            assert b'"flow_runs":3' in reply.read()
        assert "3 flow runs" in lines[2]
        assert lines[2].endswith(f"dialect prefect-sqlite@{NEWEST}")
        assert lines[3].startswith("try: curl ")
        assert f"{url}/flow_runs/bulk_delete" in lines[3]
        with urlopen(f"{url}/api/health") as reply:
            assert reply.read() == b"true"


def test_the_page_can_be_left_out(tmp_path: Path) -> None:
    """Then `/` is what it is on a real server's API: unknown."""
    with (
        serve_in_process(tmp_path / "log", write_seed(tmp_path), "--no-page") as url,
        pytest.raises(HTTPError, match="404"),
    ):
        urlopen(url)


def test_the_page_is_opened_in_a_browser(tmp_path: Path) -> None:
    """In the one that the variable BROWSER names."""
    opened = tmp_path / "opened"
    os.mkfifo(opened)  # reading waits until the browser has written
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    with run_serve_command(write_seed(tmp_path), "--open", BROWSER=f"{browser} %s") as (_, lines):
        assert opened.read_text().strip() == f"{url_of(lines)}/"


def test_every_option_has_an_environment_variable(tmp_path: Path) -> None:
    """A container can be configured without a command line."""
    with run_serve_command(
        MOCKSERVER_FIXTURES=str(write_seed(tmp_path)),
        MOCKSERVER_DIALECT="prefect-postgresql@3.6.20",
        MOCKSERVER_HOST="localhost",
        MOCKSERVER_NOW="2026-01-31T00:00:00Z",
        MOCKSERVER_LOG_FORMAT="json",
        MOCKSERVER_ACCESS_LOG="1",
        MOCKSERVER_MAX_BODY="20",
        MOCKSERVER_CLIENT_TIMEOUT="0.1",
        MOCKSERVER_ALLOW_HOST="mock.internal",
        MOCKSERVER_JOURNAL="1",
        MOCKSERVER_CONTROL_TOKEN="s3cret",  # noqa: S106 - of a test
    ) as (process, lines):
        assert "3 flow runs" in lines[2]
        assert lines[2].endswith("dialect prefect-postgresql@3.6.20")
        client = Client(url_of(lines))
        assert client.bulk_delete({"limit": 1}, Host="mock.internal").status == 200
        assert client.bulk_delete(b" " * 21).status == 413
        assert client.raw(REQUEST).startswith(b"HTTP/1.1 408")
        assert client.send("GET", "/_mock/journal").status == 401
        headers = {"Authorization": "Bearer s3cret"}
        journal = client.send("GET", "/_mock/journal", headers=headers).json
        assert ([one["status"] for one in journal["exchanges"]], journal["dropped"]) == ([408], 2)
        client.connection.close()
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=10)
    entries = [json.loads(line) for line in logged.splitlines()]
    warned = next(entry for entry in entries if "warnings" in entry)
    assert warned["level"] == "warning"
    assert set(warned["warnings"]) == {"no-filter"}
    assert any("up to 1 a call; limit-reached: more match" in one["message"] for one in entries)
    assert any("413" in entry["message"] for entry in entries)


def test_new_ids_of_a_server_can_be_repeated(tmp_path: Path) -> None:
    """They are then the same in every process, and for `MockServer`."""
    with run_serve_command(write_seed(tmp_path), "--id-seed", "7") as (_, lines):
        client = Client(url_of(lines))
        made = client.send("POST", "/_mock/flow_runs", b"{}").json
        client.connection.close()
    assert made[0]["id"] == id_source(7)()


def test_a_release_that_was_not_measured_is_logged(tmp_path: Path) -> None:
    """It is served as the newest; the line is in the log's format, before any other."""
    arguments = ("--dialect", "prefect-sqlite@3.12.0", "--log-format", "json")
    with run_serve_command(write_seed(tmp_path), *arguments) as (process, lines):
        assert lines[2].endswith(f"dialect prefect-sqlite@{NEWEST}")
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=10)
    first = json.loads(logged.splitlines()[0])
    assert first["level"] == "warning"
    assert first["message"].startswith("Prefect 3.12.0 is newer than ")


def test_the_document_is_that_of_a_release(tmp_path: Path) -> None:
    """The dialect of the document names the release that the document is of."""
    with run_serve_command(write_seed(tmp_path)) as (_, lines):
        assert lines[2].endswith(f"dialect spec (the document of Prefect {NEWEST})")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_after_requests_in_flight(tmp_path: Path, number: signal.Signals) -> None:
    """A request whose body is still coming is answered, and the exit code is 0."""
    with run_serve_command(write_seed(tmp_path)) as (process, lines):
        address = Client(url_of(lines)).address
        with (
            socket.create_connection(address, timeout=10) as idle,
            socket.create_connection(address, timeout=10) as busy,
        ):
            busy.sendall(REQUEST + b'{"lim')
            idle.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert idle.recv(4096).endswith(b"true")  # so the busy one was accepted too
            process.send_signal(number)
            busy.sendall(b'it":1}')
            received = b"".join(iter(lambda: busy.recv(4096), b""))
        assert b'{"deleted":["00000002-0000-4000-8000-000000000000"]}' in received
        assert process.wait(timeout=5) == 0


def test_an_unfinished_body_does_not_delay_the_stop(tmp_path: Path) -> None:
    """After a signal it does not wait for a body that never ends."""
    with (
        run_serve_command(write_seed(tmp_path)) as (process, lines),
        socket.create_connection(Client(url_of(lines)).address, timeout=10) as slow,
    ):
        slow.sendall(REQUEST + b'{"lim')
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("closed", ["its reader is gone", "it is not open"])
def test_nobody_needs_to_read_its_output(tmp_path: Path, closed: str, unbuffered: str) -> None:
    """As after `| head -1` or `>&-`: it serves until a signal, and exits with 0."""
    reader, writer = os.pipe()
    os.close(reader)
    command = f"exec {sys.executable} -m mockserver serve {write_seed(tmp_path)} --port 0"
    redirection = ">&-" if closed == "it is not open" else ""
    with subprocess.Popen(  # noqa: S602 - of a test
        f"{command} --host 0.0.0.0 {redirection}",  # which is logged once it listens
        shell=True,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    ) as process:
        os.close(writer)
        assert process.stderr
        logged = next(line for line in process.stderr if "not loopback" in line or not line)
        assert "listening on 0.0.0.0" in logged
        process.send_signal(signal.SIGTERM)
        assert "Traceback" not in process.stderr.read()
        assert process.wait(timeout=5) == 0


def test_the_token_can_be_in_a_file(tmp_path: Path) -> None:
    """So that no list of processes shows it; blanks around it do not count."""
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    with run_serve_command(write_seed(tmp_path), "--control-token-file", file) as (_, lines):
        client = Client(url_of(lines))
        assert client.send("GET", "/_mock").status == 401
        headers = {"Authorization": "Bearer s3cret"}
        assert client.send("GET", "/_mock", headers=headers).status == 200
        client.connection.close()


@pytest.mark.parametrize(
    ("content", "arguments", "hint"),
    [
        (b"", (), "holds no token; expected one line of 1 to 4096 letters"),
        (b" \n", (), "holds no token"),
        (b"a\nb", (), "holds no token"),
        (b"a" * 5000, (), "holds no token"),
        (b"\xff", (), "expected a text file"),
        (None, (), "No such file"),
        (b"a", ("--control-token", "b"), "expected one of them"),
    ],
)
def test_a_file_without_a_token_is_wrong_usage(
    tmp_path: Path, content: bytes | None, arguments: tuple[str, ...], hint: str
) -> None:
    """Exit code 2 and a sentence; a server that nobody may steer by mistake does not start."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    command = ["serve", str(write_seed(tmp_path)), "--port", "0", "--control-token-file", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", *command, *arguments], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_in_the_middle_of_long_work(
    tmp_path: Path, number: signal.Signals
) -> None:
    """A process whose loop is busy ends all the same, and says so."""
    program = (
        "import mockserver.cli.run_server as run, mockserver.http.app as app, itertools\n"
        "from mockserver.__main__ import main\n"
        "app.ROUTES += (('GET', '/busy', lambda _: print('busy', flush=True) or"
        " sum(1 for _ in itertools.count())),)\n"
        f"import sys; sys.argv = ['mockserver', 'serve', {str(write_seed(tmp_path))!r},"
        " '--port', '0']; main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        lines = [process.stdout.readline() for _ in range(4)]
        with socket.create_connection(Client(url_of(lines)).address, timeout=10) as connection:
            connection.sendall(b"GET /busy HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert process.stdout.readline() == "busy\n"
            process.send_signal(number)
            assert process.wait(timeout=5) == 0
        assert "in the middle of a request that takes too long" in process.stderr.read()


def test_a_port_in_use_is_an_error_with_a_hint(tmp_path: Path) -> None:
    """Exit code 2 and a line that names --port, without a traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "mockserver",
                "serve",
                str(write_seed(tmp_path)),
                "--port",
                port,
            ],
            capture_output=True,
            text=True,
        )
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_invalid_seeds_are_not_served(tmp_path: Path) -> None:
    """Exit code 1, every problem on stderr, nothing on stdout."""
    bad = tmp_path / "bad.json"
    bad.write_text('{"flow_runs": [{"state_type": "DONE"}, {"nam": "a"}]}')
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", "serve", str(bad), "--port", "0"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "2 problems" in done.stderr
    assert f"{bad}, flow_runs[0].state_type" in done.stderr


def test_a_client_cannot_forge_log_lines(tmp_path: Path) -> None:
    """Line breaks and escape sequences that a client sends are escaped in the log."""
    with run_serve_command(write_seed(tmp_path)) as (process, lines):
        client = Client(url_of(lines))
        forged = "a\n2026-01-01 ERROR forged \x1b[31m"
        client.bulk_delete({"flow_runs": {"operator": "or_", "id": {}, "name": {"any_": [forged]}}})
        client.connection.close()
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=10)
    assert r"forged \x1b[31m" in logged
    assert "\x1b" not in logged
    assert not any(line.startswith("2026-01-01 ERROR") for line in logged.splitlines())


@pytest.mark.parametrize("host", ["127.1", "LOCALHOST"])
def test_loopback_is_recognised_however_it_is_written(tmp_path: Path, host: str) -> None:
    """Other host names are refused on every spelling of a loopback address."""
    with run_serve_command(write_seed(tmp_path), "--host", host) as (_, lines):
        client = Client(url_of(lines))
        assert client.send("GET", "/health", headers={"Host": "evil.example"}).status == 403
        client.connection.close()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),  # noqa: S104
        ("::", "http://[::1]:80"),
        ("example.org", "http://example.org:80"),
    ],
)
def test_the_base_url_can_be_opened(host: str, url: str) -> None:
    """A server on all addresses is printed with its loopback address."""
    assert base_url(host, 80) == url


def test_a_stop_tells_what_was_deleted(tmp_path: Path) -> None:
    """A script that ran against the server leaves its report in the log; no delete leaves none."""
    nothing = {"flow_runs": {"name": {"any_": ["x"]}}}
    for body, told in (({"limit": 2}, True), (nothing, False)):
        with run_serve_command(write_seed(tmp_path)) as (process, lines):
            client = Client(url_of(lines))
            assert client.bulk_delete(body).status == 200
            client.connection.close()
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate()
        assert ("2 flow runs of 3 deleted in 1 call; 1 left" in log) is told
