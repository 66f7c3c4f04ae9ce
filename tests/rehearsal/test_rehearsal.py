"""Rehearsals of small scripts: what is told of each is what it did."""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mockserver.errors import UsageError
from mockserver.insight.explanation import filter_argument
from mockserver.prefect.dialects import DIALECTS
from mockserver.rehearsal import (
    SCENARIOS,
    RehearsalSettings,
    rehearsal_page,
    rehearsal_value,
    rehearse,
)
from mockserver.rehearsal.rehearsal import Rehearsal
from mockserver.rehearsal.script import ScriptResult, script_environment
from mockserver.rendering import print_page

COMPLETED = {"state": {"type": {"any_": ["COMPLETED"]}}}
FAILED = {"state": {"type": {"any_": ["FAILED"]}}}
KEEP = {"tags": {"any_": ["keep"]}}
PRELUDE = """
import json, os, sys
from urllib.request import Request, urlopen

def post(path, body):
    head = {"Content-Type": "application/json"}
    request = Request(os.environ["PREFECT_API_URL"] + path, json.dumps(body).encode(), head)
    with urlopen(request) as reply:
        return json.load(reply)
"""
DRAIN = """
while post("/flow_runs/bulk_delete", {"flow_runs": FILTER, "limit": 3})["deleted"]:
    pass
"""
PERSISTENT = """
from urllib.error import URLError
from http.client import HTTPException
for attempt in range(50):
    try:
        if not post("/flow_runs/bulk_delete", {"flow_runs": FILTER, "limit": 3})["deleted"]:
            break
    except (URLError, HTTPException, ConnectionError):
        pass
"""


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """Ten runs: eight are completed, and one of these is tagged keep."""
    file = tmp_path / "runs.json"
    runs = [
        {
            "id": f"0000000{n}-0000-4000-8000-000000000000",
            "name": f"run-{n}",
            "state": {"type": "COMPLETED" if n < 8 else "FAILED"},
            "tags": ["keep"] if n == 0 else [],
        }
        for n in range(10)
    ]
    file.write_text(json.dumps({"flow_runs": runs}))
    return file


def script(source: str, filter_: Any = COMPLETED) -> tuple[str, ...]:
    return (sys.executable, "-c", f"{PRELUDE}\nFILTER = {filter_!r}\n{source}")


def rehearsed(seeds: Path, command: tuple[str, ...], **changes: Any) -> Rehearsal:
    dialect = DIALECTS[changes.pop("dialect", "prefect-sqlite")]
    for name in ("protect", "expect"):
        if name in changes:
            given = changes[name]
            changes[name] = (
                (filter_argument(given),) if name == "protect" else (filter_argument(given))
            )
    return rehearse(RehearsalSettings((seeds,), command, dialect, **changes))


def text_of(rehearsal: Rehearsal) -> str:
    output = StringIO()
    print_page(rehearsal_page(rehearsal), Console(file=output, width=100))
    return output.getvalue()


def test_a_drain_is_told_with_what_it_deleted(seeds: Path) -> None:
    """The same body sent four times is one line; a second run deletes nothing more."""
    found = rehearsed(seeds, script(DRAIN), times=2, expect=COMPLETED)
    assert found.problems == ()
    assert (found.report.before, found.report.deleted, found.report.left) == (10, 8, 2)
    (line,) = found.report.deleting
    assert (line.calls, line.deleted, line.limit) == (4, 8, 3)
    assert [(one.deleted, one.result.code) for one in found.repetitions] == [(0, 0)]
    text = text_of(found)
    assert "8 flow runs of 10 deleted in 4 calls; 2 left" in text
    assert "exactly the expected flow runs are gone" in text
    assert "deleted nothing more" in text


def test_a_protected_run_that_went_is_a_problem(seeds: Path) -> None:
    """It is shown, as is a filter that protects nothing."""
    found = rehearsed(seeds, script(DRAIN), protect=KEEP)
    assert found.problems == ("1 protected flow run is gone",)
    text = text_of(found)
    assert "run-0" in text
    assert "left; but 1 protected flow run is gone" in " ".join(text.split())
    assert "of them protected" not in text
    nothing = rehearsed(seeds, script(DRAIN), protect={"name": {"any_": ["nobody"]}})
    assert nothing.problems == ()
    assert "protects nothing" in text_of(nothing)
    left = rehearsed(seeds, script(DRAIN), protect=FAILED)
    assert "2 protected runs left, as before" in text_of(left)


def test_other_runs_than_expected_are_shown(seeds: Path) -> None:
    """Both those that went and should not, and those that stayed."""
    found = rehearsed(seeds, script(DRAIN), expect={"name": {"any_": ["run-1", "run-9"]}})
    assert found.problems == (
        "7 flow runs went that should have stayed",
        "1 flow run stayed that should have gone",
    )
    text = text_of(found)
    assert "should have stayed: 7 flow runs" in text
    assert "should have gone: 1 flow run" in text


def test_a_script_that_fails_or_does_not_end_is_a_problem(seeds: Path) -> None:
    """Its exit code, its signal, or that it took too long; what it started is stopped."""
    assert rehearsed(seeds, script("sys.exit(3)")).problems == ("the script ended with 3",)
    killed = rehearsed(seeds, script("os.kill(os.getpid(), 9)"))
    assert killed.problems == ("the script ended by SIGKILL",)
    endless = rehearsed(seeds, script("import signal; signal.pause()"), seconds=0.3)
    assert endless.problems == ("the script did not end within 0 s",)
    assert str(ScriptResult(-99, 1)) == "ended with -99"


