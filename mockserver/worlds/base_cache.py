"""A cache of bases by their seed files: unchanged files are read once, for any number of worlds.

Invariant: a cached base is what loading the same files at the same `now` would give.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from ..seeds import (
    BoundedReader,
    UnreadableFileError,
    find_seed_files,
    load_seeds,
    open_regular,
)
from ..store import Base

# Bounds the memory; chosen, not measured.
MAX_BASES = 32
# A file without this word has no relative times. One that has it elsewhere is only read too often.
_RELATIVE = re.compile(rb"\bnow\b")

_Key = tuple[object, ...]


class BaseCache:
    """Up to `max_bases` bases; the oldest is evicted for a new one.

    Files count as unchanged while their paths, modification times and sizes are the same. Files
    with relative times are read again for every other `now`.
    """

    def __init__(self, max_bases: int = MAX_BASES) -> None:
        self._max_bases = max_bases
        self._cache: dict[_Key, Base] = {}

    def load(self, paths: Iterable[Path], now: datetime) -> Base:
        """The base of seed files and of folders of them; relative times count from `now`.

        Raises SeedError, and then nothing is cached.
        """
        given = tuple(paths)
        # Problems with a path are ignored here: load_seeds finds and reports them all.
        files = tuple(find_seed_files(given, lambda *_: None))
        # Taken before the load: a file that changes meanwhile is read again next time.
        signatures = tuple((file, *_file_signature(file)) for file in files)
        for key in ((given, signatures, None), (given, signatures, now)):
            if key in self._cache:
                return self._cache[key]
        base = load_seeds(given, now).base()
        has_relative_times = any(map(_has_relative_times, files))
        while len(self._cache) >= self._max_bases:
            del self._cache[next(iter(self._cache))]
        self._cache[given, signatures, now if has_relative_times else None] = base
        return base


def _file_signature(file: Path) -> tuple[int, int]:
    status = file.stat()
    # What Python itself goes by to tell whether a .pyc file is stale (PEP 552).
    return status.st_mtime_ns, status.st_size


def _has_relative_times(file: Path) -> bool:
    with open_regular(file) as raw:
        reader = BoundedReader(raw, compressed=file.suffix == ".gz")
        try:
            return any(map(_RELATIVE.search, iter(reader.read_lines, b"")))
        except UnreadableFileError:  # a longer line than is read at once
            return True
