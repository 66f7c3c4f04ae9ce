"""A clock that tests can stop, set and move on."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from ..errors import UsageError
from ..prefect import RELATIVE_TIME_PATTERN, SEED_TIME_SYNTAX, parse_seed_time, to_utc

_EXPECTED_STEP = "a timedelta, or text such as '2d', '1h30m', '-45s'"
_RELATIVE = re.compile(RELATIVE_TIME_PATTERN)


class Clock:
    """What `now` is: that of a source, or an instant it stands at; `advance` moves either on."""

    __slots__ = ("_ahead", "_at", "_source")

    def __init__(self, source: Callable[[], datetime]) -> None:
        self._source = source
        self._at: datetime | None = None
        self._ahead: timedelta | None = None

    def now(self) -> datetime:
        """The instant it is, in UTC."""
        if self._at is not None:
            return self._at
        return self._source() if self._ahead is None else self._source() + self._ahead

    @property
    def stands(self) -> bool:
        """Whether it was stopped, so that only `advance` and `stop` move it."""
        return self._at is not None

    def stop(self, at: datetime | str | None = None) -> datetime:
        """Stand still: at an instant (`2026-01-31T08:00:00Z`, `now-1d`), or where it is.

        Raises UsageError for a text that is neither.
        """
        self._at = self.now() if at is None else self.read(at)
        return self._at

    def run(self) -> datetime:
        """Show the time of its source again, as if it had never been touched."""
        self._at = self._ahead = None
        return self.now()

    def advance(self, by: timedelta | str) -> datetime:
        """Move on by a time (`2d`, `1h30m`); returns the new now. Raises UsageError."""
        moved = self.now() + _parse_duration(by, self.now())
        if self._at is not None:
            self._at = moved
        else:
            self._ahead = moved - self._source()
        return moved

    def read(self, moment: datetime | str) -> datetime:
        """An instant, which a text may say relative to now. Raises UsageError."""
        if isinstance(moment, datetime):
            return to_utc(moment)
        try:
            return parse_seed_time(moment, self.now())
        except ValueError:
            raise UsageError(f"{moment!r} is no time; expected {SEED_TIME_SYNTAX}") from None

    def copy(self) -> Clock:
        """A clock that shows the same, and is moved on its own."""
        other = Clock(self._source)
        other.set(self)
        return other

    def set(self, other: Clock) -> None:
        """Show what another clock of the same source shows."""
        self._at, self._ahead = other._at, other._ahead


def _parse_duration(by: timedelta | str, now: datetime) -> timedelta:
    try:
        if not isinstance(by, timedelta):
            signed = by if by.startswith(("+", "-")) else f"+{by}"
            if not _RELATIVE.fullmatch(f"now{signed}"):
                raise UsageError(f"{by!r} is no time to move on by; expected {_EXPECTED_STEP}")
            return parse_seed_time(f"now{signed}", now) - now
        now + by
    except (ValueError, OverflowError):
        raise UsageError(f"{by!r} leaves the years 1-9999") from None
    return by
