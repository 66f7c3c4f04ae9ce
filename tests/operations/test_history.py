"""The history of flow runs: its intervals, exact in Python, and before that as a database had them.

Real servers on SQLite of the releases 3.8.5 and 3.8.6 gave each of their answers; those of
PostgreSQL were given by 3.6.22 and 3.8.8, to these requests or to such as differ in their times.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from mockserver.errors import OutOfBounds, ServerFailure
from mockserver.operations import Context
from mockserver.operations.history import history
from mockserver.prefect.dialects import SPEC, Dialect, dialect_for
from mockserver.prefect.records import FlowRun, State, StateType
from mockserver.requests.query_bodies import HistoryRequest
from mockserver.store.base import Base
from mockserver.store.store import Store

OLDER_SQLITE, OLDER_POSTGRESQL = dialect_for("sqlite", "3.8.5"), dialect_for("postgresql", "3.8.5")
SQLITE, POSTGRESQL = dialect_for("sqlite", "3.8.6"), dialect_for("postgresql", "3.8.6")
EXACT = (SPEC, SQLITE, POSTGRESQL, OLDER_POSTGRESQL)
NOW = datetime.fromisoformat("2026-01-31T12:00:00Z")
REFUSED = {"name": {"any_": ["\0"]}}  # by PostgreSQL, which takes no NUL
FIRST_INSTANT, LAST_INSTANT = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"


def ask(
    dialect: Dialect,
    start: str,
    end: str,
    seconds: float,
    runs: Sequence[FlowRun] = (),
    **filters: Any,
) -> list[dict[str, Any]]:
    body = {"history_start": start, "history_end": end, "history_interval_seconds": seconds}
    request = HistoryRequest.model_validate({**body, **filters}, context={"now": NOW})
    context = Context(Store(Base(runs)), dialect, NOW, lambda: "")
    answer: list[dict[str, Any]] = history(context, request).value
    return answer


def edges(dialect: Dialect, start: str, end: str, seconds: float) -> list[str]:
    """The start of each interval and the end of the last, as what comes after the hour."""
    intervals = ask(dialect, start, end, seconds)
    for one, following in pairwise(intervals):
        assert one["interval_end"] == following["interval_start"]
    moments = [one["interval_start"] for one in intervals]
    moments += [one["interval_end"] for one in intervals[-1:]]
    return [moment.isoformat()[14:].removesuffix("+00:00") for moment in moments]


@pytest.mark.parametrize(
    ("start", "end", "seconds", "exact", "older_sqlite"),
    [
        # SQLite rounds the start, half a millisecond up, and adds in whole milliseconds.
        ("00.1235", "02", 1,
         ["00:00.123500", "00:01.123500", "00:02.123500"], ["00:00.123500", "00:01.124000",
                                                           "00:02.124000"]),
        ("00.123499", "01", 1,
         ["00:00.123499", "00:01.123499"], ["00:00.123499", "00:01.123000"]),
        # And the interval.
        ("00", "02", 1.0005,
         ["00:00", "00:01.000500", "00:02.001000"], ["00:00", "00:01.001000", "00:02.002000"]),
        ("00", "02", 1.0004,
         ["00:00", "00:01.000400", "00:02.000800"], ["00:00", "00:01", "00:02"]),
        # So that there can be one interval less, or more.
        ("00.9995", "03", 1,
         ["00:00.999500", "00:01.999500", "00:02.999500", "00:03.999500"],
         ["00:00.999500", "00:02", "00:03"]),
        ("00.0004", "02.0003", 1,
         ["00:00.000400", "00:01.000400", "00:02.000400"],
         ["00:00.000400", "00:01", "00:02", "00:03"]),
        # Its first interval does not depend on the end.
        ("01", "01", 1, [], ["00:01", "00:02"]),
        ("02", "01", 1, [], ["00:02", "00:03"]),
    ],
)  # fmt: skip
def test_intervals(
    start: str, end: str, seconds: float, exact: list[str], older_sqlite: list[str]
) -> None:
    """To the microsecond, but for SQLite before Prefect 3.8.6."""
    asked = (f"2026-01-01T00:00:{start}Z", f"2026-01-01T00:00:{end}Z", seconds)
    for dialect in EXACT:
        assert edges(dialect, *asked) == exact
    assert edges(OLDER_SQLITE, *asked) == older_sqlite


@pytest.mark.parametrize("dialect", [*EXACT, OLDER_SQLITE], ids=lambda dialect: dialect.name)
def test_there_are_at_most_500_intervals(dialect: Dialect) -> None:
    """The history then ends before its end."""
    assert len(ask(dialect, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", 3600)) == 500


def outcome(dialect: Dialect, start: str, end: str, seconds: float, **filters: Any) -> int | str:
    """The number of intervals, or how the request is refused."""
    try:
        return len(ask(dialect, start, end, seconds, **filters))
    except ServerFailure as failure:
        return "503" if failure.retryable else "500"
    except OutOfBounds:
        return "422"


@pytest.mark.parametrize(
    ("start", "end", "seconds", "sqlite", "older_sqlite", "older_postgresql"),
    [
        # SQLite subtracted the interval from the end.
        ("2026-01-01T00:00:00Z", "0001-01-01T00:00:01Z", 2, 0, "500", 0),
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", 7e10, 1, "500", 1),
        # It had an interval past the end of the calendar.
        ("9999-12-31T23:59:59Z", "2026-01-01T00:00:00Z", 60, 0, "500", 0),
        ("9999-12-31T00:00:00Z", "9999-12-31T23:00:00Z", 86_400, "500", "500", "500"),
        # Times that have no equal in UTC could not be sent.
        ("9999-12-31T23:59:59-00:01", "2026-01-01T00:00:00Z", 60, 0, "500", "503"),
        ("2026-01-01T00:00:00Z", "9999-12-31T23:59:59-00:01", 60, 500, "500", "503"),
        ("2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00Z", 60, "500", "500", "503"),
        # asyncpg sends these two as infinities.
        (FIRST_INSTANT, "0001-01-01T00:01:00Z", 60, 1, 1, "500"),
        ("9999-12-31T23:00:00Z", LAST_INSTANT, 1.5, 500, 500, 500),
        ("9999-12-31T23:59:57.999999Z", LAST_INSTANT, 1, 2, "500", "500"),
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", 0.5, "422", "422", "422"),
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", 1e300, "500", "500", "500"),
    ],
)  # fmt: skip
def test_the_ends_of_the_calendar(
    start: str,
    end: str,
    seconds: float,
    sqlite: int | str,
    older_sqlite: int | str,
    older_postgresql: int | str,
) -> None:
    """Each database failed at others before Prefect 3.8.6; since then Python decides for both."""
    assert outcome(SQLITE, start, end, seconds) == sqlite
    assert outcome(POSTGRESQL, start, end, seconds) == sqlite
    assert outcome(OLDER_SQLITE, start, end, seconds) == older_sqlite
    assert outcome(OLDER_POSTGRESQL, start, end, seconds) == older_postgresql


def test_the_document_has_a_calendar_too() -> None:
    """What a real server fails at is refused."""
    assert outcome(SPEC, "9999-12-31T00:00:00Z", "9999-12-31T23:00:00Z", 86_400) == "422"


@pytest.mark.parametrize(("seconds", "newer", "older"), [(1, "500", "503"), (0.5, "422", "422")])
def test_a_database_that_has_the_intervals_refuses_a_filter_first(
    seconds: float, newer: str, older: str
) -> None:
    """Here one past the end of the calendar."""
    times = ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.5Z", seconds)
    assert outcome(POSTGRESQL, *times, flow_runs=REFUSED) == newer
    assert outcome(OLDER_POSTGRESQL, *times, flow_runs=REFUSED) == older


def test_a_history_without_intervals_asks_no_database() -> None:
    """Since Prefect 3.8.6; before, PostgreSQL was asked, and SQLite had an interval."""
    times = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", 1)
    assert outcome(POSTGRESQL, *times, flow_runs=REFUSED) == 0
    assert outcome(OLDER_POSTGRESQL, *times, flow_runs=REFUSED) == "503"


def counts(dialect: Dialect, expected: str) -> list[int]:
    """How many runs are in each of two intervals of a second from 00:00.0004 on, of one run."""
    run = FlowRun(
        id="3c90c3cc-0d44-4b50-8888-8dd25736052a",
        name="one",
        state=State(StateType.SCHEDULED, "Scheduled"),
        expected_start_time=datetime.fromisoformat(f"2026-01-01T00:00:{expected}+00:00"),
    )
    found = ask(dialect, "2026-01-01T00:00:00.0004Z", "2026-01-01T00:00:02Z", 1, [run])
    return [sum(state["count_runs"] for state in one["states"]) for one in found]


@pytest.mark.parametrize(
    ("expected", "exact", "sqlite", "older_sqlite"),
    [
        ("00.000400", [1, 0], [1, 0], [1, 0]),
        ("00.000399", [0, 0], [0, 0], [0, 0]),
        ("00.999999", [1, 0], [0, 1], [1, 0]),
        ("01.000399", [1, 0], [0, 1], [0, 1]),
        ("01.000400", [0, 1], [0, 1], [0, 1]),
    ],
)
def test_a_run_at_an_edge(
    expected: str, exact: list[int], sqlite: list[int], older_sqlite: list[int]
) -> None:
    """SQLite rounded the edges at first, and now rounds the times that it compares with them."""
    for dialect in (SPEC, POSTGRESQL, OLDER_POSTGRESQL):
        assert counts(dialect, expected) == exact
    assert counts(SQLITE, expected) == sqlite
    assert counts(OLDER_SQLITE, expected) == older_sqlite
