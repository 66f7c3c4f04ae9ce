"""`bulk_delete` with one filter, repeated until nothing matches.

Claim: on both servers each round deletes equally many runs, the last one none, and the same runs
are left.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from observations import Caller, Json, Observations, delete_runs_and_flows, remaining_names
from prefect import flow, get_client
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Crashed, Failed, Pending, Running

MARGIN = 0.5  # seconds between the old runs, the time limit and the new runs
DEFAULT_LIMIT = 50  # how many runs a server deletes in a request without a limit


@flow
def drained() -> None:
    """Never run: flow runs are created with its name."""


async def drain(call: Caller, wanted: Json, **limit: int) -> list[int]:
    """Delete until a round deletes nothing; returns the number of runs that each round deleted."""
    rounds: list[int] = []
    deleted: set[str] = set()
    while not rounds or rounds[-1]:
        body = {"flow_runs": wanted, **limit}
        answer = await call.post("/flow_runs/bulk_delete", body)
        rounds.append(len(set(answer["deleted"]) - deleted))
        deleted.update(answer["deleted"])
    return rounds


async def create_flow_runs(call: Caller, token: str, age: str, tag: str, count: int) -> None:
    """Create `count` finished flow runs with the tag, and two that are not finished."""
    of = drained.with_options(name=token)
    ends = (Completed, Failed, Cancelled, Crashed)
    states: dict[str, State[Any]] = {"pending": Pending(), "running": Running()}
    for number in range(count):
        end = ends[number % len(ends)]
        states[f"{end.__name__.lower()} {number:02}"] = end()
    for name, state in states.items():
        named = {"name": f"{age} {tag} {name}", "tags": [token, tag]}
        await call("create_flow_run", of, state=state, **named)


async def drain_scenario(call: Caller, seen: Observations, kind: str) -> None:
    """Delete old runs with a tag in rounds of seven; then all runs with it, without a limit."""
    token = f"{seen.token}-{kind}"
    try:
        await create_flow_runs(call, token, "old", "nightly", 20)
        await create_flow_runs(call, token, "old", "weekly", 4)
        await asyncio.sleep(MARGIN)
        before = datetime.now(UTC).isoformat()
        await asyncio.sleep(MARGIN)
        await create_flow_runs(call, token, "new", "nightly", DEFAULT_LIMIT + 4)
        wanted = {
            "state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}},
            "end_time": {"before_": before},
            "tags": {"all_": [token, "nightly"]},
        }
        for attempt in ("first", "second"):
            seen.note(f"{kind}: rounds, {attempt} time", await drain(call, wanted, limit=7))
        seen.note(f"{kind}: left", await remaining_names(call, token))
        nightly = {"tags": {"all_": [token, "nightly"]}}
        seen.note(f"{kind}: rounds without a limit", await drain(call, nightly))
        seen.note(f"{kind}: left in the end", await remaining_names(call, token))
    finally:
        await delete_runs_and_flows(call, token, token)


async def main() -> None:
    """Run the scenario with both clients, and print what was observed."""
    seen = Observations("drain")
    async with get_client() as client:
        await drain_scenario(Caller(client), seen, "async")
    with get_client(sync_client=True) as client:
        await drain_scenario(Caller(client), seen, "sync")
    seen.print_all()


if __name__ == "__main__":
    asyncio.run(main())
