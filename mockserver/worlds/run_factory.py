"""Flow runs made from a few fields, such as `state="COMPLETED"` or `started="now-40d"`.

Invariant: fields are checked by the seed reader, with the same error messages, and nothing is
added to a store unless all of it can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any
from uuid import UUID

from ..errors import SeedError, SeedProblem
from ..prefect import FlowRun, StateType, format_instant, generate_name
from ..seeds import (
    COLLECTIONS,
    MAX_PROBLEMS,
    OBJECT_CLASSES,
    UNIQUE,
    Seeds,
    Steps,
    finish,
    linking_id,
    load_seeds,
    read_seeds,
    read_seeds_in_steps,
    settle_names,
)
from ..store import Base, Store

_RELATED_COLLECTIONS = ("flows", "deployments", "work_pools", "work_queues")
# What `add` gives a run without one; a run of a seed has none then.
_STATE_FIELDS = ("state", "state_type", "state_name")

FieldValues = Mapping[str, Any]


@dataclass(slots=True)
class Factory:
    """Makes seeds from fields, documents and files.

    `now` is what relative times count from; `new_id` makes ids as text. `loads` counts the
    documents read.
    """

    now: Callable[[], datetime]
    new_id: Callable[[], str]
    loads: int = 0

    def seeds_from_fields(self, given: FieldValues) -> Seeds:
        """The seeds of one flow run, with the flow, deployment and task run that it needs.

        `given` has the fields of a flow run in a seed; without a state, it is PENDING. Raises
        SeedError.
        """
        new_id = self.new_id()
        fields = {"id": new_id, "name": generate_name(new_id)}
        fields |= {key: to_json_value(value) for key, value in given.items()}
        if all(fields.get(key) is None for key in _STATE_FIELDS) and "state" not in fields:
            fields["state"] = StateType.PENDING
        try:
            # A run may refer to records that the store already has.
            document = {"flow_runs": [fields]}
            return read_seeds(document, self.now(), name=_NAME, references=False)
        except SeedError as error:
            raise SeedError(list(map(_as_argument, error.problems)), more=error.more) from None

    def seeds_from(self, given: Any) -> Seeds:
        """The seeds of a path (str or Path), of a seed document, or of a list of fields.

        Raises SeedError.
        """
        if isinstance(given, str | Path):
            return load_seeds([Path(given)], self.now())
        if isinstance(given, Mapping):
            return self.seeds_from_document(to_json_value(given))
        seeds = Seeds(loaded_at=self.now())
        for fields in given:
            _merge(self.seeds_from_fields(fields), seeds)
        return seeds

    def seeds_from_document(self, value: Any) -> Seeds:
        """The seeds of a document as a seed file has it. Raises SeedError.

        Ids that are not given differ from call to call.
        """
        return finish(self.read_document(value))

    def read_document(self, value: Any) -> Steps[Seeds]:
        """Do what `seeds_from_document` does, in steps."""
        self.loads += 1  # missing ids are derived from the document's name
        name = "seeds" if self.loads == 1 else f"seeds-{self.loads}"
        return read_seeds_in_steps(value, self.now(), name=name)

    def make_copies(self, given: Iterable[FieldValues], number: int) -> Steps[Seeds]:
        """Make the seeds of `number` flow runs of each fields, in steps. Raises SeedError.

        They are those of `seeds_from` with `fields_of_nth` of each number; fields are read once.
        """
        seeds = Seeds(loaded_at=self.now())
        for fields in given:
            # With an id of their own, all would be the same run: the last one stays.
            numbers = range(max(number - 1, 0), number) if "id" in fields else range(number)
            for n in numbers[:1]:
                first = self.seeds_from_fields(fields_of_nth(fields, n))
                _merge(first, seeds)
                yield
            for n in numbers[1:]:
                self._copy(first, fields.get("name"), n, seeds)
                yield
        return seeds

    def _copy(self, first: Seeds, name: str | None, n: int, target: Seeds) -> None:
        """Add the nth copy of a flow run, which has a task run of its own if it is a subflow."""
        (run,) = first.flow_runs.values()
        new_id = self.new_id()
        name = generate_name(new_id) if name is None else name.replace("{n}", str(n))
        parent = run.parent_task_run_id
        for task_run in first.task_runs.values():
            parent = linking_id(new_id)
            copied = replace(task_run, id=parent, name=name)
            _records(target, "task_runs")[parent] = copied
        _records(target, "flow_runs")[new_id] = replace(
            run, id=new_id, name=name, parent_task_run_id=parent
        )


def _merge(source: Seeds, target: Seeds) -> None:
    for name in COLLECTIONS:
        _records(target, name).update(getattr(source, name))
    target.named.update(source.named)


def _records(seeds: Seeds, collection: str) -> dict[str, Any]:
    """The records of a collection of seeds that are being made."""
    found: dict[str, Any] = getattr(seeds, collection)
    return found


_NAME = "add"
_PLACE = f"{_NAME}, flow_runs[0]"


def _as_argument(problem: SeedProblem) -> SeedProblem:
    """A problem of the only record of a document, as one of a call of `add`."""
    place = problem.where.removeprefix(_PLACE)
    return replace(problem, where=f"{_NAME}({place[1:]}=...)" if place else f"{_NAME}(...)")


def to_json_value(value: Any) -> Any:
    """A Python value as a JSON value.

    Converts state types, datetimes, dates, UUIDs, paths, flow runs (to their ids), mappings, lists,
    tuples and sets (sorted). Any other value is returned as it is; the seed reader refuses it.
    """
    if isinstance(value, str | bool | int | float | None):
        return str(value) if isinstance(value, StateType) else value
    if isinstance(value, FlowRun):
        return value.id
    # Before `date`: a datetime is a date, too.
    if isinstance(value, datetime):
        # A naive time stays one: what reads it says what is missing.
        return value.isoformat() if value.utcoffset() is None else format_instant(value)
    if isinstance(value, UUID | date | Path):
        return str(value)
    if isinstance(value, Mapping):
        return {key: to_json_value(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(to_json_value, value))
    return [to_json_value(item) for item in value] if isinstance(value, list | tuple) else value


def fields_of_nth(fields: FieldValues, n: int) -> FieldValues:
    """The fields of the nth flow run of many: functions are called with n, `{n}` in a name is n."""
    nth = {key: value(n) if callable(value) else value for key, value in fields.items()}
    if isinstance(nth.get("name"), str):
        nth["name"] = nth["name"].replace("{n}", str(n))
    return nth


def check_parents(seeds: Seeds, store: Store) -> None:
    """Raise SeedError for parents of flow runs that are neither in the seeds nor in the store."""
    problems = [
        SeedProblem(
            f"flow run {run.name!r}", f"parent_task_run_id {parent}", "the id of a task run"
        )
        for run in seeds.flow_runs.values()
        if (parent := run.parent_task_run_id) is not None
        and parent not in seeds.task_runs
        and parent not in store.task_runs
    ]
    problems += [
        SeedProblem(f"flow run {task.name!r}", f"parent {task.flow_run_id}", "an existing flow run")
        for task in seeds.task_runs.values()
        if task.flow_run_id not in seeds.flow_runs and task.flow_run_id not in store
    ]
    if problems:
        raise _seed_error(problems, len(problems))


def _seed_error(problems: Sequence[SeedProblem], number: int) -> SeedError:
    """An error of so many problems, the first of which are given."""
    listed = problems[:MAX_PROBLEMS]
    return SeedError(listed, more=number - len(listed))


def settle_with(seeds: Seeds, store: Store) -> Seeds:
    """The seeds, where flows and deployments that are given by name may be those of a store.

    Raises SeedError for the name of several deployments.
    """
    return settle_names(seeds, store.flows, store.deployments)


def holds_nothing(store: Store) -> bool:
    """Whether a store holds no record, and was made of no flow runs."""
    if len(store) or store.base.runs or len(store.logs) or len(store.task_runs):
        return False
    others = [getattr(store, name) for name in _RELATED_COLLECTIONS]
    others += [store.objects(kind) for kind in OBJECT_CLASSES.values()]
    return not any(map(len, others))


def insert_seeds(seeds: Seeds, store: Store, base: Base) -> None:
    """Add the records of seeds, and of their base, to a store. Raises SeedError, and adds nothing.

    Flows, deployments, pools and queues that the runs name but the seeds do not describe are
    created with default values, unless the store has them.
    """
    taken = store.existing_ids(seeds.flow_runs)
    if taken:
        names = [(seeds.flow_runs[run_id].name, run_id) for run_id in taken[:MAX_PROBLEMS]]
        problems = [
            SeedProblem(f"flow run {name!r}", f"the id {run_id}, which is taken", "an unused id")
            for name, run_id in names
        ]
        raise _seed_error(problems, len(taken))
    _check_unique(seeds, store)
    for name in _RELATED_COLLECTIONS:
        records, described = getattr(store, name), getattr(seeds, name)
        for record in getattr(base, name).values():
            if record.id in described or record.id not in records:
                records.put(record)
    for task_run in seeds.task_runs.values():
        store.task_runs.put(task_run)
    for name, kind in OBJECT_CLASSES.items():
        if name != "logs":
            for one in getattr(seeds, name).values():
                store.objects(kind).put(one)
    for log in sorted(base.logs, key=attrgetter("number")):
        store.logs.add(replace(log, number=store.logs.added))
    store.put_many(base)


def _check_unique(seeds: Seeds, store: Store) -> None:
    """Raise SeedError for objects with names that others in a store have."""
    problems = []
    for name, keys in UNIQUE.items():
        given = getattr(seeds, name).values()
        values_of = attrgetter(*keys)
        taken = (
            {values_of(one): one.id for one in store.objects(OBJECT_CLASSES[name])} if given else {}
        )
        for one in given:
            other = taken.get(values_of(one))
            if other not in (None, one.id):
                value = getattr(one, keys[-1])
                came = f"the {keys[-1]} {value!r}, which {other} has"
                problems.append(SeedProblem(f"{name}, {one.id}", came, "one that is not taken"))
    if problems:
        raise _seed_error(problems, len(problems))
