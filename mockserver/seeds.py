"""Fill a store from files: YAML, JSON and NDJSON, each gzipped or not, one, several or a folder.

Loading fails closed: every problem is collected, and nothing is loaded when there is one.
"""

from __future__ import annotations

import gc
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, BinaryIO
from uuid import NAMESPACE_URL, uuid5

import orjson

from .errors import Problem, SeedError
from .index import Base
from .instants import format_instant
from .records import (
    COLLECTIONS,
    OPEN,
    Field,
    build_flow_run,
    build_named,
    build_task_run,
)
from .runs import FlowRun, Named, TaskRun

MOST_PROBLEMS = 100
_YAML = frozenset({".yaml", ".yml"})
_JSON = frozenset({".json"})
_LINES = frozenset({".ndjson", ".jsonl"})
FORMATS = _YAML | _JSON | _LINES
_EXPECTED_FILE = (
    "a seed: a file that ends in .yaml, .yml, .json, .ndjson or .jsonl (and .gz), or a folder"
)
_EXPECTED_DOCUMENT = f"an object of {', '.join(COLLECTIONS)}, or a list of flow runs"
_NAMESPACE = uuid5(NAMESPACE_URL, "mockserver:seeds")

Progress = Callable[[int], None]
"""Called with the number of bytes of the files read since the last call."""


@dataclass(slots=True)
class Seeds:
    """What files hold, checked. `notes` are sentences about what was kept but may surprise."""

    flow_runs: dict[str, FlowRun] = field(default_factory=dict)
    task_runs: dict[str, TaskRun] = field(default_factory=dict)
    flows: dict[str, Named] = field(default_factory=dict)
    deployments: dict[str, Named] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def base(self) -> Base:
        """A base for stores."""
        return Base(self.flow_runs.values(), self.task_runs.values())


def load_seeds(paths: Iterable[Path], now: datetime, *, progress: Progress | None = None) -> Seeds:
    """Load files and folders; relative times are relative to `now`.

    Raises SeedError with every problem found (listed up to `MOST_PROBLEMS`).
    """
    loading = _Loading(now)
    with _no_collection():
        for path in _files(paths, loading):
            for record in _records(path, loading, progress):
                loading.take(record)
        loading.check_references()
    if loading.problems:
        raise SeedError(loading.problems, more=loading.unlisted)
    return loading.finished()


@contextmanager
def _no_collection() -> Iterator[None]:
    """The collector finds nothing in a load, and takes longer over it than the load itself."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: its file, the line of an NDJSON file, its place in a collection."""

    file: Path
    line: int | None
    collection: str | None
    index: int

    @property
    def within(self) -> str:
        """The place whatever the file's folder: what a missing id is derived from."""
        line = "" if self.line is None else f":{self.line}"
        inside = "" if self.collection is None else f" {self.collection}[{self.index}]"
        return f"{self.file.name}{line}{inside}"

    def __str__(self) -> str:
        line = "" if self.line is None else f":{self.line}"
        inside = "" if self.collection is None else f", {self.collection}[{self.index}]"
        return f"{self.file}{line}{inside}"


@dataclass(frozen=True, slots=True)
class _Record:
    """One record; `trusted` when it came in a list, as a real server sends it."""

    place: Place
    collection: str
    value: Any
    trusted: bool = False


