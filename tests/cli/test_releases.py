"""The command `releases`, run as a user runs it: output, exit codes, files."""

import json
import re
import subprocess
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from mockserver.cli.releases import Database
from mockserver.prefect import DATABASES, RELEASES
from tests.support.commands import run_command
from tests.support.paths import FIXTURES
from tests.support.servers import run_serve_command

BOTH_LISTS = '{"flow_runs": {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}}'
UPGRADE = ("3.8.8", "3.9.1")


def releases(
    *arguments: str | Path, stdin: bytes = b"", code: int = 0
) -> subprocess.CompletedProcess[str]:
    return run_command("releases", *arguments, stdin=stdin, code=code)


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    file = tmp_path / "sent.jsonl"
    file.write_text(f'{BOTH_LISTS}\n{{"flow_runs": {{"name": {{"any_": ["a"]}}}}}}\n')
    return file


def test_databases_are_the_registered_names() -> None:
    """--database takes each, and no other."""
    assert tuple(name.value for name in Database) == DATABASES


def test_the_list_says_what_each_release_changed() -> None:
    """As text without colours, since this is no terminal; and as JSON for all releases."""
    shown = releases().stdout
    assert "\x1b" not in shown
    for expected in ("── 3.9.1 ", "fixed: state-both-lists", "since 3.7.8: a body of any other"):
        assert expected in shown
    value = json.loads(releases("--json").stdout)
    assert [one["release"] for one in value["releases"]] == list(RELEASES)


def test_a_database_narrows_the_list() -> None:
    """What is only on the other one is left out."""
    assert "log-search-on-sqlite" in releases("--database", "sqlite").stdout
    assert "log-search-on-sqlite" not in releases("--database", "postgresql").stdout


def test_one_release_is_described() -> None:
    """Its deviations, and what comes next."""
    shown = releases("3.8.8").stdout
    assert "~ state-both-lists  POST /flow_runs/bulk_delete" in shown
    assert "next, with 3.9.0" in shown
    assert json.loads(releases("3.8.8", "--json").stdout)["release"] == "3.8.8"


def test_two_releases_are_compared() -> None:
    """Differences alone are no problem: exit code 0."""
    shown = releases(*UPGRADE).stdout
    assert "The upgrade from Prefect 3.8.8 to 3.9.1 changes 2 deviations and" in shown
    assert "deviates: state-both-lists" in releases(*UPGRADE[::-1]).stdout
    assert "nothing changes" in releases("3.9.1", "3.9.1").stdout


def test_requests_that_mean_something_else_exit_with_1(requests: Path) -> None:
    """Without runs it is the meaning that counts, and the report says so."""
    shown = releases(*UPGRADE, "--requests", requests, code=1).stdout
    assert f"differs: {requests}:1  POST /flow_runs/bulk_delete" in shown
    assert "with --runs" in shown
    assert releases("3.8.6", "3.8.8", "--requests", requests).stdout.endswith("3.8.6 to 3.8.8\n")


def test_runs_that_would_be_deleted_otherwise_are_told(requests: Path) -> None:
    """On the user's own runs, with their names and states; in text and in JSON."""
    shown = releases(*UPGRADE, "--requests", requests, "--runs", FIXTURES, code=1).stdout
    assert "3.8.8 deletes: 60 flow runs in 2 calls: every flow run" in shown
    assert "only 3.8.8 deletes: 20 flow runs" in shown
    assert re.search(r"only 3\.8\.8  [0-9a-f-]{36}  timed-out +TimedOut \(FAILED\)", shown)
    assert f"flow runs 60 from {FIXTURES}" in shown
    arguments = ("--requests", requests, "--runs", FIXTURES, "--json")
    value = json.loads(releases(*UPGRADE, *arguments, code=1).stdout)
    (one,) = value["requests"]["differing"]
    assert (one["removed"]["count"], one["added"]["count"]) == (20, 0)
    assert one["causes"] == ["state-both-lists"]


def test_requests_that_select_the_same_of_these_runs_exit_with_0(
    requests: Path, tmp_path: Path
) -> None:
    """Another meaning alone is no problem where the runs are known."""
    seeds = tmp_path / "seeds.yaml"
    seeds.write_text("flow_runs:\n- {name: a, state: {type: COMPLETED}, start_time: now-1d}\n")
    arguments = ("--requests", requests, "--runs", seeds, "--now", "2026-01-31T00:00:00Z")
    shown = releases(*UPGRADE, *arguments).stdout
    assert "None of 2 requests would select other flow runs" in " ".join(shown.split())


