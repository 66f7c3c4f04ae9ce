"""Reading and writing instants: RFC 3339, and the relative times of seeds."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.prefect.instants import (
    fits_utc_range,
    format_instant,
    is_rfc3339,
    parse_rfc3339,
    parse_seed_time,
    to_utc,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31T12:00:00Z", NOW),
        ("2026-01-31t12:00:00z", NOW),
        ("2026-01-31T13:30:00+01:30", NOW),
        ("2026-01-31T12:00:00.0000019Z", NOW.replace(microsecond=1)),
        ("2026-01-31T12:00:00.5Z", NOW.replace(microsecond=500_000)),
        ("1998-12-31T15:59:60.123-08:00", datetime(1999, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_date_time_is_read_as_its_instant(text: str, instant: datetime) -> None:
    """With any offset and in either case; a leap second is read as the next second."""
    assert parse_rfc3339(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-01-31 12:00:00Z",
        "2026-01-31T12:00Z",
        "2026-02-30T12:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:00:60Z",
        "9999-12-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00Z\n",
        "٢٠٢٦-01-31T12:00:00Z",
        "",
    ],
)
def test_another_text_is_not_a_date_time(text: str) -> None:
    """A date alone, no offset, a space, a day that does not exist, a leap second at noon, ..."""
    assert not is_rfc3339(text)
    with pytest.raises(ValueError, match=r"."):
        parse_rfc3339(text)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-1439, 1439))
def test_isoformat_is_read_back(moment: datetime, minutes: int) -> None:
    """What Python writes is read as the same instant, whatever its offset."""
    try:
        local = moment.astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:
        local = moment
    assert parse_rfc3339(local.isoformat()) == moment
    assert format_instant(moment) == moment.isoformat().replace("+00:00", "Z")


def test_an_instant_that_utc_cannot_hold_still_compares() -> None:
    """A time in the year 10000 in UTC is later than any other, and does not fit."""
    late = parse_rfc3339("9999-12-31T23:59:59-05:00")
    assert late > parse_rfc3339("9999-12-31T23:59:59.999999Z")
    assert not fits_utc_range(late)
    assert fits_utc_range(NOW)


def test_a_naive_time_is_utc() -> None:
    """Where a time without an offset is allowed, it is taken as UTC."""
    assert to_utc(NOW.replace(tzinfo=None)) == NOW


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("now", timedelta()),
        ("now-90d", timedelta(days=-90)),
        ("now+1h30m", timedelta(hours=1, minutes=30)),
        ("now-1w+2d", timedelta(days=-5)),
        ("now-1.5s", timedelta(seconds=-1.5)),
        ("now-7776012.345678s", timedelta(seconds=-7776012, microseconds=-345678)),
    ],
)
def test_relative_times_count_from_now(text: str, offset: timedelta) -> None:
    """They are `now`, then signs and numbers with units."""
    assert parse_seed_time(text, NOW) == NOW + offset


@pytest.mark.parametrize(
    "text", ["now-", "now-90", "now - 90d", "-90d", "now-9999999d", "9999-12-31T23:59:59-05:00"]
)
def test_another_text_is_not_a_time_of_a_seed(text: str) -> None:
    """An incomplete relative time, or one outside the years 1-9999, is a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        parse_seed_time(text, NOW)
