"""Deletes of flow runs and work queues, with what they do to other records: the cascade.

As on a Prefect server, the task runs of a deleted flow run are deleted, too, and its subflows stay
with null parents. After a bulk delete this is *deferred*: it is done before the first call that
would show the difference, for many deletes at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from pyroaring import BitMap

from ..filters import ONE_OF, Comparison, Predicate
from ..prefect import TaskRun
from .flow_run_index import depends_on_parents
from .merge_tree import MergeTree
from .overlay import Overlay
from .related_records import RelatedRecords
from .segments import with_queue_nulled


class Selection(NamedTuple):
    """The ids of the first flow runs that satisfy a predicate, and whether there are `more`.

    `ordinals`: for each segment, the ordinals of those of these runs that are in it.
    """

    ids: list[str]
    more: bool
    ordinals: list[list[int]]


class CascadingDeletes(MergeTree, RelatedRecords):
    """Flow runs and other records, and deletes that keep them consistent. Not thread-safe."""

    # The last predicate that was found not to depend on parents.
    _independent_predicate: Predicate | None = None

    @property
    def task_runs(self) -> Overlay[TaskRun]:
        """The task runs. They are deleted with their flow run."""
        self._run_pending_cascade()
        return self._overlay("task_runs")

    def delete(self, flow_run_ids: Iterable[str]) -> list[str]:
        """Delete runs, with the cascade. Returns the ids that existed, in the order given.

        Task runs of the deleted runs are deleted, too; runs whose parent was such a task run
        stay, with null parents. If it raises, nothing is deleted.
        """
        # The iterable may raise, so it is read before anything changes.
        wanted = dict.fromkeys(flow_run_ids)
        if not wanted:
            return []
        self._run_pending_cascade()
        self._prepare_cascade()
        deleted = self._drop(wanted)
        self._forget(deleted)
        self._cascade(set(deleted))
        return deleted

    def delete_found(self, selection: Selection) -> None:
        """Delete what `find` returned, as `delete` does. Nothing may have changed in between."""
        if not selection.ids:
            return
        for segment, ordinals in zip(self._writable_segments(), selection.ordinals, strict=True):
            segment.delete_deferred(ordinals)
        self._pending_cascade = pending_cascade = self._pending_cascade or []
        self._pending_count += len(selection.ids)
        if self._buffer:
            buffer = self._buffer
            pending_cascade += [run_id for run_id in selection.ids if buffer.pop(run_id, None)]
        # More matches: a drain will come back, and would test the buffered runs in each call.
        if self._buffer and selection.more:
            self._flush()
        self._forget(selection.ids)

    def _run_cascade_before(self, predicate: Predicate) -> None:
        """Do the pending cascades if the predicate would show the difference."""
        # A drain passes the same object in each call: whether it depends on parents is found once.
        if self._pending_cascade is not None and predicate is not self._independent_predicate:
            if depends_on_parents(predicate):
                self._run_pending_cascade()
            else:
                self._independent_predicate = predicate

    def _run_pending_cascade(self) -> None:
        """Do the cascades that are pending. Raises NotPrepared, and then nothing has changed.

        They are deferred because doing them in each call took more than half the time of deleting
        50 runs.
        """
        if self._pending_cascade is not None:
            related = self._prepare_cascade()
            deleted, self._pending_cascade = self._pending_cascade, None
            self._pending_count = 0
            loaded, *others = self._segments
            deleted += loaded.pop_pending_cascade(related)
            self._cascade(
                set(chain(deleted, *(segment.pop_pending_cascade() for segment in others)))
            )

    def _prepare_cascade(self) -> BitMap:
        """Look up what a cascade needs; returns the loaded runs that a cascade may be about."""
        overlay, (_, *others) = self._overlays.get("task_runs"), self._segments
        related = {run.parent_flow_run_id for run in self._buffer.values()}
        related.update(*(segment.index.parent_ids() for segment in others))
        if overlay is not None:
            related.update(task_run.flow_run_id for task_run in overlay.changed)
        return self.base.related_ordinals(related)

    def _cascade(self, deleted: set[str]) -> None:
        """Delete the task runs of deleted flow runs (ids), and orphan their subflows."""
        # Rule M11. Prefect leaves both to foreign keys: TaskRun.flow_run_id with ON DELETE CASCADE,
        # FlowRun.parent_task_run_id with ON DELETE SET NULL (database/orm_models.py).
        self._drop_task_runs(deleted)
        self._orphan_children(deleted)

    def drop_work_queues(self, ids: frozenset[str]) -> None:
        """Delete work queues. Flow runs and deployments stay, without a queue.

        The time it takes depends on the number of deployments, and hardly on that of flow runs.
        """
        test = Comparison("work_queue_id", ONE_OF, ids)
        # All are looked up before anything changes: this may raise NotPrepared.
        found = [segment.all_matching(test) for segment in self._segments]
        deployments = list(filter(test, self.deployments))
        queues = self.work_queues
        for segment, ordinals in zip(self._writable_segments(), found, strict=True):
            if ordinals:
                segment.forget_queues(ordinals)
        for run in filter(test, list(self._buffer.values())):
            self._buffer[run.id] = with_queue_nulled(run)
        # Prefect: orm_models.py, Deployment.work_queue_id is ON DELETE SET NULL as well.
        for one in deployments:
            nulled = replace(one, work_queue_id=None, work_pool_id=None, work_pool_name=None)
            self.deployments.put(nulled)
        queues.drop(ids)
