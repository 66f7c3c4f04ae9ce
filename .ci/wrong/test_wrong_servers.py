# `mockserver verify` catches every wrong server of the tables and names what is wrong with it;
# and it passes the right one.

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.diff.runner import DiffSettings
from mockserver.contract.fuzz.campaign import FuzzSettings
from mockserver.contract.server.connect import ServerOptions
from mockserver.contract.verify import CommandOptions, run_verb
from mockserver.prefect.dialects import SPEC
from mockserver.store.flow_run_index import Base
from mockserver.store.store import Store
from tests.support.filter_mutants import WRONG_MEANINGS
from tests.support.server_mutants import WRONG, Wrong, running

EVERY = (*WRONG, *WRONG_MEANINGS)


@contextmanager
def url_of(wrong: Wrong | None) -> Iterator[str]:
    """A server, wrong or right, without flow runs."""
    with running(wrong, Store(Base([]))) as client:
        host, port = client.address
        yield f"http://{host}:{port}/api"


def verified(url: str, folder: Path, diff: DiffSettings, fuzz: FuzzSettings) -> tuple[bool, Any]:
    """What `mockserver verify` comes to, and its report."""
    opening = ServerOptions(url, dialect=SPEC, disposable=True, journals=folder / "journal")
    fails = run_verb("verify", CommandOptions(opening, 1, diff, fuzz, folder), {})
    return fails, json.loads((folder / "report.json").read_text("utf-8"))


def where_it_shows(wrong: Wrong) -> tuple[DiffSettings, FuzzSettings]:
    """A look that is hardest where this one is wrong: at what is asked, or at what it means."""
    if wrong in WRONG_MEANINGS:
        return DiffSettings(filters=1000, deletes=60, runs=60), FuzzSettings(phases=("examples",))
    return DiffSettings(filters=60, deletes=10, runs=10), FuzzSettings(phases=())


@pytest.mark.parametrize("wrong", EVERY, ids=lambda wrong: wrong.name)
def test_a_wrong_server_is_caught_and_named(wrong: Wrong, tmp_path: Path) -> None:
    """By a check whose name says what is wrong."""
    with url_of(wrong) as url:
        fails, report = verified(url, tmp_path, *where_it_shows(wrong))
    found = {
        finding["check"]
        for outcome in report["outcomes"]
        for finding in outcome["findings"]
        if finding["fails"]
    }
    assert fails
    assert found & set(wrong.found_by), f"{wrong.what}: found {found}"


def test_the_right_server_passes(tmp_path: Path) -> None:
    """With nothing found at all."""
    with url_of(None) as url:
        fails, report = verified(url, tmp_path, DiffSettings(), FuzzSettings())
    assert not fails
    assert [outcome["findings"] for outcome in report["outcomes"]] == [[], [], []]


def test_there_are_many() -> None:
    """Each under a name of its own."""
    assert len({wrong.name for wrong in EVERY}) == len(EVERY) >= 25
