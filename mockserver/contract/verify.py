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
from .drift import DocumentError, check_drift, compare_document, read_document
from .findings import Finding, Outcome
from .fuzz import FuzzSettings, fuzz
from .report import (
    ProgressDisplay,
    Report,
    RunInfo,
    build_report,
    ensure_writable_folder,
    print_report,
    report_to_github,
    secrets_in_headers,
    stop_workflow_commands,
    write_reports,
)
from .server import (
    CleanupJournal,
    ConnectedServer,
    Ownership,
    ServerOptions,
    SideEffect,
    TargetError,
    connect_server,
    require_no_flow_runs,
    require_permission,
)


@dataclass(frozen=True, slots=True)
class CommandOptions:
    """What the command line asks for, of whichever verb."""

    server_options: ServerOptions
    seed: int
    diff: DiffSettings | None = None
    fuzz: FuzzSettings | None = None
    report: Path | None = None


Verb = Callable[[CommandOptions, ConnectedServer, ProgressDisplay], Outcome]


def _drift(_options: CommandOptions, server: ConnectedServer, _live: ProgressDisplay) -> Outcome:
    return check_drift(server.target)


def _fuzz(options: CommandOptions, server: ConnectedServer, live: ProgressDisplay) -> Outcome:
    require_permission(server.target, SideEffect.FUZZES, "fuzz")
    require_no_flow_runs(server.target, "fuzz")
    with CleanupJournal.create(server.target, options.server_options.journal_folder) as journal:
        return fuzz(
            server.target,
            server.identity.dialect,
            options.fuzz,
            live.show_status_throttled,
            journal.record_path,
        )


def _diff(options: CommandOptions, server: ConnectedServer, live: ProgressDisplay) -> Outcome:
    folder = options.server_options.journal_folder
    return diff(
        server.target, server.identity, options.diff or DiffSettings(), folder, live.show_progress
    )


def _fuzz_if_permitted(
    options: CommandOptions, server: ConnectedServer, live: ProgressDisplay
) -> Outcome:
    """As `fuzz`, where nobody's data is in its way; else a note that says why not."""
    try:
        return _fuzz(options, server, live)
    except UsageError as refused:
        return Outcome("fuzz", notes=[f"not run: {refused}"])


def _diff_as_permitted(
    options: CommandOptions, server: ConnectedServer, live: ProgressDisplay
) -> Outcome:
    """As `diff`, with deletes where they are allowed, and else on what is there."""
    shared = server.target.ownership is Ownership.SHARED
    settings = replace(options.diff or DiffSettings(), existing=shared, delete=not shared)
    outcome = _diff(replace(options, diff=settings), server, live)
    note = f"nothing was created and no delete was tried: {_SHARED_NOTE}"
    return replace(outcome, notes=[note, *outcome.notes]) if shared else outcome


_SHARED_NOTE = (
    "the server is taken to be shared; --disposable says it is not, --spawn starts another"
)
VERBS: dict[str, Sequence[tuple[str, Verb]]] = {
    "drift": [("drift", _drift)],
    "fuzz": [("fuzz", _fuzz)],
    "diff": [("diff", _diff)],
    "verify": [("drift", _drift), ("fuzz", _fuzz_if_permitted), ("diff", _diff_as_permitted)],
}


def run_verb(name: str, options: CommandOptions, environment: Mapping[str, str]) -> bool:
    """Carry out a verb against a server and tell what came of it; whether something was found.

    Raises UsageError for what makes no sense, TargetError for a server that is not there.
    """
    started = datetime.now(UTC)
    if options.report is not None:
        ensure_writable_folder(options.report)
    url = options.server_options.url
    if name == "drift" and url is not None and _is_file(url):
        report = _build_file_report(Path(url), started)
    else:
        with (
            ProgressDisplay() as live,
            connect_server(options.server_options, live.show_status) as server,
        ):
            outcomes = list(_outcomes(VERBS[name], options, server, live))
        report = _build_report(options, server, outcomes, started)
    _publish_report(report, options.report, environment)
    return report.fails


def _is_file(named: str) -> bool:
    """Whether it names a document on disk: one that is there, or what can only be one."""
    return Path(named).is_file() or ("://" not in named and named.endswith(_SUFFIXES))


_SUFFIXES = (".json", ".yaml", ".yml")


def _build_file_report(path: Path, started: datetime) -> Report:
    try:
        outcome = compare_document(read_document(path), str(path))
    except DocumentError as error:
        raise UsageError(str(error)) from None
    facts = RunInfo(str(path), "a document", "openapi.yaml", Ownership.SHARED, started)
    return build_report(facts, [outcome])


def _outcomes(
    verbs: Sequence[tuple[str, Verb]],
    options: CommandOptions,
    server: ConnectedServer,
    live: ProgressDisplay,
) -> Iterator[Outcome]:
    if server.notes:
        yield Outcome("server", notes=server.notes)
    for name, verb in verbs:
        live.start_verb(name)
        try:
            yield verb(options, server, live)
        except (TargetError, DocumentError) as error:
            yield Outcome(name, [Finding(name, "not-done", server.target.url, str(error))])
            return


def _build_report(
    options: CommandOptions, server: ConnectedServer, outcomes: Sequence[Outcome], started: datetime
) -> Report:
    identity, target = server.identity, server.target
    program = "mockserver" if identity.is_mock else "Prefect"
    facts = RunInfo(
        target.url,
        f"{program} {identity.version}",
        f"{identity.dialect.name} ({identity.dialect_evidence})",
        target.ownership,
        started,
        (datetime.now(UTC) - started).total_seconds(),
        options.seed,
    )
    return build_report(facts, outcomes, secrets_in_headers(target.headers))


def _publish_report(report: Report, folder: Path | None, environment: Mapping[str, str]) -> None:
    """Print the page, write the reports where they are wanted, and tell GitHub where it listens.

    Raises UsageError for a folder that cannot be written to.
    """
    with stop_workflow_commands(sys.stdout, environment):
        print_report(report, Console())
        if folder is not None:
            for path in write_reports(folder, report):
                print(f"wrote {path}")  # noqa: T201
    report_to_github(report, environment, sys.stdout)
