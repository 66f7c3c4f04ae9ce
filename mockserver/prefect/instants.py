"""Instants: reading and writing points in time as requests, replies and seeds have them.

Every instant is an aware datetime. It is in UTC unless UTC would leave the years 1-9999, which
neither Python nor a database can hold; then it keeps its offset.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from ..errors import UsageError, to_single_line

# RFC 3339, section 5.6, `date-time`. Python's own parser accepts much more (ISO 8601), so that the
# text is matched first. A note there allows a lower-case t and z; re.ASCII keeps \d to 0-9.
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(\.\d+)?"
    r"(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII | re.IGNORECASE,
)
# The schema of seeds has this pattern, too, and in JSON Schema a pattern may match any part of a
# text: hence ^ and $, which fullmatch does without.
RELATIVE_TIME_PATTERN = r"^now((?:[+-](?:[0-9]+(?:\.[0-9]{1,6})?[wdhms])+)*)$"
_RELATIVE_TIME = re.compile(RELATIVE_TIME_PATTERN.removeprefix("^").removesuffix("$"))
_SIGNED_OFFSET = re.compile(r"([+-])((?:\d+(?:\.\d+)?[wdhms])+)", re.ASCII)
_OFFSET_PART = re.compile(r"(\d+(?:\.\d+)?)([wdhms])", re.ASCII)
_UNIT_NAMES = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}

# 23 hours west of UTC, the last day of 9999 ends in the year 10000.
OUTSIDE_UTC_RANGE = datetime.max.replace(tzinfo=timezone(timedelta(hours=-23)))
"""An instant that UTC cannot hold. It stands for times that Prefect reads but cannot store."""

SEED_TIME_SYNTAX = (
    "an RFC 3339 date-time with an offset, such as 2026-01-31T08:00:00Z, "
    "or one relative to the load: now, now-90d, now-1d12h, now+5m"
)


def parse_rfc3339(text: str) -> datetime:
    """Read an RFC 3339 date-time; digits past the microsecond are cut.

    Returns an aware datetime in UTC, or in its own offset if UTC would leave the years 1-9999; it
    compares as the same instant either way. Raises ValueError for any other text.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 date-time with an offset: {text[:64]!r}")
    # datetime.fromisoformat refuses a lower-case z (Python 3.11).
    text = text.upper()
    if match[4] == "60":
        return _parse_leap_second(text, match.start(4))
    return to_utc(datetime.fromisoformat(text))


def _parse_leap_second(text: str, seconds_at: int) -> datetime:
    """Read a time with seconds of 60; `seconds_at` is where they are in the text.

    By RFC 3339, section 5.7, a leap second can only be at the end of a day in UTC. It is read as
    the second after it, because datetime has no second 60.
    """
    before = to_utc(datetime.fromisoformat(f"{text[:seconds_at]}59{text[seconds_at + 2 :]}"))
    if (before.hour, before.minute) != (23, 59):
        raise ValueError(f"a leap second away from 23:59:60 UTC: {text[:64]!r}")
    try:
        return before.replace(microsecond=0) + timedelta(seconds=1)
    except OverflowError:
        raise ValueError(f"outside the years 1-9999: {text[:64]!r}") from None


def is_rfc3339(text: str) -> bool:
    """Whether `text` is a date-time that `parse_rfc3339` reads."""
    try:
        parse_rfc3339(text)
    except ValueError:
        return False
    return True


def to_utc(moment: datetime) -> datetime:
    """The same instant in UTC; a naive time is taken as UTC.

    A time that would be before year 1 or after 9999 in UTC keeps its offset.
    """
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment


def require_aware(moment: object, name: str = "now") -> datetime:
    """The argument `moment` if it is a time with a zone. Raises UsageError, as seeds refuse others.

    A naive time is that of some clock on a wall: nobody knows which.
    """
    if isinstance(moment, datetime) and moment.utcoffset() is not None:
        return moment
    raise UsageError(
        f"{name} is {to_single_line(repr(moment))}; expected a datetime with a time zone, such as "
        "datetime.now(UTC)"
    )


def fits_utc_range(moment: datetime) -> bool:
    """Whether the instant is in the years 1-9999 in UTC, where databases store it."""
    return moment.tzinfo is UTC or to_utc(moment).utcoffset() == timedelta(0)


def parse_seed_time(text: str, now: datetime) -> datetime:
    """Read a time in a seed: RFC 3339, or relative to `now` (`now-90d`, `now+1h30m`).

    Returns an aware datetime in UTC. Raises ValueError if `text` is neither, or if the time is
    outside the years 1-9999 in UTC.
    """
    relative = _RELATIVE_TIME.fullmatch(text)
    if relative is None:
        moment = parse_rfc3339(text)
        if not fits_utc_range(moment):
            raise ValueError(f"outside the years 1-9999 in UTC: {text[:64]!r}")
        return moment
    try:
        return now + _parse_offset(relative[1])
    except OverflowError:
        raise ValueError(f"outside the years 1-9999: {text[:64]!r}") from None


def _parse_offset(text: str) -> timedelta:
    """Read what follows `now`: signs, each with one or more numbers with a unit."""
    total = timedelta()
    for sign, parts in _SIGNED_OFFSET.findall(text):
        for number, unit in _OFFSET_PART.findall(parts):
            step = timedelta(**{_UNIT_NAMES[unit]: float(number)})
            total = total - step if sign == "-" else total + step
    return total


def format_instant(moment: datetime) -> str:
    """RFC 3339 in UTC with `Z`, as a real server writes it; no fraction for a whole second."""
    return to_utc(moment).isoformat().replace("+00:00", "Z")
