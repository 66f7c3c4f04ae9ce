"""Records of one shape, column by column: the fast road of loading (see `plain`).

`read_columns` and `build_columns` do for many records what reading each field and `build` do for
one. They raise ValueError or TypeError where anything is not plainly good, and say no more: the
careful road then reads the records one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, repeat
from types import NoneType
from typing import Any

import orjson

from ..prefect import EMPTY_JSON
from ..store import defaults_of
from .fields import Field, nullable
from .records import (
    CAN_BE_NULL,
    CLASS_FIELDS,
    COLLECTIONS,
    NOT_KEPT,
    OFTEN_EMPTY,
    RECORD_CLASSES,
    derive_pool_ids,
    resolve_state,
)

Column = Sequence[Any]
_SCALARS = frozenset({str, NoneType})
_TEXT = frozenset({str})


@dataclass(frozen=True, slots=True)
class RecordShape:
    """What records have in common that are read together."""

    collection: str
    trusted: bool
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Records by column: values, None where null or absent; under the keys of `json_keys`,
    their JSON, b"" where absent. All have ids and whatever no table of fields names.
    """

    shape: RecordShape
    columns: Mapping[str, Column]
    json_keys: Container[str]


class _Memo(dict[Any, Any]):
    """What values are read as: each when it first comes."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self.read = read

    def __missing__(self, key: Any) -> Any:
        found = self[key] = self.read(key)
        return found


class ColumnReader:
    """Reads columns; of a value that comes again and again, one is kept."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.memos: dict[tuple[str, ...], _Memo] = {}
        self.high_cardinality: set[tuple[str, ...]] = (
            set()
        )  # columns of which hardly a value comes again

    def read(self, key: str, field: Field, values: Column) -> Column:
        """The column of a field. Raises ValueError or TypeError."""
        if not field.nullable and None in values:
            # What is known of texts is shared with `read_typed`, to which None is an absent one.
            raise TypeError(key)
        if field.low_cardinality and field.types == _TEXT:
            found = self._read_memoized((key,), values, partial(_read, field, self.now))
            if found is not None:
                return found
        types = set(map(type, values))
        if not (field.nullable and NoneType in types):
            return self._read(key, field, values, types)
        types.discard(NoneType)
        if field.read_many is not None or not types:
            return self._read(key, field, values, types)
        return _map_not_null(values, lambda some: self._read(key, field, some, types))

    def read_typed(self, key: str, field: Field, values: Column) -> Column:
        """The column of a field whose values are of its types, or null. Raises ValueError."""
        if field.low_cardinality and field.types == _TEXT:
            found = self._read_memoized((key,), values, partial(_read, field, self.now))
            if found is not None:
                return found
        return self._read_all(field, values)

    def read_json(self, key: str, field: Field, values: Sequence[bytes], absent: Any) -> Column:
        """The column of a field whose values are JSON yet; b"" where one is `absent`."""

        def read(value: bytes) -> Any:
            return field.read(orjson.loads(value), self.now) if value else absent

        found = self._read_memoized((key, "JSON"), values, read)
        if found is not None:
            return found
        given = iter(self.read(key, field, decode_json_values(list(filter(None, values)))))
        return [next(given) if value else absent for value in values]

    def _read(self, key: str, field: Field, values: Column, types: set[type]) -> Column:
        if field.types and not types <= field.types:
            raise TypeError(key)
        if field.low_cardinality and types == {list}:
            read = partial(_read_list, field, self.now)
            found = self._read_memoized((key, "list"), list(map(tuple, values)), read)
        elif field.low_cardinality and types == {dict}:
            found = self._read_objects_memoized(key, field, values)
        else:
            found = None
        return self._read_all(field, values) if found is None else found

    def _read_all(self, field: Field, values: Column) -> Column:
        if field.read_many is not None:
            return field.read_many(values, self.now)
        return [field.read(value, self.now) for value in values]

    def _read_objects_memoized(self, key: str, field: Field, values: Column) -> Column | None:
        """Objects of one shape whose parts are texts are told apart by them."""
        shape = tuple(values[0])
        parts = list(map(tuple, map(dict.values, values)))
        if set(map(tuple, values)) != {shape} or set(map(type, chain(*parts))) - _SCALARS:
            return None
        return self._read_memoized(
            (key, *shape), parts, partial(_read_object, field, self.now, shape)
        )

    def _read_memoized(
        self, key: tuple[str, ...], keys: Column, read: Callable[[Any], Any]
    ) -> Column | None:
        """Read each different value once, by what they are told apart by; None if few are alike."""
        if key in self.high_cardinality:
            return None
        memo = self.memos.get(key)
        if memo is None:
            memo = self.memos[key] = _Memo(read)
        before = len(memo)
        found = list(map(memo.__getitem__, keys))
        if 2 * (len(memo) - before) > len(keys) > 64:
            self.high_cardinality.add(key)
            del self.memos[key]
        return found


def _map_not_null(values: Column, read: Callable[[Column], Column]) -> Column:
    """What is read of the values that are not null, and the nulls, in order."""
    found = iter(read([value for value in values if value is not None]))
    return [value if value is None else next(found) for value in values]


def _read(field: Field, now: datetime, value: Any) -> Any:
    return field.read(value, now)


