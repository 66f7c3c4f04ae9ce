"""Times of a clock on the wall: what they mean where the clock is put forward or back.

A time that a clock shows twice, or never, has two offsets: the one before the change (PEP 495,
`fold=0`) and the one after it (`fold=1`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from ..errors import ServerFailure

Zone = tzinfo | None


def load_zone(name: str) -> ZoneInfo:
    """The time zone with a name. Raises ServerFailure where there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ServerFailure(f"Invalid timezone {name!r}", retryable=False) from None


def offset_of(date: datetime) -> timedelta:
    """The offset of a date from UTC."""
    return date.utcoffset() or timedelta()


def offsets(wall: datetime, zone: Zone) -> tuple[timedelta, timedelta]:
    """The offsets that a time without one can have: before a change of the clock, and after it."""
    before = wall.replace(tzinfo=zone)
    return offset_of(before), offset_of(before.replace(fold=1))


def at_first(wall: datetime, zone: Zone) -> datetime:
    """The first of two instants; a time that is skipped is that much earlier."""
    return _at(max, wall, zone)


def at_last(wall: datetime, zone: Zone) -> datetime:
    """The second of two instants; a time that is skipped is that much later."""
    return _at(min, wall, zone)


def at_unchanged(wall: datetime, zone: Zone) -> datetime:
    """The first of two instants; a time that is skipped is that much later."""
    return _at(lambda before, _after: before, wall, zone)


def _at(
    choose: Callable[[timedelta, timedelta], timedelta], wall: datetime, zone: Zone
) -> datetime:
    before, after = offsets(wall, zone)
    if before == after:
        return wall.replace(tzinfo=zone)
    return (wall - choose(before, after)).replace(tzinfo=UTC).astimezone(zone)


def wall_time(date: datetime) -> datetime:
    """What the clock on the wall shows."""
    return date.replace(tzinfo=None, fold=0)
