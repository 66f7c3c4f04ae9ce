"""What a release answers otherwise than the release before it, and how to say so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from measure.answers import canonical
from measure.probes import ENTRIES
from mockserver.prefect.deviations import DATABASES
from mockserver.prefect.releases import release_key
from tests.support import object_requests
from tests.support.endpoint_requests import GROUPS
from tests.support.list_cases import load_cases
from tests.support.recorded_answers import (
    KINDS,
    Answers,
    asked_releases,
    load_filter_data,
    load_request_data,
    recorded_answers,
)
from tests.support.transition_cases import cases

Json = Any
_MAX_SHOWN = 600  # characters of an answer


@dataclass(frozen=True)
class Difference:
    """A case that a release answers otherwise than the one before, on some databases.

    `sort` says what kind of difference it is, so that those of a sort are told together.
    """

    kind: str
    key: str
    request: str
    before: Json
    after: Json
    databases: tuple[str, ...] = DATABASES

    @property
    def sort(self) -> str:
        """Where it is, and what became of what."""
        return _SORTS[self.kind](self)


@dataclass(frozen=True)
class Comparison:
    """How a release differs from the one before it: `counts` has, by database and kind, how many of
    how many cases differ."""

    release: str
    before: str
    counts: Mapping[str, Mapping[str, tuple[int, int]]]
    differences: Sequence[Difference]


def group_by_sort(differences: Iterable[Difference]) -> list[list[Difference]]:
    """The differences of each sort, the one with the shortest request first."""
    sorts: dict[tuple[str, str], list[Difference]] = {}
    for one in differences:
        sorts.setdefault((one.kind, one.sort), []).append(one)
    return [sorted(group, key=lambda one: len(one.request)) for group in sorts.values()]


def compare_with_previous(
    release: str, databases: Iterable[str], kinds: Iterable[str] = KINDS
) -> Comparison | None:
    """Compare a release with the newest older one that was asked; None if there is none."""
    before = previous_release(release)
    if before is None:
        return None
    counts: dict[str, dict[str, tuple[int, int]]] = {}
    found: dict[tuple[str, str], list[Difference]] = {}
    for database in databases:
        counts[database] = {}
        for kind in kinds:
            if release not in asked_releases(kind, database):
                continue
            differing = list(find_differences(kind, before, release, database))
            asked = len(recorded_answers(kind, release, database))
            counts[database][kind] = len(differing), asked
            for one in differing:
                found.setdefault((kind, one.key), []).append(one)
    return Comparison(release, before, counts, [*_merged(found.values())])


def previous_release(release: str) -> str | None:
    """The newest release before one, of those that were asked on any database."""
    asked = {
        one for kind in KINDS for database in DATABASES for one in asked_releases(kind, database)
    }
    older = [one for one in asked if release_key(one) < release_key(release)]
    return max(older, key=release_key, default=None)


def _merged(found: Iterable[Sequence[Difference]]) -> Iterator[Difference]:
    """One difference for all databases that have it."""
    for same in found:
        yield replace(same[0], databases=tuple(db for one in same for db in one.databases))


def find_differences(kind: str, before: str, after: str, database: str) -> Iterator[Difference]:
    """The cases of a kind that two releases answer differently on a database."""
    older, newer = (recorded_answers(kind, release, database) for release in (before, after))
    return compare_answers(kind, older, newer, database)


def compare_answers(
    kind: str, older: Answers, newer: Answers, database: str
) -> Iterator[Difference]:
    """The cases of a kind whose answers differ. A case that only one has is not compared."""
    for key, answer in newer.items():
        if key in older and canonical(older[key]) != canonical(answer):
            yield Difference(kind, key, _REQUESTS[kind](key), older[key], answer, (database,))


# The request of a case, as a line.


def _filter_request(key: str) -> str:
    return f"POST /flow_runs/filter {_dump(_filter_body(key))}"


def _filter_body(key: str) -> Json:
    return {"flow_runs": load_filter_data()["cases"][int(key)]["flow_runs"]}


def _raw_request(key: str) -> str:
    case = load_request_data()[int(key)]
    body = case.get("body", f"{case.get('body_base64')} (base64)")
    return f"POST /flow_runs/bulk_delete, {case['content_type'] or 'no content type'}: {body}"


def _endpoint_request(key: str) -> str:
    group, _, place = key.rpartition("/")
    return str({**GROUPS, **object_requests.GROUPS}[group][int(place)])


def _transition_request(key: str) -> str:
    case = cases()[key]
    steps = " ".join(f"{step.method} {step.path} {_dump(step.body)};" for step in case.steps)
    return f"{key}: {_dump(case.runs)} {steps}"


def _list_request(key: str) -> str:
    case = load_cases()["cases"][int(key)]
    return f"POST {case['path']} {_dump(case['body'])}"


def _probe_request(key: str) -> str:
    return next((f"{key}: {one.endpoint} {one.request}" for one in ENTRIES if one.id == key), key)


_REQUESTS: Mapping[str, Callable[[str], str]] = {
    "filters": _filter_request,
    "requests": _raw_request,
    "endpoints": _endpoint_request,
    "objects": _endpoint_request,
    "transitions": _transition_request,
    "lists": _list_request,
    "server": lambda key: key,
    "probes": _probe_request,
}


def _dump(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


# What became of what.


def _sort_of_selection(one: Difference) -> str:
    if not isinstance(one.before, list) or not isinstance(one.after, list):
        return f"{_shown(one.before)} became {_shown(one.after)}"
    before, after = set(one.before), set(one.after)
    if before == after:
        return "the same flow runs in another order"
    if before < after:
        return "more flow runs"
    return "fewer flow runs" if after < before else "other flow runs"


def _sort_of_reply(one: Difference) -> str:
    before, after = one.before[0], one.after[0]
    where = " ".join(one.request.split()[:2]).rstrip(",")
    return f"{where}: {before} became {after}" if before != after else f"{where}: another {after}"


def _sort_of_transition(one: Difference) -> str:
    _, before, after = first_difference(one)
    was, is_now = _verdict(before), _verdict(after)
    if was != is_now:
        return f"{was} became {is_now}"
    return f"{was}, with another {', '.join(path for path, _, _ in differing_parts(before, after))}"


def differing_parts(before: Json, after: Json, path: str = "") -> Iterator[tuple[str, Json, Json]]:
    """The smallest parts in which two values differ: path, and both parts; None is no part."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            below = f"{path}.{key}" if path else key
            yield from differing_parts(before.get(key), after.get(key), below)
    elif canonical(before) != canonical(after):
        yield path, before, after


