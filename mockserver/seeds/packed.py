"""Packed seeds: columns in a file that was checked when it was written, and is not read twice.

    a line: what it is and its version
    a line of JSON: how many records of what, and for each column its form and its bytes
    the columns, one after the other
    the digest (blake2b, 32 bytes) of all that

Forms: `few` is a JSON list of the different values and, for each record, which of them it has;
`times` microseconds since 1970; `floats` 8 bytes each; `texts` a line each; `all` a JSON list of
the values. What is not small is read when it is first asked for: the digest has vouched for it.
Nothing in a file is ever run.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from operator import attrgetter
from types import NoneType
from typing import Any

import orjson

from ..prefect import EMPTY_JSON, CreatedBy, State
from ..store import (
    ColumnValues,
    DictionaryColumn,
    LazyColumn,
    Rows,
    TimestampColumn,
    UuidColumn,
    defaults_of,
)
from .fields import CREATED_BY_FIELD, STATE
from .records import OFTEN_EMPTY, RECORD_CLASSES

_MAGIC = b"packed seeds of mockserver, version 2\n"
_KIND, _, _VERSION = _MAGIC.rpartition(b" ")
_DIGEST_SIZE = 32
_UNUSED_NOW = datetime(1970, 1, 1, tzinfo=UTC)
_CODES = ("B", "H", "I")  # array's codes of 1, 2 and 4 bytes
_TEXTS = {str, NoneType}
_MIN_REPEATS = 8  # records to each different value: then the different ones are listed once


class PackedSeedError(ValueError):
    """A file is not as it was packed."""


def pack(collections: Mapping[str, Sequence[Any]]) -> Iterator[bytes]:
    """The bytes of a file that holds these records; `unpack` reads it."""
    header: dict[str, Any] = {}
    body: list[bytes] = []
    for name, records in collections.items():
        columns: dict[str, Any] = {}
        for field, default in defaults_of(RECORD_CLASSES[name]).items():
            if isinstance(records, Rows):
                values = list(records.values(field))
            else:
                values = list(map(attrgetter(field), records))
            if any(value is not default for value in values):
                form, parts = _encode_column(values)
                columns[field] = {"form": form, "bytes": list(map(len, parts))}
                body += parts
        header[name] = {"count": len(records), "columns": columns}
    digest = blake2b(digest_size=_DIGEST_SIZE)
    for part in (_MAGIC, orjson.dumps(header), b"\n", *body):
        digest.update(part)
        yield part
    yield digest.digest()


def _encode_column(values: Sequence[Any]) -> tuple[str, list[bytes]]:
    types = set(map(type, values))
    if all(issubclass(type_, datetime | NoneType) for type_ in types):
        return "times", [_to_little_endian(TimestampColumn.from_values(values).microseconds)]
    # Values that came again and again are one and the same object, but for texts from elsewhere.
    keys = values if types <= _TEXTS else list(map(id, values))
    codes = {key: code for code, key in enumerate(dict.fromkeys(keys))}
    if len(codes) * _MIN_REPEATS <= len(values):
        by_key = dict(zip(keys, values, strict=True))
        code = next(code for code in _CODES if len(codes) <= 1 << 8 * array(code).itemsize)
        codes_array = array(code, map(codes.__getitem__, keys))
        return f"few {code}", [
            _encode_json([by_key[key] for key in codes]),
            _to_little_endian(codes_array),
        ]
    if types == {float}:
        return "floats", [_to_little_endian(array("d", values))]
    if types == {str} and "\n" not in "".join(values):
        return "texts", ["\n".join(values).encode()]
    return "all", [_encode_json(values)]


def _encode_json(values: Sequence[Any]) -> bytes:
    return orjson.dumps(values, default=_to_seed_format, option=orjson.OPT_PASSTHROUGH_DATACLASS)


def _to_seed_format(value: Any) -> dict[str, Any]:
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


def _to_little_endian(values_array: array[Any]) -> bytes:
    """Little-endian, whatever the machine."""
    if sys.byteorder == "big":
        values_array.byteswap()
    return values_array.tobytes()


def unpack(data: bytes) -> dict[str, tuple[int, dict[str, ColumnValues]]]:
    """Of each collection how many records there are, and their columns.

    Raises PackedSeedError, with what is wrong.
    """
    kind, _, version = data[: data.find(b"\n") + 1].rpartition(b" ")
    if kind != _KIND:
        raise PackedSeedError("not a packed seed")
    if version != _VERSION:
        raise PackedSeedError(f"version {version.decode(errors='replace').strip()} of packed seeds")
    whole = memoryview(data)
    if blake2b(whole[:-_DIGEST_SIZE], digest_size=_DIGEST_SIZE).digest() != whole[-_DIGEST_SIZE:]:
        raise PackedSeedError(
            "a file that is cut short or damaged: its digest is not that of its bytes"
        )
    end = data.index(b"\n", len(_MAGIC))
    return _decode_columns(orjson.loads(whole[len(_MAGIC) : end]), whole[end + 1 :])


def _decode_columns(
    header: Mapping[str, Any], body: memoryview
) -> dict[str, tuple[int, dict[str, ColumnValues]]]:
    found: dict[str, tuple[int, dict[str, ColumnValues]]] = {}
    offset = 0
    for name, entry in header.items():
        columns: dict[str, ColumnValues] = {}
        for field, column in entry["columns"].items():
            parts = []
            for length in column["bytes"]:
                parts.append(body[offset : offset + length])
                offset += length
            columns[field] = _decode_column(field, entry["count"], column["form"], parts)
        found[name] = (entry["count"], columns)
    return found


def _decode_column(field: str, count: int, form: str, parts: Sequence[memoryview]) -> ColumnValues:
    if form == "times":
        return TimestampColumn(_decode_array("q", parts[0]))
    if form == "floats":
        return _decode_array("d", parts[0])
    if form == "texts" and field == "id":
        return UuidColumn(str(parts[0], "ascii"))
    if form == "texts":
        return LazyColumn(count, partial(_texts, bytes(parts[0])))
    if form == "all":
        return LazyColumn(count, partial(_decode_json, field, bytes(parts[0])))
    return DictionaryColumn(
        _decode_json(field, parts[0]), _decode_array(form.removeprefix("few "), parts[1])
    )


def _texts(part: bytes) -> list[str]:
    return part.decode().split("\n")


def _decode_json(field: str, part: bytes | memoryview) -> list[Any]:
    values: list[Any] = orjson.loads(part)
    if field in _DECODERS:
        return list(map(_DECODERS[field], values))
    return [value or EMPTY_JSON for value in values] if field in OFTEN_EMPTY else values


def _decode_array(code: str, part: memoryview) -> array[Any]:
    values_array = array(code)
    values_array.frombytes(part)
    if sys.byteorder == "big":
        values_array.byteswap()
    return values_array


_DECODERS: Mapping[str, Any] = {
    "state": lambda value: None if value is None else STATE.read(value, _UNUSED_NOW),
    "created_by": lambda value: (
        None if value is None else CREATED_BY_FIELD.read(value, _UNUSED_NOW)
    ),
    "tags": tuple,
    "rest": lambda value: value or EMPTY_JSON,
}
