"""The command `dump`, run as a user runs it: files, messages and exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from mockserver.cli.server_copy import CopyOptions, copy_server
from mockserver.remote.client import ReadClient
from tests.remote.scripted_client import Workspace, served_workspace


def dump(*arguments: str | Path, stdin: str = "", **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", "dump", *map(str, arguments)],
        capture_output=True,
        text=True,
        input=stdin,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with served_workspace() as served:
        yield served


def test_a_copy_is_told_and_can_be_served(workspace: Workspace, tmp_path: Path) -> None:
    """What was copied, what a user should know, and what comes next."""
    output = tmp_path / "w.ndjson"
    code, out, err = dump("-o", output, PREFECT_API_URL=workspace.url)
    assert code == 0
    held = "60 flow runs, 1 task run, 3 flows, 2 deployments, 2 work pools, 2 work queues"
    assert f"{output}: {held}, 3 block types\n" in out
    assert f"next: mockserver serve {output} --dialect prefect-sqlite@3.9.1" in out
    assert err == ""
    assert [file.name for file in tmp_path.iterdir()] == ["w.ndjson"]
    code, _, err = dump("-o", output, PREFECT_API_URL=workspace.url)
    assert (code, err) == (2, f"mockserver: {output} exists already; --force overwrites it\n")


def test_a_filter_comes_from_a_file_from_stdin_or_as_it_is(
    workspace: Workspace, tmp_path: Path
) -> None:
    """All three copy the same."""
    given = json.dumps({"tags": {"any_": ["prod"]}})
    (tmp_path / "filter.json").write_text(given)
    written = []
    for where in (given, "-", tmp_path / "filter.json"):
        code, out, _ = dump(
            workspace.url, "-o", tmp_path / "w.ndjson", "--force", "--where", where, stdin=given
        )
        assert code == 0
        assert "30 flow runs" in out
        written.append((tmp_path / "w.ndjson").read_bytes())
    assert written[0] == written[1] == written[2]


def test_names_can_be_made_up(workspace: Workspace, tmp_path: Path) -> None:
    """And the user is told what that means for filters."""
    code, _, err = dump(workspace.url, "-o", tmp_path / "w.ndjson", "--anonymize")
    assert code == 0
    assert "like_ finds nothing that it found before" in err
    assert "nightly" not in (tmp_path / "w.ndjson").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which server? expected a URL"),
        (["http://127.0.0.1:1"], "cannot reach http://127.0.0.1:1/api: Connection refused"),
        (["URL", "--where", '{"tag": {}}'], "the server refuses --where: POST"),
        (["URL", "--where", "no such file"], "--where no such file: No such file"),
        (["URL", "--header", "nonsense"], "expected 'Name: value'"),
        (["URL", "--rate", "0"], "--rate is 0; expected more than 0"),
        (["URL/nowhere"], "is this the URL of the API"),
    ],
)
def test_what_cannot_be_copied_exits_with_2_and_leaves_no_file(
    workspace: Workspace, tmp_path: Path, arguments: list[str], said: str
) -> None:
    """And says what would be right."""
    given = [argument.replace("URL", workspace.url) for argument in arguments]
    code, out, err = dump(*given, "-o", tmp_path / "w.ndjson", PREFECT_API_URL="")
    assert (code, out) == (2, "")
    assert said in err
    assert list(tmp_path.iterdir()) == []


# A shell starts the jobs of `command &` with Ctrl-C ignored, and their children inherit that: with
# the tests in the background, the signal below did nothing, and the copy ended with 0.
LISTENS_TO_CTRL_C = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("mockserver", run_name="__main__", alter_sys=True)
"""


def test_ctrl_c_keeps_what_was_copied(tmp_path: Path) -> None:
    """The message says how to go on, and --restart does not."""
    processes: Queue[subprocess.Popen[str]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(b'"3.9.1"')

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("/flows/filter"):
                processes.get().send_signal(signal.SIGINT)
            self.answer(b"0" if self.path.endswith("/count") else b"[]")

        def answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Not on the terminal of the tests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url, output = f"http://127.0.0.1:{server.server_port}", tmp_path / "w.ndjson"
        for flags, said in (((), ""), ((), "going on with"), (("--restart",), "")):
            process = subprocess.Popen(
                [sys.executable, "-c", LISTENS_TO_CTRL_C, "dump", url, "-o", str(output), *flags],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            processes.put(process)
            _, err = process.communicate(timeout=60)
            assert process.returncode == 130
            assert f"stopped; {output}.partial keeps 0 flow runs, and the same command" in err
            assert said in err
            assert bool(said) == ("going on" in err)
            assert [file.name for file in tmp_path.iterdir()] == ["w.ndjson.partial"]
        server.shutdown()


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C interrupts this process, also if it was started with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_at_any_request_stops_a_copy(
    workspace: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Up to the last one: nothing on the way takes the interrupt for an error of its own."""
    send = ReadClient._send
    left = 0

    async def interrupted(self: ReadClient, *request: Any) -> Any:
        nonlocal left
        reply = await send(self, *request)
        left -= 1
        if left == 0:
            signal.raise_signal(signal.SIGINT)
        return reply

    monkeypatch.setattr(ReadClient, "_send", interrupted)
    output = tmp_path / "w.ndjson"
    options = CopyOptions(
        workspace.url, output, None, False, False, False, (), 4, None, 60, 300, True, True
    )
    copy_server(options)
    requests = -left
    assert requests > 10
    for number in range(1, requests + 1):
        output.unlink(missing_ok=True)
        left = number
        with pytest.raises(SystemExit) as stop:
            copy_server(options)
        assert stop.value.code == 130
        assert "and the same command goes on from there" in capsys.readouterr().err
        assert [file.name for file in tmp_path.iterdir()] == ["w.ndjson.partial"]
