"""Packed seeds: records that were checked when the file was written, stored as columns.

The file format:

    a line with the name of the format and its version
    a line of JSON: for each collection the number of records, and for each column its form and the
        number of bytes of each of its parts; for one of objects only the number of bytes
    the columns, one after the other; of objects, a JSON list of records as a seed has them
    the digest (blake2b, 32 bytes) of all of the above

The forms of a column:

    few     a JSON list of the distinct values; for each record the index of its value, as unsigned
            integers of the array code that follows the form's name
    times   microseconds since 1970, 8 bytes each
    floats  8 bytes each
    texts   one value per line
    all     a JSON list of the values

Numbers are little-endian. The digest shows that the file is as it was written, so that values are
not checked again, and large columns are decoded only when they are first asked for. Reading a file
executes nothing in it.
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
from typing import TYPE_CHECKING, Any

import orjson

from ...errors import SeedError, SeedProblem, to_single_line
from ...prefect import EMPTY_JSON, CreatedBy, State
from ...store import (
    NULL_INSTANT,
    ColumnValues,
    DictionaryColumn,
    LazyColumn,
    Rows,
    TimestampColumn,
    UuidColumn,
    defaults_of,
)
from ..records import (
    COLLECTIONS,
    CREATED_BY_FIELD,
    OBJECT_FIELDS,
    OFTEN_EMPTY,
    RECORD_CLASSES,
    STATE,
    are_uuid_lines,
    write_object,
)
from .strict_json import read_json

if TYPE_CHECKING:
    from ..loaded_seeds import Seeds

# Version 2 has columns that are decoded late: a million runs load in 0.45 s of a processor's time,
# with version 1 in 1.41 s.
_MAGIC = b"packed seeds of mockserver, version 2\n"
_KIND, _, _VERSION = _MAGIC.rpartition(b" ")
# Without a key: it shows damage, not who wrote the file.
_DIGEST_SIZE = 32
# Field readers take the instant of the load. Packed times are absolute, so it does not matter.
_UNUSED_NOW = datetime(1970, 1, 1, tzinfo=UTC)
_CODES = ("B", "H", "I")  # array's codes of 1, 2 and 4 bytes
_TEXTS = {str, NoneType}
_MAX_CHECKED = 1 << 20
"""Bytes of values that are decoded to check them when a file is loaded, not when they are used."""
_MIN_REPEATS = 8  # a column with so many records for each distinct value has the form `few`


class PackedSeedError(ValueError):
    """The data is not a packed seed of this version, or is damaged."""


def pack(
    collections: Mapping[str, Sequence[Any]], objects: Mapping[str, Sequence[Any]]
) -> Iterator[bytes]:
    """The bytes of a packed file with these records by collection, in parts. `unpack` reads it.

    `objects` are written as JSON.
    """
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
                # A column of defaults is left out.
                form, parts = _encode_column(values)
                columns[field] = {"form": form, "bytes": list(map(len, parts))}
                body += parts
        header[name] = {"count": len(records), "columns": columns}
    for name, written in objects.items():
        body.append(_encode_json(written))
        header[name] = {"bytes": len(body[-1])}
    digest = blake2b(digest_size=_DIGEST_SIZE)
    for part in (_MAGIC, orjson.dumps(header), b"\n", *body):
        digest.update(part)
        yield part
    yield digest.digest()


def pack_seeds(seeds: Seeds) -> Iterator[bytes]:
    """The bytes of a packed file that loads as these seeds, in parts. Raises SeedError."""
    large = {"flow_runs": seeds.base().runs}
    others = {
        name: list(getattr(seeds, name).values())
        for name in COLLECTIONS
        if name not in large and name not in OBJECT_FIELDS
    }
    schemas = seeds.block_schemas
    objects = {
        name: [write_object(name, one, schemas) for one in records.values()]
        for name in OBJECT_FIELDS
        if (records := getattr(seeds, name))
    }
    return pack({**large, **others}, objects)


def _encode_column(values: Sequence[Any]) -> tuple[str, list[bytes]]:
    """The form of a column, and its parts."""
    types = set(map(type, values))
    if all(issubclass(type_, datetime | NoneType) for type_ in types):
        return "times", [_to_little_endian(TimestampColumn.from_values(values).microseconds)]
    # Loading makes equal values one object, so that `id` tells distinct ones apart. Texts can be
    # hashed, and need not come from a load.
    keys = values if types <= _TEXTS else list(map(id, values))
    codes = {key: code for code, key in enumerate(dict.fromkeys(keys))}
    if len(codes) * _MIN_REPEATS <= len(values):
        by_key = dict(zip(keys, values, strict=True))
        code = next(code for code in _CODES if len(codes) <= 1 << 8 * array(code).itemsize)
        value_codes = array(code, map(codes.__getitem__, keys))
        return f"few {code}", [
            _encode_json([by_key[key] for key in codes]),
            _to_little_endian(value_codes),
        ]
    # With an int among them, the column would return another type than it was given.
    if types == {float}:
        return "floats", [_to_little_endian(array("d", values))]
    if types == {str} and "\n" not in "".join(values):
        return "texts", ["\n".join(values).encode()]
    return "all", [_encode_json(values)]


def _encode_json(values: Sequence[Any]) -> bytes:
    try:
        # Else orjson writes a dataclass with the names of its own fields.
        option = orjson.OPT_PASSTHROUGH_DATACLASS
        return orjson.dumps(values, default=_to_seed_format, option=option)
    except orjson.JSONEncodeError as error:  # an integer of more than 64 bits
        came = f"a value that a packed file cannot hold ({error})"
        raise SeedError([SeedProblem("the seeds", came, "integers of up to 64 bits")]) from None


def _to_seed_format(value: Any) -> dict[str, Any]:
    """Turn a state, a creator or a mapping into what the fields of a seed read."""
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


def _to_little_endian(numbers: array[Any]) -> bytes:
    """The bytes of an array. It is changed on a big-endian machine."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


