"""The view of one flow run: its states, parents, subflows, task runs and logs."""

from __future__ import annotations

from itertools import islice
from typing import Any

from ...errors import NotFound, to_single_line
from ...filters import ONE_OF, Comparison
from ...http.exchange import when_prepared
from ...operations import flow_run_reply, state_reply
from ...prefect import FlowRun
from ...prefect.objects import Log
from ...store import Store
from ...worlds import World
from ..exchange import PageRequest, View, view_address

MAX_LISTED = 200
"""Most task runs, subflows and lines of logs that are shown; their counts are exact."""


async def show_flow_run(request: PageRequest) -> View:
    """A flow run and what belongs to it. Raises NotFound."""
    return await when_prepared(_show, request)


def _show(request: PageRequest) -> View:
    world, wanted = request.world, request.parameters["id"]
    run = world.store.get(wanted)
    if run is None:
        raise NotFound(f"no flow run {to_single_line(wanted, 60)}")
    shown = _belongings(run, world.store)
    only = {"id": {"any_": [run.id]}}
    fields = sorted(flow_run_reply(run, world.store, world.now()).items())
    return View(
        "flow_run",
        _value(run, world, shown),
        {
            **shown,
            "run": run,
            "fields": [(name, value) for name, value in fields if value not in (None, [], {}, "")],
            "look": view_address(request.root, "/page/filter", only),
        },
    )


def _belongings(run: FlowRun, store: Store) -> dict[str, Any]:
    task_runs = store.task_runs_of(run.id)
    children = Comparison("parent_flow_run_id", ONE_OF, frozenset((run.id,)))
    parent_id = run.parent_flow_run_id
    logs: list[Log] = list(store.logs.of((run.id,)))
    return {
        "flow": store.flows.get(run.flow_id),
        "states": store.states_of(run),
        "parent": None if parent_id is None else store.get(parent_id),
        "subflows": store.select(children, MAX_LISTED),
        "subflow_count": store.count(children),
        "task_runs": task_runs[:MAX_LISTED],
        "task_run_count": len(task_runs),
        "logs": list(islice(logs, MAX_LISTED)),
        "log_count": len(logs),
    }


def _value(run: FlowRun, world: World, shown: dict[str, Any]) -> dict[str, Any]:
    return {
        "flow_run": flow_run_reply(run, world.store, world.now()),
        "states": [state_reply(state, run) for state in shown["states"]],
        "parent": shown["parent"] and shown["parent"].id,
        "subflows": [one.id for one in shown["subflows"]],
        "task_runs": [{"id": one.id, "name": one.name} for one in shown["task_runs"]],
        "logs": [
            {"level": log.level, "at": log.timestamp, "name": log.name, "message": log.message}
            for log in shown["logs"]
        ],
    }
