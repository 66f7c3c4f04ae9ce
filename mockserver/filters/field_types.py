"""The values of a request, each read in one of two ways.

Strict validation (of JSON) takes what `openapi.yaml` says and nothing else; lax validation takes
what a real server's pydantic takes. Either way the values are the same: ids as lower-case text,
times as aware datetimes, everything else as JSON has it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timezone
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler, TypeAdapter, create_model
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError
from pydantic_core import core_schema as cs

from ..prefect import BEYOND_UTC, StateType, in_utc_years, parse_rfc3339, to_utc


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


def _strict_instant_as_given(value: object) -> datetime:
    """With the offset it came with, unless it is a leap second."""
    instant = _strict_instant(value)
    try:
        return datetime.fromisoformat(str(value).upper())
    except ValueError:
        return instant


def _lax_instant_as_given(
    value: object, handler: cs.ValidatorFunctionWrapHandler, info: cs.ValidationInfo
) -> datetime:
    """With the offset it came with, where there is one."""
    instant = _lax_instant(value, handler, info)
    try:
        given = handler(value)
    except ValueError:
        return instant
    offset = given.utcoffset()
    return instant.astimezone(timezone(offset)) if offset and in_utc_years(instant) else instant


AS_DOCUMENTED = "as_documented"
"""The key of a validation context: 1e300 is an integer too, though no real server takes it."""


def _whole(value: object, info: cs.ValidationInfo) -> object:
    """JSON has one kind of number: 10.0 is an integer, as JSON Schema says."""
    if not isinstance(value, float) or not value.is_integer():
        return value
    return int(value) if abs(value) < 2**63 or AS_DOCUMENTED in (info.context or ()) else value


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


InstantAsGiven = Annotated[
    datetime,
    _Strictly(
        strict=lambda: cs.no_info_plain_validator_function(_strict_instant_as_given),
        lax=lambda: cs.with_info_wrap_validator_function(
            _lax_instant_as_given, cs.datetime_schema()
        ),
    ),
]


def whole(*, ge: int | None = None, le: int | None = None, gt: int | None = None) -> _Strictly:
    """What makes an annotated `int` an integer of JSON (10.0 is one), within bounds."""
    return _Strictly(
        strict=lambda: cs.with_info_before_validator_function(
            _whole, cs.int_schema(ge=ge, le=le, gt=gt, strict=True)
        ),
        lax=lambda: cs.int_schema(ge=ge, le=le, gt=gt),
    )


Whole = Annotated[int, whole()]


def number(*, ge: float | None = None, le: float | None = None) -> _Strictly:
    """What makes an annotated `float` a number of JSON, within bounds."""
    return _Strictly(
        strict=lambda: cs.float_schema(allow_inf_nan=False, strict=True, ge=ge, le=le),
        lax=lambda: cs.float_schema(ge=ge, le=le),
    )


Number = Annotated[float, number()]


def either(strict: Any) -> _Strictly:
    """What makes an annotated union another one for strict validation, so that the errors of lax
    validation name its parts as a real server does.
    """
    return _Strictly(strict=lambda: TypeAdapter(strict).core_schema)


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


def _strictly_once(texts: list[str]) -> list[str]:
    if len(set(texts)) < len(texts):
        raise PydanticCustomError("unique_items", "Items should be unique")
    return texts


def _once(texts: object, handler: cs.ValidatorFunctionWrapHandler) -> list[str]:
    if not isinstance(texts, list):
        raise PydanticKnownError("set_type")
    return list(dict.fromkeys(handler(texts)))


EachOnce = Annotated[
    list[str],
    _Strictly(
        strict=lambda: cs.no_info_after_validator_function(
            _strictly_once, cs.list_schema(cs.str_schema(), strict=True)
        ),
        lax=lambda: cs.no_info_wrap_validator_function(_once, cs.list_schema(cs.str_schema())),
    ),
]
"""Different texts: a set, as JSON writes it."""


Name = Annotated[
    str | None,
    _Strictly(
        strict=lambda: cs.nullable_schema(cs.str_schema(strict=True)),
        lax=lambda: cs.no_info_before_validator_function(
            lambda name: name or None, cs.nullable_schema(cs.str_schema())
        ),
    ),
]
"""A name to be made up where it is null; to a real server whatever is false is null."""


@cache
def telling_all(model: type[BaseModel]) -> type[BaseModel]:
    """The same model, but its lists tell every fault, as a real server's do."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        annotation = _telling_all(field.annotation)
        if annotation is not field.annotation or _FIRST in field.metadata:
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
