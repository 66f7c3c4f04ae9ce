"""The columns of the part `queries` in polars and duckdb, and its queries in their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import polars as pl

from mockserver.prefect import TERMINAL_STATES, StateType
from mockserver.store.base import Base
from mockserver.store.columns.compact_columns import NULL_INSTANT, to_microseconds

TIMES = ("start_or_expected_time", "expected_start_time", "start_time", "end_time")
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Engines:
    """Both engines, with one condition."""

    polars: PolarsQueries
    duckdb: DuckdbQueries


class Columns:
    """The columns of a base in both engines."""

    def __init__(self, frame: pl.DataFrame, flow_ids: list[str], now: int) -> None:
        self.frame, self.flow_ids, self.now = frame, flow_ids, now
        self.connection = duckdb.connect(config={"threads": 2})
        self.connection.register("frame", frame.to_arrow())
        self.connection.execute("CREATE TABLE runs AS SELECT * FROM frame")

    @classmethod
    def of(cls, base: Base, now: datetime) -> Columns:
        """The columns of a base; runs that are late are so until `now`."""
        held: dict[str, Any] = {
            name: list(base.values(name)) for name in ("id", "name", "flow_id", "state_name")
        }
        types = list(base.values("state_type"))
        held["state_type"] = [value and str(value) for value in types]
        held["is_final"] = [value in TERMINAL_STATES for value in types]
        held["is_running"] = [value is StateType.RUNNING for value in types]
        held["ran"] = [round(1_000_000 * ran) for ran in base.values("total_run_time")]
        for name in TIMES:
            column = base.microseconds(name)
            held[name] = [None if moment == NULL_INSTANT else moment for moment in column]
        flow_ids = [flow.id for flow in base.flows.values() if "etl" in flow.name.casefold()]
        frame = pl.DataFrame(held, infer_schema_length=None).sort("id", descending=True)
        return cls(frame, flow_ids, to_microseconds(now))

    def where(self, name: str) -> Engines:
        """The engines with the condition of this name."""
        half = to_microseconds(datetime(2025, 12, 10, tzinfo=UTC))
        ids = ", ".join(f"'{each}'" for each in self.flow_ids)
        conditions: Mapping[str, tuple[pl.Expr, str]] = {
            "all": (pl.lit(value=True), "TRUE"),
            "half": (pl.col("start_or_expected_time") <= half, f"start_or_expected_time <= {half}"),
            "failed or crashed": (
                pl.col("state_type").is_in(["FAILED", "CRASHED"]),
                "state_type IN ('FAILED', 'CRASHED')",
            ),
            "flows": (pl.col("flow_id").is_in(self.flow_ids), f"flow_id IN ({ids})"),
        }
        expression, sql = conditions[name]
        return Engines(
            PolarsQueries(self.frame, expression, self.now),
            DuckdbQueries(self.connection, sql, self.now),
        )


class PolarsQueries:
    """The queries in polars, with rows sorted by id, highest first."""

    def __init__(self, frame: pl.DataFrame, condition: pl.Expr, now: int) -> None:
        self.frame = frame.lazy().filter(condition)
        due, start = pl.col("expected_start_time"), pl.col("start_time")
        until = pl.when(start.is_null() & ~pl.col("is_final")).then(now).otherwise(start)
        self.late = pl.max_horizontal(until - due, 0).fill_null(0)
        since = pl.when(pl.col("is_running")).then(now - start).otherwise(0).fill_null(0)
        self.ran = pl.max_horizontal(pl.col("ran") + since, 0)

    def count(self) -> int:
        return int(self.frame.select(pl.len()).collect().item())

    def lateness(self) -> float:
        return float(self.frame.select(self.late.mean()).collect().item())

    def history(self, first: int, step: int, intervals: int = 500) -> list[Row]:
        due = pl.col("expected_start_time")
        inside = (
            (due >= first) & (due < first + intervals * step) & pl.col("state_type").is_not_null()
        )
        cells = self.frame.filter(inside).group_by(
            ((due - first) // step).alias("interval"), "state_type", "state_name"
        )
        totals = (pl.len(), self.ran.sum().alias("run_time"), self.late.sum().alias("lateness"))
        return list(cells.agg(*totals).collect().rows())

    def page(self, column: str, descending: bool, start: int, size: int) -> list[str]:
        found = self.frame
        if column != "id":
            found = found.sort(column, descending=descending, nulls_last=True, maintain_order=True)
        return list(found.select("id").slice(start, size).collect()["id"])


class DuckdbQueries:
    """The queries in duckdb."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, condition: str, now: int) -> None:
        self.connection, self.condition = connection, condition
        until = f"CASE WHEN start_time IS NULL AND NOT is_final THEN {now} ELSE start_time END"
        self.late = f"coalesce(greatest({until} - expected_start_time, 0), 0)"
        since = f"CASE WHEN is_running THEN coalesce({now} - start_time, 0) ELSE 0 END"
        self.ran = f"greatest(ran + {since}, 0)"

    def _rows(self, what: str, more: str = "") -> list[Row]:
        query = f"SELECT {what} FROM runs WHERE {self.condition} {more}"  # noqa: S608
        return list(self.connection.execute(query).fetchall())

    def count(self) -> int:
        return int(self._rows("count(*)")[0][0])

    def lateness(self) -> float:
        return float(self._rows(f"avg({self.late})")[0][0])

    def history(self, first: int, step: int, intervals: int = 500) -> list[Row]:
        end = first + intervals * step
        interval = f"(expected_start_time - {first}) // {step}"
        sums = f"count(*), sum({self.ran})::BIGINT, sum({self.late})::BIGINT"
        return self._rows(
            f"{interval}, state_type, state_name, {sums}",
            f"AND expected_start_time >= {first} AND expected_start_time < {end}"
            " AND state_type IS NOT NULL GROUP BY 1, 2, 3",
        )

    def page(self, column: str, descending: bool, start: int, size: int) -> list[str]:
        order = f"{column} {'DESC' if descending else 'ASC'} NULLS LAST, id DESC"
        found = self._rows("id", f"ORDER BY {order} LIMIT {size} OFFSET {start}")
        return [run_id for (run_id,) in found]
