"""The request of bulk_delete as pydantic models, read in one of two ways.

Strict validation (of JSON) takes what `openapi.yaml` says and nothing else; lax validation takes
what a real server's pydantic takes. Either way the values are the same: ids as lower-case text,
times as aware datetimes, everything else as JSON has it. No defaults, limits or meaning live
elsewhere; `openapi.yaml` says the same independently, and a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, create_model
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core import core_schema as cs

from .instants import BEYOND_UTC, parse_rfc3339, to_utc
from .runs import StateType

MAX_LIMIT = 50


class Operator(StrEnum):
    """How conditions, or criteria, are joined."""

    and_ = "and_"
    or_ = "or_"


class _Strictly:
    """One schema for strict validation; for lax validation another, or the type's own."""

    def __init__(
        self,
        strict: Callable[[], CoreSchema],
        lax: Callable[[], CoreSchema] | None = None,
    ) -> None:
        self.strict = strict
        self.lax = lax

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        lax = self.lax() if self.lax else handler(source)
        return cs.lax_or_strict_schema(lax_schema=lax, strict_schema=self.strict())


def _strict_instant(value: object) -> datetime:
    try:
        if isinstance(value, str):
            return parse_rfc3339(value)
    except ValueError:
        pass
    raise PydanticCustomError(
        "date_time", "Input should be an RFC 3339 date-time with an offset (2026-01-31T08:00:00Z)"
    )


def _lax_instant(
    value: object, handler: cs.ValidatorFunctionWrapHandler, info: cs.ValidationInfo
) -> datetime:
    """As Prefect on Python 3.12 and older: pydantic, then pendulum's strict parser.

    The texts of the errors are pydantic-extra-types', which Prefect uses.
    """
    try:
        return to_utc(handler(value))
    except ValueError:
        pass
    now = info.context["now"] if info.context else datetime.now(UTC)
    if value == "now":
        return to_utc(now)
    import pendulum  # 40 ms, and only unusual times get here

    try:
        parsed = pendulum.parse(value, strict=True, now=pendulum.instance(now))  # type: ignore[arg-type]
    except ValueError:
        raise
    except Exception as error:
        raise PydanticCustomError("value_error", "value is not a valid datetime") from error
    if not isinstance(parsed, datetime):
        raise ValueError(f"value is not a valid datetime it is a {type(parsed)}")
    try:
        return to_utc(datetime.fromisoformat(parsed.isoformat()))
    except ValueError:  # an offset of a day: pendulum takes it, and the database gives up on it
        return BEYOND_UTC


def _whole(value: object) -> object:
    """JSON has one kind of number: 10.0 is an integer, as JSON Schema says."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"

Uuid = Annotated[
    str,
    _Strictly(
        strict=lambda: cs.str_schema(pattern=_UUID, to_lower=True),
        lax=lambda: cs.chain_schema([cs.uuid_schema(), cs.no_info_plain_validator_function(str)]),
    ),
]
Instant = Annotated[
    datetime,
    _Strictly(
        strict=lambda: cs.no_info_plain_validator_function(_strict_instant),
        lax=lambda: cs.with_info_wrap_validator_function(_lax_instant, cs.datetime_schema()),
    ),
]
Limit = Annotated[
    int,
    _Strictly(
        strict=lambda: cs.no_info_before_validator_function(
            _whole, cs.int_schema(ge=1, le=MAX_LIMIT, strict=True)
        ),
        lax=lambda: cs.int_schema(ge=1, le=MAX_LIMIT),
    ),
]


class _UpToTheFirstFault:
    """A list that tells its first fault only: a body of a mebibyte can hold half a million."""

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return cast(CoreSchema, {**handler(source), "fail_fast": True})


_FIRST = _UpToTheFirstFault()
Uuids = Annotated[list[Uuid], _FIRST]
Texts = Annotated[list[str], _FIRST]
StateTypes = Annotated[list[StateType], _FIRST]


class FilterModel(BaseModel):
    """A part of the filter: frozen, and nothing but what the document names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def given(self) -> list[tuple[str, Any]]:
        """The fields that are not null, in the document's order; an operator always is."""
        return [field for field in self.__dict__.items() if field[1] is not None]


class OperatorFilter(FilterModel):
    """A part of the filter whose conditions are joined by its own operator."""

    operator: Operator = Operator.and_


