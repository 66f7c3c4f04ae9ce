"""Write seed files: generated flow runs as NDJSON, and packed seeds."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import orjson

from ...errors import UsageError
from ...seeds import PACKED_SUFFIX, Seeds, generate_population, pack_seeds
from .atomic_write import atomic_write
from .progress import progress_bar

# Chosen, not measured.
_RUNS_PER_PROGRESS_STEP = 2000


def write_population(
    output: Path, *, runs: int, seed: int, now: datetime | None, overwrite: bool
) -> None:
    """Write generated flow runs as NDJSON, gzipped if the name ends in .gz; `-` is stdout.

    Raises UsageError if the name has another ending, if the file exists and `overwrite` is not
    set, or if it cannot be written.
    """
    if str(output) == "-":
        # Python sets it to None where descriptor 1 was closed before the start.
        if sys.stdout is None:
            raise UsageError("there is no standard output to write to")
        _write_ndjson(sys.stdout.buffer, runs=runs, seed=seed, now=now)
        sys.stdout.buffer.flush()
        return
    name = output.name.removesuffix(".gz")
    if not name.endswith((".ndjson", ".jsonl")):
        raise UsageError(f"{output}: expected a name that ends in .ndjson or .ndjson.gz")
    with atomic_write(output, overwrite=overwrite) as file:
        if output.suffix == ".gz":
            # No name and no time in the gzip header: the same options give the same bytes.
            with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as stream:
                _write_ndjson(stream, runs=runs, seed=seed, now=now)
        else:
            _write_ndjson(file, runs=runs, seed=seed, now=now)


def _write_ndjson(
    stream: BinaryIO | gzip.GzipFile, *, runs: int, seed: int, now: datetime | None
) -> None:
    with progress_bar("writing", runs) as advance:
        written = 0
        for document in _generate_documents(runs, seed, now):
            stream.write(orjson.dumps(document) + b"\n")
            # The other lines hold task runs and the workspace.
            if "flow_runs" not in document and "id" in document:
                written += 1
                if written % _RUNS_PER_PROGRESS_STEP == 0:
                    advance(_RUNS_PER_PROGRESS_STEP)
        advance(written % _RUNS_PER_PROGRESS_STEP)


def _generate_documents(runs: int, seed: int, now: datetime | None) -> Iterator[dict[str, object]]:
    try:
        yield from generate_population(runs, seed=seed, now=now)
    except OverflowError:
        raise UsageError(
            f"--now is {now}; expected a time that leaves room for the generated runs, which "
            "reach from two years before it to a week after it, within the years 1 to 9999"
        ) from None


def write_packed(output: Path, seeds: Seeds, *, overwrite: bool) -> None:
    """Write seeds as a packed file. Raises UsageError as `write_population` does."""
    if output.suffix != PACKED_SUFFIX:
        raise UsageError(f"{output}: expected a name that ends in {PACKED_SUFFIX}")
    with atomic_write(output, overwrite=overwrite) as file:
        file.writelines(pack_seeds(seeds))
