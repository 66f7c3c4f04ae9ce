"""Records of one shape, column by column: the fast road of loading (see `plain`).

`read_columns` and `build_columns` do for many records what reading each field and `build` do for
one. They raise ValueError or TypeError where anything is not plainly good, and say no more: the
careful road then reads the records one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain, repeat
from types import NoneType
from typing import Any

from .records import (
    CAN_BE_NULL,
    COLLECTIONS,
    KINDS,
    NOT_KEPT,
    OFTEN_EMPTY,
    OWN,
    place_in_pool,
    state_of,
)
from .rows import defaults_of
from .runs import NOTHING
from .seed_fields import Field

Column = Sequence[Any]
_SCALARS = frozenset({str, NoneType})


class ColumnReader:
    """Reads columns; of a value that comes again and again, one is kept."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.known: dict[tuple[str, ...], dict[Any, Any]] = {}
        self.many: set[tuple[str, ...]] = set()  # columns of which hardly a value comes again

    def read(self, key: str, field: Field, values: Column) -> Column:
        """The column of a field. Raises ValueError or TypeError."""
        types = set(map(type, values))
        if not (field.nullable and NoneType in types):
            return self._read(key, field, values, types)
        if len(types) == 1:
            return values
        present = [value for value in values if value is not None]
        read = iter(self._read(key, field, present, types - {NoneType}))
        return [value if value is None else next(read) for value in values]

    def _read(self, key: str, field: Field, values: Column, types: set[type]) -> Column:
        if field.types and not types <= field.types:
            raise TypeError(key)
        if types == {str} and field.few:
            return self._shared((key,), field, values, values)
        if types == {list}:
            return self._shared((key,), field, values, list(map(tuple, values)))
        if types == {dict} and field.few:
            return self._shared_objects(key, field, values)
        return self._each(field, values)

    def _each(self, field: Field, values: Column) -> Column:
        if field.plain is not None:
            return field.plain(values, self.now)
        return [field.read(value, self.now) for value in values]

    def _shared_objects(self, key: str, field: Field, values: Column) -> Column:
        """Objects of one shape whose parts are texts are told apart by them."""
        shape = tuple(values[0])
        parts = list(map(tuple, map(dict.values, values)))
        if set(map(tuple, values)) != {shape} or set(map(type, chain(*parts))) - _SCALARS:
            return self._each(field, values)
        return self._shared((key, *shape), field, values, parts)

    def _shared(self, key: tuple[str, ...], field: Field, values: Column, marks: Column) -> Column:
        """Read each different value once; `marks` are what they are told apart by."""
        known = self.known.setdefault(key, {})
        if marks[0] in known:
            try:
                return list(map(known.__getitem__, marks))
            except KeyError:
                pass
        elif key in self.many:
            return self._each(field, values)
        fresh = set(marks).difference(known)
        if 2 * len(fresh) > len(values) > 64:
            self.many.add(key)
            return self._each(field, values)
        first = dict(zip(marks, values, strict=True))
        known.update((mark, field.read(first[mark], self.now)) for mark in fresh)
        return list(map(known.__getitem__, marks))


def read_columns(
    collection: str, shape: Sequence[str], records: Sequence[Mapping[str, Any]], read: ColumnReader
) -> dict[str, Column]:
    """The fields of records that all have the keys of `shape`, in this order.

    Those that no table names are kept as they are. Raises ValueError or TypeError.
    """
    fields = COLLECTIONS[collection]
    given = dict(
        zip(shape, zip(*[record.values() for record in records], strict=True), strict=True)
    )
    return {
        key: read.read(f"{collection}.{key}", fields[key], column) if key in fields else column
        for key, column in given.items()
    }


DEFAULTS = {name: defaults_of(KINDS[name]) for name in ("flow_runs", "task_runs")}


def build_columns(collection: str, read: dict[str, Column]) -> dict[str, Column]:
    """The columns of the records that `build` would make of fields read; `id` must be there.

    Raises ValueError where fields contradict each other.
    """
    if collection == "flow_runs":
        _place_in_pools(read)
    own, defaults = OWN[collection], DEFAULTS[collection]
    columns = {
        key: _without_nulls(key, column, defaults[key])
        for key, column in read.items()
        if key in own and key not in NOT_KEPT
    }
    if _OF_STATE & read.keys():
        columns["state"] = _states(read)
    if "name" not in columns:
        word = collection.removesuffix("s").replace("_", "-")
        columns["name"] = [f"{word}-{record_id[:8]}" for record_id in read["id"]]
    others = [key for key in read if key not in own and key not in NOT_KEPT]
    if others:
        rows = zip(*(read[key] for key in others), strict=True)
        columns["rest"] = [dict(zip(others, row, strict=True)) for row in rows]
    return columns


def _without_nulls(key: str, column: Column, default: Any) -> Column:
    """Null is nothing said, and so is an empty object."""
    if key in OFTEN_EMPTY:
        return [value or NOTHING for value in column]
    if default is None or key in CAN_BE_NULL or None not in column:
        return column
    return [default if value is None else value for value in column]


_OF_STATE = frozenset({"state", "state_type", "state_name", "state_id"})


def _states(read: Mapping[str, Column]) -> Column:
    keys = sorted(_OF_STATE & read.keys())
    if keys == ["state"]:
        return read["state"]
    rows = zip(*(read[key] for key in keys), strict=True)
    return [state_of(dict(zip(keys, row, strict=True))) for row in rows]


_PLACE = ("work_pool_name", "work_queue_name", "work_queue_id", "work_pool_id")


def _place_in_pools(read: dict[str, Column]) -> None:
    if "work_pool_name" not in read:
        return
    rows = list(
        zip(*(read.get(key) or repeat(None, len(read["id"])) for key in _PLACE), strict=True)
    )
    placed = {row: _placed(row) for row in set(rows)}
    found = zip(*map(placed.__getitem__, rows), strict=True)
    read["work_queue_id"], read["work_pool_id"] = found


def _placed(row: tuple[str | None, ...]) -> tuple[str | None, str | None]:
    values = dict(zip(_PLACE, row, strict=True))
    place_in_pool(values)
    return values["work_queue_id"], values["work_pool_id"]
