"""Schedules with the dates that Prefect's own classes give for them.

tests/data/schedule-dates.json has the cases of `make_cases` and the dates of two releases, which
stand for all: 3.9.1 counts otherwise than those before it. measure/record_schedule_dates.py asks
for what it lacks.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from tests.support.paths import DATA

Json = dict[str, Any]
FILE = DATA / "schedule-dates.json"
ASKED = ("3.9.0", "3.9.1")
"""The last release before a change of dates, and the first with it."""

_ZONES = (
    *(None, "", "UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"),
    *("Africa/Casablanca", "Pacific/Apia", "Asia/Kathmandu", "America/Sao_Paulo", "Europe/Dublin"),
)
# Around changes of clocks in those zones, leap days and ends of months, and in between.
_STARTS = (
    *("2026-01-01T00:00:00Z", "2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z"),
    *("2026-03-28T12:00:00+01:00", "2026-03-29T01:00:00Z", "2026-10-25T00:30:00Z"),
    *("2026-10-25T01:15:30.5Z", "2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z"),
    *("2026-04-04T14:45:00Z", "2026-10-03T15:10:00Z", "2026-02-14T01:30:00Z"),
    *("2011-12-29T20:00:00Z", "2018-11-03T12:00:00-03:00", "2017-02-18T23:30:00Z"),
    *("2024-02-28T23:59:59.999999Z", "2026-06-30T22:15:01Z", "2040-03-24T00:00:00Z"),
)
_ANCHORS = (
    *("2020-01-01T00:00:00Z", "2026-01-01T02:30:00-05:00", "2025-10-26T02:30:00+02:00"),
    *("2024-02-29T23:45:30.25Z", "1970-01-01T00:00:00Z", "2026-12-31T12:00:00+13:45"),
    *("1901-05-05T02:10:00Z", "2030-03-10T02:30:00-05:00", "2017-10-14T03:00:00Z"),
)
_INTERVALS = (
    *(1, 60, 90, 900, 1800, 3600, 5400, 21600, 43200, 86400, 86401, 90000, 0.5, 0.1),
    *(172800, 604800, 129600, 2592000, 31536000, 1e-06, 5e9),
)
_CRONS = (
    *("* * * * *", "*/15 * * * *", "0 * * * *", "30 2 * * *", "0 2 * * *", "0,30 1-3 * * *"),
    *("0 0 * * *", "59 23 31 * *", "0 0 29 2 *", "0 12 1 * 1", "0 0 13 * fri", "0 9 * * mon-fri"),
    *("0 0 l * *", "0 0 1,l * *", "0 0 * * 5#1", "0 0 1 * 5#1", "0 0 * * l5", "0 0 1 * l5,*"),
    *("0 0 * * mon#2,wed#5", "@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@MIDNIGHT"),
    *("5/20 */6 * * *", "0 22-3 * * *", "0 0 1-7 * */2", "0 0 * * 5-1", "0 0 * nov-feb/2 *"),
    *("0 0 ? * ?", "*/7 0 * * * *", "0 0 * * * 15", "0 0 * * * */20", "0 0 1 1 * 0 2030"),
    *("0 0 * * * 0 2026-2027", "0 0 1 1 * 0 2000", "0 0 31 2 *", "0 0 31 4,6 *", "0 0 * * 7"),
    *("10-10 3 * * *", "0 0 31 1-12/2 *", "0 3 */10 * *", "0 0 29-l * *", "0 0 * 2 1#5"),
    *("1,2,3 4 */1 * 0", "30 1 * * sun", "0 0 29 2 1", "15 10 ? * mon-fri/2", "0 0 30 * * 7"),
    *("0 0 l 2 *", "*/1 */1 */1 */1 */1", "0-59 5 1-31 * 2", "0 0 1-31/1 1 0-6", "0 0 28,l * *"),
    *("0 0 * * 5#3,1", "0 0 * * l0", "0 0 1 */5 *", "0 0 5-5 * *", "0 0 10 * sat-sun"),
    *("0 0 * * sun-tue#1", "59 59 23 31 12 *", "0 0 * 12-2 *", "55-5 * * * *", "0 23-1/2 * * *"),
)
_RRULES = (
    *("FREQ=DAILY", "FREQ=HOURLY", "FREQ=MINUTELY;INTERVAL=7", "FREQ=SECONDLY;INTERVAL=45"),
    *("FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY", "FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;COUNT=5"),
    *("FREQ=WEEKLY;BYDAY=MO,WE,FR", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU"),
    *("FREQ=MONTHLY;BYDAY=1FR", "FREQ=MONTHLY;BYDAY=-1SU,2MO", "FREQ=MONTHLY;BYMONTHDAY=31"),
    *("FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
    *("FREQ=YEARLY;BYMONTH=3,11;BYDAY=1SU", "FREQ=YEARLY;BYDAY=20MO", "FREQ=YEARLY;BYWEEKNO=1,53"),
    *("FREQ=YEARLY;BYYEARDAY=1,-1,60", "FREQ=YEARLY;BYEASTER=0,1", "FREQ=YEARLY;BYMONTHDAY=13"),
    *("FREQ=DAILY;BYMONTH=3,10", "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=30", "FREQ=HOURLY;BYHOUR=1,2,3"),
    *("FREQ=HOURLY;INTERVAL=5;BYMINUTE=0,30", "FREQ=MINUTELY;INTERVAL=20;BYHOUR=2"),
    *("FREQ=DAILY;BYDAY=MO;BYMONTHDAY=1,2,3", "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29"),
    *("FREQ=DAILY;UNTIL=20260310T120000", "FREQ=MONTHLY;COUNT=100;BYMONTHDAY=15,30"),
    *("FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2", "FREQ=WEEKLY;BYSETPOS=2;BYDAY=MO,TU,WE"),
    *("DTSTART:20260101T023000\nFREQ=DAILY", "DTSTART:20251026T013000\nRRULE:FREQ=HOURLY"),
    *("DTSTART:20240131T120000\nRRULE:FREQ=MONTHLY", "DTSTART:20200229T000000\nFREQ=YEARLY"),
    "DTSTART:20250101T000000\nRRULE:FREQ=MINUTELY;INTERVAL=7;COUNT=3000",
    "DTSTART:20270101T000000\nRRULE:FREQ=WEEKLY;BYDAY=SA",
    "DTSTART:20260101T093000\nRRULE:FREQ=DAILY\nEXDATE:20260102T093000,20260329T093000",
    "DTSTART:20260101T020000\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY;BYDAY=SU",
    "DTSTART:20260101T020000\nRDATE:20260308T023000,20261025T023000,20300101T000000",
    "DTSTART:20260101T020000\nRRULE:FREQ=MONTHLY\nRRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=29",
    "DTSTART:20260105T080000\nRRULE:FREQ=WEEKLY;INTERVAL=2\nRDATE:20260107T080000",
    *("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO", "FREQ=SECONDLY;INTERVAL=7;BYMINUTE=30;BYHOUR=2"),
    *("FREQ=YEARLY;BYMONTH=6;BYSETPOS=1,-1;BYDAY=TU,TH", "FREQ=HOURLY;INTERVAL=7;BYDAY=SU"),
    *("FREQ=DAILY;INTERVAL=10;BYDAY=MO", "FREQ=MONTHLY;INTERVAL=5;BYDAY=-1FR;BYHOUR=2;BYMINUTE=30"),
    *("FREQ=DAILY;BYHOUR=1,2,3;BYSETPOS=-1", "FREQ=WEEKLY;BYHOUR=0,12;BYDAY=SU,MO;BYSETPOS=1,-1"),
)


# What chance is unlikely to meet: both sides of a change of the clock, and croniter's quirks.
_CHANGE_STARTS = (
    *("2026-03-08T06:59:59.5Z", "2026-03-08T07:20:00Z", "2026-11-01T05:00:00Z"),
    *("2026-11-01T05:45:00.25Z", "2026-11-01T06:20:00Z", "2026-11-01T06:59:59Z"),
)
_CHANGE_CRONS = (
    *("15,30,45 2 * * *", "0,30 * * * *", "30 1 * * *", "*/20 1-3 * * *", "0 * * * * */1800"),
    *("* * * * * *", "59 1-2 * * * 59"),
)
_QUIRKS = (
    *("0 0 1,31 * *", "0 0 30,1 * *", "0 0 31,l * *", "0 0 31 2 1", "0 0 29,30 2-3 *"),
    *("0 0 * * 1-3#1", "0 0 15 * l1,l2", "0 0 1-30,l * 1", "0 0 */1 * 1-2", "0 0 ? 2 0-6"),
    *("30-10/25 * * * *", "0 20-4/3 * * *", "0 0 25-5/4 * *", "* * * * * 0 2099", "0 0 30 2 * 0 *"),
)


class ScheduleCase(NamedTuple):
    """A schedule, what is asked of it, and its dates in each release of `ASKED`.

    Dates are texts; one that names an error comes last where Prefect's code raises it.
    """

    schedule: Json
    n: int
    start: str
    end: str | None
    dates: tuple[list[str], ...] = ()


def make_cases() -> list[ScheduleCase]:
    """The cases that were asked: each schedule with some zones and starts, always the same ones."""
    return list(_cases(random.Random(30)))  # noqa: S311 - no secret


def _cases(chance: random.Random) -> Iterator[ScheduleCase]:
    def asked(schedule: Json) -> ScheduleCase:
        start = chance.choice(_STARTS)
        return ScheduleCase(
            {**schedule, "timezone": chance.choice(_ZONES)},
            chance.choice((1, 4, 6)),
            start,
            chance.choice((None, None, f"{int(start[:4]) + 1}{start[4:]}")),
        )

    for cron, _ in product(_CRONS, range(4)):
        yield asked({"cron": cron, "day_or": chance.random() < 0.6})
    for interval, anchor in product(_INTERVALS, _ANCHORS):
        yield asked({"interval": interval, "anchor_date": anchor})
    for rule, _ in product(_RRULES, range(4)):
        case = asked({"rrule": rule})
        # Prefect's class takes "" for no zone, which the name of a zone cannot be here.
        zone = case.schedule["timezone"] or "UTC"
        yield case._replace(schedule={**case.schedule, "timezone": zone})
    yield from _odd_cases()


def _odd_cases() -> Iterator[ScheduleCase]:
    new_york = {"timezone": "America/New_York"}
    for start, cron in product(_CHANGE_STARTS, _CHANGE_CRONS):
        yield ScheduleCase({"cron": cron, **new_york}, 5, start, None)
    for start, interval in product(_CHANGE_STARTS, (600, 1800, 3600, 86_400, 90_000)):
        counted = {"interval": interval, "anchor_date": "2026-02-28T02:30:00-05:00"}
        yield ScheduleCase({**counted, **new_york}, 5, start, None)
    for start, rule in product(_CHANGE_STARTS, ("MINUTELY;INTERVAL=15", "DAILY", "HOURLY")):
        text = f"DTSTART:20260215T023000\nFREQ={rule}"
        yield ScheduleCase({"rrule": text, **new_york}, 5, start, None)
    for cron, start, day_or in product(_QUIRKS, ("2026-02-02T01:00:00Z", _STARTS[-1]), (0, 1)):
        yield ScheduleCase({"cron": cron, "day_or": bool(day_or)}, 4, start, None)
    for most in (0, -1):
        yield ScheduleCase({"cron": "0 0 * * *"}, most, _STARTS[0], None)


@cache
def recorded_cases() -> list[ScheduleCase]:
    """The cases of the file, with the dates that were recorded."""
    return [ScheduleCase(*case) for case in json.loads(FILE.read_bytes())]
