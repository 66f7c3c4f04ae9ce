"""Flow runs and other records, kept in columns.

A record is made from the columns each time it is read, so that loaded records take the memory of
their values only. The columns keep the order in which the records were read; `Rows` gives flow
runs in descending order of ids without moving the values.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import cached_property
from itertools import count, islice, repeat
from operator import eq, gt
from typing import Any, ClassVar, Generic, TypeVar, overload

from ...prefect import CreatedBy, FlowRun, State, StateType, TaskRun
from .compact_columns import ColumnValues, DictionaryColumn, LazyColumn, UuidColumn

R = TypeVar("R")


def defaults_of(kind: type) -> dict[str, Any]:
    """The default of each field of a dataclass, by name; None for a field without a default."""
    return {
        field.name: None
        if field.default_factory is field.default is MISSING
        else field.default
        if field.default_factory is MISSING
        else field.default_factory()
        for field in fields(kind)
    }


class ColumnBuilder:
    """The columns of one collection, built batch by batch: a missing column holds the default."""

    def __init__(self, defaults: Mapping[str, Any]) -> None:
        self.defaults = defaults
        self.by_name: dict[str, ColumnValues] = {}
        self.count = 0

    def add(self, count: int, columns: Mapping[str, ColumnValues]) -> None:
        """Append `count` records. The columns of the first batch are kept as they are."""
        if not self.count:
            self.by_name = dict(columns)
            self.count = count
            return
        for name in columns.keys() | self.by_name.keys():
            values = self.by_name.get(name) or [self.defaults[name]] * self.count
            if not isinstance(values, list):
                values = list(values)
            values.extend(columns.get(name) or repeat(self.defaults[name], count))
            self.by_name[name] = values
        self.count += count

    def values(self, name: str) -> Iterator[Any]:
        """The value of a field in each record, in the order of the records."""
        return iter(self.by_name.get(name) or repeat(self.defaults[name], self.count))


FLOW_RUN_DEFAULTS = defaults_of(FlowRun)
_SLICE = 1 << 16


class Rows(Sequence[FlowRun]):
    """The flow runs of columns, highest id first. A missing column holds the field's default."""

    kind: ClassVar[Callable[..., Any]] = FlowRun
    defaults: ClassVar[Mapping[str, Any]] = FLOW_RUN_DEFAULTS

    def __init__(
        self, columns: Mapping[str, ColumnValues], order: Sequence[int] | None = None
    ) -> None:
        """`columns` must include "id".

        `order`: the positions in descending order of ids, computed when None; a range says that
        the columns are in this order already, without a duplicate id.
        """
        self.columns = columns
        self.order = _descending_order(columns["id"]) if order is None else order

    @property
    def ids(self) -> ColumnValues:
        """The ids, in descending order."""
        return self._ids[0]

    def has_duplicate_ids(self) -> bool:
        """Whether two runs have the same id."""
        return self._ids[1]

    @cached_property
    def _ids(self) -> tuple[ColumnValues, bool]:
        ids = self.columns["id"]
        if isinstance(self.order, range):
            return ids, False
        ordered = list(map(ids.__getitem__, self.order))
        # One text: a drain reads ids in this order, and strings of runs that were read in another
        # lie all over the memory.
        return UuidColumn.from_values(ordered), any(map(eq, ordered, islice(ordered, 1, None)))

    @cached_property
    def ordinal_by_id(self) -> Mapping[str, int]:
        """The ordinal of the run with each id. Ids must be unique."""
        # In the order of the file, which is the order of the ids in memory.
        ordinals = array("I", self.order)
        for ordinal, position in enumerate(self.order):
            ordinals[position] = ordinal
        pairs = zip(self.columns["id"], ordinals, strict=True)
        found: dict[str, int] = {}
        # In slices, so that other threads get their turn: a million at once take 0.3 s (measured).
        for _ in range(0, len(ordinals), _SLICE):
            found.update(islice(pairs, _SLICE))
        return found

    def __len__(self) -> int:
        return len(self.order)

    @overload
    def __getitem__(self, at: int) -> FlowRun: ...
    @overload
    def __getitem__(self, at: slice) -> list[FlowRun]: ...
    def __getitem__(self, at: int | slice) -> FlowRun | list[FlowRun]:
        if isinstance(at, slice):
            return [self[ordinal] for ordinal in range(*at.indices(len(self)))]
        position = self.order[at]
        run: FlowRun = self.kind(**{name: it[position] for name, it in self.columns.items()})
        return run

    def __iter__(self) -> Iterator[FlowRun]:
        return map(self.__getitem__, range(len(self)))

    def values(self, name: str) -> Iterable[Any]:
        """The value of each run in a field or a derived column, by ordinal.

        Values that are dictionary-encoded, or follow from such ones, are a DictionaryColumn.
        """
        if name in DERIVED_COLUMNS:
            derive, names = DERIVED_COLUMNS[name]
            sources = list(map(self.values, names))
            if isinstance(sources[0], DictionaryColumn) and len(sources) == 1:
                return sources[0].derive(derive)
            return map(derive, *sources)
        if name not in self.columns:
            return DictionaryColumn([self.defaults[name]], bytes(len(self)))
        column = self.columns[name]
        if isinstance(column, DictionaryColumn):
            return column.in_order(self.order)
        if isinstance(self.order, range):
            return column
        return map(column.__getitem__, self.order)

    def with_parent_flow_runs(self, flow_run_id_by_task_run: Mapping[str, str | None]) -> Rows:
        """The same runs, with `parent_flow_run_id` taken from their parent task runs.

        `flow_run_id_by_task_run`: the id of the flow run that each task run belongs to.
        """
        parents = self.columns.get("parent_task_run_id")
        if parents is None:
            return self
        found = _look_up(parents, flow_run_id_by_task_run)
        rows = Rows({**self.columns, "parent_flow_run_id": found}, self.order)
        rows._ids = self._ids  # the ids are the same: not computed again
        return rows


