"""The same as the pages tell, as values that JSON can hold.

`version` grows when a key is removed or changes its meaning; new keys keep it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..prefect import DATABASES, RELEASES, FlowRun
from .comparison_pages import requests_headline
from .release_differences import Difference, ReleaseComparison, ReleaseFacts, list_differences
from .release_pages import releases_headline
from .request_comparison import RequestComparison, RequestDifference, SomeRuns
from .request_meaning import Meaning, Refusal

VERSION = 1


def all_releases_value(databases: tuple[str, ...] = DATABASES) -> dict[str, Any]:
    """All releases, and what each changed on some of the databases."""
    differences = list_differences(databases)
    return {
        "version": VERSION,
        "databases": list(databases),
        "releases": [
            {
                "release": release,
                "changes": _differences(one for one in differences if one.release == release),
            }
            for release in RELEASES
        ],
    }


def release_value(facts: ReleaseFacts) -> dict[str, Any]:
    """One release: the deviations that it has, what it changed, what comes next."""
    return {
        "version": VERSION,
        "release": facts.release,
        "measured": facts.measured,
        "databases": list(facts.databases),
        "deviations": [
            {
                "id": one.id,
                "document": one.document,
                "server": one.server,
                "endpoint": one.endpoint,
                "request": one.request,
                "databases": list(one.databases),
                "since": one.since,
                "until": one.until,
            }
            for one in facts.deviations
        ],
        "changes": _differences(facts.changed),
        "next": _differences(facts.next),
    }


def comparison_value(
    releases: ReleaseComparison, requests: RequestComparison | None = None
) -> dict[str, Any]:
    """What differs between two releases and, if there are any, for a user's requests."""
    headline = (
        releases_headline(releases) if requests is None else requests_headline(releases, requests)
    )
    return {
        "version": VERSION,
        "before": releases.before.release,
        "after": releases.after.release,
        "database": releases.before.database,
        "headline": headline,
        "fails": bool(requests and requests.mattering),
        "changes": _differences(releases.differences),
        "requests": None if requests is None else _requests(requests),
    }


def _differences(differences: Iterable[Difference]) -> list[dict[str, Any]]:
    return [
        {
            "id": one.id,
            "kind": one.kind.value,
            "release": one.release,
            "databases": list(one.databases),
            "before": one.before,
            "since": one.after,
            "document": one.document,
            "endpoint": one.endpoint,
            "request": one.request,
        }
        for one in differences
    ]


def _requests(requests: RequestComparison) -> dict[str, Any]:
    return {
        "total": requests.total,
        "same": requests.same,
        "unfiltered": requests.unfiltered.count,
        "refused": requests.refused.count,
        "not_compared": dict(requests.skipped),
        "flow_runs": requests.runs,
        "differing": [_request(one) for one in requests.differences],
    }


def _request(one: RequestDifference) -> dict[str, Any]:
    before_count, after_count = one.counts or (None, None)
    return {
        "places": list(one.places),
        "times": one.times,
        "endpoint": one.endpoint.title,
        "body": one.message.body.decode(errors="replace"),
        "fails": one.matters,
        "before": _meaning(one.before, before_count),
        "after": _meaning(one.after, after_count),
        "added": _runs(one.added),
        "removed": _runs(one.removed),
        "causes": [cause.id for cause in one.causes],
    }


def _meaning(meaning: Meaning | Refusal, count: int | None) -> dict[str, Any]:
    is_refused = isinstance(meaning, Refusal)
    return {
        "condition": None if is_refused else str(meaning),
        "refusal": str(meaning) if is_refused else None,
        "flow_runs": count,
    }


def _runs(runs: SomeRuns | None) -> dict[str, Any] | None:
    """The number of runs, and the first of them, up to a bound."""
    if runs is None:
        return None
    return {"count": runs.count, "first": [_run(run) for run in runs.first]}


def _run(run: FlowRun) -> dict[str, Any]:
    state = run.state
    return {
        "id": run.id,
        "name": run.name,
        "state_type": state and state.type.value,
        "state_name": state and state.name,
    }
