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

from mockserver.cli.contract import QUICK_DIFF as QUICK_FLAGS
from mockserver.contract.diff.runner import DiffSettings, diff
from mockserver.contract.fuzz.fuzz_settings import FuzzSettings
from mockserver.contract.related import diff_related
from mockserver.contract.server.connect import ServerOptions
from mockserver.contract.server.detect import identify
from mockserver.contract.server.target import Ownership, Target, TargetError
from mockserver.contract.verify import CommandOptions, run_verb
from mockserver.prefect.dialects import SPEC, Dialect
from mockserver.prefect.records import Flow, FlowRun
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.filter_mutants import FILTER_MUTANTS
from tests.support.related_mutants import RELATED_MUTANTS
from tests.support.reply_mutants import (
    DOCUMENT_MUTANTS,
    FUZZ_MUTANTS,
    LIST_MUTANTS,
    OTHERS_MUTANTS,
    THEIRS,
)
from tests.support.server_mutants import SERVER_MUTANTS, Mutant, serve_mutant

SMALL_DIFF = DiffSettings(filters=60, deletes=10, runs=10, delete=True)
FLOW_RUNS, RELATED = "diff of flow runs", "diff of flows and deployments"
"""The halves of `diff`: each has mutants of its own."""
_HALVES = {FLOW_RUNS: diff, RELATED: diff_related}
QUICK_DIFF = QUICK_FLAGS.settings(1, delete=True)
"""What `verify --quick` compares: it has to detect whatever is wrong with bulk_delete."""
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
    *(Trial(one, FLOW_RUNS, QUICK_DIFF) for one in (*FILTER_MUTANTS, *LIST_MUTANTS)),
    *(Trial(one, "drift") for one in DOCUMENT_MUTANTS),
    *(Trial(one, "diff", runs=THEIRS) for one in OTHERS_MUTANTS),
    *(Trial(one, RELATED, DiffSettings(delete=True), runs=THEIRS) for one in RELATED_MUTANTS),
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


@dataclass(frozen=True)
class Detection:
    """The checks by which the kit detects a mutant, and the requests that it sent for it."""

    checks: set[str]
    requests: int


def detect(trial: Trial, folder: Path) -> Detection:
    """Run the command that has to detect a mutant."""
    with serve_url(trial.mutant, trial.runs) as url:
        if trial.verb in _HALVES:
            return _detect_by_half(trial, url, folder)
        report = run_kit(trial.verb, url, folder, trial.diff, trial.fuzz)
    outcomes = report["outcomes"]
    failing = {
        finding["check"]
        for outcome in outcomes
        for finding in outcome["findings"]
        if finding["fails"]
    }
    return Detection(failing, sum(outcome["counts"].get("requests", 0) for outcome in outcomes))


def _detect_by_half(trial: Trial, url: str, folder: Path) -> Detection:
    target = Target(url, ownership=Ownership.DISPOSABLE)
    compare = _HALVES[trial.verb]
    try:
        found = compare(target, identify(target), trial.diff, folder, lambda *_: None)
    except TargetError:
        return Detection({"not-done"}, target.sent)
    return Detection({one.check for one in found.findings if one.fails}, target.sent)


def _print_table(names: Sequence[str]) -> None:
    print(f"{'wrong server':<40} {'what it does':<52} requests  detected by")
    killed = requests = 0
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
            found = detect(trial, Path(folder))
        marked = [f"{'*' if one in mutant.detected_by else ''}{one}" for one in found.checks]
        columns = f"{mutant.name:<40} {mutant.what:<52} {found.requests:8,}"
        print(f"{columns}  {' '.join(sorted(marked))}", flush=True)
        killed += bool(found.checks & set(mutant.detected_by))
        requests += found.requests
    if not requests:
        sys.exit(f"there is no wrong server of these names: {', '.join(names)}")
    print("* the check that has to detect it")
    each = f"{killed * 1000 / requests:.1f} per 1,000"
    print(f"{killed:,} detected with {requests:,} requests, {each}")


if __name__ == "__main__":
    logging.getLogger("mockserver").setLevel(logging.CRITICAL)
    _print_table(sys.argv[1:])
