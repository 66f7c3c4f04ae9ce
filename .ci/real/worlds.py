"""A small world on a real server: flows, deployments, pools, queues, flow runs and task runs.

It is made through the server's own API, fetched as the server tells it, and taken away again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote

from exchange import NOTHING, Refused, Request, Server
from mockserver.contract.server.sample_values import NAMES, TAGS
from seeding import CREATORS, VERSIONS, create, draw_state
from tests.support.list_cases import World

FLOWS = 12
DEPLOYMENTS = 14
FLOW_RUNS = 56
TASK_RUNS = 44

# A server takes no flow, deployment or queue whose name has one of these.
Fields = dict[str, Any]

_BANNED = frozenset("/%&><")
PLAIN_NAMES = tuple(name for name in NAMES if _BANNED.isdisjoint(name))
POOLS = ("gpu_pool", "GPU pool", "Über\\pool", "a")
POOL_TYPES = ("process", "Process", "docker", "kubernetes")
QUEUES = ("gpu_a", "GPU-B", "gpuXa", "über", "_", "\\q", "default 2")
# In no pool yet: for a deployment that says no more, a server makes one in a pool of its own.
LONE_QUEUES = ("legacy", "Legacy", "legacy 2")
LABELS: Sequence[Fields] = ({}, {}, {"team": "data", "ratio": 0.5, "size": 3, "on": True})
OBJECTS: Sequence[Fields] = (
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
CACHES: Sequence[Fields] = (
    *({}, {}),
    {"cache_key": "key", "cache_expiration": "2031-05-01T02:00:00.5+02:00", "task_version": "v1"},
)


@dataclass
class _Builder:
    """What is being made, and what there is to refer to so far."""

    server: Server
    random: Random
    places: list[Fields] = field(default_factory=list)  # in queues, as a run or deployment says it
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
        self.flows.append(create(self.server, "/flows/", **fields))

    def deployment(self) -> None:
        """A new one; or one more word on the one of its name and flow."""
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
        self.deployments.append(create(self.server, "/deployments/", **fields))

    def flow_run(self) -> None:
        choice = self.random.choice
        fields = {
            "name": choice(NAMES),
            "state": draw_state(self.random),
            "tags": self.tags(),
            "idempotency_key": choice((None, f"key-{len(self.flow_runs)}")),
            "parameters": choice(OBJECTS),
            "context": choice(OBJECTS),
            "labels": choice(LABELS),
            "empirical_policy": choice(FLOW_RUN_POLICIES),
            "job_variables": choice((None, *OBJECTS)),
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
        made = create(self.server, path, choice(CREATORS), **fields)
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
            **choice(CACHES),
        }
        made = create(self.server, "/task_runs/", **fields)
        self.change("task_runs", made, choice((0, 1, 2)))
        self.task_runs.append(made)

    def change(self, collection: str, run: str, times: int) -> None:
        for _ in range(times):
            change = {"state": draw_state(self.random), "force": True}
            self.server.post(f"/{collection}/{run}/set_state", change)

    def tags(self) -> list[str]:
        return self.random.choices(TAGS, k=self.random.choice((0, 0, 1, 2, 3)))


def build(server: Server, seed: int) -> None:
    """Make a world. What it is depends on the seed alone; ids and most times are the server's."""
    builder = _Builder(server, Random(seed))
    builder.places += [{"work_queue_name": name} for name in LONE_QUEUES]
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


def fetch(server: Server) -> World:
    """All that a server holds, as it tells it: each collection in the order of creation."""
    world = {
        name: list(server.post(f"/{name}/filter", {"limit": 200}))
        for name in ("flows", "deployments", "flow_runs", "task_runs", "work_pools")
    }
    assert all(len(records) < 200 for records in world.values()), "a page does not hold them all"
    world["work_queues"] = [
        queue
        for pool in world["work_pools"]
        for queue in server.post(f"/work_pools/{quote(pool['name'])}/queues/filter", {})
    ]
    return {
        name: sorted(records, key=lambda record: (record["created"], record["name"]))
        for name, records in world.items()
    }


def unnamed_in(server: Server, world: World) -> dict[str, list[int]]:
    """Which of the records have no name of a queue of their own; see list_cases.py."""
    queues = {"work_queue_name": {"any_": [queue["name"] for queue in world["work_queues"]]}}
    named = {
        name: {one["id"] for one in server.post(f"/{name}/filter", {name: queues})}
        for name in ("flow_runs", "deployments")
    }
    return {
        name: [
            place
            for place, record in enumerate(world[name])
            if record["work_queue_id"] is not None and record["id"] not in ids
        ]
        for name, ids in named.items()
    }


def raze(server: Server, world: World) -> None:
    """Take away what `build` has made; with a flow go its deployments and runs."""
    paths = [
        *(f"/flows/{flow['id']}" for flow in world["flows"]),
        *(f"/task_runs/{run['id']}" for run in world["task_runs"] if run["flow_run_id"] is None),
        *(f"/work_pools/{quote(pool['name'])}" for pool in world["work_pools"]),
    ]
    for path in paths:
        request = Request(headers=NOTHING, path=path, method="DELETE")
        answer = server.send(request)
        if answer.status != 204:
            raise Refused(request, answer)
