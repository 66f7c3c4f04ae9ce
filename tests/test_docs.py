"""What README's rehearsal and the files of docs/ show, works as shown; links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from mockserver import Store, load_seeds
from mockserver.contract.accepted.reading import parse_accepted
from tests.support.paths import FIXTURES, ROOT
from tests.support.recorded_cases import NOW
from tests.support.servers import run_serve_command, serve_store

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "fixtures/README.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))
STEPS = dict(re.findall(r"<!-- rehearse: (\w+) -->\n```sh\n(.*?)```", PAGES[0].read_text(), re.S))


def python_blocks() -> Iterator[tuple[str, str]]:
    for page in PAGES[1:]:
        for number, text in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.S)):
            yield f"{page.name}, block {number + 1}", text


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


def shell(text: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        ["bash", "-c", text.replace("python tests/", f"{sys.executable} {ROOT}/tests/")],
        cwd=folder,
        env={**os.environ, **environment, "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_rehearsal_works_as_shown(tmp_path: Path) -> None:
    """A copy of a server, a script against it, what is gone; and the same again with a fault."""
    assert list(STEPS) == ["copy", "serve", "run", "look", "faults"]
    store = Store(load_seeds([FIXTURES], NOW).base())
    with serve_store(store) as production:
        shell(STEPS["copy"], tmp_path, PREFECT_API_URL=f"{production.url}/api")
    kinds = {"flow_runs", "task_runs", "flows", "deployments"}
    assert {file.stem for file in tmp_path.glob("*.ndjson")} == kinds
    first, *options = STEPS["serve"].split()[2:]
    arguments = [*sorted(tmp_path.glob(first)), *options]
    with run_serve_command(*arguments, "--now", NOW.isoformat()) as (_, lines):
        url = next(word for word in lines[0].split() if word.startswith("http://"))

        def step(name: str) -> list[str]:
            text = STEPS[name].replace("http://127.0.0.1:4300", url)
            text = text.replace("curl -s ", "curl -sw '\\n' ")
            return shell(text, tmp_path, PREFECT_API_URL=f"{url}/api").splitlines()

        (count,) = step("run")
        deleted, journal, left = map(json.loads, step("look"))
        assert int(count) > 0
        assert len(deleted) == int(count)
        assert left == len(store) - int(count)
        assert [one["status"] for one in journal["exchanges"]][:1] == [200]
        *_, again, deleted_again = step("faults")
        assert again == count
        assert json.loads(deleted_again) == deleted


def test_an_upgrade_is_compared_as_shown(tmp_path: Path) -> None:
    """Each line that README shows is printed, in that order, and the exit code is 1."""
    pattern = r"<!-- releases -->\n```sh\n(.*?)```.*?```text\n(.*?)```"
    ((command, shown),) = re.findall(pattern, PAGES[0].read_text(), re.S)
    command = command.replace("mockserver releases", f"{sys.executable} -m mockserver releases")
    command = command.replace("--runs fixtures", f"--runs {FIXTURES}").strip()
    told = shell(f"{command} || echo exit $?", tmp_path)
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


def test_an_incomplete_copy_says_so(tmp_path: Path) -> None:
    """A server that is not there does not look like one without flow runs."""
    script = f"({STEPS['copy']}) 2>&1 || true"
    out = shell(script, tmp_path, PREFECT_API_URL="http://127.0.0.1:1/api")
    assert "flow_runs: the copy is not complete" in out
