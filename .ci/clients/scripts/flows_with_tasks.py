"""Real flow runs: flows with tasks, a subflow, retries, failures and returned states.

Claim: afterwards both servers hold the same flow runs and task runs, and deleting a parent removes
the link of its subflow on both. The client reports flow runs over HTTP and task runs as events.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Any

from observations import Caller, Json, Observations, delete_runs_and_flows, to_json, wait_until
from prefect import flow, get_client, get_run_logger, tags, task
from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled, Completed

_attempts: Counter[str] = Counter()
_RANDOM_SUFFIX = re.compile("-[0-9a-f]{3,8}$")
TASK_RUNS = {
    "parent": 3,  # two of its own, and the one that stands for the subflow
    "child": 1,
    "failing": 1,
    "second try": 2,  # its task's result is not kept, so the task is run again
    "half": 0,
    "cancelled": 0,
    "asynchronous": 2,
    "stubborn": 1,
}


@task(tags=["arithmetic"])
def double(number: int) -> int:
    """A task that succeeds."""
    return 2 * number


@task
def fail(why: str) -> None:
    """A task that fails."""
    raise ValueError(why)


@task(retries=1, retry_delay_seconds=0)
def recover() -> str:
    """A task that succeeds when retried."""
    return fail_first_time("task")


@task
async def double_slowly(number: int) -> int:
    """An asynchronous task."""
    await asyncio.sleep(0.01)
    return 2 * number


@flow(flow_run_name="child")
def child(number: int) -> int:
    """A subflow with a task."""
    return double(number)


@flow(flow_run_name="parent", log_prints=True, version="v1")
def parent(token: str, number: int = 1) -> int:
    """Calls and submits tasks, runs a subflow, prints and logs."""
    print("printed")
    get_run_logger().warning("logged")
    called = double(number)
    submitted = double.submit(called)
    return child.with_options(name=f"{token}-child")(submitted.result())


@flow(flow_run_name="failing")
def failing() -> None:
    """Fails because its task fails."""
    fail("on purpose")


@flow(flow_run_name="second try", retries=1, retry_delay_seconds=0)
def second_try() -> str:
    """Fails, and is retried within the same flow run."""
    double(3)
    return fail_first_time("flow")


@flow(flow_run_name="half")
def half() -> State[Any]:
    """Returns its final state, with a custom name."""
    return Completed(name="Half", message="half of it")


@flow(flow_run_name="cancelled")
def cancelled() -> State[Any]:
    """Returns the state Cancelled."""
    return Cancelled(message="not today")


@flow(flow_run_name="asynchronous")
async def asynchronous() -> list[int]:
    """Two tasks at the same time."""
    return list(await asyncio.gather(double_slowly(1), double_slowly(2)))


@flow(flow_run_name="stubborn")
def stubborn() -> str:
    """Its task is retried."""
    return recover()


def fail_first_time(of: str) -> str:
    """Raises RuntimeError at the first call with this name."""
    _attempts[of] += 1
    if _attempts[of] == 1:
        raise RuntimeError(f"the first time of the {of}")
    return "made it"


def run_all(token: str) -> None:
    """Run every flow, with the token in its name; failures are returned, not raised."""
    with tags(token):
        parent.with_options(name=f"{token}-parent")(token, return_state=True)
        for one in (failing, second_try, half, cancelled, stubborn):
            one.with_options(name=f"{token}-{one.fn.__name__}")(return_state=True)
        asyncio.run(run_asynchronous(token))


async def run_asynchronous(token: str) -> None:
    """Run the asynchronous flow."""
    await asynchronous.with_options(name=f"{token}-asynchronous")(return_state=True)


class ServerInspection:
    """Reads what the server holds after the runs."""

    def __init__(self, call: Caller, seen: Observations) -> None:
        self.call = call
        self.seen = seen
        self.mine = FlowRunFilter.model_validate({"tags": {"all_": [seen.token]}})

    async def runs(self) -> dict[str, FlowRun]:
        """The flow runs of this script by name."""
        named: dict[str, Any] = {"flow_run_filter": self.mine, "sort": FlowRunSort.NAME_ASC}
        return {run.name: run for run in await self.call("read_flow_runs", **named)}

    async def task_runs(self) -> list[TaskRun]:
        """The task runs of these flow runs."""
        found: list[TaskRun] = await self.call("read_task_runs", flow_run_filter=self.mine)
        return found

    async def settled(self) -> bool:
        """Whether all task runs exist and have ended: they arrive later, as events."""
        found = await self.task_runs()
        ended = [one for one in found if one.state is not None and one.state.is_final()]
        return len(ended) == sum(TASK_RUNS.values())

    async def name_ids(self) -> None:
        """Name the ids of all records, so that links between them are comparable."""
        runs = await self.runs()
        for name, run in runs.items():
            self.seen.name_id(run.id, f"run {name}")
            self.seen.name_id(run.flow_id, f"the flow of {name}")
            self.seen.name_id(run.state_id, f"the state of {name}")
        names = {run.id: name for name, run in runs.items()}
        for one in await self.task_runs():
            of = names[one.flow_run_id] if one.flow_run_id else None
            self.seen.name_id(one.id, f"a task run {_without_suffix(one.name)} of {of}")
            self.seen.name_id(one.state_id, f"the state of a task run of {of}")

    async def note_all(self, when: str) -> None:
        """Note the flow runs, their states, and the task runs."""
        runs = await self.runs()
        for name, run in runs.items():
            self.seen.note(f"{when}: flow run {name}", run)
            states = await self.call("read_flow_run_states", run.id)
            ordered = sorted(states, key=lambda state: state.timestamp)
            shown = [[state.type.value, state.name, state.message] for state in ordered]
            self.seen.note(f"{when}: states of {name}", shown)
        task_runs = [_normalize_task_run(one) for one in await self.task_runs()]
        # Sorted by what is printed of them: ids are random.
        ordered_runs = sorted(task_runs, key=lambda one: str(self.seen.normalize(one)))
        self.seen.note(f"{when}: task runs", ordered_runs)


def _normalize_task_run(one: TaskRun) -> Json:
    """A task run without random suffixes and keys that depend on the source of the flow."""
    shown = to_json(one)
    shown["name"] = _without_suffix(shown["name"])
    shown["task_key"] = _without_suffix(shown["task_key"])
    shown["dynamic_key"] = bool(shown["dynamic_key"])
    return shown


def _without_suffix(name: str) -> str:
    return _RANDOM_SUFFIX.sub("-<random>", name)


async def delete_parent_and_child(after: ServerInspection) -> None:
    """Delete the parent, note what is left, then delete the child too."""
    call, seen, runs = after.call, after.seen, await after.runs()
    of_parent = TaskRunFilter.model_validate({"flow_run_id": {"any_": [runs["parent"].id]}})
    for name in ("parent", "child"):
        wanted = {"flow_runs": {"id": {"any_": [str(runs[name].id)]}}}
        seen.note(f"bulk_delete {name}", await call.post("/flow_runs/bulk_delete", wanted))
        seen.note(f"read deleted {name}", await call.outcome("read_flow_run", runs[name].id))
        left = await call("read_task_runs", task_run_filter=of_parent)
        seen.note(f"task runs of parent without {name}", left)
        await after.note_all(f"without {name}")


async def inspect_server(seen: Observations) -> None:
    """Note what the server holds before and after deletions; delete everything in the end."""
    async with get_client() as client:
        after = ServerInspection(Caller(client), seen)
        try:
            await wait_until(after.settled, "not all task runs have ended")
            await after.name_ids()
            await after.note_all("after the runs")
            await delete_parent_and_child(after)
        finally:
            short = ("parent", "child", "failing", "second_try", "half", "cancelled", "stubborn")
            names = [f"{seen.token}-{name}" for name in (*short, "asynchronous")]
            await delete_runs_and_flows(after.call, seen.token, *names)


def main() -> None:
    """Run the flows, then print what was observed."""
    seen = Observations("flows")
    run_all(seen.token)
    asyncio.run(inspect_server(seen))
    seen.print_all()


if __name__ == "__main__":
    main()
