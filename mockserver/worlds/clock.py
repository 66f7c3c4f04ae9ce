"""The clock of a world: tests can stop it, set it and advance it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from ..errors import UsageError
from ..prefect import (
    RELATIVE_TIME_PATTERN,
    SEED_TIME_SYNTAX,
    parse_seed_time,
    require_aware,
    to_utc,
)

_EXPECTED_DURATION = "a timedelta, or text such as '2d', '1h30m', '-45s'"
_RELATIVE = re.compile(RELATIVE_TIME_PATTERN)


class Clock:
    """A clock that runs with its source, or stands still at one instant.

    A running clock is ahead of its source (or behind it) by what `advance` has added up. Instants
    are in UTC. Not for several threads at once.
    """

    __slots__ = ("_offset", "_source", "_stopped_at")

    def __init__(self, source: Callable[[], datetime]) -> None:
        self._source = source
        self._stopped_at: datetime | None = None
        self._offset: timedelta | None = None

    def now(self) -> datetime:
        """The current instant of this clock, in UTC."""
        if self._stopped_at is not None:
            return self._stopped_at
        return self._source() if self._offset is None else self._source() + self._offset

    @property
    def is_stopped(self) -> bool:
        """Whether the clock stands still, so that only `advance`, `stop` and `run` change it."""
        return self._stopped_at is not None

    def stop(self, at: datetime | str | None = None) -> datetime:
        """Stop the clock and return where it stands.

        `at` is the instant to stop at: an aware datetime, or a text such as `2026-01-31T08:00:00Z`
        or `now-1d`; None is the current instant. Raises UsageError for any other text.
        """
        self._stopped_at = self.now() if at is None else self.resolve(at)
        return self._stopped_at

    def run(self) -> datetime:
        """Follow the source again, without an offset; returns the current instant."""
        self._stopped_at = self._offset = None
        return self.now()

    def advance(self, by: timedelta | str) -> datetime:
        """Move the clock by a timedelta or a text such as `2d`, `1h30m`, `-45s`.

        Works on a stopped clock and on a running one. Returns the new instant. Raises UsageError
        for a text that is no duration, and for an instant outside the years 1-9999.
        """
        moved = self.now() + _parse_duration(by, self.now())
        if self._stopped_at is not None:
            self._stopped_at = moved
        else:
            self._offset = moved - self._source()
        return moved

    def resolve(self, moment: datetime | str) -> datetime:
        """The instant that an aware datetime or a seed's text means, in UTC. Raises UsageError."""
        if not isinstance(moment, str):
            return to_utc(require_aware(moment, "the time"))
        try:
            return parse_seed_time(moment, self.now())
        except ValueError:
            raise UsageError(f"{moment!r} is not a time; expected {SEED_TIME_SYNTAX}") from None

    def copy(self) -> Clock:
        """A clock with the same source that shows the same time, and then changes independently."""
        other = Clock(self._source)
        other.copy_from(self)
        return other

    def copy_from(self, other: Clock) -> None:
        """Show the same time as another clock that has the same source."""
        self._stopped_at, self._offset = other._stopped_at, other._offset


def _parse_duration(by: timedelta | str, now: datetime) -> timedelta:
    try:
        if not isinstance(by, timedelta):
            # The syntax is that of relative times in a seed, `now+1h30m`, with an optional sign.
            signed = by if str(by).startswith(("+", "-")) else f"+{by}"
            if not isinstance(by, str) or not _RELATIVE.fullmatch(f"now{signed}"):
                raise UsageError(f"{by!r} is not a duration; expected {_EXPECTED_DURATION}")
            return parse_seed_time(f"now{signed}", now) - now
        now + by  # only to see that the result is a datetime
    except (ValueError, OverflowError):
        raise UsageError(f"{by!r} would move the clock outside the years 1-9999") from None
    return by
