"""The fast path of loading: batches of documents or lines -> columns of flow runs and task runs.

Only records that are plainly valid are read here; the others are handed back, to be read one by one
(`loading`). A property test holds that both paths load the same records, or report the same
problems.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import gt, itemgetter
from typing import TYPE_CHECKING, Any

from ...prefect import UNKNOWN_FLOW
from ...store import ColumnBuilder, ColumnValues, DictionaryColumn
from ..files import (
    CHUNK_BYTES,
    Batch,
    ElementChunk,
    LineChunk,
    RawRecord,
    ReportProblem,
    is_record,
)
from ..records import (
    COLLECTIONS,
    FLOW_FIELDS,
    OPEN_COLLECTIONS,
    NamedRecords,
    UnclearRecordError,
    expand_columns,
    guess_collection,
)
from .columns import (
    DEFAULTS_BY_COLLECTION,
    Column,
    ColumnReader,
    RecordShape,
    Table,
    build_columns,
    read_columns,
    read_table,
)

if TYPE_CHECKING:
    from .lines import LineReader

MIN_BATCH = 4
"""Fewer records of one shape are read one by one, which is faster for so few."""
# Such a run makes a task run, too, so it is read by itself.
_MAKES_TASK_RUNS = "parent"


@dataclass(frozen=True, slots=True)
class _BuiltRecords:
    """Checked records of one shape, by column, and what `Seeds.notes` will say about them."""

    shape: RecordShape
    count: int
    columns: Mapping[str, Column]
    unknown_fields: Iterable[str]
    ending_before_start: int


class BulkReader:
    """Reads batches in bulk, and holds the columns of what has been read so far.

    `trusted` has a byte for each record of a collection: 1 if it came as a server sends it, or
    checked.
    """

    def __init__(self, now: datetime) -> None:
        self.column_reader = ColumnReader(now)
        self.columns = {
            name: ColumnBuilder(DEFAULTS_BY_COLLECTION[name]) for name in DEFAULTS_BY_COLLECTION
        }
        self.trusted = {name: bytearray() for name in DEFAULTS_BY_COLLECTION}
        self.unknown_fields: Counter[str] = Counter()
        self.ending_before_start = 0
        self.named = NamedRecords()
        self.line_reader: LineReader | None = None

    def read(self, part: Batch | LineChunk, report: ReportProblem) -> Iterator[RawRecord]:
        """Read the valid records of a part of a file; yield the other ones, in order."""
        if isinstance(part, LineChunk):
            if self._try_lines(part):
                return
            part = part.to_batch(report)
        yield from self._read_batch(part, report)

    def _try_lines(self, lines: LineChunk) -> bool:
        """Read all lines, or none if a record is not plainly valid or differs from those before."""
        # The first chunk is read as documents, from which the line reader learns its keys.
        if self.line_reader is None:
            # A whole chunk, so the file is larger than a mebibyte. Importing msgspec takes 29 ms.
            if sum(map(len, lines.lines)) >= CHUNK_BYTES:
                from .lines import LineReader  # imported late: only large seeds need msgspec

                self.line_reader = LineReader()
            return False
        try:
            tables = self.line_reader.read(lines.lines)
            if isinstance(lines, ElementChunk) and lines.collection is not None:
                _require_collection(tables, lines.collection)
            _require_no_flows(tables)
            built = [
                self._build(table.shape, read_table(table, self.column_reader)) for table in tables
            ]
        # OverflowError: a relative time such as now-999999999d leaves the years of a datetime.
        except (ValueError, TypeError, OverflowError):
            return False
        for records in built:
            self._add(records)
        return True

    def _read_batch(self, batch: Batch, report: ReportProblem) -> Iterator[RawRecord]:
        """Read the documents that are records of a line, grouped by their keys; then the others."""
        by_keys: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for index, document in enumerate(batch.documents):
            by_keys[tuple(document) if type(document) is dict else ()].append(index)
        nested: list[int] = []
        left: list[_Placed] = []
        for keys, indexes in by_keys.items():
            if not keys or batch.lines[0] is None or not is_record(keys):
                nested += indexes
                continue
            try:
                collection = guess_collection(keys)
            except UnclearRecordError:
                nested += indexes  # it is reported when they are read
                continue
            shape = RecordShape(collection, trusted=False, keys=keys)
            if collection not in self.columns or not self._try_records(
                shape, [batch.documents[index] for index in indexes]
            ):
                left += _placed(batch, report, indexes)
        left += self._read_nested(_placed(batch, report, sorted(nested)))
        left.sort(key=itemgetter(0))
        for _, record in left:
            yield record

    def _read_nested(self, records: Iterable[_Placed]) -> Iterator[_Placed]:
        """Read records of lists and of documents of collections, grouped by their shape."""
        by_shape: defaultdict[RecordShape, list[_Placed]] = defaultdict(list)
        for place, record in records:
            if record.collection in self.columns and type(record.value) is dict:
                shape = RecordShape(record.collection, record.trusted, tuple(record.value))
                by_shape[shape].append((place, record))
            else:
                yield place, record
        for shape, group in by_shape.items():
            if not self._try_records(shape, [record.value for _, record in group]):
                yield from group

    def _try_records(self, shape: RecordShape, values: Sequence[Mapping[str, Any]]) -> bool:
        """Read all records of one shape, or none if one is not plainly valid."""
        if _MAKES_TASK_RUNS in shape.keys and shape.collection == "flow_runs":
            return False
        if self.line_reader:
            self.line_reader.learn(shape)
        if len(values) < MIN_BATCH or "id" not in shape.keys:
            return False
        try:
            built = self._build(shape, read_columns(shape, values, self.column_reader))
        except (ValueError, TypeError, OverflowError):
            return False
        self._add(built)
        return True

    def _build(self, shape: RecordShape, columns_read: dict[str, Column]) -> _BuiltRecords:
        """Build and check records from columns that were read. Raises ValueError."""
        name, count = shape.collection, len(columns_read["id"])
        known = COLLECTIONS[name]
        unknown = (
            () if name in OPEN_COLLECTIONS else [key for key in shape.keys if key not in known]
        )
        expand_columns(name, columns_read, self.named)
        columns = build_columns(name, columns_read)
        ending_before_start = _count_ending_before_start(columns) if name == "flow_runs" else 0
        # A server's own records are taken as they are, and noted; in others these are problems.
        if not shape.trusted and (unknown or ending_before_start):
            raise ValueError("an unknown field, or an end before the start")
        return _BuiltRecords(shape, count, columns, unknown, ending_before_start)

    def _add(self, built: _BuiltRecords) -> None:
        name, count = built.shape.collection, built.count
        self.columns[name].add(count, built.columns)
        self.trusted[name] += bytes((built.shape.trusted,)) * count
        self.ending_before_start += built.ending_before_start
        self.unknown_fields.update(dict.fromkeys(built.unknown_fields, count))

    def add_columns(self, name: str, count: int, columns: Mapping[str, ColumnValues]) -> None:
        """Add columns of records that were checked when they were packed."""
        self.columns[name].add(count, columns)
        self.trusted[name] += b"\1" * count

    def add_records(self, name: str, records: Sequence[Any], trusted: Container[str]) -> None:
        """Add records that were read one by one. `trusted`: the ids of those that are."""
        columns = self.columns[name]
        if not records:
            return
        # The store derives parent_flow_run_id from the task run that a run names.
        fields = columns.defaults.keys() - {"parent_flow_run_id"}
        columns.add(
            len(records), {key: [getattr(record, key) for record in records] for key in fields}
        )
        self.trusted[name] += bytes(record.id in trusted for record in records)

    def all_trusted(self, name: str) -> bool:
        """Whether all records of a collection are trusted."""
        return 0 not in self.trusted[name]

    def count_unresolved(self, name: str, key: str, known: Iterable[str]) -> tuple[int, int]:
        """How many records refer under `key` to an id that is not `known`; how many are trusted."""
        column = self.columns[name].by_name.get(key, ())
        distinct = column.dictionary if isinstance(column, DictionaryColumn) else column
        missing = set(distinct).difference(NO_REFERENCE)
        missing = missing.difference(known) if missing else missing
        if not missing:
            return 0, 0
        indexes = [index for index, wanted in enumerate(column) if wanted in missing]
        return len(indexes), sum(self.trusted[name][index] for index in indexes)


def _require_collection(tables: Iterable[Table], collection: str) -> None:
    """Raise ValueError if records of a list in a document were taken for those of another kind."""
    if {table.shape.collection for table in tables} != {collection}:
        raise ValueError(f"not only {collection}")


def _require_no_flows(tables: Iterable[Table]) -> None:
    """Raise ValueError if flows, whose fields runs have, too, were taken for flow runs."""
    for table in tables:
        if table.shape.collection != "flow_runs" or "created" not in table.columns:
            continue
        others = [column for key, column in table.columns.items() if key not in FLOW_FIELDS]
        if any(None not in column and b"" not in column for column in others):
            continue
        rows = zip(*others, strict=True) if others else [()]
        if not all(any(row) for row in rows):
            raise ValueError("a record without a field of flow runs")


_Placed = tuple[tuple[int, int], RawRecord]
"""A record, after the index of its document and its place in it."""


def _placed(batch: Batch, report: ReportProblem, indexes: Iterable[int]) -> Iterator[_Placed]:
    """The records of the documents at some indexes."""
    for index in indexes:
        for place, record in enumerate(batch.records(report, (index,))):
            yield (index, place), record


# Values that refer to nothing in the seeds: the store provides a flow for runs without one.
NO_REFERENCE = (None, UNKNOWN_FLOW.id)


def _count_ending_before_start(columns: Mapping[str, Column]) -> int:
    """How many runs end before they start."""
    starts, ends = columns.get("start_time", ()), columns.get("end_time", ())
    try:
        return sum(map(gt, starts, ends))
    except TypeError:  # a start or an end is null
        pairs = zip(starts, ends, strict=True)
        return sum([start > end for start, end in pairs if start and end])
