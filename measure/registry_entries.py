"""What to write into the registry after a release was measured: Python to paste and complete."""

from __future__ import annotations

import json
from collections.abc import Iterator

from measure.differences import Comparison, Difference, group_by_sort
from measure.probes import ENTRIES
from mockserver.prefect.changes import Change
from mockserver.prefect.deviations import DATABASES, Deviation
from mockserver.prefect.releases import RELEASES
from tests.support.endpoint_requests import GROUPS

_NO_BODY = "(no body)"


def describe_entries(comparison: Comparison) -> Iterator[str]:
    """The lines that tell which entries to add or to end."""
    release, before = comparison.release, comparison.before
    if release not in RELEASES:
        yield "Add to RELEASES in mockserver/prefect/releases.py, at its end:"
        yield f'    "{release}",'
    changed = {one.key for one in comparison.differences if one.kind == "probes"}
    for entry in ENTRIES:
        if entry.id in changed:
            yield ""
            yield from _about_entry(entry, release, before)
    smallest = [group[0] for group in group_by_sort(comparison.differences)]
    others = [one for one in smallest if one.kind not in ("probes", "server")]
    known = [entry.id for entry in ENTRIES if _says(entry, release, before)]
    if others and known:
        yield ""
        yield f"The registry has for {release}: {', '.join(known)}."
        yield "If they explain all of the differences above, nothing is to be added."
    elif others:
        yield ""
        yield "Add to CHANGES in mockserver/prefect/changes.py what these differences show, or to"
        yield "DEVIATIONS in mockserver/prefect/deviations.py if the document says otherwise:"
        for one in others:
            yield from _template(one, release, before)


def _says(entry: Deviation | Change, release: str, before: str) -> bool:
    """Whether an entry says that a release is the first to do otherwise."""
    if isinstance(entry, Change):
        return entry.since == release
    return entry.until == before or entry.since == release


def _about_entry(entry: Deviation | Change, release: str, before: str) -> Iterator[str]:
    """What a changed answer to the request of an entry means for the entry."""
    if _says(entry, release, before):
        yield f"{entry.id}: changed with {release}, as its entry says."
    elif isinstance(entry, Change):
        yield f"{entry.id}: its request is answered otherwise since {release}. Read the answers"
        yield "above: if it is the same rule that changed again, add another Change since then."
    else:
        yield f"{entry.id}: its request is answered otherwise since {release}. If the server does"
        yield "now what the document says, end the Deviation in mockserver/prefect/deviations.py:"
        yield f'        until="{before}",'


def _template(one: Difference, release: str, before: str) -> Iterator[str]:
    """An entry to complete."""
    endpoint, body = _request_of(one)
    yield "    Change("
    yield f'        "id-in-a-few-words",  # {one.kind}: {one.sort}'
    yield f'        "{release}",'
    yield f'        "what {before} does, in a sentence",'
    yield f'        "what {release} does, in a sentence",'
    yield f"        {body!r},"
    yield f'        endpoint="{endpoint}",'
    if one.databases != DATABASES:
        yield f"        databases={one.databases!r},"
    yield "    ),"


def _request_of(one: Difference) -> tuple[str, str]:
    """The endpoint and the body of the smallest request that shows a difference."""
    if one.kind == "endpoints":
        group, _, place = one.key.rpartition("/")
        request = GROUPS[group][int(place)]
        path = request.path.replace("<run>", "{id}")
        body = _NO_BODY if request.body is ... else request.body
        return f"{request.method} {path}", body if isinstance(body, str) else _json(body)
    if one.kind == "transitions":
        return "POST /flow_runs/{id}/set_state", one.key
    method, path, *rest = one.request.replace(", ", " ", 1).split(" ", 2)
    return f"{method} {path}", rest[0] if rest else _NO_BODY


def _json(body: object) -> str:
    return repr(body) if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False)
