"""Operations that change and delete flow runs, and delete flows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import NotAllowedInState, NotFound
from ..filters import ONE_OF, Comparison
from ..prefect import FlowRun, StateType, check_new_labels, check_storable, generate_name
from ..requests import FlowRunUpdate, LabelsUpdate
from .context import Context, Outcome
from .deletion import deletion_of
from .set_state import orchestrated_run_not_found, require_flow_run

FLOW_RUN_JSON_FIELDS = frozenset(
    {"parameters", "context", "empirical_policy", "tags", "labels", "job_variables"}
)
"""The fields that a real server keeps in JSON columns."""


def update_flow_run(context: Context, flow_run_id: str, body: FlowRunUpdate) -> Outcome:
    """Change the fields of a flow run that the body has.

    Raises NotFound, and NotAllowedInState for job variables of a run that is not scheduled or has
    no deployment. Raises ServerFailure for values that the dialect's database cannot hold.
    """
    if body.job_variables is not None:
        _check_job_variables(context, require_flow_run(context, flow_run_id))
    values = body.model_dump(exclude_unset=True)
    check_storable(
        context.dialect,
        texts=(body.name, body.flow_version, body.infrastructure_pid),
        values={key: value for key, value in values.items() if key in FLOW_RUN_JSON_FIELDS},
    )
    run = require_flow_run(context, flow_run_id)
    changes: dict[str, Any] = {key: getattr(body, key) for key in body.model_fields_set}
    if "name" in changes:
        changes["name"] = changes["name"] or generate_name(context.new_id())
    if "tags" in changes:
        changes["tags"] = tuple(changes["tags"])
    if "empirical_policy" in changes:
        changes["empirical_policy"] = changes["empirical_policy"].model_dump()
    context.store.put(replace(run, **changes, updated=context.now))
    return Outcome(None)


def _check_job_variables(context: Context, run: FlowRun) -> None:
    if run.state is None:
        raise NotAllowedInState(
            "Flow run state is required to update job variables but none exists"
        )
    if run.state.type is not StateType.SCHEDULED:
        raise NotAllowedInState(
            f"Job variables for a flow run in state {run.state.type.name} cannot be updated"
        )
    if context.store.deployments.get(run.deployment_id) is None:
        raise NotAllowedInState("A deployment for the flow run could not be found")


def update_labels(context: Context, flow_run_id: str, body: LabelsUpdate) -> Outcome:
    """Add labels to a flow run; a label that it has gets the new value.

    Raises NotFound, and InvalidRequest for a value that no reply can show (`unreadable-labels`).
    """
    run = context.store.get(flow_run_id)
    if run is None:
        raise orchestrated_run_not_found(flow_run_id)
    check_new_labels(context.dialect, body.root)
    labels = {**run.labels, **body.root}
    check_storable(context.dialect, values=labels)
    context.store.put(replace(run, labels=labels, updated=context.now))
    return Outcome(None)


def delete_flow_run(context: Context, flow_run_id: str) -> Outcome:
    """Delete a flow run, and what goes with it (M11). Raises NotFound."""
    run = require_flow_run(context, flow_run_id)
    context.store.delete([flow_run_id])
    by_id = Comparison("id", ONE_OF, frozenset((flow_run_id,)))
    return Outcome(None, deletion=deletion_of((run,), by_id))


def delete_flow(context: Context, flow_id: str) -> Outcome:
    """Delete a flow, its flow runs (M11) and its deployments. Raises NotFound."""
    store = context.store
    if flow_id not in store.flows:
        raise NotFound("Flow not found")
    by_flow = Comparison("flow_id", ONE_OF, frozenset((flow_id,)))
    runs = store.select(by_flow)
    store.delete([run.id for run in runs])
    store.deployments.drop([each.id for each in store.deployments if by_flow(each)])
    store.flows.drop([flow_id])
    return Outcome(None, deletion=deletion_of(runs, by_flow))
