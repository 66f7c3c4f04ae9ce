"""Task runs are told of by events: a client runs them itself and reports each state.

As Prefect's task run recorder: an event about a task run that the client orchestrates puts the
task run into the state that the event tells, unless it is in a later one. Other events are taken
and come to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from ..errors import InvalidRequest
from ..prefect import TaskRun
from ..seeds import COLLECTIONS, build_record
from .context import Context
from .create import find_task_run_by_keys

_TASK_RUN_PREFIX = "prefect.task-run."
_FLOW_RUN_PREFIX = "prefect.flow-run."
_TASK_RUN_FIELDS = COLLECTIONS["task_runs"]


def record_event(context: Context, event: Any) -> TaskRun | None:
    """Take in an event; returns the task run that it was about, None where it was about none.

    Raises InvalidRequest for what is no event.
    """
    try:
        return _apply_event(context, event)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        problem = {"type": "event", "loc": ("event",), "msg": f"not an event: {error!r}"}
        raise InvalidRequest([problem], None) from None


def _apply_event(context: Context, event: Any) -> TaskRun | None:
    resource, kind = event["resource"], event["event"]
    about: str = resource["prefect.resource.id"]
    if not kind.startswith("prefect.task-run") or not about.startswith(_TASK_RUN_PREFIX):
        return None
    if resource.get("prefect.orchestration") != "client":
        return None
    payload = event["payload"]
    told = payload["task_run"]
    owner = _related_flow_run_id(event)
    if owner is not None and owner not in context.store:
        return None  # deleted meanwhile: there is nothing that the task run could belong to
    values = _parse_fields(
        context,
        {
            **{key: value for key, value in told.items() if key in _TASK_RUN_FIELDS},
            "id": about.removeprefix(_TASK_RUN_PREFIX),
            "flow_run_id": owner,
            "state": {
                **payload["validated_state"],
                "id": event["id"],
                "timestamp": event["occurred"],
            },
        },
    )
    return _upsert_task_run(
        context, cast(TaskRun, build_record("task_runs", values)), {"state", *told}
    )


def _related_flow_run_id(event: Mapping[str, Any]) -> str | None:
    for related in event.get("related", ()):
        if related.get("prefect.resource.role") == "flow-run":
            return str(related["prefect.resource.id"]).removeprefix(_FLOW_RUN_PREFIX)
    return None


def _parse_fields(context: Context, record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _TASK_RUN_FIELDS[key].read(value, context.now) for key, value in record.items()}


def _upsert_task_run(context: Context, made: TaskRun, told: set[str]) -> TaskRun:
    """Put it in the place of the one that it is, with what the event did not tell of it."""
    store = context.store
    known = find_task_run_by_keys(context, made.flow_run_id, made.task_key, made.dynamic_key)
    if made.flow_run_id is None or known is None:
        known = store.task_runs.get(made.id)
    if known is None:
        owner = store.get(made.flow_run_id) if made.flow_run_id else None
        labels = made.labels or (owner.labels if owner else {})
        made = replace(made, created=context.now, updated=context.now, labels=labels)
    elif _is_out_of_date(known, made):
        return known
    else:
        fields = made.__dataclass_fields__.keys() & told
        changes = {key: getattr(made, key) for key in fields}
        made = replace(known, **changes, updated=context.now)
    store.task_runs.put(made)
    return made


def _is_out_of_date(known: TaskRun, made: TaskRun) -> bool:
    before = known.state.timestamp if known.state else None
    now = made.state.timestamp if made.state else None
    return before is not None and now is not None and before >= now
