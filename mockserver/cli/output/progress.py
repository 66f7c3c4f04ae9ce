"""A progress bar on stderr for long work; it is shown only where stderr is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ...seeds import ProgressCallback, Seeds, load_seeds

_MIN_BYTES_FOR_BAR = 4 << 20
"""Smaller seeds, in bytes of all files, are loaded before anybody could read a bar."""


def load_with_progress(paths: Sequence[Path], now: datetime) -> Seeds:
    """Load seeds as `load_seeds` does, with a bar for large files. Raises SeedError."""
    size = sum(_file_sizes(paths))
    if size < _MIN_BYTES_FOR_BAR or not sys.stderr.isatty():
        return load_seeds(paths, now)
    with progress_bar("loading", size) as advance:
        return load_seeds(paths, now, progress=advance)


def _file_sizes(paths: Iterable[Path]) -> Iterator[int]:
    for path in paths:
        try:
            for file in path.iterdir() if path.is_dir() else (path,):
                if file.is_file():
                    yield file.stat().st_size
        except OSError:  # load_seeds will report it
            continue


@contextmanager
def progress_bar(label: str, total: int) -> Iterator[ProgressCallback]:
    """Show a bar while the block runs; yields the function that moves it on by an amount."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    # Imported only for a bar that is shown.
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda amount: bar.advance(task, amount)
