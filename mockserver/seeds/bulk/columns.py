"""The fast path of loading: records of one shape, read column by column.

`read_columns` and `build_columns` do for many records what reading each field and `build_record` do
for one, and return the same values. They raise ValueError or TypeError as soon as a value is not
plainly valid, without saying what is wrong: `loading` then reads the records one by one and reports
it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, repeat
from types import NoneType
from typing import Any

from ...prefect import EMPTY_JSON
from ...store import defaults_of
from ..files import read_json
from ..records import (
    CAN_BE_NULL,
    CLASS_FIELDS,
    COLLECTIONS,
    DEFAULT_NAMES,
    NOT_KEPT,
    OFTEN_EMPTY,
    RECORD_CLASSES,
    STATE_FIELDS,
    Field,
    derive_pool_ids,
    nullable,
    resolve_state,
    restore_nulls,
)

Column = Sequence[Any]
# No numbers and booleans: as keys of a memo, 1, 1.0 and True are equal.
_SCALARS = frozenset({str, NoneType})
_TEXT = frozenset({str})


@dataclass(frozen=True, slots=True)
class RecordShape:
    """What the records that are read together have in common.

    `trusted` records came in a list, as a server returns them. `keys` are in the records' order.
    """

    collection: str
    trusted: bool
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The records of several lines, by column.

    A column holds decoded values, None where a value is null or absent. A column whose key is in
    `json_keys` holds the JSON of each value, b"" where it is absent. Every record has an id, and
    every record has each key that `COLLECTIONS` does not list.
    """

    shape: RecordShape
    columns: Mapping[str, Column]
    json_keys: Container[str]


class _Memo(dict[Any, Any]):
    """Caches what `read` returns for each distinct key."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self.read = read

    def __missing__(self, key: Any) -> Any:
        value = self[key] = self.read(key)
        return value


class ColumnReader:
    """Reads columns. Equal values of a column that repeats them become one object."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.memos: dict[tuple[str, ...], _Memo] = {}
        # Names of memos that were given up, because their columns hardly repeat a value.
        self.high_cardinality: set[tuple[str, ...]] = set()

    def read(self, key: str, field: Field, values: Column) -> Column:
        """Read the values of a field; `key` names the column. Raises ValueError or TypeError."""
        if not field.nullable and None in values:
            # The memo of a text column may know None: `read_typed` reads it as an absent value.
            raise TypeError(key)
        found = self._read_repeated_texts(key, field, values)
        if found is not None:
            return found
        types = set(map(type, values))
        if not (field.nullable and NoneType in types):
            return self._read(key, field, values, types)
        types.discard(NoneType)
        # `read_many` passes over nulls: to take them out and to put them back took longer.
        if field.read_many is not None or not types:
            return self._read(key, field, values, types)
        present = [value for value in values if value is not None]
        return restore_nulls(values, self._read(key, field, present, types))

    def read_typed(self, key: str, field: Field, values: Column) -> Column:
        """Like `read`, for values that are known to have the field's types or to be None."""
        found = self._read_repeated_texts(key, field, values)
        return self._read_all(field, values) if found is None else found

    def read_json(self, key: str, field: Field, values: Sequence[bytes], absent: Any) -> Column:
        """Read a field whose values are still JSON. An empty one stands for `absent`."""

        def read(value: bytes) -> Any:
            return field.read(read_json(value), self.now) if value else absent

        found = self._read_memoized((key, "JSON"), values, read)
        if found is not None:
            return found
        present = iter(self.read(key, field, decode_json_values(list(filter(None, values)))))
        return [next(present) if value else absent for value in values]

    def _read_repeated_texts(self, key: str, field: Field, values: Column) -> Column | None:
        if not field.low_cardinality or field.types != _TEXT:
            return None
        return self._read_memoized((key,), values, partial(_read, field, self.now))

    def _read(self, key: str, field: Field, values: Column, types: set[type]) -> Column:
        """Read values of these Python types."""
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
        """Read objects that have the same keys, and texts or nulls as values; else None."""
        shape = tuple(values[0])
        parts = list(map(tuple, map(dict.values, values)))
        if set(map(tuple, values)) != {shape} or set(map(type, chain(*parts))) - _SCALARS:
            return None
        return self._read_memoized(
            (key, *shape), parts, partial(_read_object, field, self.now, shape)
        )

    def _read_memoized(
        self, name: tuple[str, ...], keys: Column, read: Callable[[Any], Any]
    ) -> Column | None:
        """Read each distinct value once. `keys` are the values in a form that can be hashed.

        Returns None for a column that hardly repeats a value.
        """
        if name in self.high_cardinality:
            return None
        memo = self.memos.get(name)
        if memo is None:
            memo = self.memos[name] = _Memo(read)
        before = len(memo)
        found = list(map(memo.__getitem__, keys))
        # More than half of the values were new: remembering them does not pay. A small batch says
        # too little about its column.
        if 2 * (len(memo) - before) > len(keys) > 64:
            self.high_cardinality.add(name)
            del self.memos[name]
        return found


