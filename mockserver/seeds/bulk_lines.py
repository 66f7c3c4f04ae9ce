"""Lines of records -> columns: no object is made of a record, and none twice of the same JSON.

The keys are learned from records read before. What is not as those were is a ValueError, and is
left to the careful road (`bulk`, `seeds`), whose meaning this has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, filterfalse
from operator import attrgetter
from typing import Annotated, Any, Literal

from msgspec import Meta, MsgspecError, Raw, Struct, defstruct
from msgspec.json import Decoder
from msgspec.structs import astuple

from .bulk_columns import Column, RecordShape, Table
from .records import COLLECTIONS

MAX_KEYS = 200
MAX_LITERALS = 64
"""A text column of no more different values: they are looked for, instead of being made anew."""
SAMPLED_BATCHES = 8  # batches, until it is known which values there are
_ABSENT = Raw(b"")
_INTEGER = Annotated[int, Meta(ge=-(2**53), le=2**53)]  # of larger ones, orjson makes floats
_DECODED = {
    frozenset({str}): str,
    frozenset({bool}): bool,
    frozenset({int}): _INTEGER,
    frozenset({int, float}): _INTEGER | float,
}
"""What values of these types are decoded to; any other value stays JSON."""
_TEXT = frozenset({str})
_ONE_OF: Any = Literal  # of values that are known only now
_UNSUPPORTED_KEY = re.compile(r'["\\\x00-\x1f]')  # such keys msgspec does not take
TASK_RUN_KEYS = ("flow_run_id", "task_runs")
"""Keys of a line that is of no flow run: of a task run, and of a document of task runs."""


class LineSchema:
    """How the records of a collection come: with which keys, and what their values are."""

    def __init__(self, collection: str) -> None:
        self.collection = collection
        self.keys: tuple[str, ...] = ()
        self.literals: dict[str, set[Any]] = {}
        self.uses_literals = False
        self.json_keys: frozenset[str] = frozenset()
        self.struct: type[Struct] = defstruct(collection, (), forbid_unknown_fields=True)

    def learn(self, keys: Iterable[str]) -> bool:
        """Keys that records have. Whether some are new."""
        known = dict.fromkeys((*self.keys, *filterfalse(_UNSUPPORTED_KEY.search, keys)))
        if len(known) == len(self.keys) or len(known) > MAX_KEYS:
            return False
        self.keys = tuple(known)
        fields = COLLECTIONS[self.collection]
        for key in self.keys:
            if key in fields and fields[key].low_cardinality and fields[key].types == _TEXT:
                self.literals.setdefault(key, set())
        self._define()
        return True

    def sample(self, table: Table) -> None:
        """Take in which texts there are."""
        for key in self.literals.keys() & table.columns.keys():
            literals = self.literals[key]
            if len(literals) <= MAX_LITERALS:
                literals.update(table.columns[key])
                literals.discard(None)

    def set_uses_literals(self, *, uses_literals: bool) -> bool:
        """Take no other texts, in columns that have few; or any again. Whether that is new."""
        if uses_literals == self.uses_literals:
            return False
        self.uses_literals = uses_literals
        self._define()
        return True

    def _define(self) -> None:
        types = {key: self._type_and_default(key) for key in self.keys}
        self.json_keys = frozenset(key for key, (_, default) in types.items() if default is _ABSENT)
        self.struct = defstruct(
            self.collection,
            [(f"x{at}", *typed) for at, typed in enumerate(types.values())],
            rename={f"x{at}": key for at, key in enumerate(types)},
            forbid_unknown_fields=True,
            gc=False,
        )

    def _type_and_default(self, key: str) -> tuple[Any, Any]:
        """What a value is decoded to, and what stands where there is none."""
        field = COLLECTIONS[self.collection].get(key)
        decoded: Any = None if field is None else _DECODED.get(field.types)
        if field is None or decoded is None:
            return Raw, _ABSENT
        if self.uses_literals and 0 < len(self.literals.get(key, ())) <= MAX_LITERALS:
            decoded = _ONE_OF[tuple(sorted(self.literals[key]))]
        return (decoded | None if field.nullable else decoded), None

    def column(self, key: str, rows: Iterable[Struct]) -> list[Any]:
        """What the records have under a key."""
        return list(map(attrgetter(f"x{self.keys.index(key)}"), rows))

    def table(self, rows: Sequence[Struct], *, trusted: bool) -> Table:
        """The columns of records. Raises ValueError."""
        known = COLLECTIONS[self.collection]
        columns: dict[str, Column] = {}
        for key, column in zip(self.keys, zip(*map(astuple, rows), strict=True), strict=True):
            if key not in self.json_keys:
                columns[key] = column
                continue
            joined = b"\n".join(column)
            if len(joined) < len(column):  # absent from all
                continue
            values = columns[key] = joined.split(b"\n")  # sooner than one by one
            if key not in known and b"" in values:
                raise ValueError(f"{key} is not of each")
        if None in columns.get("id", (None,)):
            raise ValueError("without an id")
        return Table(RecordShape(self.collection, trusted, tuple(columns)), columns, self.json_keys)


class LineReader:
    """Reads lines of flow runs and task runs that are like those before."""

    def __init__(self) -> None:
        self.flow_runs = LineSchema("flow_runs")
        self.task_runs = LineSchema("task_runs")
        self._sample_size = self._samples_left = SAMPLED_BATCHES
        self._make_decoders()

    def learn(self, shape: RecordShape) -> None:
        """Records of such a shape have been read."""
        schema: LineSchema = getattr(self, shape.collection)
        changed = schema.learn(shape.keys)
        if schema is self.task_runs and not shape.trusted:
            changed |= self.flow_runs.learn(TASK_RUN_KEYS)
        if changed:
            self._make_decoders()

    def _make_decoders(self) -> None:
        run: Any = self.flow_runs.struct
        task_run: Any = self.task_runs.struct
        nested = [("task_runs", list[task_run])]
        document: Any = defstruct("document", nested, forbid_unknown_fields=True)
        self._runs: Decoder[Any] = Decoder(run | list[run])
        self._task_runs: Decoder[Any] = Decoder(task_run | list[task_run])
        self._document: Decoder[Any] = Decoder(document)

    def read(self, lines: Sequence[bytes]) -> list[Table]:
        """The records of lines. Raises ValueError."""
        try:
            tables = list(self._tables(lines))
        except (MsgspecError, ValueError, RecursionError) as error:
            if self._set_uses_literals(uses_literals=False):
                self._sample_size *= 2  # there may be more to come
                self._samples_left = self._sample_size
                return self.read(lines)
            if isinstance(error, MsgspecError | RecursionError):
                raise ValueError("not as before") from error
            raise
        if self._samples_left:
            self._sample(tables)
        return tables

    def _sample(self, tables: Iterable[Table]) -> None:
        for table in tables:
            schema: LineSchema = getattr(self, table.shape.collection)
            schema.sample(table)
        self._samples_left -= 1
        if not self._samples_left:
            self._set_uses_literals(uses_literals=True)

    def _set_uses_literals(self, *, uses_literals: bool) -> bool:
        changed = [
            schema.set_uses_literals(uses_literals=uses_literals)
            for schema in (self.flow_runs, self.task_runs)
        ]
        if any(changed):
            self._make_decoders()
        return any(changed)

    def _tables(self, lines: Sequence[bytes]) -> Iterator[Table]:
        try:
            rows, trusted = _flatten_records(list(map(self._runs.decode, lines)))
        except MsgspecError:
            yield self._read_task_runs(lines)
            return
        task_run_rows = self._task_run_rows(rows)
        if task_run_rows and trusted:
            yield self._read_task_runs(lines)
            return
        if task_run_rows:
            rows = [row for at, row in enumerate(rows) if at not in task_run_rows]
            found = (self._task_runs_of(lines[at], key) for at, key in task_run_rows.items())
            yield self.task_runs.table(list(chain.from_iterable(found)), trusted=False)
        if rows:
            yield self.flow_runs.table(rows, trusted=trusted)

    def _read_task_runs(self, lines: Sequence[bytes]) -> Table:
        rows, trusted = _flatten_records(list(map(self._task_runs.decode, lines)))
        table = self.task_runs.table(rows, trusted=trusted)
        if None in table.columns.get("flow_run_id", (None,)):
            raise ValueError("perhaps no task run")
        return table

    def _task_run_rows(self, rows: Sequence[Struct]) -> dict[int, str]:
        """Which of the rows are of no flow run, by the key that says so."""
        found: dict[int, str] = {}
        for key in filter(self.flow_runs.keys.__contains__, TASK_RUN_KEYS):
            column = self.flow_runs.column(key, rows)
            if column.count(_ABSENT) < len(column):
                found.update((at, key) for at, raw in enumerate(column) if raw is not _ABSENT)
        return found

    def _task_runs_of(self, line: bytes, key: str) -> Sequence[Struct]:
        if key == "flow_run_id":
            return (self._task_runs.decode(line),)
        found: Sequence[Struct] = self._document.decode(line).task_runs
        return found


def _flatten_records(rows: list[Any]) -> tuple[list[Any], bool]:
    """Records, or those of lists of them; whether they came in lists. Raises ValueError."""
    types = set(map(type, rows))
    if list not in types:
        return rows, False
    if len(types) > 1:
        raise ValueError("lists and others")
    return list(chain.from_iterable(rows)), True