class _Loading:
    """The state of one load."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.seeds = Seeds()
        self.problems: list[Problem] = []
        self.unlisted = 0
        self.places: dict[str, dict[str, Place]] = {name: {} for name in COLLECTIONS}
        self.trusted: set[str] = set()
        self.unknown: dict[str, int] = {}
        self.orphans = 0
        self.backwards = 0

    def problem(self, where: object, came: str, expected: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(str(where), came, expected))
        else:
            self.unlisted += 1

    def take(self, record: _Record) -> None:
        """Read one record into the seeds, or say what is wrong with it."""
        if not isinstance(record.value, dict):
            self.problem(record.place, _came(record.value), "an object")
            return
        values = self._values(record)
        if values is None:
            return
        if "id" not in values:
            values["id"] = str(uuid5(_NAMESPACE, record.place.within))
        try:
            built = BUILDERS[record.collection](values)
        except ValueError as error:
            self.problem(record.place, str(error), "fields that agree")
            return
        if isinstance(built, FlowRun):
            self._check_times(record, built)
        self._keep(record, built)

    def _check_times(self, record: _Record, run: FlowRun) -> None:
        if run.start_time is None or run.end_time is None or run.end_time >= run.start_time:
            return
        if record.trusted:
            self.backwards += 1
            return
        start, end = format_instant(run.start_time), format_instant(run.end_time)
        self.problem(f"{record.place}.end_time", end, f"an instant not before start_time {start}")

    def _values(self, record: _Record) -> dict[str, Any] | None:
        """The fields as they are kept; None when one is wrong."""
        fields = COLLECTIONS[record.collection]
        values: dict[str, Any] = {}
        good = True
        for key, value in record.value.items():
            known = fields.get(key)
            if known is None:
                good &= self._unknown(record, key, fields)
                values[key] = value
                continue
            try:
                values[key] = known.read(value, self.now)
            except (ValueError, TypeError, OverflowError):
                self.problem(f"{record.place}.{key}", _came(value), known.expected)
                good = False
        return values if good else None

    def _unknown(self, record: _Record, key: str, fields: Mapping[str, Field]) -> bool:
        """Whether a field that no table names may stay: in a server's answer, yes."""
        if record.collection in OPEN:
            return True
        if record.trusted:
            self.unknown[key] = self.unknown.get(key, 0) + 1
            return True
        close = get_close_matches(key, fields, n=1)
        expected = f"{close[0]}?" if close else f"one of {', '.join(fields)}"
        self.problem(f"{record.place}.{key}", "an unknown field", expected)
        return False

    def _keep(self, record: _Record, built: FlowRun | TaskRun | Named) -> None:
        kept = getattr(self.seeds, record.collection)
        places = self.places[record.collection]
        if built.id in kept:
            taken = f"{built.id}, which is the id of {places[built.id]}"
            self.problem(f"{record.place}.id", taken, "an id of its own")
            return
        kept[built.id] = built
        places[built.id] = record.place
        if record.trusted:
            self.trusted.add(built.id)

    def check_references(self) -> None:
        """What names another record must name one that is there."""
        seeds = self.seeds
        for run in seeds.flow_runs.values():
            self._check("flow_runs", run.id, "parent_task_run_id", run.parent_task_run_id)
            if seeds.flows:
                self._check("flow_runs", run.id, "flow_id", run.flow_id)
            if seeds.deployments:
                self._check("flow_runs", run.id, "deployment_id", run.deployment_id)
        for task_run in seeds.task_runs.values():
            self._check("task_runs", task_run.id, "flow_run_id", task_run.flow_run_id)

    def _check(self, collection: str, owner: str, key: str, wanted: str | None) -> None:
        target = REFERENCES[key]
        if wanted is None or wanted in getattr(self.seeds, target):
            return
        if owner in self.trusted:
            self.orphans += key == "parent_task_run_id"
            return
        where = self.places[collection][owner]
        self.problem(f"{where}.{key}", wanted, f"the id of one of the {target}")

    def finished(self) -> Seeds:
        """The seeds with their notes."""
        notes = self.seeds.notes
        if self.unknown:
            named = ", ".join(f"{key} ({count:,} times)" for key, count in self.unknown.items())
            notes.append(f"fields that Prefect 3.8 does not have were kept unread: {named}")
        if self.orphans:
            notes.append(
                f"{self.orphans:,} subflows name a task run that the seeds do not hold: no "
                "parent_flow_run_id filter finds them; add the answer of POST /task_runs/filter"
            )
        if self.backwards:
            notes.append(f"{self.backwards:,} flow runs end before they start; kept as they are")
        return self.seeds


REFERENCES = {
    "parent_task_run_id": "task_runs",
    "flow_run_id": "flow_runs",
    "flow_id": "flows",
    "deployment_id": "deployments",
}
BUILDERS: Mapping[str, Callable[[Mapping[str, Any]], FlowRun | TaskRun | Named]] = {
    "flow_runs": build_flow_run,
    "task_runs": build_task_run,
    "flows": build_named,
    "deployments": build_named,
}


