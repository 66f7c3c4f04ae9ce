"""Chunks of large files: lines of NDJSON and elements of JSON lists, not decoded yet.

Bulk readers take them as they are; `to_batch` makes documents of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from .raw_records import Batch, Location, RawRecord, listed_record
from .seed_files import ReportProblem
from .strict_json import InvalidJsonError, has_unique_keys, read_json


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
                yield from listed_record(self.file, None, place, value, report)
            else:
                location = Location(self.file, None, self.collection, place)
                yield RawRecord(location, self.collection, value)


def element_line(element: Any, collection: str | None) -> bytes:
    """An element as a line: a list of one where it came in a bare list."""
    line = bytes(element)
    if b"\n" in line or b"\r" in line:
        line = orjson.dumps(orjson.loads(line))
    return b"[%b]" % line if collection is None else line
