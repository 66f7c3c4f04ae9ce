"""Plain filters: from JSON straight to a predicate, where there is nothing to look at twice.

Most requests have such a filter: criteria with lists of values, with times and with booleans. To
read it with the models and compile what was read takes three times as long (measured).

Invariant: what is compiled here is what the models and `compile_filter` make of the same JSON, in
every dialect; it earns no warning, and every database runs it. A property test holds it. So these
are not plain: an operator, `like_`, an empty list or criterion, both lists of a state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, get_args

from ..prefect import PREFECT_SQLITE, StateType, fits_utc_range, parse_rfc3339
from .comparisons import AllOf, Predicate
from .field_types import Instant, StateTypes, Texts, Uuids
from .models import FilterModel, FlowRunFilter
from .predicates import CONDITIONS, ConditionCompiler

MAX_PLAIN_VALUES = 100
"""Of one list. SQLite runs a query with up to 127 tags in one."""

PlainCompiler = Callable[[Any], Predicate]


class NotPlain(ValueError):
    """A filter that is read with the models: it is not plain, or not valid."""


def compile_plain(filter_: object) -> Predicate:
    """The predicate of a filter on flow runs, as JSON has it.

    It must come from bytes without escapes, which may be NULs or lone surrogates. Raises NotPlain.
    """
    try:
        return _compile_object(_CRITERIA, filter_)
    except KeyError:
        raise NotPlain from None


def _compile_object(compilers: Mapping[str, PlainCompiler], given: object) -> Predicate:
    """All that the keys of an object say; null is absent. Raises KeyError, too."""
    if not isinstance(given, dict) or len(given) == 1:
        return _compile_single(compilers, given)
    # As `compile_filter` does it, in the order of the models.
    keys = [key for key in compilers if key in given]
    parts = [compilers[key](given[key]) for key in keys if given[key] is not None]
    if not parts or len(keys) < len(given):
        raise NotPlain
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _compile_single(compilers: Mapping[str, PlainCompiler], given: object) -> Predicate:
    """What the only key of an object says, which is not null. Raises KeyError, too."""
    if not isinstance(given, dict) or len(given) != 1:
        raise NotPlain
    [(key, value)] = given.items()
    return compilers[key](value)


def _read_texts(given: object) -> list[str]:
    if (
        not isinstance(given, list)
        or len(given) > MAX_PLAIN_VALUES
        or {*map(type, given)} != {str}  # of an empty list, there is no type
    ):
        raise NotPlain
    return given


# As the models have it, where `$` is the end of the text only.
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _read_uuids(given: object) -> list[str]:
    texts = _read_texts(given)
    if not all(map(_UUID.fullmatch, texts)):
        raise NotPlain
    return [text.lower() for text in texts]


# A look-up takes a quarter of the time of a call of the enumeration.
_STATE_TYPES = {each.value: each for each in StateType}


def _read_state_types(given: object) -> list[StateType]:
    return [_STATE_TYPES[text] for text in _read_texts(given)]


def _read_instant(given: object) -> Any:
    # Only the document has a second 60.
    if not isinstance(given, str) or ":60" in given:
        raise NotPlain
    instant = parse_rfc3339(given)
    if not fits_utc_range(instant):
        raise NotPlain
    return instant


def _read_boolean(given: object) -> bool:
    if not isinstance(given, bool):
        raise NotPlain
    return given


# By the type that a key has in the models. A text is the pattern of a `like_`.
_READERS: Mapping[Any, Callable[[object], Any]] = {
    Uuids | None: _read_uuids,
    Texts | None: _read_texts,
    StateTypes | None: _read_state_types,
    Instant | None: _read_instant,
    bool | None: _read_boolean,
}


def _condition(read: Callable[[object], Any], compile_: ConditionCompiler) -> PlainCompiler:
    # Of what is not empty, a condition is the same predicate in every dialect.
    return lambda given: compile_(read(given), PREFECT_SQLITE)  # type: ignore[return-value]


def _conditions(model: type[FilterModel], criterion: str) -> dict[str, PlainCompiler]:
    return {
        key: _condition(_READERS[field.annotation], CONDITIONS[criterion][key])
        for key, field in model.model_fields.items()
        if field.annotation in _READERS
    }


def _criterion(name: str) -> PlainCompiler:
    model, _ = get_args(FlowRunFilter.model_fields[name].annotation)
    if name != "state":
        return partial(_compile_object, _conditions(model, name))
    lists = {
        key: _conditions(get_args(model.model_fields[key].annotation)[0], f"state.{key}")
        for key in ("type", "name")
    }
    return partial(_compile_object, {key: partial(_compile_single, lists[key]) for key in lists})


_CRITERIA = {name: _criterion(name) for name in FlowRunFilter.model_fields if name != "operator"}
