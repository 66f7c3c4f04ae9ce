"""The part `queries`: counts, lateness, histories, sorts and deep pages beside polars and duckdb.

Every engine has the same columns in memory, and has to give the answer of the mock before it is
timed. The mock's answers are those of its operations, without reading and writing JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from statistics import median
from typing import Any

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import NOW, GeneratedSeeds
from benchmarks.results import Table, Target
from benchmarks.timing import microseconds
from mockserver.filters import MATCH_ALL
from mockserver.operations import Context
from mockserver.operations.history import history, lateness
from mockserver.operations.queries import count_flow_runs
from mockserver.prefect.dialects import SPEC
from mockserver.requests import FilterParameters, HistoryRequest
from mockserver.store import SortBy, Store
from mockserver.store.base import Base
from mockserver.store.segments import sorted_matches
from mockserver.store.sort_orders import page_of

OURS = "mockserver"
PAGE = 200
INTERVALS = 500
TARGET_MILLISECONDS = 50
HALF = {"start_time": {"before_": "2025-12-10T00:00:00Z"}}
ENDED_BADLY = {"state": {"type": {"any_": ["FAILED", "CRASHED"]}}}
ETL = {"name": {"like_": "etl"}}
SORTS = ("start_or_expected_time", "expected_start_time", "end_time", "name")
Times = dict[str, dict[str, float]]  # milliseconds, by query and engine


@dataclass(frozen=True)
class Query:
    """A query in each engine's words; all give the same value."""

    name: str
    ours: Callable[[], Any]
    polars: Callable[[], Any]
    duckdb: Callable[[], Any]


def measure(effort: Effort, seeds: GeneratedSeeds) -> Iterator[Table | Target]:
    """A table for each size, and the targets at the largest."""
    if not (find_spec("polars") and find_spec("duckdb")):
        log_progress("queries: needs the extra `bench` (pip install '.[bench]'), left out")
        return
    for runs in effort.selects[-2:]:
        base = seeds.base(runs)
        log_progress(f"queries, {runs:,} runs")
        times = {one.name: _times(one) for one in _queries(base)}
        yield _table(times, runs)
    yield from _targets(times, runs)


def _queries(base: Base) -> Iterator[Query]:
    from benchmarks.query_columns import Columns

    columns = Columns.of(base, datetime.fromisoformat(NOW))
    context = Context(Store(base), SPEC, datetime.fromisoformat(NOW), lambda: "")
    for name, filter_ in {"all": {}, "half": HALF, "failed or crashed": ENDED_BADLY}.items():
        body = {"flow_runs": filter_}
        yield _count(name, body, context, columns.where(name))
        yield _lateness(name, body, context, columns.where(name))
    yield _count("of flows with like_", {"flows": ETL}, context, columns.where("flows"))
    full = datetime.fromisoformat("2024-01-01T00:00:00Z")
    empty = datetime.fromisoformat("2014-01-01T00:00:00Z")
    for name, begin in {"all": full, "empty window": empty}.items():
        yield _history(name, begin, context, columns.where("all"))
    for column in SORTS:
        for descending in (False, True):
            for place, start in {"first": 0, "last": len(base.runs) - PAGE}.items():
                by = SortBy(column, descending)
                yield _page(f"{place} page", by, start, context.store, columns.where("all"))
    yield _page("last page", SortBy(), len(base.runs) - PAGE, context.store, columns.where("all"))


def _count(name: str, body: Mapping[str, Any], context: Context, engines: Any) -> Query:
    request = FilterParameters.model_validate(body)
    return Query(
        f"count, {name}",
        lambda: count_flow_runs(context, request).value,
        engines.polars.count,
        engines.duckdb.count,
    )


def _lateness(name: str, body: Mapping[str, Any], context: Context, engines: Any) -> Query:
    request = FilterParameters.model_validate(body)
    return Query(
        f"lateness, {name}",
        lambda: round(lateness(context, request).value, 3),
        lambda: round(engines.polars.lateness() / 1e6, 3),
        lambda: round(engines.duckdb.lateness() / 1e6, 3),
    )


def _history(name: str, begin: datetime, context: Context, engines: Any) -> Query:
    width = timedelta(days=2)
    body = {
        "history_start": begin.isoformat(),
        "history_end": (begin + INTERVALS * width).isoformat(),
        "history_interval_seconds": width.total_seconds(),
    }
    request = HistoryRequest.model_validate(body, context={"now": begin})
    first, step = round(begin.timestamp() * 1_000_000), width // timedelta(microseconds=1)
    return Query(
        f"history of {INTERVALS} intervals, {name}",
        lambda: history(context, request).value,
        lambda: engines.polars.history(first, step),
        lambda: engines.duckdb.history(first, step),
    )


def _page(name: str, by: SortBy, start: int, store: Store, engines: Any) -> Query:
    def ours() -> list[Any]:
        parts = []
        for index, members in store.matches(MATCH_ALL):
            id_at: Callable[[int], Any] = index.ids.__getitem__  # no other engine makes records
            parts.append(sorted_matches(index, members, by, id_at))
        return list(page_of(parts, start, start + PAGE))

    direction = "descending" if by.descending else "ascending"
    return Query(
        f"{name} by {by.column}, {direction}",
        ours,
        lambda: engines.polars.page(by.column, by.descending, start, PAGE),
        lambda: engines.duckdb.page(by.column, by.descending, start, PAGE),
    )


def _comparable(answer: Any) -> Any:
    """An answer as the other engines give it: a history as rows, with whole microseconds."""
    if not isinstance(answer, list) or not answer or not isinstance(answer[0], dict):
        return answer
    return sorted(
        (
            *(number, str(state["state_type"]), state["state_name"], state["count_runs"]),
            *(
                round(1_000_000 * state[f"sum_estimated_{what}"])
                for what in ("run_time", "lateness")
            ),
        )
        for number, interval in enumerate(answer)
        for state in interval["states"]
    )


def _times(query: Query) -> dict[str, float]:
    """The median milliseconds of each engine. Raises AssertionError where answers differ."""
    expected = _comparable(query.ours())
    calls = {OURS: query.ours, "polars": query.polars, "duckdb": query.duckdb}
    found: dict[str, float] = {}
    for engine, call in calls.items():
        answer = call()
        answer = sorted(answer) if "history" in query.name and engine != OURS else answer
        assert _comparable(answer) == expected, f"{engine} differs: {query.name}"
        found[engine] = median(microseconds(call) for _ in range(7)) / 1_000
    return found


def _table(times: Times, runs: int) -> Table:
    engines = list(next(iter(times.values())))
    table = Table(
        f"Queries of {runs:,} runs, milliseconds",
        ("query", *engines),
        notes=(f"Medians of 7 calls, indexes made before. A page has {PAGE} ids.",),
    )
    for name, by_engine in times.items():
        table.add(name, *(f"{by_engine[engine]:,.2f}" for engine in engines))
    return table


def _targets(times: Times, runs: int) -> Iterator[Target]:
    worst = max(times, key=lambda name: times[name][OURS])
    slowest = times[worst][OURS]
    met = slowest <= TARGET_MILLISECONDS
    text = f"{slowest:,.1f} ms ({worst})"
    yield Target(f"slowest query of {runs:,} runs", f"<= {TARGET_MILLISECONDS} ms", text, met)
    slower = [
        name
        for name, by_engine in times.items()
        if by_engine[OURS] > min(time for engine, time in by_engine.items() if engine != OURS)
    ]
    what = f"queries slower than the best other engine at {runs:,} runs"
    yield Target(what, "none", ", ".join(slower) or "none", not slower)
