"""Scheduled runs of deployments: deleted when a deployment changes, and polled for by runners."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from ...filters import (
    AT_OR_AFTER,
    AT_OR_BEFORE,
    NONE_OF,
    ONE_OF,
    AllOf,
    Comparison,
    Predicate,
)
from ...prefect import Deployment, StateType
from ...requests import MAX_PAGE_LIMIT
from ...requests.objects import DeploymentPollRequest
from .. import Context, Deletion, Outcome, delete_matching, flow_run_reply, sort_by
from .settings import stored_time, with_settings

_SCHEDULED = Comparison("state_type", ONE_OF, frozenset({StateType.SCHEDULED}))
_MICROSECOND = timedelta(microseconds=1)


def drop_scheduled_runs(
    context: Context, deployment_id: str, *, future: bool = False
) -> Deletion | None:
    """Delete runs that a schedule of a deployment made and that wait for their first start.

    `future`: only those that are not due yet. Returns None where there are none.
    """
    parts: list[Predicate] = [
        waiting_runs([deployment_id]),
        Comparison("auto_scheduled", ONE_OF, frozenset({True})),
    ]
    if future:
        later = context.now + _MICROSECOND
        parts.append(Comparison("next_scheduled_start_time", AT_OR_AFTER, later))
    deletion = delete_matching(context, AllOf(tuple(parts)))
    return deletion if deletion.deleted else None


def waiting_runs(deployment_ids: Iterable[str]) -> Predicate:
    """Which runs of deployments wait for their first start."""
    # Prefect: models/deployments.py, _delete_scheduled_runs.
    return AllOf(
        (
            Comparison("deployment_id", ONE_OF, frozenset(deployment_ids)),
            _SCHEDULED,
            Comparison("state_name", NONE_OF, frozenset({"AwaitingConcurrencySlot"})),
            Comparison("run_count", ONE_OF, frozenset({0})),
        )
    )


def get_scheduled_flow_runs(context: Context, body: DeploymentPollRequest) -> Outcome:
    """List the runs of deployments that are due, the one that is due first first.

    A runner polls so: the deployments become ready.
    """
    found = map(context.store.deployments.get, dict.fromkeys(body.deployment_ids))
    deployments = list(filter(None, found))
    ids = frozenset(one.id for one in deployments)
    parts: list[Predicate] = [Comparison("deployment_id", ONE_OF, ids), _SCHEDULED]
    if body.scheduled_before is not None:
        before = body.scheduled_before
        parts.append(Comparison("next_scheduled_start_time", AT_OR_BEFORE, before))
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    order = sort_by(context, "NEXT_SCHEDULED_START_TIME_ASC")
    runs = context.store.page(AllOf(tuple(parts)), order, 0, limit)
    mark_ready(context, deployments)
    return Outcome([flow_run_reply(run, context.store, context.now) for run in runs])


def mark_ready(context: Context, deployments: Iterable[Deployment]) -> None:
    """Mark deployments as ready, and as polled now; when they were updated stays the same."""
    # A task of the server does it after the reply (Prefect: mark_deployments_ready).
    polled = stored_time(context.now)
    for deployment in deployments:
        ready = with_settings(deployment, status="READY", last_polled=polled)
        context.store.deployments.put(ready)
