"""Raw records: what documents of seeds hold, each record with its place, not checked yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from ...store import ColumnValues
from ..records import COLLECTIONS, UnclearRecordError, guess_collection
from .seed_files import ReportProblem

_EXPECTED_DOCUMENT = f"an object of {', '.join(COLLECTIONS)}, or a list of one of these"
_EXPECTED_KIND = 'the fields of one kind of record, or a document such as {"flow_runs": [...]}'


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
    """A packed file: for each collection the number of records, and their columns by field.

    `objects` are those of collections that are packed as the JSON of their records.
    """

    file: Path
    collections: Mapping[str, tuple[int, Mapping[str, ColumnValues]]]
    objects: Mapping[str, Sequence[Any]]

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

    def object_records(self) -> Iterator[RawRecord]:
        """Each object, to be checked as that of another file."""
        for name, values in self.objects.items():
            for index, value in enumerate(values):
                yield RawRecord(Location(self.file, None, name, index), name, value)


def _iterate_records(
    path: Path, line: int | None, value: Any, report: ReportProblem
) -> Iterator[RawRecord]:
    """The records of a document of collections or of a bare list; other values are problems."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from listed_record(path, line, index, item, report)
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


def listed_record(
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


def json_excerpt(value: object) -> str:
    """A value as JSON for an error: at most 80 characters."""
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
