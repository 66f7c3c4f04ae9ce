"""The clock: it runs, stands, and is moved on."""

from datetime import UTC, datetime, timedelta

import pytest

from mockserver.errors import UsageError
from mockserver.worlds.clock import Clock

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Source:
    """A time that tests move."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


def test_it_shows_its_source_until_it_is_moved_on() -> None:
    """`advance` adds to a running clock, and it keeps running."""
    source = Source()
    clock = Clock(source.now)
    assert (clock.now(), clock.stands) == (START, False)
    assert clock.advance("2d") == START + timedelta(days=2)
    source.at += timedelta(hours=1)
    assert clock.now() == START + timedelta(days=2, hours=1)
    clock.advance("-1h30m")
    assert clock.now() == START + timedelta(days=2, minutes=-30)
    assert clock.run() == source.at


def test_it_stands_where_it_is_stopped() -> None:
    """Only `advance` moves a clock that stands."""
    source = Source()
    clock = Clock(source.now)
    assert clock.stop() == START
    source.at += timedelta(days=1)
    assert (clock.now(), clock.stands) == (START, True)
    assert clock.advance(timedelta(seconds=5)) == START + timedelta(seconds=5)
    assert clock.stop("now-1d") == START + timedelta(seconds=5, days=-1)
    assert clock.stop(datetime(2020, 1, 1)) == datetime(2020, 1, 1, tzinfo=UTC)


def test_a_copy_is_moved_on_its_own() -> None:
    """What is done to one is not seen of the other, until it is set."""
    clock = Clock(Source().now)
    clock.stop()
    other = clock.copy()
    other.advance("1d")
    assert clock.now() == START
    clock.set(other)
    assert clock.now() == START + timedelta(days=1)


@pytest.mark.parametrize(
    ("by", "told"),
    [("2 days", "'2 days' is no time to move on by"), ("", "no time to move on by"),
     ("9999999w", "leaves the years 1-9999"), (timedelta(days=9999999), "leaves the years")],
)  # fmt: skip
def test_what_is_no_step_is_told(by: str, told: str) -> None:
    """What came, and what would be one."""
    with pytest.raises(UsageError, match=told):
        Clock(Source().now).advance(by)


def test_what_is_no_instant_is_told() -> None:
    """As for a step."""
    with pytest.raises(UsageError, match="'yesterday' is no time; expected an RFC 3339"):
        Clock(Source().now).stop("yesterday")
