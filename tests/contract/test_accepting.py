"""`--accept` and `--write-accepted` as a user meets them: exit codes, files, and the terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from mockserver.prefect import openapi


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document that differs from ours in two fields."""
    changed: Any = deepcopy(dict(openapi.document()))
    fields = changed["components"]["schemas"]["FlowRunFilterTags"]["properties"]
    for key in ("any_", "all_"):
        fields[key]["anyOf"][0]["minItems"] = 1
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(changed))
    return path


def run_drift(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mockserver", "drift", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "GITHUB_ACTIONS": "", **environment},
    )


def test_a_red_run_is_reviewed_and_green(document: Path, tmp_path: Path) -> None:
    """Written, refused without reasons, given reasons, accepted; red again without an entry."""
    accepted = tmp_path / "accepted.yaml"
    red = run_drift(document, "--write-accepted", accepted)
    assert red.returncode == 1
    assert f"wrote {accepted}: 2 entries\n  new: drift narrowed FlowRunFilterTags." in red.stdout

    refused = run_drift(document, "--accept", accepted)
    assert refused.returncode == 2
    assert refused.stderr.count(f"{accepted}:") == 2
    assert "a reason is needed" in refused.stderr
    assert refused.stdout == ""

    text = accepted.read_text("utf-8").replace('reason: ""', "reason: we send no empty lists")
    accepted.write_text(f"{text}    expires: 2999-03-01\n", "utf-8")
    green = run_drift(document, "--accept", accepted)
    assert (green.returncode, green.stderr) == (0, "")
    assert "    accepted until 2999-03-01: we send no empty lists\n" in green.stdout
    assert green.stdout.endswith("✓ The contract holds: 2 accepted\n")

    first = text.index("  - id:")
    accepted.write_text(text[:first] + text[text.index("  - id:", first + 1) :], "utf-8")
    assert run_drift(document, "--accept", accepted).returncode == 1


def test_an_entry_that_is_not_needed_is_told_and_dropped(document: Path, tmp_path: Path) -> None:
    """With both flags the list is applied, then brought up to date; GitHub shows a warning."""
    accepted = tmp_path / "accepted.yaml"
    run_drift(document, "--write-accepted", accepted)
    text = accepted.read_text("utf-8").replace('reason: ""', "reason: we know")
    gone = "drift gone client-nulls 01234567"
    accepted.write_text(f"{text}\n  - id: {gone}\n    reason: old\n", "utf-8")
    done = run_drift(
        document, "--accept", accepted, "--write-accepted", accepted, GITHUB_ACTIONS="true"
    )
    assert done.returncode == 0
    line = text.count("\n") + 2
    remark = f"accepted, but no longer seen: remove it: {gone}"
    assert f"! {accepted}:{line}: {remark}\n" in done.stdout
    assert f"::warning file={accepted},line={line},title=accepted findings::{remark}" in done.stdout
    assert f"  dropped, no longer seen: {gone} (reason: old)\n" in done.stdout
    assert "The contract holds: 2 accepted; 1 accepted finding was not seen\n" in done.stdout
    assert accepted.read_text("utf-8") == text


@pytest.mark.parametrize("flag", ["--accept", "--write-accepted"])
def test_a_file_that_is_no_list_ends_the_run_before_it_begins(
    flag: str, document: Path, tmp_path: Path
) -> None:
    """With exit code 2, and the file as it was."""
    other = tmp_path / "compose.yaml"
    other.write_text("services: {}\n")
    done = run_drift(document, flag, other)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{other}:1: expected a list of accepted findings" in done.stderr
    assert other.read_text() == "services: {}\n"


def test_reports_have_the_reasons(document: Path, tmp_path: Path) -> None:
    """In every form."""
    accepted, folder = tmp_path / "accepted.yaml", tmp_path / "out"
    run_drift(document, "--write-accepted", accepted)
    text = accepted.read_text("utf-8").replace('reason: ""', "reason: no empty lists here")
    accepted.write_text(text, "utf-8")
    assert run_drift(document, "--accept", accepted, "--report", folder).returncode == 0
    for path in folder.iterdir():
        assert path.read_text("utf-8").count("no empty lists here") == 2, path.name
