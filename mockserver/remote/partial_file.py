"""The partial file: what is copied so far, from which an interrupted copy goes on.

    a line of JSON: what is being copied
    blocks: a line of JSON (`collection`, `block`, `records`, `bytes`), then a record on each line

A block is written when all of it is there. A later block of the same name replaces an earlier one;
an incomplete one at the end, which a crash leaves behind, is cut off. Only positions are kept in
memory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import orjson

from ..errors import UsageError
from .kinds import Record

FORMAT = "partial copy of mockserver, version 1"


@dataclass(frozen=True, slots=True)
class Span:
    """Where a record is in the file."""

    offset: int
    length: int


class PartialFile:
    """An open partial file; only one process can have it open.

    `resumed` says whether it held anything before.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        """Open the file, or make it. `about` says what is copied: it must be the same each time.

        Raises UsageError if it is of another copy, in use, or cannot be opened.
        """
        self.path = path
        self.blocks: dict[tuple[str, str], dict[str, Span]] = {}
        try:
            # Only for the user: what a server holds may be confidential.
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
        self._file = os.fdopen(descriptor, "r+b")
        try:
            _lock(self._file, path)
            self.about = self._begin(about)
            self.resumed = self._read_blocks()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> PartialFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _begin(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """Read or write the first line, and return what it says.

        What only a first line has, such as a key that was drawn, is kept.
        """
        line = self._file.readline()
        if not line.endswith(b"\n"):  # new, or cut before anything was copied
            self._file.seek(0)
            self._file.truncate()
            self._write(orjson.dumps({"format": FORMAT, **about}) + b"\n")
            return dict(about)
        try:
            held = orjson.loads(line)
        except orjson.JSONDecodeError:
            held = None
        if not isinstance(held, dict) or held.get("format") != FORMAT:
            raise UsageError(f"{self.path} is not a partial copy; move it away")
        for key, value in about.items():
            if key != "key" and held.get(key) != value:
                raise UsageError(
                    f"{self.path} is of a copy with another {key}: {_json(held.get(key))}, "
                    f"not {_json(value)}; go on with that one, or begin anew with --restart"
                )
        return held

    def _read_blocks(self) -> bool:
        """Learn where the records of whole blocks are, and cut off the rest."""
        end = self._file.tell()
        while header := self._file.readline():
            try:
                block = orjson.loads(header)
                data = self._file.read(block["bytes"])
            except (orjson.JSONDecodeError, TypeError, KeyError):
                break
            if not header.endswith(b"\n") or len(data) < block["bytes"]:
                break
            lines = data.splitlines(keepends=True)
            ids = [orjson.loads(line)["id"] for line in lines]
            self._place(block["collection"], block["block"], ids, lines, end + len(header))
            end = self._file.tell()
        self._file.seek(end)
        self._file.truncate()
        return bool(self.blocks)

    def put(self, collection: str, block: str, records: Iterable[Record]) -> None:
        """Write a block; it takes the place of an earlier one of this name."""
        held = list(records)
        lines = [orjson.dumps(record) + b"\n" for record in held]
        about = {"collection": collection, "block": block, "records": len(lines)}
        header = orjson.dumps({**about, "bytes": sum(map(len, lines))}) + b"\n"
        begin = self._file.seek(0, os.SEEK_END) + len(header)
        self._write(header + b"".join(lines))
        self._place(collection, block, [record["id"] for record in held], lines, begin)

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()  # to the system, which keeps it even if this process is killed

    def _place(
        self,
        collection: str,
        block: str,
        ids: Sequence[str],
        lines: Sequence[bytes],
        offset: int,
    ) -> None:
        placed: dict[str, Span] = {}
        for record_id, line in zip(ids, lines, strict=True):
            placed[record_id] = Span(offset, len(line))
            offset += len(line)
        # Not update: the latest block of a collection comes last, see `spans`.
        self.blocks.pop((collection, block), None)
        self.blocks[collection, block] = placed

    def block(self, collection: str, block: str) -> Mapping[str, Span] | None:
        """The records of a block; None if it is not there."""
        return self.blocks.get((collection, block))

    def spans(self, collection: str) -> dict[str, Span]:
        """All records of a collection by id; of one in several blocks the latest."""
        found: dict[str, Span] = {}
        for (name, _), block in self.blocks.items():
            if name == collection:
                found.update(block)
        return found

    def lines(self, collection: str) -> Iterator[bytes]:
        """The records of a collection as JSON, the highest id first."""
        for _, span in sorted(self.spans(collection).items(), reverse=True):
            self._file.seek(span.offset)
            yield self._file.read(span.length).rstrip(b"\n")

    def records(self, collection: str) -> Iterator[Record]:
        """The records of a collection, the highest id first."""
        return map(orjson.loads, self.lines(collection))


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _lock(file: BinaryIO, path: Path) -> None:
    """Keep the file for this process until it is closed. Raises UsageError if another has it."""
    if sys.platform == "win32":  # pragma: no cover - there is no flock
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise UsageError(f"another process is writing {path}") from None
