"""Loading: files, or a value in memory, -> `Seeds`.

All or nothing: either every record is valid and loaded, or a SeedError lists every problem.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SeedError, UsageError
from ..prefect import require_aware
from .files import Batch, ProgressCallback, find_seed_files, with_yaml_lines
from .loaded_seeds import Seeds
from .record_loader import RecordLoader
from .steps import Steps, finish

if TYPE_CHECKING:
    from .bulk import BulkReader

# Smaller files hold too few records of one shape for columns to pay: reading the shipped fixtures
# record by record took a tenth less time.
MIN_BULK_BYTES = 16 << 10


def load_seeds(
    paths: str | Path | Iterable[str | Path],
    now: datetime | None = None,
    *,
    progress: ProgressCallback | None = None,
) -> Seeds:
    """Load seed files and folders of them, one or several.

    Times such as `now-90d` are relative to `now`, an aware datetime; without it, to the clock.
    Raises SeedError with every problem (up to `MAX_PROBLEMS` of them listed); UsageError for
    arguments that are not what is described here.
    """
    now = datetime.now(UTC) if now is None else require_aware(now)
    files = _paths_of(paths)
    with collector_paused():
        loader = RecordLoader(now, None if _are_small(files) else _bulk_reader(now))
        if not loader.load_files(files, progress):
            # Something is wrong. Reading record by record reports all problems, in order.
            loader = RecordLoader(now)
            loader.load_files(files, None)
    if loader.problems:
        raise SeedError(list(with_yaml_lines(loader.problems)), more=loader.unlisted)
    return loader.finish()


def _paths_of(given: Any) -> list[Path]:
    one_alone = isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable)
    paths = []
    for one in (given,) if one_alone else given:
        if not isinstance(one, str | Path):
            kind = type(one).__name__
            raise UsageError(
                f"a path of seeds is a {kind}; expected a path or several, such as "
                "load_seeds('runs.yaml')"
            )
        paths.append(Path(one))
    return paths


def _bulk_reader(now: datetime) -> BulkReader:
    from .bulk import BulkReader  # imported late: small seeds save 6 ms

    return BulkReader(now)


def _are_small(paths: Iterable[Path]) -> bool:
    files = find_seed_files(paths, lambda *_: None)
    return sum(file.stat().st_size for file in files) < MIN_BULK_BYTES


def read_seeds(value: Any, now: datetime, *, name: str, references: bool = True) -> Seeds:
    """Load a value as if a JSON file called `name` held it; otherwise as `load_seeds`.

    Without `references`, ids of other records need not be among these.
    """
    return finish(read_seeds_in_steps(value, now, name=name, references=references))


def read_seeds_in_steps(
    value: Any, now: datetime, *, name: str, references: bool = True
) -> Steps[Seeds]:
    """Do what `read_seeds` does, with a step for each record."""
    loader = RecordLoader(now)
    for record in Batch(Path(name), (value,), (None,)).records(loader.report_problem):
        loader.add_record(record)
        yield
    yield from loader.find_names()
    if references:
        yield from loader.check_references()
    if loader.problems:
        raise SeedError(loader.problems, more=loader.unlisted)
    return loader.finish()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's garbage collector, which finds nothing to free during a load.

    A million runs of NDJSON took 14.9 s with the collector on, 5.4 s with it off.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
