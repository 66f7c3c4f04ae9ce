"""The part `store`: calls of a store without HTTP: select, fork and reset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import GeneratedSeeds
from benchmarks.results import Table, Target
from benchmarks.timing import microseconds
from mockserver.filters.models import FlowRunFilter
from mockserver.filters.predicates import Predicate, compile_filter
from mockserver.prefect.dialects import SPEC
from mockserver.store.base import Base
from mockserver.store.store import Store

_TOP = 50
Filter = Mapping[str, Any]
FILTERS: Mapping[str, Filter] = {
    "no filter": {},
    "state type is one of two": {"state": {"type": {"any_": ["COMPLETED", "FAILED"]}}},
    "state name is none of one": {"state": {"name": {"not_any_": ["Completed"]}}},
    "tags has all of two": {"tags": {"all_": ["prod", "region:eu"]}},
    "name contains a text": {"name": {"like_": "ETL"}},
    "a week of start times": {
        "start_time": {"after_": "2026-01-10T00:00:00Z", "before_": "2026-01-17T00:00:00Z"}
    },
    "ended long ago and failed": {
        "end_time": {"before_": "2025-12-01T00:00:00Z"},
        "state": {"type": {"any_": ["FAILED", "CRASHED"]}},
    },
    "text, tag or no deployment": {
        "operator": "or_",
        "name": {"like_": "daily"},
        "tags": {"any_": ["pii"]},
        "deployment_id": {"is_null_": True},
    },
}


def measure(effort: Effort, seeds: GeneratedSeeds) -> Iterator[Table | Target]:
    """For stores of each size: select the first matches of each filter, then fork and reset."""
    bases = {runs: seeds.base(runs) for runs in effort.sizes}
    yield _selects(bases, effort)
    yield _fork_reset_table(bases, effort)


def _selects(bases: Mapping[int, Base], effort: Effort) -> Table:
    columns = (("matches", "first, ms", "then, us") for _ in bases)
    table = Table(
        f"Select the first {_TOP} matches on {_sizes(bases)} runs",
        ("filter", *(title for titles in columns for title in titles)),
        notes=(
            "Three columns a size. `first` also builds the indexes that no filter above needed.",
            f"`then` is the median of {effort.calls} calls.",
        ),
    )
    for name, filter_ in FILTERS.items():
        log_progress(f"store, {name}")
        predicate = compile_filter(FlowRunFilter.model_validate(filter_), SPEC)
        figures = (_select(Store(base), predicate, effort.calls) for base in bases.values())
        table.add(name, *(figure for found in figures for figure in found))
    return table


def _select(store: Store, predicate: Predicate, calls: int) -> tuple[str, str, str]:
    def select() -> object:
        return store.select(predicate, _TOP)

    first = microseconds(select)
    then = median(microseconds(select) for _ in range(calls))
    return f"{store.count(predicate):,}", f"{first / 1e3:.2f}", f"{then:,.1f}"


def _fork_reset_table(bases: Mapping[int, Base], effort: Effort) -> Table:
    table = Table(
        "Fork and reset, microseconds",
        ("what", *(f"{runs:,} runs" for runs in bases)),
        notes=(f"Medians of {effort.calls} calls.",),
    )
    for name, changed in _FORK_RESET_CASES.items():
        table.add(name, *(f"{changed(base, effort.calls):.2f}" for base in bases.values()))
    return table


def _fork(base: Base, calls: int, *, deleted: int) -> float:
    store = Store(base)
    _delete(store, deleted)
    return median(microseconds(store.fork) for _ in range(calls))


def _reset(base: Base, calls: int, *, deleted: int) -> float:
    def reset_once() -> float:
        store = Store(base)
        _delete(store, deleted)
        return microseconds(store.reset)

    return median(reset_once() for _ in range(calls))


def _delete(store: Store, runs: int) -> None:
    store.delete([run.id for run in store.base.runs[:runs]])


_FORK_RESET_CASES: Mapping[str, Callable[[Base, int], float]] = {
    "fork, untouched": lambda base, calls: _fork(base, calls, deleted=0),
    "fork, 50 deleted": lambda base, calls: _fork(base, calls, deleted=50),
    "fork, 1,000 deleted": lambda base, calls: _fork(base, calls, deleted=1_000),
    "reset, 50 deleted": lambda base, calls: _reset(base, calls, deleted=50),
    "reset, 1,000 deleted": lambda base, calls: _reset(base, calls, deleted=1_000),
}


def _sizes(bases: Mapping[int, Base]) -> str:
    return " and ".join(f"{runs:,}" for runs in bases)
