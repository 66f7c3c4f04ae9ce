"""The bodies of requests about deployments and the flow runs that they create."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict, RootModel, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from ...filters import (
    FAIL_FAST,
    Instant,
    InstantOrWallTime,
    JsonInteger,
    JsonNumber,
    NameOrNull,
    Texts,
    Uuid,
    Uuids,
    json_integer,
)
from ...parameters import InvalidSchema, SchemaMismatch, check_schema, check_with_schema
from .. import (
    NOT_AN_OBJECT,
    Before,
    BodyParameters,
    ClosedObject,
    FilterParameters,
    FlowParameters,
    FlowRunPolicy,
    JsonObject,
    Labels,
    NamedSort,
    OpenObject,
    PageNumber,
    PageParameters,
    StateCreate,
)
from .schedules import (
    OlderScheduleCreates,
    OlderScheduleUpdates,
    PositiveInteger,
    ScheduleCreates,
    ScheduleUpdates,
)

# Prefect: remove_old_deployment_fields; the document does not have them.
_OLD_KEYS = (
    "worker_pool_queue_id",
    "worker_pool_name",
    "worker_pool_queue_name",
    "work_pool_queue_name",
)


class CollisionStrategy(StrEnum):
    """What becomes of a run that finds no slot: it waits, or it is cancelled."""

    ENQUEUE = "ENQUEUE"
    CANCEL_NEW = "CANCEL_NEW"


class ConcurrencyOptions(OpenObject):
    """What becomes of a run that finds no slot of its deployment's limit."""

    collision_strategy: CollisionStrategy
    grace_period_seconds: Annotated[int, json_integer(ge=60, le=86_400)] | None = None


class VersionInfo(OpenObject):
    """A description of a deployment's version. It is not kept."""

    type: str
    version: str


def _normalize_schema(schema: Any) -> Any:
    # Prefect: _internal/schema.py, ParameterSchema.
    return {"type": "object", "properties": {}} if schema is None or schema == {} else schema


ParameterSchema = Annotated[JsonObject, BeforeValidator(_normalize_schema)]


class _DeploymentBody(ClosedObject):
    """What the bodies that create and change a deployment have in common."""

    @model_validator(mode="before")
    @classmethod
    def _check_together(cls, values: Any, info: ValidationInfo) -> Any:
        if not isinstance(values, dict):
            raise PydanticCustomError(NOT_AN_OBJECT, "Input should be an object")
        if values.get("concurrency_limit") and values.get("global_concurrency_limit_id"):
            raise ValueError(
                "A deployment cannot have both a concurrency limit and a global concurrency limit."
            )
        cls._check_parameters(values)
        if info.mode == "json":  # strict reading: as the document says
            return values
        return {key: value for key, value in values.items() if key not in _OLD_KEYS}

    @classmethod
    def _check_parameters(cls, values: dict[str, Any]) -> None: ...


class DeploymentCreate(_DeploymentBody):
    """A deployment to create. One with its flow and name is changed instead."""

    name: str
    flow_id: Uuid
    paused: bool = False
    schedules: Annotated[ScheduleCreates, Before("schedule_replaces", OlderScheduleCreates)] = []
    concurrency_limit: PositiveInteger | None = None
    concurrency_options: ConcurrencyOptions | None = None
    global_concurrency_limit_id: Uuid | None = None
    enforce_parameter_schema: bool = True
    parameter_openapi_schema: ParameterSchema | None = {}
    parameters: FlowParameters = {}
    tags: Texts = []
    labels: Labels | None = {}
    pull_steps: list[JsonObject] | None = None
    work_queue_name: str | None = None
    work_pool_name: str | None = None
    storage_document_id: Uuid | None = None
    infrastructure_document_id: Uuid | None = None
    description: str | None = None
    path: str | None = None
    version: str | None = None
    entrypoint: str | None = None
    job_variables: JsonObject = {}
    version_info: VersionInfo | None = None

    @classmethod
    def _check_parameters(cls, values: dict[str, Any]) -> None:
        # In place, as a real server's errors show (Prefect: schemas/actions.py, DeploymentCreate).
        parameters, schema = values.get("parameters", {}), values.get("parameter_openapi_schema")
        enforced = values.get("enforce_parameter_schema") and schema is not None
        try:
            if enforced:
                check_with_schema(parameters, schema)
            values["parameters"] = parameters
            if enforced:
                check_schema(schema)
        except SchemaMismatch as mismatch:
            raise ValueError(str(mismatch)) from None
        except InvalidSchema as problem:
            raise ValueError(
                f"The provided schema is not a valid json schema. Schema error: {problem}"
            ) from None
        except (TypeError, RecursionError):
            raise PydanticCustomError(NOT_AN_OBJECT, "The schema cannot be read") from None


