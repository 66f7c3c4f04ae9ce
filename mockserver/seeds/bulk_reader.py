"""Batches of documents -> columns of flow runs and task runs: what of them plainly is good.

What is not is left for the careful road (`seeds`), whose meaning this has: a property test holds
what both load equal.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import gt
from typing import TYPE_CHECKING, Any

from ..prefect import UNKNOWN_FLOW
from ..store import ColumnBuilder, ColumnValues, DictionaryColumn
from .bulk_columns import (
    DEFAULTS_BY_COLLECTION,
    Column,
    ColumnReader,
    RecordShape,
    build_columns,
    read_columns,
    read_table,
)
from .files import (
    CHUNK_BYTES,
    Batch,
    LineChunk,
    RawRecord,
    ReportProblem,
    guess_collection,
    is_record,
)
from .records import COLLECTIONS, OPEN_COLLECTIONS

if TYPE_CHECKING:
    from .bulk_lines import LineReader

MIN_BATCH = 4
"""So few records of a shape are sooner read one by one."""


@dataclass(frozen=True, slots=True)
class _BuiltRecords:
    """Records of one shape, as they are kept, and what is to be noted of them."""

    shape: RecordShape
    count: int
    columns: Mapping[str, Column]
    unknown_fields: Iterable[str]
    ending_before_start: int


class BulkReader:
    """What has been taken in bulk so far, and what is to be noted of it."""

    def __init__(self, now: datetime) -> None:
        self.column_reader = ColumnReader(now)
        self.columns = {
            name: ColumnBuilder(DEFAULTS_BY_COLLECTION[name]) for name in DEFAULTS_BY_COLLECTION
        }
        self.trusted = {name: bytearray() for name in DEFAULTS_BY_COLLECTION}
        self.unknown_fields: Counter[str] = Counter()
        self.ending_before_start = 0
        self.line_reader: LineReader | None = None

    def read(self, part: Batch | LineChunk, report: ReportProblem) -> Iterator[RawRecord]:
        """Take what plainly is good of a file; yield the other records, in no order."""
        if isinstance(part, LineChunk):
            if self._try_lines(part):
                return
            part = part.to_batch(report)
        yield from self._read_batch(part, report)

    def _try_lines(self, lines: LineChunk) -> bool:
        """Take all lines or, where they are not like those before or not plainly good, none."""
        if self.line_reader is None:
            if sum(map(len, lines.lines)) >= CHUNK_BYTES:
                from .bulk_lines import LineReader  # what only large seeds need

                self.line_reader = LineReader()
            return False
        try:
            tables = self.line_reader.read(lines.lines)
            built = [
                self._build(table.shape, read_table(table, self.column_reader)) for table in tables
            ]
        except (ValueError, TypeError, OverflowError):
            return False
        for records in built:
            self._add(records)
        return True

    def _read_batch(self, batch: Batch, report: ReportProblem) -> Iterator[RawRecord]:
        by_keys: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for index, document in enumerate(batch.documents):
            by_keys[tuple(document) if type(document) is dict else ()].append(index)
        nested: list[int] = []
        for keys, indexes in by_keys.items():
            if not keys or batch.lines[0] is None or not is_record(keys):
                nested += indexes
                continue
            shape = RecordShape(guess_collection(keys), trusted=False, keys=keys)
            if not self._try_records(shape, [batch.documents[index] for index in indexes]):
                yield from batch.records(report, indexes)
        yield from self._read_nested(batch.records(report, nested))

    def _read_nested(self, records: Iterable[RawRecord]) -> Iterator[RawRecord]:
        """Records of lists, as servers answer them, and of documents of collections."""
        by_shape: defaultdict[RecordShape, list[RawRecord]] = defaultdict(list)
        for record in records:
            if record.collection in self.columns and type(record.value) is dict:
                shape = RecordShape(record.collection, record.trusted, tuple(record.value))
                by_shape[shape].append(record)
            else:
                yield record
        for shape, alike in by_shape.items():
            if not self._try_records(shape, [record.value for record in alike]):
                yield from alike

    def _try_records(self, shape: RecordShape, values: Sequence[Mapping[str, Any]]) -> bool:
        """Take records of one shape, or none of them."""
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

    def _build(self, shape: RecordShape, read: dict[str, Column]) -> _BuiltRecords:
        """What is kept of records that were read. Raises ValueError."""
        name, count = shape.collection, len(read["id"])
        known = COLLECTIONS[name]
        unknown = (
            () if name in OPEN_COLLECTIONS else [key for key in shape.keys if key not in known]
        )
        columns = build_columns(name, read)
        backwards = _count_ending_before_start(columns) if name == "flow_runs" else 0
        if not shape.trusted and (unknown or backwards):
            raise ValueError("a field that nobody knows, or an end before the start")
        return _BuiltRecords(shape, count, columns, unknown, backwards)

    def _add(self, built: _BuiltRecords) -> None:
        name, count = built.shape.collection, built.count
        self.columns[name].add(count, built.columns)
        self.trusted[name] += bytes((built.shape.trusted,)) * count
        self.ending_before_start += built.ending_before_start
        self.unknown_fields.update(dict.fromkeys(built.unknown_fields, count))

    def add_columns(self, name: str, count: int, columns: Mapping[str, ColumnValues]) -> None:
        """Take the columns of records that have been checked before."""
        self.columns[name].add(count, columns)
        self.trusted[name] += b"\1" * count

    def add_records(self, name: str, records: Sequence[Any], trusted: Container[str]) -> None:
        """Add records that were read one by one."""
        columns = self.columns[name]
        if not records:
            return
        # A parent_flow_run_id follows from the task run.
        names = columns.defaults.keys() - {"parent_flow_run_id"}
        columns.add(
            len(records), {one: [getattr(record, one) for record in records] for one in names}
        )
        self.trusted[name] += bytes(record.id in trusted for record in records)

    def all_trusted(self, name: str) -> bool:
        """Whether all records came as a server sends them, or checked."""
        return 0 not in self.trusted[name]

    def count_unresolved(self, name: str, key: str, known: Iterable[str]) -> tuple[int, int]:
        """How many records name under a key what is not known; and how many of them are trusted."""
        column = self.columns[name].by_name.get(key, ())
        different = column.dictionary if isinstance(column, DictionaryColumn) else column
        missing = set(different).difference(NO_REFERENCE)
        missing = missing.difference(known) if missing else missing
        indexes = (
            [index for index, wanted in enumerate(column) if wanted in missing] if missing else []
        )
        return len(indexes), sum(self.trusted[name][index] for index in indexes)


NO_REFERENCE = (None, UNKNOWN_FLOW.id)


def _count_ending_before_start(columns: Mapping[str, Column]) -> int:
    """How many of the runs end before they start."""
    starts, ends = columns.get("start_time", ()), columns.get("end_time", ())
    try:
        return sum(map(gt, starts, ends))
    except TypeError:  # one of them is null
        pairs = zip(starts, ends, strict=True)
        return sum([start > end for start, end in pairs if start and end])
