"""What a filter means: filter + dialect -> predicate. The one file that knows (M1-M9).

A predicate is a value: a tree of `Comparison`, `AllOf` and `AnyOf`, called with a flow run
(or another record that has the columns), compared, planned and printed as its sentence.
`AllOf(())` is every run, `AnyOf(())` none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import Any

from ..errors import to_single_line
from ..prefect import Dialect, format_instant
from .like import LikePattern, compile_like
from .models import FilterModel, FlowRunFilter, Operator, OperatorFilter


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """How a value of a run is held against an operand. `compare` never sees a null (M4)."""

    label: str
    compare: Callable[[Any, Any], bool]
    matches_null: bool = False


ONE_OF = Relation("is one of", lambda value, wanted: value in wanted)
NONE_OF = Relation("is none of", lambda value, unwanted: value not in unwanted)
IS_NULL = Relation("is null", lambda _value, _: False, matches_null=True)
IS_NOT_NULL = Relation("is not null", lambda _value, _: True)
AT_OR_BEFORE = Relation("is at or before", lambda value, instant: value <= instant)
AT_OR_AFTER = Relation("is at or after", lambda value, instant: value >= instant)
HAS_ALL = Relation("has all of", lambda tags, wanted: wanted.issubset(tags))
HAS_ANY = Relation("has any of", lambda tags, wanted: not wanted.isdisjoint(tags))
IS_EMPTY = Relation("is empty", lambda tags, _: not tags)
IS_NOT_EMPTY = Relation("is not empty", lambda tags, _: bool(tags))
LIKE = Relation("contains", lambda name, like: like.matches(name))


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition: a column of a record, a relation, and what it is held against."""

    column: str
    relation: Relation
    operand: Any = None

    __test__ = False  # not a test case, whatever pytest thinks of the name

    def __call__(self, record: object) -> bool:
        value = getattr(record, self.column)
        if value is None:
            return self.relation.matches_null
        return self.relation.compare(value, self.operand)

    def __str__(self) -> str:
        words = f"{self.column} {self.relation.label}"
        return words if self.operand is None else f"{words} {_format_operand(self.operand)}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when every part is; with no parts, of every run."""

    parts: tuple[Predicate, ...]

    def __call__(self, record: object) -> bool:
        return all(part(record) for part in self.parts)

    def __str__(self) -> str:
        return _format_parts(self.parts, " and ") or "every flow run"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when some part is; with no parts, of no run."""

    parts: tuple[Predicate, ...]

    def __call__(self, record: object) -> bool:
        return any(part(record) for part in self.parts)

    def __str__(self) -> str:
        return _format_parts(self.parts, " or ") or "no flow run"


Predicate = Comparison | AllOf | AnyOf
MATCH_ALL = AllOf(())


def _format_parts(parts: tuple[Predicate, ...], word: str) -> str:
    alone = len(parts) == 1
    return word.join(
        str(part) if alone or isinstance(part, Comparison) or not part.parts else f"({part})"
        for part in parts
    )


_MAX_SHOWN_ITEMS = 5  # of a list
_MAX_SHOWN_CHARACTERS = 80  # characters of a text


def _format_operand(operand: object) -> str:
    if isinstance(operand, frozenset):
        more = (
            f", ... {len(operand) - _MAX_SHOWN_ITEMS} more"
            if len(operand) > _MAX_SHOWN_ITEMS
            else ""
        )
        shown = [
            to_single_line(item, _MAX_SHOWN_CHARACTERS)
            for item in nsmallest(_MAX_SHOWN_ITEMS, operand)
        ]
        return f"{{{', '.join(shown)}{more}}}"
    if isinstance(operand, datetime):
        return format_instant(operand)
    return (
        f"'{to_single_line(operand.text, _MAX_SHOWN_CHARACTERS)}'"
        if isinstance(operand, LikePattern)
        else repr(operand)
    )


# What a key of a criterion says: value and dialect -> a test, or None for "no condition" (M2).
ConditionCompiler = Callable[[Any, Dialect], Predicate | None]


def one_of(column: str, relation: Relation = ONE_OF) -> ConditionCompiler:
    return lambda wanted, _dialect: Comparison(column, relation, frozenset(wanted))


def skip_if_empty(column: str, relation: Relation) -> ConditionCompiler:
    return lambda values, _dialect: (
        Comparison(column, relation, frozenset(values)) if values else None
    )


def null_check(
    column: str, when_true: Relation = IS_NULL, when_false: Relation = IS_NOT_NULL
) -> ConditionCompiler:
    return lambda wanted, _dialect: Comparison(column, when_true if wanted else when_false)


def time_bound(column: str, relation: Relation) -> ConditionCompiler:
    return lambda instant, _dialect: Comparison(column, relation, instant)


def like_condition(column: str) -> ConditionCompiler:
    return lambda text, dialect: (
        Comparison(column, LIKE, compile_like(text, dialect)) if text else None
    )


def time_bounds(column: str) -> dict[str, ConditionCompiler]:
    return {
        "before_": time_bound(column, AT_OR_BEFORE),
        "after_": time_bound(column, AT_OR_AFTER),
    }


CONDITIONS: Mapping[str, Mapping[str, ConditionCompiler]] = {
    "id": {"any_": one_of("id"), "not_any_": skip_if_empty("id", NONE_OF)},
    "name": {"any_": one_of("name"), "like_": like_condition("name")},
    "tags": {
        "all_": skip_if_empty("tags", HAS_ALL),
        "any_": one_of("tags", HAS_ANY),
        "is_null_": null_check("tags", IS_EMPTY, IS_NOT_EMPTY),
    },
    "deployment_id": {"any_": one_of("deployment_id"), "is_null_": null_check("deployment_id")},
    "work_queue_name": {
        "any_": one_of("work_queue_name"),
        "is_null_": null_check("work_queue_name"),
    },
    "state.type": {"any_": one_of("state_type"), "not_any_": skip_if_empty("state_type", NONE_OF)},
    "state.name": {"any_": one_of("state_name"), "not_any_": skip_if_empty("state_name", NONE_OF)},
    "flow_version": {"any_": one_of("flow_version")},
    "start_time": time_bounds("start_or_expected_time") | {"is_null_": null_check("start_time")},
    "end_time": time_bounds("end_time") | {"is_null_": null_check("end_time")},
    "expected_start_time": time_bounds("expected_start_time"),
    "next_scheduled_start_time": time_bounds("next_scheduled_start_time"),
    "parent_flow_run_id": {"any_": one_of("parent_flow_run_id")},
    "parent_task_run_id": {
        "any_": one_of("parent_task_run_id"),
        "is_null_": null_check("parent_task_run_id"),
    },
    "idempotency_key": {
        "any_": one_of("idempotency_key"),
        "not_any_": skip_if_empty("idempotency_key", NONE_OF),
    },
    "created_by": {
        "id_": one_of("created_by_id"),
        "type_": one_of("created_by_type"),
        "is_null_": null_check("created_by"),
    },
}

# A run always has these, so a `not_any_` on them leaves out no null.
NEVER_NULL = frozenset({"id", "name", "tags"})


def compile_filter(wanted: FlowRunFilter | None, dialect: Dialect) -> Predicate:
    """The predicate of a filter; None is no filter. Raises nothing: a filter is valid by type."""
    return combine_criteria(wanted, compile_criteria(wanted, dialect))


def compile_criteria(wanted: FlowRunFilter | None, dialect: Dialect) -> dict[str, Predicate]:
    """The criteria that were given and are not null, by name, each as a predicate of its own."""
    return compile_with(CONDITIONS, wanted, dialect)


def compile_with(
    conditions: Mapping[str, Mapping[str, ConditionCompiler]],
    wanted: OperatorFilter | None,
    dialect: Dialect,
) -> dict[str, Predicate]:
    """The criteria of any filter whose keys mean what `conditions` says."""
    compiled: dict[str, Predicate] = {}
    for name, criterion in wanted.given() if wanted else ():
        if name == "state":
            compiled[name] = compile_state(criterion, conditions, dialect)
        elif name != "operator":
            compiled[name] = compile_criterion(conditions[name], criterion, dialect)
    return compiled


def combine_criteria(wanted: OperatorFilter | None, criteria: Mapping[str, Predicate]) -> Predicate:
    """The predicate of a filter from those of its criteria."""
    return combine(wanted.operator if wanted else Operator.and_, list(criteria.values()))


def compile_criterion(
    conditions: Mapping[str, ConditionCompiler], criterion: FilterModel, dialect: Dialect
) -> Predicate:
    """M1 and M3: the conditions given, joined by the criterion's operator, else by and."""
    tests: list[Predicate] = []
    joined_by = Operator.and_
    for key, value in criterion.given():
        if key == "operator":
            joined_by = value
            continue
        test = conditions[key](value, dialect)
        if test is not None:
            tests.append(test)
    return combine(joined_by, tests)