def first_difference(one: Difference) -> tuple[int, Json, Json]:
    """The first step whose outcomes differ: its number, 0 for the creation, and both outcomes."""
    for number, (before, after) in enumerate(zip(one.before, one.after, strict=False)):
        if before != after:
            return number, before, after
    return min(len(one.before), len(one.after)), None, None


def _verdict(outcome: Json) -> str:
    if not isinstance(outcome, dict):
        return "nothing" if outcome is None else str(outcome)
    reply = outcome.get("reply")
    status = reply.get("status", "") if isinstance(reply, dict) else ""
    return f"{outcome.get('http')} {status}".strip()


def _sort_of_list(one: Difference) -> str:
    where = " ".join(one.request.split()[:2])
    if isinstance(one.before, str) or isinstance(one.after, str):
        return f"{where}: {_shown(one.before)} became {_shown(one.after)}"
    return f"{where}: another answer"


_SORTS: Mapping[str, Callable[[Difference], str]] = {
    "filters": _sort_of_selection,
    "requests": _sort_of_reply,
    "endpoints": _sort_of_reply,
    "objects": _sort_of_reply,
    "transitions": _sort_of_transition,
    "lists": _sort_of_list,
    "server": lambda one: one.key,
    "probes": lambda one: one.key,
}


def _shown(value: Json) -> str:
    """An answer in a line."""
    text = value if isinstance(value, str) else _dump(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


# The report


def describe(comparison: Comparison) -> Iterator[str]:
    """The lines that tell a comparison: counts, then the smallest request of each sort."""
    release, before = comparison.release, comparison.before
    yield f"Prefect {release} after {before}"
    for database, kinds in comparison.counts.items():
        told = ", ".join(f"{kind} {differ} of {asked}" for kind, (differ, asked) in kinds.items())
        yield f"  {database}: {told} differ"
    yield from describe_differences(comparison.differences, before, release)


def describe_differences(
    differences: Iterable[Difference], before: str, after: str
) -> Iterator[str]:
    """The lines that tell differences; `before` and `after` name those who answered."""
    for group in group_by_sort(differences):
        smallest = group[0]
        databases = " and ".join(smallest.databases)
        yield ""
        yield f"{smallest.kind}: {len(group)} x {smallest.sort} ({databases}). The smallest:"
        yield f"  {_shown(smallest.request)}"
        old, new = smallest.before, smallest.after
        if smallest.kind == "transitions":
            number, *outcomes = first_difference(smallest)
            yield f"  step {number}:" if number else "  creation:"
            parts = [*differing_parts(*outcomes)]
            old, new = ({path: both[at] for path, *both in parts} for at in (0, 1))
        yield f"    {before}: {_shown(old)}"
        yield f"    {after}: {_shown(new)}"
