"""A sweep of small filters: every key of every criterion, in every shape, under every operator.

Each filter has one or two criteria. `strategies` draws larger ones at random; `coverage` counts
which cells were tried. What filters mean is defined in `mockserver.filters`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, get_args

from ...filters import CONDITIONS, FlowRunFilter, OperatorFilter
from .vocabulary import TIME_VARIANTS, Vocabulary

Json = Any
OPERATORS = ("and_", "or_")
ANY_KEYS = frozenset({"any_", "id_", "type_"})
LIST_KEYS = ANY_KEYS | {"not_any_", "all_"}
NULL_KEY = "is_null_"
LIKE_KEY = "like_"
_MAX_LIST_VALUES = 20


def iter_conditions(filter_body: Json) -> Iterator[tuple[str, str, Json]]:
    """Criterion (such as `name` or `state.type`), key and value of every condition of a filter."""
    for name, criterion in (filter_body or {}).items():
        if name == "operator" or criterion is None:
            continue
        parts = (
            {f"state.{part}": criterion.get(part) for part in ("type", "name")}
            if name == "state"
            else {name: criterion}
        )
        for part, conditions in parts.items():
            for key, value in (conditions or {}).items():
                if key != "operator":
                    yield part, key, value


def without_key(filter_body: Json, criterion: str, key: str) -> Json:
    """A copy of the filter without one of its keys, which it must have."""
    name, _, part = criterion.partition(".")
    rest = dict(filter_body[name])
    if part:
        rest[part] = {other: value for other, value in rest[part].items() if other != key}
    else:
        del rest[key]
    return {**filter_body, name: rest}


def as_filter(criterion: str, conditions: Json, **operators: str) -> dict[str, Json]:
    """A filter with one criterion; the keyword `operator` gives the criterion an operator."""
    name, _, part = criterion.partition(".")
    return {name: {**({part: conditions} if part else conditions), **operators}}


def has_own_operator(criterion: str) -> bool:
    """Whether a criterion can have an operator of its own (`state.type`: whether `state` can)."""
    field = FlowRunFilter.model_fields[criterion.partition(".")[0]]
    return any(issubclass(kind, OperatorFilter) for kind in get_args(field.annotation))


def sweep(vocabulary: Vocabulary) -> Iterator[dict[str, Json]]:
    """Filters with every key of every criterion in every shape, alone and beside another one."""
    # Rule M2a: both match every run.
    yield {}
    yield {"operator": "or_"}
    for criterion, keys in CONDITIONS.items():
        other = "tags" if criterion == "name" else "name"
        beside = as_filter(other, {"any_": list(vocabulary.values_for(other, "any_")[:1])})
        for key in keys:
            for value in sample_values(vocabulary, criterion, key):
                alone = as_filter(criterion, {key: value})
                yield alone
                if has_own_operator(criterion):
                    yield as_filter(criterion, {key: value}, operator="or_")
                yield from ({**alone, **beside, "operator": operator} for operator in OPERATORS)
        if has_own_operator(criterion):
            yield as_filter(criterion, {}, operator="or_")
        for conditions in _pairs(vocabulary, criterion, tuple(keys)):
            together = as_filter(criterion, conditions)
            yield together
            yield {**together, **beside, "operator": "or_"}
            if has_own_operator(criterion):
                yield as_filter(criterion, conditions, operator="or_")


def _pairs(vocabulary: Vocabulary, criterion: str, keys: Sequence[str]) -> Iterator[Json]:
    """Conditions with two keys of a criterion; the values are paired in opposite orders."""
    for first, second in combinations(keys, 2):
        ones = sample_values(vocabulary, criterion, first)
        others = list(sample_values(vocabulary, criterion, second))
        for one, other in zip(ones, reversed(others), strict=False):
            yield {first: one, second: other}


def sample_values(vocabulary: Vocabulary, criterion: str, key: str) -> Iterator[Json]:
    """Values for a key in every shape: null; and for a list none, one, many, and the last one."""
    values = vocabulary.values_for(criterion, key)
    yield None
    if key == NULL_KEY:
        yield from (True, False)
    elif key in LIST_KEYS:
        yield []
        yield list(values[:1])
        yield list(values[: max(3, len(values) // 3)])[:_MAX_LIST_VALUES]
        yield list(values[-1:])
    elif key == LIKE_KEY:
        yield ""
        names = [str(value) for value in values]
        # like_ matches parts of names, whatever their case.
        yield from (name[1:-1].swapcase() or name for name in names[: len(names) // 2 : 3])
        # Dialects differ on letters that case folding changes and lower() does not, such as ß.
        yield from (name.casefold() for name in names if name.casefold() != name.lower())
    else:  # all variants of the first time and of one from the middle
        late = len(values) // 2 // TIME_VARIANTS * TIME_VARIANTS
        yield from dict.fromkeys((*values[:TIME_VARIANTS], *values[late : late + TIME_VARIANTS]))
