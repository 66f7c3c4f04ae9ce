"""Bases that many worlds start from: seed files are read once while they stay as they are."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from ..seeds import find_seed_files, load_seeds
from ..store import Base

MAX_BASES = 32
_RELATIVE = re.compile(rb"\bnow\b")

_Key = tuple[object, ...]


class BaseCache:
    """What seed files hold. A file with relative times is read again whenever `now` is another."""

    def __init__(self, most: int = MAX_BASES) -> None:
        self._most = most
        self._known: dict[_Key, Base] = {}

    def load(self, paths: Iterable[Path], now: datetime) -> Base:
        """The base of files and folders; relative times count from `now`. Raises SeedError."""
        wanted = tuple(paths)
        files = tuple(find_seed_files(wanted, lambda *_: None))
        state = tuple((file, *_file_signature(file)) for file in files)
        for key in ((wanted, state, None), (wanted, state, now)):
            if key in self._known:
                return self._known[key]
        base = load_seeds(wanted, now).base()
        relative = any(_RELATIVE.search(_content(file)) for file in files)
        while len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[wanted, state, now if relative else None] = base
        return base


def _file_signature(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_mtime_ns, found.st_size


def _content(file: Path) -> bytes:
    content = file.read_bytes()
    return gzip.decompress(content) if file.suffix == ".gz" else content
