"""What a filter means: a filter and a dialect compile to a predicate.

A predicate is a tree of `comparisons`: a value that can be called and printed.

These rules hold in every dialect, as measured on Prefect 3.6.16 to 3.9.1; other files cite them by
number. Where a release deviates, a field of the dialect says so.

- M1: a criterion's conditions are combined by its `operator` if it has one, else by and; criteria
  by the filter's `operator`.
- M2: an absent or null condition is no condition, and neither is an empty `not_any_`, `all_` or
  `like_` (up to 3.6.22 it is one that every run satisfies: `empty-list-condition`). An empty
  `any_`, `id_` or `type_` matches nothing. M2a: a filter without a criterion matches every run,
  whatever its operator.
- M3: a criterion without a condition matches every run, also under `or_`; but in `state`, a `type`
  or `name` without a condition is skipped.
- M4: a null satisfies none of `any_`, `not_any_`, `like_`, `before_`, `after_`; only
  `is_null_: true` finds it. `created_by.is_null_` is about the whole object.
- M5: `tags`: `all_` is a superset, `any_` an intersection, `is_null_: true` no tags. Texts compare
  exactly, except by `like_`.
- M6: `before_` and `after_` are inclusive, to the microsecond.
- M7: `start_time.before_` and `after_` compare the expected start where there is no start time;
  `start_time.is_null_` is about the start time only.
- M8: `parent_flow_run_id` is the flow run of the task run that `parent_task_run_id` names.
- M9: uuids compare by value, whatever the case of their letters.
- M10: of the runs that match, those with the highest ids are taken, up to the limit.
- M11: a delete removes the task runs of a deleted run, too; runs that had one of these as their
  parent stay and lose the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..prefect import Dialect
from .comparisons import (
    AT_OR_AFTER,
    AT_OR_BEFORE,
    HAS_ALL,
    HAS_ANY,
    IS_EMPTY,
    IS_NOT_EMPTY,
    IS_NOT_NULL,
    IS_NULL,
    LIKE,
    MATCH_ALL,
    NONE_OF,
    ONE_OF,
    AllOf,
    AnyOf,
    Comparison,
    Predicate,
    Relation,
)
from .like import compile_like
from .models import FilterModel, FlowRunFilter, Operator, OperatorFilter

ConditionCompiler = Callable[[Any, Dialect], Predicate | None]
"""What a key of a criterion means: from its value to a predicate, or None for no condition (M2)."""


def one_of(column: str, relation: Relation = ONE_OF) -> ConditionCompiler:
    """For a key such as `any_`: an empty list matches nothing."""
    return lambda values, _dialect: Comparison(column, relation, frozenset(values))


def skip_if_empty(column: str, relation: Relation) -> ConditionCompiler:
    """For a key such as `not_any_`: an empty list is no condition (M2)."""
    return lambda values, dialect: (
        Comparison(column, relation, frozenset(values)) if values else _if_empty(dialect)
    )


def _if_empty(dialect: Dialect) -> Predicate | None:
    """What an empty `not_any_`, `all_` or `like_` is: satisfied by every run, or no condition."""
    return MATCH_ALL if dialect.empty_list_condition else None


def null_check(
    column: str, when_true: Relation = IS_NULL, when_false: Relation = IS_NOT_NULL
) -> ConditionCompiler:
    """For `is_null_`: a relation for true, and one for false."""
    return lambda value, _dialect: Comparison(column, when_true if value else when_false)


def time_bound(column: str, relation: Relation) -> ConditionCompiler:
    """For `before_` or `after_`."""
    return lambda instant, _dialect: Comparison(column, relation, instant)


def like_condition(column: str) -> ConditionCompiler:
    """For `like_`: an empty text is no condition."""
    return lambda text, dialect: (
        Comparison(column, LIKE, compile_like(text, dialect)) if text else _if_empty(dialect)
    )


def time_bounds(column: str) -> dict[str, ConditionCompiler]:
    """For both `before_` and `after_`."""
    return {
        "before_": time_bound(column, AT_OR_BEFORE),
        "after_": time_bound(column, AT_OR_AFTER),
    }


# Prefect (schemas/filters.py) tests any_ for null, but not_any_, all_ and like_ for truth: that is
# M2. Up to 3.6.22 it tested all of them for null (`empty-list-condition`).
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
    # Prefect: FlowRunFilterStartTime, coalesce of both times (M7).
    "start_time": time_bounds("start_or_expected_time") | {"is_null_": null_check("start_time")},
    "end_time": time_bounds("end_time") | {"is_null_": null_check("end_time")},
    "expected_start_time": time_bounds("expected_start_time"),
    "next_scheduled_start_time": time_bounds("next_scheduled_start_time"),
    # Prefect joins the task runs; here the record has the answer (M8).
    "parent_flow_run_id": {"any_": one_of("parent_flow_run_id")},
    "parent_task_run_id": {
        "any_": one_of("parent_task_run_id"),
        "is_null_": null_check("parent_task_run_id"),
    },
    "idempotency_key": {
        "any_": one_of("idempotency_key"),
        "not_any_": skip_if_empty("idempotency_key", NONE_OF),
    },
    # Prefect compares texts taken out of a JSON column; is_null_ is about the column (M4).
    "created_by": {
        "id_": one_of("created_by_id"),
        "type_": one_of("created_by_type"),
        "is_null_": null_check("created_by"),
    },
}

# A run always has these, so that a `not_any_` on them never skips a null.
NEVER_NULL = frozenset({"id", "name", "tags"})


def compile_filter(filter_: FlowRunFilter | None, dialect: Dialect) -> Predicate:
    """Return the predicate of a filter; None, like an empty filter, matches every run."""
    return combine_criteria(filter_, compile_criteria(filter_, dialect))


def compile_criteria(filter_: FlowRunFilter | None, dialect: Dialect) -> dict[str, Predicate]:
    """Return each criterion of a filter that is not null as a predicate, by its name."""
    return compile_with(CONDITIONS, filter_, dialect)


def compile_with(
    conditions: Mapping[str, Mapping[str, ConditionCompiler]],
    filter_: FilterModel | None,
    dialect: Dialect,
) -> dict[str, Predicate]:
    """Return the criteria of a filter on any kind of record as predicates, by name.

    `conditions` says for each criterion what its keys mean.
    """
    compiled: dict[str, Predicate] = {}
    for name, criterion in filter_.given() if filter_ else ():
        if name == "state":
            compiled[name] = compile_state(criterion, conditions, dialect)
        elif name != "operator":
            compiled[name] = compile_criterion(conditions[name], criterion, dialect)
    return compiled


def combine_criteria(
    filter_: OperatorFilter | None, criteria: Mapping[str, Predicate]
) -> Predicate:
    """Return the predicate of a filter from the predicates of its criteria."""
    return combine(filter_.operator if filter_ else Operator.and_, list(criteria.values()))


def compile_criterion(
    conditions: Mapping[str, ConditionCompiler], criterion: FilterModel, dialect: Dialect
) -> Predicate:
    """Combine a criterion's conditions by its operator, or by and without one (M1, M3)."""
    parts: list[Predicate] = []
    operator = Operator.and_
    for key, value in criterion.given():
        if key == "operator":
            operator = value
            continue
        part = conditions[key](value, dialect)
        if part is not None:
            parts.append(part)
    return _combine_conditions(operator, parts, dialect)


