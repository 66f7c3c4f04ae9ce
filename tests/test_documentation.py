"""The pages that are made from the code have all that the code has; marks stand for what exists."""

from __future__ import annotations

import importlib.util
import re
from typing import Any

import yaml

from mockserver.cli.program.command_group import COMMAND_FILES
from mockserver.prefect.changes import CHANGES
from mockserver.prefect.deviations import DEVIATIONS
from mockserver.prefect.dialects import DIALECTS
from mockserver.prefect.releases import OLDEST, RELEASES, describe_range
from mockserver.prefect.warnings import WARNINGS
from mockserver.resources import resource_text
from mockserver.seeds import json_schema
from tests.support.paths import ROOT
from tests.support.shown_blocks import PAGES


def load_hook(name: str) -> Any:
    """A file of docs/hooks, which MkDocs loads by its path, too."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "hooks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MADE = load_hook("generated").GENERATED
SITE = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}


def below(text: str, heading: str) -> str:
    """What stands below a heading."""
    return text.partition(f"### {heading}\n")[2].partition("\n### ")[0]


def test_each_mark_stands_for_something() -> None:
    """Every text that is generated is on one page, and every section that is included exists."""
    text = "\n".join(page.read_text() for page in SITE)
    assert sorted(re.findall(r"^<!-- generated: ([\w-]+) -->$", text, re.M)) == sorted(MADE)
    for file, anchor in re.findall(r"^<!-- include: (\S+)#(\S+) -->$", text, re.M):
        titles = re.findall(r"^## (.*)$", (ROOT / file).read_text(), re.M)
        assert anchor in {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in titles}


def test_every_page_is_in_the_navigation() -> None:
    """A page that nobody finds is not written."""
    text = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[2]
    listed = set(re.findall(r"(\S+\.md)$", text, re.M))
    assert {page.relative_to(ROOT / "docs").as_posix() for page in SITE} <= listed


def test_warnings_are_listed_with_the_releases_of_their_deviation() -> None:
    """As the registry has them; what is no deviation is the same in all."""
    everywhere = describe_range(OLDEST, None)
    where = dict.fromkeys(WARNINGS, everywhere) | {one.id: one.where for one in DEVIATIONS}
    said = dict(re.findall(r"^\| `([a-z0-9-]+)` \| .* \| ([^|]*) \|$", MADE["warnings"](), re.M))
    assert said == {
        id_: where[id_].replace(everywhere, "all").removeprefix("Prefect ") for id_ in WARNINGS
    }


def test_every_dialect_is_explained() -> None:
    """A name that a user can meet is on the page of dialects."""
    page = (ROOT / "docs" / "reference" / "dialects.md").read_text()
    assert [name for name in DIALECTS if f"`{name}`" not in page] == []


def test_every_deviation_and_change_is_told_with_its_release() -> None:
    """Those that ended are told at the release that fixed them."""
    told, by_release = MADE["deviations"](), MADE["releases"]()
    assert re.findall(r"^### (\S+)$", told, re.M) == [one.id for one in DEVIATIONS]
    for release in {one.since for one in CHANGES}:
        assert f"### {release}\n" in by_release
    both = next(one for one in DEVIATIONS if one.id == "state-both-lists")
    fixed = RELEASES[RELEASES.index(str(both.until)) + 1]
    assert "Fixed: [state-both-lists]" in below(by_release, fixed)


def test_every_command_and_option_is_on_its_page() -> None:
    """As --help has them."""
    told = MADE["command-line"]()
    for name in COMMAND_FILES:
        assert f"## mockserver {name}\n" in told
    assert "`--dialect NAME[@RELEASE]`" in told
    assert "default: 4300; env: MOCKSERVER_PORT" in told


def test_every_operation_of_the_control_api_is_on_its_page() -> None:
    """Each method of each path."""
    document = yaml.safe_load(resource_text("http/control/control.yaml"))
    told = MADE["control-api"]()
    for path, methods in document["paths"].items():
        for method in methods.keys() - {"parameters"}:
            assert f"### {method.upper()} {path}\n" in told


def test_every_field_of_a_seed_is_on_its_page() -> None:
    """Of each kind of record."""
    told = MADE["seed-format"]()
    for kind, schema in json_schema()["$defs"].items():
        part = below(told, kind)
        assert [name for name in schema.get("properties", {}) if f"| `{name}`" not in part] == []