def test_a_script_that_is_not_idempotent_is_a_problem(seeds: Path) -> None:
    """One call deletes three more each time it runs."""
    once = 'post("/flow_runs/bulk_delete", {"flow_runs": FILTER, "limit": 3})'
    found = rehearsed(seeds, script(once), times=3)
    assert found.problems == (
        "run 2 deleted 3 more flow runs: it is not idempotent",
        "run 3 deleted 2 more flow runs: it is not idempotent",
    )
    assert "3 more flow runs" in text_of(found)
    strict = 'sys.exit(not post("/flow_runs/bulk_delete", {"flow_runs": FILTER})["deleted"])'
    again = rehearsed(seeds, script(strict), times=2)
    assert again.problems == ("run 2 of the script ended with 1",)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_script_that_tries_again_survives_each_fault(seeds: Path, name: str) -> None:
    """It leaves the same flow runs, and the fault did happen."""
    found = rehearsed(seeds, script(PERSISTENT), scenarios=(name,))
    assert found.problems == ()
    (fault,) = found.faults
    assert fault.same
    assert fault.happened > 0
    assert f"same: {name}" in text_of(found)


def test_a_script_that_gives_up_is_told_where(seeds: Path) -> None:
    """The fault, how it ended, and what it left."""
    found = rehearsed(seeds, script(DRAIN), scenarios=("sqlite-503", "cut-after"))
    assert found.problems == (
        "under sqlite-503 the script ended with 1 and 8 flow runs stay that go otherwise",
        "under cut-after the script ended with 1 and 5 flow runs stay that go otherwise",
    )
    text = text_of(found)
    assert "left: 8 flow runs that go otherwise" in text
    assert "but under sqlite-503 the script ended with 1" in text
    assert "and 1 more problem" in text


def test_a_script_that_does_worse_under_a_fault_is_told_what_it_took(seeds: Path) -> None:
    """Here it falls back to deleting everything."""
    reckless = """
try:
    post("/flow_runs/bulk_delete", {"flow_runs": FILTER})
except OSError:
    post("/flow_runs/bulk_delete", {})
"""
    found = rehearsed(seeds, script(reckless), scenarios=("sqlite-503",), protect=FAILED)
    assert found.problems == (
        "under sqlite-503 2 flow runs go that stay otherwise",
        "2 protected flow runs go with sqlite-503",
    )


def test_a_fault_that_never_happens_is_told(seeds: Path) -> None:
    """A script that sends no request meets none."""
    assert "it never happened" in text_of(
        rehearsed(seeds, script("pass"), scenarios=("cut-before",))
    )


BOTH_LISTS = {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}


def test_servers_that_delete_others_are_found(seeds: Path) -> None:
    """Before 3.9.1 both lists together are no condition; there the script deletes all."""
    found = rehearsed(seeds, script(DRAIN, BOTH_LISTS), others=None, protect=KEEP)
    assert [one.name for one in found.dialects] == [
        "prefect-sqlite@3.9.0",
        "prefect-postgresql@3.9.0",
    ]
    (sqlite, _) = found.dialects
    assert (sqlite.left.count, sqlite.lost.count, sqlite.protected_lost) == (0, 2, 1)
    assert "lost: 2 flow runs that stay otherwise" in text_of(found)
    alike = {"state": {"type": {"any_": ["COMPLETED", "FAILED"], "not_any_": ["RUNNING"]}}}
    assert rehearsed(seeds, script(DRAIN, alike), others=None).dialects == ()
    named = rehearsed(seeds, script(DRAIN), others=(DIALECTS["spec"],))
    assert [(one.name, one.same) for one in named.dialects] == [("spec", True)]


def test_a_rehearsal_is_json(seeds: Path) -> None:
    """All that the page says, for a program."""
    found = rehearsed(seeds, script(DRAIN), scenarios=("slow",), times=2, expect=COMPLETED)
    value = json.loads(json.dumps(rehearsal_value(found)))
    assert value["version"] == 1
    assert value["problems"] == []
    assert (value["exit_code"], value["report"]["deleted"]) == (0, 8)
    assert value["report"]["tables"]["state"]["rows"][0]["selected"] == 8
    assert (value["unexpected"]["count"], value["missed"]["count"]) == (0, 0)
    assert value["again"][0]["deleted"] == 0
    assert value["faults"][0]["same"] is True
    assert rehearsal_value(rehearsed(seeds, script("pass")))["missed"] is None


def test_what_cannot_be_run_is_a_sentence(seeds: Path) -> None:
    """A missing command, and filters that are refused."""
    with pytest.raises(UsageError, match=r"cannot run 'no-such-program'.*expected a command"):
        rehearsed(seeds, ("no-such-program",))
    with pytest.raises(UsageError, match="--protect 1"):
        rehearsed(seeds, script("pass"), protect={"tags": {"not_any_": ["x"]}})


def test_the_users_own_key_stays_out_of_it() -> None:
    """The script gets a made-up key, and nothing that would authenticate it elsewhere."""
    mine = {"PREFECT_API_KEY": "secret", "PREFECT_API_AUTH_STRING": "me:secret", "HOME": "/home"}
    given = script_environment(mine, "http://127.0.0.1:1/api")
    assert "secret" not in str(given)
    assert given["HOME"] == "/home"
    assert given["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
    assert given["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "false"