Unpacked = tuple[dict[str, tuple[int, dict[str, ColumnValues]]], dict[str, list[Any]]]
"""The collections in columns, and those of objects as JSON."""


def unpack(data: bytes) -> Unpacked:
    """Read a packed file: for each collection the number of records, and their columns by field.

    Raises PackedSeedError, saying what is wrong.
    """
    kind, _, version = data[: data.find(b"\n") + 1].rpartition(b" ")
    if kind != _KIND:
        raise PackedSeedError("not a packed seed")
    if version != _VERSION:
        raise PackedSeedError(f"version {version.decode(errors='replace').strip()} of packed seeds")
    whole = memoryview(data)
    if blake2b(whole[:-_DIGEST_SIZE], digest_size=_DIGEST_SIZE).digest() != whole[-_DIGEST_SIZE:]:
        raise PackedSeedError("a truncated or damaged file: its digest does not match its content")
    try:
        end = data.index(b"\n", len(_MAGIC), -_DIGEST_SIZE)
        header = orjson.loads(whole[len(_MAGIC) : end])
        return _decode_columns(header, whole[end + 1 : -_DIGEST_SIZE])
    # The digest has no key: whoever writes a file by hand can make it right.
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        raise PackedSeedError(
            f"content that no version packs ({to_single_line(str(error), 80)})"
        ) from None


def _decode_columns(header: Mapping[str, Any], body: memoryview) -> Unpacked:
    found: dict[str, tuple[int, dict[str, ColumnValues]]] = {}
    objects: dict[str, list[Any]] = {}
    offset = 0
    for name, entry in header.items():
        if name in OBJECT_FIELDS:
            length = entry["bytes"]
            _require(0 <= length <= len(body) - offset, "a length beyond the end")
            objects[name] = _decode_objects(body[offset : offset + length])
            offset += length
            continue
        count, fields = entry["count"], defaults_of(RECORD_CLASSES[name])
        columns: dict[str, ColumnValues] = {}
        for field, column in entry["columns"].items():
            parts = []
            for length in column["bytes"]:
                _require(0 <= length <= len(body) - offset, "a length beyond the end")
                parts.append(body[offset : offset + length])
                offset += length
            _require(field in fields, "an unknown column")
            columns[field] = _decode_column(field, count, column["form"], parts)
            _require(len(columns[field]) == count, f"a column {field} of another length")
        _require("id" in columns or not count, "records without ids")
        found[name] = (count, columns)
    _require(offset == len(body), "bytes that belong to no column")
    return found, objects


def _decode_objects(part: memoryview) -> list[Any]:
    values: Any = read_json(bytes(part))
    _require(isinstance(values, list), "objects that are no list")
    listed: list[Any] = values
    return listed


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _decode_column(field: str, count: int, form: str, parts: Sequence[memoryview]) -> ColumnValues:
    if form == "times":
        times = TimestampColumn(_decode_array("q", parts[0]))
        # The highest byte tells the years 1970 to 8819, and nulls; other years are read one by one.
        highest = bytes(parts[0][7::8]).translate(None, b"\0\1\2")
        if highest and times.microseconds.count(NULL_INSTANT) != len(highest):
            list(times)
        return times
    if form == "floats":
        return _decode_array("d", parts[0])
    if form == "texts" and field == "id":
        _require(are_uuid_lines(bytes(parts[0]), count), "ids that are no lines of uuids")
        return UuidColumn(str(parts[0], "ascii"))
    if form == "texts":
        _require(bytes(parts[0]).count(b"\n") == count - 1, "texts of another number")
        str(parts[0], "utf-8")
        return LazyColumn(count, partial(_texts, bytes(parts[0])))
    if form == "all":
        column = LazyColumn(count, partial(_decode_json, field, bytes(parts[0])))
        if len(parts[0]) <= _MAX_CHECKED:
            _require(len(list(column)) == count, "values of another number")
        return column
    values = _decode_json(field, parts[0])
    codes = _decode_array(form.removeprefix("few "), parts[1])
    # Bytes are compared at once.
    known = bytes(range(len(values))) if codes.itemsize == 1 and len(values) < 256 else None
    fit = (
        max(codes, default=-1) < len(values)
        if known is None
        else not (bytes(parts[1]).translate(None, known))
    )
    _require(fit, "a code without a value")
    return DictionaryColumn(values, codes)


def _texts(part: bytes) -> list[str]:
    return part.decode().split("\n")


def _decode_json(field: str, part: bytes | memoryview) -> list[Any]:
    values: list[Any] = orjson.loads(part)
    if field in _DECODERS:
        return list(map(_DECODERS[field], values))
    return [value or EMPTY_JSON for value in values] if field in OFTEN_EMPTY else values


def _decode_array(code: str, part: memoryview) -> array[Any]:
    numbers = array(code)
    numbers.frombytes(part)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


_DECODERS: Mapping[str, Any] = {
    "state": lambda value: None if value is None else STATE.read(value, _UNUSED_NOW),
    "created_by": lambda value: (
        None if value is None else CREATED_BY_FIELD.read(value, _UNUSED_NOW)
    ),
    "tags": tuple,
    "rest": lambda value: value or EMPTY_JSON,
}
