"""Operations that change flow runs: their fields and their labels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import NotAllowedInState
from ..prefect import FlowRun, StateType, check_new_labels, check_storable, generate_name
from ..requests import FlowRunUpdate, LabelsUpdate
from .context import Context, Outcome, require_flow_run
from .set_state import orchestrated_run_not_found

FLOW_RUN_JSON_FIELDS = frozenset(
    {"parameters", "context", "empirical_policy", "tags", "labels", "job_variables"}
)
"""The fields that a real server keeps in JSON columns."""


def update_flow_run(context: Context, flow_run_id: str, body: FlowRunUpdate) -> Outcome:
    """Change the fields of a flow run that the body has.

    Raises NotFound, and NotAllowedInState for job variables of a run that is not scheduled or has
    no deployment. Raises ServerFailure for values that the dialect's database cannot hold.
    """
    # Only with job variables does Prefect read the run before it writes. Else an UPDATE that fails
    # on its values comes before the 404 (models/flow_runs.py, update_flow_run).
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
