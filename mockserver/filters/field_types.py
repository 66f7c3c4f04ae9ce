"""The types of the values in a request, each with a strict and a lax way to read it.

Strict validation (of JSON) accepts what `openapi.yaml` says and nothing else. Lax validation
accepts what a real server's pydantic accepts. Both give the same values: ids as lower-case text,
times as aware datetimes, everything else as it is in JSON.
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

from ..prefect import OUTSIDE_UTC_RANGE, StateType, fits_utc_range, parse_rfc3339, to_utc


class _StrictOrLax:
    """An annotation that gives a type one pydantic schema for strict and one for lax validation.

    Without `lax`, lax validation uses the type's own schema.
    """

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


MAX_PENDULUM = 1_000
"""Times in one body that pydantic does not read and pendulum may."""


def _lax_instant(
    value: object, handler: cs.ValidatorFunctionWrapHandler, info: cs.ValidationInfo
) -> datetime:
    """Read a time as Prefect does on Python 3.12 and older: with pydantic, then with pendulum.

    Prefect's type is pydantic-extra-types' DateTime; the texts of the errors are from there.
    """
    try:
        return to_utc(handler(value))
    except ValueError:
        pass
    context = info.context or {}
    now = context.get("now") or datetime.now(UTC)
    # pendulum.parse takes the real clock for this word, whatever `now` it is given.
    if value == "now":
        return to_utc(now)
    # pendulum needs up to 20 microseconds for a text.
    context["pendulum"] = context.get("pendulum", 0) + 1
    if context["pendulum"] > MAX_PENDULUM:
        msg = f"mockserver reads at most {MAX_PENDULUM:,} times in unusual forms"
        raise PydanticCustomError("too_many_times", msg)
    import pendulum  # takes 40 ms, and few requests have such times

    try:
        parsed = pendulum.parse(value, strict=True, now=pendulum.instance(now))  # type: ignore[arg-type]
    except ValueError:
        # pydantic shows the text of a ValueError; a fixed text is for all other exceptions.
        raise
    except Exception as error:
        raise PydanticCustomError("value_error", "value is not a valid datetime") from error
    if not isinstance(parsed, datetime):  # P1D is a duration, for example
        raise ValueError(f"value is not a valid datetime it is a {type(parsed)}")
    try:
        return to_utc(datetime.fromisoformat(parsed.isoformat()))
    except ValueError:  # an offset of a day or more: pendulum accepts it, the database fails on it
        return OUTSIDE_UTC_RANGE


def _strict_instant_with_offset(value: object) -> datetime:
    """Read a time and keep its offset, unless it is a leap second."""
    instant = _strict_instant(value)
    try:
        # fromisoformat refuses a lower-case z (Python 3.11).
        return datetime.fromisoformat(str(value).upper())
    except ValueError:
        return instant


def _lax_instant_with_offset(
    value: object, handler: cs.ValidatorFunctionWrapHandler, info: cs.ValidationInfo
) -> datetime:
    """Read a time and keep its offset, where it has one."""
    instant = _lax_instant(value, handler, info)
    try:
        given = handler(value)
    except ValueError:
        return instant
    offset = given.utcoffset()
    return instant.astimezone(timezone(offset)) if offset and fits_utc_range(instant) else instant


AS_DOCUMENTED = "as_documented"
"""A key in the validation context: every whole number is an integer, even 1e300.