class FlowRunFilterId(FilterModel):
    any_: Uuids | None = None
    not_any_: Uuids | None = None


class FlowRunFilterName(FilterModel):
    any_: Texts | None = None
    like_: str | None = None


class FlowRunFilterTags(OperatorFilter):
    all_: Texts | None = None
    any_: Texts | None = None
    is_null_: bool | None = None


class FlowRunFilterDeploymentId(OperatorFilter):
    any_: Uuids | None = None
    is_null_: bool | None = None


class FlowRunFilterWorkQueueName(OperatorFilter):
    any_: Texts | None = None
    is_null_: bool | None = None


class FlowRunFilterStateType(FilterModel):
    any_: StateTypes | None = None
    not_any_: StateTypes | None = None


class FlowRunFilterStateName(FilterModel):
    any_: Texts | None = None
    not_any_: Texts | None = None


class FlowRunFilterState(OperatorFilter):
    type: FlowRunFilterStateType | None = None
    name: FlowRunFilterStateName | None = None


class FlowRunFilterFlowVersion(FilterModel):
    any_: Texts | None = None


class FlowRunFilterStartTime(FilterModel):
    before_: Instant | None = None
    after_: Instant | None = None
    is_null_: bool | None = None


class FlowRunFilterEndTime(FilterModel):
    before_: Instant | None = None
    after_: Instant | None = None
    is_null_: bool | None = None


class FlowRunFilterExpectedStartTime(FilterModel):
    before_: Instant | None = None
    after_: Instant | None = None


class FlowRunFilterNextScheduledStartTime(FilterModel):
    before_: Instant | None = None
    after_: Instant | None = None


class FlowRunFilterParentFlowRunId(OperatorFilter):
    any_: Uuids | None = None


class FlowRunFilterParentTaskRunId(OperatorFilter):
    any_: Uuids | None = None
    is_null_: bool | None = None


class FlowRunFilterIdempotencyKey(FilterModel):
    any_: Texts | None = None
    not_any_: Texts | None = None


class FlowRunFilterCreatedBy(OperatorFilter):
    id_: Uuids | None = None
    type_: Texts | None = None
    is_null_: bool | None = None


class FlowRunFilter(OperatorFilter):
    """Which flow runs: fifteen criteria, joined by `operator`."""

    id: FlowRunFilterId | None = None
    name: FlowRunFilterName | None = None
    tags: FlowRunFilterTags | None = None
    deployment_id: FlowRunFilterDeploymentId | None = None
    work_queue_name: FlowRunFilterWorkQueueName | None = None
    state: FlowRunFilterState | None = None
    flow_version: FlowRunFilterFlowVersion | None = None
    start_time: FlowRunFilterStartTime | None = None
    end_time: FlowRunFilterEndTime | None = None
    expected_start_time: FlowRunFilterExpectedStartTime | None = None
    next_scheduled_start_time: FlowRunFilterNextScheduledStartTime | None = None
    parent_flow_run_id: FlowRunFilterParentFlowRunId | None = None
    parent_task_run_id: FlowRunFilterParentTaskRunId | None = None
    idempotency_key: FlowRunFilterIdempotencyKey | None = None
    created_by: FlowRunFilterCreatedBy | None = None


class BulkDeleteRequest(BaseModel):
    """The body of bulk_delete. Other top-level keys are allowed and mean nothing."""

    model_config = ConfigDict(extra="allow", frozen=True)

    flow_runs: FlowRunFilter | None = None
    limit: Limit = MAX_LIMIT


@cache
def telling_all(model: type[BaseModel]) -> type[BaseModel]:
    """The same model, but its lists tell every fault, as a real server's do."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        annotation = _telling_all(field.annotation)
        if annotation is not field.annotation:
            fields[name] = (annotation, field.default)
    return create_model(model.__name__, __base__=model, **fields)


def _telling_all(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated and _FIRST in get_args(annotation):
        return get_args(annotation)[0]
    if get_origin(annotation) is UnionType or get_origin(annotation) is Union:
        parts = [_telling_all(part) for part in get_args(annotation)]
        return annotation if parts == list(get_args(annotation)) else reduce(or_, parts)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return telling_all(annotation)
    return annotation
