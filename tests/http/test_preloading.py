"""A server whose files are replaced while it runs: it has read all that it needs before."""

import subprocess
import sys
import threading
from asyncio import new_event_loop
from errno import EMFILE
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import pytest

import mockserver
from mockserver.http import preloading
from mockserver.http.preloading import preload_soon, served_modules
from mockserver.resources import resource_path

# It runs in a process of its own, with a copy of the package that it removes.
ASK_EVERYTHING = """
import json, shutil, sys
from http.client import HTTPConnection
from pathlib import Path

import mockserver
from mockserver import MockServer
from mockserver.http.preloading import preload

folder = Path(sys.argv[1])
assert Path(mockserver.__file__).is_relative_to(folder)
with MockServer([{"name": "etl"}]) as api:
    preload()
    shutil.rmtree(folder)
    from mockserver.http.control.app import CONTROL_ROUTES
    from mockserver.operations.endpoints import ENDPOINTS

    address, _, _ = api.url.removeprefix("http://").partition("/")
    connection = HTTPConnection(address, timeout=30)

    def ask(method, path, body=None, accept="application/json"):
        headers = {"Content-Type": "application/json", "Accept": accept}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        reply = connection.getresponse()
        reply.read()
        print(reply.status, method, path)

    [run] = api.flow_runs
    some = {"name": "a", "flow_id": run.flow_id, "state": {"type": "RUNNING"}, "tags": ["a"]}
    for one in ENDPOINTS:
        for body in (None,) if one.method == "GET" else ({}, some):
            ask(one.method, f"/api{one.template}".replace("{id}", run.id), body)
    session = {"name": "old", "dialect": "prefect-sqlite@3.6.16"}
    ask("POST", "/_mock/sessions", session)
    for path in ("/docs", "/openapi.json", "/openapi.yaml", "/sessions/old/openapi.yaml"):
        ask("GET", path)
    for accept in ("application/json", "text/html"):
        ask("POST", "/_mock/explain", {"filter": {"name": {"like_": "e"}}}, accept)
        for method, path in CONTROL_ROUTES:
            ask(method, f"/_mock{path}", None if method == "GET" else {}, accept)
    assert not api.errors, api.errors
"""


def test_every_endpoint_is_answered_without_the_files_of_the_package(tmp_path: Path) -> None:
    """As after an upgrade, which removes and replaces them."""
    package = Path(mockserver.__file__).parent
    copied = tmp_path / "mockserver"
    copytree(package, copied, ignore=ignore_patterns("__pycache__"))
    copy(resource_path("openapi.yaml"), copied)  # as in a wheel
    command = [sys.executable, "-c", ASK_EVERYTHING, str(copied)]
    # From its working directory Python imports the copy.
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    answers = [line.split(" ", 1) for line in done.stdout.splitlines()]
    assert len(answers) > 100
    assert [asked for status, asked in answers if status in ("500", "503")] == []


def test_all_that_is_preloaded_can_be_imported() -> None:
    """Every module, and every file that is served."""
    preloading.preload()
    assert set(served_modules()) <= sys.modules.keys()


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("error", [None, OSError(EMFILE, "Too many open files")])
def test_a_server_preloads_once_it_listens(
    error: OSError | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a thread, and with short turns while it does; without a word where files run out."""
    turns: list[float] = []

    def preload() -> None:
        turns.append(sys.getswitchinterval())
        if error:
            raise error

    monkeypatch.setattr(preloading, "preload", preload)
    monkeypatch.setattr(preloading, "_AFTER_SECONDS", 0)
    before = sys.getswitchinterval()
    loop = new_event_loop()
    preload_soon(loop)
    loop.call_later(0, loop.stop)
    loop.run_forever()
    loop.close()
    for thread in threading.enumerate():
        if thread.name == "mockserver-preload":
            thread.join()
    assert turns
    assert turns[0] < before == sys.getswitchinterval()


def test_all_modules_of_a_server_are_preloaded() -> None:
    """Packages come before what is in them, and what only commands need is left out."""
    names = list(served_modules())
    assert names.index("mockserver.operations") < names.index("mockserver.operations.create")
    assert "mockserver.http.sockets.events_in" in names
    assert not [one for one in names if one.startswith(("mockserver.cli", "mockserver.contract"))]
