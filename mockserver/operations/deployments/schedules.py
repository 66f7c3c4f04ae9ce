"""Schedules of deployments: made from bodies, and the endpoints about them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ...errors import Conflict, NotFound
from ...prefect import Deployment, Json, check_storable
from ...requests.objects import (
    IntervalSchedule,
    RRuleSchedule,
    Schedule,
    ScheduleCreate,
    SchedulesCreate,
    ScheduleUpdate,
)
from .. import CONFLICT, Context, Outcome
from .scheduled_runs import drop_scheduled_runs
from .settings import (
    Schedules,
    require_deployment,
    schedules_of,
    stored_time,
    with_schedules,
)

NOT_FOUND = "Deployment not found."  # unlike other operations, with a full stop
MICROSECOND = timedelta(microseconds=1)


def read_schedules(context: Context, deployment_id: str) -> Outcome:
    """List the schedules of a deployment, the one that was updated last first. Raises NotFound."""
    return Outcome(schedules_of(require_deployment(context, deployment_id, NOT_FOUND)))


def create_schedules(context: Context, deployment_id: str, body: SchedulesCreate) -> Outcome:
    """Add schedules to a deployment. Raises NotFound, and Conflict for a slug that is taken."""
    deployment = require_deployment(context, deployment_id, NOT_FOUND)
    detail = "Schedule slugs must be unique within a deployment."
    if not context.dialect.unique_violation_named:
        detail = CONFLICT
    made = new_schedules(context, deployment, body.root, bounded=True)
    kept = schedules_of(deployment)
    check_slugs([*kept, *made], detail)
    context.store.deployments.put(with_schedules(deployment, [*kept, *made]))
    return Outcome(made)


def update_schedule(
    context: Context, deployment_id: str, schedule_id: str, body: ScheduleUpdate
) -> Outcome:
    """Change a schedule, and delete the runs that it has scheduled. Raises NotFound, Conflict."""
    deployment = require_deployment(context, deployment_id, NOT_FOUND)
    schedules = schedules_of(deployment)
    changed = [
        changed_schedule(context, one, body) if one.get("id") == schedule_id else one
        for one in schedules
    ]
    if changed == schedules:
        raise NotFound("Schedule not found.")
    check_slugs(changed)
    deletion = drop_scheduled_runs(context, deployment_id, future=True)
    context.store.deployments.put(with_schedules(deployment, changed))
    return Outcome(None, deletion=deletion)


def delete_schedule(context: Context, deployment_id: str, schedule_id: str) -> Outcome:
    """Delete a schedule, and the runs that were scheduled automatically. Raises NotFound."""
    deployment = require_deployment(context, deployment_id, NOT_FOUND)
    schedules = schedules_of(deployment)
    kept = [one for one in schedules if one.get("id") != schedule_id]
    if len(kept) == len(schedules):
        raise NotFound("Schedule not found.")
    deletion = drop_scheduled_runs(context, deployment_id)
    context.store.deployments.put(with_schedules(deployment, kept))
    return Outcome(None, deletion=deletion)


def new_schedules(
    context: Context,
    deployment: Deployment,
    bodies: Iterable[ScheduleCreate],
    *,
    bounded: bool = False,
) -> Schedules:
    """The schedules that bodies describe, each a little later than the one before.

    `bounded`: with their `max_scheduled_runs`, which a real server drops from the schedules of a
    deployment that it creates or changes (Prefect: models/deployments.py, create_deployment).
    Raises ServerFailure for a slug that the dialect's database cannot hold.
    """
    return [
        {
            **_new_schedule(context, deployment.id, body, context.now + number * MICROSECOND),
            "max_scheduled_runs": body.max_scheduled_runs if bounded else None,
        }
        for number, body in enumerate(bodies)
    ]


def _new_schedule(
    context: Context, deployment_id: str, body: ScheduleCreate, created: datetime
) -> Json:
    check_storable(context.dialect, texts=(body.slug,), values=body.parameters)
    return {
        "id": context.new_id(),
        "created": stored_time(created),
        "updated": stored_time(created),
        "deployment_id": deployment_id,
        "schedule": _stored_schedule(context, body.schedule),
        "active": body.active,
        "parameters": body.parameters,
        "slug": body.slug,
    }


def changed_schedule(context: Context, schedule: Json, body: ScheduleUpdate) -> Json:
    """A schedule with the changes of a body; null is no change.

    Raises ServerFailure for a slug that the dialect's database cannot hold.
    """
    # Prefect: models/deployments.py, update_deployment_schedule: `exclude_none`, and not
    # `exclude_unset`, so that parameters which are not given become empty.
    check_storable(context.dialect, texts=(body.slug,), values=body.parameters)
    given = {
        "active": body.active,
        "schedule": None if body.schedule is None else _stored_schedule(context, body.schedule),
        "max_scheduled_runs": body.max_scheduled_runs,
        "parameters": body.parameters,
        "slug": body.slug,
    }
    changes = {key: value for key, value in given.items() if value is not None}
    return {**schedule, **changes, "updated": stored_time(context.now)}


def check_slugs(schedules: Iterable[Json], detail: str = CONFLICT) -> None:
    """Raise Conflict with that detail where two schedules have the same slug."""
    slugs = [one["slug"] for one in schedules if one.get("slug") is not None]
    if len(set(slugs)) < len(slugs):
        raise Conflict(detail)


def _stored_schedule(context: Context, schedule: Schedule) -> dict[str, Any]:
    """A schedule as replies show it."""
    if isinstance(schedule, IntervalSchedule):
        anchor = schedule.anchor_date or context.now
        return {
            "interval": schedule.interval,
            "anchor_date": anchor.isoformat().replace("+00:00", "Z"),
            "timezone": "UTC" if schedule.timezone is None else schedule.timezone,
        }
    if isinstance(schedule, RRuleSchedule):
        rule = schedule.rrule
        if context.dialect.rrule_anchored:
            rule = anchored_rrule(rule, context.now, schedule.timezone)
        return {"rrule": rule, "timezone": schedule.timezone}
    return schedule.model_dump()


_FIRST_ANCHOR = datetime(2020, 1, 1)  # a time of the wall clock, as in a rule


def anchored_rrule(rule: str, now: datetime, timezone: str | None) -> str:
    """A recurrence rule with a start: 2020, or a recent one of the same phase for short periods."""
    # Prefect: _internal/schemas/validators.py, normalize_rrule_string.
    if "DTSTART" in rule.upper():
        return rule
    anchor = _FIRST_ANCHOR
    period = _short_period(rule)
    if period:
        # As dateutil's gettz, which knows no unknown zone, and takes none for UTC.
        wall_clock = now.astimezone(_zone(timezone)).replace(tzinfo=None)
        elapsed = max(0, int((wall_clock - anchor).total_seconds()))
        anchor += timedelta(seconds=elapsed // period * period)
    return f"DTSTART:{anchor:%Y%m%dT%H%M%S}\n{rule}"


_PERIODS = {"SECONDLY": 1, "MINUTELY": 60}  # in seconds


def _zone(name: str | None) -> Any:
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):
        return UTC


def _short_period(rule: str) -> int:
    """Seconds between the times of a rule of seconds or minutes without an end; 0 for others."""
    from dateutil.rrule import rrule, rrulestr  # type: ignore[import-untyped]

    parsed = rrulestr(rule, dtstart=_FIRST_ANCHOR)
    if not isinstance(parsed, rrule):
        return 0
    # What dateutil tells of a rule is its text: "RRULE:FREQ=MINUTELY;INTERVAL=5".
    parts = dict(part.split("=") for part in str(parsed).rpartition(":")[2].split(";"))
    if "COUNT" in parts:
        return 0
    return _PERIODS.get(parts["FREQ"], 0) * int(parts.get("INTERVAL", 1))
