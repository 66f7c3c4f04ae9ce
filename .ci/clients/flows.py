"""Real flow runs: of flows with tasks, a subflow, retries, failures, states returned.

Claimed: afterwards both servers hold the same flow runs and task runs, which the client reports on
different ways, and deleting a parent leaves its subflow without the link, on both.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Any

from observing import Caller, Json, Observations, plain, remove, until
from prefect import flow, get_client, get_run_logger, tags, task
from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled, Completed

_attempts: Counter[str] = Counter()
_RANDOM_SUFFIX = re.compile("-[0-9a-f]{3,8}$")
TASK_RUNS = {
    "parent": 3,  # two of its own, and the subflow's placeholder
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
    """A task that does what it should."""
    return 2 * number


@task
def fail(why: str) -> None:
    """A task that never does."""
    raise ValueError(why)


@task(retries=1, retry_delay_seconds=0)
def recover() -> str:
    """A task that does the second time."""
    return second_time("task")


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
    """Tasks called and submitted, a subflow, things printed and logged."""
    print("printed")
    get_run_logger().warning("logged")
    called = double(number)
    submitted = double.submit(called)
    return child.with_options(name=f"{token}-child")(submitted.result())


@flow(flow_run_name="failing")
def failing() -> None:
    """Its task fails, and so does it."""
    fail("on purpose")


@flow(flow_run_name="second try", retries=1, retry_delay_seconds=0)
def second_try() -> str:
    """Fails, and is tried again within the same flow run."""
    double(3)
    return second_time("flow")


@flow(flow_run_name="half")
def half() -> State[Any]:
    """Says itself which state it ends in, by a name of its own."""
    return Completed(name="Half", message="half of it")


@flow(flow_run_name="cancelled")
def cancelled() -> State[Any]:
    """Says that it was cancelled."""
    return Cancelled(message="not today")


@flow(flow_run_name="asynchronous")
async def asynchronous() -> list[int]:
    """Two tasks at the same time."""
    return list(await asyncio.gather(double_slowly(1), double_slowly(2)))


@flow(flow_run_name="stubborn")
def stubborn() -> str:
    """Its task is tried again."""
    return recover()


def second_time(of: str) -> str:
    """Fails the first time it is asked."""
    _attempts[of] += 1
    if _attempts[of] == 1:
        raise RuntimeError(f"the first time of the {of}")
    return "made it"


def run_all(token: str) -> None:
    """Run every flow, under a name of its own; whatever becomes of it."""
    with tags(token):
        parent.with_options(name=f"{token}-parent")(token, return_state=True)
        for one in (failing, second_try, half, cancelled, stubborn):
            one.with_options(name=f"{token}-{one.fn.__name__}")(return_state=True)
        asyncio.run(run_asynchronous(token))


async def run_asynchronous(token: str) -> None:
    """As above, of the one that has to be awaited."""
    await asynchronous.with_options(name=f"{token}-asynchronous")(return_state=True)


class Aftermath:
    """What the server holds after the runs."""

    def __init__(self, call: Caller, seen: Observations) -> None:
        self.call = call
        self.seen = seen
        self.mine = FlowRunFilter.model_validate({"tags": {"all_": [seen.token]}})

    async def runs(self) -> dict[str, FlowRun]:
        """My flow runs by name."""
        named: dict[str, Any] = {"flow_run_filter": self.mine, "sort": FlowRunSort.NAME_ASC}
        return {run.name: run for run in await self.call("read_flow_runs", **named)}

    async def task_runs(self) -> list[TaskRun]:
        """The task runs of my flow runs."""
        found: list[TaskRun] = await self.call("read_task_runs", flow_run_filter=self.mine)
        return found

    async def settled(self) -> bool:
        """Whether every task run is there and has ended: they come by another way, and later."""
        found = await self.task_runs()
        ended = [one for one in found if one.state is not None and one.state.is_final()]
        return len(ended) == sum(TASK_RUNS.values())

    async def learn(self) -> None:
        """Know the ids of everything, so that links are told by what they lead to."""
        runs = await self.runs()
        for name, run in runs.items():
            self.seen.know(run.id, f"run {name}")
            self.seen.know(run.flow_id, f"the flow of {name}")
            self.seen.know(run.state_id, f"the state of {name}")
        names = {run.id: name for name, run in runs.items()}
        for one in await self.task_runs():
            of = names[one.flow_run_id] if one.flow_run_id else None
            self.seen.know(one.id, f"a task run {_without_suffix(one.name)} of {of}")
            self.seen.know(one.state_id, f"the state of a task run of {of}")

    async def look(self, when: str) -> None:
        """Note flow runs, how they came about, and task runs."""
        runs = await self.runs()
        for name, run in runs.items():
            self.seen.note(f"{when}: flow run {name}", run)
            states = await self.call("read_flow_run_states", run.id)
            ordered = sorted(states, key=lambda state: state.timestamp)
            told = [[state.type.value, state.name, state.message] for state in ordered]
            self.seen.note(f"{when}: states of {name}", told)
        task_runs = [_told(one) for one in await self.task_runs()]
        # Ids do not tell which of two comes first, what is told of them does.
        ordered_runs = sorted(task_runs, key=lambda one: str(self.seen.normal(one)))
        self.seen.note(f"{when}: task runs", ordered_runs)


def _told(one: TaskRun) -> Json:
    """A task run without what is random or of this version of the source only."""
    told = plain(one)
    told["name"] = _without_suffix(told["name"])
    told["task_key"] = _without_suffix(told["task_key"])
    told["dynamic_key"] = bool(told["dynamic_key"])
    return told


def _without_suffix(name: str) -> str:
    return _RANDOM_SUFFIX.sub("-<random>", name)


async def delete(after: Aftermath) -> None:
    """Delete the parent by its id, look at what is left, then delete the child too."""
    call, seen, runs = after.call, after.seen, await after.runs()
    of_parent = TaskRunFilter.model_validate({"flow_run_id": {"any_": [runs["parent"].id]}})
    for name in ("parent", "child"):
        wanted = {"flow_runs": {"id": {"any_": [str(runs[name].id)]}}}
        seen.note(f"bulk_delete {name}", await call.post("/flow_runs/bulk_delete", wanted))
        seen.note(f"read deleted {name}", await call.outcome("read_flow_run", runs[name].id))
        left = await call("read_task_runs", task_run_filter=of_parent)
        seen.note(f"task runs of parent without {name}", left)
        await after.look(f"without {name}")


async def observe(seen: Observations) -> None:
    """What the server holds, before and after deletions; nothing of it in the end."""
    async with get_client() as client:
        after = Aftermath(Caller(client), seen)
        try:
            await until(after.settled, "not all task runs have ended")
            await after.learn()
            await after.look("after the runs")
            await delete(after)
        finally:
            short = ("parent", "child", "failing", "second_try", "half", "cancelled", "stubborn")
            names = [f"{seen.token}-{name}" for name in (*short, "asynchronous")]
            await remove(after.call, seen.token, *names)


def main() -> None:
    """The runs, then what is seen of them."""
    seen = Observations("flows")
    run_all(seen.token)
    asyncio.run(observe(seen))
    seen.tell()


if __name__ == "__main__":
    main()
