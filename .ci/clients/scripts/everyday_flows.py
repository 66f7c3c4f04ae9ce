"""Flows as users write them: kept and cached results, hooks, mapped tasks, rollbacks, crashes.

Claim: each flow returns or raises the same on both servers, its hooks are called in the same order,
and the servers hold the same states, task runs and artifacts of results.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from observations import Caller, Observations, delete_runs_and_flows, to_json, wait_until
from prefect import allow_failure, flow, get_client, runtime, tags, task, unmapped
from prefect.cache_policies import INPUTS, TASK_SOURCE
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Completed, Failed, State
from prefect.transactions import transaction

TASK_RUNS = 14  # five map, three are kept, two are tries, two are rolled back, two are subflows
ROLLED_BACK = 2
seen = Observations("everyday")
calls: Counter[str] = Counter()
hooks: list[str] = []


def hook(kind: str) -> Callable[..., None]:
    """A hook that tells when it is called, and in which state."""

    def called(_flow: Any, _run: Any, state: State[Any]) -> None:
        hooks.append(f"{kind}: {state.name}")

    return called


@task
def add(first: int, second: int) -> int:
    """A task for mapping."""
    return first + second


@task
def refuse() -> None:
    """A task that fails."""
    raise ValueError("refused")


@task(persist_result=True, cache_policy=INPUTS + TASK_SOURCE)
def count_up(number: int) -> int:
    """A task whose result is kept, so that it runs once for each number."""
    calls[f"number {number}"] += 1
    return calls[f"number {number}"]


@task(retries=2, retry_delay_seconds=0, retry_condition_fn=lambda *_: calls["picky"] < 2)
def pick() -> None:
    """A task that is retried once, as its condition says."""
    calls["picky"] += 1
    raise KeyError("picky")


@task
def write(text: str) -> str:
    """A task that can be rolled back."""
    return text


@write.on_rollback
def undo(_transaction: Any) -> None:
    hooks.append("rolled back")


@flow(flow_run_name="maps")
def maps() -> Any:
    sums = add.map([1, 2, 3], unmapped(10)).result()
    refused = refuse.submit()
    after = add.submit(1, 1, wait_for=[allow_failure(refused)])
    return Completed(message=f"{sums} {after.result()}")


@flow(flow_run_name="keeps", persist_result=True, result_serializer="json")
def keeps() -> dict[str, list[int]]:
    return {"counted": [count_up(1), count_up(1), count_up(2)]}


@flow(flow_run_name="picky", retries=1, retry_delay_seconds=0)
def picky() -> None:
    pick()


@flow(flow_run_name="rolls-back")
def rolls_back() -> None:
    with transaction():
        write("a")
        write("b")
        raise RuntimeError("in the middle")


@flow(flow_run_name="child-{number}")
def child(number: int) -> int:
    if number > 1:
        raise ValueError(f"{number} is too much")
    return number


@flow(flow_run_name="parent")
def parent() -> Any:
    mine = child.with_options(name=f"{seen.token}-child")
    states = [mine(number, return_state=True) for number in (1, 2)]
    return Failed(message=", ".join(state.name or "" for state in states))


@flow(flow_run_name="crashes")
def crashes() -> None:
    raise SystemExit(3)


@flow(flow_run_name="slow", timeout_seconds=0.2)
async def slow() -> None:
    await asyncio.sleep(30)


@flow(flow_run_name=lambda: f"knows-{runtime.flow_run.parameters['what']}")
def knows(what: str) -> list[Any]:
    return [what, runtime.flow_run.name, runtime.flow_run.flow_name, sorted(runtime.flow_run.tags)]


FLOWS: dict[str, Any] = {
    "maps": maps, "keeps": keeps, "picky": picky, "rolls-back": rolls_back,
    "parent": parent, "crashes": crashes,
}  # fmt: skip
HOOKS = ("on_completion", "on_failure", "on_crashed", "on_running")


def named(name: str, one: Any) -> Any:
    """A flow with a name that is only this script's, and a hook of each kind."""
    return one.with_options(
        name=f"{seen.token}-{name}", **{kind: [hook(f"{name} {kind}")] for kind in HOOKS}
    )


def run_all() -> None:
    """Run every flow; note what it returns or raises."""
    with tags(seen.token):
        for name, one in FLOWS.items():
            note(name, named(name, one))
        note("knows", lambda: named("knows", knows)("x"))
        note("slow", lambda: asyncio.run(named("slow", slow)()))
    seen.note("hooks", hooks)
    seen.note("calls", dict(calls))


def note(name: str, call: Callable[[], Any]) -> None:
    try:
        seen.note(f"{name}: returned", to_json(call()))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it has to be the same
        seen.note(f"{name}: raised", [type(error).__name__, str(error)[:100]])


class Left:
    """What the flows left on the server."""

    def __init__(self, client: PrefectClient) -> None:
        self.client = client
        self.mine = FlowRunFilter.model_validate({"tags": {"all_": [seen.token]}})

    async def runs(self) -> list[FlowRun]:
        return await self.client.read_flow_runs(
            flow_run_filter=self.mine, sort=FlowRunSort.NAME_ASC
        )

    async def all_recorded(self) -> bool:
        """Whether all task runs have ended: they arrive later, as events."""
        found = await self.client.read_task_runs(flow_run_filter=self.mine)
        names = Counter(one.state.name for one in found if one.state and one.state.is_final())
        return names.total() == TASK_RUNS and names["RolledBack"] == ROLLED_BACK

    async def note_all(self) -> None:
        for run in await self.runs():
            states = await self.client.read_flow_run_states(run.id)
            shown = [[one.type.value, one.name, one.message] for one in states]
            seen.note(f"states of {run.name}", sorted(shown, key=str))
            mine = FlowRunFilter.model_validate({"id": {"any_": [run.id]}})
            artifacts = await self.client.read_artifacts(flow_run_filter=mine)
            kept = [[one.key, one.type, sorted(one.data or ())] for one in artifacts]
            seen.note(f"artifacts of {run.name}", sorted(kept, key=str))
            tasks = await self.client.read_task_runs(flow_run_filter=mine)
            ended = [[one.state_name, one.run_count, one.labels] for one in tasks]
            seen.note(f"task runs of {run.name}", sorted(to_json(ended), key=str))

    async def note_kept_result(self) -> None:
        """A kept result is read from what the server says of the run."""
        (run,) = [one for one in await self.runs() if one.name == "keeps"]
        assert run.state is not None
        result = run.state.result()
        seen.note("kept result", await result if asyncio.iscoroutine(result) else result)


async def inspect() -> None:
    async with get_client() as client:
        left = Left(client)
        try:
            await wait_until(left.all_recorded, "not all task runs have ended")
            await left.note_all()
            await left.note_kept_result()
        finally:
            names = [f"{seen.token}-{name}" for name in (*FLOWS, "knows", "slow", "child")]
            await delete_runs_and_flows(Caller(client), seen.token, *names)


if __name__ == "__main__":
    run_all()
    asyncio.run(inspect())
    seen.print_all()