def _combine_conditions(operator: Operator, parts: list[Predicate], dialect: Dialect) -> Predicate:
    """Combine conditions, of which some may be satisfied by every run (`empty-list-condition`)."""
    if dialect.empty_list_condition and MATCH_ALL in parts:
        if operator is Operator.or_:
            return MATCH_ALL
        parts = [part for part in parts if part != MATCH_ALL]
    return combine(operator, parts)


class StateCriterion(Protocol):
    """The criterion `state` of a filter on flow runs or task runs."""

    type: Any
    name: Any
    operator: Operator


def compile_state(
    state: StateCriterion,
    conditions: Mapping[str, Mapping[str, ConditionCompiler]],
    dialect: Dialect,
) -> Predicate:
    """Combine the type and the name of a state; one without a condition is skipped (M3).

    In a dialect with the deviation `state-both-lists`, so is one with two lists. With the deviation
    `empty-list-condition`, one that holds only an empty list is not skipped.
    """
    # Prefect: FlowRunFilterState keeps a part only if its SQL is a single BinaryExpression. true(),
    # for no condition, is none (M3), and neither are two conditions (`state-both-lists`).
    parts = []
    for key in ("type", "name"):
        lists = getattr(state, key)
        if lists is None or drops_both_lists(lists, dialect):
            continue
        part = compile_criterion(conditions[f"state.{key}"], lists, dialect)
        if part != MATCH_ALL or (dialect.empty_list_condition and any(lists.given())):
            parts.append(part)
    return _combine_conditions(state.operator, parts, dialect)


def has_both_lists(lists: Any) -> bool:
    """Whether `state-both-lists` is about it: `any_` is not null and `not_any_` not empty."""
    # The states of task runs have no not_any_ (Prefect: TaskRunFilterStateType).
    return lists.any_ is not None and bool(getattr(lists, "not_any_", None))


def drops_both_lists(lists: Any, dialect: Dialect) -> bool:
    """Whether a server drops a state's type or name because it has two lists."""
    if not dialect.state_both_lists or lists.any_ is None:
        return False
    not_any = getattr(lists, "not_any_", None)
    return not_any is not None if dialect.empty_list_condition else bool(not_any)


def combine(operator: Operator, parts: list[Predicate]) -> Predicate:
    """Combine by and or by or. Without parts every run matches, whatever the operator (M2a)."""
    # Prefect: PrefectFilterBaseModel.as_sql_filter is true() without conditions, under or_ as well.
    if len(parts) == 1:
        return parts[0]
    if not parts or operator is Operator.and_:
        return AllOf(tuple(parts))
    return AnyOf(tuple(parts))


def admit_nulls(predicate: Predicate) -> Predicate:
    """Return the predicate with `not_any_` satisfied by nulls (for `null-values-skipped`)."""
    if isinstance(predicate, Comparison):
        if predicate.relation is NONE_OF and predicate.column not in NEVER_NULL:
            return AnyOf((predicate, Comparison(predicate.column, IS_NULL)))
        return predicate
    parts = tuple([admit_nulls(part) for part in predicate.parts])
    return predicate if parts == predicate.parts else type(predicate)(parts)
