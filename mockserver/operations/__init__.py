"""Operations: what each endpoint of the API does to a store, without HTTP.

Comes in: a `Context` (store, dialect, clock) and a request model. Goes out: an `Outcome` with the
value of the reply and the warnings. The folder `endpoints` says which method and path each one
answers. A bulk delete returns a `Deletion` instead.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .context import Context, Outcome, TextReply, require_flow_run
from .delete import (
    bulk_delete,
    delete_flows,
    delete_matching,
    delete_planned,
    plan_bulk_delete,
    refuse_rejected,
)
from .deletion import Deletion, Plan, sort_warnings

if TYPE_CHECKING:
    from .create import CONFLICT, find_task_run_by_keys, insert_flow_run
    from .entered_states import find_collection, keep_result, put_artifact, set_latest
    from .object_queries import Conditions, Matches, cut_page, match_objects, page_of_objects
    from .queries import check_offset, compile_body_filters, sort_by, sort_page
    from .related_filters import (
        FilterSet,
        compile_criteria_of,
        deployments_predicate,
        filter_set_from,
        flow_runs_predicate,
        flows_predicate,
        task_runs_predicate,
    )
    from .replies import (
        complete_state,
        deployment_reply,
        estimated_run_time,
        flow_reply,
        flow_run_reply,
        state_reply,
        task_run_reply,
        task_state_reply,
    )
    from .set_state import (
        aborted,
        check_state,
        drop_inputs,
        new_state,
        propose_state,
        put_task_run,
        save_transition,
        transition_reply,
    )
    from .slots import (
        MAX_LEASES,
        delete_limits,
        give_back,
        keep_lease,
        put_limits,
        release,
        release_expired,
        try_to_take,
    )

__getattr__ = lazy_exports(
    __name__,
    {
        "create": ("CONFLICT", "find_task_run_by_keys", "insert_flow_run"),
        "entered_states": ("find_collection", "keep_result", "put_artifact", "set_latest"),
        "object_queries": ("Conditions", "Matches", "cut_page", "match_objects", "page_of_objects"),
        "queries": ("check_offset", "compile_body_filters", "sort_by", "sort_page"),
        "related_filters": (
            "FilterSet",
            "compile_criteria_of",
            "deployments_predicate",
            "filter_set_from",
            "flow_runs_predicate",
            "flows_predicate",
            "task_runs_predicate",
        ),
        "replies": (
            "complete_state",
            "deployment_reply",
            "estimated_run_time",
            "flow_reply",
            "flow_run_reply",
            "state_reply",
            "task_run_reply",
            "task_state_reply",
        ),
        "set_state": (
            "aborted",
            "check_state",
            "drop_inputs",
            "new_state",
            "propose_state",
            "put_task_run",
            "save_transition",
            "transition_reply",
        ),
        "slots": (
            "MAX_LEASES",
            "delete_limits",
            "give_back",
            "keep_lease",
            "put_limits",
            "release",
            "release_expired",
            "try_to_take",
        ),
    },
)
