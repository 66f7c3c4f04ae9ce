"""Select the first matches of many filters, beside polars, duckdb and sqlite3 with indexes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import count
from statistics import geometric_mean, median, quantiles

from mockserver.filters.models import FlowRunFilter
from mockserver.filters.predicates import Predicate, compile_filter
from mockserver.prefect.dialects import SPEC
from mockserver.seeds.loading import load_seeds
from mockserver.store.flow_run_index import Base
from mockserver.store.store import Store

from .effort import Effort, say
from .filters import filters
from .picture import Series, picture
from .population import NOW, Population
from .servers import ROOT
from .table import Aim, Table

TOP, AIMED_MICROSECONDS = 50, 1_000
OURS = "mockserver"
PICTURE = ROOT / "benchmarks" / "select.svg"
Times = dict[str, dict[str, list[float]]]  # by filter and contender, microseconds


def measure(effort: Effort, population: Population) -> Iterator[Table | Aim]:
    """For each size a table; then the aims at the largest, and the picture of all."""
    if not (find_spec("polars") and find_spec("duckdb")):
        say("select: needs the extra `bench` (pip install '.[bench]'), left out")
        return
    series: dict[str, Series] = {}
    for runs in effort.selects:
        base = _base(population, runs)
        times = _measured(base, effort.calls)
        yield _table(times, runs, effort.calls)
        for contender in next(iter(times.values())):
            found = [median(by[contender]) for by in times.values()]
            series.setdefault(contender, []).append((runs, geometric_mean(found), max(found)))
    if effort.pictures:
        PICTURE.write_text(picture("Select the first 50 of many filters", series))
    yield from _aims(times, runs)
    yield _new_texts(base, effort.calls)


def _base(population: Population, runs: int) -> Base:
    say(f"select, loading {runs:,} runs")
    base = load_seeds([population.lines(runs, now=NOW)], datetime.now(UTC)).base()
    gc.freeze()  # as `mockserver serve` does it
    return base


def _predicate(filter_: object) -> Predicate:
    return compile_filter(FlowRunFilter.model_validate(filter_), SPEC)


def _measured(base: Base, calls: int) -> Times:
    from .peers import peers  # the extra `bench`

    store, step = Store(base), max(1, len(base.runs) // 20)
    ids = [base.runs[at].id for at in range(0, len(base.runs), step)]
    predicates = {name: _predicate(one) for name, one in filters(ids).items()}
    expected = {name: store.select_ids(one, TOP) for name, one in predicates.items()}
    times: Times = {
        name: {OURS: _timed(lambda one=one: store.select_ids(one, TOP), calls)}  # type: ignore[misc]
        for name, one in predicates.items()
    }
    for contender, peer in peers(base):
        say(f"select, {contender}, {len(base.runs):,} runs")
        for name, one in predicates.items():
            select = peer.prepare(one, TOP)
            assert select() == expected[name], f"{contender} differs: {name}"
            times[name][contender] = _timed(select, max(5, calls // 20))
    return times


def _timed(call: Callable[[], object], calls: int) -> list[float]:
    """Microseconds of calls, for two seconds at most."""
    call()
    found: list[float] = []
    stop = time.perf_counter() + 2
    while len(found) < calls and (len(found) < 3 or time.perf_counter() < stop):
        begun = time.perf_counter_ns()
        call()
        found.append((time.perf_counter_ns() - begun) / 1e3)
    return found


def _table(times: Times, runs: int, calls: int) -> Table:
    contenders = list(next(iter(times.values())))
    peers = [contender for contender in contenders if contender != OURS]
    table = Table(
        f"Select the first {TOP} ids on {runs:,} runs, microseconds",
        ("filter", OURS, "quartiles", *peers),
        notes=(
            f"Medians of up to {calls} calls ({max(5, calls // 20)} of each peer), on a store",
            "of which nothing is gone. Kept from one call to the next: which bitmaps the filter",
            "is made of, ranges of times, patterns of names; of sqlite3 the prepared statement.",
        ),
    )
    for name, by in times.items():
        low, _, high = quantiles(by[OURS], n=4)
        others = (_shown(median(by[contender])) for contender in peers)
        table.add(name, f"{median(by[OURS]):,.1f}", f"{low:,.1f}-{high:,.1f}", *others)
    return table


def _shown(microseconds: float) -> str:
    return f"{microseconds:,.{microseconds < 100:d}f}"


def _aims(times: Times, runs: int) -> Iterator[Aim]:
    ours = {name: median(by[OURS]) for name, by in times.items()}
    worst = max(ours, key=ours.__getitem__)
    met = ours[worst] <= AIMED_MICROSECONDS
    said = f"{ours[worst]:,.0f} us ({worst})"
    yield Aim(f"slowest filter at {runs:,} runs", f"<= {AIMED_MICROSECONDS:,} us", said, met)
    beaten = [
        name
        for name, by in times.items()
        if ours[name] > min(median(found) for contender, found in by.items() if contender != OURS)
    ]
    said = ", ".join(beaten) or "none"
    yield Aim(f"filters slower than the best peer at {runs:,} runs", "none", said, not beaten)


def _new_texts(base: Base, calls: int) -> Table:
    """`like_` with texts that nobody has asked for: nothing that is kept helps."""
    table = Table(
        f"Select by a like_ that is new each time, {len(base.runs):,} runs, microseconds",
        ("text", "median", "slowest"),
        notes=("Case-folded texts of real names, cut from anywhere; the pieces are indexed.",),
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
        found = [
            _timed_once(store, _predicate({"name": {"like_": text}}))
            for text in list(texts)[:calls]
        ]
        table.add(f"{letters} letters", f"{median(found):,.0f}", f"{max(found):,.0f}")
    return table


def _timed_once(store: Store, predicate: Predicate) -> float:
    begun = time.perf_counter_ns()
    store.select_ids(predicate, TOP)
    return (time.perf_counter_ns() - begun) / 1e3