class DeploymentUpdate(_DeploymentBody):
    """Changes of a deployment: the keys that are given replace the old values."""

    version: str | None = None
    description: str | None = None
    paused: bool = False
    schedules: Annotated[ScheduleUpdates, Before("schedule_replaces", OlderScheduleUpdates)] = []
    concurrency_limit: PositiveInteger | None = None
    concurrency_options: ConcurrencyOptions | None = None
    global_concurrency_limit_id: Uuid | None = None
    parameters: Annotated[
        FlowParameters | None, Before("parameters_bounded", JsonObject | None)
    ] = None
    parameter_openapi_schema: ParameterSchema | None = None
    tags: Texts = []
    work_queue_name: str | None = None
    work_pool_name: str | None = None
    path: str | None = None
    job_variables: JsonObject | None = None
    pull_steps: list[JsonObject] | None = None
    entrypoint: str | None = None
    storage_document_id: Uuid | None = None
    infrastructure_document_id: Uuid | None = None
    enforce_parameter_schema: bool | None = None
    version_info: VersionInfo | None = None


class DeploymentFlowRunCreate(ClosedObject):
    """A flow run to create from a deployment."""

    state: StateCreate | None = None
    name: NameOrNull = None
    parameters: FlowParameters = {}
    enforce_parameter_schema: bool | None = None
    context: JsonObject = {}
    infrastructure_document_id: Uuid | None = None
    empirical_policy: FlowRunPolicy = FlowRunPolicy()
    tags: Texts = []
    idempotency_key: str | None = None
    labels: Labels | None = None
    parent_task_run_id: Uuid | None = None
    work_queue_name: str | None = None
    job_variables: JsonObject | None = {}


class OlderDeploymentFlowRunCreate(DeploymentFlowRunCreate):
    """A flow run to create from a deployment, before Prefect 3.6.25."""

    parameters: JsonObject = {}


_RunCreates = Annotated[list[DeploymentFlowRunCreate], FAIL_FAST]
_OlderRunCreates = Annotated[list[OlderDeploymentFlowRunCreate], FAIL_FAST]


class DeploymentFlowRunsCreate(
    RootModel[Annotated[_RunCreates, Before("parameters_bounded", _OlderRunCreates)]]
):
    """The body of /create_flow_run/bulk: flow runs to create from a deployment."""

    model_config = ConfigDict(frozen=True)


class DeploymentPollRequest(PageParameters):
    """The body of /deployments/get_scheduled_flow_runs, with which runners poll."""

    accepts_any_json: ClassVar[bool] = False

    deployment_ids: Uuids
    scheduled_before: Instant | None = None


class DeploymentScheduleRequest(BodyParameters):
    """The body of /deployments/{id}/schedule: which runs its schedules are to make."""

    # Absent by default, but never null in the document.
    start_time: InstantOrWallTime = None  # type: ignore[assignment]
    end_time: InstantOrWallTime = None  # type: ignore[assignment]
    min_time: JsonNumber = None  # type: ignore[assignment]  # in seconds
    min_runs: JsonInteger = None  # type: ignore[assignment]
    max_runs: JsonInteger = None  # type: ignore[assignment]


class _NumberedPage(PageParameters):
    page: PageNumber = 1


class DeploymentPaginateRequest(FilterParameters, _NumberedPage):
    """The body of /deployments/paginate."""

    sort: NamedSort | None = NamedSort.NAME_ASC
