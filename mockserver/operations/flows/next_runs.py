"""The next scheduled run of each flow."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ...errors import TooLarge
from ...filters import AT_OR_BEFORE, ONE_OF, AllOf, Comparison
from ...prefect import FlowRun, StateType
from ...requests import MAX_COUNTED, FlowIdsRequest
from .. import Context, Outcome, sort_by

_SCHEDULED = Comparison("state_type", ONE_OF, frozenset({StateType.SCHEDULED}))
_HAS_TIME = Comparison("next_scheduled_start_time", AT_OR_BEFORE, datetime.max.replace(tzinfo=UTC))


def read_next_runs(context: Context, body: FlowIdsRequest) -> Outcome:
    """The scheduled run of each flow that is due first, by the flow's id; None for no such run.

    Raises TooLarge for more flows than the newest release takes.
    """
    flow_ids = dict.fromkeys(body.flow_ids)
    if len(flow_ids) > MAX_COUNTED:
        raise TooLarge(f"mockserver looks for the next runs of at most {MAX_COUNTED} flows")
    return Outcome({flow_id: _next_run(context, flow_id) for flow_id in flow_ids})


def _next_run(context: Context, flow_id: str) -> dict[str, Any] | None:
    of_flow = Comparison("flow_id", ONE_OF, frozenset({flow_id}))
    order = sort_by(context, "NEXT_SCHEDULED_START_TIME_ASC")
    found = context.store.page(AllOf((of_flow, _SCHEDULED, _HAS_TIME)), order, 0, 1)
    return _reply(found[0]) if found else None


def _reply(run: FlowRun) -> dict[str, Any]:
    """A run as the schema SimpleNextFlowRun has it."""
    return {
        "id": run.id,
        "flow_id": run.flow_id,
        "name": run.name,
        "state_name": run.state_name,
        "state_type": run.state_type,
        "next_scheduled_start_time": run.next_scheduled_start_time,
    }
