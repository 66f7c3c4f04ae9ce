"""Deployments, and the two that run them: a runner, as of a served flow, and a worker of a pool.

Claim: the same runs are made, get a slot or wait for one, are executed, and end the same on both
servers.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from uuid import uuid4

from observations import Observations, to_json
from prefect import flow, get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments import run_deployment
from prefect.runner import Runner
from prefect.states import Pending
from prefect.workers.process import ProcessWorker

# The flow runs in processes of their own, which import this file; they inherit the name.
NAME = os.environ.setdefault("DEPLOYED_NAME", f"deployed-{uuid4().hex[:10]}")


@flow(name=NAME)
def etl(n: int = 1, greeting: str = "hello") -> str:
    """What is deployed."""
    return f"{greeting} {n}"


async def deployments(client: PrefectClient, seen: Observations) -> None:
    """A deployment with everything: read, changed, asked for runs."""
    deployment_id = await _of(
        etl.to_deployment(
            "planned",
            cron="0 2 * * *",
            parameters={"n": 3},
            tags=["a"],
            description="d",
            version="1",
            concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy="CANCEL_NEW"),
        )
    )
    read = await client.read_deployment(deployment_id)
    seen.note("deployment", [read.name, read.parameters, read.tags, read.description, read.paused])
    seen.note("deployment: status", str(read.status))
    seen.note("deployment: options", to_json(read.concurrency_options))
    seen.note("deployment: schema", read.parameter_openapi_schema)
    made = await client.create_deployment_schedules(
        deployment_id, [(CronSchedule(cron="*/5 * * * *"), False)]
    )
    await client.update_deployment_schedule(deployment_id, made[0].id, active=True)
    schedules = await client.read_deployment_schedules(deployment_id)
    seen.note("deployment: schedules", sorted([one.schedule.cron, one.active] for one in schedules))
    await client.delete_deployment_schedule(deployment_id, made[0].id)
    runs = [await _ask_for_run("planned", n=n) for n in (5, 6)]
    seen.note("runs", [[run.state.name, run.parameters, run.deployment_version] for run in runs])
    try:
        await _ask_for_run("planned", n="many")
    except Exception as error:  # noqa: BLE001 - whatever it is, it has to be the same
        seen.note("a wrong parameter", type(error).__name__)
    slots = [await client.set_flow_run_state(run.id, Pending()) for run in runs]
    seen.note("slots", [[str(one.status), one.state and one.state.name] for one in slots])
    limit = (await client.read_deployment(deployment_id)).global_concurrency_limit
    seen.note("slots: taken", limit and [limit.limit, limit.active_slots])
    await client.delete_deployment(deployment_id)


async def _of(deployment: Any) -> Any:
    """Create a deployment in the API; returns its id. Some methods are async in some releases."""
    made = await deployment if asyncio.iscoroutine(deployment) else deployment
    applied = made.apply()
    return await applied if asyncio.iscoroutine(applied) else applied


async def _ask_for_run(name: str, **parameters: object) -> Any:
    asked = run_deployment(f"{NAME}/{name}", parameters=parameters, timeout=0)
    return await asked  # type: ignore[misc]


async def served(client: PrefectClient, seen: Observations) -> None:
    """A runner picks up what its deployment is asked for."""
    runner = Runner(name="served", pause_on_shutdown=False)
    added = runner.add_flow(etl, name="served")
    deployment_id = await added if asyncio.iscoroutine(added) else added
    run = await _ask_for_run("served", n=7)
    await runner.start(run_once=True)
    await _note_end(client, seen, "served", run, deployment_id)


async def worked(client: PrefectClient, seen: Observations) -> None:
    """A worker picks up what is in its pool."""
    pool = await client.create_work_pool(WorkPoolCreate(name=NAME, type="process"))
    seen.note("pool", [str(pool.status), pool.type, pool.is_paused])
    here = Path(__file__)
    sourced = flow.from_source(source=str(here.parent), entrypoint=f"{here.name}:etl")
    remote = await sourced if asyncio.iscoroutine(sourced) else sourced
    deployed = remote.deploy(
        "worked", work_pool_name=NAME, print_next_steps=False, ignore_warnings=True
    )
    deployment_id = await deployed if asyncio.iscoroutine(deployed) else deployed
    run = await _ask_for_run("worked", greeting="bye")
    await ProcessWorker(work_pool_name=NAME, name="w").start(run_once=True)
    await _note_end(client, seen, "worked", run, deployment_id)
    pool = await client.read_work_pool(NAME)
    workers = await client.read_workers_for_work_pool(NAME)
    seen.note("pool: later", [str(pool.status), [[one.name, str(one.status)] for one in workers]])
    await client.delete_work_pool(NAME)


async def _note_end(
    client: PrefectClient, seen: Observations, kind: str, run: Any, deployment_id: Any
) -> None:
    ended = await client.read_flow_run(run.id)
    seen.note(f"{kind}: run", [ended.state.name, ended.run_count, ended.parameters])
    deployment = await client.read_deployment(deployment_id)
    seen.note(f"{kind}: deployment", str(deployment.status))


async def main() -> None:
    seen = Observations("deployments")
    # Older releases deploy only what lies below the working directory.
    os.chdir(Path(__file__).parent)
    # Deploying prints a table, and what is printed here shall be JSON.
    with redirect_stdout(sys.stderr):
        async with get_client() as client:
            await deployments(client, seen)
            await served(client, seen)
            await worked(client, seen)
            await client.delete_flow((await client.read_flow_by_name(NAME)).id)
    seen.print_all()


if __name__ == "__main__":
    asyncio.run(main())
