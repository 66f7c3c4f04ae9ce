"""Operations that create flow runs of a deployment: one, or many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ...errors import Conflict, NotAllowedInState, OutOfBounds, RefusedRequest, ServerFailure
from ...parameters import (
    CircularSchema,
    HydrationError,
    InvalidSchema,
    SchemaMismatch,
    check_job_variables,
    check_values,
    checks_together,
    hydrate,
)
from ...prefect import Deployment, FlowRun, StateType
from ...requests import FlowRunCreate, StateCreate
from ...requests.objects import DeploymentFlowRunCreate, DeploymentFlowRunsCreate
from ...templates import TemplateMeter
from .. import Context, Outcome, insert_flow_run
from .changing import CIRCULAR, NO_SCHEMA
from .queues import queue_in_pool_of, save_queue
from .settings import enforces_schema, object_of, require_deployment, text_of
from .variables import VariableValues

MAX_RUNS = 100  # Prefect: api/deployments.py, BULK_CREATE_LIMIT


class _Words(NamedTuple):
    """The texts of errors; one run and each of many have their own on a real server."""

    hydration: str
    mismatch: str
    circular: str
    no_schema: str
    no_pool: str


_OF_ONE = _Words(
    hydration="Error hydrating flow run parameters: {}",
    mismatch="Error creating flow run: {}",
    circular=CIRCULAR,
    no_schema=NO_SCHEMA,
    no_pool="Cannot create flow run in work queue {} because deployment {} is not associated with "
    "a work pool. Please remove work_pool_name and try again.",
)
_OF_MANY = _Words(
    hydration="{}",
    mismatch="Parameter validation failed: {}",
    circular="Invalid schema: circular references detected.",
    no_schema="Parameter schema enforcement is enabled but deployment has no valid schema.",
    no_pool="Cannot create flow run in work queue {} because deployment is not associated with a "
    "work pool.",
)


def create_flow_run(context: Context, deployment_id: str, body: DeploymentFlowRunCreate) -> Outcome:
    """Create a flow run of a deployment, or return the one with its idempotency key.

    Raises NotFound; Conflict for parameters that the deployment's schema refuses; OutOfBounds for
    job variables; NotAllowedInState for a template that cannot be filled in, and for a queue of a
    deployment without a pool; ServerFailure where a real server fails.
    """
    deployment = require_deployment(context, deployment_id)
    return _create(context, deployment, body, _OF_ONE, TemplateMeter())


def bulk_create_flow_runs(
    context: Context, deployment_id: str, body: DeploymentFlowRunsCreate
) -> Outcome:
    """Create many flow runs of a deployment; the reply says for each whether it was created.

    Raises NotFound, and NotAllowedInState for more than MAX_RUNS.
    """
    if len(body.root) > MAX_RUNS:
        raise NotAllowedInState(f"Cannot create more than {MAX_RUNS} flow runs at once.")
    deployment = require_deployment(context, deployment_id)
    meter = TemplateMeter()
    with checks_together():
        results = [_create_one(context, deployment, one, meter) for one in body.root]
    return Outcome({"results": results})


def _create_one(
    context: Context, deployment: Deployment, body: DeploymentFlowRunCreate, meter: TemplateMeter
) -> dict[str, Any]:
    try:
        outcome = _create(context, deployment, body, _OF_MANY, meter)
    except RefusedRequest as refusal:
        return {"flow_run_id": None, "status": "FAILED", "error": str(refusal)}
    return {"flow_run_id": outcome.value["id"], "status": "CREATED", "error": None}


def _create(
    context: Context,
    deployment: Deployment,
    body: DeploymentFlowRunCreate,
    words: _Words,
    meter: TemplateMeter,
) -> Outcome:
    # Prefect: api/deployments.py, create_flow_run_from_deployment.
    parameters = _parameters(context, deployment, body, words, meter)
    _check_job_variables(context, deployment, body)
    if not isinstance(parameters, Mapping):  # of which a real server makes no flow run
        raise ServerFailure("parameters that are no object", retryable=False)
    queue_name, queue_id = deployment.work_queue_name, deployment.work_queue_id
    queue = context.store.work_queues.get(queue_id)
    if body.work_queue_name:
        queue = queue_in_pool_of(context, queue_id, body.work_queue_name)
        if queue is None:
            raise NotAllowedInState(words.no_pool.format(body.work_queue_name, deployment.id))
        save_queue(context, queue)
        queue_name = queue.name
    flow_run = FlowRunCreate.model_construct(
        **{key: getattr(body, key) for key in _SAME_KEYS},
        state=body.state or StateCreate(type=StateType.SCHEDULED),
        flow_id=deployment.flow_id,
        deployment_id=deployment.id,
        parameters=parameters,
        tags=list(dict.fromkeys([*deployment.tags, *body.tags])),
        infrastructure_document_id=body.infrastructure_document_id,
        work_queue_name=queue_name,
    )
    version = text_of(deployment, "version")

    def finish(run: FlowRun) -> FlowRun:
        return replace(run, deployment_version=version)

    return insert_flow_run(context, flow_run, queue, finish)


_SAME_KEYS = (
    *("name", "context", "empirical_policy", "idempotency_key", "labels"),
    *("parent_task_run_id", "job_variables"),
)


def _parameters(
    context: Context,
    deployment: Deployment,
    body: DeploymentFlowRunCreate,
    words: _Words,
    meter: TemplateMeter,
) -> Any:
    """The parameters of a run: those of the body over the deployment's, with templates filled in.

    Raises NotAllowedInState for a template, Conflict for what the schema refuses.
    """
    given = {**object_of(deployment, "parameters"), **body.parameters}
    try:
        parameters = hydrate(given, VariableValues(context), context.dialect, meter)
    except HydrationError as error:
        raise NotAllowedInState(words.hydration.format(error)) from None
    enforced = body.enforce_parameter_schema
    if not (enforces_schema(deployment) if enforced is None else enforced):
        return parameters
    schema = deployment.rest.get("parameter_openapi_schema", {})
    if not isinstance(schema, Mapping):
        raise Conflict(words.no_schema)
    try:
        check_values(parameters, schema)
    except SchemaMismatch as mismatch:
        raise Conflict(words.mismatch.format(mismatch)) from None
    except CircularSchema:
        raise OutOfBounds(words.circular) from None
    except InvalidSchema as problem:
        raise ServerFailure(str(problem), retryable=False) from None
    return parameters


def _check_job_variables(
    context: Context, deployment: Deployment, body: DeploymentFlowRunCreate
) -> None:
    """Raise OutOfBounds for job variables that the template of the deployment's pool refuses."""
    queue = context.store.work_queues.get(deployment.work_queue_id)
    pool = context.store.work_pools.get(queue.work_pool_id) if queue else None
    template = pool.rest.get("base_job_template") if pool else None
    if not isinstance(template, Mapping):
        return
    layers = (object_of(deployment, "job_variables"), body.job_variables)
    try:
        check_job_variables(template, *layers, required=True)
    except SchemaMismatch as mismatch:
        raise OutOfBounds(f"Error creating flow run: {mismatch}") from None
    except InvalidSchema as problem:
        raise OutOfBounds(f"Invalid schema: {problem}") from None
