"""Whatever a server does, each command that asks one ends with a sentence and an exit code.

`releases` and `rehearse` are not here: they ask no server but the mock that they start.
"""

from __future__ import annotations

import json
import logging
import re
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from mockserver.cli.app import main
from mockserver.contract.server import bounded_session
from mockserver.prefect.records import Flow, FlowRun
from mockserver.remote.client import Bounds
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.support.hostile_servers import FROM_NOBODY, HOSTILE, Behaviour, RawServer, reply
from tests.support.servers import serve_store

FLOW, LEFT_FLOW, LEFT_RUN = (f"{number:08}-0000-4000-8000-000000000000" for number in (1, 2, 3))
THEIRS = [
    FlowRun(id=f"{number:08}-1111-4000-8000-000000000000", name="theirs", flow_id=FLOW)
    for number in range(3)
] + [FlowRun(id=str(FROM_NOBODY["id"]), name="theirs", flow_id=FLOW)]
NOBODY = 2**22 + 1  # above the highest process id that Linux gives
KIT = ("--timeout", "{timeout}", "--max-requests", "60", "--journal", "{journals}")
FEW = ("--filters", "6", "--deletes", "4", "--runs", "3")
ASKED_LITTLE = ("--timeout", "{timeout}", "--patience", "0.2")

VERBS: Mapping[str, Sequence[str]] = {
    "drift": ("drift", "{url}", *KIT),
    "fuzz": ("fuzz", "{url}", "--disposable", "--max-examples", "1", "--seconds", "3", *KIT),
    "diff": ("diff", "{url}", "--disposable", "--delete", *FEW, *KIT),
    "diff --existing": ("diff", "{url}", "--existing", *FEW, *KIT),
    "verify": ("verify", "{url}", *FEW, *KIT),
    "cleanup": ("cleanup", "{url}", "--timeout", "{timeout}", "--journal", "{journals}"),
    "dump": ("dump", "{url}", "-o", "{folder}/copy.ndjson", *ASKED_LITTLE),
    "explain": ("explain", "{}", "--server", "{url}", *ASKED_LITTLE),
}
BEHAVIOURS = (*HOSTILE, "redirects elsewhere")
SHARED = frozenset({"drift", "diff --existing", "verify", "dump", "explain"})
AFTER = ((0, 3), (0, 9))
"""How many requests are answered as they should be: the one or the other in turn."""
EMPTY = frozenset(
    {
        *("answers a list", "sets a cookie"),
        *("sends more than its length", "names no number as its length"),
    }
)
"""Of an empty list nothing shows that it is wrong."""
SILENT = frozenset(name for name in HOSTILE if name.startswith(("hangs", "drips")))
"""These have to be waited for, so that they are so from the first request on."""


def write_journal(folder: Path, url: str) -> None:
    """The journal of a run that was killed, with a flow run that is still there."""
    folder.mkdir()
    lines = (
        {"url": url, "pid": NOBODY},
        {"flow": "mockserver-kit-left"},
        {"path": f"/flow_runs/{LEFT_RUN}"},
    )
    (folder / "left.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))


def run_main(
    arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """The exit code and the output of a command line; anything raised but SystemExit fails."""
    monkeypatch.setattr(sys, "argv", ["mockserver", *arguments])
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        signal.signal(signal.SIGTERM, handler)
    written = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, written.out, written.err


@contextmanager
def watched_port() -> Iterator[tuple[int, socket.socket]]:
    """A port elsewhere to which nobody may connect."""
    with socket.create_server(("127.0.0.2", 0)) as listener:
        listener.setblocking(False)
        yield listener.getsockname()[1], listener


@pytest.fixture(autouse=True)
def small_replies(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """So that what is too long is so at once. What a mock logs of bad requests is left out."""
    monkeypatch.setattr(bounded_session, "MAX_REPLY", 4_000_000)
    monkeypatch.setattr(Bounds.__init__, "__defaults__", (4, None, 60.0, 300.0, 4_000_000))
    monkeypatch.setenv("PREFECT_API_KEY", "secret")
    log = logging.getLogger("mockserver")
    before = log.level
    log.setLevel(logging.CRITICAL)
    yield
    log.setLevel(before)


@pytest.mark.parametrize("what", BEHAVIOURS)
@pytest.mark.parametrize("verb", VERBS)
def test_a_command_ends_with_a_sentence(
    verb: str,
    what: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It follows nobody elsewhere; nothing of others is changed, and what is left is noted."""
    with watched_port() as (port, elsewhere):
        location = b"Location: http://127.0.0.2:%d/api" % port
        behave = HOSTILE.get(what, reply(b"", location, status=307))
        turn = list(VERBS).index(verb) + BEHAVIOURS.index(what)
        for after in (0,) if what in SILENT else AFTER[turn % 2]:
            folder, seconds = tmp_path / str(after), "0.2" if what in SILENT else "60"
            check_command(verb, what, behave, after, folder, seconds, monkeypatch, capsys)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


def check_command(
    verb: str,
    what: str,
    behave: Behaviour,
    after: int,
    folder: Path,
    seconds: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder.mkdir()
    store = store_for(verb)
    there = {run.id: run for run in store}
    with (
        serve_store(store) as right,
        RawServer(behave, right, after).running() as server,
    ):
        right.ask("POST", "/flow_runs/filter", {})  # the first request waits for imports
        journals = folder / "journals"
        write_journal(journals, server.url)
        names = {"{url}": server.url, "{journals}": str(journals), "{folder}": str(folder)}
        names["{timeout}"] = seconds
        arguments = list(VERBS[verb])
        for name, value in names.items():
            arguments = [one.replace(name, value) for one in arguments]
        code, out, errors = run_main(arguments, monkeypatch, capsys)
    turned = len(server.received) > after
    # The last request of a clean-up is a DELETE, which is answered so.
    is_right = verb == "cleanup" and what == "answers 204" and after > 0
    may_pass = not turned or what in EMPTY or is_right
    assert code in ((0, 1) if not turned else (0, 1, 2) if may_pass else (1, 2)), (out, errors)
    if after == 0:
        assert code == 2, (out, errors)
        assert re.fullmatch(r"mockserver: [^\n]{10,1000}\n", errors), errors
        assert errors.strip().isprintable()
    if verb in SHARED:
        for request in server.received:
            line = request.split(b"\r\n", 1)[0]
            assert re.match(rb"GET |POST \S+/(filter|count|paginate|history) ", line), line
    noted = "".join(path.read_text() for path in journals.glob("*.ndjson"))
    for run in store:
        assert run == there.get(run.id, run), "a flow run of somebody else was changed"
        flow = store.flows.get(str(run.flow_id))
        assert run.id in there or run.id in noted or (flow and flow.name in noted), run
    assert {one.id for one in THEIRS} - {run.id for run in store} in (
        set(),
        {one.id for one in THEIRS} - there.keys(),
    )


def store_for(verb: str) -> Store:
    """Flow runs of others; none for `fuzz`, which needs an empty server."""
    if verb == "fuzz":
        return Store(Base(()))
    flows = [Flow(FLOW, "theirs"), Flow(LEFT_FLOW, "mockserver-kit-left")]
    left = FlowRun(id=LEFT_RUN, name="left", flow_id=LEFT_FLOW)
    return Store(Base([*THEIRS, left], flows=flows))
