"""The operation that makes the runs that the schedules of a deployment want."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

from ...errors import ServerFailure
from ...filters import ONE_OF, AllOf, Comparison
from ...prefect import CreatedBy, Deployment, FlowRun, Json, State, StateType, generate_name
from ...requests.objects import DeploymentScheduleRequest
from ...schedules import (
    CronDates,
    CronExpression,
    Effort,
    IntervalDates,
    RuleDates,
    Wanted,
    parse_cron,
)
from .. import Context, Outcome
from .settings import object_of, schedules_of, text_of

# Prefect's settings server.services.scheduler.
_MIN_RUNS, _MAX_RUNS = 3, 100
_MIN_TIME, _MAX_TIME = timedelta(hours=1), timedelta(days=100)
_STEPS_OF_A_RUN = 8  # to make a run takes as long as to look at so many days


class _Bounds(NamedTuple):
    """How many runs of a schedule are made: at least `least`, and until `until`, but no more than
    is wanted.
    """

    wanted: Wanted
    least: int
    start: datetime
    min_time: timedelta

    def until_enough(self, dates: Iterator[datetime]) -> Iterator[datetime]:
        """The dates up to the one with which both minimums are reached.

        Raises OverflowError, and ServerFailure for a start without an offset, which Prefect
        compares with a date once there are enough.
        """
        for number, date in enumerate(dates, 1):
            self.wanted.effort.spend(_STEPS_OF_A_RUN)
            yield date
            if number < self.least:
                continue
            if self.start.tzinfo is None:
                msg = "can't compare offset-naive and offset-aware datetimes"
                raise ServerFailure(msg, retryable=False)
            if date >= self.start + self.min_time:
                return


def schedule_deployment(
    context: Context, deployment_id: str, body: DeploymentScheduleRequest
) -> Outcome:
    """Make the runs that the active schedules of a deployment want in a span of time.

    A run that was made already is not made again. An unknown deployment has no schedules. Raises
    ServerFailure for a schedule or a time at which a real server fails, and TooLarge where the
    dates take too long to find.
    """
    # Prefect: models/deployments.py, schedule_runs.
    try:
        bounds = _bounds_of(context, body)
        deployment = context.store.deployments.get(deployment_id)
        runs = _wanted_runs(context, deployment, bounds) if deployment else []
    except (OverflowError, ValueError) as error:
        raise ServerFailure(str(error), retryable=False) from None
    made = _already_made(context, runs)
    for run in runs:
        if run.idempotency_key not in made:
            context.store.put(run)
    return Outcome(None)


def _bounds_of(context: Context, body: DeploymentScheduleRequest) -> _Bounds:
    start = context.now if body.start_time is None else body.start_time
    end = start + _MAX_TIME if body.end_time is None else body.end_time
    most = _MAX_RUNS if body.max_runs is None else body.max_runs
    wanted = Wanted(_with_offset(start), _with_offset(end), most, Effort())
    least = _MIN_RUNS if body.min_runs is None else body.min_runs
    min_time = _MIN_TIME if body.min_time is None else timedelta(seconds=body.min_time)
    return _Bounds(wanted, least, start, min_time)


def _with_offset(given: datetime) -> datetime:
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def _wanted_runs(context: Context, deployment: Deployment, bounds: _Bounds) -> list[FlowRun]:
    active = [one for one in schedules_of(deployment) if one.get("active") is True]
    return [
        run
        for schedule in active
        for run in _runs_of(
            context,
            deployment,
            schedule,
            bounds.until_enough(_dates_of(context, schedule, bounds.wanted)),
        )
    ]


def _dates_of(context: Context, schedule: Json, wanted: Wanted) -> Iterator[datetime]:
    """The dates of a schedule as replies show it; none where a seed gave one of another form."""
    match schedule.get("schedule"):
        case {"interval": int() | float() as seconds, "anchor_date": str(anchor), **more}:
            counted_from = _with_offset(datetime.fromisoformat(anchor))
            zone = _zone(more)
            by_interval = IntervalDates(
                timedelta(seconds=seconds), counted_from, "UTC" if zone is None else zone
            )
            return by_interval.find(wanted, by_calendar=context.dialect.intervals_by_calendar)
        case {"cron": str(text), **more} if cron := _parsed(text, wanted.effort):
            # No zone, and one without a name, is UTC.
            by_cron = CronDates(cron, _zone(more) or "UTC", more.get("day_or") is not False)
            return by_cron.find(wanted, skipped_later=context.dialect.cron_skipped_later)
        case {"rrule": str(text), **more}:
            return RuleDates(text, _zone(more)).find(wanted)
    return iter(())


def _parsed(text: str, effort: Effort) -> CronExpression | None:
    effort.spend(len(text))
    return parse_cron(text)


def _zone(schedule: Mapping[Any, Any]) -> str | None:
    zone = schedule.get("timezone")
    return zone if isinstance(zone, str) else None


def _already_made(context: Context, runs: list[FlowRun]) -> frozenset[str | None]:
    """The keys of these runs that runs in the store have."""
    if not runs:
        return frozenset()
    keys = frozenset(run.idempotency_key for run in runs)
    conditions = (
        Comparison("idempotency_key", ONE_OF, keys),
        Comparison("flow_id", ONE_OF, frozenset({runs[0].flow_id})),
    )
    return frozenset(run.idempotency_key for run in context.store.select(AllOf(conditions)))


def _runs_of(
    context: Context, deployment: Deployment, schedule: Json, dates: Iterator[datetime]
) -> Iterator[FlowRun]:
    """The runs of a deployment that a schedule wants at these dates, each in its first state."""
    # Prefect: models/deployments.py, _generate_scheduled_flow_runs. They are written into the
    # tables as they are: no rule of orchestration, no event, no template in the parameters.
    queue = context.store.work_queues.get(deployment.work_queue_id)
    schedule_id = str(schedule.get("id"))
    shared: dict[str, Any] = {
        "flow_id": deployment.flow_id,
        "tags": ("auto-scheduled", *deployment.tags),
        "deployment_id": deployment.id,
        "deployment_version": text_of(deployment, "version"),
        "work_queue_name": deployment.work_queue_name,
        "work_queue_id": deployment.work_queue_id,
        "work_pool_id": queue.work_pool_id if queue else None,
        "created_by": CreatedBy(schedule_id, "SCHEDULE", _name_of(schedule)),
        "created": context.now,
        "updated": context.now,
        "parameters": {**object_of(deployment, "parameters"), **_parameters_of(schedule)},
        "labels": _labels_of(deployment),
        "auto_scheduled": True,
        "infrastructure_document_id": text_of(deployment, "infrastructure_document_id"),
    }
    for date in dates:
        run_id, due = context.new_id(), date.astimezone(UTC)
        yield FlowRun(
            id=run_id,
            name=generate_name(run_id),
            idempotency_key=f"scheduled {deployment.id} {schedule_id} {date}",
            state=_first_state(context, date),
            expected_start_time=due,
            next_scheduled_start_time=due,
            **shared,
        )


def _parameters_of(schedule: Json) -> Json:
    given = schedule.get("parameters")
    return given if isinstance(given, Mapping) else {}


def _first_state(context: Context, date: datetime) -> State:
    # The time keeps the offset that it has in the schedule's zone. The id of the run is not set, as
    # no rule of orchestration is asked (Prefect: global_policy.py, UpdateStateDetails).
    at = date.astimezone(timezone(date.utcoffset() or timedelta()))
    return State(
        StateType.SCHEDULED,
        StateType.SCHEDULED.default_name,
        context.new_id(),
        context.now,
        "Flow run scheduled",
        details={"scheduled_time": at, "flow_run_id": None},
    )


def _labels_of(deployment: Deployment) -> Json:
    owners = {"prefect.flow.id": deployment.flow_id, "prefect.deployment.id": deployment.id}
    return {**deployment.labels, **owners}


_NAMES = {"interval": "IntervalSchedule", "cron": "CronSchedule", "rrule": "RRuleSchedule"}


def _name_of(schedule: Json) -> str | None:
    """The name of a schedule: its slug, else the class that Prefect has for it."""
    if schedule.get("slug"):
        return str(schedule["slug"])
    given = schedule.get("schedule") or {}
    return next((name for key, name in _NAMES.items() if key in given), None)
