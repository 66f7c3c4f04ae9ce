"""Seed files -> raw records: YAML, JSON and NDJSON, gzipped or not, and packed files.

A file that cannot be read never raises: the problem is reported with its location, and the other
files are still read.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ..errors import SeedProblem
from ..store import ColumnValues
from .bounded_files import (
    CHUNK_BYTES,
    MAX_FILES,
    BoundedReader,
    InvalidYamlError,
    UnreadableFileError,
    open_regular,
    other_kind,
)
from .record_fields import COLLECTIONS, UnclearRecordError, guess_collection
from .strict_json import InvalidJsonError, has_unique_keys, read_json, split_json

_YAML = frozenset({".yaml", ".yml"})
_JSON = frozenset({".json"})
_LINES = frozenset({".ndjson", ".jsonl"})
PACKED_SUFFIX = ".packed"
_PACKED = frozenset({PACKED_SUFFIX})
FORMATS = _YAML | _JSON | _LINES | _PACKED
# RFC 8259, section 8.1, lets a parser ignore it; orjson refuses it.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Bytes of a file that is read as a whole; chosen. YAML takes a hundred times its size in memory.
_MOST_BYTES = {**dict.fromkeys(_YAML, 16 << 20), **dict.fromkeys(_JSON, 1 << 30)} | {
    PACKED_SUFFIX: 4 << 30
}
_EXPECTED_FILE = (
    "a seed: a file that ends in .yaml, .yml, .json, .ndjson or .jsonl (and .gz) or .packed, "
    "or a folder"
)
_EXPECTED_DOCUMENT = f"an object of {', '.join(COLLECTIONS)}, or a list of one of these"
_EXPECTED_KIND = 'the fields of one kind of record, or a document such as {"flow_runs": [...]}'

# What a shell leaves behind when the command that should have filled it failed.
_EMPTY = UnreadableFileError("an empty file", "records, or [] where there are none")

ProgressCallback = Callable[[int], None]
"""Called with the number of bytes that were read since the last call."""

ReportProblem = Callable[[object, str, str], None]
"""Called with a problem: where it is, what was found there, what was expected."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a record is: its file, its line in an NDJSON file, its index in a collection."""

    file: Path
    line: int | None
    collection: str | None
    index: int

    @property
    def path_in_file(self) -> str:
        """The location without the file. A missing id is derived from it, so it must not change."""
        line = "" if self.line is None else f":{self.line}"
        return line if self.collection is None else f"{line} {self.collection}[{self.index}]"

    def __str__(self) -> str:
        return f"{self.file}{self.path_in_file.replace(' ', ', ')}"


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record that has not been checked. If `trusted`, it came in a list, as servers return it."""

    location: Location
    collection: str
    value: Any
    trusted: bool = False


def find_seed_files(paths: Iterable[Path], report: ReportProblem) -> Iterator[Path]:
    """The seed files among the paths. A folder gives the seed files in it, sorted by name."""
    found = _iterate_seed_files(paths, report)
    yield from islice(found, MAX_FILES)
    if next(found, None) is not None:
        report("the seeds", f"more than {MAX_FILES:,} files", "fewer, larger files")


def _iterate_seed_files(paths: Iterable[Path], report: ReportProblem) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            children = _seed_files_in(path, report)
        elif path.exists() and _format_suffix(path) not in FORMATS:
            report(path, f"a file that ends in {path.suffix!r}", _EXPECTED_FILE)
            continue
        else:
            children = [path]
        yield from (child for child in children if _is_regular(child, report))


def _seed_files_in(folder: Path, report: ReportProblem) -> Sequence[Path]:
    """What has the name of a seed file in a folder, sorted. Folders inside it are not entered."""
    try:
        found = sorted(child for child in folder.iterdir() if _format_suffix(child) in FORMATS)
    except OSError as error:
        report(folder, error.strerror or str(error), "a folder that can be read")
        return ()
    if not found:
        report(folder, "a folder without a seed", _EXPECTED_FILE)
    return found


def _is_regular(path: Path, report: ReportProblem) -> bool:
    """Whether a path is a regular file, or leads to one; reports it if not."""
    try:
        kind = other_kind(path.stat().st_mode)
    except FileNotFoundError:
        kind = "no such file"
    except OSError as error:  # a link that leads to itself, a folder that may not be entered
        kind = error.strerror or str(error)
    if kind is not None:
        report(path, kind, _EXPECTED_FILE)
    return kind is None


def _format_suffix(path: Path) -> str:
    """The suffix without `.gz`: `.ndjson` of `runs.ndjson.gz`. Empty for a hidden file."""
    if path.name.startswith("."):
        return ""
    stem = path.with_suffix("") if path.suffix == ".gz" else path
    return stem.suffix.lower()


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents of a file, and the line number of each in an NDJSON file."""

    file: Path
    documents: Sequence[Any]
    lines: Sequence[int | None]

    def records(
        self, report: ReportProblem, indexes: Iterable[int] | None = None
    ) -> Iterator[RawRecord]:
        """The records of all documents, or of those at some indexes, in order."""
        for index in range(len(self.documents)) if indexes is None else indexes:
            value, line = self.documents[index], self.lines[index]
            if line is not None and isinstance(value, dict) and is_record(value):
                place = Location(self.file, line, None, 0)
                collection = _guess(value, place, report)
                if collection is not None:
                    yield RawRecord(place, collection, value)
            else:
                yield from _iterate_records(self.file, line, value, report)


