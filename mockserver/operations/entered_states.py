"""What a state leaves behind when a run enters it: an event, and an artifact of its data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

from ..errors import ServerFailure
from ..events import FlowRunStateChange, Owner, StateSummary
from ..orchestration import is_persisted
from ..prefect import FlowRun, Json, State, in_json_column
from ..prefect.objects import Artifact, ArtifactCollection
from ..store import Store
from .context import Context

# What the data of a state can say of its artifact, and the fields for it, in Prefect's order.
_NAMES = {"artifact_key": "key", "artifact_type": "type", "artifact_description": "description"}
# Of a key, everything is known that is known of its latest artifact, but for these.
_OWN = frozenset({"id", "key", "created", "updated"})
_SHARED = tuple(one.name for one in fields(Artifact) if one.name not in _OWN)


def check_result(context: Context, data: Json) -> None:
    """Raise ServerFailure for data of a state from which a real server makes no artifact."""
    for name, said in _said_of_artifact(data).items() if context.dialect.undocumented_5xx else ():
        if not isinstance(said, str):
            raise ServerFailure(_NO_TEXT.format(name, said, type(said).__name__), retryable=False)


_NO_TEXT = (
    "1 validation error for Artifact\n{}\n  Input should be a valid string [type=string_type, "
    "input_value={!r}, input_type={}]\n    For further information visit "
    "https://errors.pydantic.dev/2.14/v/string_type"
)


def keep_result(
    context: Context, state: State, flow_run_id: str | None, task_run_id: str | None = None
) -> State:
    """Create the artifact that holds the data of a state; returns the state as it is left.

    Data that is not persisted has no artifact. What data says of its artifact is in that alone
    (Prefect: orchestration/rules.py, _validate_proposed_state; core.py, Artifact.from_result).
    """
    if state.data is None or not is_persisted(state.data):
        return state
    data = state.data
    said = {name: text for name, text in _said_of_artifact(data).items() if isinstance(text, str)}
    if isinstance(data, dict):
        data = {key: value for key, value in data.items() if key not in _NAMES}
    made = {
        "data": in_json_column(context.dialect, data),
        "flow_run_id": flow_run_id,
        **({"task_run_id": task_run_id} if task_run_id else {}),
        **said,
    }
    values = dict.fromkeys(("key", *_SHARED)) | made
    now = context.now
    artifact = Artifact(id=context.new_id(), created=now, updated=now, **values)
    put_artifact(context, artifact, [name for name in _SHARED if name in made])
    return replace(state, data=data)


def _said_of_artifact(data: Json) -> dict[str, Any]:
    """The fields of an artifact that the data of a state names."""
    if not isinstance(data, dict) or not is_persisted(data):
        return {}
    return {field: data[name] for name, field in _NAMES.items() if data.get(name)}


def put_artifact(context: Context, artifact: Artifact, said: Iterable[str] = _SHARED) -> None:
    """Store a new artifact, which becomes the latest with its key.

    Of the key only the fields in `said` change, if it is known already.
    """
    context.store.objects(Artifact).put(artifact)
    if artifact.key is not None:
        set_latest(context, artifact.key, artifact, said, updated=artifact.updated)


def set_latest(
    context: Context, key: str, artifact: Artifact, said: Iterable[str] = _SHARED, **times: Any
) -> None:
    """Make an artifact the latest with its key: what is in `said` of it, and times."""
    known = find_collection(context, key)
    shared = {name: getattr(artifact, name) for name in (said if known else _SHARED)} | times
    if known is None:
        known = ArtifactCollection(
            id=context.new_id(), key=key, latest_id="", created=artifact.created, **shared
        )
    latest = replace(known, latest_id=artifact.id, **shared)
    context.store.objects(ArtifactCollection).put(latest)


def find_collection(context: Context, key: str) -> ArtifactCollection | None:
    """What is known of the artifacts with a key, or None."""
    collections = context.store.objects(ArtifactCollection)
    return next((each for each in collections if each.key == key), None)


def emit_state_change(
    context: Context, run: FlowRun, initial: State | None, entered: State
) -> None:
    """Emit that a run, as it is now, has entered a state from an initial one.

    Prefect: orchestration/instrumentation_policies.py, InstrumentFlowRunStateTransitions.
    """
    context.events.add(
        FlowRunStateChange(
            run.id,
            run.name,
            run.run_count,
            run.tags,
            tuple(_owners(context.store, run)),
            run.created_by,
            StateSummary.of(initial) if initial else None,
            StateSummary.of(entered),
            entered.timestamp or context.now,
            context.now,
        )
    )


def _owners(store: Store, run: FlowRun) -> Iterator[Owner]:
    """The records that a run belongs to, in the order of a real server's events."""
    flow = store.flows.get(run.flow_id)
    if flow is not None:
        yield Owner("flow", flow.id, flow.name, flow.tags)
    # Few runs have any of these.
    deployment = run.deployment_id and store.deployments.get(run.deployment_id)
    if deployment:
        yield Owner("deployment", deployment.id, deployment.name, deployment.tags)
    queue = run.work_queue_id and store.work_queues.get(run.work_queue_id)
    if queue:
        yield Owner("work-queue", queue.id, queue.name)
        pool = store.work_pools.get(queue.work_pool_id)
        if pool is not None:
            yield Owner("work-pool", pool.id, pool.name, (), pool.type)
    task_run = run.parent_task_run_id and store.task_runs.get(run.parent_task_run_id)
    if task_run:
        yield Owner("task-run", task_run.id, task_run.name, task_run.tags)
