"""Create flow runs on a real server, and read the values that random filters are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any

from measure.http_client import NO_HEADERS, Server
from mockserver.contract.server import sample_values as words
from mockserver.contract.server.sample_values import NAMES, TAGS
from random_filters import STATE_TYPES, Values

RUNS = 180
STATE_NAMES = (*(None,) * 3, *words.STATE_NAMES)
SCHEDULED = (*words.SCHEDULED_TIMES, None)
VERSIONS = (None, None, *words.VERSIONS)
QUEUES = (None, None, None, *words.QUEUES)
# With these headers an automation says that it is the creator; its name is base64.
CREATORS: tuple[Mapping[str, str], ...] = (
    *(NO_HEADERS, NO_HEADERS),
    *(
        {"Prefect-Automation-Id": f"{letter * 8}-0000-4000-8000-000000000000"}
        | {"Prefect-Automation-Name": "cm9ib3Q="}
        for letter in "ab"
    ),
)


def create_flow_runs(server: Server, seed: int, names: Sequence[str] = NAMES) -> None:
    """Create `RUNS` flow runs: with every name, states of every type, and nested subflows.

    Apart from ids and times, which the server chooses, they depend on the seed alone.
    """
    random = Random(seed)
    flows = [create_record(server, "/flows/", name=name) for name in ("sync", "report")]
    deployments = [
        create_record(server, "/deployments/", name="production", flow_id=flow, tags=["deployed"])
        for flow in flows
    ]
    flow_runs: list[str] = []
    task_runs: list[str] = []
    for number in range(RUNS):
        name = names[number] if number < len(names) else random.choice(names)
        flow_run = _flow_run(random, name, number, task_runs)
        if random.random() < 0.2:
            path = f"/deployments/{random.choice(deployments)}/create_flow_run"
        else:
            path = "/flow_runs/"
            flow_run["flow_id"] = random.choice(flows)
            flow_run["flow_version"] = random.choice(VERSIONS)
            flow_run["work_queue_name"] = random.choice(QUEUES)
        flow_runs.append(create_record(server, path, random.choice(CREATORS), **flow_run))
        for _ in range(random.choice((0, 0, 1, 2))):
            change = {"state": draw_state(random), "force": True}
            server.post(f"/flow_runs/{flow_runs[-1]}/set_state", change)
        if random.random() < 0.3:
            owner = random.choice([*flow_runs, None])
            key = {"task_key": "call", "dynamic_key": str(number)}
            task_runs.append(str(server.post("/task_runs/", {"flow_run_id": owner, **key})["id"]))


def create_record(
    server: Server, path: str, creator: Mapping[str, str] = NO_HEADERS, /, **fields: object
) -> str:
    """Create a record with these fields; returns its id."""
    return str(server.post(path, fields, creator)["id"])


def _flow_run(random: Random, name: str, number: int, task_runs: Sequence[str]) -> dict[str, Any]:
    flow_run = {
        "name": name,
        "state": draw_state(random),
        "tags": random.choices(TAGS, k=random.choice((0, 0, 1, 2, 3))),
        "idempotency_key": random.choice((None, f"key-{number}", f"KEY-{number}")),
    }
    if task_runs and random.random() < 0.4:
        flow_run["parent_task_run_id"] = random.choice(task_runs)
    return flow_run


def draw_state(random: Random) -> dict[str, Any]:
    """A random state of any type, with a name or without."""
    state_type = random.choice(STATE_TYPES)
    state: dict[str, Any] = {"type": state_type, "name": random.choice(STATE_NAMES)}
    if state_type == "SCHEDULED":
        state["state_details"] = {"scheduled_time": random.choice(SCHEDULED)}
    return state


def flow_run_values(flow_runs: list[Any]) -> Values:
    """The values of the flow runs that `/flow_runs/filter` returned."""

    def column(key: str) -> list[Any]:
        return [run[key] for run in flow_runs if run[key] is not None]

    times = ("start_time", "end_time", "expected_start_time", "next_scheduled_start_time")
    return Values(
        ids=column("id"),
        task_run_ids=column("parent_task_run_id"),
        deployment_ids=column("deployment_id"),
        creator_ids=[creator["id"] for creator in column("created_by")],
        names=column("name"),
        tags=[tag for tags in column("tags") for tag in tags],
        queues=column("work_queue_name"),
        state_names=column("state_name"),
        versions=column("flow_version"),
        keys=column("idempotency_key"),
        times=[datetime.fromisoformat(moment) for key in times for moment in column(key)],
    )
