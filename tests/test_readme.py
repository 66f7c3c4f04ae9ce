"""The examples of README.md, and those of docs/ that need a server, work as shown."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from mockserver.prefect.releases import NEWEST, OLDEST, RELEASES
from tests.support.paths import ROOT
from tests.support.servers import run_serve_command
from tests.support.shown_blocks import BLOCKS, block

README = (ROOT / "README.md").read_text()
CURL_BLOCKS = [(one.mark, one.text) for one in BLOCKS if one.mark.startswith("curl")]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with run_serve_command() as (_, lines):
        yield next(word for word in lines[0].split() if word.startswith("http://"))


@pytest.mark.parametrize(("mark", "text"), CURL_BLOCKS)
def test_a_curl_line_deletes_and_warns_as_marked(url: str, mark: str, text: str) -> None:
    """Each curl line gets a list of ids; the one marked with a warning gets that warning."""
    shown = text.replace("http://127.0.0.1:4300", url).replace("curl -s ", "curl -si ")
    done = subprocess.run(["bash", "-c", shown], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("HTTP/1.1 200")
    assert '{"deleted":[' in done.stdout
    warned = re.findall(r"x-mockserver-warning: (.*)", done.stdout)
    expected = mark.partition("warns: ")[2]
    assert expected in (warned or [""])[0]
    if not expected:
        assert '"deleted":[]' not in done.stdout


def test_the_readme_has_both_curl_lines() -> None:
    """Otherwise the test above would test nothing."""
    assert len(CURL_BLOCKS) == 2


def test_the_yaml_blocks_load(tmp_path: Path) -> None:
    """The seeds that they show are valid."""
    from datetime import UTC, datetime

    from mockserver.seeds.loading import load_seeds

    shown = [one for one in BLOCKS if one.kind == "yaml" and one.page.name == "seeds.md"]
    files = [tmp_path / f"shown-{number}.yaml" for number in range(len(shown))]
    for file, one in zip(files, shown, strict=True):
        file.write_text(one.text)
    seeds = load_seeds(files, datetime(2026, 6, 1, tzinfo=UTC))
    assert len(seeds.flow_runs) == 2
    assert [variable.name for variable in seeds.variables.values()] == ["retention_days"]


def test_the_job_installs_and_runs_the_kit() -> None:
    """CI runs its commands word for word, against the newest Prefect."""
    python, install, verify = yaml.safe_load(block("contract-job"))["jobs"]["contract"]["steps"]
    assert python["uses"].startswith("actions/setup-python@")
    assert install["run"] == "pip install 'mockserver[verify]' prefect"
    assert verify["run"] == "mockserver verify --spawn prefect"


def test_the_releases_are_those_that_were_measured() -> None:
    """Whoever measures the next one is told here to say so in README and in docs/."""
    dialects = (ROOT / "docs" / "reference" / "dialects.md").read_text()
    text = " ".join(f"{README} {dialects}".split())
    assert f"the {len(RELEASES)} releases that have bulk_delete, {OLDEST} to {NEWEST}," in text
    assert f"The newest release that was measured is {NEWEST}:" in text
    assert f"the newest release that was measured, {NEWEST}," in text
    assert f"of the newest release, {NEWEST}," in text


def test_the_examples_with_a_client_are_marked() -> None:
    """CI runs them with Prefect installed."""
    marks = [one.mark for one in BLOCKS if one.mark.startswith("prefect: ")]
    assert marks == ["prefect: client", "prefect: flow"]


def test_the_two_commands_are_marked() -> None:
    """CI takes them from here instead of repeating them."""
    marks = [one.mark for one in BLOCKS if one.page.name == "README.md"]
    assert marks.count("serve") == 1
    assert marks.count("tests") == 1


def test_the_pytest_block_runs_as_written(pytester: pytest.Pytester) -> None:
    """A whole test file, of eight lines and an import; it passes without a warning."""
    shown = block("pytest")
    assert len(shown.strip().partition("\n\n\n")[2].splitlines()) == 8
    pytester.makepyfile(shown)
    names = ("cacheprovider", "anyio", "asyncio", "cov", "hypothesispytest", "schemathesis")
    options = [f"-pno:{name}" for name in names]
    result = pytester.runpytest_subprocess("-Werror", *options)
    result.assert_outcomes(passed=1)


def test_the_control_block_does_what_it_says(url: str) -> None:
    """Line by line: a session, flow runs, a fault, two attempts, the journal, the verdict."""
    shown = (
        block("control")
        .replace("http://127.0.0.1:4300", url)
        .replace("curl -s ", "curl -sw '\\n' ")
    )
    done = subprocess.run(["bash", "-c", shown], capture_output=True, text=True, check=True)
    replies = [json.loads(line) for line in done.stdout.splitlines() if line]
    session, made, fault, first, second, journal, verdict = replies
    assert session["url"] == f"{url}/sessions/demo/api"
    assert [run["name"] for run in made] == ["old", "recent"]
    assert fault["times"] == 1
    assert first == {"exception_message": "Service Unavailable"}
    assert second == {"deleted": [made[0]["id"]]}
    assert [one["status"] for one in journal["exchanges"]] == [503, 200]
    assert verdict == {"holds": True, "complaint": None}
