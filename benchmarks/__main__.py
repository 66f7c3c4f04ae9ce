"""`python -m benchmarks`: run the parts and print tables. Progress goes to stderr."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from benchmarks import machine
from benchmarks.effort import FULL, QUICK, Effort
from benchmarks.generated_seeds import GeneratedSeeds
from benchmarks.parts import (
    blocking,
    copying,
    drains,
    explaining,
    imports,
    loading,
    page,
    pytest_fixtures,
    queries,
    real_prefect,
    select_latency,
    startup,
    store_operations,
    throughput,
    verifying,
    writes,
)
from benchmarks.results import Table, Target

Part = Callable[[Effort, GeneratedSeeds], Iterator[Table | Target]]
PARTS: Mapping[str, Part] = {
    "http": throughput.measure,
    "start": startup.measure,
    "import": imports.measure,
    "load": loading.measure,
    "copy": copying.measure,
    "store": store_operations.measure,
    "fixture": pytest_fixtures.measure,
    "writes": writes.measure,
    "select": select_latency.measure,
    "queries": queries.measure,
    "drain": drains.measure,
    "block": blocking.measure,
    "explain": explaining.measure,
    "page": page.measure,
    "real": real_prefect.measure,
    "verify": verifying.measure,
}


def main() -> int:
    """Run the parts named on the command line. Returns 130 when interrupted; no server is left."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have set it to ignore
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    options = _options()
    effort = QUICK if options.quick else FULL
    names = options.name or list(PARTS)
    if options.prefect:
        os.environ["BENCHMARK_PREFECT"] = options.prefect
    try:
        with TemporaryDirectory(prefix="benchmarks-") as folder:
            results = _run_parts(names, effort, GeneratedSeeds(Path(folder)))
        if options.json:
            options.json.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
    except KeyboardInterrupt:
        print("benchmarks: stopped", file=sys.stderr)
        return 130
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds: check that it runs, not how fast"
    )
    parser.add_argument("name", nargs="*", choices=PARTS, help="parts to run (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to FILE too")
    parser.add_argument(
        "--prefect",
        metavar="PROGRAM",
        help="the `prefect` program of a real Prefect, for the parts `real` and `verify`",
    )
    return parser.parse_args()


def _run_parts(
    names: list[str], effort: Effort, seeds: GeneratedSeeds
) -> dict[str, list[Table | Target]]:
    targets: list[Target] = []
    results: dict[str, list[Table | Target]] = {}
    for name in names:
        for result in PARTS[name](effort, seeds):
            results.setdefault(name, []).append(result)
            if isinstance(result, Target):
                targets.append(result)
            else:
                print(f"{result}\n", flush=True)
    if targets:
        print(f"{_targets_table(targets)}\n")
    print(machine.versions_table())
    return {**results, "measured with": [machine.versions_table()]}


def _targets_table(targets: list[Target]) -> Table:
    table = Table("Targets", ("what", "target", "measured", ""), left=4)
    for target in targets:
        table.add(target.what, target.wanted, target.measured, "" if target.met else "missed")
    return table


if __name__ == "__main__":
    sys.exit(main())
