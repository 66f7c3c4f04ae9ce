"""A flow that logs and waits for an answer, and another that waits for a flow run by its events.

Claim: the same is logged, asked, answered and told on both servers.
"""

from __future__ import annotations

import asyncio
from typing import Any

from observations import Observations, wait_until
from prefect import flow, get_client, get_run_logger, pause_flow_run
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter, LogFilter
from prefect.client.schemas.sorting import LogSort
from prefect.flow_runs import wait_for_flow_run
from prefect.input import RunInput
from prefect.states import Completed, Running

seen = Observations("pauses")


class Answer(RunInput):
    """What is asked for."""

    approved: bool
    copies: int = 1


@flow(name=f"asks-{seen.token}")
async def ask() -> list[Any]:
    get_run_logger().warning("asking")
    answer: Any = await pause_flow_run(wait_for_input=Answer, timeout=60, poll_interval=1)
    get_run_logger().info("answered: %s", answer.copies)
    return [answer.approved, answer.copies]


@flow(name=f"waited-for-{seen.token}")
def done_elsewhere() -> None:
    """Never run: a flow run is created with its name."""


async def find_run(client: PrefectClient) -> Any:
    """The run of the flow that asks, or None."""
    found = await client.read_flow_runs(flow_filter=_by_name(f"asks-{seen.token}"))
    return found[0] if found else None


def _by_name(name: str) -> Any:
    from prefect.client.schemas.filters import FlowFilter

    return FlowFilter.model_validate({"name": {"any_": [name]}})


async def answer_it(client: PrefectClient) -> None:
    """Wait until the flow is paused, and give it what it waits for."""

    async def is_paused() -> bool:
        run = await find_run(client)
        return run is not None and run.state.is_paused()

    await wait_until(is_paused, "the flow is paused")
    run = await find_run(client)
    keyset = run.state.state_details.run_input_keyset
    seen.note("paused", [run.state.name, sorted(keyset)])
    refused = await client.resume_flow_run(run.id, run_input={"copies": "many"})
    seen.note("wrong answer", [refused.status, refused.details.reason[:40]])
    accepted = await client.resume_flow_run(run.id, run_input={"approved": True, "copies": 3})
    seen.note("right answer", accepted.status)


async def approval(client: PrefectClient) -> None:
    running = asyncio.create_task(ask())
    await answer_it(client)
    seen.note("result", await running)
    run = await find_run(client)
    seen.note("state", run.state.name)
    logs: list[Any] = []

    async def all_logged() -> bool:
        mine = LogFilter.model_validate({"flow_run_id": {"any_": [run.id]}})
        logs[:] = await client.read_logs(mine, sort=LogSort.TIMESTAMP_ASC)
        return any("answered" in one.message for one in logs)

    await wait_until(all_logged, "the logs have arrived")
    said = [one for one in logs if one.message.startswith(("asking", "answered"))]
    seen.note("logs", [[one.level, one.message] for one in said])


async def waiting(client: PrefectClient) -> None:
    """A flow run becomes COMPLETED while somebody waits for it."""
    run = await client.create_flow_run(done_elsewhere, state=Running())
    waiter = asyncio.create_task(wait_for_flow_run(run.id, timeout=60))
    await asyncio.sleep(1)
    await client.set_flow_run_state(run.id, Completed(message="by hand"))
    waited = await waiter
    seen.note("waited for", [waited.state.name, waited.state.message])
    again = await wait_for_flow_run(run.id, timeout=60)
    seen.note("waited for again", again.state.name)
    mine = FlowRunFilter.model_validate({"id": {"any_": [run.id]}})
    seen.note("found", len(await client.read_flow_runs(flow_run_filter=mine)))


async def main() -> None:
    async with get_client() as client:
        await approval(client)
        await waiting(client)
        for name in (f"asks-{seen.token}", f"waited-for-{seen.token}"):
            await client.delete_flow((await client.read_flow_by_name(name)).id)


asyncio.run(main())
seen.print_all()
