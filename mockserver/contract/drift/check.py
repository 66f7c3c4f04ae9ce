"""The check of `drift`: fetch a server's document, compare it with openapi.yaml, report findings.

Invariant: every change is in exactly one finding, and is either known (see `known_drift`) or new.
"""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ...errors import to_single_line
from ...prefect import describe_range, openapi
from ..findings import Finding, Outcome, Verdict, digest
from ..server import Target, TargetError
from .changes import Change, ClientImpact, Side, client_impact
from .document_comparison import DocumentComparison, compare_with_release, info_of
from .documents import parse_json_document, require_openapi
from .known_drift import KnownDrift
from .schema_comparison import Comparison
from .schemas import DocumentError

VERB = "drift"
MAX_FINDINGS = 500
_REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')


def check_drift(target: Target, release: str | None = None) -> Outcome:
    """Compare our document with the one that a server publishes. Only reads.

    `release` is as in `compare_document`. Raises TargetError if the server publishes none,
    DocumentError if it cannot be understood.
    """
    started = time.monotonic()
    url, document = fetch_document(target)
    return replace(compare_document(document, url, release), seconds=time.monotonic() - started)


def fetch_document(target: Target) -> tuple[str, Mapping[str, Any]]:
    """The URL of a server's document, and the document. Raises TargetError if there is none."""
    answers = []
    for url in _candidate_urls(target.url):
        answer = target.get_url(url)
        if answer.status != 200:
            answers.append(f"GET {url} answered {answer}")
            continue
        try:
            return url, parse_json_document(answer.body, url)
        except DocumentError as error:  # perhaps a page: the UI answers unknown paths with its own
            answers.append(str(error))
    raise TargetError(
        f"{'; '.join(answers)}. A server publishes its document as /openapi.json; if this one "
        "does not, give `drift` a file instead"
    )


def _candidate_urls(url: str) -> Sequence[str]:
    """Where the document of an API may be: beside the API, at the root, below the API."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    # Prefect serves it at the root, beside /api (api/server.py, create_app).
    folders = (path.rpartition("/")[0], "", path)
    return [
        parts._replace(path=f"{folder}/openapi.json").geturl() for folder in dict.fromkeys(folders)
    ]


def compare_document(
    document: Mapping[str, Any], source: str, release: str | None = None
) -> Outcome:
    """Compare our document with another, which was read from `source`, a URL or a file.

    Ours is taken as it is for `release`; without one, for the release that the other names, or
    whose document fits best. Operations that only the other has are counted, not compared. Raises
    DocumentError if it cannot be understood.
    """
    started = time.monotonic()
    compared = compare_with_release(require_openapi(document, source), release)
    described = _title_and_version(document)
    inspect_command = partial(_inspect_command, source=source, path_prefix=compared.path_prefix)
    findings = [
        *_new_findings(compared, inspect_command),
        *_known_findings(compared, described, inspect_command),
    ]
    return Outcome(
        VERB,
        findings[:MAX_FINDINGS],
        is_complete=len(findings) <= MAX_FINDINGS,
        holds=_passed_sentences(compared, described),
        notes=list(_notes(compared, len(findings))),
        counts=_counts(compared.comparison, compared.shared),
        seconds=time.monotonic() - started,
    )


def _counts(comparison: Comparison, shared: int) -> Mapping[str, int]:
    return {
        "operations compared": shared,
        "parts compared": len(comparison.compared),
        "differences": len(comparison.changes),
        "differences that a client notices": sum(
            _breaks(change, sides) for change, sides in comparison.changes.items()
        ),
    }


def _title_and_version(document: Mapping[str, Any]) -> str:
    info = info_of(document)
    return to_single_line(
        f"{info.get('title', 'a document')} {info.get('version', '')}".strip(), 100
    )


def _new_findings(
    compared: DocumentComparison, inspect_command: Callable[[Change], str]
) -> Iterator[Finding]:
    """A finding for each group of changes that are not known, those that break clients first."""
    changes = compared.comparison.changes
    users = _operations_by_component(compared)
    # A stable sort: within each half the order of our document stays.
    unknown = sorted(
        compared.unknown_changes(), key=lambda change: not _breaks(change, changes[change])
    )
    for group in _group_changes(unknown):
        change = group[0]
        more = f" and {len(group) - 1} more" if len(group) > 1 else ""
        subjects = "\n".join(to_single_line(one.subject) for one in group)
        yield Finding(
            VERB,
            change.kind.value,
            f"{to_single_line(change.subject)}{more}",
            f"{change.description}: {_describe_impacts(change, changes[change])}",
            evidence=subjects if more else _used_by_text(change, users),
            curl=inspect_command(change),
            times=len(group),
            # The description is part of it: another value of the same keyword is another change.
            id=_finding_id(
                change.kind.value, change.subject, change.description, *sorted(map(_subject, group))
            ),
        )


def _subject(change: Change) -> str:
    return change.subject


def _finding_id(word: str, name: str, *details: str) -> str:
    """An id of a finding: what tells it from others of this name is too long to be written out."""
    return f"{VERB} {word} {to_single_line(name)} {digest(details)}"


def _group_changes(changes: Sequence[Change]) -> Collection[Sequence[Change]]:
    """Group changes that are the same in several operations, such as that of a header."""
    groups: dict[object, list[Change]] = {}
    for change in changes:
        # Such a subject is "METHOD /path part"; any other begins with the name of a schema.
        method, _, rest = change.subject.partition(" ")
        part = rest.partition(" ")[2] if method.isupper() else ""
        key = (part, change.kind, change.aspect, change.description) if part else change
        groups.setdefault(key, []).append(change)
    return groups.values()


def _known_findings(
    compared: DocumentComparison, described: str, inspect_command: Callable[[Change], str]
) -> Iterator[Finding]:
    """For each known difference, a finding for the subjects that have it, one for those that were
    compared and do not have it any more.
    """
    comparison = compared.comparison
    for known in compared.expected:
        covered = [change for change in comparison.changes if known.covers(change)]
        subjects = [change.subject for change in covered]
        # What was not compared, such as a part of an operation that is missing, is not gone.
        unchanged = comparison.compared.difference(subjects)
        gone = [subject for subject in known.subjects if subject in unchanged]
        if covered:
            finding = _known_drift_finding(known, Verdict.KNOWN, subjects)
            yield replace(finding, curl=inspect_command(covered[0]))
        if gone:
            expected = describe_range(known.since, known.until)
            yield replace(
                _known_drift_finding(known, Verdict.GONE, gone),
                sentence=f"expected in {expected}, not seen in {described}: {known.sentence}",
                id=_finding_id(Verdict.GONE.value, known.id, *sorted(gone)),
            )


def _known_drift_finding(known: KnownDrift, verdict: Verdict, subjects: Sequence[str]) -> Finding:
    more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
    return Finding(
        VERB,
        known.kind.value,
        f"{subjects[0]}{more}",
        known.sentence,
        verdict,
        deviation=known.id,
        evidence="\n".join(subjects),
        times=len(subjects),
    )


def _client_impacts(change: Change, sides: Collection[Side]) -> list[ClientImpact]:
    return [client_impact(change, side) for side in Side if side in sides]


def _breaks(change: Change, sides: Collection[Side]) -> bool:
    return any(one.is_breaking for one in _client_impacts(change, sides))


def _describe_impacts(change: Change, sides: Collection[Side]) -> str:
    """What the change means to clients, on each side it shows on."""
    return "; ".join(dict.fromkeys(one.description for one in _client_impacts(change, sides)))


def _operations_by_component(compared: DocumentComparison) -> Mapping[str, Sequence[str]]:
    """The operations that use a component, directly or through others, by the component's name."""
    components = compared.comparison.ours.document["components"]["schemas"]
    references = {name: _referenced_components(schema) for name, schema in components.items()}
    users: dict[str, list[str]] = {}
    for operation in compared.mine.values():
        pending, seen = _referenced_components(operation.node), set[str]()
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending |= references[name]
        for name in seen:
            users.setdefault(name, []).append(str(operation))
    return users


