"""Schedules of deployments in a body: by an interval, a cron expression or a recurrence rule."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Annotated, Any, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, RootModel, TypeAdapter, model_validator
from pydantic_core import PydanticKnownError

from ...filters import FAIL_FAST, InstantWithOffset, JsonNumber, json_integer, strict_union
from ...schedules import is_cron
from .. import Before, ClosedObject, JsonObject

# Prefect's setting server.deployment_schedule_max_scheduled_runs.
MAX_SCHEDULED_RUNS = 50
MAX_RRULE_LENGTH = 6_500  # Prefect: _internal/schemas/validators.py
MAX_PARSED_RRULE = 100_000
"""Characters of a recurrence rule that is parsed, although it is too long; a second's work."""


_DURATION = TypeAdapter(timedelta)


def _positive_seconds(interval: timedelta | float | str) -> float:
    # Strictly read, it is what the document has: a number, or the text of a duration.
    duration = _DURATION.validate_python(interval)
    if duration <= timedelta(0):
        raise ValueError("interval must be positive")
    return duration.total_seconds()


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _check_time_zone(name: str | None) -> None:
    if name and name not in _time_zones():
        raise ValueError(
            f'Invalid timezone: "{name}" (specify in IANA tzdata format, for example,'
            " America/New_York)"
        )


class IntervalSchedule(ClosedObject):
    """Runs at an interval in seconds, counted from an anchor; without one, from now."""

    interval: Annotated[
        timedelta, strict_union(JsonNumber | str), AfterValidator(_positive_seconds)
    ]
    anchor_date: InstantWithOffset = None  # type: ignore[assignment]  # not validated
    timezone: str | None = None

    @model_validator(mode="after")
    def validate_timezone(self) -> Self:  # errors have its name
        """Refuse an unknown time zone."""
        _check_time_zone(self.timezone)
        return self


def _check_cron(text: str) -> str:
    if not is_cron(text):
        raise ValueError(f'Invalid cron string: "{text}"')
    return text


class CronSchedule(ClosedObject):
    """Runs by a cron expression."""

    cron: Annotated[str, AfterValidator(_check_cron)]
    timezone: str | None = None
    day_or: bool = True

    @model_validator(mode="after")
    def validate_timezone(self) -> Self:  # errors have its name
        """Refuse an unknown time zone."""
        _check_time_zone(self.timezone)
        return self


def _check_rrule(text: str) -> str:
    # Imported late: few schedules have rules.
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

    if len(text) <= MAX_PARSED_RRULE:
        try:
            rrulestr(text)
        except ValueError as error:
            raise ValueError(f'Invalid RRule string "{text}": {error}') from None
    if len(text) > MAX_RRULE_LENGTH:
        raise ValueError(
            f'Invalid RRule string "{text[:40]}..."\nMax length is {MAX_RRULE_LENGTH}, '
            f"got {len(text)}"
        )
    return text


def _check_rrule_zone(name: str | None) -> str | None:
    # Prefect's pattern has no anchors: a name may have a time zone anywhere within it.
    if name is not None and not any(zone in name for zone in _time_zones()):
        raise PydanticKnownError("string_pattern_mismatch", {"pattern": "a time zone"})
    return name


class RRuleSchedule(ClosedObject):
    """Runs by an iCalendar recurrence rule."""

    rrule: Annotated[str, AfterValidator(_check_rrule)]
    timezone: Annotated[str | None, AfterValidator(_check_rrule_zone)] = "UTC"


Schedule = IntervalSchedule | CronSchedule | RRuleSchedule


def _check_max_runs(runs: int | None) -> int | None:
    if runs is not None and runs > MAX_SCHEDULED_RUNS:
        raise ValueError(
            f"`max_scheduled_runs` must be less than or equal to {MAX_SCHEDULED_RUNS}."
        )
    return runs


PositiveInteger = Annotated[int, json_integer(gt=0)]
MaxScheduledRuns = Annotated[PositiveInteger | None, AfterValidator(_check_max_runs)]


def _refuse_any(_value: Any) -> Any:
    raise PydanticKnownError("extra_forbidden")


_Forbidden = Annotated[Any, AfterValidator(_refuse_any)]


class ScheduleCreate(ClosedObject):
    """A schedule to create. `replaces` is the slug of one that it takes the place of."""

    active: bool = True
    schedule: Schedule
    max_scheduled_runs: MaxScheduledRuns = None
    parameters: JsonObject = {}
    slug: str | None = None
    replaces: str | None = None


class ScheduleUpdate(ClosedObject):
    """Changes of a schedule. Null is no change; parameters that are not given become empty."""

    active: bool | None = None
    schedule: Schedule | None = None
    max_scheduled_runs: MaxScheduledRuns = None
    parameters: JsonObject = {}
    slug: str | None = None
    replaces: Annotated[str | None, Before("schedule_replaces", _Forbidden)] = None


class OlderScheduleCreate(ScheduleCreate):
    """A schedule to create, before Prefect 3.6.17."""

    replaces: _Forbidden = None


class OlderScheduleUpdate(ScheduleUpdate):
    """Changes of a schedule, before Prefect 3.6.17."""

    replaces: _Forbidden = None


ScheduleCreates = Annotated[list[ScheduleCreate], FAIL_FAST]
OlderScheduleCreates = Annotated[list[OlderScheduleCreate], FAIL_FAST]
ScheduleUpdates = Annotated[list[ScheduleUpdate], FAIL_FAST]
OlderScheduleUpdates = Annotated[list[OlderScheduleUpdate], FAIL_FAST]


class SchedulesCreate(
    RootModel[Annotated[ScheduleCreates, Before("schedule_replaces", OlderScheduleCreates)]]
):
    """The body of /deployments/{id}/schedules: schedules to create."""
