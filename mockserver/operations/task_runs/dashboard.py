"""How many task runs have succeeded and failed, in each part of a span of time."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from ...errors import OutOfBounds, ServerFailure
from ...filters import ONE_OF, AllOf, Comparison
from ...prefect import TERMINAL_STATES, StateType, to_utc
from ...requests import DashboardCountsRequest
from ...store import to_microseconds
from .. import Context, Outcome, compile_body_filters, task_runs_predicate

PARTS = 20  # Prefect: api/ui/task_runs.py, read_dashboard_task_run_counts
_FAILED = (StateType.CRASHED, StateType.FAILED)
_ENDED = Comparison("state_type", ONE_OF, TERMINAL_STATES)


def count_by_time(context: Context, body: DashboardCountsRequest) -> Outcome:
    """Count the ended task runs that all filters match, in equal parts of the time they began in.

    A filter on their states has no effect. Raises OutOfBounds for a filter without a first time;
    raises as filters on task runs, and ServerFailure where a real server fails.
    """
    began = body.task_runs.start_time
    if began is None or began.after_ is None:
        raise OutOfBounds("task_runs.start_time.after_ is required")
    database = context.dialect.undocumented_5xx
    if database is not None and body.work_pools is not None:  # a query that joins no queues
        raise ServerFailure("a filter on work pools", retryable=database.retryable)
    any_state = body.task_runs.model_copy(update={"state": None})
    body = body.model_copy(update={"task_runs": any_state})
    predicate, warnings = compile_body_filters(context, body, task_runs_predicate, 0)
    bounds = _bounds(began.after_, began.before_ or context.now)
    counts = [{"completed": 0, "failed": 0} for _ in range(PARTS)]
    for index, members in context.store.task_run_matches(AllOf((predicate, _ENDED))):
        failed = index.value_index("state_type").one_of(set(_FAILED)).within(None)
        times = index.time_index("start_time")
        for count, (start, end) in zip(counts, pairwise(bounds), strict=True):
            found = members & (times.before(end) - times.before(start))
            count["failed"] += len(found & failed)
            count["completed"] += len(found - failed)
    return Outcome(counts, warnings=warnings)


def _bounds(after: datetime, before: datetime) -> list[int]:
    """When each part begins, and the last one ends: whole minutes, in microseconds since 1970."""
    start = to_utc(after).replace(second=0, microsecond=0)
    end = to_utc(before).replace(second=59, microsecond=999_999)
    width = max(end - start, timedelta(0)) / PARTS
    first = to_microseconds(start)
    return [first + place * (width // timedelta(microseconds=1)) for place in range(PARTS)] + [
        max(to_microseconds(end), first)
    ]
