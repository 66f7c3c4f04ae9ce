"""Seed files -> raw records: YAML, JSON and NDJSON, gzipped or not, and packed files.

A file that cannot be read never raises: the problem is reported with its location, and the other
files are still read.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from ..records import COLLECTIONS
from .bounded_files import (
    CHUNK_BYTES,
    BoundedReader,
    InvalidYamlError,
    UnreadableFileError,
    open_regular,
)
from .chunks import ElementChunk, LineChunk, element_line
from .raw_records import Batch, PackedColumns
from .seed_files import JSON, LINES, MOST_BYTES, PACKED, YAML, ReportProblem, format_suffix
from .strict_json import InvalidJsonError, read_json, split_json

# RFC 8259, section 8.1, lets a parser ignore it; orjson refuses it.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# What a shell leaves behind when the command that should have filled it failed.
_EMPTY = UnreadableFileError("an empty file", "records, or [] where there are none")
ProgressCallback = Callable[[int], None]
"""Called with the number of bytes that were read since the last call."""


def read_batches(
    path: Path, report: ReportProblem, progress: ProgressCallback | None
) -> Iterator[Batch | LineChunk | PackedColumns]:
    """The content of a file, in order and in the form that its format is read in.

    A file that cannot be read is reported as a problem.
    """
    try:
        with open_regular(path) as raw:
            # Progress counts the bytes of the file itself, compressed or not.
            reporter = _ProgressReporter(raw, progress)
            reader = BoundedReader(raw, compressed=path.suffix == ".gz")
            yield from _read_content(path, reader, report, reporter)
    except (InvalidJsonError, InvalidYamlError) as error:
        expected = "JSON" if isinstance(error, InvalidJsonError) else "YAML"
        report(f"{path}{error.location}", str(error), expected)
    except UnreadableFileError as error:
        report(path, str(error), error.expected)
    # EOFError and zlib.error: a gzip file that is cut or damaged.
    except (OSError, EOFError, zlib.error) as error:
        report(path, str(error), "a file that can be read")


def _read_content(
    path: Path, reader: BoundedReader, report: ReportProblem, reporter: _ProgressReporter
) -> Iterator[Batch | LineChunk | PackedColumns]:
    suffix = format_suffix(path)
    if suffix in LINES:
        yield from _read_chunks(path, reader, reporter)
        return
    data = reader.read_all(MOST_BYTES[suffix])
    if suffix in PACKED:
        yield from _read_packed(path, data, report)
        reporter.update()
        return
    data = data.removeprefix(_BYTE_ORDER_MARK)
    if not data.strip():
        raise _EMPTY
    # A small one is as fast in one piece, without importing msgspec.
    lists = split_json(data) if suffix in JSON and len(data) > CHUNK_BYTES else None
    if lists is not None and lists.keys() <= COLLECTIONS.keys() | {None}:
        yield from _read_elements(path, lists, reporter)
        return
    read = _read_yaml if suffix in YAML else read_json
    document = read(data)
    reporter.update()
    yield Batch(path, (document,), (None,))


def _read_yaml(data: bytes) -> Any:
    from .strict_yaml import read_yaml  # imported late: a parser takes 20 ms to import

    return read_yaml(data)


def _read_packed(path: Path, data: bytes, report: ReportProblem) -> Iterator[PackedColumns]:
    from .packed import PackedSeedError, unpack  # imported late: only packed seeds need it

    try:
        yield PackedColumns(path, *unpack(data))
    except PackedSeedError as error:
        report(
            path, str(error), "a file that `seeds pack` of this version wrote; pack the seeds again"
        )


class _ProgressReporter:
    """Reports how many bytes of a file have been read since the last report."""

    def __init__(self, raw: BinaryIO, progress: ProgressCallback | None) -> None:
        self.raw = raw
        self.progress = progress
        self.reported = 0

    def update(self, share: float = 1.0) -> None:
        """Tell that what was read is done; only a share of it if more was read at once."""
        if self.progress:
            position = int(self.raw.tell() * share)
            self.progress(position - self.reported)
            self.reported = position


def _read_chunks(
    path: Path, reader: BoundedReader, reporter: _ProgressReporter
) -> Iterator[LineChunk]:
    first = 1
    empty = True
    while block := reader.read_lines():
        empty = empty and not block.removeprefix(_BYTE_ORDER_MARK).strip()
        lines = BytesIO(block.removeprefix(_BYTE_ORDER_MARK) if first == 1 else block).readlines()
        yield LineChunk(path, lines, first)
        first += len(lines)
        reporter.update()
    if empty:
        raise _EMPTY


def _read_elements(
    path: Path, lists: Mapping[str | None, Sequence[Any]], reporter: _ProgressReporter
) -> Iterator[ElementChunk]:
    """The lists of a file in chunks of about `CHUNK_BYTES`."""
    total, done = sum(map(len, lists.values())), 0
    for collection, elements in lists.items():
        begin, size = 0, 0
        for end, element in enumerate(elements, start=1):
            size += len(memoryview(element))
            if size >= CHUNK_BYTES or end == len(elements):
                lines = [element_line(one, collection) for one in elements[begin:end]]
                yield ElementChunk(path, lines, begin, collection)
                done += end - begin
                reporter.update(done / total)
                begin, size = end, 0
