"""Add to a large store, change it, fork it: what does a write cost, and select after it?"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from uuid import UUID

from mockserver.filters.models import FlowRunFilter
from mockserver.filters.predicates import compile_filter
from mockserver.prefect.dialects import SPEC
from mockserver.prefect.records import State, StateType
from mockserver.seeds.loading import load_seeds
from mockserver.store.store import Store

from .effort import Effort, say
from .population import NOW, Population
from .table import Aim, Table

AIMED_MICROSECONDS, AIMED_MEGABYTES = 1_000, 50
FORKS, DELETED = 1_000, 50
WANTED = {"state": {"type": {"any_": ["FAILED"]}}, "tags": {"any_": ["prod"]}}


def measure(effort: Effort, population: Population) -> Iterator[Table | Aim]:
    """Additions, changes of state, and forks, on one base."""
    runs = effort.most
    say(f"writes, loading {runs:,} runs")
    base = load_seeds([population.lines(runs, now=NOW)], datetime.now(UTC)).base()
    gc.freeze()
    yield from _forks(base)
    table = Table(
        f"Writes to {runs:,} runs, one by one, and a select after each hundredth, microseconds",
        ("what", "writes", "mean write", "slowest", "select", "p99 select"),
    )
    for what in ("add", "change state"):
        say(f"writes, {what}")
        store = Store(base)
        writes, selects = _written(store, what)
        table.add(
            what,
            f"{len(writes):,}",
            f"{sum(writes) / len(writes):,.1f}",
            f"{max(writes):,.0f}",
            f"{median(selects):,.0f}",
            f"{sorted(selects)[len(selects) * 99 // 100]:,.0f}",
        )
        good = median(selects) <= AIMED_MICROSECONDS
        name = f"median select after {len(writes):,} times {what}"
        yield Aim(name, f"<= {AIMED_MICROSECONDS:,} us", f"{median(selects):,.0f} us", good)
    yield table


def _written(store: Store, what: str) -> tuple[list[float], list[float]]:
    """Microseconds of as many writes as a tenth of the runs, and of selects between them."""
    predicate = compile_filter(FlowRunFilter.model_validate(WANTED), SPEC)
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


def _forks(base: object) -> Iterator[Aim]:
    say("writes, forks")
    store = Store(base)  # type: ignore[arg-type]
    ids = [run.id for run in store.base.runs[: FORKS + DELETED]]
    store.fork().delete(ids[:1])  # what it indexes is not the forks'
    tracemalloc.start()
    forks = [store.fork() for _ in range(FORKS)]
    for number, fork in enumerate(forks):
        fork.delete(ids[number : number + DELETED])
    counted = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    # Bitmaps are not Python's memory: what they take is what they are written as, or a bit more.
    bitmaps = sum(len(fork._layers[0].gone.serialize()) for fork in forks)  # noqa: SLF001
    megabytes = (counted + 2 * bitmaps) / 1e6
    name = f"{FORKS:,} forks, {DELETED} runs deleted in each"
    good = megabytes < AIMED_MEGABYTES
    yield Aim(name, f"< {AIMED_MEGABYTES} MB", f"{megabytes:.1f} MB", good)
