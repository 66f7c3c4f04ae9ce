"""Long work with a progress bar on a terminal, and without one elsewhere."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import orjson

from ..errors import UsageError
from ..seeds import PACKED_SUFFIX, ProgressCallback, Seeds, load_seeds

_BAR_THRESHOLD = 4 << 20
"""Files below this many bytes in all are loaded before a bar could be read."""
_EVERY = 2000


def load_with_progress(paths: Sequence[Path], now: datetime) -> Seeds:
    """`load_seeds`, with a bar for files that take a while. Raises SeedError."""
    size = sum(_sizes(paths))
    if size < _BAR_THRESHOLD or not sys.stderr.isatty():
        return load_seeds(paths, now)
    with _progress_bar("loading", size) as advance:
        return load_seeds(paths, now, progress=advance)


def _sizes(paths: Iterable[Path]) -> Iterator[int]:
    for path in paths:
        try:
            for file in path.iterdir() if path.is_dir() else (path,):
                if file.is_file():
                    yield file.stat().st_size
        except OSError:  # loading will say so
            continue


def write_population(
    output: Path, *, runs: int, seed: int, now: datetime | None, overwrite: bool
) -> None:
    """Write a made-up population as NDJSON; the file appears when it is whole, or not at all.

    Raises UsageError for a name that says another format, a file that is there already, or a
    folder that cannot be written to.
    """
    if str(output) == "-":
        if sys.stdout is None:
            raise UsageError("there is no standard output to write to")
        _write(sys.stdout.buffer, runs=runs, seed=seed, now=now)
        sys.stdout.buffer.flush()
        return
    name = output.name.removesuffix(".gz")
    if not name.endswith((".ndjson", ".jsonl")):
        raise UsageError(f"{output}: expected a name that ends in .ndjson or .ndjson.gz")
    with _atomic_write(output, overwrite=overwrite) as raw:
        _write_ndjson(raw, packed=output.suffix == ".gz", runs=runs, seed=seed, now=now)


def _write_ndjson(
    raw: BinaryIO, *, packed: bool, runs: int, seed: int, now: datetime | None
) -> None:
    if not packed:
        _write(raw, runs=runs, seed=seed, now=now)
        return
    # Neither name nor time: the same numbers make the same file.
    with gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as stream:
        _write(stream, runs=runs, seed=seed, now=now)


def _write(stream: BinaryIO | gzip.GzipFile, *, runs: int, seed: int, now: datetime | None) -> None:
    with _progress_bar("writing", runs) as advance:
        written = 0
        for document in _documents(runs, seed, now):
            stream.write(orjson.dumps(document) + b"\n")
            if "flow_runs" not in document and "id" in document:
                written += 1
                if written % _EVERY == 0:
                    advance(_EVERY)
        advance(written % _EVERY)


def _documents(runs: int, seed: int, now: datetime | None) -> Iterator[dict[str, object]]:
    try:
        from ..seeds import generate_population  # 5 ms that only this needs

        yield from generate_population(runs, seed=seed, now=now)
    except OverflowError:
        raise UsageError(
            f"--now {now}: the population reaches from two years before it to a week after it, "
            "and that leaves the years 1-9999"
        ) from None


def write_packed(output: Path, seeds: Seeds, *, overwrite: bool) -> None:
    """Write seeds as a packed file; it appears when it is whole, or not at all.

    Raises UsageError as `write_population` does.
    """
    from ..seeds import pack  # what only this needs

    if output.suffix != PACKED_SUFFIX:
        raise UsageError(f"{output}: expected a name that ends in {PACKED_SUFFIX}")
    base = seeds.base()
    with _atomic_write(output, overwrite=overwrite) as raw:
        for part in pack(
            {
                "flow_runs": base.runs,
                "task_runs": list(seeds.task_runs.values()),
                "flows": list(seeds.flows.values()),
                "deployments": list(seeds.deployments.values()),
                "work_pools": list(seeds.work_pools.values()),
                "work_queues": list(seeds.work_queues.values()),
            }
        ):
            raw.write(part)


@contextmanager
def _atomic_write(output: Path, *, overwrite: bool) -> Iterator[BinaryIO]:
    if output.exists() and not overwrite:
        raise UsageError(f"{output} is there already; overwrite it with --force")
    unfinished = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as raw:
            yield raw
        unfinished.replace(output)
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror or error}") from None
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _progress_bar(what: str, total: int) -> Iterator[ProgressCallback]:
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda amount: bar.advance(task, amount)
