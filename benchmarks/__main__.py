"""`python -m benchmarks`: measure, and print tables; what it is doing meanwhile goes to stderr."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from . import (
    drains,
    fixtures,
    imports,
    loading,
    machine,
    real,
    selects,
    startup,
    stores,
    throughput,
    writes,
)
from .effort import FULL, QUICK, Effort
from .population import Population
from .table import Aim, Table

Section = Callable[[Effort, Population], Iterator[Table | Aim]]
SECTIONS: Mapping[str, Section] = {
    "http": throughput.measure,
    "start": startup.measure,
    "import": imports.measure,
    "load": loading.measure,
    "store": stores.measure,
    "fixture": fixtures.measure,
    "writes": writes.measure,
    "select": selects.measure,
    "drain": drains.measure,
    "real": real.measure,
}


def main() -> int:
    """Measure what was asked for; 130 when told to stop, and then no server is left."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # even where a shell ignores it
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    options = _options()
    effort = QUICK if options.quick else FULL
    wanted = options.name or list(SECTIONS)
    if options.prefect:
        os.environ["BENCHMARK_PREFECT"] = options.prefect
    try:
        with TemporaryDirectory(prefix="benchmarks-") as folder:
            found = _print_all(wanted, effort, Population(Path(folder)))
        if options.json:
            options.json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    except KeyboardInterrupt:
        print("benchmarks: stopped", file=sys.stderr)
        return 130
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds: does it run, not how fast"
    )
    parser.add_argument("name", nargs="*", choices=SECTIONS, help="some parts instead of all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument(
        "--prefect", metavar="PROGRAM", help="a real Prefect's `prefect`, for the part `real`"
    )
    return parser.parse_args()


def _print_all(
    wanted: list[str], effort: Effort, population: Population
) -> dict[str, list[Table | Aim]]:
    aims: list[Aim] = []
    found: dict[str, list[Table | Aim]] = {}
    for name in wanted:
        for result in SECTIONS[name](effort, population):
            found.setdefault(name, []).append(result)
            if isinstance(result, Aim):
                aims.append(result)
            else:
                print(f"{result}\n", flush=True)
    if aims:
        print(f"{_aims_table(aims)}\n")
    print(machine.table())
    return {**found, "measured with": [machine.table()]}


def _aims_table(aims: list[Aim]) -> Table:
    table = Table("Aims", ("what", "aim", "measured", ""), left=4)
    for aim in aims:
        table.add(aim.what, aim.wanted, aim.measured, "" if aim.met else "missed")
    return table


if __name__ == "__main__":
    sys.exit(main())
