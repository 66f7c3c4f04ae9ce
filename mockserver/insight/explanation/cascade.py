"""What a delete does beside the flow runs that a filter selects: to task runs and subflows.

Rule M11 (filters/predicates.py): task runs go with their flow run, and the subflows of a deleted
run stay and lose the reference to it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...filters import ONE_OF, Comparison, Predicate
from ...operations import Plan
from ...store import Store
from .. import SomeRuns
from .conditions import comparisons_in

MAX_ORPHANS = 10
"""How many of the subflows that lose their parent are kept."""
MAX_CALLS = 2_000
"""How many calls of a drain are carried out to see what they delete."""
# The conditions that a delete of other runs can change.
_PARENT_COLUMNS = frozenset({"parent_task_run_id", "parent_flow_run_id"})


@dataclass(frozen=True, slots=True)
class Cascade:
    """How many task runs go with the selected flow runs, and the subflows that lose a parent.

    Subflows that are selected themselves are not among these.
    """

    task_runs: int
    orphans: SomeRuns


def find_cascade(store: Store, predicate: Predicate) -> Cascade:
    """What goes with all runs that a predicate selects."""
    if not len(store.task_runs):
        return Cascade(0, SomeRuns(0, ()))
    loaded, changed = store.base.task_runs_of, {one.flow_run_id for one in store.task_runs.changed}
    owning = {*loaded, *changed} if changed else loaded
    owners = frozenset(filter(owning.__contains__, store.select_ids(predicate)))
    if changed or store.task_runs.hidden:
        gone = sum(len(store.task_runs_of(one)) for one in owners)
    else:
        gone = sum(map(len, map(loaded.__getitem__, owners)))
    # A subflow's parent is the flow run of its parent task run (rule M8).
    children = Comparison("parent_flow_run_id", ONE_OF, owners)
    return Cascade(gone, SomeRuns.of(store, children, predicate, MAX_ORPHANS))


@dataclass(frozen=True, slots=True)
class Drain:
    """What a script deletes that sends a request until it deletes nothing more.

    It is not what the filter selects at first where a delete changes whether others match: `added`
    are the ids of runs that match once their parent is gone, `escaped` of those that matched and
    no longer do.
    """

    calls: int
    added: tuple[str, ...]
    escaped: tuple[str, ...]


def simulate_drain(store: Store, plan: Plan) -> Drain | None:
    """Carry a drain out on a fork of the store.

    None if no condition is about parents, as then it deletes what the filter selects, or if it
    takes more than `MAX_CALLS` calls.
    """
    if not any(test.column in _PARENT_COLUMNS for test in comparisons_in(plan.predicate)):
        return None
    fork, limit = store.fork(), plan.limit or len(store)
    selected = store.select_ids(plan.predicate, MAX_CALLS * limit + 1)
    deleted: list[str] = []
    for calls in range(1, MAX_CALLS + 1):
        found = fork.find(plan.predicate, limit)
        fork.delete_found(found)
        deleted += found.ids
        # The next call is needed to see that nothing is left.
        if not found.ids:
            before, after = set(selected), set(deleted)
            added = tuple(one for one in deleted if one not in before)
            return Drain(calls - 1, added, tuple(one for one in selected if one not in after))
    return None
