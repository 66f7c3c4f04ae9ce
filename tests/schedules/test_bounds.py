"""However a schedule is written, its dates cost no more than a bounded effort."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mockserver.errors import ServerFailure, TooLarge
from mockserver.schedules import (
    CronDates,
    Effort,
    IntervalDates,
    RuleDates,
    Wanted,
    parse_cron,
)

START = datetime(2026, 3, 6, 12, tzinfo=UTC)
LATE = datetime(9990, 1, 1, tzinfo=UTC)
NEW_YORK = "America/New_York"


def wanted(most: int = 5_000, start: datetime = START) -> Wanted:
    """Many dates, until the last of all years."""
    return Wanted(start, datetime(9998, 1, 1, tzinfo=UTC), most, Effort())


def by_cron(text: str, **more: bool) -> Iterator[datetime]:
    """The dates of a cron expression."""
    cron = parse_cron(text)
    assert cron is not None
    return CronDates(cron, "UTC", **more).find(wanted(), skipped_later=True)


def by_interval(
    seconds: float, anchor: datetime, start: datetime = START, zone: str = NEW_YORK
) -> Iterator[datetime]:
    """The dates of an interval."""
    schedule = IntervalDates(timedelta(seconds=seconds), anchor, zone)
    return schedule.find(wanted(start=start), by_calendar=True)


def by_rule(text: str) -> Iterator[datetime]:
    """The dates of a recurrence rule."""
    return RuleDates(text, "UTC").find(wanted())


@pytest.mark.parametrize(
    "find",
    [
        lambda: by_cron("0 0 29 2 5", day_or=False),
        lambda: by_interval(86_400, datetime(1, 1, 2, tzinfo=UTC)),
        lambda: by_interval(86_400, START, LATE),
        lambda: by_rule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31"),
        lambda: by_rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31"),
        lambda: by_rule("DTSTART:00010101T000000\nFREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=31"),
        lambda: by_rule("DTSTART:00010101T000000\nFREQ=SECONDLY;BYHOUR=3;BYSECOND=7;BYDAY=MO"),
        lambda: by_rule("DTSTART:19700101T000000\nFREQ=SECONDLY;COUNT=100000000"),
        lambda: by_rule("FREQ=YEARLY;BYSETPOS=-1;BYHOUR=1,2,3;BYMINUTE=" + ",".join("123456789")),
        lambda: by_rule("RRULE:FREQ=DAILY;BYWEEKNO=53\n" * 400),
    ],
)
def test_a_search_that_takes_too_long_is_given_up(find: object) -> None:
    """Rare dates, starts in the year 1, rules that never match, counts of millions."""
    assert callable(find)
    with pytest.raises(TooLarge, match="more than 14,000 days and times"):
        list(find())


@pytest.mark.parametrize("text", ["0 0 31 2 *", "0 0 31 2 1", "* * * * * 0 2000"])
def test_a_cron_expression_without_dates_fails(text: str) -> None:
    """As on a real server, after 50 years; one of day and weekday that is never is enough."""
    with pytest.raises(ServerFailure, match="failed to find next date"):
        list(by_cron(text))


@pytest.mark.parametrize(
    "find",
    [
        lambda: by_cron("* * * * *"),
        lambda: by_interval(1e-6, datetime(1970, 1, 1, tzinfo=UTC)),
        lambda: by_interval(86_400, LATE),
        lambda: by_rule("DTSTART:00010101T000000\nFREQ=SECONDLY"),
        lambda: by_rule("DTSTART:00010101T000000\nFREQ=HOURLY"),
    ],
)
def test_dates_long_after_the_beginning_are_found(find: object) -> None:
    """A thousand of them: as many as Prefect looks at."""
    assert callable(find)
    found = list(find())
    assert len(found) == 1_002
    assert START <= found[0] <= START + timedelta(days=1)


def test_the_date_after_the_year_9999_fails() -> None:
    """As on a real server."""
    late = datetime(9999, 12, 30, tzinfo=UTC)
    schedule = IntervalDates(timedelta(days=1), late, "UTC")
    ever = Wanted(late, late + timedelta(days=1.5), 9, Effort())
    with pytest.raises(OverflowError):
        list(schedule.find(ever, by_calendar=True))
