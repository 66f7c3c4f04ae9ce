"""`python -m benchmarks.first_explanation PACKED FILTER`: explain a filter in a new process.

Prints as JSON how many runs it selects, the seconds of the first call, before which nothing but
loading was done, those of a processor, and the seconds of the next calls.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.explained_filters import FILTERS
from benchmarks.generated_seeds import NOW
from benchmarks.timing import microseconds
from mockserver.insight.explanation import explain
from mockserver.prefect import PREFECT_SQLITE
from mockserver.seeds.loading import load_seeds
from mockserver.store import Base, Store

CALLS = 3


def main(packed: str, name: str) -> dict[str, Any]:
    """How many runs the filter of this name selects of a packed file's, and the seconds."""
    now = datetime.fromisoformat(NOW)
    filter_: Mapping[str, Any] = FILTERS[name]
    explain(Store(Base([])), filter_, PREFECT_SQLITE, now)  # imports what it needs
    store = Store(load_seeds([Path(packed)], datetime.now(UTC)).base())
    call: Callable[[], object] = lambda: explain(store, filter_, PREFECT_SQLITE, now)  # noqa: E731
    begun = time.process_time()
    first = microseconds(call) / 1e6
    processor = time.process_time() - begun
    then = median(microseconds(call) for _ in range(CALLS)) / 1e6
    selects = explain(store, filter_, PREFECT_SQLITE, now).matching
    return {"selects": selects, "first": first, "processor": processor, "then": then}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
