"""Packed seeds: columns in a file that was checked when it was written, and is not read twice.

    a line: what it is and its version
    a line of JSON: how many records of what, and for each column its form and its bytes
    the columns, one after the other
    the digest (blake2b, 32 bytes) of all that

Forms: `all` is a JSON list of the values; `few` a JSON list of the different values and, for each
record, which of them it has; `times` microseconds since 1970. Nothing in a file is ever run.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from operator import attrgetter
from types import NoneType
from typing import Any, overload

import orjson

from .records import KINDS, OFTEN_EMPTY
from .rows import Rows, defaults_of
from .runs import NOTHING, CreatedBy, State
from .seed_fields import CREATED_BY_FIELD, STATE

_MAGIC = b"packed seeds of mockserver, version 1\n"
_KIND, _, _VERSION = _MAGIC.rpartition(b" ")
_DIGEST = 32
_NULL = -(1 << 63)  # no year of 1-9999 is that many microseconds from 1970
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CODES = ("B", "H", "I")  # array's codes of 1, 2 and 4 bytes
_TEXTS = {str, NoneType}
_FEWER = 8  # records to each different value: then the different ones are listed once


class Damaged(ValueError):
    """A file is not as it was packed."""


class Times(Sequence[Any]):
    """Instants, each made when it is asked for."""

    def __init__(self, microseconds: array[int]) -> None:
        self.microseconds = microseconds

    def __len__(self) -> int:
        return len(self.microseconds)

    @overload
    def __getitem__(self, at: int) -> datetime | None: ...
    @overload
    def __getitem__(self, at: slice) -> list[datetime | None]: ...
    def __getitem__(self, at: int | slice) -> datetime | list[datetime | None] | None:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        since = self.microseconds[at]
        return None if since == _NULL else _EPOCH + timedelta(microseconds=since)

    def __iter__(self) -> Iterator[datetime | None]:
        return map(self.__getitem__, range(len(self)))


def pack(collections: Mapping[str, Sequence[Any]]) -> Iterator[bytes]:
    """The bytes of a file that holds these records; `unpack` reads it."""
    header: dict[str, Any] = {}
    body: list[bytes] = []
    for name, records in collections.items():
        columns: dict[str, Any] = {}
        for field, default in defaults_of(KINDS[name]).items():
            if isinstance(records, Rows):
                values = list(records.values(field))
            else:
                values = list(map(attrgetter(field), records))
            if any(value is not default for value in values):
                form, parts = _packed(values)
                columns[field] = {"form": form, "bytes": list(map(len, parts))}
                body += parts
        header[name] = {"count": len(records), "columns": columns}
    digest = blake2b(digest_size=_DIGEST)
    for part in (_MAGIC, orjson.dumps(header), b"\n", *body):
        digest.update(part)
        yield part
    yield digest.digest()


def _packed(values: Sequence[Any]) -> tuple[str, list[bytes]]:
    if all(value is None or isinstance(value, datetime) for value in values):
        return "times", [_bytes(array("q", map(_since, values)))]
    # Values that came again and again are one and the same object, but for texts from elsewhere.
    marks = values if set(map(type, values)) <= _TEXTS else list(map(id, values))
    codes = {mark: code for code, mark in enumerate(dict.fromkeys(marks))}
    if len(codes) * _FEWER > len(values):
        return "all", [_written(values)]
    different = dict(zip(marks, values, strict=True))
    code = next(code for code in _CODES if len(codes) <= 1 << 8 * array(code).itemsize)
    coded = array(code, map(codes.__getitem__, marks))
    return f"few {code}", [_written([different[mark] for mark in codes]), _bytes(coded)]


def _since(moment: datetime | None) -> int:
    return _NULL if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


def _written(values: Sequence[Any]) -> bytes:
    return orjson.dumps(values, default=_as_seeds_have_it, option=orjson.OPT_PASSTHROUGH_DATACLASS)


def _as_seeds_have_it(value: Any) -> dict[str, Any]:
    if isinstance(value, State):
        given = {"type": value.type, "name": value.name, "id": value.id, "message": value.message}
        details = dict(value.details)
        return {**given, "timestamp": value.timestamp, "data": value.data} | {
            "state_details": details,
            **value.rest,
        }
    if isinstance(value, CreatedBy):
        return {"id": value.id, "type": value.type, "display_value": value.display_value}
    return dict(value)


def _bytes(numbers: array[int]) -> bytes:
    """Little-endian, whatever the machine."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def unpack(data: bytes) -> dict[str, tuple[int, dict[str, Sequence[Any]]]]:
    """Of each collection how many records there are, and their columns.

    Raises Damaged, with what is wrong.
    """
    kind, _, version = data[: data.find(b"\n") + 1].rpartition(b" ")
    if kind != _KIND:
        raise Damaged("not a packed seed")
    if version != _VERSION:
        raise Damaged(f"version {version.decode(errors='replace').strip()} of packed seeds")
    whole = memoryview(data)
    if blake2b(whole[:-_DIGEST], digest_size=_DIGEST).digest() != whole[-_DIGEST:]:
        raise Damaged("a file that is cut short or damaged: its digest is not that of its bytes")
    end = data.index(b"\n", len(_MAGIC))
    return _unpacked(orjson.loads(whole[len(_MAGIC) : end]), whole[end + 1 :])


def _unpacked(
    header: Mapping[str, Any], body: memoryview
) -> dict[str, tuple[int, dict[str, Sequence[Any]]]]:
    found: dict[str, tuple[int, dict[str, Sequence[Any]]]] = {}
    at = 0
    for name, of in header.items():
        columns: dict[str, Sequence[Any]] = {}
        for field, column in of["columns"].items():
            parts = []
            for length in column["bytes"]:
                parts.append(body[at : at + length])
                at += length
            columns[field] = _column(field, column["form"], parts)
        found[name] = (of["count"], columns)
    return found


def _column(field: str, form: str, parts: Sequence[memoryview]) -> Sequence[Any]:
    if form == "times":
        return Times(_numbers("q", parts[0]))
    values: list[Any] = orjson.loads(parts[0])
    if field in _READ:
        values = list(map(_READ[field], values))
    elif field in OFTEN_EMPTY:
        values = [value or NOTHING for value in values]
    _, _, code = form.partition(" ")
    return list(map(values.__getitem__, _numbers(code, parts[1]))) if code else values


def _numbers(code: str, part: memoryview) -> array[int]:
    numbers = array(code)
    numbers.frombytes(part)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


_READ: Mapping[str, Any] = {
    "state": lambda value: None if value is None else STATE.read(value, _EPOCH),
    "created_by": lambda value: None if value is None else CREATED_BY_FIELD.read(value, _EPOCH),
    "tags": tuple,
    "rest": lambda value: value or NOTHING,
}
