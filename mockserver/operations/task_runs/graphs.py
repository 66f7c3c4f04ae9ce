"""The graphs of a flow run: how its task runs and subflows depend on one another.

A node is a task run, or in its place the subflow that it stands for. Its parents are the runs whose
results were its inputs. Prefect: database/query_components.py, flow_run_graph_v2.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ...errors import InvalidRequest, NotAllowedInState, NotFound, ServerFailure
from ...filters import ONE_OF, Comparison
from ...prefect import FlowRun, StateType, TaskRun
from ...prefect.objects import Artifact, ArtifactCollection
from .. import Context, Outcome, complete_state, estimated_run_time, state_reply, task_state_reply

# Defaults of Prefect's settings server.flow_run_graph.max_nodes and max_artifacts.
MAX_NODES = 10_000
MAX_ARTIFACTS = 10_000
ENCAPSULATING = "__parents__"
"""The name of the inputs that are the task runs around a task run, and not their results."""

_DATETIME = TypeAdapter(datetime)
_PENDING_OR_NONE = (StateType.PENDING, None)


@dataclass(frozen=True, slots=True)
class _Edge:
    """A node, and one of the inputs that it has; a node without any is one edge, too."""

    node: str
    parent: str | None
    encapsulates: bool | None


def dependencies(context: Context, flow_run_id: str) -> Outcome:
    """List the task runs of a flow run with the task runs that they depend on.

    Raises NotFound; ServerFailure for inputs other than results of task runs, where a real server
    fails.
    """
    if flow_run_id not in context.store:
        raise NotFound(f"Flow run with id {flow_run_id} not found", from_set_state=True)
    task_runs = sorted(context.store.task_runs_of(flow_run_id), key=_id, reverse=True)
    return Outcome([_dependency(context, task_run) for task_run in task_runs])


def _id(task_run: TaskRun) -> str:
    return task_run.id


def _dependency(context: Context, task_run: TaskRun) -> dict[str, Any]:
    """A task run as the schema DependencyResult has it."""
    state = complete_state(task_run, context.store)
    inputs = [one for listed in task_run.task_inputs.values() for one in listed]
    results = {(one["input_type"], one.get("id")): one for one in inputs}
    if context.dialect.undocumented_5xx and any(kind != "task_run" for kind, _ in results):
        raise ServerFailure("an input that is no result of a task run", retryable=False)
    return {
        "id": task_run.id,
        "name": task_run.name,
        "upstream_dependencies": [one for (kind, _), one in results.items() if kind == "task_run"],
        "state": task_state_reply(state, task_run),
        "expected_start_time": task_run.expected_start_time,
        "start_time": task_run.start_time,
        "end_time": task_run.end_time,
        "total_run_time": task_run.total_run_time,
        "estimated_run_time": estimated_run_time(task_run, state, context.now),
        "untrackable_result": bool(state and state.details.get("untrackable_result", False)),
    }


def graph(context: Context, flow_run_id: str, since: str | None) -> Outcome:
    """The graph of a flow run, with its nodes that have not ended before a time.

    Raises NotFound, InvalidRequest for what is no time, and NotAllowedInState, as a 400, for a
    graph of too many nodes.
    """
    ended_after = _read_since(since)
    run = context.store.get(flow_run_id)
    if run is None:
        raise NotFound(f"Flow run {flow_run_id} not found", from_set_state=True)
    if ended_after is not None:
        ended_after = _with_offset(context, ended_after)
    nodes, edges = _nodes_and_edges(context, flow_run_id)
    artifacts = _artifacts(context, flow_run_id)
    shown = [
        node
        for node in _connect(nodes, edges)
        if node["end_time"] is None or ended_after is None or node["end_time"] >= ended_after
    ]
    if len(shown) > MAX_NODES:
        raise NotAllowedInState(
            f"The graph of flow run {flow_run_id} has more than {MAX_NODES} nodes."
        )
    shown.sort(key=lambda node: _place(context, node))
    for node in shown:
        node["artifacts"] = artifacts.get(node["id"], [])
    value = {
        "start_time": run.start_or_expected_time,
        "end_time": run.end_time,
        "root_node_ids": [node["id"] for node in shown if not node["parents"]],
        "nodes": [[node["id"], node] for node in shown],
        "artifacts": artifacts.get(None, []),
        "states": list(_states(context, run)),
    }
    return Outcome(value)


def _read_since(text: str | None) -> datetime | None:
    """The time of the query. Raises InvalidRequest."""
    if text is None:
        return None
    try:
        return _DATETIME.validate_python(text)
    except ValidationError as refusal:
        (error,) = refusal.errors(include_url=False)
        raise InvalidRequest([{**error, "loc": ("query", "since")}], None) from None


def _with_offset(context: Context, since: datetime) -> datetime:
    """The time itself, or in UTC if it has no offset. Raises ServerFailure, as a database does."""
    if since.tzinfo is not None:
        return since
    if context.dialect.undocumented_5xx is not None:
        raise ServerFailure("Timestamps must have a timezone.", retryable=False)
    return since.replace(tzinfo=UTC)


def _nodes_and_edges(
    context: Context, flow_run_id: str
) -> tuple[dict[str, dict[str, Any]], list[_Edge]]:
    """The nodes of a graph by their ids, and the edges, those of a node together."""
    task_runs = context.store.task_runs_of(flow_run_id)
    subflows: dict[str | None, list[FlowRun | None]] = defaultdict(list)
    of_these = Comparison(
        "parent_task_run_id", ONE_OF, frozenset(task_run.id for task_run in task_runs)
    )
    for subflow in context.store.select(of_these):
        subflows[subflow.parent_task_run_id].append(subflow)
    nodes: dict[str, dict[str, Any]] = {}
    edges: list[_Edge] = []
    for task_run in task_runs:
        if not context.dialect.pending_in_graph and task_run.state_type in _PENDING_OR_NONE:
            continue
        for run in subflows.get(task_run.id, (None,)):
            node = _node(context, task_run, run)
            if node["start_time"] is not None:
                nodes[node["id"]] = node
                edges += _edges(node["id"], task_run.task_inputs)
    return nodes, edges


def _node(context: Context, task_run: TaskRun, subflow: FlowRun | None) -> dict[str, Any]:
    """A node without its edges, as the schema Node has it."""
    run: TaskRun | FlowRun = subflow or task_run
    start = task_run.start_time or task_run.expected_start_time
    end = task_run.end_time
    label = task_run.name
    if subflow is not None:
        start = subflow.start_or_expected_time or start
        end = subflow.end_time or end
        flow = context.store.flows.get(subflow.flow_id)
        label = f"{flow.name} / {subflow.name}" if flow is not None else label
    if end is None and task_run.state_type is StateType.COMPLETED:
        end = task_run.expected_start_time
    return {
        "kind": "task-run" if subflow is None else "flow-run",
        "id": run.id,
        "label": label,
        "state_type": run.state_type or task_run.state_type,
        "start_time": start,
        "end_time": end,
    }


def _edges(node: str, inputs: Mapping[str, Any]) -> Iterator[_Edge]:
    if not inputs:
        yield _Edge(node, None, None)
    for name, listed in inputs.items():
        ids = [one.get("id") for one in listed] or [None]
        yield from (_Edge(node, parent, name == ENCAPSULATING) for parent in ids)


def _connect(
    nodes: Mapping[str, dict[str, Any]], edges: Iterable[_Edge]
) -> Iterator[dict[str, Any]]:
    """The nodes with their parents and children.

    A real server joins edges with edges: a node has a parent, or a child, as often as there are
    pairs of their inputs. Only those around it are there once each.
    """
    counts: dict[str, int] = defaultdict(int)
    linked: dict[str, dict[str, list[str]]] = {
        node: {"parents": [], "children": [], "encapsulating": []} for node in nodes
    }
    edges = [edge for edge in edges if edge.node in nodes]
    for edge in edges:
        counts[edge.node] += 1
    for edge in edges:
        parent = edge.parent
        if parent is None or parent not in nodes:
            continue
        if edge.encapsulates:
            linked[edge.node]["encapsulating"].append(parent)
        else:
            linked[edge.node]["parents"] += [parent] * counts[parent]
            linked[parent]["children"] += [edge.node] * counts[parent]
    for node_id, node in nodes.items():
        links = linked[node_id]
        links["encapsulating"] = list(dict.fromkeys(links["encapsulating"]))
        yield {**node, **{name: [{"id": one} for one in ids] for name, ids in links.items()}}


def _place(context: Context, node: Mapping[str, Any]) -> tuple[datetime, bool, datetime, str]:
    """What nodes are sorted by. The dialect says where those come that have not ended."""
    end: datetime | None = node["end_time"]
    last = context.dialect.nulls_high
    return (node["start_time"], (end is None) is last, end or node["start_time"], node["id"])


def _states(context: Context, run: FlowRun) -> Iterator[dict[str, Any]]:
    """The states of a flow run, earliest first, as the schema GraphState has them."""
    state = complete_state(run, context.store)
    for one in (*context.store.remembered.get(run.id, ()), *([state] if state else ())):
        reply = state_reply(one, run) or {}
        yield {key: reply[key] for key in ("id", "timestamp", "type", "name")}


def _artifacts(context: Context, flow_run_id: str) -> dict[str | None, list[dict[str, Any]]]:
    """The artifacts of a flow run by their task runs, the oldest first; None is no task run."""
    artifacts = context.store.objects(Artifact)
    if not artifacts:
        return {}
    latest = {one.latest_id for one in context.store.objects(ArtifactCollection)}
    # A null type is not unlike "result" for a database, and left out as well.
    found = sorted(
        (
            one
            for one in artifacts
            if one.flow_run_id == flow_run_id and one.type not in (None, "result")
        ),
        key=lambda one: one.created,
    )
    by_task_run: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for one in found[:MAX_ARTIFACTS]:
        by_task_run[one.task_run_id].append(
            {
                "id": one.id,
                "created": one.created,
                "key": one.key,
                "type": one.type,
                "is_latest": one.key is None or one.id in latest,
                "data": one.data if one.type == "progress" else None,
            }
        )
    return by_task_run