def is_record(keys: Iterable[str]) -> bool:
    """Whether a line's object with these keys is a record, and not a document of collections."""
    return COLLECTIONS.keys().isdisjoint(keys)


@dataclass(frozen=True, slots=True)
class PackedColumns:
    """A packed file: for each collection the number of records, and their columns by field."""

    file: Path
    collections: Mapping[str, tuple[int, Mapping[str, ColumnValues]]]

    def records(self) -> Iterator[tuple[RawRecord, dict[str, Any]]]:
        """Each record, and the values of its fields. They were checked when they were packed."""
        for name, (count, columns) in self.collections.items():
            rows = zip(*columns.values(), strict=True)
            for index, row in zip(range(count), rows, strict=True):
                location = Location(self.file, None, name, index)
                yield (
                    RawRecord(location, name, None, trusted=True),
                    dict(zip(columns, row, strict=True)),
                )


@dataclass(frozen=True, slots=True)
class LineChunk:
    """Lines of an NDJSON file, not decoded yet. Their numbers start with `first_number`."""

    file: Path
    lines: Sequence[bytes]
    first_number: int

    def to_batch(self, report: ReportProblem) -> Batch:
        """Decode the lines. One that is not JSON is a problem, unless it is blank."""
        numbers = range(self.first_number, self.first_number + len(self.lines))
        try:
            documents = list(map(orjson.loads, self.lines))
            if has_unique_keys(b"".join(self.lines), documents):
                return Batch(self.file, documents, numbers)
        except (orjson.JSONDecodeError, InvalidJsonError):
            pass
        return _decode_valid_lines(self.file, self.first_number, self.lines, report)


@dataclass(frozen=True, slots=True)
class ElementChunk(LineChunk):
    """Elements of a list in a JSON file, not decoded yet. Their indexes start with `first_number`.

    `collection` is that of the list, None for a bare list. `lines` are the elements as lines of an
    NDJSON file with the same meaning.
    """

    collection: str | None

    def to_batch(self, report: ReportProblem) -> Batch:
        """Decode the elements. One that is too deep, or has a key twice, is a problem."""
        try:
            documents = list(map(orjson.loads, self.lines))
            if not has_unique_keys(b"".join(self.lines), documents):
                documents = list(map(read_json, self.lines))
        except (orjson.JSONDecodeError, InvalidJsonError):
            documents = []
            # For its message: which element, and what is wrong with it.
            for index, line in enumerate(self.lines, start=self.first_number):
                try:
                    documents.append(read_json(line))
                except InvalidJsonError as error:
                    name = self.collection or ""
                    report(f"{self.file}, {name}[{index}]", str(error), "JSON")
        bare = self.collection is None
        values = [one for (one,) in documents] if bare else documents
        return ElementBatch(
            self.file, values, (None,) * len(values), self.first_number, self.collection
        )


@dataclass(frozen=True, slots=True)
class ElementBatch(Batch):
    """Elements of a list in a JSON file."""

    first_index: int
    collection: str | None

    def records(
        self,
        report: ReportProblem,
        indexes: Iterable[int] | None = None,
    ) -> Iterator[RawRecord]:
        """Each element is a record; its place is its index in the whole list."""
        for index in range(len(self.documents)) if indexes is None else indexes:
            value, place = self.documents[index], self.first_index + index
            if self.collection is None:
                yield from _listed_record(self.file, None, place, value, report)
            else:
                location = Location(self.file, None, self.collection, place)
                yield RawRecord(location, self.collection, value)


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
    suffix = _format_suffix(path)
    if suffix in _LINES:
        yield from _read_chunks(path, reader, reporter)
        return
    data = reader.read_all(_MOST_BYTES[suffix])
    if suffix in _PACKED:
        yield from _read_packed(path, data, report)
        reporter.update()
        return
    data = data.removeprefix(_BYTE_ORDER_MARK)
    if not data.strip():
        raise _EMPTY
    # A small one is as fast in one piece, without importing msgspec.
    lists = split_json(data) if suffix in _JSON and len(data) > CHUNK_BYTES else None
    if lists is not None and lists.keys() <= COLLECTIONS.keys() | {None}:
        yield from _read_elements(path, lists, reporter)
        return
    read = _read_yaml if suffix in _YAML else read_json
    document = read(data)
    reporter.update()
    yield Batch(path, (document,), (None,))


