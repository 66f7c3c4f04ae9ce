"""Seed files, opened and read within bounds: regular files only, and so many bytes.

Invariant: opening never waits, and no read takes more memory than its bound, however small the
compressed file is.
"""

from __future__ import annotations

import gzip
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# All chosen, not measured, well above what real seeds have: a million runs are 630 MB of NDJSON
# and 320 MB packed, and gzip makes a ninth of NDJSON.
MAX_FILES = 10_000
"""Files that are loaded at once."""
MAX_LINE_BYTES = 64 << 20
"""Bytes of one line of NDJSON."""
MAX_EXPANDED_BYTES = 16 << 30
"""Bytes of a gzipped file once it is decompressed."""
MAX_RATIO = 200
"""How many times as large as the file its content may be. Deflate can make it 1,032 times."""
_RATIO_COUNTS_FROM = 16 << 20  # a small file of equal lines may be compressed better
MAX_DEPTH = 200
"""Levels of lists and mappings; orjson writes 254, and a reply puts some around a record."""
CHUNK_BYTES = 1 << 20
"""How many bytes are read at once."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class InvalidYamlError(Exception):
    """The text is not YAML of JSON's data model; `location` is `:line:column`, or empty.

    It is here, so that nothing but reading YAML imports a parser of it.
    """

    def __init__(self, text: str, location: str = "") -> None:
        super().__init__(text)
        self.location = location


class UnreadableFileError(Exception):
    """A file that is not read: what it is, and what was `expected`."""

    def __init__(self, text: str, expected: str) -> None:
        super().__init__(text)
        self.expected = expected


def other_kind(mode: int) -> str | None:
    """What a file with this mode is, such as "a socket"; None for a regular file."""
    return None if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no regular file")


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file, or a link to one, for reading. Raises UnreadableFileError, OSError."""
    # Else opening a named pipe waits for a writer. Windows has no named pipes among its files.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        kind = other_kind(os.fstat(descriptor).st_mode)
        if kind:
            raise UnreadableFileError(kind, "a regular file")
        yield file


class BoundedReader:
    """Reads an open file, gunzipped if `compressed`. Its methods raise UnreadableFileError."""

    def __init__(self, raw: BinaryIO, *, compressed: bool) -> None:
        self._raw = raw
        self._compressed = compressed
        self._stream: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if compressed else raw
        self._bytes_read = 0

    def read_lines(self) -> bytes:
        """The next whole lines: about a block, or one line that is longer. Empty at the end."""
        block = self._count(self._stream.read(CHUNK_BYTES))
        if not block or block.endswith(b"\n"):
            return block
        rest = self._count(self._stream.readline(MAX_LINE_BYTES))
        if len(rest) == MAX_LINE_BYTES:
            raise UnreadableFileError(
                "a line that is too long", f"up to {MAX_LINE_BYTES:,} bytes a line"
            )
        return block + rest

    def read_all(self, most: int) -> bytes:
        """The whole content, at most so many bytes."""
        if not self._compressed:
            if os.fstat(self._raw.fileno()).st_size > most:
                raise UnreadableFileError("a file that is too large", f"up to {most:,} bytes")
            return self._raw.read()
        blocks: list[bytes] = []
        while block := self._count(self._stream.read(CHUNK_BYTES)):
            blocks.append(block)
            if self._bytes_read > most:
                raise UnreadableFileError(
                    "a file that is too large once it is decompressed", f"up to {most:,} bytes"
                )
        return b"".join(blocks)

    def _count(self, block: bytes) -> bytes:
        """Count bytes that were read, before more are."""
        self._bytes_read += len(block)
        if not self._compressed or self._bytes_read <= _RATIO_COUNTS_FROM:
            return block
        if self._bytes_read > MAX_RATIO * self._raw.tell():
            raise UnreadableFileError(
                f"a file that becomes more than {MAX_RATIO} times its size when decompressed",
                "a smaller ratio; decompress it first if it is meant",
            )
        if self._bytes_read > MAX_EXPANDED_BYTES:
            raise UnreadableFileError(
                "a file that is too large once it is decompressed",
                f"up to {MAX_EXPANDED_BYTES:,} bytes",
            )
        return block
