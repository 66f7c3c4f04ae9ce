"""The clock: it runs with its source, can be stopped, and can be advanced."""

from datetime import UTC, datetime, timedelta

import pytest

from mockserver.errors import UsageError
from mockserver.worlds.clock import Clock

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


class ManualTime:
    """A source of time that a test moves by hand."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


def test_advance_offsets_a_running_clock() -> None:
    """The clock keeps running with its source, ahead of it."""
    source = ManualTime()
    clock = Clock(source.now)
    assert (clock.now(), clock.is_stopped) == (START, False)
    assert clock.advance("2d") == START + timedelta(days=2)
    source.at += timedelta(hours=1)
    assert clock.now() == START + timedelta(days=2, hours=1)
    clock.advance("-1h30m")
    assert clock.now() == START + timedelta(days=2, minutes=-30)
    assert clock.run() == source.at


def test_only_advance_moves_a_stopped_clock() -> None:
    """It can be stopped at the current instant, at another, and at a relative one."""
    source = ManualTime()
    clock = Clock(source.now)
    assert clock.stop() == START
    source.at += timedelta(days=1)
    assert (clock.now(), clock.is_stopped) == (START, True)
    assert clock.advance(timedelta(seconds=5)) == START + timedelta(seconds=5)
    assert clock.stop("now-1d") == START + timedelta(seconds=5, days=-1)
    assert clock.stop(datetime(2020, 1, 1, tzinfo=UTC)) == datetime(2020, 1, 1, tzinfo=UTC)


def test_a_copied_clock_is_independent() -> None:
    """A change to one clock does not show on the other until `copy_from`."""
    clock = Clock(ManualTime().now)
    clock.stop()
    other = clock.copy()
    other.advance("1d")
    assert clock.now() == START
    clock.copy_from(other)
    assert clock.now() == START + timedelta(days=1)


@pytest.mark.parametrize(
    ("by", "message"),
    [("2 days", "'2 days' is not a duration"), ("", "is not a duration"),
     ("9999999w", "outside the years 1-9999"), (timedelta(days=9999999), "outside the years")],
)  # fmt: skip
def test_an_invalid_duration_is_refused(by: str, message: str) -> None:
    """The error names the value and what was expected."""
    with pytest.raises(UsageError, match=message):
        Clock(ManualTime().now).advance(by)


def test_an_invalid_instant_is_refused() -> None:
    """The error names the value and the syntax of times."""
    with pytest.raises(UsageError, match=r"the time is .*2026, 1, 1.*; expected a datetime with a"):
        Clock(ManualTime().now).stop(datetime(2026, 1, 1))
    with pytest.raises(UsageError, match="the time is 7; expected a datetime with a time zone"):
        Clock(ManualTime().now).stop(7)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="7 is not a duration; expected a timedelta, or text"):
        Clock(ManualTime().now).advance(7)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="'yesterday' is not a time; expected an RFC 3339"):
        Clock(ManualTime().now).stop("yesterday")
