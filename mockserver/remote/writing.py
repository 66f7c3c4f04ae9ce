"""The file of a copy: written under another name, checked by loading it, and only then renamed."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from ..errors import MockServerError, UsageError
from ..seeds import COLLECTIONS, PACKED_SUFFIX, Seeds, load_seeds, pack_seeds
from .kinds import KINDS
from .partial_file import PartialFile

# Their records refer to each other; a list, as servers return it, may hold a part of them.
_LISTED = frozenset({"flow_runs", "task_runs"})


class OutputFormat(Enum):
    """The form of a copy, which its name tells."""

    LINES = "lines"
    GZIPPED = "gzipped lines"
    PACKED = "packed"
    FOLDER = "folder"


class IncompleteCopyError(MockServerError):
    """What was written is not what was copied."""


def output_format(output: Path, *, overwrite: bool) -> OutputFormat:
    """The form that a name stands for. Raises UsageError for other names, and for what exists."""
    if output.is_dir() and not overwrite and any(output.iterdir()):
        raise UsageError(f"{output} exists already, and is not empty; --force replaces it")
    if output.is_file() and not overwrite:
        raise UsageError(f"{output} exists already; --force overwrites it")
    if not output.absolute().parent.is_dir():
        raise UsageError(f"{output.parent} is no folder; expected one that exists")
    name = output.name.lower()
    if output.is_dir() or not output.suffix:
        _require_own_files(output)
        return OutputFormat.FOLDER
    if name.endswith((".ndjson", ".jsonl")):
        return OutputFormat.LINES
    if name.endswith((".ndjson.gz", ".jsonl.gz")):
        return OutputFormat.GZIPPED
    if name.endswith(PACKED_SUFFIX):
        return OutputFormat.PACKED
    raise UsageError(
        f"{output}: expected a name that ends in .ndjson, .ndjson.gz or .packed, or a folder"
    )


_FOLDER_FILES = frozenset(f"{name}.ndjson.gz" for name in KINDS)


def _require_own_files(folder: Path) -> None:
    """Raise UsageError if a folder that would be replaced holds other files than a copy."""
    others = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    alien = sorted(set(others) - _FOLDER_FILES)
    if alien:
        raise UsageError(f"{folder} holds {alien[0]}, which is not of a copy; name another folder")


def write_copy(partial: PartialFile, output: Path, form: OutputFormat) -> Seeds:
    """Write what a partial file holds, check it, and give it its name. Returns what it loads as.

    Raises SeedError if it cannot be loaded, IncompleteCopyError if records are missing then,
    UsageError if it cannot be written.
    """
    unfinished = output.with_name(f"{output.name}.unfinished")
    try:
        _remove(unfinished)
        seeds = _write(partial, unfinished, form)
        _require_all(partial, seeds)
        if form is OutputFormat.FOLDER:
            _remove(output)  # a folder that is not empty cannot be replaced at once
        unfinished.replace(output)
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror or error}") from None
    finally:
        _remove(unfinished)
    return seeds


def _write(partial: PartialFile, file: Path, form: OutputFormat) -> Seeds:
    now = datetime.now(UTC)
    if form is OutputFormat.FOLDER:
        file.mkdir()
        for name in COLLECTIONS:
            if lines := list(_lines(partial, name)):
                _write_lines(file / f"{name}.ndjson.gz", iter(lines), gzipped=True)
        return load_seeds([file], now)
    # What is loaded must have a name that says what it is.
    lines_file = file.with_name(f"{file.name}.ndjson" + ".gz" * (form is OutputFormat.GZIPPED))
    every = (line for name in COLLECTIONS for line in _lines(partial, name))
    try:
        _write_lines(lines_file, every, gzipped=form is OutputFormat.GZIPPED)
        seeds = load_seeds([lines_file], now)
        if form is OutputFormat.PACKED:
            with file.open("wb") as stream:
                stream.writelines(pack_seeds(seeds))
                os.fsync(stream.fileno())
        else:
            lines_file.replace(file)
    finally:
        lines_file.unlink(missing_ok=True)
    return seeds


def _write_lines(file: Path, lines: Iterator[bytes], *, gzipped: bool) -> None:
    with file.open("wb") as raw:
        if gzipped:
            # No name and no time in the gzip header: the same records give the same bytes.
            with gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as stream:
                stream.writelines(lines)
        else:
            raw.writelines(lines)
        raw.flush()
        os.fsync(raw.fileno())


def _lines(partial: PartialFile, name: str) -> Iterator[bytes]:
    """The lines of a collection, one for each record, the highest id first."""
    begin, end = (b"[", b"]\n") if name in _LISTED else (b'{"%s":[' % name.encode(), b"]}\n")
    if name == "flow_runs" and not partial.spans(name):
        yield b"[]\n"  # an empty file is refused: it may be what a failed command left
    for record in partial.lines(name):
        yield begin + record + end


def _require_all(partial: PartialFile, seeds: Seeds) -> None:
    """Raise IncompleteCopyError if what was loaded lacks records that were copied."""
    for name, kind in KINDS.items():
        held, loaded = len(partial.spans(name)), len(getattr(seeds, name))
        # Loading makes up what runs refer to, so there may be more.
        if loaded < held:
            raise IncompleteCopyError(
                f"{held:,} {kind.noun} were copied, but only {loaded:,} can be loaded"
            )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
