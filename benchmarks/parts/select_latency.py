"""The part `select`: the first matches of many filters, beside polars, duckdb and sqlite3.

Every engine has to return the same ids as the mock before it is timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from itertools import count
from statistics import geometric_mean, median, quantiles

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import GeneratedSeeds
from benchmarks.paths import ROOT
from benchmarks.results import Table, Target
from benchmarks.select_filters import named_filters
from benchmarks.svg_chart import Series, draw_chart
from benchmarks.timing import microseconds
from mockserver.filters.models import FlowRunFilter
from mockserver.filters.predicates import Predicate, compile_filter
from mockserver.prefect.dialects import SPEC
from mockserver.store.base import Base
from mockserver.store.store import Store

TOP, TARGET_MICROSECONDS = 50, 1_000
OURS = "mockserver"
CHART_FILE = ROOT / "benchmarks" / "select.svg"
Times = dict[str, dict[str, list[float]]]  # microseconds, by filter and engine


def measure(effort: Effort, seeds: GeneratedSeeds) -> Iterator[Table | Target]:
    """A table for each size, the targets at the largest, and the chart of all sizes."""
    if not (find_spec("polars") and find_spec("duckdb")):
        log_progress("select: needs the extra `bench` (pip install '.[bench]'), left out")
        return
    series: dict[str, Series] = {}
    for runs in effort.selects:
        base = seeds.base(runs)
        times = _measure_engines(base, effort.calls)
        yield _table(times, runs, effort.calls)
        for engine in next(iter(times.values())):
            found = [median(by[engine]) for by in times.values()]
            series.setdefault(engine, []).append((runs, geometric_mean(found), max(found)))
    if effort.draw_chart:
        CHART_FILE.write_text(draw_chart("Select the first 50 of many filters", series))
    yield from _targets(times, runs)
    yield _uncached_patterns_table(base, effort.calls)


def _predicate(filter_: object) -> Predicate:
    return compile_filter(FlowRunFilter.model_validate(filter_), SPEC)


def _measure_engines(base: Base, calls: int) -> Times:
    from benchmarks.query_engines import load_engines

    store, step = Store(base), max(1, len(base.runs) // 20)
    ids = [base.runs[at].id for at in range(0, len(base.runs), step)]
    predicates = {name: _predicate(one) for name, one in named_filters(ids).items()}
    expected = {name: store.select_ids(one, TOP) for name, one in predicates.items()}
    times: Times = {
        name: {OURS: _time_calls(lambda one=one: store.select_ids(one, TOP), calls)}  # type: ignore[misc]
        for name, one in predicates.items()
    }
    for engine, loaded in load_engines(base):
        log_progress(f"select, {engine}, {len(base.runs):,} runs")
        for name, one in predicates.items():
            select = loaded.prepare(one, TOP)
            assert select() == expected[name], f"{engine} differs: {name}"
            times[name][engine] = _time_calls(select, max(5, calls // 20))
    return times


def _time_calls(call: Callable[[], object], calls: int) -> list[float]:
    """Microseconds of each of `calls` calls; at least three, then no longer than two seconds."""
    call()
    found: list[float] = []
    stop = time.perf_counter() + 2
    while len(found) < calls and (len(found) < 3 or time.perf_counter() < stop):
        found.append(microseconds(call))
    return found


def _table(times: Times, runs: int, calls: int) -> Table:
    engines = list(next(iter(times.values())))
    others = [engine for engine in engines if engine != OURS]
    table = Table(
        f"Select the first {TOP} ids on {runs:,} runs, microseconds",
        ("filter", OURS, "quartiles", *others),
        notes=(
            f"Medians of up to {calls} calls ({max(5, calls // 20)} of each other engine), on a",
            "store without deletions. Cached between calls: a filter's bitmaps, time ranges and",
            "name patterns; for sqlite3 the prepared statement.",
        ),
    )
    for name, by in times.items():
        low, _, high = quantiles(by[OURS], n=4)
        medians = (_format_microseconds(median(by[engine])) for engine in others)
        table.add(name, f"{median(by[OURS]):,.1f}", f"{low:,.1f}-{high:,.1f}", *medians)
    return table


def _format_microseconds(microseconds: float) -> str:
    return f"{microseconds:,.{microseconds < 100:d}f}"


def _targets(times: Times, runs: int) -> Iterator[Target]:
    ours = {name: median(by[OURS]) for name, by in times.items()}
    worst = max(ours, key=ours.__getitem__)
    met = ours[worst] <= TARGET_MICROSECONDS
    text = f"{ours[worst]:,.0f} us ({worst})"
    yield Target(f"slowest filter at {runs:,} runs", f"<= {TARGET_MICROSECONDS:,} us", text, met)
    slower = [
        name
        for name, by in times.items()
        if ours[name] > min(median(found) for engine, found in by.items() if engine != OURS)
    ]
    text = ", ".join(slower) or "none"
    yield Target(
        f"filters slower than the best other engine at {runs:,} runs", "none", text, not slower
    )


def _uncached_patterns_table(base: Base, calls: int) -> Table:
    """`like_` with a new text in each call, so that no cache of patterns helps."""
    table = Table(
        f"Select by a new like_ text each time, {len(base.runs):,} runs, microseconds",
        ("text", "median", "slowest"),
        notes=("Texts are cut from anywhere in real names; the trigram index is built before.",),
    )
    names = sorted(set(base.values("name")))
    for letters in (1, 2, 3, 6):
        texts = dict.fromkeys(
            name[at : at + letters]
            for name, at in zip(names[:: len(names) // 4000 or 1], count(), strict=False)
            for at in (at % max(1, len(name) - letters),)
        )
        store = Store(base)
        store.select_ids(_predicate({"name": {"like_": "\0" * letters}}), TOP)
        predicates = [_predicate({"name": {"like_": text}}) for text in list(texts)[:calls]]
        found = [
            microseconds(partial(store.select_ids, predicate, TOP)) for predicate in predicates
        ]
        table.add(f"{letters} letters", f"{median(found):,.0f}", f"{max(found):,.0f}")
    return table
