"""`prefect flow-run` on the command line: ls, inspect, cancel, delete, with known and unknown ids.

Claim: on both servers each command ends with the same exit code and prints the same, apart from
ids, times and ages, and the same flow runs are left.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from terminal import ENVIRONMENT, Terminal, in_fork

os.environ.update(ENVIRONMENT)

# The environment comes first; the commands of a group are in a module of its own.
import prefect.cli.flow_run  # noqa: F401
from observations import Caller, Json, Observations, delete_runs_and_flows, to_json
from prefect import flow, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import State
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled, Completed, Crashed, Failed, Late, Pending, Running, Scheduled

UNKNOWN = str(UUID(int=0xDEAD, version=4))


@flow(version="v1")
def listed() -> None:
    """Never run: flow runs are created with its name."""


@flow
def other() -> None:
    """Never run, too."""


async def create_flow_runs(token: str) -> dict[str, str]:
    """Create flow runs in different states, and one of another flow; returns ids by what they
    are of: a flow run by its name, its state and its flow.
    """
    soon = datetime.now(UTC) + timedelta(hours=1)
    ago = datetime.now(UTC) - timedelta(hours=1)
    states: dict[str, State[Any]] = {
        "soon": Scheduled(scheduled_time=soon),
        "late": Late(scheduled_time=ago),
        "pending": Pending(),
        "running": Running(),
        "done": Completed(message="fine"),
        "failed": Failed(message="not fine"),
        "crashed": Crashed(),
        "cancelled": Cancelled(),
    }
    ids: dict[str, str] = {}
    async with get_client() as client:
        for name, state in [*states.items(), ("elsewhere", Running())]:
            of = other if name == "elsewhere" else listed
            of = of.with_options(name=flow_name(token, name))
            run = await client.create_flow_run(of, name=name, tags=[token], state=state)
            ids[name] = str(run.id)
            ids[f"the state of {name}"] = str(run.state_id)
            ids[f"the flow of {name}"] = str(run.flow_id)
    return ids


def flow_name(token: str, name: str) -> str:
    """The name of the flow of a flow run."""
    return f"{token}-other" if name == "elsewhere" else token


def list_commands(token: str) -> Iterator[tuple[str, ...]]:
    """`ls`, always restricted to the flows of this script."""
    mine = ("ls", "--flow-name", token)
    both = (*mine, "--flow-name", flow_name(token, "elsewhere"))
    yield mine
    yield both
    yield (*mine, "--limit", "3")
    yield (*mine, "--limit", "0")
    yield (*mine, "--limit", "500")
    yield (*mine, "--state", "Running")
    yield (*mine, "--state", "running", "--state", "late")
    yield (*mine, "--state", "Unheard")
    yield (*mine, "--state-type", "SCHEDULED")
    yield (*both, "--state-type", "running", "--state-type", "FAILED")
    yield (*mine, "--state-type", "SCHEDULED", "--state", "Late")
    yield (*mine, "--state-type", "UNHEARD")
    yield (*mine, "--state", "Completed", "--output", "json")
    yield ("ls", "--flow-name", f"{token}-unknown")


def other_commands(ids: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """`inspect`, `cancel` and `delete`; twice what is cancelled or gone by then."""
    yield ("inspect", ids["done"])
    yield ("inspect", ids["soon"], "--output", "json")
    for name in ("running", "soon", "done", "cancelled", "running"):
        yield ("cancel", ids[name])
    for name in ("failed", "pending", "failed"):
        yield ("delete", ids[name])
    yield ("inspect", ids["failed"])
    for command in ("inspect", "cancel", "delete"):
        yield (command, UNKNOWN)
    yield ("cancel", "no-id")


async def remaining_runs(token: str) -> Json:
    """Name, state and message of each flow run that is left."""
    mine: Any = FlowRunFilter.model_validate({"tags": {"all_": [token]}})
    async with get_client() as client:
        runs = await client.read_flow_runs(flow_run_filter=mine, sort=FlowRunSort.NAME_ASC)
    return to_json([[run.name, run.state_name, run.state and run.state.message] for run in runs])


async def delete_all(token: str) -> None:
    """Delete what this script has created."""
    async with get_client() as client:
        await delete_runs_and_flows(Caller(client), token, token, flow_name(token, "elsewhere"))


def run_async(function: Any, token: str) -> Any:
    """What an async function returns for the token."""
    return asyncio.run(function(token))


def main() -> None:
    """Create flow runs, run the commands, and print what was observed."""
    seen = Observations("cli")
    terminal = Terminal(seen)
    try:
        ids = in_fork(run_async, create_flow_runs, seen.token)
        for name, identifier in ids.items():
            seen.name_id(identifier, name)
        for arguments in (*list_commands(seen.token), *other_commands(ids)):
            terminal.run("flow-run", *arguments)
        seen.note("left", in_fork(run_async, remaining_runs, seen.token))
    finally:
        in_fork(run_async, delete_all, seen.token)
    seen.print_all()


if __name__ == "__main__":
    main()
