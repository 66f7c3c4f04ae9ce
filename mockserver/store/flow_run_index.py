"""Flow runs that never change, and the indexes that answer predicates on them.

A column is indexed when a predicate first compares it. Invariant: `look_up` finds exactly the
runs for which calling the predicate returns True. tests/store/test_store.py compares both for
random bases and filters.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import count
from operator import attrgetter
from typing import Any, cast

from pyroaring import BitMap

from ..filters import IS_NULL, ONE_OF, AllOf, Comparison, Predicate
from ..prefect import FlowRun
from .columns import (
    ColumnValues,
    Rows,
    TimestampColumn,
    UuidColumn,
)
from .indexes import (
    EMPTY_SET,
    BitmapSet,
    ColumnIndex,
    Difference,
    Intersection,
    LargeLookUps,
    NameIndex,
    OrdinalSet,
    Prepared,
    TagIndex,
    TimeIndex,
    Union,
    ValueIndex,
    is_known_empty,
    sort_in_slices,
)
from .sort_orders import SortOrder

# Rule M11. Prefect: database/orm_models.py, FlowRun.parent_task_run_id is a foreign key with
# ON DELETE SET NULL, and there is no column parent_flow_run_id.
PARENT_COLUMNS = frozenset({"parent_task_run_id", "parent_flow_run_id"})
"""The columns that become null when a run's parent is deleted."""
# Prefect: orm_models.py, FlowRun.work_queue_id is a foreign key with ON DELETE SET NULL, and what a
# reply says of a run's pool is what its queue says. FlowRun.work_queue_name stays.
QUEUE_COLUMNS = frozenset({"work_queue_id", "work_pool_id", "work_pool_name"})
"""The columns that become null when a run's work queue is deleted."""

NO_ORDINALS = BitMap()  # shared, so never changed

id_of = attrgetter("id")