def _read_list(field: Field, now: datetime, key: tuple[Any, ...]) -> Any:
    return field.read(list(key), now)


def _read_object(field: Field, now: datetime, shape: Sequence[str], key: tuple[Any, ...]) -> Any:
    return field.read(dict(zip(shape, key, strict=True)), now)


def decode_json_values(values: Sequence[bytes]) -> Column:
    """What JSON values are."""
    found: list[Any] = orjson.loads(b"[" + b",".join(values) + b"]")
    return found


def read_columns(
    shape: RecordShape, records: Sequence[Mapping[str, Any]], reader: ColumnReader
) -> dict[str, Column]:
    """The fields of records that all have the keys of a shape, in this order.

    Those that no table names are kept as they are. Raises ValueError or TypeError.
    """
    fields = COLLECTIONS[shape.collection]
    columns = zip(*[record.values() for record in records], strict=True)
    return {
        key: reader.read(f"{shape.collection}.{key}", fields[key], column)
        if key in fields
        else column
        for key, column in zip(shape.keys, columns, strict=True)
    }


def read_table(table: Table, reader: ColumnReader) -> dict[str, Column]:
    """The fields of the records of a table. Raises ValueError or TypeError."""
    collection = table.shape.collection
    fields, defaults = COLLECTIONS[collection], DEFAULTS_BY_COLLECTION[collection]
    found: dict[str, Column] = {}
    for key, column in table.columns.items():
        if key not in fields:
            found[key] = decode_json_values(column)
        elif key in table.json_keys:
            absent = defaults.get(key)
            found[key] = reader.read_json(f"{collection}.{key}", fields[key], column, absent)
        else:
            found[key] = reader.read_typed(
                f"{collection}.{key}", _NULLABLE_FIELDS[collection][key], column
            )
    return found


DEFAULTS_BY_COLLECTION = {
    name: defaults_of(RECORD_CLASSES[name]) for name in ("flow_runs", "task_runs")
}
_NULLABLE_FIELDS = {
    name: {
        key: field if field.nullable else nullable(field)
        for key, field in COLLECTIONS[name].items()
    }
    for name in DEFAULTS_BY_COLLECTION
}


def build_columns(collection: str, columns_read: dict[str, Column]) -> dict[str, Column]:
    """The columns of the records that `build` would make of fields read; `id` must be there.

    Raises ValueError where fields contradict each other.
    """
    if collection == "flow_runs":
        _fill_pool_ids(columns_read)
    class_fields, defaults = CLASS_FIELDS[collection], DEFAULTS_BY_COLLECTION[collection]
    columns = {
        key: _replace_nulls(key, column, defaults[key])
        for key, column in columns_read.items()
        if key in class_fields and key not in NOT_KEPT and key != "name"
    }
    columns["name"] = _fill_names(collection, columns_read)
    if STATE_FIELDS & columns_read.keys():
        columns["state"] = _resolve_states(columns_read)
    others = [key for key in columns_read if key not in class_fields and key not in NOT_KEPT]
    if others:
        rows = zip(*(columns_read[key] for key in others), strict=True)
        columns["rest"] = [dict(zip(others, row, strict=True)) for row in rows]
    return columns


def _fill_names(collection: str, columns_read: Mapping[str, Column]) -> Column:
    names = columns_read.get("name")
    if names is not None and None not in names:
        return names
    word = collection.removesuffix("s").replace("_", "-")
    pairs = zip(names or repeat(None), columns_read["id"], strict=False)
    return [f"{word}-{record_id[:8]}" if name is None else name for name, record_id in pairs]


def _replace_nulls(key: str, column: Column, default: Any) -> Column:
    """Null is nothing said, and so is an empty object."""
    if key in OFTEN_EMPTY:
        return [value or EMPTY_JSON for value in column]
    if default is None or key in CAN_BE_NULL or None not in column:
        return column
    return [default if value is None else value for value in column]


STATE_FIELDS = frozenset({"state", "state_type", "state_name", "state_id"})


def _resolve_states(columns_read: Mapping[str, Column]) -> Column:
    keys = sorted(STATE_FIELDS & columns_read.keys())
    if keys == ["state"]:
        return columns_read["state"]
    rows = zip(*(columns_read[key] for key in keys), strict=True)
    return [resolve_state(dict(zip(keys, row, strict=True))) for row in rows]


_POOL_FIELDS = ("work_pool_name", "work_queue_name", "work_queue_id", "work_pool_id")
_NO_POOL = dict.fromkeys(_POOL_FIELDS)


def _fill_pool_ids(columns_read: dict[str, Column]) -> None:
    if "work_pool_name" not in columns_read:
        return
    pool_keys = [key for key in _POOL_FIELDS if key in columns_read]
    memo = _Memo(partial(_pool_ids, pool_keys))
    found = list(map(memo.__getitem__, zip(*map(columns_read.__getitem__, pool_keys), strict=True)))
    columns_read["work_queue_id"], columns_read["work_pool_id"] = zip(*found, strict=True)


def _pool_ids(pool_keys: Sequence[str], row: Sequence[str | None]) -> tuple[str | None, str | None]:
    values = {**_NO_POOL, **dict(zip(pool_keys, row, strict=True))}
    derive_pool_ids(values)
    return values["work_queue_id"], values["work_pool_id"]
