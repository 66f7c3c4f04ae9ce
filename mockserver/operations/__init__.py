"""Operations: what each endpoint of the API does to a store, without HTTP.

Comes in: a `Context` (store, dialect, clock) and a request model. Goes out: an `Outcome` with the
value of the reply and the warnings. The folder `endpoints` says which method and path each one
answers. A bulk delete returns a `Deletion` instead.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .context import Context, Outcome
from .delete import bulk_delete, plan_bulk_delete
from .deletion import Deletion, Plan, sort_warnings

if TYPE_CHECKING:
    from .create import CONFLICT
    from .object_queries import Conditions, Matches, match_objects, page_of_objects
    from .related_filters import (
        FilterSet,
        compile_criteria_of,
        filter_set_from,
        flow_runs_predicate,
    )
    from .replies import flow_run_reply
    from .task_run_events import record_event

__getattr__ = lazy_exports(
    __name__,
    {
        "create": ("CONFLICT",),
        "object_queries": ("Conditions", "Matches", "match_objects", "page_of_objects"),
        "related_filters": (
            "FilterSet",
            "compile_criteria_of",
            "filter_set_from",
            "flow_runs_predicate",
        ),
        "replies": ("flow_run_reply",),
        "task_run_events": ("record_event",),
    },
)
