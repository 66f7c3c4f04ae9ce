"""Running the commands of the kit and publishing their report.

`verify` runs the other three, as far as the user permits changes to the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ..errors import UsageError
from .accepted import open_accepted
from .diff import DiffSettings, diff
from .drift import DocumentError, check_drift, compare_document, read_document
from .findings import Finding, Outcome, is_covered, join_outcomes
from .fuzz import FuzzSettings, fuzz
from .publishing import publish_report
from .related import RELATED_CHECKS, diff_related
from .report import (
    ProgressDisplay,
    Report,
    RunInfo,
    build_report,
    ensure_writable_folder,
    secrets_in_headers,
)
from .server import (
    CleanupJournal,
    ConnectedServer,
    Identity,
    Ownership,
    ServerOptions,
    SideEffect,
    TargetError,
    connect_server,
    require_no_flow_runs,
    require_permission,
)
from .shards import WHOLE, Shard

_RELATED_IDS = tuple(f"diff {check} " for check in RELATED_CHECKS)
_DOCUMENT_SUFFIXES = (".json", ".yaml", ".yml")
_SHARED_NOTE = (
    "a server is treated as shared (read-only) without --disposable; --spawn starts another one"
)


@dataclass(frozen=True, slots=True)
class CommandOptions:
    """The options of a command. None means the default settings, and no folder or file.

    `accept` is a list of accepted findings, `write_accepted` one to write or bring up to date.
    `only` is the id of a finding: what cannot find it is not run, and no other is reported. `shard`
    is the part of the whole that is asked.
    """

    server_options: ServerOptions
    seed: int
    diff: DiffSettings | None = None
    fuzz: FuzzSettings | None = None
    report: Path | None = None
    accept: Path | None = None
    write_accepted: Path | None = None
    only: str | None = None
    shard: Shard = WHOLE


Verb = Callable[[CommandOptions, ConnectedServer, ProgressDisplay], Outcome]


def _drift(options: CommandOptions, server: ConnectedServer, _progress: ProgressDisplay) -> Outcome:
    if not options.shard.is_first:
        first = replace(options.shard, number=1)
        return Outcome("drift", notes=[f"not run: it cannot be dealt out, so {first} does it"])
    return check_drift(server.target, _chosen_release(options))


def _chosen_release(options: CommandOptions) -> str | None:
    """The release of the dialect that the user named; None if there is no such choice."""
    dialect = options.server_options.dialect
    return dialect.release if dialect else None


def _fuzz(options: CommandOptions, server: ConnectedServer, progress: ProgressDisplay) -> Outcome:
    require_permission(server.target, SideEffect.FUZZES, "fuzz")
    require_no_flow_runs(server.target, "fuzz")
    with CleanupJournal.create(server.target, options.server_options.journal_folder) as journal:
        return fuzz(
            server.target,
            server.identity.dialect,
            _fuzz_settings(options),
            progress.show_part,
            journal.record_path,
            progress.show_finding,
        )


def _diff(options: CommandOptions, server: ConnectedServer, progress: ProgressDisplay) -> Outcome:
    """Compare flow runs, and then flows and deployments; those need records of the kit's own."""
    settings = replace(options.diff or DiffSettings(), only=options.only, shard=options.shard)
    folder = options.server_options.journal_folder
    given = (server.target, server.identity, settings, folder, progress.show_progress)
    only_related = options.only is not None and options.only.startswith(_RELATED_IDS)
    parts = [] if only_related else [diff(*given, progress.show_finding)]
    if only_related or (options.only is None and not settings.existing):
        parts.append(diff_related(*given))
    return join_outcomes(parts)


def _fuzz_if_permitted(
    options: CommandOptions, server: ConnectedServer, progress: ProgressDisplay
) -> Outcome:
    """Run `fuzz` if the server may be changed and is empty; otherwise a note says why not."""
    try:
        return _fuzz(options, server, progress)
    except UsageError as refused:
        return Outcome("fuzz", notes=[f"not run: {refused}"], is_complete=False)


def _diff_as_permitted(
    options: CommandOptions, server: ConnectedServer, progress: ProgressDisplay
) -> Outcome:
    """Run `diff`: with deletes where they are permitted, else only reading existing flow runs."""
    shared = server.target.ownership is Ownership.SHARED
    settings = replace(options.diff or DiffSettings(), existing=shared, delete=not shared)
    outcome = _diff(replace(options, diff=settings), server, progress)
    note = f"nothing was created or deleted: {_SHARED_NOTE}"
    return replace(outcome, notes=[note, *outcome.notes]) if shared else outcome


VERBS: dict[str, Sequence[tuple[str, Verb]]] = {
    "drift": [("drift", _drift)],
    "fuzz": [("fuzz", _fuzz)],
    "diff": [("diff", _diff)],
    # drift only reads. fuzz needs a server without flow runs, so it comes before diff, which makes
    # some.
    "verify": [("drift", _drift), ("fuzz", _fuzz_if_permitted), ("diff", _diff_as_permitted)],
}