def _referenced_components(node: Any) -> set[str]:
    return set(_REFERENCE.findall(json.dumps(node, default=str)))


def _used_by_text(change: Change, users: Mapping[str, Sequence[str]]) -> str:
    component = re.split(r"[.\[ ]", change.subject)[0]
    operations = users.get(component, ())
    return f"used by {', '.join(operations)}" if operations else ""


def _inspect_command(change: Change, source: str, path_prefix: str) -> str:
    """A shell command that shows the part of the other document that changed."""
    name = re.split(r"[.\[]", change.subject)[0]
    if change.aspect == "operation":
        query = ".paths | keys"
    elif " /" in change.subject:
        method, path = change.subject.split(" ")[:2]
        query = f".paths[{json.dumps(path_prefix + path)}].{method.lower()}"
    else:
        query = f".components.schemas[{json.dumps(name.partition(' ')[0])}]"
    jq = shlex.join(["jq", query])
    if re.match(r"https?://", source):
        return f"{shlex.join(['curl', '-sS', source])} | {jq}"
    return f"{jq} {shlex.quote(source)}"


def _passed_sentences(compared: DocumentComparison, described: str) -> Sequence[str]:
    if not compared.shared:
        return ()
    comparison = compared.comparison
    different = {change.subject for change in comparison.changes}
    unchanged = len(comparison.compared - different)
    return (
        f"{compared.shared} of the {len(compared.mine)} operations that {openapi.FILE_NAME} has "
        f"for Prefect {compared.release} are in {described}",
        f"{unchanged:,} of {len(comparison.compared):,} schemas, fields, parameters and replies "
        "match ours",
    )


def _notes(compared: DocumentComparison, findings: int) -> Iterator[str]:
    yield from compared.notes
    path_prefix, theirs = compared.path_prefix, compared.theirs
    extra_operations = [
        str(theirs[key])
        for key in theirs.keys() - {_with_path_prefix(ours, path_prefix) for ours in compared.mine}
    ]
    runs = sorted(to_single_line(one) for one in extra_operations if "/flow_runs" in one)
    if extra_operations:
        named = f"; of flow runs: {', '.join(runs[:20])}" if runs else ""
        are = "more operation is" if len(extra_operations) == 1 else "more operations are"
        yield (
            f"{len(extra_operations)} {are} not compared: {openapi.FILE_NAME} has none such{named}"
        )
    if path_prefix:
        yield f"its paths begin with {to_single_line(path_prefix)}"
    if not compared.shared:
        yield "it has no path of ours: is it the document of a Prefect server?"
    if findings > MAX_FINDINGS:
        yield f"{findings - MAX_FINDINGS:,} more findings are not shown"


def _with_path_prefix(key: str, path_prefix: str) -> str:
    method, _, path = key.partition(" ")
    return f"{method} {path_prefix}{path}"
