"""Records -> what a store is made of. Fails closed: all is loaded, or every problem is told."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid5

from ..errors import SeedError, SeedProblem
from ..prefect import (
    UNKNOWN_FLOW,
    Deployment,
    Flow,
    FlowRun,
    TaskRun,
    WorkPool,
    WorkQueue,
    format_instant,
)
from ..store import Base, FlowRunsById, RecordsById
from .fields import Field
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
)
from .records import (
    COLLECTIONS,
    NAMESPACE,
    OPEN_COLLECTIONS,
    RECORD_CLASSES,
    StoredRecord,
    build_record,
    derive_pool_ids,
    id_from_names,
)

if TYPE_CHECKING:
    from .bulk_reader import BulkReader

MAX_PROBLEMS = 100
MAX_EAGER_RUNS = 10_000
"""So many runs are better made at once than each time one is asked for."""
MIN_BULK_BYTES = 16 << 10
"""Files of fewer bytes are sooner read record by record."""


@dataclass(slots=True)
class Seeds:
    """What files hold, checked. `notes` are sentences about what was kept but may surprise."""

    flow_runs: Mapping[str, FlowRun] = field(default_factory=dict)
    task_runs: Mapping[str, TaskRun] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    work_pools: dict[str, WorkPool] = field(default_factory=dict)
    work_queues: dict[str, WorkQueue] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    loaded_at: datetime | None = None

    def base(self) -> Base:
        """A base for stores."""
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
    paths: Iterable[Path], now: datetime, *, progress: ProgressCallback | None = None
) -> Seeds:
    """Load files and folders; relative times are relative to `now`.

    Raises SeedError with every problem found (listed up to `MAX_PROBLEMS`).
    """
    files = list(paths)
    with _gc_paused():
        loader = _Loader(now, None if _are_small(files) else _bulk_reader(now))
        if not loader.load_files(files, progress) and loader.bulk:
            # Something is wrong: the slow road tells all of it, in order.
            loader = _Loader(now)
            loader.load_files(files, None)
    if loader.problems:
        raise SeedError(loader.problems, more=loader.unlisted)
    return loader.finish()


def _bulk_reader(now: datetime) -> BulkReader:
    from .bulk_reader import BulkReader  # 6 ms that small seeds do without

    return BulkReader(now)


def _are_small(paths: Iterable[Path]) -> bool:
    files = find_seed_files(paths, lambda *_: None)
    return sum(file.stat().st_size for file in files) < MIN_BULK_BYTES


def read_seeds(value: Any, now: datetime, *, name: str, references: bool = True) -> Seeds:
    """Seeds from a value, as a JSON file called `name` would hold it; else as `load_seeds`.

    Without `references`, what names another record need not name one of these.
    """
    loader = _Loader(now)
    for record in Batch(Path(name), (value,), (None,)).records(loader.report_problem):
        loader.add_record(record)
    if references:
        loader.check_references()
    if loader.problems:
        raise SeedError(loader.problems, more=loader.unlisted)
    return loader.finish()


@contextmanager
def _gc_paused() -> Iterator[None]:
    """The collector finds nothing in a load, and takes longer over it than the load itself."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Loader:
    """The state of one load."""

    def __init__(self, now: datetime, bulk: BulkReader | None = None) -> None:
        """`bulk` takes what plainly is good; without one, every record is read by itself."""
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
        """Load files and folders; whether all is good. In bulk, the first problem is the last."""
        for path in find_seed_files(paths, self.report_problem):
            for batch in read_batches(path, self.report_problem, progress):
                bulk = self.bulk
                if isinstance(batch, PackedColumns):
                    self._add_packed(batch)
                    continue
                if bulk:
                    left = bulk.read(batch, self.report_problem)
                else:
                    whole = (
                        batch.to_batch(self.report_problem)
                        if isinstance(batch, LineChunk)
                        else batch
                    )
                    left = whole.records(self.report_problem)
                for record in left:
                    self.add_record(record)
            if self.bulk and self.problems:
                return False
        if self.bulk:
            return self._merge_bulk(self.bulk)
        self.check_references()
        return not self.problems

    def _add_packed(self, packed: PackedColumns) -> None:
        """Take what has been checked when it was packed."""
        singly = packed
        if self.bulk:
            bulk, found = self.bulk, packed.collections
            for name in bulk.columns.keys() & found.keys():
                bulk.add_columns(name, *found[name])
            few = {name: found[name] for name in found.keys() - bulk.columns.keys()}
            singly = PackedColumns(packed.file, few)
        for record, values in singly.records():
            self._store_record(record, RECORD_CLASSES[record.collection](**values))

    def _merge_bulk(self, bulk: BulkReader) -> bool:
        """Put what was read in bulk with what was read one by one; whether it plainly is good."""
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
            if key != "parent_task_run_id" and bulk.all_trusted(collection):
                continue
            target = REFERENCE_TARGETS[key]
            columns = bulk.columns.get(target)
            known = columns.values("id") if columns else getattr(seeds, target)
            missing, trusted = bulk.count_unresolved(collection, key, known)
            if missing > trusted:
                return False
            self.orphaned_subflows += missing if key == "parent_task_run_id" else 0
        return True

    def _references(self) -> Iterator[tuple[str, str]]:
        """Of which collection which key must name a record that is there."""
        yield "flow_runs", "parent_task_run_id"
        if self.seeds.flows:
            yield "flow_runs", "flow_id"
        if self.seeds.deployments:
            yield "flow_runs", "deployment_id"
        yield "task_runs", "flow_run_id"

    def add_record(self, record: RawRecord) -> None:
        """Read one record into the seeds, or say what is wrong with it."""
        if not isinstance(record.value, dict):
            self.report_problem(record.location, json_excerpt(record.value), "an object")
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
        """The same for the same place in a file of the same name, whatever folder it is in."""
        files = self.files_by_name.setdefault(location.file.name, [])
        if location.file not in files:
            files.append(location.file)
        number = files.index(location.file)
        name = f"{location.file.name}({number})" if number else location.file.name
        return str(uuid5(NAMESPACE, f"{name}{location.path_in_file}"))

    def _check_times(self, record: RawRecord, run: FlowRun) -> None:
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
        """The fields as they are kept; None when one is wrong."""
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
            except (ValueError, TypeError, OverflowError):
                self.report_problem(
                    f"{record.location}.{key}", json_excerpt(value), known_field.expected
                )
                good = False
        return values if good else None

    def _allows_unknown(self, record: RawRecord, key: str, fields: Mapping[str, Field]) -> bool:
        """Whether a field that no table names may stay: in a server's answer, yes."""
        if record.collection in OPEN_COLLECTIONS:
            return True
        if record.trusted:
            self.unknown_fields[key] += 1
            return True
        close = get_close_matches(key, fields, n=1)
        expected = f"{close[0]}?" if close else f"one of {', '.join(fields)}"
        self.report_problem(f"{record.location}.{key}", "an unknown field", expected)
        return False

    def _store_record(self, record: RawRecord, built: StoredRecord) -> None:
        kept = getattr(self.seeds, record.collection)
        locations = self.locations[record.collection]
        if built.id in kept:
            taken = f"{built.id}, which is the id of {locations[built.id]}"
            self.report_problem(f"{record.location}.id", taken, "an id of its own")
            return
        kept[built.id] = built
        locations[built.id] = record.location
        if record.trusted:
            self.trusted_ids.add(built.id)

    def check_references(self) -> None:
        """What names another record must name one that is there."""
        for name, keys in groupby(self._references(), key=itemgetter(0)):
            wanted = [key for _, key in keys]
            for record in getattr(self.seeds, name).values():
                for key in wanted:
                    self._check_reference(name, record.id, key, getattr(record, key))

    def _check_reference(self, collection: str, owner: str, key: str, wanted: str | None) -> None:
        target = REFERENCE_TARGETS[key]
        if wanted in (None, UNKNOWN_FLOW.id) or wanted in getattr(self.seeds, target):
            return
        if owner in self.trusted_ids:
            self.orphaned_subflows += key == "parent_task_run_id"
            return
        where = self.locations[collection][owner]
        self.report_problem(f"{where}.{key}", wanted, f"the id of one of the {target}")

    def finish(self) -> Seeds:
        """The seeds with their notes."""
        notes = self.seeds.notes
        if self.unknown_fields:
            named = ", ".join(
                f"{key} ({count:,} times)" for key, count in sorted(self.unknown_fields.items())
            )
            notes.append(f"fields that Prefect 3.8 does not have were kept unread: {named}")
        if self.orphaned_subflows:
            notes.append(
                f"{self.orphaned_subflows:,} subflows name a task run that the seeds do not hold: "
                "no parent_flow_run_id filter finds them; add the answer of POST /task_runs/filter"
            )
        if self.ending_before_start:
            notes.append(
                f"{self.ending_before_start:,} flow runs end before they start; kept as they are"
            )
        return self.seeds


REFERENCE_TARGETS = {
    "parent_task_run_id": "task_runs",
    "flow_run_id": "flow_runs",
    "flow_id": "flows",
    "deployment_id": "deployments",
}


def _pool_id_from_name(record: RawRecord, values: Mapping[str, Any]) -> str | None:
    """The id of a pool that has none: what runs that name it are taken to mean."""
    if record.collection == "work_pools" and "name" in values:
        return id_from_names("work_pools", values["name"])
    return None
