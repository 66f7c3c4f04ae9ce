"""What a store holds besides flow runs: flows, deployments, task runs and the other records.

Each kind is an overlay over what the base has of it, made when it is first asked for. Beside them
are what is kept of single runs (their earlier states, inputs and logs), and the leases of limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..prefect import Deployment, Flow, FlowRun, State, WorkPool, WorkQueue
from ..prefect.objects import ConcurrencyLease, FlowRunInput
from .base import Base
from .overlay import Overlay, R


class RelatedRecords:
    """The records of a store that are not flow runs. Not thread-safe."""

    base: Base

    def _reset_records(self) -> None:
        """Undo every change: there is what the base holds."""
        self._overlays: dict[str, Overlay[Any]] = {}
        self._states: dict[str, tuple[State, ...]] = {}
        self.leases: dict[str, ConcurrencyLease] = {}
        self.logs = self.base.logs.fork()
        self.run_inputs: dict[str, tuple[FlowRunInput, ...]] = {}
        self.task_run_states: dict[str, tuple[State, ...]] = {}

    def _copy_records_to(self, other: RelatedRecords) -> None:
        """Give another store, which has the same base, the same records."""
        overlays = self._overlays
        other._overlays = {name: overlays[name].fork() for name in overlays} if overlays else {}
        other._states = self._states.copy()
        other.leases = self.leases.copy()
        other.logs = self.logs.fork()
        other.run_inputs = self.run_inputs.copy()
        other.task_run_states = self.task_run_states.copy()

    @property
    def flows(self) -> Overlay[Flow]:
        """The flows."""
        return self._overlay("flows")

    @property
    def deployments(self) -> Overlay[Deployment]:
        """The deployments."""
        return self._overlay("deployments")

    @property
    def work_pools(self) -> Overlay[WorkPool]:
        """The work pools."""
        return self._overlay("work_pools")

    @property
    def work_queues(self) -> Overlay[WorkQueue]:
        """The work queues."""
        return self._overlay("work_queues")

    def objects(self, kind: type[R]) -> Overlay[R]:
        """The objects of a kind that no filter on flow runs knows: a class of `prefect.objects`."""
        name = kind.__name__
        overlay = self._overlays.get(name)
        if overlay is None:
            overlay = self._overlays[name] = Overlay(self.base.objects.get(kind, {}))
        return overlay

    def _overlay(self, name: str) -> Overlay[Any]:
        overlay = self._overlays.get(name)
        if overlay is None:
            overlay = self._overlays[name] = Overlay(getattr(self.base, name))
        return overlay

    def states_of(self, run: FlowRun) -> tuple[State, ...]:
        """The known states that a run has been in, oldest first, its present one last."""
        before = self._states.get(run.id, ())
        return before if run.state is None else (*before, run.state)

    @property
    def remembered(self) -> Mapping[str, tuple[State, ...]]:
        """The states that runs were in before their present ones, by the runs' ids."""
        return self._states

    def remember(self, flow_run_id: str, states: tuple[State, ...]) -> None:
        """Set the states that a run was in before its present one, oldest first."""
        self._states[flow_run_id] = states

    def _forget(self, deleted: Iterable[str]) -> None:
        """Delete the earlier states and the inputs of deleted runs (ids)."""
        if self._states:
            for flow_run_id in deleted:
                self._states.pop(flow_run_id, None)
        if self.run_inputs:
            for flow_run_id in deleted:
                self.run_inputs.pop(flow_run_id, None)

    def _drop_task_runs(self, flow_run_ids: set[str]) -> None:
        overlay, loaded_ids = self._overlays.get("task_runs"), self.base.task_runs_of
        changed = {} if overlay is None else {each.id: each for each in overlay.changed}
        ids = [each.id for each in changed.values() if each.flow_run_id in flow_run_ids]
        for flow_run_id in loaded_ids.keys() & flow_run_ids:
            # One that was changed may belong to another flow run by now.
            ids += [each for each in loaded_ids[flow_run_id] if each not in changed]
        if ids:
            self._overlay("task_runs").drop(ids)
            if self.task_run_states:
                for task_run_id in ids:
                    self.task_run_states.pop(task_run_id, None)
