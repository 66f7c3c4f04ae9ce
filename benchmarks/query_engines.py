"""Other query engines with the same runs: sqlite3 with indexes, duckdb and polars.

Each takes a predicate of mockserver and returns ids, which the part `select` compares.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

import duckdb
import polars as pl

from mockserver.filters.predicates import (
    AT_OR_AFTER,
    AT_OR_BEFORE,
    HAS_ALL,
    HAS_ANY,
    IS_EMPTY,
    IS_NOT_EMPTY,
    IS_NOT_NULL,
    IS_NULL,
    LIKE,
    NONE_OF,
    ONE_OF,
    AllOf,
    Comparison,
    Predicate,
    Relation,
)
from mockserver.store.base import Base

Select = Callable[[], list[str]]
COLUMNS = (
    *("id", "name", "deployment_id", "work_queue_name", "state_type", "state_name"),
    *("flow_version", "parent_flow_run_id", "parent_task_run_id", "idempotency_key"),
    *("created_by_id", "created_by_type"),
)
TIMES = (
    *("start_time", "start_or_expected_time", "end_time", "expected_start_time"),
    "next_scheduled_start_time",
)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def engine_columns(base: Base) -> dict[str, list[Any]]:
    """The columns of a base: texts, instants in microseconds, case-folded names, lists of tags."""
    held: dict[str, list[Any]] = {name: list(base.values(name)) for name in COLUMNS}
    for name in ("state_type",):
        held[name] = [value and str(value) for value in held[name]]
    held |= {name: list(map(_microseconds, base.values(name))) for name in TIMES}
    held["folded"] = [name.casefold() for name in held["name"]]
    held["tags"] = [sorted(set(tags)) for tags in base.values("tags")]
    return held


def _microseconds(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _parameters(operand: Any) -> list[Any]:
    if isinstance(operand, datetime):
        return [_microseconds(operand)]
    if isinstance(operand, frozenset):
        return sorted(map(str, operand))
    return [] if operand is None else [operand.text.casefold()]


class SqlEngine:
    """A database with SQL: translates a predicate into a WHERE clause."""

    def __init__(self, run: Callable[[str, list[Any]], list[tuple[Any, ...]]]) -> None:
        self.run = run

    def prepare(self, predicate: Predicate, limit: int) -> Select:
        """A function that selects the highest matching ids, up to a limit."""
        where, values = self.where(predicate)
        query = f"SELECT id FROM runs WHERE {where} ORDER BY id DESC LIMIT {limit}"  # noqa: S608
        return lambda: [found for (found,) in self.run(query, values)]

    def where(self, predicate: Predicate) -> tuple[str, list[Any]]:
        if isinstance(predicate, Comparison):
            values = _parameters(predicate.operand)
            many = ", ".join("?" * len(values))
            return self.RELATIONS[predicate.relation](predicate.column, many), values
        parts = [self.where(part) for part in predicate.parts]
        if not parts:
            return ("TRUE" if isinstance(predicate, AllOf) else "FALSE"), []
        word = " AND " if isinstance(predicate, AllOf) else " OR "
        found = word.join(f"({text})" for text, _ in parts)
        return found, [value for _, values in parts for value in values]

    RELATIONS: ClassVar[Mapping[Relation, Callable[[str, str], str]]] = {
        ONE_OF: lambda column, many: f"{column} IN ({many})",
        NONE_OF: lambda column, many: f"{column} NOT IN ({many})",
        IS_NULL: lambda column, _: f"{column} IS NULL",
        IS_NOT_NULL: lambda column, _: f"{column} IS NOT NULL",
        AT_OR_BEFORE: lambda column, _: f"{column} <= ?",
        AT_OR_AFTER: lambda column, _: f"{column} >= ?",
        LIKE: lambda _column, _: "instr(folded, ?) > 0",
    }


class DuckdbEngine(SqlEngine):
    """duckdb, with tags as a list column."""

    RELATIONS: ClassVar[Mapping[Relation, Callable[[str, str], str]]] = {
        **SqlEngine.RELATIONS,
        HAS_ALL: lambda column, many: f"list_has_all({column}, [{many}])",
        HAS_ANY: lambda column, many: f"list_has_any({column}, [{many}])",
        IS_EMPTY: lambda column, _: f"len({column}) = 0",
        IS_NOT_EMPTY: lambda column, _: f"len({column}) > 0",
        LIKE: lambda _column, _: "contains(folded, ?)",
    }

    @classmethod
    def of(cls, held: Mapping[str, list[Any]]) -> DuckdbEngine:
        connection = duckdb.connect(config={"threads": 2})
        frame = _frame(held).sort("id", descending=True)
        connection.register("frame", frame.to_arrow())
        connection.execute("CREATE TABLE runs AS SELECT * FROM frame")
        return cls(lambda query, values: connection.execute(query, values).fetchall())


class SqliteEngine(SqlEngine):
    """sqlite3 in memory, with an index on each column and a table of tags."""

    RELATIONS: ClassVar[Mapping[Relation, Callable[[str, str], str]]] = {
        **SqlEngine.RELATIONS,
        # One EXISTS for each tag: among many matches the first are found long before all are.
        HAS_ALL: lambda _, many: " AND ".join(
            ["EXISTS (SELECT 1 FROM tags WHERE run = id AND tag = ?)"] * many.count("?")
        ),
        HAS_ANY: lambda _, many: (
            f"EXISTS (SELECT 1 FROM tags WHERE run = id AND tag IN ({many}))"  # noqa: S608
        ),
        IS_EMPTY: lambda _column, _: "NOT EXISTS (SELECT 1 FROM tags WHERE run = id)",
        IS_NOT_EMPTY: lambda _column, _: "EXISTS (SELECT 1 FROM tags WHERE run = id)",
    }

    @classmethod
    def of(cls, held: Mapping[str, list[Any]]) -> SqliteEngine:
        connection = sqlite3.connect(":memory:")
        names = [name for name in held if name != "tags"]
        connection.execute(f"CREATE TABLE runs ({', '.join(names)})")
        rows = zip(*(held[name] for name in names), strict=True)
        many = ", ".join("?" * len(names))
        connection.executemany(f"INSERT INTO runs VALUES ({many})", rows)  # noqa: S608
        connection.execute("CREATE TABLE tags (run, tag)")
        pairs = zip(held["id"], held["tags"], strict=True)
        tagged = ((run, tag) for run, tags in pairs for tag in tags)
        connection.executemany("INSERT INTO tags VALUES (?, ?)", tagged)
        for name in names:
            connection.execute(f"CREATE INDEX by_{name} ON runs ({name}, id)")
        connection.execute("CREATE INDEX by_run ON tags (run, tag)")
        connection.execute("CREATE INDEX by_tag ON tags (tag, run)")
        connection.execute("ANALYZE")
        return cls(lambda query, values: connection.execute(query, values).fetchall())


class PolarsEngine:
    """polars, with rows sorted by id, highest first."""

    RELATIONS: ClassVar[Mapping[Relation, Callable[[pl.Expr, list[Any]], pl.Expr]]] = {
        ONE_OF: lambda column, values: column.is_in(values),
        NONE_OF: lambda column, values: ~column.is_in(values),
        IS_NULL: lambda column, _: column.is_null(),
        IS_NOT_NULL: lambda column, _: column.is_not_null(),
        AT_OR_BEFORE: lambda column, values: column <= values[0],
        AT_OR_AFTER: lambda column, values: column >= values[0],
        HAS_ALL: lambda column, values: pl.all_horizontal(
            column.list.contains(value) for value in values
        ),
        HAS_ANY: lambda column, values: pl.any_horizontal(
            column.list.contains(value) for value in values
        ),
        IS_EMPTY: lambda column, _: column.list.len() == 0,
        IS_NOT_EMPTY: lambda column, _: column.list.len() > 0,
        LIKE: lambda _, values: pl.col("folded").str.contains(values[0], literal=True),
    }

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    @classmethod
    def of(cls, held: Mapping[str, list[Any]]) -> PolarsEngine:
        return cls(_frame(held).sort("id", descending=True))

    def prepare(self, predicate: Predicate, limit: int) -> Select:
        """A function that selects the highest matching ids, up to a limit."""
        lazy = self.frame.lazy().filter(self.expression(predicate)).select("id").head(limit)
        return lambda: lazy.collect()["id"].to_list()

    def expression(self, predicate: Predicate) -> pl.Expr:
        if isinstance(predicate, Comparison):
            column = pl.col(predicate.column)
            return self.RELATIONS[predicate.relation](column, _parameters(predicate.operand))
        parts = [self.expression(part) for part in predicate.parts]
        if not parts:
            return pl.lit(isinstance(predicate, AllOf))
        return (pl.all_horizontal if isinstance(predicate, AllOf) else pl.any_horizontal)(parts)


def _frame(held: Mapping[str, list[Any]]) -> pl.DataFrame:
    texts = dict.fromkeys((*COLUMNS, "folded"), pl.String)
    times = dict.fromkeys(TIMES, pl.Int64)
    return pl.DataFrame(held, schema={**texts, **times, "tags": pl.List(pl.String)})


def load_engines(base: Base) -> Iterator[tuple[str, SqlEngine | PolarsEngine]]:
    """Each engine, loaded with the runs of a base, one after the other."""
    held = engine_columns(base)
    yield "polars", PolarsEngine.of(held)
    yield "duckdb", DuckdbEngine.of(held)
    yield "sqlite3", SqliteEngine.of(held)
