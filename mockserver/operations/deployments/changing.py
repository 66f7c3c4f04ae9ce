"""Operations that create, change, pause and resume deployments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...errors import Conflict, NotAllowedInState, OutOfBounds, ServerFailure
from ...filters import has_surrogate
from ...parameters import (
    CircularSchema,
    HydrationError,
    InvalidSchema,
    SchemaMismatch,
    check_job_variables,
    check_values,
    first_mismatch,
    hydrate,
)
from ...prefect import Deployment, WorkQueue, check_readable, check_storable
from ...requests.objects import DeploymentCreate, DeploymentUpdate, ScheduleCreate, ScheduleUpdate
from .. import CONFLICT, Context, Outcome, deployment_reply
from .limits import check_limit, limit_settings
from .queues import AGENT_POOL, find_pool, queue_for, require_pool, save_queue
from .scheduled_runs import drop_scheduled_runs
from .schedules import MICROSECOND, NOT_FOUND, changed_schedule, check_slugs, new_schedules
from .settings import (
    SETTINGS,
    enforces_schema,
    object_of,
    require_deployment,
    schedules_of,
    with_schedules,
    with_settings,
)
from .variables import VariableValues

CIRCULAR = "Invalid schema: Unable to validate schema with circular references."
NO_SCHEMA = (
    "Error updating deployment: Cannot update parameters because parameter schema enforcement is "
    "enabled and the deployment does not have a valid parameter schema."
)
_NEVER_NULL = ("parameters", "enforce_parameter_schema")
_UNREADABLE_NAME = frozenset("/%&><")  # Prefect: types/names.py, BANNED_CHARACTERS


def create_deployment(context: Context, body: DeploymentCreate) -> Outcome:
    """Create a deployment, or change the one with its flow and name.

    Raises NotFound for an unknown pool or limit; OutOfBounds for job variables that the pool's
    template refuses; Conflict for an unknown flow or block, and for slugs that are not unique;
    ServerFailure where a real server fails.
    """
    store = context.store
    _check_pool(context, body)
    check_limit(context, body)
    queue = queue_for(context, body.work_pool_name, body.work_queue_name)
    if _UNREADABLE_NAME & set(body.name):
        raise ServerFailure(
            "a deployment's name with a character that none may have", retryable=False
        )
    _check_blocks(body)
    _check_texts(context, body)
    flow = store.flows.get(body.flow_id)
    if flow is None:
        raise Conflict(CONFLICT)
    existing = _find(context, body.flow_id, body.name)
    old = existing or Deployment(
        context.new_id(), body.name, body.flow_id, created=context.now, rest={"pull_steps": []}
    )
    schedules = new_schedules(context, old, body.schedules)
    check_slugs(schedules)
    labels = {**flow.labels, "prefect.flow.id": flow.id, **(body.labels or {})}
    check_readable(context.dialect, labels)
    changed = replace(_changed(context, old, body, queue), labels=labels, updated=context.now)
    deletion = None
    if existing is not None:
        deletion = drop_scheduled_runs(context, old.id, future=True)
    changed = with_settings(changed, **limit_settings(context, changed, body))
    save_queue(context, queue)
    deployment = with_schedules(changed, schedules)
    store.deployments.put(deployment)
    reply = deployment_reply(deployment, store, context.now)
    return Outcome(reply, made=existing is None, deletion=deletion)


def _find(context: Context, flow_id: str, name: str) -> Deployment | None:
    deployments = context.store.deployments
    return next((one for one in deployments if one.flow_id == flow_id and one.name == name), None)


def _check_pool(context: Context, body: DeploymentCreate) -> None:
    """Raise NotFound for an unknown pool, OutOfBounds for job variables that it does not take."""
    name = body.work_pool_name
    if not name or name == AGENT_POOL:
        return
    pool = require_pool(context, name)
    template = pool.rest.get("base_job_template")
    if not body.job_variables or not isinstance(template, Mapping):
        return
    try:
        check_job_variables(template, body.job_variables, required=False)
    except SchemaMismatch as mismatch:
        raise OutOfBounds(f"Error creating deployment: {mismatch}") from None
    except InvalidSchema as problem:
        raise OutOfBounds(f"Invalid schema: {problem}") from None


def _check_blocks(body: DeploymentCreate) -> None:
    """Raise Conflict for a block: none is a storage or an infrastructure here."""
    for name, block_id in (
        ("infrastructure", body.infrastructure_document_id),
        ("storage", body.storage_document_id),
    ):
        if block_id is not None:
            raise Conflict(
                f"Error creating deployment. Could not find {name} block with id: {block_id}. This "
                "usually occurs when applying a deployment specification that was built against a "
                "different Prefect database / workspace."
            )


def _check_texts(context: Context, body: DeploymentCreate | DeploymentUpdate) -> None:
    """Raise ServerFailure for values that the dialect's database cannot hold."""
    values = body.model_dump(exclude_unset=True)
    # Measured on PostgreSQL: 500 for a lone surrogate in the name, 503 in any other text.
    if context.dialect.undocumented_5xx and has_surrogate(values.get("name") or ""):
        raise ServerFailure("a lone surrogate in the name of a deployment", retryable=False)
    texts = ("name", "version", "description", "path", "entrypoint", "work_queue_name")
    objects = ("parameters", "parameter_openapi_schema", "job_variables", "pull_steps", "tags")
    check_storable(
        context.dialect,
        texts=[values.get(key) for key in texts],
        values=[values.get(key) for key in (*objects, "labels")],
    )


