"""The wrong servers, the checks that have to detect each, and the command that shows which did.

    .venv/bin/python .ci/mutants/mutants.py [NAME...]

prints a table: a row for each wrong server, with the checks that detected it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # tests/, where this file is run as a command

from mockserver.contract.diff.runner import DiffSettings
from mockserver.contract.fuzz.campaign import FuzzSettings
from mockserver.contract.server.connect import ServerOptions
from mockserver.contract.verify import CommandOptions, run_verb
from mockserver.prefect.dialects import SPEC, Dialect
from mockserver.prefect.records import Flow, FlowRun
from mockserver.store.flow_run_index import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.filter_mutants import FILTER_MUTANTS
from tests.support.reply_mutants import (
    DOCUMENT_MUTANTS,
    FUZZ_MUTANTS,
    LIST_MUTANTS,
    OTHERS_MUTANTS,
    THEIRS,
)
from tests.support.server_mutants import SERVER_MUTANTS, Mutant, serve_mutant

SMALL_DIFF = DiffSettings(filters=60, deletes=10, runs=10, delete=True)
FIXED_REQUESTS = FuzzSettings(phases=(), probes=False)


@dataclass(frozen=True)
class Trial:
    """A mutant, and the command that has to detect it, with as few requests as show it."""

    mutant: Mutant
    verb: str
    diff: DiffSettings = SMALL_DIFF
    fuzz: FuzzSettings = FIXED_REQUESTS
    runs: Sequence[FlowRun] = ()


def _fuzz_of(mutant: Mutant) -> FuzzSettings:
    if not mutant.operations:
        return FIXED_REQUESTS
    return FuzzSettings(
        max_examples=20,
        phases=("examples", "stateful"),
        operations=tuple(mutant.operations),
        probes=False,
    )


TRIALS: Sequence[Trial] = (
    *(Trial(one, "fuzz", fuzz=_fuzz_of(one)) for one in (*SERVER_MUTANTS, *FUZZ_MUTANTS)),
    *(
        Trial(one, "diff", DiffSettings(filters=500, deletes=100, runs=60, delete=True))
        for one in (*FILTER_MUTANTS, *LIST_MUTANTS)
    ),
    *(Trial(one, "drift") for one in DOCUMENT_MUTANTS),
    *(Trial(one, "diff", runs=THEIRS) for one in OTHERS_MUTANTS),
)


@contextmanager
def serve_url(
    mutant: Mutant | None, runs: Sequence[FlowRun] = (), dialect: Dialect = SPEC
) -> Iterator[str]:
    """The API of a mutant, or of the unchanged mock, with flow runs of others."""
    flows = [Flow(flow_id, "theirs") for flow_id in sorted({str(run.flow_id) for run in runs})]
    with serve_mutant(mutant, Store(Base(runs, flows=flows)), Settings(dialect=dialect)) as client:
        host, port = client.address
        yield f"http://{host}:{port}/api"


def run_kit(
    verb: str,
    url: str,
    folder: Path,
    diff: DiffSettings,
    fuzz: FuzzSettings,
    dialect: Dialect = SPEC,
    *,
    disposable: bool = True,
) -> Mapping[str, Any]:
    """The report of a command of the kit on a server."""
    opening = ServerOptions(
        url, dialect=dialect, disposable=disposable, journals=folder / "journal"
    )
    run_verb(verb, CommandOptions(opening, 1, diff, fuzz, folder), {})
    report: Mapping[str, Any] = json.loads((folder / "report.json").read_text("utf-8"))
    return report


def checks_that_fail(trial: Trial, folder: Path) -> set[str]:
    """The checks by which the kit detects a mutant."""
    with serve_url(trial.mutant, trial.runs) as url:
        report = run_kit(trial.verb, url, folder, trial.diff, trial.fuzz)
    return {
        finding["check"]
        for outcome in report["outcomes"]
        for finding in outcome["findings"]
        if finding["fails"]
    }


def _print_table(names: Sequence[str]) -> None:
    print(f"{'wrong server':<28} {'what it does':<52} detected by")
    for trial in TRIALS:
        mutant = trial.mutant
        if names and mutant.name not in names:
            continue
        with (
            TemporaryDirectory() as folder,
            Path(os.devnull).open("w") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
        ):
            found = checks_that_fail(trial, Path(folder))
        killed = [f"{'*' if one in mutant.detected_by else ''}{one}" for one in sorted(found)]
        print(f"{mutant.name:<28} {mutant.what:<52} {' '.join(killed)}", flush=True)
    print("* the check that has to detect it")


if __name__ == "__main__":
    logging.getLogger("mockserver").setLevel(logging.CRITICAL)
    _print_table(sys.argv[1:])
