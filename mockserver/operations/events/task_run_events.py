"""Recording task runs from events: a client runs tasks itself and reports each state.

As Prefect's task run recorder does (prefect/server/services/task_run_recorder.py): an event about
a task run that the client orchestrates puts the task run into the state of the event, unless it
is already in a later one. Other events change no task run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from ...errors import InvalidRequest
from ...filters import ONE_OF, Comparison
from ...prefect import TaskRun
from ...seeds import COLLECTIONS, build_record
from .. import Context, find_task_run_by_keys, put_task_run

_TASK_RUN_PREFIX = "prefect.task-run."
_FLOW_RUN_PREFIX = "prefect.flow-run."
_TASK_RUN_FIELDS = COLLECTIONS["task_runs"]


def record_event(context: Context, event: Any) -> TaskRun | None:
    """Record the state that an event reports; returns the task run, or None for other events.

    `event` is a JSON value. Raises InvalidRequest where it is not an event.
    """
    try:
        return _apply_event(context, event)
    # OverflowError: an infinite number where a whole one belongs. RecursionError: too deep.
    except (
        ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError
    ) as error:  # fmt: skip
        problem = {"type": "event", "loc": ("event",), "msg": f"not an event: {error!r}"}
        raise InvalidRequest([problem], None) from None


def _apply_event(context: Context, event: Any) -> TaskRun | None:
    resource, kind = event["resource"], event["event"]
    resource_id: str = resource["prefect.resource.id"]
    if not kind.startswith("prefect.task-run") or not resource_id.startswith(_TASK_RUN_PREFIX):
        return None
    # Prefect's recorder passes over the same events (services/task_run_recorder.py).
    if resource.get("prefect.orchestration") != "client":
        return None
    payload = event["payload"]
    reported = payload["task_run"]
    flow_run_id = _related_flow_run_id(event)
    if flow_run_id is not None and flow_run_id not in context.store:
        return None  # its flow run was deleted meanwhile
    values = _parse_fields(
        context,
        {
            **{key: value for key, value in reported.items() if key in _TASK_RUN_FIELDS},
            "id": resource_id.removeprefix(_TASK_RUN_PREFIX),
            "flow_run_id": flow_run_id,
            "state": {
                **payload["validated_state"],
                # Prefect: task_run_from_event. The event's id and time are those of the state.
                "id": event["id"],
                "timestamp": event["occurred"],
            },
        },
    )
    task_run = cast(TaskRun, build_record("task_runs", values))
    # An event always says whose the task run is, even if it is no flow run's.
    return _upsert_task_run(context, task_run, {"state", "flow_run_id", *reported})


def _related_flow_run_id(event: Mapping[str, Any]) -> str | None:
    for related in event.get("related", ()):
        if related.get("prefect.resource.role") == "flow-run":
            return str(related["prefect.resource.id"]).removeprefix(_FLOW_RUN_PREFIX)
    return None


def _parse_fields(context: Context, record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _TASK_RUN_FIELDS[key].read(value, context.now) for key, value in record.items()}


def _upsert_task_run(context: Context, reported: TaskRun, reported_fields: set[str]) -> TaskRun:
    """Add a task run, or change the reported fields of the one with its keys or its id."""
    store = context.store
    # As the recorder's ON CONFLICT: the keys within a flow run, or else the id. Before it looked
    # for keys, their unique index refused the event, and it was dropped.
    existing = find_task_run_by_keys(
        context, reported.flow_run_id, reported.task_key, reported.dynamic_key
    )
    if reported.flow_run_id is None or existing is None:
        existing = store.task_runs.get(reported.id)
    elif existing.id != reported.id and not context.dialect.task_run_found_by_keys:
        return existing
    if existing is None:
        # Without the labels of its flow run, which a task run that is created over HTTP inherits.
        task_run = replace(reported, created=context.now, updated=context.now)
    elif _is_out_of_date(existing, reported):
        _remember_late_state(context, existing, reported)
        return existing
    else:
        fields = reported.__dataclass_fields__.keys() & reported_fields
        changes = {key: getattr(reported, key) for key in fields}
        task_run = replace(existing, **changes, updated=context.now)
    put_task_run(store, task_run)
    if existing is not None and existing.flow_run_id != task_run.flow_run_id:
        _move_subflows(context, task_run)
    return task_run


def _remember_late_state(context: Context, existing: TaskRun, reported: TaskRun) -> None:
    """Keep the state of an event that came too late: the recorder keeps all, each id once."""
    state, states = reported.state, context.store.task_run_states
    known = (*states.get(existing.id, ()), existing.state)
    if state is not None and all(one is None or one.id != state.id for one in known):
        states[existing.id] = (*states.get(existing.id, ()), state)


def _move_subflows(context: Context, task_run: TaskRun) -> None:
    """Let the subflows of a task run have its flow run for their parent, now that it is another."""
    by_parent = Comparison("parent_task_run_id", ONE_OF, frozenset((task_run.id,)))
    for subflow in context.store.select(by_parent):
        context.store.put(subflow)


def _is_out_of_date(existing: TaskRun, reported: TaskRun) -> bool:
    """Whether the reported state is not later than the one that the task run is in.

    With equal timestamps the first event wins: Prefect's upsert changes a row only where its
    state is earlier.
    """
    before = existing.state.timestamp if existing.state else None
    after = reported.state.timestamp if reported.state else None
    return before is not None and after is not None and before >= after
