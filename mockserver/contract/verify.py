"""The verb `verify`: the other three, as far as the server may be touched, and one page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from ..errors import UsageError
from .diff import DiffSettings, diff
from .drift import DocumentError, drift, drift_of, read_document
from .findings import Finding, Outcome
from .fuzz import FuzzSettings, fuzz
from .report import (
    Live,
    Report,
    Run,
    make_folder,
    no_commands,
    print_report,
    report_of,
    secrets_of,
    tell_github,
    write_reports,
)
from .server import (
    Effect,
    Journal,
    Opened,
    Opening,
    Ownership,
    TargetError,
    opened,
    require,
    require_alone,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for, of whichever verb."""

    opening: Opening
    seed: int
    diff: DiffSettings | None = None
    fuzz: FuzzSettings | None = None
    report: Path | None = None


Verb = Callable[[Asked, Opened, Live], Outcome]


def _drift(_asked: Asked, server: Opened, _live: Live) -> Outcome:
    return drift(server.target)


def _fuzz(asked: Asked, server: Opened, live: Live) -> Outcome:
    require(server.target, Effect.FUZZES, "fuzz")
    require_alone(server.target, "fuzz")
    with Journal.begin(server.target, asked.opening.journal_folder) as journal:
        return fuzz(server.target, server.identity.dialect, asked.fuzz, live.tick, journal.note)


def _diff(asked: Asked, server: Opened, live: Live) -> Outcome:
    folder = asked.opening.journal_folder
    return diff(server.target, server.identity, asked.diff or DiffSettings(), folder, live.step)


def _permitted_fuzz(asked: Asked, server: Opened, live: Live) -> Outcome:
    """As `fuzz`, where nobody's data is in its way; else a note that says why not."""
    try:
        return _fuzz(asked, server, live)
    except UsageError as refused:
        return Outcome("fuzz", notes=[f"not run: {refused}"])


def _permitted_diff(asked: Asked, server: Opened, live: Live) -> Outcome:
    """As `diff`, with deletes where they are allowed, and else on what is there."""
    shared = server.target.ownership is Ownership.SHARED
    settings = replace(asked.diff or DiffSettings(), existing=shared, delete=not shared)
    outcome = _diff(replace(asked, diff=settings), server, live)
    note = f"nothing was created and no delete was tried: {_SHARED}"
    return replace(outcome, notes=[note, *outcome.notes]) if shared else outcome


_SHARED = "the server is taken to be shared; --disposable says it is not, --spawn starts another"
VERBS: dict[str, Sequence[tuple[str, Verb]]] = {
    "drift": [("drift", _drift)],
    "fuzz": [("fuzz", _fuzz)],
    "diff": [("diff", _diff)],
    "verify": [("drift", _drift), ("fuzz", _permitted_fuzz), ("diff", _permitted_diff)],
}


def carry_out(name: str, asked: Asked, environment: Mapping[str, str]) -> bool:
    """Carry out a verb against a server and tell what came of it; whether something was found.

    Raises UsageError for what makes no sense, TargetError for a server that is not there.
    """
    started = datetime.now(UTC)
    if asked.report is not None:
        make_folder(asked.report)
    url = asked.opening.url
    if name == "drift" and url is not None and _is_file(url):
        report = _report_of_file(Path(url), started)
    else:
        with Live() as live, opened(asked.opening, live.say) as server:
            outcomes = list(_outcomes(VERBS[name], asked, server, live))
        report = _report(asked, server, outcomes, started)
    _tell(report, asked.report, environment)
    return report.fails


def _is_file(named: str) -> bool:
    """Whether it names a document on disk: one that is there, or what can only be one."""
    return Path(named).is_file() or ("://" not in named and named.endswith(_SUFFIXES))


_SUFFIXES = (".json", ".yaml", ".yml")


def _report_of_file(path: Path, started: datetime) -> Report:
    try:
        outcome = drift_of(read_document(path), str(path))
    except DocumentError as error:
        raise UsageError(str(error)) from None
    facts = Run(str(path), "a document", "openapi.yaml", Ownership.SHARED, started)
    return report_of(facts, [outcome])


def _outcomes(
    verbs: Sequence[tuple[str, Verb]], asked: Asked, server: Opened, live: Live
) -> Iterator[Outcome]:
    if server.notes:
        yield Outcome("server", notes=server.notes)
    for name, verb in verbs:
        live.begin(name)
        try:
            yield verb(asked, server, live)
        except (TargetError, DocumentError) as error:
            yield Outcome(name, [Finding(name, "not-done", server.target.url, str(error))])
            return


def _report(asked: Asked, server: Opened, outcomes: Sequence[Outcome], started: datetime) -> Report:
    identity, target = server.identity, server.target
    what = "mockserver" if identity.is_mock else "Prefect"
    facts = Run(
        target.url,
        f"{what} {identity.version}",
        f"{identity.dialect.name} ({identity.told_by})",
        target.ownership,
        started,
        (datetime.now(UTC) - started).total_seconds(),
        asked.seed,
    )
    return report_of(facts, outcomes, secrets_of(target.headers))


def _tell(report: Report, folder: Path | None, environment: Mapping[str, str]) -> None:
    """Print the page, write the reports where they are wanted, and tell GitHub where it listens.

    Raises UsageError for a folder that cannot be written to.
    """
    with no_commands(sys.stdout, environment):
        print_report(report, Console())
        if folder is not None:
            for path in write_reports(folder, report):
                print(f"wrote {path}")  # noqa: T201
    tell_github(report, environment, sys.stdout)
