"""A workspace on a real server: flows, deployments, pools, queues, flow runs and task runs.

It is created through the server's own API, read as the server returns it, and deleted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote

from flow_run_data import CREATORS, VERSIONS, create_record, draw_state
from measure.http_client import NO_HEADERS, Request, Server, UnexpectedStatus
from mockserver.contract.server.sample_values import NAMES, TAGS
from tests.support.list_cases import Workspace

FLOWS = 12
DEPLOYMENTS = 14
FLOW_RUNS = 56
TASK_RUNS = 44

Fields = dict[str, Any]

# A server refuses names of flows, deployments and queues with one of these.
_FORBIDDEN_CHARACTERS = frozenset("/%&><")
PLAIN_NAMES = tuple(name for name in NAMES if _FORBIDDEN_CHARACTERS.isdisjoint(name))
POOLS = ("gpu_pool", "GPU pool", "Über\\pool", "a")
POOL_TYPES = ("process", "Process", "docker", "kubernetes")
QUEUES = ("gpu_a", "GPU-B", "gpuXa", "über", "_", "\\q", "default 2")
# Queues without a pool: for a deployment that names only a queue, a server creates a pool.
QUEUES_WITHOUT_POOL = ("legacy", "Legacy", "legacy 2")
LABELS: Sequence[Fields] = ({}, {}, {"team": "data", "ratio": 0.5, "size": 3, "on": True})
JSON_OBJECTS: Sequence[Fields] = (
    *({}, {}),
    {"n": 1, "x": 1.0, "deep": {"list": [1, "ä", None]}, "flag": False},
)
POLICIES: Sequence[Fields] = ({}, {}, {"retries": 3, "retry_delay": 10})
FLOW_RUN_POLICIES = (*POLICIES, {"max_retries": 2, "pause_keys": ["a"], "resuming": True})
TASK_RUN_POLICIES = (*POLICIES, {"retry_delay": [1, 2.5], "retry_jitter_factor": 0.5})
DEPLOYMENT_EXTRAS: Sequence[Fields] = (
    *({}, {}, {}),
    {"description": "nightly", "version": "1.2", "path": "/app", "entrypoint": "flow.py:main"},
    {"schedules": [{"active": False, "schedule": {"interval": 3600}, "slug": "hourly"}]},
    {"concurrency_limit": 2, "concurrency_options": {"collision_strategy": "CANCEL_NEW"}},
    {"parameters": {"n": 1}, "job_variables": {"env": {"A": "1"}}, "enforce_parameter_schema": True}
    | {"parameter_openapi_schema": {"type": "object", "properties": {"n": {"type": "integer"}}}},
    {"pull_steps": [{"prefect.deployments.steps.set_working_directory": {"directory": "/"}}]},
)
CACHE_FIELDS: Sequence[Fields] = (
    *({}, {}),
    {"cache_key": "key", "cache_expiration": "2031-05-01T02:00:00.5+02:00", "task_version": "v1"},
)


@dataclass
class _WorkspaceBuilder:
    """Creates records, and keeps those that later ones may refer to."""

    server: Server
    random: Random
    places: list[Fields] = field(
        default_factory=list
    )  # pool and queue, as a run or deployment refers to them
    flows: list[str] = field(default_factory=list)
    deployments: list[str] = field(default_factory=list)
    flow_runs: list[str] = field(default_factory=list)
    task_runs: list[str] = field(default_factory=list)

    def pool(self, name: str, pool_type: str) -> None:
        self.server.post("/work_pools/", {"name": name, "type": pool_type})
        self.places += [{"work_pool_name": name}] * 2
        for queue in self.random.sample(QUEUES, 3):
            self.server.post(f"/work_pools/{quote(name)}/queues", {"name": queue})
            self.places.append({"work_pool_name": name, "work_queue_name": queue})

    def flow(self, name: str) -> None:
        fields = {"name": name, "tags": self.tags(), "labels": self.random.choice(LABELS)}
        self.flows.append(create_record(self.server, "/flows/", **fields))

    def deployment(self) -> None:
        """Create a deployment, or update the one with its name and flow."""
        choice = self.random.choice
        fields = {
            "name": choice(PLAIN_NAMES),
            "flow_id": choice(self.flows[:-2]),
            "tags": self.tags(),
            "paused": choice((True, False)),
            "labels": choice(LABELS),
            **choice(({}, {}, *self.places)),
            **choice(DEPLOYMENT_EXTRAS),
        }
        self.deployments.append(create_record(self.server, "/deployments/", **fields))

    def flow_run(self) -> None:
        choice = self.random.choice
        fields = {
            "name": choice(NAMES),
            "state": draw_state(self.random),
            "tags": self.tags(),
            "idempotency_key": choice((None, f"key-{len(self.flow_runs)}")),
            "parameters": choice(JSON_OBJECTS),
            "context": choice(JSON_OBJECTS),
            "labels": choice(LABELS),
            "empirical_policy": choice(FLOW_RUN_POLICIES),
            "job_variables": choice((None, *JSON_OBJECTS)),
        }
        if self.task_runs and self.random.random() < 0.4:
            fields["parent_task_run_id"] = choice(self.task_runs)
        path = "/flow_runs/"
        if self.random.random() < 0.4:
            path = f"/deployments/{choice(self.deployments)}/create_flow_run"
        else:
            fields["flow_id"] = choice(self.flows)
            fields["flow_version"] = choice(VERSIONS)
            fields.update(choice(({}, *self.places)))
        made = create_record(self.server, path, choice(CREATORS), **fields)
        self.change("flow_runs", made, choice((0, 0, 1, 2)))
        self.flow_runs.append(made)

    def task_run(self) -> None:
        choice = self.random.choice
        fields = {
            "name": choice(NAMES),
            "flow_run_id": choice((*[choice(self.flow_runs)] * 4, None)),
            "task_key": choice(("call", "load", "Ladung ä")),
            "dynamic_key": str(len(self.task_runs)),
            "state": choice((None, draw_state(self.random))),
            "tags": self.tags(),
            "labels": choice(LABELS),
            "empirical_policy": choice(TASK_RUN_POLICIES),
            "task_inputs": choice(({}, {"x": [{"input_type": "parameter", "name": "x"}]})),
            **choice(CACHE_FIELDS),
        }
        made = create_record(self.server, "/task_runs/", **fields)
        self.change("task_runs", made, choice((0, 1, 2)))
        self.task_runs.append(made)

    def change(self, collection: str, run: str, times: int) -> None:
        for _ in range(times):
            change = {"state": draw_state(self.random), "force": True}
            self.server.post(f"/{collection}/{run}/set_state", change)

    def tags(self) -> list[str]:
        return self.random.choices(TAGS, k=self.random.choice((0, 0, 1, 2, 3)))


def create_workspace(server: Server, seed: int) -> None:
    """Create a workspace. Apart from ids and most times it depends on the seed alone."""
    builder = _WorkspaceBuilder(server, Random(seed))
    builder.places += [{"work_queue_name": name} for name in QUEUES_WITHOUT_POOL]
    for name, pool_type in zip(POOLS, POOL_TYPES, strict=True):
        builder.pool(name, pool_type)
    for name in builder.random.sample(PLAIN_NAMES, FLOWS):
        builder.flow(name)
    for _ in range(DEPLOYMENTS):
        builder.deployment()
    for number in range(FLOW_RUNS):
        builder.flow_run()
        while len(builder.task_runs) * FLOW_RUNS < number * TASK_RUNS:
            builder.task_run()


def read_workspace(server: Server) -> Workspace:
    """Read all records of a server, each collection in the order of creation."""
    workspace = {
        name: list(server.post(f"/{name}/filter", {"limit": 200}))
        for name in ("flows", "deployments", "flow_runs", "task_runs", "work_pools")
    }
    assert all(len(records) < 200 for records in workspace.values()), (
        "a page does not hold them all"
    )
    workspace["work_queues"] = [
        queue
        for pool in workspace["work_pools"]
        for queue in server.post(f"/work_pools/{quote(pool['name'])}/queues/filter", {})
    ]
    return {
        name: sorted(records, key=lambda record: (record["created"], record["name"]))
        for name, records in workspace.items()
    }


def find_missing_queue_names(server: Server, workspace: Workspace) -> dict[str, list[int]]:
    """The records whose own `work_queue_name` is null, by place; see list_cases.py."""
    queues = {"work_queue_name": {"any_": [queue["name"] for queue in workspace["work_queues"]]}}
    named = {
        name: {one["id"] for one in server.post(f"/{name}/filter", {name: queues})}
        for name in ("flow_runs", "deployments")
    }
    return {
        name: [
            place
            for place, record in enumerate(workspace[name])
            if record["work_queue_id"] is not None and record["id"] not in ids
        ]
        for name, ids in named.items()
    }


def delete_workspace(server: Server, workspace: Workspace) -> None:
    """Delete a workspace. Deleting a flow deletes its deployments and runs."""
    paths = [
        *(f"/flows/{flow['id']}" for flow in workspace["flows"]),
        *(
            f"/task_runs/{run['id']}"
            for run in workspace["task_runs"]
            if run["flow_run_id"] is None
        ),
        *(f"/work_pools/{quote(pool['name'])}" for pool in workspace["work_pools"]),
    ]
    for path in paths:
        request = Request(headers=NO_HEADERS, path=path, method="DELETE")
        answer = server.send(request)
        if answer.status != 204:
            raise UnexpectedStatus(request, answer)
