"""The contract kit detects every wrong server by the right check, and passes the right ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from mutants import SMALL_DIFF, TRIALS, Trial, detect, run_kit, serve_url

from mockserver.contract.diff.runner import DiffSettings
from mockserver.contract.fuzz.fuzz_settings import FuzzSettings
from mockserver.prefect.dialects import Dialect, find_dialect
from mockserver.prefect.records import FlowRun, State, StateType
from tests.support.server_mutants import Handler, Mutant, store_of

ERAS = ("prefect-sqlite@3.6.20", "prefect-postgresql@3.8.8", "prefect-sqlite@3.9.1")
"""A server of each era of deviations in filters: 3.6.16 to 3.6.22, 3.6.23 to 3.9.0, and 3.9.1."""
MANY_RUNS: Sequence[FlowRun] = tuple(
    FlowRun(
        id=f"{number:08}-0000-4000-8000-000000000000",
        name=("etl", "ETL-2", "100% of it", "nightly")[number % 4],
        flow_id="00000000-0000-4000-8000-000000000001",
        state=State(list(StateType)[number % len(StateType)], "Late" if number % 9 else "Done"),
        tags=(("etl",), (), ("etl", "nightly"))[number % 3],
    )
    for number in range(1000)
)


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.mutant.name)
def test_every_mutant_is_detected_by_its_check(trial: Trial, tmp_path: Path) -> None:
    """The check that has to detect it is listed with the mutant."""
    found = detect(trial, tmp_path).checks
    assert found & set(trial.mutant.detected_by), f"{trial.mutant.what}: found {found}"


def test_the_right_server_passes(tmp_path: Path) -> None:
    """There are no findings at all."""
    with serve_url(None) as url:
        report = run_kit("verify", url, tmp_path, DiffSettings(), FuzzSettings())
    assert [outcome["findings"] for outcome in report["outcomes"]] == [[], [], []]


@pytest.mark.parametrize("name", ERAS)
def test_a_right_server_of_each_era_passes(name: str, tmp_path: Path) -> None:
    """Its known deviations are all that is found."""
    dialect: Dialect = find_dialect(name)
    with serve_url(None, dialect=dialect) as url:
        fuzz = FuzzSettings(phases=())
        report = run_kit("verify", url, tmp_path, SMALL_DIFF, fuzz, dialect)
    found = [one for outcome in report["outcomes"] for one in outcome["findings"]]
    assert {one["verdict"] for one in found} == {"known"}
    assert not report["fails"]


def test_a_right_server_with_a_thousand_runs_passes(tmp_path: Path) -> None:
    """What lies beyond a page of 200 is no difference, for any filter."""
    settings = DiffSettings(existing=True, filters=400)
    with serve_url(None, MANY_RUNS) as url:
        report = run_kit("diff", url, tmp_path, settings, FuzzSettings(), disposable=False)
    (outcome,) = report["outcomes"]
    assert outcome["findings"] == []
    assert outcome["counts"]["flow runs"] == 1000


def test_a_right_server_whose_runs_change_is_never_called_wrong(tmp_path: Path) -> None:
    """The report says that it changed while it was asked."""
    asked: list[str] = []

    async def change(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked.append(request.path)
        store = store_of(request)
        if len(asked) > 10 and len(asked) % 3 == 0:
            run = MANY_RUNS[len(asked) % 60]
            store.put(replace(run, name=f"{run.name} {len(asked)}", state=None))
        return await handler(request)

    settings = DiffSettings(existing=True, filters=60)
    with serve_url(Mutant("changes", "its runs change", change, ()), MANY_RUNS[:60]) as url:
        report = run_kit("diff", url, tmp_path, settings, FuzzSettings(), disposable=False)
    (outcome,) = report["outcomes"]
    assert [one for one in outcome["findings"] if one["fails"]] == []
    assert [note for note in outcome["notes"] if "the server changed while it was" in note]


def test_mutant_names_are_unique() -> None:
    """And there are at least 60 of them."""
    assert len({trial.mutant.name for trial in TRIALS}) == len(TRIALS) >= 60
