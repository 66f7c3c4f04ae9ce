"""Loading: raw records -> checked records, from which a store's base is made.

All or nothing: either every record is valid and loaded, or a SeedError lists every problem. This
module reads records one by one and defines what is valid; `bulk_reader` does the same for many at
once.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid5

from ..errors import SeedError, SeedProblem, UsageError
from ..prefect import (
    UNKNOWN_FLOW,
    Deployment,
    Flow,
    FlowRun,
    TaskRun,
    WorkPool,
    WorkQueue,
    format_instant,
    require_aware,
)
from ..store import Base, FlowRunsById, RecordsById
from .field_types import Field
from .files import (
    Batch,
    LineChunk,
    Location,
    PackedColumns,
    ProgressCallback,
    RawRecord,
    find_seed_files,
    json_excerpt,
    read_batches,
    with_yaml_lines,
)
from .record_fields import (
    COLLECTIONS,
    NAMESPACE,
    OPEN_COLLECTIONS,
    RECORD_CLASSES,
    StoredRecord,
    build_record,
    derive_pool_ids,
    id_from_names,
)
from .steps import Steps, finish

if TYPE_CHECKING:
    from .bulk_reader import BulkReader

MAX_PROBLEMS = 20
"""How many problems are listed; the others are counted."""
MAX_FIELDS = 1_000
"""Most fields of a record; a server sends 40."""
# A record as an object takes 1.5 KB (measured).
MAX_EAGER_RUNS = 10_000
"""Up to so many records are made at once; of more, each is made when it is asked for."""
# Smaller files hold too few records of one shape for columns to pay: reading the shipped fixtures
# record by record took a tenth less time.
MIN_BULK_BYTES = 16 << 10


@dataclass(slots=True)
class Seeds:
    """The checked records of seed files, by id.

    `notes` are sentences about what was accepted although it may surprise. `loaded_at` is the
    instant that relative times refer to.
    """

    flow_runs: Mapping[str, FlowRun] = field(default_factory=dict)
    task_runs: Mapping[str, TaskRun] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    work_pools: dict[str, WorkPool] = field(default_factory=dict)
    work_queues: dict[str, WorkQueue] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    loaded_at: datetime | None = None

    def base(self) -> Base:
        """The base of a store that starts with these records."""
        runs, task_runs = self.flow_runs, self.task_runs
        large = task_runs if isinstance(task_runs, RecordsById) else None
        rows = runs.rows if isinstance(runs, FlowRunsById) else runs.values()
        return Base(
            rows if len(runs) > MAX_EAGER_RUNS else iter(rows),
            large if large and len(large) > MAX_EAGER_RUNS else task_runs.values(),
            flows=self.flows.values(),
            deployments=self.deployments.values(),
            work_pools=self.work_pools.values(),
            work_queues=self.work_queues.values(),
            loaded_at=self.loaded_at,
        )


def load_seeds(
    paths: str | Path | Iterable[str | Path],
    now: datetime | None = None,
    *,
    progress: ProgressCallback | None = None,
) -> Seeds:
    """Load seed files and folders of them, one or several.

    Times such as `now-90d` are relative to `now`, an aware datetime; without it, to the clock.
    Raises SeedError with every problem (up to `MAX_PROBLEMS` of them listed); UsageError for
    arguments that are not what is described here.
    """
    now = datetime.now(UTC) if now is None else require_aware(now)
    files = _paths_of(paths)
    with collector_paused():
        loader = _Loader(now, None if _are_small(files) else _bulk_reader(now))
        if not loader.load_files(files, progress):
            # Something is wrong. Reading record by record reports all problems, in order.
            loader = _Loader(now)
            loader.load_files(files, None)
    if loader.problems:
        raise SeedError(list(with_yaml_lines(loader.problems)), more=loader.unlisted)
    return loader.finish()


def _paths_of(given: Any) -> list[Path]:
    one_alone = isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable)
    paths = []
    for one in (given,) if one_alone else given:
        if not isinstance(one, str | Path):
            kind = type(one).__name__
            raise UsageError(
                f"a path of seeds is a {kind}; expected a path or several, such as "
                "load_seeds('runs.yaml')"
            )
        paths.append(Path(one))
    return paths


def _bulk_reader(now: datetime) -> BulkReader:
    from .bulk_reader import BulkReader  # imported late: small seeds save 6 ms

    return BulkReader(now)


def _are_small(paths: Iterable[Path]) -> bool:
    files = find_seed_files(paths, lambda *_: None)
    return sum(file.stat().st_size for file in files) < MIN_BULK_BYTES


def read_seeds(value: Any, now: datetime, *, name: str, references: bool = True) -> Seeds:
    """Load a value as if a JSON file called `name` held it; otherwise as `load_seeds`.

    Without `references`, ids of other records need not be among these.
    """
    return finish(read_seeds_in_steps(value, now, name=name, references=references))


def read_seeds_in_steps(
    value: Any, now: datetime, *, name: str, references: bool = True
) -> Steps[Seeds]:
    """Do what `read_seeds` does, with a step for each record."""
    loader = _Loader(now)
    for record in Batch(Path(name), (value,), (None,)).records(loader.report_problem):
        loader.add_record(record)
        yield
    if references:
        yield from loader.check_references()
    if loader.problems:
        raise SeedError(loader.problems, more=loader.unlisted)
    return loader.finish()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's garbage collector, which finds nothing to free during a load.

    A million runs of NDJSON took 14.9 s with the collector on, 5.4 s with it off.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Loader:
    """One load: the records so far, their locations, and the problems.

    `bulk` reads what is plainly valid; without it, every record is read by itself.
    """

    def __init__(self, now: datetime, bulk: BulkReader | None = None) -> None:
        self.now = now
        self.bulk = bulk
        self.seeds = Seeds(loaded_at=now)
        self.problems: list[SeedProblem] = []
        self.unlisted = 0
        self.locations: dict[str, dict[str, Location]] = {name: {} for name in COLLECTIONS}
        self.trusted_ids: set[str] = set()
        self.unknown_fields: Counter[str] = Counter()
        self.files_by_name: dict[str, list[Path]] = {}
        self.orphaned_subflows = 0
        self.ending_before_start = 0

    def report_problem(self, where: object, came: str, expected: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(SeedProblem(str(where), came, expected))
        else:
            self.unlisted += 1

    def load_files(self, paths: Iterable[Path], progress: ProgressCallback | None) -> bool:
        """Load files and folders. Returns whether all problems are reported.

        In bulk, only those of single records can be; loading stops at any other.
        """
        of_records = 0
        for path in find_seed_files(paths, self.report_problem):
            for part in read_batches(path, self.report_problem, progress):
                if isinstance(part, PackedColumns):
                    self._add_packed(part)
                    continue
                records = self._records_left(part)
                if self.bulk:
                    # All at once: what is wrong with documents is reported before their records.
                    records = iter(list(records))
                    if self._count_problems() > of_records:
                        return False
                for record in records:
                    self.add_record(record)
                of_records = self._count_problems()
            if self.bulk and self._count_problems() > of_records:
                return False
        if self.bulk:
            return self._merge_bulk(self.bulk) and self._count_problems() == of_records
        finish(self.check_references())
        return True

    def _count_problems(self) -> int:
        return len(self.problems) + self.unlisted

    def _records_left(self, part: Batch | LineChunk) -> Iterator[RawRecord]:
        """The records of a part of a file that are to be read one by one."""
        if self.bulk:
            return self.bulk.read(part, self.report_problem)
        batch = part.to_batch(self.report_problem) if isinstance(part, LineChunk) else part
        return batch.records(self.report_problem)

    def _add_packed(self, packed: PackedColumns) -> None:
        """Add records that were checked when they were packed."""
        if self.bulk:
            collections = packed.collections
            for name in self.bulk.columns.keys() & collections.keys():
                self.bulk.add_columns(name, *collections[name])
            others = {
                name: collections[name] for name in collections.keys() - self.bulk.columns.keys()
            }
            packed = PackedColumns(packed.file, others)
        for record, values in packed.records():
            self._store_record(record, RECORD_CLASSES[record.collection](**values))

    def _merge_bulk(self, bulk: BulkReader) -> bool:
        """Merge records read in bulk and records read one by one. Returns whether all are valid."""
        seeds, runs, task_runs = self.seeds, bulk.columns["flow_runs"], bulk.columns["task_runs"]
        bulk.add_records("flow_runs", list(seeds.flow_runs.values()), self.trusted_ids)
        bulk.add_records("task_runs", list(seeds.task_runs.values()), self.trusted_ids)
        seeds.flow_runs = FlowRunsById(runs)
        seeds.task_runs = RecordsById(TaskRun, task_runs)
        if seeds.flow_runs.rows.has_duplicate_ids() or len(seeds.task_runs) < task_runs.count:
            return False
        self.unknown_fields.update(bulk.unknown_fields)
        self.ending_before_start += bulk.ending_before_start
        for collection, key in self._references():
            # Nothing to report and nothing to count: see `_check_reference`.
            if key != "parent_task_run_id" and bulk.all_trusted(collection):
                continue
            target = REFERENCE_TARGETS[key]
            columns = bulk.columns.get(target)
            # The ids as they were read: cutting them out of the text of `Rows.ids` took longer.
            known = columns.values("id") if columns else getattr(seeds, target)
            unresolved, trusted = bulk.count_unresolved(collection, key, known)
            if unresolved > trusted:
                return False
            self.orphaned_subflows += unresolved if key == "parent_task_run_id" else 0
        return True

    def _references(self) -> Iterator[tuple[str, str]]:
        """The collections and keys whose ids must be those of records in the seeds.

        Flows and deployments are optional: seeds without any may refer to them.
        """
        yield "flow_runs", "parent_task_run_id"
        if self.seeds.flows:
            yield "flow_runs", "flow_id"
        if self.seeds.deployments:
            yield "flow_runs", "deployment_id"
        yield "task_runs", "flow_run_id"

    def add_record(self, record: RawRecord) -> None:
        """Read one record into the seeds, or report what is wrong with it."""
        if not isinstance(record.value, dict):
            self.report_problem(record.location, json_excerpt(record.value), "an object")
            return
        if len(record.value) > MAX_FIELDS:
            came = f"an object of {len(record.value):,} fields"
            self.report_problem(record.location, came, f"up to {MAX_FIELDS:,} fields")
            return
        values = self._read_values(record)
        if values is None:
            return
        if "id" not in values:
            values["id"] = _pool_id_from_name(record, values) or self._derived_id(record.location)
        if record.collection in ("flow_runs", "deployments"):
            derive_pool_ids(values)
        try:
            built = build_record(record.collection, values)
        except ValueError as error:
            self.report_problem(record.location, str(error), "fields that agree")
            return
        if isinstance(built, FlowRun):
            self._check_times(record, built)
        self._store_record(record, built)

    def _derived_id(self, location: Location) -> str:
        """An id for a record without one: the same for the same location in a file of this name.

        The folder does not count. Further files of one name get numbers, in the order of loading.
        """
        files = self.files_by_name.setdefault(location.file.name, [])
        if location.file not in files:
            files.append(location.file)
        number = files.index(location.file)
        name = f"{location.file.name}({number})" if number else location.file.name
        # A name that is not UTF-8 has lone surrogates, which uuid5 cannot encode.
        name = name.encode(errors="backslashreplace").decode()
        return str(uuid5(NAMESPACE, f"{name}{location.path_in_file}"))

    def _check_times(self, record: RawRecord, run: FlowRun) -> None:
        """Report a run that ends before it starts; count it if a server sent it."""
        if run.start_time is None or run.end_time is None or run.end_time >= run.start_time:
            return
        if record.trusted:
            self.ending_before_start += 1
            return
        start, end = format_instant(run.start_time), format_instant(run.end_time)
        self.report_problem(
            f"{record.location}.end_time", end, f"an instant not before start_time {start}"
        )

    def _read_values(self, record: RawRecord) -> dict[str, Any] | None:
        """The values of a record's fields, as they are kept; None if one is wrong."""
        fields = COLLECTIONS[record.collection]
        values: dict[str, Any] = {}
        good = True
        for key, value in record.value.items():
            known_field = fields.get(key)
            if known_field is None:
                good &= self._allows_unknown(record, key, fields)
                values[key] = value
                continue
            try:
                values[key] = known_field.read(value, self.now)
            # OverflowError: a relative time such as now-999999999d leaves the years of a datetime.
            except (ValueError, TypeError, OverflowError):
                came = json_excerpt(value) if len(self.problems) < MAX_PROBLEMS else ""
                self.report_problem(f"{record.location}.{key}", came, known_field.expected)
                good = False
        return values if good else None

    def _allows_unknown(self, record: RawRecord, key: str, fields: Mapping[str, Field]) -> bool:
        """Whether a record may have a field that the tables do not list; reports it if not."""
        if record.collection in OPEN_COLLECTIONS:
            return True
        if record.trusted:
            self.unknown_fields[key] += 1
            return True
        # Comparing takes milliseconds, and longer for longer keys: not for what is only counted.
        compared = len(key) <= 100 and len(self.problems) < MAX_PROBLEMS
        close = get_close_matches(key, fields, n=1) if compared else []
        expected = f"{close[0]}?" if close else f"one of {', '.join(fields)}"
        self.report_problem(f"{record.location}.{key}", "an unknown field", expected)
        return False

    def _store_record(self, record: RawRecord, built: StoredRecord) -> None:
        kept = getattr(self.seeds, record.collection)
        locations = self.locations[record.collection]
        if built.id in kept:
            duplicate = f"{built.id}, which is also the id of {locations[built.id]}"
            self.report_problem(f"{record.location}.id", duplicate, "a unique id")
            return
        kept[built.id] = built
        locations[built.id] = record.location
        if record.trusted:
            self.trusted_ids.add(built.id)

    def check_references(self) -> Steps[None]:
        """Report ids that should be those of other records, and are not; a step for each record."""
        for name, keys in groupby(self._references(), key=itemgetter(0)):
            wanted = [key for _, key in keys]
            for record in getattr(self.seeds, name).values():
                for key in wanted:
                    self._check_reference(name, record.id, key, getattr(record, key))
                yield

    def _check_reference(self, collection: str, owner: str, key: str, wanted: str | None) -> None:
        target = REFERENCE_TARGETS[key]
        if wanted in (None, UNKNOWN_FLOW.id) or wanted in getattr(self.seeds, target):
            return
        # A server lists flow runs without their task runs, and a page at a time.
        if owner in self.trusted_ids:
            self.orphaned_subflows += key == "parent_task_run_id"
            return
        where = self.locations[collection][owner]
        self.report_problem(f"{where}.{key}", wanted, f"the id of one of the {target}")

    def finish(self) -> Seeds:
        """Add the notes, and return the seeds."""
        notes = self.seeds.notes
        if self.unknown_fields:
            named = ", ".join(
                f"{key} ({count:,} times)" for key, count in sorted(self.unknown_fields.items())
            )
            notes.append(
                f"fields that Prefect 3.8 does not have were kept without a check: {named}"
            )
        if self.orphaned_subflows:
            notes.append(
                f"{self.orphaned_subflows:,} subflows refer to a task run that is not in the seeds:"
                " no parent_flow_run_id filter finds them; add the answer of POST /task_runs/filter"
            )
        if self.ending_before_start:
            notes.append(
                f"{self.ending_before_start:,} flow runs end before they start; kept as they are"
            )
        return self.seeds


# The collection that the id under a key belongs to.
REFERENCE_TARGETS = {
    "parent_task_run_id": "task_runs",
    "flow_run_id": "flow_runs",
    "flow_id": "flows",
    "deployment_id": "deployments",
}


def _pool_id_from_name(record: RawRecord, values: Mapping[str, Any]) -> str | None:
    """The id of a pool without one: the id that runs with its name refer to."""
    if record.collection == "work_pools" and "name" in values:
        return id_from_names("work_pools", values["name"])
    return None
