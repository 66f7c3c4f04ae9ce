"""The command `explain`, run as a user runs it: output, exit codes, files."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import run_command
from tests.support.paths import FIXTURES
from tests.support.servers import run_serve_command

OLD = '{"end_time": {"before_": "2026-01-01T00:00:00Z"}}'
NOW = ("--now", "2026-01-31T12:00:00Z")


def explain(
    *arguments: str | Path, stdin: bytes = b"", code: int = 0
) -> subprocess.CompletedProcess[str]:
    return run_command("explain", *arguments, stdin=stdin, code=code)


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    file = tmp_path / "seeds.yaml"
    file.write_text(
        "flow_runs:\n"
        "- {name: old, state: {type: COMPLETED}, end_time: now-90d, tags: [keep]}\n"
        "- {name: recent, state: {type: COMPLETED}, end_time: now-1d}\n"
    )
    return file


def test_a_filter_is_explained(seeds: Path) -> None:
    """Its headline comes first and last; without colours, since this is no terminal."""
    done = explain(OLD, "--runs", seeds, *NOW)
    lines = done.stdout.splitlines()
    assert lines[0] == lines[-1] == "✓ 1 of 2 flow runs goes in 1 call; 1 stays"
    assert "\x1b" not in done.stdout
    assert done.stderr == ""
    assert "request   a filter, sent as flow_runs, from the command line" in lines
    assert f"flow runs 2 from {seeds}" in lines
    assert max(map(len, lines)) <= max(80, len(f"flow runs 2 from {seeds}"))


def test_without_runs_those_that_are_shipped_are_explained() -> None:
    """A note says so: the numbers are not the user's."""
    done = explain("{}")
    assert "All 60 flow runs go in 2 calls" in done.stdout
    assert "60 from the fixtures" in done.stdout
    assert done.stderr.startswith("note: these are the flow runs that come with mockserver; --runs")


def test_a_filter_may_come_from_a_file_or_stdin(seeds: Path, tmp_path: Path) -> None:
    """It may be a whole body, which is said."""
    file = tmp_path / "body.json"
    file.write_text(f'{{"flow_runs": {OLD}, "limit": 1}}')
    assert f"a bulk_delete body, from {file}" in explain(file, "--runs", seeds).stdout
    done = explain("-", "--runs", seeds, stdin=OLD.encode())
    assert "a filter, sent as flow_runs, from stdin" in done.stdout


def test_protected_runs_that_would_go_exit_with_1(seeds: Path, tmp_path: Path) -> None:
    """They are shown; if none would go, all is well."""
    keep = tmp_path / "keep.json"
    keep.write_text('{"tags": {"any_": ["keep"]}}')
    done = explain(OLD, "--runs", seeds, "--protect", keep, *NOW, code=1)
    assert "✗ would go: 1 of 1 protected run" in done.stdout
    assert "of which 1 is protected" in done.stdout
    done = explain(OLD, "--runs", seeds, "--protect", '{"name": {"any_": ["recent"]}}', *NOW)
    assert "none of 1 protected run goes" in done.stdout


def test_runs_are_explained_one_by_one(seeds: Path) -> None:
    """By name, each with what spares it."""
    done = explain(OLD, "--runs", seeds, "--run", "recent", "--run", "old", *NOW)
    assert "✓ stays: recent" in done.stdout
    assert "spared by: end_time.before_" in done.stdout
    assert "! goes: old" in done.stdout


def test_every_form_has_the_same(seeds: Path, tmp_path: Path) -> None:
    """JSON and Markdown on stdout, HTML in a file, which is replaced."""
    page = tmp_path / "report.html"
    page.write_text("old")
    done = explain(OLD, "--runs", seeds, *NOW, "--json", "--html", page)
    value = json.loads(done.stdout)
    assert (value["selected"], value["left"], value["now"]) == (1, 1, "2026-01-31T12:00:00+00:00")
    assert done.stderr == f"note: wrote {page}\n"
    assert "1 of 2 flow runs goes in 1 call" in page.read_text()
    shown = explain(OLD, "--runs", seeds, *NOW, "--markdown").stdout
    assert shown.startswith("## ✓ 1 of 2 flow runs goes in 1 call; 1 stays\n")


