"""A retention script as Prefect's documentation recommends: list what is old, delete one by one.

https://docs.prefect.io/v3/advanced/database-maintenance. Claimed: on both servers it deletes the
same flow runs in as many batches, and leaves the same.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from observing import Caller, Json, Observations, remove
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
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Completed, Crashed, Failed, Running, Scheduled

TERMINAL = [StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED]
BATCH = 5
MARGIN = 0.5  # seconds between what is old, the limit and what is not
ENDS = {"completed": Completed, "failed": Failed, "cancelled": Cancelled, "crashed": Crashed}


@flow
def nightly() -> None:
    """Never run: it lends its name to flow runs."""


async def delete_old_flow_runs(
    client: PrefectClient, days_to_keep: float, batch_size: int, tag: str
) -> list[dict[str, int]]:
    """Delete finished flow runs with the tag that started longer ago; returns what each batch did.

    A run that somebody else has deleted meanwhile is counted as missing.
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
    """Delete each of them; returns how many were there, and how many were not."""
    gone = [await deleted(client, run) for run in batch]
    return {"deleted": gone.count(True), "missing": gone.count(False)}


async def deleted(client: PrefectClient, run: FlowRun) -> bool:
    """Delete a flow run; returns whether it was there."""
    try:
        await client.delete_flow_run(run.id)
    except ObjectNotFound:
        return False
    return True


async def make(call: Caller, token: str, age: str) -> None:
    """Three finished flow runs of each kind, one that runs and one that never did."""
    of = nightly.with_options(name=token)
    for name, ended in ENDS.items():
        for number in range(3):
            run = await call("create_flow_run", of, name=f"{age} {name} {number}", tags=[token])
            await call("set_flow_run_state", run.id, Running())
            await call("set_flow_run_state", run.id, ended())
    others: dict[str, State[Any]] = {"running": Running(), "scheduled": Scheduled()}
    for name, state in others.items():
        named = {"name": f"{age} {name}", "tags": [token], "state": state}
        await call("create_flow_run", of, **named)


async def left(call: Caller, token: str) -> Json:
    """The names of what is still there."""
    mine = FlowRunFilter(tags=FlowRunFilterTags(all_=[token]))
    found = await call("read_flow_runs", flow_run_filter=mine, sort=FlowRunSort.NAME_ASC)
    return [run.name for run in found]


async def main() -> None:
    """Old runs, new runs, retention twice, and what is left."""
    seen = Observations("retention")
    async with get_client() as client:
        call = Caller(client)
        try:
            await make(call, seen.token, "old")
            await asyncio.sleep(MARGIN)
            limit = datetime.now(UTC)
            await asyncio.sleep(MARGIN)
            await make(call, seen.token, "new")
            seen.note("before", await left(call, seen.token))
            for attempt in ("first", "second"):
                days = (datetime.now(UTC) - limit) / timedelta(days=1)
                batches = await delete_old_flow_runs(client, days, BATCH, seen.token)
                seen.note(f"batches of the {attempt} time", batches)
                seen.note(f"left the {attempt} time", await left(call, seen.token))
        finally:
            await remove(call, seen.token, seen.token)
    seen.tell()


if __name__ == "__main__":
    asyncio.run(main())