def _read(field: Field, now: datetime, value: Any) -> Any:
    return field.read(value, now)


def _read_list(field: Field, now: datetime, key: tuple[Any, ...]) -> Any:
    return field.read(list(key), now)


def _read_object(field: Field, now: datetime, shape: Sequence[str], key: tuple[Any, ...]) -> Any:
    return field.read(dict(zip(shape, key, strict=True)), now)


def decode_json_values(values: Sequence[bytes]) -> Column:
    """Decode JSON values in one call of the parser. Raises ValueError."""
    decoded: list[Any] = read_json(b"[" + b",".join(values) + b"]")
    return decoded


def read_columns(
    shape: RecordShape, records: Sequence[Mapping[str, Any]], reader: ColumnReader
) -> dict[str, Column]:
    """Read records that all have the keys of a shape, in its order; returns columns by key.

    Values of keys that `COLLECTIONS` does not list are kept unread. Raises ValueError or TypeError.
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
    """Read the records of a table, as `read_columns` does."""
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
    """The columns of the records that `build_record` would make of these values, by field.

    `columns_read` must have ids, and is changed. Raises ValueError where fields contradict each
    other.
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
    template = DEFAULT_NAMES[collection]
    pairs = zip(names or repeat(None), columns_read["id"], strict=False)
    return [template.format(record_id) if name is None else name for name, record_id in pairs]


def _replace_nulls(key: str, column: Column, default: Any) -> Column:
    """Put the default in the place of nulls, and the shared empty object in that of empty ones."""
    if key in OFTEN_EMPTY:
        return [value or EMPTY_JSON for value in column]
    if default is None or key in CAN_BE_NULL or None not in column:
        return column
    return [default if value is None else value for value in column]


def _resolve_states(columns_read: Mapping[str, Column]) -> Column:
    keys = sorted(STATE_FIELDS & columns_read.keys())
    if keys == ["state"]:
        return columns_read["state"]
    rows = zip(*(columns_read[key] for key in keys), strict=True)
    return [resolve_state(dict(zip(keys, row, strict=True))) for row in rows]


_POOL_FIELDS = ("work_pool_name", "work_queue_name", "work_queue_id", "work_pool_id")
_NO_POOL = dict.fromkeys(_POOL_FIELDS)


def _fill_pool_ids(columns_read: dict[str, Column]) -> None:
    """Do for each row what `derive_pool_ids` does: once for each distinct combination."""
    if "work_pool_name" not in columns_read:
        return
    pool_keys = [key for key in _POOL_FIELDS if key in columns_read]
    # One look-up a record: there are few pools and queues.
    memo = _Memo(partial(_pool_ids, pool_keys))
    rows = zip(*map(columns_read.__getitem__, pool_keys), strict=True)
    ids = list(map(memo.__getitem__, rows))
    columns_read["work_queue_id"], columns_read["work_pool_id"] = zip(*ids, strict=True)


def _pool_ids(pool_keys: Sequence[str], row: Sequence[str | None]) -> tuple[str | None, str | None]:
    """The queue's id and the pool's id that follow from a row of these keys."""
    values = {**_NO_POOL, **dict(zip(pool_keys, row, strict=True))}
    derive_pool_ids(values)
    return values["work_queue_id"], values["work_pool_id"]
