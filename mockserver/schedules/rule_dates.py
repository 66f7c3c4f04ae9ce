"""The dates of a schedule by a recurrence rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ..errors import ServerFailure
from .recurrence import Span, rule_times
from .recurrence_rule import parse_rules
from .wall_clock import at_first, load_zone, offset_of, wall_time
from .wanted import Wanted

_DAY = timedelta(days=1)
# python-dateutil 2, which Prefect needs, knows the changes of a clock that 32 bits can hold. After
# the last of them it is always standard time.
_LAST_YEAR = 2037


@dataclass(frozen=True, slots=True)
class RuleDates:
    """Dates by a recurrence rule, which is about the clock on the wall of a zone."""

    rule: str
    zone: str | None

    def find(self, wanted: Wanted) -> Iterator[datetime]:
        """Its dates that are wanted, in its zone.

        Raises TooLarge, ValueError for a rule that is none, and ServerFailure for a date where no
        zone is given.
        """
        # Prefect: RRuleSchedule._get_dates_generator.
        zone = load_zone(self.zone or "UTC")
        start, end = (wall_time(one.astimezone(zone)) for one in (wanted.start, wanted.end))
        wanted.effort.spend(len(self.rule))
        times = rule_times(parse_rules(self.rule), Span(start, end + _DAY, wanted.effort))
        dates = (self._date(one) for one in times)
        return wanted.choose(date for date in dates if date >= wanted.start)

    def _date(self, time: datetime) -> datetime:
        if self.zone is None:
            raise ServerFailure(
                "a recurrence rule without a time zone has no dates", retryable=False
            )
        zone = load_zone(self.zone)
        if time.year <= _LAST_YEAR:
            return at_first(time, zone)
        return (time - _standard_offset(zone)).replace(tzinfo=UTC).astimezone(zone)


def _standard_offset(zone: ZoneInfo) -> timedelta:
    """The offset of a zone when it does not save daylight."""
    winter, summer = (datetime(_LAST_YEAR, month, 1, tzinfo=zone) for month in (1, 7))
    return offset_of(winter if not winter.dst() else summer)