def _changed(
    context: Context,
    deployment: Deployment,
    body: DeploymentCreate | DeploymentUpdate,
    queue: WorkQueue | None,
) -> Deployment:
    """The deployment with the values that a body gives, but for its schedules and limits."""
    given = body.model_dump(exclude_unset=True)
    fields: dict[str, Any] = {
        key: given[key] for key in ("paused", "work_queue_name") if key in given
    }
    if "tags" in given:
        fields["tags"] = tuple(given["tags"])
    if queue is not None:
        fields["work_queue_id"] = queue.id
    settings = {key: given[key] for key in SETTINGS & given.keys()}
    if body.concurrency_options is not None:
        settings["concurrency_options"] = body.concurrency_options.model_dump()
    variables = settings.get("job_variables")
    # Null is no change, and in older releases neither is an empty object (Prefect:
    # models/deployments.py, create_deployment and update_deployment).
    if variables is None or not (variables or context.dialect.job_variables_emptied):
        settings.pop("job_variables", None)
    return with_settings(replace(deployment, **fields), **settings)


def update_deployment(context: Context, deployment_id: str, body: DeploymentUpdate) -> Outcome:
    """Change the values of a deployment that a body gives.

    Raises NotFound; OutOfBounds for schedules without slugs where the others have them; Conflict
    for parameters and job variables that their schemas refuse; NotAllowedInState for templates
    that cannot be filled in; ServerFailure where a real server fails.
    """
    old = require_deployment(context, deployment_id, NOT_FOUND)
    schedules = _merge_schedules(context, old, body)
    _check_job_variables(context, body)
    parameters = _check_parameters(context, old, body)
    check_limit(context, body)
    queue = queue_for(context, body.work_pool_name, body.work_queue_name)
    _check_texts(context, body)
    given = body.model_fields_set
    # The columns are NOT NULL.
    if any(key in given and getattr(body, key) is None for key in _NEVER_NULL):
        raise Conflict(CONFLICT)
    changed = replace(_changed(context, old, body, queue), updated=context.now)
    if "parameters" in given:
        changed = with_settings(changed, parameters=parameters)
    if "work_pool_name" in given and not body.work_pool_name and context.dialect.pool_cleared:
        changed = replace(changed, work_queue_id=None)
    deletion = drop_scheduled_runs(context, deployment_id, future=True)
    changed = with_settings(changed, **limit_settings(context, changed, body))
    save_queue(context, queue)
    if schedules is not None:
        changed = with_schedules(changed, schedules)
    context.store.deployments.put(changed)
    return Outcome(None, deletion=deletion)


def _merge_schedules(
    context: Context, deployment: Deployment, body: DeploymentUpdate
) -> list[Any] | None:
    """The schedules after an update; None where they stay as they are. Raises OutOfBounds."""
    # Prefect: api/deployments.py, update_deployment.
    existing = schedules_of(deployment)
    given = body.schedules
    named = bool(existing) and all(one.get("slug") is not None for one in existing)
    if not named:
        if "schedules" not in body.model_fields_set:
            return None
        made = [_as_create(one) for one in given if one.schedule is not None]
        schedules = new_schedules(context, deployment, made)
        check_slugs(schedules)
        return schedules
    if any(one.slug is None for one in given):
        raise OutOfBounds(
            "Please provide a slug for each schedule in your request to ensure schedules are "
            "updated correctly."
        )
    by_slug = {str(one["slug"]): one for one in existing}
    _check_replaced(context, given, by_slug.keys())
    targets = [one.replaces or one.slug or "" for one in given]
    made = []
    for one, target in zip(given, targets, strict=True):
        if target not in by_slug:
            if one.schedule is None:
                raise OutOfBounds(
                    "Unable to create new deployment schedules without a schedule configuration."
                )
            made.append(_as_create(one))
    changed = dict(by_slug)
    for number, (one, target) in enumerate(zip(given, targets, strict=True)):
        if target in by_slug:  # one after the other, so that their times differ
            step = context._replace(now=context.now + number * MICROSECOND)
            changed[target] = changed_schedule(step, by_slug[target], one)
    later = context._replace(now=context.now + len(given) * MICROSECOND)
    schedules = [*changed.values(), *new_schedules(later, deployment, made)]
    check_slugs(schedules)
    return schedules


