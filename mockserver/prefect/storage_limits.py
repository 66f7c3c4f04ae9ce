"""What a real server's database cannot hold, or fails to read again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from math import isfinite

from ..errors import InvalidRequest, ServerFailure
from .dialects import Dialect, NulHandling
from .instants import fits_utc_range


def check_time_range(dialect: Dialect, time: datetime | None, loc: tuple[str | int, ...]) -> None:
    """Raise ServerFailure for a time that no column holds; where nothing fails, InvalidRequest."""
    if time is None or fits_utc_range(time):
        return
    database = dialect.undocumented_5xx
    if database is None:
        msg = "A time must not leave the years 1-9999 in UTC"
        raise InvalidRequest([{"type": "date_time", "loc": loc, "msg": msg}], None)
    raise ServerFailure(_DATE_OUT_OF_RANGE, retryable=database.retryable)


_DATE_OUT_OF_RANGE = "StatementError('(builtins.OverflowError) date value out of range')"
_TEXT_NOT_STORABLE = (
    "(sqlalchemy.dialects.postgresql.asyncpg.Error) a text that the database does not hold"
)


def check_storable(
    dialect: Dialect, *, texts: Iterable[str | None] = (), values: object = None
) -> None:
    """Raise ServerFailure for what the database cannot hold: in columns of text, and of JSON.

    A database that takes no NUL looks into JSON, too. The other stores a lone surrogate there,
    and the replies that are to repeat it fail from then on.
    """
    database = dialect.undocumented_5xx
    if database is None:
        return
    checks_json = _rejects_nul(dialect)
    strings = [text for text in (*texts, *(_iter_texts(values) if checks_json else ())) if text]
    if checks_json and any("\0" in text for text in strings):
        raise ServerFailure(_TEXT_NOT_STORABLE, retryable=database.retryable)
    for text in strings:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            why = _TEXT_NOT_STORABLE if checks_json else repr(error)
            raise ServerFailure(why, retryable=database.retryable) from None


def _rejects_nul(dialect: Dialect) -> bool:
    """Whether the database is of those that take no NUL: it knows JSON and small integers."""
    return dialect.nul is NulHandling.FAILS


def _iter_texts(value: object) -> Iterator[str]:
    """Every text in a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _iter_texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _iter_texts(inner)


def check_state_data(dialect: Dialect, data: object) -> None:
    """Raise ServerFailure for NaN and infinities in the data of a state, which is written as it
    is; elsewhere in JSON they become null.
    """
    database = dialect.undocumented_5xx
    if database and _rejects_nul(dialect) and not _is_finite(data):
        raise ServerFailure("a number that JSON lacks", retryable=database.retryable)


def check_readable(dialect: Dialect, *values: object) -> None:
    """Raise ServerFailure for numbers that JSON lacks where a real server reads the row that it has
    written: they are null there, which is no label and no number of a policy.
    """
    if dialect.undocumented_5xx and not _is_finite(values):
        raise ServerFailure("a number that JSON lacks", retryable=False)


def check_stored_labels(dialect: Dialect, labels: Mapping[str, object]) -> None:
    """`unreadable-labels`: raise ServerFailure where a real server reads labels that are none."""
    if dialect.unreadable_labels and not all(map(_is_label, labels.values())):
        raise ServerFailure("a label that is none", retryable=False)


def check_new_labels(dialect: Dialect, labels: Mapping[str, object]) -> None:
    """Raise InvalidRequest for labels that no reply can tell, unless a real server takes them."""
    if dialect.unreadable_labels:
        return
    msg = "A label must be a text, a number or a boolean"
    unreadable = {key: value for key, value in labels.items() if not _is_label(value)}
    if unreadable:
        errors = ({"type": "label", "loc": ("body", key), "msg": msg} for key in unreadable)
        raise InvalidRequest([*errors], None)


def _is_label(value: object) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and isfinite(value))


def _is_finite(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def check_integer_size(dialect: Dialect, number: int, *, bits: int) -> None:
    """Raise ServerFailure for an integer past its column's; all have 64 bits on one database."""
    database = dialect.undocumented_5xx
    if database is None:
        return
    bound = 2 ** (bits if _rejects_nul(dialect) else 64) // 2
    if not -bound <= number < bound:
        raise ServerFailure("an integer of too many bits", retryable=database.retryable)