class FlowRunIndex:
    """Flow runs in descending order of ids, indexed by column. Immutable."""

    def __init__(self, runs: Iterable[FlowRun], *, passing: bool = False) -> None:
        """`runs` may come in any order; ids must be unique.

        `passing`: it serves one request, so that nothing of it can be made in another thread
        for the next attempt.
        """
        # Rule M10: the highest ids first. Prefect: models/flow_runs.py, read_flow_runs sorts by
        # ID_DESC unless it is told otherwise.
        self.runs: Sequence[FlowRun] = (
            runs if isinstance(runs, Rows) else tuple(sorted(runs, key=id_of, reverse=True))
        )
        self.ids: ColumnValues = (
            runs.ids if isinstance(runs, Rows) else [run.id for run in self.runs]
        )
        self.all_ordinals = BitMap(range(len(self.runs)))
        self._large = LargeLookUps()
        self.prepared = Prepared(0 if passing else len(self.runs))
        self.last_spans: tuple[Any, Sequence[BitMap]] = ((), ())  # see `find_spans`

    @property
    def ordinal_by_id(self) -> Mapping[str, int]:
        """The ordinal of the run with each id."""
        found: Mapping[str, int] = self.prepared.get("ordinal_by_id", self._ordinal_by_id)
        return found

    def _ordinal_by_id(self) -> Mapping[str, int]:
        runs = self.runs
        return runs.ordinal_by_id if isinstance(runs, Rows) else dict(zip(self.ids, count()))

    def ids_of(self, ordinals: Sequence[int]) -> list[str]:
        """The ids of the runs at ascending ordinals."""
        ids = self.ids
        return (
            ids.get_many(ordinals) if isinstance(ids, UuidColumn) else [ids[at] for at in ordinals]
        )

    def values(self, column: str) -> Iterable[Any]:
        """The value of each run in a column that filters compare, by ordinal."""
        runs = self.runs
        return runs.values(column) if isinstance(runs, Rows) else map(attrgetter(column), runs)

    def microseconds(self, column: str) -> array[int]:
        """The instant of each run in a column of times, by ordinal, as a TimestampColumn has it."""
        key = ("microseconds", column)
        found: array[int] = self.prepared.get(key, lambda: self._microseconds(column))
        return found

    def _microseconds(self, name: str) -> array[int]:
        if name == "start_or_expected_time":
            return self.first_microseconds(("start_time", "expected_start_time"))
        runs = self.runs
        column = runs.columns.get(name) if isinstance(runs, Rows) else None
        if not isinstance(runs, Rows) or not isinstance(column, TimestampColumn):
            return TimestampColumn.from_values(self.values(name)).microseconds
        if isinstance(runs.order, range):
            return column.microseconds
        return array("q", map(column.microseconds.__getitem__, runs.order))

    def first_microseconds(self, columns: tuple[str, ...]) -> array[int]:
        """The instant of each run in the first of these columns where it has one."""
        key = ("microseconds", columns)
        found: array[int] = self.prepared.get(key, lambda: self._first_microseconds(columns))
        return found

    def _first_microseconds(self, columns: tuple[str, ...]) -> array[int]:
        found = self.microseconds(columns[0])[:]
        missing = self.time_index(columns[0]).nulls.ordinals
        for column in columns[1:]:
            others = self.microseconds(column)
            for ordinal in missing.to_array():
                found[ordinal] = others[ordinal]
            missing = missing & self.time_index(column).nulls.ordinals
        return found

    def parent_ids(self) -> AbstractSet[str]:
        """The ids of the flow runs that are the parent of a run."""
        return self.value_index("parent_flow_run_id").by_value.keys()

    def children(self, parents: set[str]) -> BitMap | None:
        """The ordinals of the subflows of these flow runs (ids); None if there are none."""
        index = self.value_index("parent_flow_run_id")
        with_children = index.by_value.keys() & parents
        return index.one_of(with_children).within(None) if with_children else None

    def parent_task_run_ids(self, *, excluding: BitMap) -> frozenset[str]:
        """The parent task runs (ids) of all runs but those at the excluded ordinals."""
        index = self.value_index("parent_task_run_id")
        return index.values_of(self.all_ordinals - excluding)

    def look_up(
        self, predicate: Predicate, orphans: BitMap, queueless: BitMap = NO_ORDINALS
    ) -> OrdinalSet:
        """The runs that satisfy a predicate.

        `orphans`: ordinals of the runs whose parent was deleted; their parent columns count as
        null. `queueless`: of those whose work queue was; so do their QUEUE_COLUMNS. The set refers
        to these bitmaps: ordinals may be added to them later, but another bitmap needs another
        look-up.
        """
        if isinstance(predicate, Comparison):
            if predicate.column == "id":
                return self._look_up_ids(predicate)
            matches = self._column_index(predicate.column).look_up(predicate)
            if predicate.column in PARENT_COLUMNS:
                return _count_as_null(matches, predicate, orphans)
            if predicate.column in QUEUE_COLUMNS:
                return _count_as_null(matches, predicate, queueless)
            return matches
        if isinstance(predicate, AllOf):
            return self._look_up_all(predicate.parts, orphans, queueless)
        parts = [self.look_up(part, orphans, queueless) for part in predicate.parts]
        return Union(parts) if parts else EMPTY_SET

    def _look_up_all(
        self, predicates: Iterable[Predicate], orphans: BitMap, queueless: BitMap
    ) -> OrdinalSet:
        parts = []
        for predicate in predicates:
            matches = self.look_up(predicate, orphans, queueless)
            if is_known_empty(matches):
                # No other part can add a match. Measured with the API document's sample filter
                # on 100 runs: 12 us in the store instead of 180.
                return EMPTY_SET
            parts.append(matches)
        return Intersection(parts) if parts else BitmapSet(self.all_ordinals)

    def _look_up_ids(self, test: Comparison) -> OrdinalSet:
        # An id is never null, so rule M4 leaves out no run below.
        named = self._large.get(test.operand, lambda: self._named(test.operand))
        return named if test.relation is ONE_OF else Difference(BitmapSet(self.all_ordinals), named)

    def _named(self, ids: AbstractSet[str]) -> OrdinalSet:
        """The runs with these ids."""
        ordinals = map(self.ordinal_by_id.get, ids)
        return BitmapSet(BitMap([ordinal for ordinal in ordinals if ordinal is not None]))

    def sort_order(self, column: str, *, descending: bool) -> SortOrder:
        """The runs in order of a column; the order of "id" is that of the ordinals."""
        key = ("order", column, descending)
        found: SortOrder = self.prepared.get(key, lambda: self._sort_order(column, descending))
        return found

    def _sort_order(self, column: str, descending: bool) -> SortOrder:
        if column == "id":  # highest first, as runs without a value come
            return SortOrder((), self.all_ordinals, self.ids.__getitem__)
        if column == "name":
            names = cast(NameIndex, self._column_index(column))
            return SortOrder(names.in_order(descending=descending), BitMap(), names.name_at)
        times = self.time_index(column)
        ordinals, value_of = times.in_order.ordinals, times.microseconds.__getitem__
        if descending:
            ordinals = sort_in_slices(ordinals, value_of, descending=True)
        return SortOrder(ordinals, times.nulls.ordinals, value_of)

    def time_index(self, column: str) -> TimeIndex:
        """The index of a column of times."""
        return cast(TimeIndex, self._column_index(column))

    def value_index(self, column: str) -> ValueIndex:
        """The index of a column of single values."""
        index = self._column_index(column)
        return index.values if isinstance(index, NameIndex) else cast(ValueIndex, index)

    def _column_index(self, name: str) -> ColumnIndex:
        found: ColumnIndex = self.prepared.get(name, lambda: self._make_column_index(name))
        return found

    def _make_column_index(self, name: str) -> ColumnIndex:
        related = self.prepared.related()
        if name in TIME_COLUMNS:
            return TimeIndex(self.microseconds(name), self.all_ordinals, related)
        values = self.values(name)
        if name == "tags":
            return TagIndex(values, self.all_ordinals)
        kind = NameIndex if name == "name" else ValueIndex
        return kind(values, self.all_ordinals, related)


TIME_COLUMNS = frozenset(
    {
        "start_time",
        # Rule M7. Prefect has a database index on the same expression (orm_models.py, FlowRun).
        "start_or_expected_time",
        "end_time",
        "expected_start_time",
        "next_scheduled_start_time",
    }
)


def _count_as_null(matches: OrdinalSet, test: Comparison, nulled: BitMap) -> OrdinalSet:
    """What a comparison matches when the column of the runs at some ordinals is null."""
    if test.relation is IS_NULL:
        return Union((matches, BitmapSet(nulled)))
    return Difference(matches, BitmapSet(nulled))


def depends_on_parents(query: Predicate | tuple[Predicate, ...]) -> bool:
    """Whether a predicate, or one of several, compares a column that orphaning changes."""
    if isinstance(query, Comparison):
        return query.column in PARENT_COLUMNS
    return any(map(depends_on_parents, query if isinstance(query, tuple) else query.parts))
