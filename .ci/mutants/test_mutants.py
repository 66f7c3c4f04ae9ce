"""`mockserver verify` detects every server mutant by the right check, and passes the real mock."""

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
from tests.support.filter_mutants import FILTER_MUTANTS
from tests.support.server_mutants import SERVER_MUTANTS, Mutant, serve_mutant

MUTANTS = (*SERVER_MUTANTS, *FILTER_MUTANTS)


@contextmanager
def serve_url(mutant: Mutant | None) -> Iterator[str]:
    """The API of a mutant, or of the unchanged mock, without flow runs."""
    with serve_mutant(mutant, Store(Base([]))) as client:
        host, port = client.address
        yield f"http://{host}:{port}/api"


def run_verify(url: str, folder: Path, diff: DiffSettings, fuzz: FuzzSettings) -> tuple[bool, Any]:
    """Whether `mockserver verify` fails, and its report."""
    opening = ServerOptions(url, dialect=SPEC, disposable=True, journals=folder / "journal")
    fails = run_verb("verify", CommandOptions(opening, 1, diff, fuzz, folder), {})
    return fails, json.loads((folder / "report.json").read_text("utf-8"))


def settings_for(mutant: Mutant) -> tuple[DiffSettings, FuzzSettings]:
    """Settings that test most where this mutant is wrong: filters, or single requests."""
    if mutant in FILTER_MUTANTS:
        return DiffSettings(filters=1000, deletes=400, runs=60), FuzzSettings(phases=("examples",))
    return DiffSettings(filters=60, deletes=10, runs=10), FuzzSettings(phases=())


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_is_detected_by_its_check(mutant: Mutant, tmp_path: Path) -> None:
    """The check that has to detect it is listed with the mutant."""
    with serve_url(mutant) as url:
        fails, report = run_verify(url, tmp_path, *settings_for(mutant))
    found = {
        finding["check"]
        for outcome in report["outcomes"]
        for finding in outcome["findings"]
        if finding["fails"]
    }
    assert fails
    assert found & set(mutant.detected_by), f"{mutant.what}: found {found}"


def test_the_right_server_passes(tmp_path: Path) -> None:
    """There are no findings at all."""
    with serve_url(None) as url:
        fails, report = run_verify(url, tmp_path, DiffSettings(), FuzzSettings())
    assert not fails
    assert [outcome["findings"] for outcome in report["outcomes"]] == [[], [], []]


def test_mutant_names_are_unique() -> None:
    """And there are at least 25 of them."""
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 25