def run_verb(name: str, options: CommandOptions, environment: Mapping[str, str]) -> bool:
    """Run a command against a server and publish the report; return whether any finding fails.

    `name` is a key of VERBS. Raises UsageError for options that make no sense, TargetError if the
    kit cannot connect to the server. A server that fails later is a finding.
    """
    started = datetime.now(UTC)
    files = open_accepted(options.accept, options.write_accepted)
    if options.report is not None:
        ensure_writable_folder(options.report)
    url = options.server_options.url
    if name == "drift" and url is not None and _is_file(url):
        report = _build_file_report(Path(url), _chosen_release(options), started)
    else:
        with (
            ProgressDisplay() as progress,
            connect_server(options.server_options, progress.show_status) as server,
        ):
            chosen = _verbs_that_find(VERBS[name], options.only)
            outcomes = list(_run_each(chosen, options, server, progress))
        report = _build_report(name, options, server, outcomes, started)
    report = files.review(report, started.date())
    publish_report(report, options.report, files, environment)
    return report.fails


def _verbs_that_find(
    verbs: Sequence[tuple[str, Verb]], only: str | None
) -> Sequence[tuple[str, Verb]]:
    """The commands that can find `only`, which begins with one, or with `gone`; None: all.

    Raises UsageError for what is no id of a finding.
    """
    if only is None:
        return verbs
    word = only.partition(" ")[0]
    # A deviation that is gone is seen by its probe.
    chosen = [(name, verb) for name, verb in verbs if name == {"gone": "fuzz"}.get(word, word)]
    if not chosen:
        raise UsageError(
            f"--only is {only!r}; expected the id of a finding, as a report shows it, such as "
            "'gone empty-list-condition'"
        )
    return chosen


def _keep_only(outcome: Outcome, only: str | None) -> Outcome:
    """The outcome without other findings than `only`, but for an unfinished run and lost runs,
    which have no id; a note says whether it was seen.
    """
    if only is None:
        return outcome
    kept = [one for one in outcome.findings if one.fails and _is_sought(one.id or only, only)]
    seen = "seen" if any(one.id for one in kept) else "not seen"
    note = f"only {only!r} was looked for, and it was {seen}"
    return replace(outcome, findings=kept, notes=[note, *outcome.notes], is_complete=False)


def _is_sought(found: str, only: str) -> bool:
    """Whether it is the same difference: the keys that are left of a filter when it is made
    smaller depend on the flow runs.
    """
    return is_covered(found, only) or is_covered(only, found)


def _fuzz_settings(options: CommandOptions) -> FuzzSettings:
    """The settings of `fuzz`. A deviation is seen by its probe: nothing is generated for it."""
    settings = replace(options.fuzz or FuzzSettings(), shard=options.shard)
    is_probed = options.only is not None and options.only.startswith(("gone ", "fuzz shows "))
    return replace(settings, phases=()) if is_probed else settings


def _is_file(url_or_path: str) -> bool:
    """Whether the argument of `drift` is a file: one that exists, or has the suffix of one."""
    return Path(url_or_path).is_file() or (
        "://" not in url_or_path and url_or_path.endswith(_DOCUMENT_SUFFIXES)
    )


def _build_file_report(path: Path, release: str | None, started: datetime) -> Report:
    try:
        outcome = compare_document(read_document(path), str(path), release)
    except DocumentError as error:
        raise UsageError(str(error)) from None
    run_info = RunInfo(str(path), "a document", "openapi.yaml", Ownership.SHARED, started)
    return build_report(run_info, [outcome])


def _run_each(
    verbs: Sequence[tuple[str, Verb]],
    options: CommandOptions,
    server: ConnectedServer,
    progress: ProgressDisplay,
) -> Iterator[Outcome]:
    """Run one command after another; the first that fails to finish ends it, with a finding."""
    if server.notes:
        yield Outcome("server", notes=server.notes)
    for name, verb in verbs:
        progress.start_verb(name)
        try:
            outcome = _keep_only(verb(options, server, progress), options.only)
            for finding in outcome.findings:
                if finding.fails:
                    progress.show_finding(f"{finding.check}: {finding.subject}")
            yield _ask_about_changes(outcome, server.identity)
        except (TargetError, DocumentError) as error:
            finding = Finding(name, "not-done", server.target.url, str(error))
            yield Outcome(name, [finding], is_complete=False)
            return


def _ask_about_changes(outcome: Outcome, identity: Identity) -> Outcome:
    """Let findings about a release that was not measured ask whether Prefect has changed."""
    if identity.changed_since is None:
        return outcome
    question = f"changed since {identity.changed_since}?"
    findings = [
        replace(one, sentence=f"{question} {one.sentence}") if one.fails and one.id else one
        for one in outcome.findings
    ]
    return replace(outcome, findings=findings)


def _build_report(
    name: str,
    options: CommandOptions,
    server: ConnectedServer,
    outcomes: Sequence[Outcome],
    started: datetime,
) -> Report:
    identity, target = server.identity, server.target
    program = "mockserver as Prefect" if identity.is_mock else "Prefect"
    run_info = RunInfo(
        target.url,
        f"{program} {identity.version}",
        f"{identity.dialect.name} ({identity.dialect_evidence})",
        target.ownership,
        started,
        (datetime.now(UTC) - started).total_seconds(),
        options.seed,
        identity.version,
        identity.dialect.database or "",
        options.server_options.spawn_text,
        options.server_options.flags_text,
        name,
        options.shard,
        _budget(options),
    )
    return build_report(run_info, outcomes, secrets_in_headers(target.headers))


def _budget(options: CommandOptions) -> Mapping[str, int]:
    """How much was to be tried: runs of which it differs are no shards of one."""
    budget = {}
    if options.diff is not None:
        compared = options.diff
        budget = {"filters": compared.filters, "deletes": compared.deletes, "runs": compared.runs}
    if options.fuzz is not None:
        budget["examples"] = options.fuzz.max_examples
        budget["phases"] = len(options.fuzz.phases)
    return budget
