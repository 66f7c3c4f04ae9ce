"""One load: raw records -> checked records, or every problem with its place.

The loader reads records one by one, which defines what is valid; `bulk` does the same for many at
once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SeedProblem
from ..prefect import UNKNOWN_FLOW, FlowRun, TaskRun, format_instant
from ..store import FlowRunsById, RecordsById
from .derived_ids import DerivedIds
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
from .load_notes import load_notes
from .loaded_seeds import Seeds
from .named_records import change_runs, describe_new, find_named
from .records import (
    COLLECTIONS,
    OBJECT_FIELDS,
    OPEN_COLLECTIONS,
    RECORD_CLASSES,
    UNIQUE,
    Field,
    NamedRecords,
    StoredRecord,
    build_record,
    complete_object,
    derive_pool_ids,
    expand_record,
    form_used,
    linking_id,
    pool_id_from_name,
)
from .related_objects import settle_objects
from .steps import Steps, finish

if TYPE_CHECKING:
    from .bulk import BulkReader

MAX_PROBLEMS = 20
"""How many problems are listed; the others are counted."""
MAX_FIELDS = 1_000
"""Most fields of a record; a server sends 40."""


class RecordLoader:
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
        self.named = NamedRecords()
        self.links: set[str] = set()  # ids of task runs that stand for the `parent` of a run
        self.described: frozenset[str] = frozenset()  # collections with records of their own
        self.unknown_fields: Counter[str] = Counter()
        self.derived_ids = DerivedIds()
        self.names: dict[tuple[Any, ...], Location] = {}  # of what is unique, by its values
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
        finish(self.find_names())
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
            packed = PackedColumns(packed.file, others, packed.objects)
        for record, values in packed.records():
            self._store_record(record, RECORD_CLASSES[record.collection](**values))
        for one in packed.object_records():
            self.add_record(one)

    def _merge_bulk(self, bulk: BulkReader) -> bool:
        """Merge records read in bulk and records read one by one. Returns whether all are valid."""
        seeds, runs, task_runs = self.seeds, bulk.columns["flow_runs"], bulk.columns["task_runs"]
        bulk.add_records("flow_runs", list(seeds.flow_runs.values()), self.trusted_ids)
        bulk.add_records("task_runs", list(seeds.task_runs.values()), self.trusted_ids)
        self.named.update(bulk.named)
        seeds.flow_runs = loaded = FlowRunsById(runs)
        seeds.task_runs = RecordsById(TaskRun, task_runs)
        finish(self.find_names())
        if loaded.rows.has_duplicate_ids() or len(seeds.task_runs) < task_runs.count:
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
        if "flows" in self.described:
            yield "flow_runs", "flow_id"
        if "deployments" in self.described:
            yield "flow_runs", "deployment_id"
        yield "task_runs", "flow_run_id"

    def find_names(self) -> Steps[None]:
        """Put flows and deployments in the place of the names that records give, in steps.

        To be called when all records were read, and before their references are checked.
        """
        seeds = self.seeds
        self.described = frozenset(name for name in COLLECTIONS if getattr(seeds, name))
        if self.named:
            yield from self._put_named()
        settle_objects(seeds, self.named.block_types, self.now, self._report_object)

    def _put_named(self) -> Steps[None]:
        seeds = self.seeds
        found = find_named(self.named, seeds.flows.values(), seeds.deployments.values())
        for problem in found.problems:
            self.report_problem(problem.where, problem.actual, problem.expected)
        seeds.flow_runs = yield from change_runs(seeds.flow_runs, found)
        describe_new(seeds, found)

    def _report_object(
        self, collection: str, record_id: str, key: str, came: str, expected: str
    ) -> None:
        """Report what is wrong with a record that was read."""
        place = self.locations[collection].get(record_id)
        self.report_problem(f"{place}.{key}" if key else place, came, expected)

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
        if "id" not in values and record.collection not in UNIQUE:
            from_name = pool_id_from_name(record.collection, values)
            values["id"] = from_name or self.derived_ids.id_at(record.location)
        parent = values.get("parent")
        built = self._build(record, values)
        if built is None:
            return
        self._store_record(record, built)
        if isinstance(built, FlowRun):
            self._check_times(record, built)
            if parent is not None and self.locations["flow_runs"][built.id] is record.location:
                link = TaskRun(linking_id(built.id), parent, built.name)
                self.links.add(link.id)
                self._store_record(replace(record, collection="task_runs", trusted=False), link)

    def _build(self, record: RawRecord, values: dict[str, Any]) -> StoredRecord | None:
        """Make a record of its values; None, and a problem, where they contradict each other."""
        expected = "one of them"
        try:
            values = expand_record(record.collection, values, self.named)
            if record.collection in OBJECT_FIELDS:
                expected = "fields as replies have them"
                values = complete_object(record.collection, values, self.now)
            expected = "fields that agree"
            if record.collection in ("flow_runs", "deployments"):
                derive_pool_ids(values)
            return build_record(record.collection, values)
        except ValueError as error:
            self.report_problem(record.location, str(error), expected)
            return None

    def _check_times(self, record: RawRecord, run: FlowRun) -> None:
        """Report a run that ends before it starts; count it if a server sent it."""
        if run.start_time is None or run.end_time is None or run.end_time >= run.start_time:
            return
        if record.trusted:
            self.ending_before_start += 1
            return
        start, end = format_instant(run.start_time), format_instant(run.end_time)
        end_key, start_key = (
            form_used(record.collection, key, record.value) for key in ("end_time", "start_time")
        )
        self.report_problem(
            f"{record.location}.{end_key}", end, f"an instant not before {start_key} {start}"
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
        if record.collection in UNIQUE:
            self._check_names(record, built)
        kept[built.id] = built
        locations[built.id] = record.location
        if record.trusted:
            self.trusted_ids.add(built.id)

    def _check_names(self, record: RawRecord, built: StoredRecord) -> None:
        """Report what no two records of a collection have in common, and another one has."""
        keys = UNIQUE[record.collection]
        values = tuple(getattr(built, key) for key in keys)
        other = self.names.setdefault((record.collection, *values), record.location)
        if other is not record.location:
            came = f"{', '.join(map(str, values))}, which {other} has, too"
            self.report_problem(f"{record.location}.{keys[-1]}", came, f"a unique {keys[-1]}")

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
        where, key = self.locations[collection][owner], "parent" if owner in self.links else key
        self.report_problem(f"{where}.{key}", wanted, f"the id of one of the {target}")

    def finish(self) -> Seeds:
        """Add the notes, and return the seeds."""
        self.seeds.notes += load_notes(
            self.seeds, self.unknown_fields, self.orphaned_subflows, self.ending_before_start
        )
        return self.seeds


# The collection that the id under a key belongs to.
REFERENCE_TARGETS = {
    "parent_task_run_id": "task_runs",
    "flow_run_id": "flow_runs",
    "flow_id": "flows",
    "deployment_id": "deployments",
}
