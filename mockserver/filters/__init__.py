"""Filters: which keys they have, and what they mean.

Comes in: JSON values and a dialect. Goes out: a `FlowRunFilter` (pydantic) and the `Predicate` that
it compiles to, the warnings that it earns, and what a real server's database would not run.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .field_types import (
    AS_DOCUMENTED,
    EachOnce,
    Instant,
    InstantAsGiven,
    Name,
    Number,
    Texts,
    Uuid,
    Whole,
    either,
    number,
    telling_all,
    whole,
)
from .like import Like, compile_prefix
from .models import FlowRunFilter, Operator, OperatorFilter
from .predicates import (
    AT_OR_AFTER,
    AT_OR_BEFORE,
    CONDITIONS,
    EVERY,
    HAS_ALL,
    HAS_ANY,
    IS_EMPTY,
    IS_NOT_EMPTY,
    IS_NOT_NULL,
    IS_NULL,
    LIKE,
    NONE_OF,
    ONE_OF,
    AllOf,
    AnyOf,
    Condition,
    Predicate,
    Relation,
    Test,
    admit_nulls,
    any_of,
    compile_by,
    compile_criteria,
    compile_filter,
    instant_of,
    join,
    join_criteria,
    like,
    nullness,
    unless_empty,
)
from .warnings import Load, Overload, load_of, of_filter, overload_of, refuse_overload

if TYPE_CHECKING:
    from .related_models import (
        DeploymentFilter,
        FlowFilter,
        TaskRunFilter,
        WorkPoolFilter,
        WorkQueueFilter,
    )

__getattr__ = lazy_exports(
    __name__,
    {
        "related_models": (
            "DeploymentFilter",
            "FlowFilter",
            "TaskRunFilter",
            "WorkPoolFilter",
            "WorkQueueFilter",
        ),
    },
)