def _read_yaml(data: bytes) -> Any:
    from .strict_yaml import read_yaml  # imported late: a parser takes 20 ms to import

    return read_yaml(data)


def _read_packed(path: Path, data: bytes, report: ReportProblem) -> Iterator[PackedColumns]:
    from .packed import PackedSeedError, unpack  # imported late: only packed seeds need it

    try:
        yield PackedColumns(path, unpack(data))
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
                lines = [_element_line(one, collection) for one in elements[begin:end]]
                yield ElementChunk(path, lines, begin, collection)
                done += end - begin
                reporter.update(done / total)
                begin, size = end, 0


def _element_line(element: Any, collection: str | None) -> bytes:
    """An element as a line: a list of one where it came in a bare list."""
    line = bytes(element)
    if b"\n" in line or b"\r" in line:
        line = orjson.dumps(orjson.loads(line))
    return b"[%b]" % line if collection is None else line


def _decode_valid_lines(
    path: Path, first: int, lines: Iterable[bytes], report: ReportProblem
) -> Batch:
    """Decode the lines one by one, and report each that is neither JSON nor blank."""
    documents, numbers = [], []
    for number, line in enumerate(lines, start=first):
        if line.isspace():
            continue
        try:
            documents.append(read_json(line))
            numbers.append(number)
        except InvalidJsonError as error:
            _, _, column = error.location.rpartition(":")
            place = f"{path}:{number}:{column}" if column else f"{path}:{number}"
            report(place, str(error), "a line of JSON")
    return Batch(path, documents, numbers)


def _iterate_records(
    path: Path, line: int | None, value: Any, report: ReportProblem
) -> Iterator[RawRecord]:
    """The records of a document of collections or of a bare list; other values are problems."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _listed_record(path, line, index, item, report)
        return
    location = path if line is None else f"{path}:{line}"
    if not isinstance(value, dict):
        report(location, json_excerpt(value), _EXPECTED_DOCUMENT)
        return
    # Those that are unknown are problems; so many are not listed all the same.
    for name, records in islice(value.items(), 100):
        if name not in COLLECTIONS:
            report(f"{location}, {name}", "an unknown collection", _EXPECTED_DOCUMENT)
        elif not isinstance(records, list):
            report(f"{location}, {name}", json_excerpt(records), "a list")
        else:
            for index, item in enumerate(records):
                yield RawRecord(Location(path, line, name, index), name, item)


def _listed_record(
    path: Path, line: int | None, index: int, value: Any, report: ReportProblem
) -> Iterator[RawRecord]:
    """An element of a bare list as a record, unless it is unclear of which kind."""
    collection = _guess(value, Location(path, line, "", index), report)
    if collection is not None:
        yield RawRecord(Location(path, line, collection, index), collection, value, trusted=True)


def _guess(value: Any, place: Location, report: ReportProblem) -> str | None:
    """The collection of a record; None, and a problem, if that is unclear."""
    try:
        return guess_collection(value if isinstance(value, dict) else ())
    except UnclearRecordError as error:
        report(place, str(error), _EXPECTED_KIND)
        return None


# As `Location` is written, before the key of a value.
_PLACE_IN_YAML = re.compile(r"(.+\.ya?ml(?:\.gz)?), (\w*)\[(\d+)\](?:\.(\w+))?", re.I)


def with_yaml_lines(problems: Iterable[SeedProblem]) -> Iterator[SeedProblem]:
    """Problems; those in records of YAML files also say in which line.

    Only now, for keeping the lines of all values would double the time of each load.
    """
    from .strict_yaml import find_line  # imported late, as in `_read_yaml`

    roots: dict[str, Any] = {}
    for problem in problems:
        place = _PLACE_IN_YAML.fullmatch(problem.where)
        if place is None:
            yield problem
            continue
        file, collection, index, key = place.groups()
        if file not in roots:
            roots[file] = _compose(Path(file))
        line = find_line(roots[file], collection, int(index), key or "")
        rest = problem.where.removeprefix(file)
        yield problem if line is None else replace(problem, where=f"{file}:{line}{rest}")


def _compose(path: Path) -> Any:
    """The nodes of a YAML file that was read before; None if it cannot be read any more."""
    from .strict_yaml import compose_yaml  # imported late, as in `_read_yaml`

    try:
        with open_regular(path) as raw:
            reader = BoundedReader(raw, compressed=path.suffix == ".gz")
            return compose_yaml(reader.read_all(_MOST_BYTES[".yaml"]))
    except (OSError, UnreadableFileError):
        return None


def json_excerpt(value: object) -> str:
    """A value as JSON for an error: at most 80 characters."""
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