def _look_up(keys: ColumnValues, found: Mapping[Any, Any]) -> ColumnValues:
    """The column of what is found for each key, looked up when it is first needed."""
    if isinstance(keys, DictionaryColumn):  # each distinct key, not that of each run
        distinct = keys.dictionary
        values = LazyColumn(len(distinct), lambda: list(map(found.get, distinct)))
        return DictionaryColumn(values, keys.codes)
    return LazyColumn(len(keys), lambda: list(map(found.get, keys)))


class TaskRunRows(Rows):
    """The same of task runs. Filters on them compare some of the columns of flow runs."""

    kind = TaskRun
    defaults = defaults_of(TaskRun)


def _descending_order(ids: ColumnValues) -> Sequence[int]:
    """The positions in descending order of ids; a range when the ids are strictly descending."""
    texts = ids if isinstance(ids, list) else list(ids)
    if all(map(gt, texts, islice(texts, 1, None))):
        return range(len(texts))
    # 32 bits are enough: pyroaring's ordinals have no more.
    return array("I", sorted(range(len(texts)), key=texts.__getitem__, reverse=True))


def _state_type(state: State | None) -> StateType | None:
    return state.type if state else None


def _state_name(state: State | None) -> str | None:
    return state.name if state else None


def _state_key(state: State | None) -> tuple[StateType, str] | None:
    return (state.type, state.name) if state else None


def _creator_id(created_by: CreatedBy | None) -> str | None:
    return created_by.id if created_by else None


def _creator_type(created_by: CreatedBy | None) -> str | None:
    return created_by.type if created_by else None


# Columns that are compared or counted and that are properties of `FlowRun`: name -> how to compute
# the values, and from which fields. tests/seeds/test_bulk_reader.py compares both.
DERIVED_COLUMNS: Mapping[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "state_type": (_state_type, ("state",)),
    "state_name": (_state_name, ("state",)),
    "state_key": (_state_key, ("state",)),
    "created_by_id": (_creator_id, ("created_by",)),
    "created_by_type": (_creator_type, ("created_by",)),
    "start_or_expected_time": (
        lambda start, expected: expected if start is None else start,
        ("start_time", "expected_start_time"),
    ),
}


class FlowRunsById(Mapping[str, FlowRun]):
    """The flow runs of columns, by id."""

    def __init__(self, columns: ColumnBuilder) -> None:
        self.columns = columns
        self.rows = Rows(columns.by_name or {"id": []})

    def __contains__(self, run_id: object) -> bool:
        return run_id in self.rows.ordinal_by_id

    def __getitem__(self, run_id: str) -> FlowRun:
        return self.rows[self.rows.ordinal_by_id[run_id]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows.ids)

    def __len__(self) -> int:
        return len(self.rows)


class RecordsById(Mapping[str, R], Generic[R]):
    """The records of columns, by id; each is made when it is read."""

    def __init__(self, kind: Callable[..., R], columns: ColumnBuilder) -> None:
        """`kind`: the dataclass of the records. Of records with the same id, the last counts."""
        self.kind = kind
        self.columns = columns
        # `count` has no end, so the lengths cannot be equal.
        self._position_by_id = dict(zip(columns.values("id"), count(), strict=False))

    def column_by_id(self, name: str) -> Mapping[str, Any]:
        """The value of a field in each record, by id."""
        return dict(zip(self.columns.values("id"), self.columns.values(name), strict=True))

    def __getitem__(self, record_id: str) -> R:
        position = self._position_by_id[record_id]
        columns = self.columns.by_name
        return self.kind(**{name: column[position] for name, column in columns.items()})

    def __iter__(self) -> Iterator[str]:
        return iter(self._position_by_id)

    def __len__(self) -> int:
        return len(self._position_by_id)
