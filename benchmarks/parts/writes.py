"""The part `writes`: time of a write to a large store and of a select after it; memory of forks."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from uuid import UUID

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import GeneratedSeeds
from benchmarks.results import Table, Target
from mockserver.filters.models import FlowRunFilter
from mockserver.filters.predicates import compile_filter
from mockserver.prefect.dialects import SPEC
from mockserver.prefect.records import State, StateType
from mockserver.store.base import Base
from mockserver.store.store import Store

TARGET_MICROSECONDS, TARGET_MEGABYTES = 1_000, 50
FORKS, DELETED = 1_000, 50
SELECT_FILTER = {"state": {"type": {"any_": ["FAILED"]}}, "tags": {"any_": ["prod"]}}


def measure(effort: Effort, seeds: GeneratedSeeds) -> Iterator[Table | Target]:
    """Forks, additions and changes of state, all on one base."""
    runs = effort.max_runs
    base = seeds.base(runs)
    yield from _measure_forks(base)
    table = Table(
        f"Writes to {runs:,} runs, one by one, and a select after each hundredth, microseconds",
        ("what", "writes", "mean write", "slowest", "select", "p99 select"),
    )
    for what in ("add", "change state"):
        log_progress(f"writes, {what}")
        store = Store(base)
        writes, selects = _measure_writes(store, what)
        table.add(
            what,
            f"{len(writes):,}",
            f"{sum(writes) / len(writes):,.1f}",
            f"{max(writes):,.0f}",
            f"{median(selects):,.0f}",
            f"{sorted(selects)[len(selects) * 99 // 100]:,.0f}",
        )
        good = median(selects) <= TARGET_MICROSECONDS
        name = f"median select after {len(writes):,} times {what}"
        yield Target(name, f"<= {TARGET_MICROSECONDS:,} us", f"{median(selects):,.0f} us", good)
    yield table


def _measure_writes(store: Store, what: str) -> tuple[list[float], list[float]]:
    """Write to a tenth of the runs: microseconds of each write, and of selects in between."""
    predicate = compile_filter(FlowRunFilter.model_validate(SELECT_FILTER), SPEC)
    failed = State(StateType.FAILED, "Failed")
    writes: list[float] = []
    selects: list[float] = []
    count = len(store) // 10
    templates = [store.base.runs[at * 10] for at in range(count)]
    store.select_ids(predicate, DELETED)
    for number, run in enumerate(templates):
        if what == "add":
            run = replace(run, id=str(UUID(int=UUID(run.id).int ^ 1 << 64 ^ number)))
        else:
            run = replace(run, state=failed)
        begun = time.perf_counter_ns()
        store.put(run)
        written = time.perf_counter_ns()
        writes.append((written - begun) / 1e3)
        if number % 100 == 0:
            store.select_ids(predicate, DELETED)
            selects.append((time.perf_counter_ns() - written) / 1e3)
    return writes, selects


def _measure_forks(base: Base) -> Iterator[Target]:
    log_progress("writes, forks")
    store = Store(base)
    ids = [run.id for run in store.base.runs[: FORKS + DELETED]]
    store.fork().delete(ids[:1])  # builds the shared indexes before memory is traced
    tracemalloc.start()
    forks = [store.fork() for _ in range(FORKS)]
    for number, fork in enumerate(forks):
        fork.delete(ids[number : number + DELETED])
    counted = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    # tracemalloc does not see the bitmaps, which CRoaring allocates. Twice their serialized size
    # leaves room for what the allocator adds.
    bitmaps = sum(len(fork._segments[0].deleted.serialize()) for fork in forks)  # noqa: SLF001
    megabytes = (counted + 2 * bitmaps) / 1e6
    name = f"{FORKS:,} forks, {DELETED} runs deleted in each"
    good = megabytes < TARGET_MEGABYTES
    yield Target(name, f"< {TARGET_MEGABYTES} MB", f"{megabytes:.1f} MB", good)
