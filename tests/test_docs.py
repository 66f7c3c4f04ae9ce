"""What README's rehearsal and the files of docs/ show, works as shown; links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml

from mockserver import Store, load_seeds
from mockserver.contract.accepted.reading import parse_accepted
from tests.support.commands import run_command
from tests.support.paths import FIXTURES, ROOT
from tests.support.readme_steps import STEPS, run_shell
from tests.support.recorded_cases import NOW
from tests.support.servers import run_serve_command, serve_store
from tests.support.shown_blocks import BLOCKS, PAGES, block


def python_blocks() -> Iterator[tuple[str, str]]:
    shown = [one for one in BLOCKS if one.kind == "python" and not one.mark]
    for number, one in enumerate(shown):
        yield f"{one.page.name}, block {number + 1}", one.text


@pytest.mark.parametrize(("name", "text"), list(python_blocks()))
def test_a_python_block_runs(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its assertions hold."""
    monkeypatch.chdir(ROOT)
    exec(compile(text, name, "exec"), {"__name__": name})  # noqa: S102


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every file that a page links to exists, and every heading."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def test_the_rehearsal_works_as_shown(tmp_path: Path) -> None:
    """A copy of a server, what a filter would delete, a script against the copy, also under faults.

    The server itself is only read.
    """
    assert list(STEPS) == ["dump", "explain", "script", "faults", "serve"]
    store = Store(load_seeds([FIXTURES], NOW).base())
    with serve_store(store) as production:
        before = store.fork()
        run_shell(STEPS["dump"], tmp_path, PREFECT_API_URL=f"{production.url}/api")
    assert list(store) == list(before)
    assert [file.name for file in tmp_path.iterdir()] == ["workspace.ndjson.gz"]
    told = run_shell(STEPS["explain"], tmp_path)
    assert re.search(r"(\d+) of 60 flow runs go", told)
    rehearsed = run_shell(STEPS["script"], tmp_path)
    count = rehearsed.partition("\n")[0]  # the script's own output comes first
    assert int(count) > 0
    assert f"{count} flow runs of 60 deleted" in rehearsed
    faults = run_shell(STEPS["faults"], tmp_path)
    assert "deleted nothing more" in faults
    assert "differs" not in faults
    assert f"{count} flow runs of 60 deleted" in (tmp_path / "rehearsal.html").read_text()
    arguments = STEPS["serve"].split()[2:]
    with run_serve_command(tmp_path / arguments[0], *arguments[1:]) as (_, lines):
        assert lines[2].startswith("60 flow runs")


def test_an_upgrade_is_compared_as_shown(tmp_path: Path) -> None:
    """Each line that the page shows is printed, in that order, and the exit code is 1."""
    (shown,) = [one.text for one in BLOCKS if one.kind == "text" and one.page.name == "upgrade.md"]
    command = block("releases")
    command = command.replace("--runs fixtures", f"--runs {FIXTURES}").strip()
    told = run_shell(f"{command} || echo exit $?", tmp_path)
    printed = iter(told.splitlines())
    assert [line for line in shown.splitlines() if line not in printed] == []
    assert told.endswith("exit 1\n")


def test_the_shown_list_of_accepted_findings_is_one() -> None:
    """`--accept` takes it, with a reason and a day on which it expires."""
    page = ROOT / "docs" / "accepted-findings.md"
    (block,) = re.findall(r"```yaml\n(.*?)```", page.read_text(), re.S)
    (entry,) = parse_accepted(page, block, reasons_needed=True).entries
    assert (entry.reason, entry.expires) == (
        "our scripts do not sort task runs",
        date(2027, 3, 1),
    )


@pytest.mark.parametrize(
    ("mark", "commands"), [("contract-matrix-github", 2), ("contract-matrix-gitlab", 2)]
)
def test_the_jobs_of_a_matrix_run_commands_that_there_are(mark: str, commands: int) -> None:
    """Each of their lines that begins with mockserver has flags that the command knows."""
    jobs = yaml.safe_load(block(mark))
    jobs = jobs.get("jobs", jobs)
    lines = [
        line
        for job in jobs.values()
        for line in (
            *job.get("script", ()),
            *(step.get("run", "") for step in job.get("steps", ())),
        )
        if line.startswith("mockserver ")
    ]
    assert len(lines) == commands
    for line in lines:
        words = line.split()[1:]
        command = words[:2] if words[0] == "report" else words[:1]
        page = run_command(*command, "--help").stdout
        for flag in re.findall(r"(?<= )--[a-z-]+", line):
            assert f"  {flag} " in page, (line, flag)


def test_every_rule_of_safety_names_tests_that_exist() -> None:
    """Each row of the tables of docs/safety.md has one, and no name is out of date."""
    page = (ROOT / "docs" / "safety.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and "| test |" not in line]
    assert len(rows) > 25
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, row
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text(), (file, test)