def test_the_page_has_what_the_text_has(requests: Path, tmp_path: Path) -> None:
    """One file, which is replaced, and a note about it on stderr."""
    file = tmp_path / "report.html"
    file.write_text("old")
    arguments = ("--requests", requests, "--runs", FIXTURES, "--html", file, "--json")
    done = releases(*UPGRADE, *arguments, code=1)
    assert done.stderr == f"note: wrote {file}\n"
    assert json.loads(done.stdout)["fails"] is True
    page = file.read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "1 of 2 requests would delete fewer flow runs" in page
    assert set(tmp_path.iterdir()) == {requests, file}


def test_a_journal_of_the_mock_is_taken_as_it_is(tmp_path: Path) -> None:
    """Saved with curl: also of a body that was not sent as JSON, which is told apart."""
    journal = tmp_path / "journal.json"
    with run_serve_command("--journal", "100", "--dialect", "prefect-sqlite@3.8.8") as (_, lines):
        url = next(word for word in lines[0].split() if word.startswith("http://"))
        for kind in ("application/json", "application/json", "text/plain"):
            body, headers = BOTH_LISTS.encode(), {"Content-Type": kind}
            urlopen(Request(f"{url}/api/flow_runs/bulk_delete", body, headers)).close()
        urlopen(f"{url}/api/health").close()
        with urlopen(f"{url}/_mock/journal") as reply:
            journal.write_bytes(reply.read())
    shown = releases(*UPGRADE, "--requests", journal, "--runs", FIXTURES, code=1).stdout
    assert f"differs: {journal}, exchanges[0] and 1 more" in shown
    assert "1 request selects the same flow runs" in shown
    assert "(GET /health: 1)" in shown
    shown = releases("3.7.6", "3.7.8", "--requests", journal, code=1).stdout
    assert "because of: body-ignored (began with 3.7.8)" in shown


def test_requests_can_come_from_stdin() -> None:
    """Under that name in the report."""
    shown = releases(*UPGRADE, "--requests", "-", stdin=BOTH_LISTS.encode(), code=1).stdout
    assert "differs: stdin  POST" in shown
    assert "requests 1 from stdin" in shown


def test_a_release_that_was_not_measured_is_noted() -> None:
    """It is compared as the release that it is taken to behave like."""
    done = releases("3.8.8", "3.12.0", "--requests", "-", stdin=BOTH_LISTS.encode(), code=1)
    assert done.stderr.startswith("note: Prefect 3.12.0 is newer than ")
    assert releases("3.12.0").stderr.startswith("note: Prefect 3.12.0 is newer than ")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("3.5.0",), "measured are 3.6.16 to"),
        (("3.8.8", "soon"), "'soon' is no release"),
        (("3.6.16", "3.8.8", "3.9.1"), "3 releases were given; expected none, one or two"),
        (("3.8.8", "--requests", "x"), "need two releases"),
        (("--runs", "x"), "need two releases"),
        (("3.8.8", "3.9.1", "--runs", "x"), "--runs needs --requests"),
        (("3.8.8", "3.9.1", "--requests", "no-such-file"), "no-such-file: No such file"),
        (("3.8.8", "3.9.1", "--requests", "/"), "/: Is a directory; expected a file of requests"),
        (("3.8.8", "3.9.1", "--requests", "-"), "stdin has no request; expected a body such as"),
        (("--database", "oracle"), "sqlite"),
        (("--html", "page.txt"), "expected a name that ends in .html"),
        (("--html", "no/such/folder/page.html"), "cannot write no/such/folder/page.html"),
        (("3.8.8", "3.9.1", "--requests", "-", "--now", "soon"), "--now"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_hint(arguments: tuple[str, ...], hint: str) -> None:
    """A user's mistake is answered with what would be right."""
    assert hint in releases(*arguments, code=2).stderr


def test_bad_requests_and_bad_seeds_are_told_with_their_place(
    requests: Path, tmp_path: Path
) -> None:
    """Requests are an argument (exit code 2); seeds are data (1)."""
    seeds = tmp_path / "seed.yaml"
    seeds.write_text("flow_runs:\n- {name: 1}\n")
    arguments = ("--requests", requests, "--runs", seeds)
    assert "flow_runs[0].name: 1" in releases(*UPGRADE, *arguments, code=1).stderr
    requests.write_text("{}\n{\n")
    shown = releases(*UPGRADE, *arguments, code=2).stderr
    assert f"{requests}:2:2: " in shown


def test_help_teaches_with_an_example() -> None:
    """The one command that answers the question."""
    shown = " ".join(releases("--help").stdout.split())
    assert "releases 3.8.8 3.9.1 --requests sent.jsonl --runs runs.ndjson" in shown
    assert "exit code is 1" in shown