So JSON Schema says, and so openapi.yaml. Without the key, a float of 64 bits or more is refused, as
a real server refuses it.
"""


def _integral_float_to_int(value: object, info: cs.ValidationInfo) -> object:
    """Turn 10.0 into 10: by JSON Schema a number without a fraction is an integer."""
    if not isinstance(value, float) or not value.is_integer():
        return value
    return int(value) if abs(value) < 2**63 or AS_DOCUMENTED in (info.context or ()) else value


# In pydantic's patterns, which are Rust's, $ is the end of the text only; in Python's re it is also
# before a last line break.
_UUID_PATTERN = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"

Uuid = Annotated[
    str,
    _StrictOrLax(
        strict=lambda: cs.str_schema(pattern=_UUID_PATTERN, to_lower=True),
        lax=lambda: cs.chain_schema([cs.uuid_schema(), cs.no_info_plain_validator_function(str)]),
    ),
]
Instant = Annotated[
    datetime,
    _StrictOrLax(
        strict=lambda: cs.no_info_plain_validator_function(_strict_instant),
        lax=lambda: cs.with_info_wrap_validator_function(_lax_instant, cs.datetime_schema()),
    ),
]


# For state_details, which real servers store as JSON: there a time keeps its offset.
InstantWithOffset = Annotated[
    datetime,
    _StrictOrLax(
        strict=lambda: cs.no_info_plain_validator_function(_strict_instant_with_offset),
        lax=lambda: cs.with_info_wrap_validator_function(
            _lax_instant_with_offset, cs.datetime_schema()
        ),
    ),
]

# What a real server reads with pydantic alone: a time without an offset stays without one.
InstantOrWallTime = Annotated[
    datetime,
    _StrictOrLax(
        strict=lambda: cs.no_info_plain_validator_function(_strict_instant),
        lax=cs.datetime_schema,
    ),
]


def json_integer(
    *, ge: int | None = None, le: int | None = None, gt: int | None = None
) -> _StrictOrLax:
    """An annotation that makes an `int` an integer of JSON Schema (10.0 is one), within bounds."""
    return _StrictOrLax(
        strict=lambda: cs.with_info_before_validator_function(
            _integral_float_to_int, cs.int_schema(ge=ge, le=le, gt=gt, strict=True)
        ),
        lax=lambda: cs.int_schema(ge=ge, le=le, gt=gt),
    )


JsonInteger = Annotated[int, json_integer()]


def json_number(
    *, ge: float | None = None, le: float | None = None, gt: float | None = None
) -> _StrictOrLax:
    """An annotation that makes a `float` a finite number of JSON, within bounds."""
    return _StrictOrLax(
        strict=lambda: cs.float_schema(allow_inf_nan=False, strict=True, ge=ge, le=le, gt=gt),
        # NaN and infinities pass, as by default in pydantic.
        lax=lambda: cs.float_schema(ge=ge, le=le, gt=gt),
    )


JsonNumber = Annotated[float, json_number()]


def strict_union(strict: Any) -> _StrictOrLax:
    """An annotation that gives a union another type for strict validation.

    Lax validation keeps the union itself, whose members a real server names in its errors.
    """
    return _StrictOrLax(strict=lambda: TypeAdapter(strict).core_schema)


class _FailFast:
    """An annotation that makes validation of a list or a dict stop at its first error.

    A body of a mebibyte can have half a million errors.
    """

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return cast(CoreSchema, _set_fail_fast(handler(source)))


def _set_fail_fast(schema: Any) -> Any:
    """The schema with `fail_fast` for its list or dict, which may be within another schema."""
    if isinstance(schema, dict):
        stops = {"fail_fast": True} if schema.get("type") in ("list", "dict") else {}
        inner = {key: _set_fail_fast(schema[key]) for key in _WITHIN if key in schema}
        return {**schema, **inner, **stops}
    return [_set_fail_fast(step) for step in schema]


# Where the schema of a Sequence has that of a list.
_WITHIN = ("schema", "json_schema", "python_schema", "steps")

FAIL_FAST = _FailFast()
Uuids = Annotated[list[Uuid], FAIL_FAST]
Texts = Annotated[list[str], FAIL_FAST]
StateTypes = Annotated[list[StateType], FAIL_FAST]


def _require_unique(texts: list[str]) -> list[str]:
    if len(set(texts)) < len(texts):
        raise PydanticCustomError("unique_items", "Items should be unique")
    return texts


def _drop_duplicates(texts: object, handler: cs.ValidatorFunctionWrapHandler) -> list[str]:
    if not isinstance(texts, list):
        # Prefect's type is set[str]. A list keeps the order of the request.
        raise PydanticKnownError("set_type")
    return list(dict.fromkeys(handler(texts)))


UniqueTexts = Annotated[
    list[str],
    _StrictOrLax(
        strict=lambda: cs.no_info_after_validator_function(
            _require_unique, cs.list_schema(cs.str_schema(), strict=True, fail_fast=True)
        ),
        lax=lambda: cs.no_info_wrap_validator_function(
            _drop_duplicates, cs.list_schema(cs.str_schema())
        ),
    ),
]
"""A set of texts, which is a list in JSON. Strictly, duplicates are an error."""


NameOrNull = Annotated[
    str | None,
    _StrictOrLax(
        strict=lambda: cs.nullable_schema(cs.str_schema(strict=True)),
        lax=lambda: cs.no_info_before_validator_function(
            lambda name: name or None, cs.nullable_schema(cs.str_schema())
        ),
    ),
]
"""A name, or null for a generated one. A real server takes every false value as null."""


TextAsBytes = Annotated[
    str,
    _StrictOrLax(
        strict=lambda: cs.str_schema(strict=True),
        lax=lambda: cs.chain_schema(
            [cs.bytes_schema(), cs.no_info_plain_validator_function(bytes.decode)]
        ),
    ),
]
"""A text that a real server reads as bytes, which shows in its errors."""


@cache
def without_fail_fast(model: type[BaseModel]) -> type[BaseModel]:
    """Return the model with lists and dicts that report every error, as a real server's do."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        annotation = _strip_fail_fast(field.annotation)
        if annotation is not field.annotation or FAIL_FAST in field.metadata:
            others = [each for each in field.metadata if each is not FAIL_FAST]
            annotated = Annotated[(annotation, *others)] if others else annotation
            fields[name] = (annotated, ... if field.is_required() else field.default)
    return create_model(model.__name__, __base__=model, **fields)


def _strip_fail_fast(annotation: Any) -> Any:
    """The annotation without `FAIL_FAST` in it; the same object if it has none."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _strip_fail_fast(parts[0]) if FAIL_FAST in parts else annotation
    stripped = [_strip_fail_fast(part) for part in parts]
    if stripped != list(parts):
        # With None, a plain type makes a types.UnionType, and Annotated a typing.Union (3.11).
        union = origin is UnionType or origin is Union
        return reduce(or_, stripped) if union else origin[tuple(stripped)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return without_fail_fast(annotation)
    return annotation