def compile_state(
    state: Any, conditions: Mapping[str, Mapping[str, ConditionCompiler]], dialect: Dialect
) -> Predicate:
    """M3: a type or name without a condition is skipped; `state-both-lists` drops one with two."""
    parts = []
    for key in ("type", "name"):
        lists = getattr(state, key)
        if lists is None or (dialect.state_both_lists and has_both_lists(lists)):
            continue
        part = compile_criterion(conditions[f"state.{key}"], lists, dialect)
        if part != MATCH_ALL:
            parts.append(part)
    return combine(state.operator, parts)


def has_both_lists(lists: Any) -> bool:
    """What the deviation `state-both-lists` is about: `any_` not null and `not_any_` not empty."""
    return lists.any_ is not None and bool(getattr(lists, "not_any_", None))


def combine(operator: Operator, parts: list[Predicate]) -> Predicate:
    """Join by and/or. Nothing to join is every run, whatever the operator (M2a, M3)."""
    if len(parts) == 1:
        return parts[0]
    if not parts or operator is Operator.and_:
        return AllOf(tuple(parts))
    return AnyOf(tuple(parts))


def has_condition(predicate: Predicate) -> bool:
    """Whether any condition is left in it."""
    return isinstance(predicate, Comparison) or any(has_condition(part) for part in predicate.parts)


def admit_nulls(predicate: Predicate) -> Predicate:
    """The same, but satisfied by a null where a `not_any_` is not (for `null-values-skipped`)."""
    if isinstance(predicate, Comparison):
        if predicate.relation is NONE_OF and predicate.column not in NEVER_NULL:
            return AnyOf((predicate, Comparison(predicate.column, IS_NULL)))
        return predicate
    parts = tuple(admit_nulls(part) for part in predicate.parts)
    return predicate if parts == predicate.parts else type(predicate)(parts)
