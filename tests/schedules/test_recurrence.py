"""Sets of recurrence rules, and rules without a zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mockserver.errors import ServerFailure
from mockserver.schedules import Effort, RuleDates, Wanted
from mockserver.schedules.recurrence import Span, rule_times
from mockserver.schedules.recurrence_rule import parse_rules

BEGIN, END = datetime(2026, 2, 10, 6), datetime(2027, 6, 1)


def test_a_set_has_the_times_of_rules_and_dates_but_for_the_excluded() -> None:
    """Each once."""
    text = (
        "DTSTART:20260210T080000\nRRULE:FREQ=DAILY;COUNT=4\nRRULE:FREQ=WEEKLY;COUNT=2\n"
        "RDATE:20260211T090000,20260101T000000\nEXDATE:20260212T080000\n"
        "EXRULE:FREQ=DAILY;INTERVAL=3;COUNT=2"
    )
    found = rule_times(parse_rules(text), Span(BEGIN, END, Effort()))
    assert [f"{one:%d %H}" for one in found] == ["11 08", "11 09", "17 08"]


def test_a_rule_without_a_zone_fails() -> None:
    """Like a real server, but only where it has a date."""
    wanted = Wanted(BEGIN.replace(tzinfo=UTC), END.replace(tzinfo=UTC), 1, Effort())
    with pytest.raises(ServerFailure, match="without a time zone"):
        list(RuleDates("FREQ=DAILY", None).find(wanted))
    assert not list(RuleDates("FREQ=DAILY;COUNT=3", None).find(wanted))
