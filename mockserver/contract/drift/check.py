"""Does the server's own document still say what openapi.yaml says?"""

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
from ...prefect import openapi
from ..findings import Finding, Outcome, Verdict
from ..server import Target, TargetError
from .changes import Change, ChangeKind, ClientImpact, Side, client_impact
from .documents import (
    Operation,
    find_path_prefix,
    operations_by_key,
    parse_document,
    require_openapi,
    strip_path_prefix,
)
from .known import KNOWN_DRIFT, KnownDrift
from .operation_comparison import compare_operations
from .schema_comparison import Comparison
from .schemas import DocumentError

VERB = "drift"
MAX_FINDINGS = 500
_REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')


def check_drift(target: Target) -> Outcome:
    """Compare our document with the one that a server publishes of itself; only reads.

    Returns what differs. Raises TargetError where the server publishes none, DocumentError where
    it cannot be understood.
    """
    started = time.monotonic()
    url, document = fetch_document(target)
    return replace(compare_document(document, url), seconds=time.monotonic() - started)


def fetch_document(target: Target) -> tuple[str, Mapping[str, Any]]:
    """Where a server's document is, and the document. Raises TargetError where there is none."""
    answers = []
    for url in _candidate_urls(target.url):
        answer = target.get_url(url)
        if answer.status != 200:
            answers.append(f"GET {url} answered {answer}")
            continue
        try:
            return url, parse_document(answer.body, url)
        except DocumentError as error:  # a page: a server's UI answers any path with its own
            answers.append(str(error))
    raise TargetError(
        f"{'; '.join(answers)}. A server publishes its document as /openapi.json; if this one "
        "does not, give `check_drift` a file instead"
    )


