"""Checks of what a real server's database cannot store, or cannot read again.

Each check raises ServerFailure where a real server answers 500 or 503 (deviation
`undocumented-5xx` and those named below). In the dialect `spec` most values are ordinary.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from ..errors import InvalidRequest, ServerFailure
from .dialects import Dialect, NulHandling
from .instants import fits_utc_range


def check_time_range(dialect: Dialect, time: datetime | None, loc: tuple[str | int, ...]) -> None:
    """Check a time that is to be stored; `loc` is where it is in the request.

    Raises ServerFailure for a time outside the years 1-9999 in UTC; in `spec`, where no database
    fails, InvalidRequest.
    """
    if time is None or fits_utc_range(time):
        return
    database = dialect.undocumented_5xx
    if database is None:
        msg = "A time must not leave the years 1-9999 in UTC"
        raise InvalidRequest([{"type": "date_time", "loc": loc, "msg": msg}])
    raise ServerFailure(_DATE_OUT_OF_RANGE, retryable=database.retryable)


# Words of SQLAlchemy, because this reason can be read in the reply: a state that is not stored is
# an ABORT with it. Prefect converts times to UTC for SQLite (utilities/database.py, Timestamp).
_DATE_OUT_OF_RANGE = "StatementError('(builtins.OverflowError) date value out of range')"
_TEXT_NOT_STORABLE = (
    "(sqlalchemy.dialects.postgresql.asyncpg.Error) a text that the database does not hold"
)


_INT64 = range(-(2**63), 2**63)
_MAX_REAL = 2**1023  # a larger integer is no float of Python


def in_json_column(dialect: Dialect, value: Any) -> Any:
    """A value as a JSON column of the dialect's database gives it back.

    To SQLite a number that is the whole value is no JSON but a number (its affinity is NUMERIC): a
    whole one becomes an integer, and one of more than 64 bits a float. Measured, 3.6.16 and 3.9.1.
    """
    if not dialect.numeric_json or isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer() and int(value) in _INT64[1:]:
        return int(value)
    if isinstance(value, int) and value not in _INT64 and abs(value) < _MAX_REAL:
        return float(value)
    return value


def check_storable(
    dialect: Dialect, *, texts: Iterable[str | None] = (), values: object = None
) -> None:
    """Check `texts`, for text columns, and the texts in `values`, for JSON columns.

    Raises ServerFailure for a lone surrogate and, on PostgreSQL, for NUL. PostgreSQL checks JSON as
    well. SQLite stores a lone surrogate in JSON; replies that contain it fail later.
    """
    database = dialect.undocumented_5xx
    if database is None:
        return
    checks_json = _rejects_nul(dialect)
    # JSON is sent with lone surrogates and NUL escaped: SQLite stores that as it is, and
    # PostgreSQL's jsonb reads the escapes.
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
    """Whether the database is PostgreSQL, which also checks JSON and the size of integers."""
    return dialect.nul is NulHandling.FAILS


def _iter_texts(value: object) -> Iterator[str]:
    """Every text in a JSON value, keys of objects included."""
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
    """Raise ServerFailure for NaN and infinities in the data of a state on PostgreSQL.

    A real server stores this data unchanged; elsewhere in JSON it stores null instead of them.
    """
    database = dialect.undocumented_5xx
    # Prefect: orm_models.py, Artifact.data is SQLAlchemy's JSON; other columns have the JSON type
    # of utilities/database.py, which puts null for what JSON lacks.
    if database and _rejects_nul(dialect) and not _is_finite(data):
        raise ServerFailure("NaN or an infinity, which JSON lacks", retryable=database.retryable)


def check_readable(dialect: Dialect, *values: object) -> None:
    """Raise ServerFailure for NaN and infinities in labels and policies.

    A real server stores null instead and then fails to read the row that it has just written: null
    is neither a label nor a number of a policy.
    """
    # Both databases answer 500: what fails is pydantic, on the row that was read.
    if dialect.undocumented_5xx and not _is_finite(values):  # json writes a tuple as a list
        raise ServerFailure("NaN or an infinity, which JSON lacks", retryable=False)


def check_stored_labels(dialect: Dialect, labels: Mapping[str, object]) -> None:
    """Raise ServerFailure if a stored label makes a real reply fail (`unreadable-labels`)."""
    if dialect.unreadable_labels and not all(map(_is_label, labels.values())):
        raise ServerFailure("a label that is not a text, a number or a boolean", retryable=False)


def check_new_labels(dialect: Dialect, labels: Mapping[str, object]) -> None:
    """Raise InvalidRequest for labels that no reply can contain, unless the dialect takes them."""
    if dialect.unreadable_labels:
        return
    msg = "A label must be a text, a number or a boolean"
    unreadable = [key for key, value in labels.items() if not _is_label(value)]
    if unreadable:
        told = unreadable[:_MAX_TOLD]
        errors = [{"type": "label", "loc": ("body", key), "msg": msg} for key in told]
        raise InvalidRequest(errors, more=len(unreadable) - len(told))


_MAX_TOLD = 20  # errors; no reply has more of them where the dialect is not a real server


def _is_label(value: object) -> bool:
    """Whether openapi.yaml allows it in a reply's labels: a text, a finite number or a boolean."""
    # A bool is an int. Prefect: types/__init__.py, KeyValueLabels.
    return isinstance(value, str | int) or (isinstance(value, float) and isfinite(value))


def _is_finite(value: object) -> bool:
    """Whether a JSON value contains neither NaN nor an infinity."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def check_integer_size(dialect: Dialect, number: int, *, bits: int) -> None:
    """Raise ServerFailure for an integer of more than `bits` bits; on SQLite, of more than 64."""
    database = dialect.undocumented_5xx
    if database is None:
        return
    # SQLite has 64 bits for any integer, whatever the type of the column; the sign takes one.
    bound = 2 ** (bits if _rejects_nul(dialect) else 64) // 2
    if not -bound <= number < bound:
        raise ServerFailure("an integer with too many bits", retryable=database.retryable)
