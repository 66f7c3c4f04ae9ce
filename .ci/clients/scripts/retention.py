"""A retention script as Prefect's documentation recommends: list old runs, delete one by one.

See https://docs.prefect.io/v3/advanced/database-maintenance. Claim: on both servers it deletes the
same flow runs in equally many batches, and the same runs are left.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from observations import Caller, Observations, delete_runs_and_flows, remaining_names
from prefect import flow, get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Completed, Crashed, Failed, Running, Scheduled

TERMINAL = [StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED]
BATCH = 5
MARGIN = 0.5  # seconds between the old runs, the time limit and the new runs
FINAL_STATES = {
    "completed": Completed,
    "failed": Failed,
    "cancelled": Cancelled,
    "crashed": Crashed,
}


@flow
def nightly() -> None:
    """Never run: flow runs are created with its name."""


async def delete_old_flow_runs(
    client: PrefectClient, days_to_keep: float, batch_size: int, tag: str
) -> list[dict[str, int]]:
    """Delete finished flow runs with the tag that started before; returns the counts of each batch.

    A run that was deleted by somebody else in the meantime counts as missing.
    """
    wanted = FlowRunFilter(
        start_time=FlowRunFilterStartTime(
            before_=datetime.now(UTC) - timedelta(days=days_to_keep)  # type: ignore[arg-type]
        ),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=TERMINAL)),
        tags=FlowRunFilterTags(all_=[tag]),
    )
    batches = []
    while batch := await client.read_flow_runs(flow_run_filter=wanted, limit=batch_size):
        batches.append(await delete_batch(client, batch))
    return batches


async def delete_batch(client: PrefectClient, batch: list[FlowRun]) -> dict[str, int]:
    """Delete the runs; returns how many existed, and how many did not."""
    gone = [await delete_if_present(client, run) for run in batch]
    return {"deleted": gone.count(True), "missing": gone.count(False)}


async def delete_if_present(client: PrefectClient, run: FlowRun) -> bool:
    """Delete a flow run; returns whether it existed."""
    try:
        await client.delete_flow_run(run.id)
    except ObjectNotFound:
        return False
    return True


async def create_flow_runs(call: Caller, token: str, age: str) -> None:
    """Create three finished flow runs of each kind, one that is running and one scheduled."""
    of = nightly.with_options(name=token)
    for name, ended in FINAL_STATES.items():
        for number in range(3):
            run = await call("create_flow_run", of, name=f"{age} {name} {number}", tags=[token])
            await call("set_flow_run_state", run.id, Running())
            await call("set_flow_run_state", run.id, ended())
    others: dict[str, State[Any]] = {"running": Running(), "scheduled": Scheduled()}
    for name, state in others.items():
        named = {"name": f"{age} {name}", "tags": [token], "state": state}
        await call("create_flow_run", of, **named)


async def main() -> None:
    """Create old and new runs, run retention twice, and print what was observed."""
    seen = Observations("retention")
    async with get_client() as client:
        call = Caller(client)
        try:
            await create_flow_runs(call, seen.token, "old")
            await asyncio.sleep(MARGIN)
            limit = datetime.now(UTC)
            await asyncio.sleep(MARGIN)
            await create_flow_runs(call, seen.token, "new")
            seen.note("before", await remaining_names(call, seen.token))
            for attempt in ("first", "second"):
                days = (datetime.now(UTC) - limit) / timedelta(days=1)
                batches = await delete_old_flow_runs(client, days, BATCH, seen.token)
                seen.note(f"batches of the {attempt} time", batches)
                seen.note(f"left the {attempt} time", await remaining_names(call, seen.token))
        finally:
            await delete_runs_and_flows(call, seen.token, seen.token)
    seen.print_all()


if __name__ == "__main__":
    asyncio.run(main())
