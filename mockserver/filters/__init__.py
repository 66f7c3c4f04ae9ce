"""Filters: which keys they have, and which records they match.

Comes in: a filter in JSON, and a dialect. Goes out: a `FlowRunFilter` (a pydantic model), the
`Predicate` that it compiles to, the ids of the warnings about it, and whether a real server's
database would run the query. Filters on related records (flows, task runs, ...) are built of the
same parts.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
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
from .field_types import (
    AS_DOCUMENTED,
    FAIL_FAST,
    Instant,
    InstantOrWallTime,
    InstantWithOffset,
    JsonInteger,
    JsonNumber,
    NameOrNull,
    TextAsBytes,
    Texts,
    UniqueTexts,
    Uuid,
    Uuids,
    json_integer,
    json_number,
    strict_union,
    without_fail_fast,
)
from .filter_paths import Path, without_value
from .like import LikePattern, compile_like, compile_prefix, normalize_names
from .models import FilterModel, FlowRunFilter, Operator, OperatorFilter
from .plain_filters import NotPlain, compile_plain
from .predicates import (
    CONDITIONS,
    ConditionCompiler,
    admit_nulls,
    combine,
    combine_criteria,
    compile_criteria,
    compile_filter,
    compile_with,
    like_condition,
    null_check,
    one_of,
    skip_if_empty,
    time_bound,
)
from .query_size import (
    QueryRejection,
    QuerySize,
    find_rejection,
    has_surrogate,
    measure_query,
    reject_query,
)
from .warnings import filter_warnings

if TYPE_CHECKING:
    from .related_models import (
        DeploymentFilter,
        FlowFilter,
        OlderTaskRunFilter,
        TaskRunFilter,
        WorkPoolFilter,
        WorkQueueFilter,
    )

# Imported late (PEP 562): bulk_delete needs none of these. Together with all else that only other
# endpoints need, this saved 60 ms from start to the first reply when it was introduced.
__getattr__ = lazy_exports(
    __name__,
    {
        "related_models": (
            "DeploymentFilter",
            "FlowFilter",
            "OlderTaskRunFilter",
            "TaskRunFilter",
            "WorkPoolFilter",
            "WorkQueueFilter",
        ),
    },
)
