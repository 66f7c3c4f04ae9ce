"""`bulk_delete` with one filter, again and again until nothing is left that matches.

Claimed: on both servers every round deletes as many, the last one nothing, and the same is left.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from observing import Caller, Json, Observations, remove
from prefect import flow, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import State
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled, Completed, Crashed, Failed, Pending, Running

MARGIN = 0.5  # seconds between what is old, the limit and what is not
MOST = 50  # as many as the server deletes at once where no limit is sent


@flow
def drained() -> None:
    """Never run: it lends its name to flow runs."""


async def drain(call: Caller, wanted: Json, **limit: int) -> list[int]:
    """Delete until the server answers that it deleted nothing; returns how many each time."""
    rounds: list[int] = []
    deleted: set[str] = set()
    while not rounds or rounds[-1]:
        body = {"flow_runs": wanted, **limit}
        answer = await call.post("/flow_runs/bulk_delete", body)
        rounds.append(len(set(answer["deleted"]) - deleted))
        deleted.update(answer["deleted"])
    return rounds


async def make(call: Caller, token: str, age: str, tag: str, count: int) -> None:
    """As many finished flow runs with the tag, and two that are not finished."""
    of = drained.with_options(name=token)
    ends = (Completed, Failed, Cancelled, Crashed)
    states: dict[str, State[Any]] = {"pending": Pending(), "running": Running()}
    for number in range(count):
        end = ends[number % len(ends)]
        states[f"{end.__name__.lower()} {number:02}"] = end()
    for name, state in states.items():
        named = {"name": f"{age} {tag} {name}", "tags": [token, tag]}
        await call("create_flow_run", of, state=state, **named)


async def left(call: Caller, token: str) -> Json:
    """The names of what is still there."""
    mine: Any = FlowRunFilter.model_validate({"tags": {"all_": [token]}})
    found = await call("read_flow_runs", flow_run_filter=mine, sort=FlowRunSort.NAME_ASC)
    return [run.name for run in found]


async def story(call: Caller, seen: Observations, kind: str) -> None:
    """What is old and has the tag goes, in rounds of seven; then most of the rest at once."""
    token = f"{seen.token}-{kind}"
    try:
        await make(call, token, "old", "nightly", 20)
        await make(call, token, "old", "weekly", 4)
        await asyncio.sleep(MARGIN)
        before = datetime.now(UTC).isoformat()
        await asyncio.sleep(MARGIN)
        await make(call, token, "new", "nightly", MOST + 4)
        wanted = {
            "state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}},
            "end_time": {"before_": before},
            "tags": {"all_": [token, "nightly"]},
        }
        for attempt in ("first", "second"):
            seen.note(f"{kind}: rounds, {attempt} time", await drain(call, wanted, limit=7))
        seen.note(f"{kind}: left", await left(call, token))
        nightly = {"tags": {"all_": [token, "nightly"]}}
        seen.note(f"{kind}: rounds without a limit", await drain(call, nightly))
        seen.note(f"{kind}: left in the end", await left(call, token))
    finally:
        await remove(call, token, token)


async def main() -> None:
    """The story of each client, and what was seen."""
    seen = Observations("drain")
    async with get_client() as client:
        await story(Caller(client), seen, "async")
    with get_client(sync_client=True) as client:
        await story(Caller(client), seen, "sync")
    seen.tell()


if __name__ == "__main__":
    asyncio.run(main())
