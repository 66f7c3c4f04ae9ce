"""The bodies of requests that create and change, as pydantic models.

`operations.create`, `update` and `set_state` carry them out. `openapi.yaml` describes the same
bodies independently; a test compares the two. Error texts are Prefect's own words.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    RootModel,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from ..filters import (
    FAIL_FAST,
    FlowRunFilter,
    Instant,
    InstantWithOffset,
    JsonInteger,
    JsonNumber,
    NameOrNull,
    Texts,
    UniqueTexts,
    Uuid,
    strict_union,
)
from ..prefect import StateType
from .body_kinds import MAX_LIMIT, NOT_AN_OBJECT, BodyParameters, ClosedObject, Limit, OpenObject
from .older_bodies import Before

# The first two are defaults of Prefect's settings server.api.max_parameter_size and
# PREFECT_API_TASK_CACHE_KEY_MAX_LENGTH.
MAX_PARAMETERS_BYTES = 524_288  # as JSON in ASCII, without spaces
MAX_CACHE_KEY_LENGTH = 2_000  # characters
MAX_RETRY_DELAYS = 50  # Prefect: _internal/schemas/validators.py, list_length_50_or_less
JsonObject = dict[str, Any]
# Prefect: types/__init__.py, KeyValueLabels; an error names each of these types.
LabelValue = StrictBool | StrictInt | StrictFloat | str
Labels = Annotated[dict[str, LabelValue], FAIL_FAST]


class StateDetails(OpenObject):
    """Details of a state; other keys are ignored, as a real server does."""

    # Checked and then dropped: the server sets it (Prefect: UpdateStateDetails).
    flow_run_id: Uuid | None = None
    task_run_id: Uuid | None = None
    child_flow_run_id: Uuid | None = None
    scheduled_time: InstantWithOffset | None = None
    cache_key: str | None = None
    cache_expiration: InstantWithOffset | None = None
    deferred: bool | None = False
    untrackable_result: bool = False
    pause_timeout: InstantWithOffset | None = None
    pause_reschedule: bool = False
    pause_key: str | None = None
    run_input_keyset: Annotated[dict[str, str], FAIL_FAST] | None = None
    refresh_cache: bool | None = None
    retriable: bool | None = None
    transition_id: Uuid | None = None
    task_parameters_id: Uuid | None = None
    traceparent: str | None = None
    deployment_concurrency_lease_id: Uuid | None = None


class StateCreate(ClosedObject):
    """A state that a client proposes for a run."""

    type: StateType
    name: str | None = None
    message: str | None = None
    data: Any = None
    state_details: StateDetails = StateDetails()


class Policy(OpenObject):
    """How a run retries.

    The document says that the deprecated keys are not used. A real server takes their values for
    keys that are not given (deviation `policy-deprecated-keys`).
    """

    @model_validator(mode="before")
    @classmethod
    def _from_deprecated(cls, values: Any, info: ValidationInfo) -> Any:
        if not isinstance(values, dict):
            raise PydanticCustomError(NOT_AN_OBJECT, "Input should be an object")
        if info.mode == "json":  # strict reading: as the document says
            return values
        # Prefect: set_run_policy_deprecated_fields. A null under a deprecated key counts as given.
        for key, deprecated in (("retries", "max_retries"), ("retry_delay", "retry_delay_seconds")):
            if not values.get(key) and values.get(deprecated, 0) != 0:
                values[key] = values[deprecated]  # in place, as a real server's errors show
        return values


class FlowRunPolicy(Policy):
    """How a flow run retries and pauses."""

    max_retries: JsonInteger = 0
    retry_delay_seconds: JsonNumber = 0.0
    retries: JsonInteger | None = None
    retry_delay: JsonInteger | None = None
    pause_keys: UniqueTexts | None = []
    resuming: bool | None = False
    retry_type: Literal["in_process", "reschedule"] | None = None


def _check_retry_delays(delays: Any) -> Any:
    if isinstance(delays, list) and len(delays) > MAX_RETRY_DELAYS:
        raise ValueError(f"Can not configure more than {MAX_RETRY_DELAYS} retry delays per task.")
    return delays


def _check_jitter_factor(factor: float | None) -> float | None:
    if factor is not None and factor < 0:
        raise ValueError("`retry_jitter_factor` must be >= 0.")
    return factor


class TaskRunPolicy(Policy):
    """How a task run retries."""

    max_retries: JsonInteger = 0
    retry_delay_seconds: JsonNumber = 0.0
    retries: JsonInteger | None = None
    retry_delay: Annotated[
        int | float | Annotated[list[int], FAIL_FAST] | Annotated[list[float], FAIL_FAST] | None,
        strict_union(
            JsonInteger
            | JsonNumber
            | Annotated[list[JsonInteger], FAIL_FAST]
            | Annotated[list[JsonNumber], FAIL_FAST]
            | None
        ),
        AfterValidator(_check_retry_delays),
    ] = None
    retry_jitter_factor: Annotated[JsonNumber | None, AfterValidator(_check_jitter_factor)] = None


def _check_parameters_size(parameters: JsonObject) -> JsonObject:
    size = len(json.dumps(parameters, separators=(",", ":")))
    if size > MAX_PARAMETERS_BYTES:
        raise ValueError(
            f"Flow run parameters must be less than {MAX_PARAMETERS_BYTES:,} bytes when serialized "
            f"(got {size:,} bytes)."
        )
    return parameters


FlowParameters = Annotated[
    JsonObject, AfterValidator(_check_parameters_size), Before("parameters_bounded", JsonObject)
]


class FlowRunCreate(ClosedObject):
    """A flow run to create. Without a name, or with an empty one, a name is generated."""

    state: StateCreate | None = None
    name: NameOrNull = None
    flow_id: Uuid
    flow_version: str | None = None
    parameters: FlowParameters = {}
    context: JsonObject = {}
    parent_task_run_id: Uuid | None = None
    infrastructure_document_id: Uuid | None = None
    empirical_policy: FlowRunPolicy = FlowRunPolicy()
    tags: Texts = []
    labels: Labels | None = {}
    idempotency_key: str | None = None
    work_pool_name: str | None = None
    work_queue_name: str | None = None
    job_variables: JsonObject | None = None
    deployment_id: Uuid | None = None


class FlowRunUpdate(ClosedObject):
    """Changes of a flow run: the keys that are given replace the old values."""

    name: NameOrNull = None
    flow_version: str | None = None
    parameters: FlowParameters = {}
    empirical_policy: FlowRunPolicy = FlowRunPolicy()
    tags: Texts = []
    infrastructure_pid: str | None = None
    job_variables: JsonObject | None = None


class SetStateRequest(BodyParameters):
    """The body of set_state."""

    accepts_any_json = True

    state: StateCreate
    force: bool = False


class BulkSetStateRequest(BodyParameters):
    """The body of bulk_set_state."""

    accepts_any_json = True

    flow_runs: FlowRunFilter | None = None
    state: StateCreate
    force: bool = False
    limit: Limit = MAX_LIMIT


class LabelsUpdate(RootModel[JsonObject]):
    """Labels to add or replace."""

    is_read_back: ClassVar[bool] = False

    # Any value passes here; the dialect decides (`unreadable-labels`).
    model_config = ConfigDict(frozen=True)


class FlowCreate(ClosedObject):
    """A flow to create. A flow that has the name already is left as it is."""

    # Prefect: types/names.py, BANNED_CHARACTERS.
    name: Annotated[str, StringConstraints(pattern=r"^[^/%&><]+$")]
    tags: Texts = []
    labels: Labels | None = {}


class FlowUpdate(ClosedObject):
    """Changes of a flow."""

    tags: Texts = []


class TaskRunResult(OpenObject):
    """An input of a task run: the result of another task run."""

    input_type: Literal["task_run"] = "task_run"
    id: Uuid


class FlowRunResult(OpenObject):
    """An input of a task run: the result of a flow run."""

    input_type: Literal["flow_run"] = "flow_run"
    id: Uuid


class Parameter(OpenObject):
    """An input of a task run: a parameter of the flow run."""

    input_type: Literal["parameter"] = "parameter"
    name: str


class Constant(OpenObject):
    """An input of a task run: a constant value."""

    input_type: Literal["constant"] = "constant"
    type: str


TaskInputs = Annotated[
    list[TaskRunResult | FlowRunResult | Parameter | Constant],
    FAIL_FAST,
]


def _check_cache_key(cache_key: str | None) -> str | None:
    if cache_key and len(cache_key) > MAX_CACHE_KEY_LENGTH:
        raise ValueError(
            f"Cache key exceeded maximum allowed length of {MAX_CACHE_KEY_LENGTH} characters."
        )
    return cache_key


class TaskRunCreate(ClosedObject):
    """A task run to create."""

    id: Uuid | None = None
    state: StateCreate | None = None
    name: NameOrNull = None
    flow_run_id: Uuid | None = None
    task_key: str
    dynamic_key: str
    cache_key: Annotated[str | None, AfterValidator(_check_cache_key)] = None
    # A column, in UTC; the one in state_details is JSON and keeps its offset.
    cache_expiration: Instant | None = None
    task_version: str | None = None
    empirical_policy: TaskRunPolicy = TaskRunPolicy()
    tags: Texts = []
    labels: Labels | None = {}
    task_inputs: Annotated[dict[str, TaskInputs], FAIL_FAST] = {}


class LogCreate(ClosedObject):
    """One line of a run's log."""

    name: str
    level: JsonInteger
    message: str
    timestamp: Instant
    flow_run_id: Uuid | None = None
    task_run_id: Uuid | None = None


# A Sequence, as in Prefect's create_logs: pydantic has other errors for it than for a list.
class Logs(RootModel[Annotated[Sequence[LogCreate], FAIL_FAST]]):
    """Lines of logs, of any runs."""

    accepts_any_json: ClassVar[bool] = False

    model_config = ConfigDict(frozen=True)