def _files(paths: Iterable[Path], loading: _Loading) -> Iterator[Path]:
    """The seed files that the paths name; a folder stands for those in it, by name."""
    for path in paths:
        if path.is_dir():
            found = sorted(child for child in path.iterdir() if _format(child) in FORMATS)
            if not found:
                loading.problem(path, "a folder without a seed", _EXPECTED_FILE)
            yield from found
        elif not path.is_file():
            loading.problem(path, "no such file", _EXPECTED_FILE)
        elif _format(path) not in FORMATS:
            loading.problem(path, f"a file that ends in {path.suffix!r}", _EXPECTED_FILE)
        else:
            yield path


def _format(path: Path) -> str:
    """What its name says it holds: `runs.ndjson.gz` is `.ndjson`; a hidden file holds nothing."""
    if path.name.startswith("."):
        return ""
    stem = path.with_suffix("") if path.suffix == ".gz" else path
    return stem.suffix.lower()


def _records(path: Path, loading: _Loading, progress: Progress | None) -> Iterator[_Record]:
    """Every record of a file, in order. A file that cannot be read is a problem, not an error."""
    try:
        with path.open("rb") as raw:
            told = _Told(raw, progress)
            stream = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            if _format(path) in _LINES:
                yield from _lines(path, stream, loading, told)
            else:
                read = _read_yaml if _format(path) in _YAML else orjson.loads
                document = read(stream.read())
                told.tell()
                yield from _document(path, None, document, loading)
    except orjson.JSONDecodeError as error:
        loading.problem(f"{path}:{error.lineno}:{error.colno}", error.msg, "JSON")
    except _BadYaml as error:
        loading.problem(f"{path}{error.where}", str(error), "YAML")
    except (OSError, EOFError, zlib.error) as error:
        loading.problem(path, str(error), "a file that can be read")


class _Told:
    """Tells how much of a file has been read."""

    def __init__(self, raw: BinaryIO, progress: Progress | None) -> None:
        self.raw = raw
        self.progress = progress
        self.at = 0

    def tell(self) -> None:
        if self.progress:
            at = self.raw.tell()
            self.progress(at - self.at)
            self.at = at


def _lines(
    path: Path, stream: Iterable[bytes], loading: _Loading, told: _Told
) -> Iterator[_Record]:
    for number, line in enumerate(stream, start=1):
        if line.isspace():
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            loading.problem(f"{path}:{number}:{error.colno}", error.msg, "a line of JSON")
            continue
        if isinstance(value, dict) and not value.keys() & COLLECTIONS.keys():
            yield _Record(Place(path, number, None, 0), _collection_of(value), value)
        else:
            yield from _document(path, number, value, loading)
        if number % 4096 == 0:
            told.tell()
    told.tell()


def _document(path: Path, line: int | None, value: Any, loading: _Loading) -> Iterator[_Record]:
    """The records of a document of collections, or of a bare list."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            collection = _collection_of(item)
            yield _Record(Place(path, line, collection, index), collection, item, trusted=True)
        return
    here = path if line is None else f"{path}:{line}"
    if not isinstance(value, dict):
        loading.problem(here, _came(value), _EXPECTED_DOCUMENT)
        return
    for name, records in value.items():
        if name not in COLLECTIONS:
            loading.problem(f"{here}, {name}", "an unknown collection", _EXPECTED_DOCUMENT)
        elif not isinstance(records, list):
            loading.problem(f"{here}, {name}", _came(records), "a list")
        else:
            for index, item in enumerate(records):
                yield _Record(Place(path, line, name, index), name, item)


def _collection_of(value: object) -> str:
    return "task_runs" if isinstance(value, dict) and "flow_run_id" in value else "flow_runs"


class _BadYaml(Exception):
    def __init__(self, text: str, where: str = "") -> None:
        super().__init__(text)
        self.where = where


def _read_yaml(text: bytes) -> Any:
    """YAML with the C parser (an order of magnitude faster) where PyYAML was built with it."""
    import yaml

    from .plain_yaml import PlainLoader

    try:
        return yaml.load(text, Loader=PlainLoader)  # noqa: S506 - it is a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise _BadYaml(error.problem or str(error), where) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _BadYaml(str(error)) from None


def _came(value: object) -> str:
    """A value in an error, as JSON, bounded."""
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
