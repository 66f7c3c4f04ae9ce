"""`prefect flow-run` on the command line: ls, inspect, cancel, delete, with known and unknown ids.

Claim: on both servers each command ends with the same exit code and prints the same, apart from
ids, times and ages, and the same flow runs are left.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from observations import Caller, Json, Observations, delete_runs_and_flows, to_json
from prefect import flow, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import State
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled, Completed, Crashed, Failed, Late, Pending, Running, Scheduled
from terminal import ENVIRONMENT, SECONDS, normalize_errors, normalize_output

PREFECT = Path(sys.executable).with_name("prefect")
UNKNOWN = str(UUID(int=0xDEAD, version=4))


@flow(version="v1")
def listed() -> None:
    """Never run: flow runs are created with its name."""


@flow
def other() -> None:
    """Never run, too."""


class CommandRunner:
    """Runs commands, three at a time, and notes what they print."""

    def __init__(self, seen: Observations) -> None:
        self._seen = seen
        self._slots = asyncio.Semaphore(3)

    async def run(self, *arguments: str, what: str = "") -> None:
        """Run `prefect --no-prompt flow-run ...`; note exit code and output under `what`."""
        async with self._slots:
            ended = await self._ended(arguments)
        self._seen.note(what or " ".join(arguments), ended)

    async def _ended(self, arguments: Sequence[str]) -> Json:
        process = await asyncio.create_subprocess_exec(
            *(str(PREFECT), "--no-prompt", "flow-run", *arguments),
            env=os.environ | ENVIRONMENT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await asyncio.wait_for(process.communicate(), SECONDS)
        shown, error = normalize_output(output.decode()), normalize_errors(errors.decode())
        return {"exit code": process.returncode, "stdout": shown, "stderr": error}


async def create_flow_runs(call: Caller, seen: Observations) -> dict[str, str]:
    """Create flow runs in different states, and one of another flow; returns ids by name."""
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
    for name, state in [*states.items(), ("elsewhere", Running())]:
        of = (other if name == "elsewhere" else listed).with_options(name=flow_name(seen, name))
        run = await call("create_flow_run", of, name=name, tags=[seen.token], state=state)
        seen.name_id(run.id, name)
        seen.name_id(run.state_id, f"the state of {name}")
        seen.name_id(run.flow_id, f"the flow of {name}")
        ids[name] = str(run.id)
    return ids


def flow_name(seen: Observations, name: str) -> str:
    """The name of the flow of a flow run."""
    return f"{seen.token}-other" if name == "elsewhere" else seen.token


async def run_list_commands(terminal: CommandRunner, seen: Observations) -> None:
    """`ls`, always restricted to the flows of this script."""
    mine = ("--flow-name", seen.token)
    both = (*mine, "--flow-name", flow_name(seen, "elsewhere"))
    wanted: tuple[tuple[str, ...], ...] = (
        mine,
        both,
        (*mine, "--limit", "3"),
        (*mine, "--limit", "0"),
        (*mine, "--limit", "500"),
        (*mine, "--state", "Running"),
        (*mine, "--state", "running", "--state", "late"),
        (*mine, "--state", "Unheard"),
        (*mine, "--state-type", "SCHEDULED"),
        (*both, "--state-type", "running", "--state-type", "FAILED"),
        (*mine, "--state-type", "SCHEDULED", "--state", "Late"),
        (*mine, "--state-type", "UNHEARD"),
        (*mine, "--state", "Completed", "--output", "json"),
        ("--flow-name", f"{seen.token}-unknown"),
    )
    await asyncio.gather(*(terminal.run("ls", *options) for options in wanted))


async def run_other_commands(terminal: CommandRunner, ids: dict[str, str]) -> None:
    """`inspect`, `cancel` and `delete`."""
    await terminal.run("inspect", ids["done"])
    await terminal.run("inspect", ids["soon"], "--output", "json")
    for name in ("running", "soon", "done", "cancelled"):
        await terminal.run("cancel", ids[name])
    await terminal.run("cancel", ids["running"], what="cancel again")
    for name in ("failed", "pending"):
        await terminal.run("delete", ids[name])
    await terminal.run("delete", ids["failed"], what="delete again")
    await terminal.run("inspect", ids["failed"], what="inspect what is deleted")
    for command in ("inspect", "cancel", "delete"):
        await terminal.run(command, UNKNOWN, what=f"{command} an unknown id")
    await terminal.run("cancel", "no-id", what="cancel what is no id")


async def remaining_runs(call: Caller, seen: Observations) -> Json:
    """Name, state and message of each flow run that is left."""
    mine: Any = FlowRunFilter.model_validate({"tags": {"all_": [seen.token]}})
    runs = await call("read_flow_runs", flow_run_filter=mine, sort=FlowRunSort.NAME_ASC)
    return [[run.name, run.state_name, run.state.message] for run in runs]


async def main() -> None:
    """Create flow runs, run the commands, and print what was observed."""
    seen = Observations("cli")
    terminal = CommandRunner(seen)
    async with get_client() as client:
        call = Caller(client)
        try:
            ids = await create_flow_runs(call, seen)
            await run_list_commands(terminal, seen)
            await run_other_commands(terminal, ids)
            seen.note("left", to_json(await remaining_runs(call, seen)))
        finally:
            await delete_runs_and_flows(call, seen.token, seen.token, flow_name(seen, "elsewhere"))
    seen.print_all()


if __name__ == "__main__":
    asyncio.run(main())
