"""Schedules in bodies: which cron expressions, rules, intervals and time zones are taken."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from mockserver.requests.objects.schedules import MAX_PARSED_RRULE, Schedule
from mockserver.schedules import is_cron
from mockserver.schedules.cron_expression import MAX_LENGTH

ADAPTER: TypeAdapter[Any] = TypeAdapter(Schedule)


def refusal(schedule: Any) -> str:
    with pytest.raises(ValidationError) as error:
        ADAPTER.validate_python(schedule)
    return str(error.value)


# As croniter of Prefect 3.9.1 takes them or not.
@pytest.mark.parametrize(
    "text",
    [
        *("* * * * *", "@daily", "@YEARLY", "0 0 1 jan *", "0 0 * * MON-FRI", "*/5 1-5/2 * * *"),
        *("0 0 l * *", "0 0 ? * *", "0 0 * * ?", "0 0 1-l * *", "5-1 * * * *", "0 0 * * 7"),
        *("0 0 * * 5#2", "0 0 * * mon#1,tue#2", "0 0 * * l5", "0 0 * * sun-sun", "0-0 * * * *"),
        *("* * * * * 30", "* * * * * * 2026", "10/5 * * * *", "* * 0,5-1 * * *", "* * 0-0 * *"),
        "0 0 * * mon-fri#2",
    ],
)
def test_cron_expressions_are_taken(text: str) -> None:
    """With five fields, six with seconds, seven with years."""
    assert is_cron(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "* * * *", "* * * * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *"),
        *("* * 32 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "a * * * *", "-1 * * * *"),
        *("1- * * * *", "*/a * * * *", "h * * * *", "? * * * *", "1? * * * *", "l * * * *"),
        *("* * * * 5#6", "* * * * 5#2,6", "* * * * x#1", "* * * * l9", "* * * * * 60"),
        *("* * * * * * 1969", "* * * * * * 1-5", "* * * * 7 *", "1,, * * * *", "1-60 * * * *"),
    ],
)
def test_other_texts_are_not(text: str) -> None:
    """Whatever their number of fields."""
    assert not is_cron(text)


def test_long_cron_expressions_are_refused() -> None:
    """They are not read at all."""
    assert not is_cron("1," * MAX_LENGTH + "1 * * * *")


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ({"cron": "x"}, 'Invalid cron string: "x"'),
        ({"cron": "* * * * *", "timezone": "Nope"}, 'Invalid timezone: "Nope" (specify in IANA'),
        ({"interval": 60, "timezone": "Nope"}, 'Invalid timezone: "Nope"'),
        ({"interval": 0}, "interval must be positive"),
        ({"interval": -1.5}, "interval must be positive"),
        ({"rrule": "x"}, 'Invalid RRule string "x"'),
        ({"rrule": "FREQ=DAILY", "timezone": "Nope"}, "String should match pattern"),
        ({"rrule": "FREQ=DAILY" + ";INTERVAL=1" * 700}, "Max length is 6500, got 7710"),
        ({"rrule": "x" * (MAX_PARSED_RRULE + 1)}, "Max length is 6500, got 100001"),
    ],
)
def test_other_schedules_are_refused(schedule: Any, told: str) -> None:
    """In the words of a real server."""
    assert told in refusal(schedule)


def test_a_rule_can_name_a_zone_within_a_text() -> None:
    """Prefect's pattern has no anchors."""
    assert ADAPTER.validate_python({"rrule": "FREQ=DAILY", "timezone": "in Europe/Berlin"})
    assert ADAPTER.validate_python({"rrule": "FREQ=DAILY", "timezone": None})


@pytest.mark.parametrize(("given", "seconds"), [(60, 60.0), ("PT1H", 3600.0), (0.5, 0.5)])
@pytest.mark.parametrize("strict", [True, False])
def test_an_interval_is_a_number_or_a_duration(given: Any, seconds: float, strict: bool) -> None:
    """Read as the document has it and as a real server does it, it is the same."""
    text = TypeAdapter(dict[str, Any]).dump_json({"interval": given})
    read = ADAPTER.validate_json(text, strict=strict)
    assert read.interval == seconds