def _check_replaced(context: Context, given: list[ScheduleUpdate], taken: Iterable[str]) -> None:
    """Raise OutOfBounds where two schedules replace one, or a new slug is that of a third.

    Before replacements could be chained, a new slug must not be one that is replaced either.
    """
    replaced: set[str] = set()
    for one in given:
        if one.replaces in replaced:
            raise OutOfBounds(
                f"Multiple schedules have 'replaces' targeting the same slug: {one.replaces}"
            )
        if one.replaces:
            replaced.add(one.replaces)
    if not context.dialect.replacements_chained:
        chained = replaced & {one.slug for one in given if one.replaces}
        if chained:
            raise OutOfBounds(
                "Chained replacements are not supported. The following slugs appear as both "
                f"replacement targets and new slugs: {', '.join(sorted(chained))}"
            )
    for one in given:
        if one.replaces and one.slug in set(taken) - replaced:
            raise OutOfBounds(
                f"Cannot rename schedule from '{one.replaces}' to '{one.slug}': a schedule with "
                f"slug '{one.slug}' already exists."
            )


def _as_create(body: ScheduleUpdate) -> ScheduleCreate:
    """A schedule to create, as an update describes it."""
    return ScheduleCreate.model_construct(
        active=True if body.active is None else body.active,
        schedule=body.schedule,
        parameters=body.parameters,
        slug=body.slug,
        max_scheduled_runs=None,
    )


def _check_job_variables(context: Context, body: DeploymentUpdate) -> None:
    """Raise Conflict for job variables that the template of the pool in a body refuses."""
    if not body.work_pool_name:
        return
    pool = find_pool(context, body.work_pool_name)
    if pool is None:  # a real server looks into what it has not found
        raise ServerFailure("an unknown work pool", retryable=False)
    template = pool.rest.get("base_job_template")
    schema = template.get("variables") if isinstance(template, Mapping) else None
    if schema is None or body.job_variables is None:
        return
    mismatch = first_mismatch(body.job_variables, schema)
    if mismatch is not None:
        # As Python shows jsonschema's exception.
        raise Conflict(f"Error creating deployment: <ValidationError: {mismatch!r}>")


def _check_parameters(context: Context, deployment: Deployment, body: DeploymentUpdate) -> Any:
    """The parameters after an update, with templates filled in.

    Raises NotAllowedInState for a template, Conflict for what their schema refuses.
    """
    parameters: Any = object_of(deployment, "parameters")
    if body.parameters is not None:
        try:
            parameters = hydrate(body.parameters, VariableValues(context), context.dialect)
        except HydrationError as error:
            raise NotAllowedInState(f"Error hydrating deployment parameters: {error}") from None
    enforced = body.enforce_parameter_schema
    if not (enforces_schema(deployment) if enforced is None else enforced):
        return parameters
    schema = body.parameter_openapi_schema or deployment.rest.get("parameter_openapi_schema", {})
    if not isinstance(schema, Mapping):
        raise Conflict(NO_SCHEMA)
    try:
        check_values(parameters, schema, required=False)
    except SchemaMismatch as mismatch:
        raise Conflict(f"Error updating deployment: {mismatch}") from None
    except CircularSchema:
        raise OutOfBounds(CIRCULAR) from None
    except InvalidSchema as problem:
        raise ServerFailure(str(problem), retryable=False) from None
    return parameters


def pause_deployment(context: Context, deployment_id: str) -> Outcome:
    """Pause a deployment, and delete the runs that were scheduled automatically.

    Raises NotFound.
    """
    deployment = require_deployment(context, deployment_id)
    deletion = drop_scheduled_runs(context, deployment_id)
    _set_paused(context, deployment, True)
    return Outcome(None, deletion=deletion)


def resume_deployment(context: Context, deployment_id: str) -> Outcome:
    """Resume a deployment that was paused. Raises NotFound."""
    _set_paused(context, require_deployment(context, deployment_id), False)
    return Outcome(None)


def _set_paused(context: Context, deployment: Deployment, paused: bool) -> None:
    if deployment.paused != paused:  # else nothing is written
        changed = replace(deployment, paused=paused, updated=context.now)
        context.store.deployments.put(changed)
