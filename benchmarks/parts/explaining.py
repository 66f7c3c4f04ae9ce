"""The part `explain`: what a filter would delete, and why, on up to a million runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import NOW, GeneratedSeeds
from benchmarks.results import Table, Target
from benchmarks.timing import microseconds
from mockserver.insight.explanation import explain
from mockserver.prefect import PREFECT_SQLITE
from mockserver.seeds.loading import load_seeds
from mockserver.store import Store

TARGET_SECONDS = 2.0
_CALLS = 3
_NOW = datetime.fromisoformat(NOW)
_LONG_AGO = (_NOW - timedelta(days=30)).isoformat()
_DONE = {"state": {"type": {"any_": ["COMPLETED"]}}}
FILTERS: Mapping[str, Mapping[str, Any]] = {
    "no filter": {},
    "completed, and ended long ago": {**_DONE, "end_time": {"before_": _LONG_AGO}},
    "failed, tagged, named, recent": {
        "state": {"type": {"any_": ["FAILED"]}},
        "tags": {"all_": ["prod"]},
        "name": {"like_": "etl"},
        "start_time": {"after_": _LONG_AGO},
    },
    "either of three": {
        "operator": "or_",
        "name": {"like_": "daily"},
        "tags": {"any_": ["pii"]},
        "deployment_id": {"is_null_": True},
    },
}


def measure(effort: Effort, seeds: GeneratedSeeds) -> Iterator[Table | Target]:
    """Explain each filter on the largest store, as it is loaded from a packed file."""
    runs = effort.max_runs
    packed = seeds.packed(runs)
    log_progress(f"explain, {runs:,} runs")
    store = Store(load_seeds([packed], datetime.now(UTC)).base())
    table = Table(
        f"Explain a filter on {runs:,} runs, seconds",
        ("filter", "selects", "first", "then"),
        notes=(
            "`first` also builds the indexes that no filter above needed.",
            f"`then` is the median of {_CALLS} calls.",
        ),
    )
    slowest = 0.0
    for name, filter_ in FILTERS.items():
        first, then = (_seconds(store, filter_, calls) for calls in (1, _CALLS))
        selected = explain(store, filter_, PREFECT_SQLITE, _NOW).matching
        table.add(name, f"{selected:,}", f"{first:.2f}", f"{then:.2f}")
        slowest = max(slowest, then)
    yield table
    yield Target(
        f"explain a filter on {runs:,} runs, once the indexes are there",
        f"<= {TARGET_SECONDS:g} s",
        f"{slowest:.2f} s",
        slowest <= TARGET_SECONDS,
    )


def _seconds(store: Store, filter_: Mapping[str, Any], calls: int) -> float:
    call: Callable[[], object] = lambda: explain(store, filter_, PREFECT_SQLITE, _NOW)  # noqa: E731
    return median(microseconds(call) for _ in range(calls)) / 1e6