def test_a_dialect_is_taken(seeds: Path) -> None:
    """One of a release that was not measured is noted."""
    both = '{"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}, "name": {}}'
    done = explain(both, "--runs", seeds, "--dialect", "prefect-sqlite@3.8.8")
    assert "dialect   prefect-sqlite@3.8.8" in done.stdout
    done = explain(both, "--runs", seeds, "--dialect", "prefect-sqlite@99.0.0")
    assert done.stderr.startswith("note: Prefect 99.0.0")


def test_notes_about_the_seeds_are_told(tmp_path: Path) -> None:
    """As `serve` does."""
    seeds = tmp_path / "seeds.json"
    seeds.write_text('[{"id": "a0000000-0000-4000-8000-000000000001", "new_field": 1}]')
    assert "note: " in explain("{}", "--runs", seeds).stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("missing.json",), "FILTER: missing.json: No such file or directory; expected a file"),
        (("a\0b",), "FILTER: a\\x00b: embedded null byte; expected a file with a filter"),
        (("[]",), "FILTER is []; expected a filter such as"),
        (('{"a"',), "FILTER: line 1, column 5:"),
        (("{}", "--protect", "{}"), "--protect needs --runs or --server"),
        (("{}", "--runs", FIXTURES, "--server", "x"), "--runs and --server were given"),
        (("{}", "--header", "a: b"), "--header needs --server"),
        (("-", "--runs", FIXTURES, "--protect", "-"), "stdin (-) can be read once"),
        (("{}", "--json", "--markdown"), "--json and --markdown were given; expected one of them"),
        (("{}", "--html", "report.txt"), "expected a name that ends in .html"),
        (("{}", "--run", "nobody"), "no flow run has the id or the name 'nobody'"),
        (("{}", "--dialect", "prefect"), "no dialect 'prefect'"),
        (
            ('{"tags": {"not_any_": ["keep"]}}',),
            "the filter is refused by spec, and nothing is deleted:\n"
            "  tags.not_any_: there is no such key\n    instead: ",
        ),
    ],
)
def test_wrong_use_is_told(arguments: tuple[str | Path, ...], expected: str) -> None:
    """In a sentence, and with the exit code 2."""
    if "\0" in str(arguments[0]):  # no argument of a process can hold it
        from mockserver.cli.reports.explanation_report import read_filter
        from mockserver.errors import UsageError

        with pytest.raises(UsageError) as caught:
            read_filter(str(arguments[0]), "FILTER")
        assert expected in str(caught.value)
        return
    assert expected in explain(*arguments, code=2).stderr


def test_a_file_that_is_too_long_is_refused(tmp_path: Path) -> None:
    """No server would take it."""
    file = tmp_path / "filter.json"
    file.write_text(" " * (4 << 20) + "{}")
    assert "is longer than 4 MiB" in explain(file, code=2).stderr


def test_seeds_that_are_wrong_exit_with_1(tmp_path: Path) -> None:
    """As with every command."""
    file = tmp_path / "seeds.yaml"
    file.write_text("flow_runs: 7")
    assert "1 problem in the seeds" in explain("{}", "--runs", file, code=1).stderr


def test_a_server_is_explained_by_reads_alone() -> None:
    """On the dialect that it speaks; what is left out of a large one is noted."""
    with run_serve_command(FIXTURES, "--dialect", "prefect-sqlite@3.8.8") as (_, lines):
        url = re.findall(r"http://[\d.:]+\d", lines[0])[0]
        done = explain(OLD, "--server", url, "--protect", '{"tags": {"any_": ["none"]}}')
        assert "7 of 60 flow runs go in 1 call" in done.stdout
        assert f"flow runs 60 from {url}/api" in done.stdout
        assert "dialect   prefect-sqlite@3.8.8" in done.stdout
        options = ("--most", "20", "--dialect", "prefect-sqlite", "--header", "x-a: b")
        done = explain(OLD, "--server", url, *options)
        assert "dialect   prefect-sqlite@3.9.1" in done.stdout
        assert done.stderr.startswith("note: the server has 60 flow runs, more than the 20")
    assert "cannot reach" in explain("{}", "--server", url, code=2).stderr
