"""The events of flow runs that enter states: what a real server emits for each (Prefect:
orchestration/instrumentation_policies.py, InstrumentFlowRunStateTransitions).
"""

from __future__ import annotations

from collections.abc import Iterator

from ..events import FlowRunStateChange, Owner, StateSummary
from ..prefect import FlowRun, State
from ..store import Store
from .context import Context


def emit_state_change(
    context: Context, run: FlowRun, initial: State | None, entered: State
) -> None:
    """Emit that a run, as it is now, has entered a state from an initial one."""
    context.events.add(
        FlowRunStateChange(
            run.id,
            run.name,
            run.run_count,
            run.tags,
            tuple(_owners(context.store, run)),
            run.created_by,
            StateSummary.of(initial) if initial else None,
            StateSummary.of(entered),
            entered.timestamp or context.now,
            context.now,
        )
    )


def _owners(store: Store, run: FlowRun) -> Iterator[Owner]:
    """The records that a run belongs to, in the order of a real server's events."""
    flow = store.flows.get(run.flow_id)
    if flow is not None:
        yield Owner("flow", flow.id, flow.name, flow.tags)
    # Few runs have any of these.
    deployment = run.deployment_id and store.deployments.get(run.deployment_id)
    if deployment:
        yield Owner("deployment", deployment.id, deployment.name, deployment.tags)
    queue = run.work_queue_id and store.work_queues.get(run.work_queue_id)
    if queue:
        yield Owner("work-queue", queue.id, queue.name)
        pool = store.work_pools.get(queue.work_pool_id)
        if pool is not None:
            yield Owner("work-pool", pool.id, pool.name, (), pool.type)
    task_run = run.parent_task_run_id and store.task_runs.get(run.parent_task_run_id)
    if task_run:
        yield Owner("task-run", task_run.id, task_run.name, task_run.tags)
