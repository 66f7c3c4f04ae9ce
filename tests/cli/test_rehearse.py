"""The command `rehearse`, run as a user runs it: output, exit codes, files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.support.commands import run_command
from tests.support.paths import FIXTURES

SCRIPT = """
import json, os, urllib.request
url = os.environ["PREFECT_API_URL"] + "/flow_runs/bulk_delete"
body = json.dumps({"flow_runs": {"state": {"type": {"any_": ["FAILED"]}}}}).encode()
head = {"Content-Type": "application/json"}
deleted = json.load(urllib.request.urlopen(urllib.request.Request(url, body, head)))["deleted"]
print("cleaned", len(deleted))
"""
COMMAND = ("--", sys.executable, "-c", SCRIPT)
RUNS = ("--runs", FIXTURES)
COMPLETED = '{"state": {"type": {"any_": ["COMPLETED"]}}}'
FAILED = '{"state": {"type": {"any_": ["FAILED"]}}}'


def test_the_scripts_output_comes_first_and_then_the_report() -> None:
    """The exit code is 0 where nothing is wrong."""
    done = run_command("rehearse", *RUNS, "--protect", COMPLETED, "--times", "2", *COMMAND)
    first, *lines = done.stdout.splitlines()
    assert first.startswith("cleaned ")
    count = first.split()[1]
    assert any(line.startswith(f"✓ {count} flow runs of 60 deleted in 1 call") for line in lines)
    assert "✓ ended with 0: deleted nothing more" in lines
    assert "note: running it again (2 of 2)" in done.stderr


@pytest.mark.parametrize("form", ["--json", "--markdown"])
def test_stdout_is_for_a_report_in_another_form(form: str) -> None:
    """What the script prints goes to stderr then."""
    done = run_command("rehearse", *RUNS, form, *COMMAND)
    assert "cleaned " in done.stderr
    assert "cleaned " not in done.stdout
    if form == "--json":
        assert json.loads(done.stdout)["exit_code"] == 0
    else:
        assert done.stdout.startswith("#")


def test_a_problem_is_exit_code_1_and_on_the_page(tmp_path: Path) -> None:
    """Protected runs that are gone are named, on the terminal and in the file."""
    page = tmp_path / "rehearsal.html"
    done = run_command("rehearse", *RUNS, "--protect", FAILED, "--html", page, *COMMAND, code=1)
    assert "protected flow runs are gone" in done.stdout
    assert "protected flow runs are gone" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*RUNS,), "Missing argument 'COMMAND'"),
        ((*RUNS, "--fault", "x", "--", "true"), "--fault is 'x'; expected one of sqlite-503, "),
        ((*RUNS, "--fault", "slow", "--faults", "--", "true"), "expected one of them"),
        ((*RUNS, "--", "no-such-program"), "cannot run 'no-such-program'"),
        ((*RUNS, "--protect", '{"tagz": 1}', "--", "true"), "tagz: there is no such key"),
        ((*RUNS, "--dialects", "x", "--", "true"), "'x'"),
    ],
)
def test_wrong_use_is_exit_code_2_and_a_sentence(
    arguments: tuple[str | Path, ...], said: str
) -> None:
    """It says what was expected."""
    assert said in run_command("rehearse", *arguments, code=2).stderr
