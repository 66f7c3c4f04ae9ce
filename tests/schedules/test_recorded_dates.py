"""Each schedule has the dates that Prefect's own classes gave for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mockserver.errors import RefusedRequest, ServerFailure, TooLarge
from mockserver.schedules import (
    CronDates,
    Effort,
    IntervalDates,
    RuleDates,
    Wanted,
    is_cron,
    parse_cron,
)
from tests.support.schedule_cases import ASKED, ScheduleCase, make_cases, recorded_cases

# Of rules that never match, the real classes look through all years.
_END = datetime(9999, 1, 1, tzinfo=UTC)


def found_dates(case: ScheduleCase, *, newer: bool) -> list[str]:
    """The dates of a case, with the word that is recorded for an error last."""
    dates: list[str] = []
    if not is_cron(case.schedule.get("cron", "@daily")):
        return ["ValidationError"]
    try:
        for date in _dates_of(case, newer=newer):
            dates.append(str(date))  # noqa: PERF401 - an error may follow
    except TooLarge:
        pass  # Prefect looks on up to the year 9999
    except RefusedRequest as refusal:
        dates.append("CroniterBadDateError" if "find next date" in str(refusal) else "ValueError")
    return dates


def _dates_of(case: ScheduleCase, *, newer: bool) -> Iterator[datetime]:
    end = datetime.fromisoformat(case.end) if case.end else _END
    wanted = Wanted(datetime.fromisoformat(case.start), end, case.n, Effort())
    zone = case.schedule.get("timezone")
    match case.schedule:
        case {"interval": seconds, "anchor_date": anchor}:
            by_interval = IntervalDates(
                timedelta(seconds=seconds),
                datetime.fromisoformat(anchor),
                "UTC" if zone is None else zone,
            )
            return by_interval.find(wanted, by_calendar=newer)
        case {"cron": text}:
            cron = parse_cron(text)
            assert cron is not None
            by_cron = CronDates(cron, zone or "UTC", case.schedule.get("day_or", True))
            return by_cron.find(wanted, skipped_later=newer)
    return RuleDates(case.schedule["rrule"], zone).find(wanted)


@pytest.mark.parametrize("newer", [False, True], ids=ASKED)
def test_dates_are_those_of_prefect(newer: bool) -> None:
    """Of intervals, cron expressions and rules, in time zones, around changes of the clock."""
    differences = [
        f"{case[:4]}\n  Prefect: {expected}\n  here: {found}"
        for case in recorded_cases()
        for expected in [case.dates[-1 if newer else 0]]
        if (found := found_dates(case, newer=newer)) != expected
    ]
    assert not differences, f"{len(differences)} differ:\n" + "\n".join(differences[:10])


def test_the_cases_are_those_that_were_asked() -> None:
    """A case that is added is asked of both releases."""
    made = [json.loads(json.dumps(case[:4])) for case in make_cases()]
    assert made == [list(case[:4]) for case in recorded_cases()]
    assert all(1 <= len(case.dates) <= len(ASKED) for case in recorded_cases())


def test_an_error_of_a_server_is_told() -> None:
    """A zone that there is not."""
    nowhere = IntervalDates(timedelta(days=1), _END, "Nowhere/City")
    with pytest.raises(ServerFailure, match="Invalid timezone 'Nowhere/City'"):
        nowhere.find(Wanted(_END, _END, 1, Effort()), by_calendar=True)