def _candidate_urls(url: str) -> Sequence[str]:
    """Where the document of an API can be: beside the API, at the root, below the API."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    folders = (path.rpartition("/")[0], "", path)
    return [parts._replace(path=f"{at}/openapi.json").geturl() for at in dict.fromkeys(folders)]


def compare_document(document: Mapping[str, Any], source: str) -> Outcome:
    """Compare our document with another, which was read from `source`, a URL or a file.

    Returns what the other says differently of the operations that ours has: one finding a schema
    and field. Raises DocumentError where it cannot be understood.
    """
    started = time.monotonic()
    ours = openapi.document()
    comparison = Comparison(ours, require_openapi(document, source))
    mine, others = operations_by_key(ours), operations_by_key(document)
    path_prefix = find_path_prefix(mine, others)
    theirs = strip_path_prefix(others, path_prefix)
    for key, operation in mine.items():
        if key in theirs:
            compare_operations(comparison, operation, theirs[key])
        else:
            change = Change(
                ChangeKind.REMOVED, str(operation), "operation", "is not in the document"
            )
            comparison.add_change(change, Side.REQUEST)
    expected = () if _title(document) == _title(ours) else KNOWN_DRIFT
    inspect_command = partial(_inspect_command, source=source, path_prefix=path_prefix)
    findings = list(
        _findings(comparison, expected, _operations_by_component(mine.values()), inspect_command)
    )
    shared = len(mine.keys() & theirs.keys())
    return Outcome(
        VERB,
        findings[:MAX_FINDINGS],
        holds=_passed_sentences(comparison, shared, len(mine), _described(document)),
        notes=list(_notes(mine, others, path_prefix, shared, len(findings))),
        counts={
            "operations compared": shared,
            "parts compared": len(comparison.compared),
            "differences": len(comparison.changes),
            "differences that a client notices": sum(
                _breaks(change, sides) for change, sides in comparison.changes.items()
            ),
        },
        seconds=time.monotonic() - started,
    )


def _title(document: Mapping[str, Any]) -> object:
    info = document.get("info")
    return info.get("title") if isinstance(info, Mapping) else None


def _described(document: Mapping[str, Any]) -> str:
    info = document.get("info")
    fields = info if isinstance(info, Mapping) else {}
    return to_single_line(
        f"{fields.get('title', 'a document')} {fields.get('version', '')}".strip(), 100
    )


def _findings(
    comparison: Comparison,
    expected: Sequence[KnownDrift],
    users: Mapping[str, Sequence[str]],
    inspect_command: Callable[[Change], str],
) -> Iterator[Finding]:
    """What is new, worst first; then what is known, and what is known and does not show."""
    changes = comparison.changes
    unknown = [change for change in changes if not any(known.covers(change) for known in expected)]
    for group in _group_changes(
        sorted(unknown, key=lambda change: not _breaks(change, changes[change]))
    ):
        change = group[0]
        more = f" and {len(group) - 1} more" if len(group) > 1 else ""
        places = "\n".join(to_single_line(one.subject) for one in group)
        yield Finding(
            VERB,
            change.kind.value,
            f"{to_single_line(change.subject)}{more}",
            f"{change.description}: {_describe_impacts(change, changes[change])}",
            evidence=places if more else _used_by_text(change, users),
            curl=inspect_command(change),
            times=len(group),
        )
    for known in expected:
        shown = [change for change in changes if known.covers(change)]
        unchanged_subjects = comparison.compared - {change.subject for change in shown}
        gone = [one for one in known.subjects if one in unchanged_subjects]
        if shown:
            found = _known_drift_finding(known, Verdict.KNOWN, [change.subject for change in shown])
            yield replace(found, curl=inspect_command(shown[0]))
        if gone:
            yield replace(
                _known_drift_finding(known, Verdict.GONE, gone),
                sentence=f"no longer shows: {known.sentence}",
            )


def _group_changes(changes: Sequence[Change]) -> Collection[Sequence[Change]]:
    """The same change of the same part of several operations, such as a header, is one."""
    groups: dict[object, list[Change]] = {}
    for change in changes:
        method, _, rest = change.subject.partition(" ")
        part = rest.partition(" ")[2] if method.isupper() else ""
        key = (part, change.kind, change.aspect, change.description) if part else change
        groups.setdefault(key, []).append(change)
    return groups.values()


def _known_drift_finding(known: KnownDrift, verdict: Verdict, places: Sequence[str]) -> Finding:
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return Finding(
        VERB,
        known.kind.value,
        f"{places[0]}{more}",
        known.sentence,
        verdict,
        deviation=known.id,
        evidence="\n".join(places),
        times=len(places),
    )


def _client_impacts(change: Change, sides: Collection[Side]) -> list[ClientImpact]:
    return [client_impact(change, side) for side in Side if side in sides]


def _breaks(change: Change, sides: Collection[Side]) -> bool:
    return any(one.is_breaking for one in _client_impacts(change, sides))


def _describe_impacts(change: Change, sides: Collection[Side]) -> str:
    """Who notices, on each side it shows on."""
    return "; ".join(dict.fromkeys(one.description for one in _client_impacts(change, sides)))


def _operations_by_component(ours: Collection[Operation]) -> Mapping[str, Sequence[str]]:
    """Which operations use a component, by its name."""
    components = openapi.document()["components"]["schemas"]
    needs = {name: _referenced_components(schema) for name, schema in components.items()}
    users: dict[str, list[str]] = {}
    for operation in ours:
        pending, seen = _referenced_components(operation.node), set[str]()
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending |= needs[name]
        for name in seen:
            users.setdefault(name, []).append(str(operation))
    return users


def _referenced_components(node: Any) -> set[str]:
    return set(_REFERENCE.findall(json.dumps(node, default=str)))


def _used_by_text(change: Change, users: Mapping[str, Sequence[str]]) -> str:
    using = users.get(re.split(r"[.\[ ]", change.subject)[0], ())
    return f"used by {', '.join(using)}" if using else ""


def _inspect_command(change: Change, source: str, path_prefix: str) -> str:
    """A command line that shows what the other document says there."""
    name = re.split(r"[.\[]", change.subject)[0]
    if change.aspect == "operation":
        query = ".paths | keys"
    elif " /" in change.subject:
        method, path = change.subject.split(" ")[:2]
        query = f".paths[{json.dumps(path_prefix + path)}].{method.lower()}"
    else:
        query = f".components.schemas[{json.dumps(name.partition(' ')[0])}]"
    shown = shlex.join(["jq", query])
    if re.match(r"https?://", source):
        return f"{shlex.join(['curl', '-sS', source])} | {shown}"
    return f"{shown} {shlex.quote(source)}"


def _passed_sentences(
    comparison: Comparison, shared: int, known: int, described: str
) -> Sequence[str]:
    if not shared:
        return ()
    different = {change.subject for change in comparison.changes}
    unchanged = len(comparison.compared - different)
    return (
        f"{shared} of the {known} operations of {openapi.FILE_NAME} are in {described}",
        f"{unchanged:,} of {len(comparison.compared):,} schemas, fields, parameters and replies "
        "are as we say",
    )


def _notes(
    mine: Mapping[str, Operation],
    others: Mapping[str, Operation],
    path_prefix: str,
    shared: int,
    findings: int,
) -> Iterator[str]:
    extra_operations = [
        str(others[key])
        for key in others.keys() - {f"{_with_path_prefix(k, path_prefix)}" for k in mine}
    ]
    runs = sorted(to_single_line(one) for one in extra_operations if "/flow_runs" in one)
    if extra_operations:
        named = f"; of flow runs: {', '.join(runs[:20])}" if runs else ""
        are = "operation more is" if len(extra_operations) == 1 else "operations more are"
        yield f"{len(extra_operations)} {are} not compared: ours has none of that kind{named}"
    if path_prefix:
        yield f"its paths begin with {to_single_line(path_prefix)}"
    if not shared:
        yield "none of its paths is one of ours: is it the document of a Prefect server?"
    if findings > MAX_FINDINGS:
        yield f"{findings - MAX_FINDINGS:,} findings more are not shown"


def _with_path_prefix(key: str, path_prefix: str) -> str:
    method, _, path = key.partition(" ")
    return f"{method} {path_prefix}{path}"
