"""What a filter means: filter + dialect -> predicate. The one file that knows (M1-M9).

A predicate is a value: a tree of `Test`, `AllOf` and `AnyOf` that can be called with a flow run
(or another record that has the columns), compared, planned and printed as its sentence.
`AllOf(())` is every run, `AnyOf(())` none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import Any

from ..errors import in_a_line
from ..prefect import Dialect, format_instant
from .like import Like, compile_like
from .models import FilterModel, FlowRunFilter, Operator, OperatorFilter


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """How a value of a run is held against an operand. `holds` never sees a null (M4)."""

    words: str
    holds: Callable[[Any, Any], bool]
    of_null: bool = False


ONE_OF = Relation("is one of", lambda value, wanted: value in wanted)
NONE_OF = Relation("is none of", lambda value, unwanted: value not in unwanted)
IS_NULL = Relation("is null", lambda _value, _: False, of_null=True)
IS_NOT_NULL = Relation("is not null", lambda _value, _: True)
AT_OR_BEFORE = Relation("is at or before", lambda value, instant: value <= instant)
AT_OR_AFTER = Relation("is at or after", lambda value, instant: value >= instant)
HAS_ALL = Relation("has all of", lambda tags, wanted: wanted.issubset(tags))
HAS_ANY = Relation("has any of", lambda tags, wanted: not wanted.isdisjoint(tags))
IS_EMPTY = Relation("is empty", lambda tags, _: not tags)
IS_NOT_EMPTY = Relation("is not empty", lambda tags, _: bool(tags))
LIKE = Relation("contains", lambda name, like: like.matches(name))


@dataclass(frozen=True, slots=True)
class Test:
    """One condition: a column of a record, a relation, and what it is held against."""

    column: str
    relation: Relation
    operand: Any = None

    __test__ = False  # not a test case, whatever pytest thinks of the name

    def __call__(self, record: object) -> bool:
        value = getattr(record, self.column)
        if value is None:
            return self.relation.of_null
        return self.relation.holds(value, self.operand)

    def __str__(self) -> str:
        words = f"{self.column} {self.relation.words}"
        return words if self.operand is None else f"{words} {_operand_words(self.operand)}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when every part is; with no parts, of every run."""

    parts: tuple[Predicate, ...]

    def __call__(self, record: object) -> bool:
        return all(part(record) for part in self.parts)

    def __str__(self) -> str:
        return _joined(self.parts, " and ") or "every flow run"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when some part is; with no parts, of no run."""

    parts: tuple[Predicate, ...]

    def __call__(self, record: object) -> bool:
        return any(part(record) for part in self.parts)

    def __str__(self) -> str:
        return _joined(self.parts, " or ") or "no flow run"


Predicate = Test | AllOf | AnyOf
EVERY = AllOf(())


def _joined(parts: tuple[Predicate, ...], word: str) -> str:
    alone = len(parts) == 1
    return word.join(
        str(part) if alone or isinstance(part, Test) or not part.parts else f"({part})"
        for part in parts
    )


_SHOWN = 5  # of a list
_LONGEST = 80  # characters of a text


def _operand_words(operand: object) -> str:
    if isinstance(operand, frozenset):
        more = f", ... {len(operand) - _SHOWN} more" if len(operand) > _SHOWN else ""
        shown = [in_a_line(item, _LONGEST) for item in nsmallest(_SHOWN, operand)]
        return f"{{{', '.join(shown)}{more}}}"
    if isinstance(operand, datetime):
        return format_instant(operand)
    return f"'{in_a_line(operand.text, _LONGEST)}'" if isinstance(operand, Like) else repr(operand)


# What a key of a criterion says: value and dialect -> a test, or None for "no condition" (M2).
Condition = Callable[[Any, Dialect], Predicate | None]


def any_of(column: str, relation: Relation = ONE_OF) -> Condition:
    return lambda wanted, _dialect: Test(column, relation, frozenset(wanted))


def unless_empty(column: str, relation: Relation) -> Condition:
    return lambda values, _dialect: Test(column, relation, frozenset(values)) if values else None


def nullness(
    column: str, when_true: Relation = IS_NULL, when_false: Relation = IS_NOT_NULL
) -> Condition:
    return lambda wanted, _dialect: Test(column, when_true if wanted else when_false)


def instant_of(column: str, relation: Relation) -> Condition:
    return lambda instant, _dialect: Test(column, relation, instant)


def like(column: str) -> Condition:
    return lambda text, dialect: Test(column, LIKE, compile_like(text, dialect)) if text else None


def times(column: str) -> dict[str, Condition]:
    return {
        "before_": instant_of(column, AT_OR_BEFORE),
        "after_": instant_of(column, AT_OR_AFTER),
    }


CONDITIONS: Mapping[str, Mapping[str, Condition]] = {
    "id": {"any_": any_of("id"), "not_any_": unless_empty("id", NONE_OF)},
    "name": {"any_": any_of("name"), "like_": like("name")},
    "tags": {
        "all_": unless_empty("tags", HAS_ALL),
        "any_": any_of("tags", HAS_ANY),
        "is_null_": nullness("tags", IS_EMPTY, IS_NOT_EMPTY),
    },
    "deployment_id": {"any_": any_of("deployment_id"), "is_null_": nullness("deployment_id")},
    "work_queue_name": {"any_": any_of("work_queue_name"), "is_null_": nullness("work_queue_name")},
    "state.type": {"any_": any_of("state_type"), "not_any_": unless_empty("state_type", NONE_OF)},
    "state.name": {"any_": any_of("state_name"), "not_any_": unless_empty("state_name", NONE_OF)},
    "flow_version": {"any_": any_of("flow_version")},
    "start_time": times("start_or_expected_time") | {"is_null_": nullness("start_time")},
    "end_time": times("end_time") | {"is_null_": nullness("end_time")},
    "expected_start_time": times("expected_start_time"),
    "next_scheduled_start_time": times("next_scheduled_start_time"),
    "parent_flow_run_id": {"any_": any_of("parent_flow_run_id")},
    "parent_task_run_id": {
        "any_": any_of("parent_task_run_id"),
        "is_null_": nullness("parent_task_run_id"),
    },
    "idempotency_key": {
        "any_": any_of("idempotency_key"),
        "not_any_": unless_empty("idempotency_key", NONE_OF),
    },
    "created_by": {
        "id_": any_of("created_by_id"),
        "type_": any_of("created_by_type"),
        "is_null_": nullness("created_by"),
    },
}

# A run always has these, so a `not_any_` on them leaves out no null.
NEVER_NULL = frozenset({"id", "name", "tags"})


def compile_filter(wanted: FlowRunFilter | None, dialect: Dialect) -> Predicate:
    """The predicate of a filter; None is no filter. Raises nothing: a filter is valid by type."""
    return join_criteria(wanted, compile_criteria(wanted, dialect))


def compile_criteria(wanted: FlowRunFilter | None, dialect: Dialect) -> dict[str, Predicate]:
    """The criteria that were given and are not null, by name, each as a predicate of its own."""
    return compile_by(CONDITIONS, wanted, dialect)


def compile_by(
    conditions: Mapping[str, Mapping[str, Condition]],
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


def join_criteria(wanted: OperatorFilter | None, criteria: Mapping[str, Predicate]) -> Predicate:
    """The predicate of a filter from those of its criteria."""
    return join(wanted.operator if wanted else Operator.and_, list(criteria.values()))


def compile_criterion(
    conditions: Mapping[str, Condition], criterion: FilterModel, dialect: Dialect
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
    return join(joined_by, tests)


def compile_state(
    state: Any, conditions: Mapping[str, Mapping[str, Condition]], dialect: Dialect
) -> Predicate:
    """M3: a type or name without a condition is skipped; `state-both-lists` drops one with two."""
    parts = []
    for key in ("type", "name"):
        lists = getattr(state, key)
        if lists is None or (dialect.state_both_lists and has_both_lists(lists)):
            continue
        part = compile_criterion(conditions[f"state.{key}"], lists, dialect)
        if part != EVERY:
            parts.append(part)
    return join(state.operator, parts)


def has_both_lists(lists: Any) -> bool:
    """What the deviation `state-both-lists` is about: `any_` not null and `not_any_` not empty."""
    return lists.any_ is not None and bool(getattr(lists, "not_any_", None))


def join(operator: Operator, parts: list[Predicate]) -> Predicate:
    """Join by and/or. Nothing to join is every run, whatever the operator (M2a, M3)."""
    if len(parts) == 1:
        return parts[0]
    if not parts or operator is Operator.and_:
        return AllOf(tuple(parts))
    return AnyOf(tuple(parts))


def has_condition(predicate: Predicate) -> bool:
    """Whether any condition is left in it."""
    return isinstance(predicate, Test) or any(has_condition(part) for part in predicate.parts)


def admit_nulls(predicate: Predicate) -> Predicate:
    """The same, but satisfied by a null where a `not_any_` is not (for `null-values-skipped`)."""
    if isinstance(predicate, Test):
        if predicate.relation is NONE_OF and predicate.column not in NEVER_NULL:
            return AnyOf((predicate, Test(predicate.column, IS_NULL)))
        return predicate
    parts = tuple(admit_nulls(part) for part in predicate.parts)
    return predicate if parts == predicate.parts else type(predicate)(parts)
