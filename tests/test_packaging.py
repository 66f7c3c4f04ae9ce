"""The image, the action, the forms of issues and the schemas are what they say they are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from mockserver import Store, load_seeds
from mockserver.resources import resource_text
from mockserver.seeds import json_schema
from tests.support.paths import FIXTURES, ROOT
from tests.support.recorded_cases import NOW
from tests.support.servers import serve_store
from tests.support.shown_blocks import block

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*-*.yml"))


def test_the_image_is_not_root_and_says_whether_it_is_well() -> None:
    """It runs as a number, so that Kubernetes sees that this is not root."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    final = text.rpartition("\nFROM ")[2]
    user, _, group = re.search(r"^USER (.*)$", final, re.M)[1].partition(":")  # type: ignore[index]
    assert int(user) > 0
    assert int(group) > 0
    for name in ("HEALTHCHECK", "ENTRYPOINT", "EXPOSE"):
        assert len(re.findall(rf"^{name} ", final, re.M)) == 1
    assert all(
        re.fullmatch(r"\S+:\d\S*( AS \w+)?", one) for one in re.findall(r"^FROM (.*)", text, re.M)
    )


def test_the_service_that_is_shown_is_closed_to_others() -> None:
    """Its port is published on loopback, it may write nothing, and it has a token."""
    service = yaml.safe_load(block("compose"))["services"]["prefect"]
    assert service["read_only"] is True
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["environment"]["MOCKSERVER_CONTROL_TOKEN"].startswith("${")


def run_step(name: str, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run a step of the action as GitHub does: inputs and paths are in its environment."""
    (step,) = [one for one in ACTION["runs"]["steps"] if one["name"] == name]
    values = {key: one.get("default", "") for key, one in ACTION["inputs"].items()} | inputs
    values = {f"inputs.{key}": value for key, value in values.items()}
    values["github.action_path"] = str(ROOT)
    environment = {
        key: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: values[found[1]], value)
        for key, value in step["env"].items()
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={
            **os.environ,
            **environment,
            "RUNNER_TEMP": str(folder),
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        },
        capture_output=True,
        text=True,
    )


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder in which the first step of the action is done: with this environment."""
    (tmp_path / "mockserver").symlink_to(Path(sys.executable).parents[1])
    return tmp_path


def test_the_action_verifies_a_server(installed: Path) -> None:
    """Its reports are in the folder that is its output, and the job has a summary."""
    store = Store(load_seeds([FIXTURES], NOW).base())
    with serve_store(store) as server:
        done = run_step("Verify", installed, url=f"{server.url}/api", quick="true", report="out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ACTION["outputs"]["report"]["value"] == "${{ inputs.report }}"
    assert {file.name for file in (installed / "out").iterdir()} >= {"report.json", "junit.xml"}
    assert "The contract holds" in (installed / "summary.md").read_text()


@pytest.mark.parametrize(
    ("inputs", "arguments"),
    [
        ({}, "verify --report mockserver-report --spawn prefect"),
        (
            {"release": "3.9.1", "database": "postgresql://p", "accept": "a b.yaml", "report": "r"},
            "verify --report r --spawn prefect@3.9.1 --database postgresql://p --accept a b.yaml",
        ),
        (
            {"url": "http://x/api", "quick": "true", "shard": "1/2"},
            "verify http://x/api --report mockserver-report --shard 1/2 --quick",
        ),
        ({"release": "$(touch x); `touch x`"}, "prefect@$(touch x); `touch x`"),
    ],
)
def test_inputs_become_arguments(inputs: dict[str, str], arguments: str, tmp_path: Path) -> None:
    """Each is one argument, whatever it holds."""
    program = tmp_path / "mockserver" / "bin" / "mockserver"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    assert run_step("Verify", tmp_path, **inputs).stdout.strip().endswith(arguments)
    assert not (tmp_path / "x").exists()


def test_a_url_and_a_release_are_refused(tmp_path: Path) -> None:
    """It would not be clear which server is meant."""
    done = run_step("Verify", tmp_path, url="http://x/api", release="3.9.1")
    assert done.returncode == 2
    assert done.stdout.startswith("::error::url is given together with release")


def test_the_first_step_installs_from_the_action(tmp_path: Path) -> None:
    """Into an environment of its own, with the extra that verify needs."""
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\nmkdir -p "$3/bin"\nprintf \'#!/bin/sh\\necho "$@"\\n\' > "$3/bin/python"\n'
        'chmod +x "$3/bin/python"\n'
    )
    python.chmod(0o755)
    done = run_step("Install mockserver", tmp_path, python=str(python))
    assert done.stdout == f"-m pip install --quiet {ROOT}[verify]\n"


def test_the_action_is_used_as_shown() -> None:
    """With inputs that it has, and an output that it has."""
    steps = yaml.safe_load(block("action"))["steps"]
    (used,) = [step for step in steps if step["uses"] == "./mockserver"]
    assert used["with"].keys() <= ACTION["inputs"].keys()
    assert "steps.contract.outputs.report" in steps[-1]["with"]["path"]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_an_issue_asks_for_the_version_and_a_seed(form: Path) -> None:
    """With these, most can be seen at once."""
    fields: dict[str, Any] = {
        one["id"]: one for one in yaml.safe_load(form.read_text())["body"] if "id" in one
    }
    assert "mockserver --version" in fields["version"]["attributes"]["description"]
    assert fields["version"]["validations"]["required"] is True
    assert "seed" in fields


def test_schemas_are_valid_and_have_an_id() -> None:
    """An editor and another program can name them."""
    report = json.loads(resource_text("contract/report/report.schema.json"))
    for schema, id_ in (
        (json_schema(), "urn:mockserver:seed:1"),
        (report, "urn:mockserver:report:1"),
    ):
        Draft202012Validator.check_schema(schema)
        assert schema["$id"] == id_
