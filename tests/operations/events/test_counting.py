"""Events are counted as on a real server, Prefect 3.9.1 on SQLite, where they were sent, too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mockserver.errors import ServerFailure
from mockserver.events import EventLog
from mockserver.operations.context import Context
from mockserver.operations.events.counting import count_events
from mockserver.operations.events.receiving import create_events
from mockserver.prefect.dialects import Dialect, dialect_for
from mockserver.requests.objects import CountedEvents, EventCountRequest, Events
from mockserver.store.base import Base
from mockserver.store.store import Store

NOW = datetime(2026, 11, 28, 20, tzinfo=UTC)  # a Saturday
SQLITE, POSTGRESQL = dialect_for("sqlite", "3.9.1"), dialect_for("postgresql", "3.9.1")
NAME = "prefect.resource.name"


def event(place: int, name: str, resource: str, occurred: str, **labels: str) -> dict[str, Any]:
    return {
        "occurred": occurred,
        "event": name,
        "resource": {"prefect.resource.id": resource, **labels},
        "id": f"44444444-0000-4000-8000-{place:012}",
    }


SENT = [
    event(1, "a.x", "r.1", "2026-11-20T08:00:00Z", **{NAME: "One"}),
    event(2, "a.x", "r.1", "2026-11-20T09:30:00.75Z", **{NAME: "Uno"}),
    event(3, "b.y", "r.2", "2026-11-20T09:30:00Z", **{"prefect.name": "Two"}),
    event(4, "b.y", "r.3", "2026-11-21T00:00:00Z"),
    event(5, "a.x", "r.2", "2026-11-21T23:59:59.999999Z"),
    event(6, "c.z", "r.4", "2026-11-23T12:00:00Z", **{NAME: "Alpha", "prefect.name": "Beta"}),
    event(7, "d", "r.5", "2026-11-23T12:00:00.2Z", **{NAME: "Uno"}),
]
FOUR_DAYS = ("2026-11-20T00:00:00Z", "2026-11-24T00:00:00Z")


def ask(
    countable: str,
    since: str,
    until: str,
    unit: str = "day",
    interval: float = 1,
    dialect: Dialect = SQLITE,
    sent: list[dict[str, Any]] = SENT,
    **filters: Any,
) -> list[dict[str, Any]]:
    context = Context(Store(Base([])), dialect, NOW, lambda: "", events=EventLog())
    create_events(context, Events.model_validate(sent))
    body = {
        "filter": {"occurred": {"since": since, "until": until}, **filters},
        "time_unit": unit,
        "time_interval": interval,
    }
    counted = CountedEvents.model_validate({"countable": countable})
    found: list[dict[str, Any]]
    found = count_events(context, counted, EventCountRequest.model_validate(body)).value
    return found


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_names_come_in_order_of_their_numbers() -> None:
    """Each with its first and last event."""
    found = ask("event", *FOUR_DAYS)
    assert [(one["value"], one["label"], one["count"]) for one in found] == [
        *(("a.x", "a.x", 3), ("b.y", "b.y", 2), ("c.z", "c.z", 1), ("d", "d", 1))
    ]
    assert (found[0]["start_time"], found[0]["end_time"]) == (
        moment("2026-11-20T08:00:00Z"),
        moment("2026-11-21T23:59:59.999999Z"),
    )
    assert len(ask("event", *FOUR_DAYS, event={"prefix": ["a."]})) == 1


def test_a_resource_has_the_name_that_it_had_last() -> None:
    """That of its label prefect.resource.name, of prefect.name, or its id."""
    assert [(one["value"], one["label"], one["count"]) for one in ask("resource", *FOUR_DAYS)] == [
        ("r.1", "Uno", 2),
        ("r.2", "r.2", 2),
        ("r.4", "Alpha", 1),
        ("r.5", "Uno", 1),
        ("r.3", "r.3", 1),
    ]


@pytest.mark.parametrize("countable", ["day", "time"])
def test_the_last_moment_of_a_day_is_of_the_next_one_on_sqlite(countable: str) -> None:
    """Which rounds it to milliseconds; PostgreSQL does not. A day without events counts 0."""
    assert [one["count"] for one in ask(countable, *FOUR_DAYS)] == [3, 1, 1, 2]
    assert [one["count"] for one in ask(countable, *FOUR_DAYS, dialect=POSTGRESQL)] == [3, 2, 0, 2]


def test_spans_have_their_own_bounds() -> None:
    """They are parts of all time, whatever the filter begins with."""
    found = ask("time", "2026-11-20T08:00:00Z", "2026-11-20T10:00:00Z", "minute", 30)
    assert [one["count"] for one in found] == [1, 0, 0, 2]
    assert found[1] == {
        "value": "1",
        "label": "2026-11-20T08:30:00+00:00",
        "count": 0,
        "start_time": moment("2026-11-20T08:30:00Z"),
        "end_time": moment("2026-11-20T08:59:59.999999Z"),
    }
    found = ask("time", *FOUR_DAYS, "week", 0.3)
    assert [one["count"] for one in found] == [3, 2, 2]
    assert found[0]["label"] == "2026-11-18T19:12:00+00:00"


def test_sqlite_counts_by_whole_seconds() -> None:
    """Also where the spans are shorter."""
    seconds = ("2026-11-20T09:29:59.5Z", "2026-11-20T09:30:01.5Z", "second", 0.5)
    assert [one["count"] for one in ask("time", *seconds)] == [0, 2, 0, 0]
    assert [one["count"] for one in ask("time", *seconds, dialect=POSTGRESQL)] == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("until", "unit", "interval"),
    [("2026-11-21T08:00:00Z", "hour", 6), ("2026-11-23T23:00:00Z", "week", 1)],
)
def test_days_do_not_fit_into_other_spans(until: str, unit: str, interval: float) -> None:
    """A real server, too, looks for a number of days among the spans of the body, and fails."""
    with pytest.raises(ServerFailure, match="outside all spans"):
        ask("day", "2026-11-20T08:00:00Z", until, unit, interval)


@pytest.mark.parametrize(
    ("unit", "last"),
    [
        ("second", "2026-11-28T20:00:00Z"),
        ("minute", "2026-11-28T20:00:00Z"),
        ("hour", "2026-11-28T20:00:00Z"),
        ("day", "2026-11-28T00:00:00Z"),
        ("week", "2026-11-23T00:00:00Z"),  # a Monday
    ],
)
def test_spans_end_with_the_present_one(unit: str, last: str) -> None:
    """However far the filter goes."""
    since = "2026-11-28T19:59:00Z"
    found = ask("time", since, "2026-11-28T20:10:00Z", unit, sent=[])
    assert found[-1]["start_time"] == moment(last)
