"""Background tasks: runs that are scheduled, and a worker in a process of its own that runs them.

Claim: the worker gets the same runs on both servers, the futures have the same results, and the
same task runs are left, which went through the same states.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from observations import Json, Observations, reply_of, to_json
from prefect import flow, get_client, tags, task
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import TaskRun
from prefect.client.subscriptions import Subscription
from prefect.futures import PrefectDistributedFuture

PATIENCE = 150
_attempts: Counter[str] = Counter()


def result_of(future: PrefectDistributedFuture[Any], **options: bool) -> Any:
    """Wait for the result of a future, asking again now and then.

    A future can miss the event that it waits for, and one that looks while a real server records
    another event may see no state, and raises (both seen on 3.6.16 under load).
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return future.result(timeout=5, **options)
        except (TimeoutError, RuntimeError) as error:
            missed = isinstance(error, TimeoutError) or "has no state" in str(error)
            if not missed or time.monotonic() > deadline:
                raise


@task
def add(left: int, right: int = 10) -> int:
    """A task that succeeds."""
    return left + right


@task
async def double(number: int) -> int:
    """An asynchronous task."""
    await asyncio.sleep(0.01)
    return 2 * number


@task
def fail(why: str) -> None:
    """A task that fails."""
    raise ValueError(why)


@task(retries=1, retry_delay_seconds=0)
def recover() -> str:
    """A task without parameters that succeeds when retried."""
    _attempts["recover"] += 1
    if _attempts["recover"] == 1:
        raise RuntimeError("the first time")
    return "made it"


@task
def delegate(number: int) -> str:
    """A task that schedules another one."""
    return str(add.delay(number).task_run_id)


@task
def nobody_runs_it(number: int) -> None:
    """A task that no worker serves."""


@flow(flow_run_name="delaying")
def delaying() -> list[int]:
    """Schedules tasks, and waits for them."""
    first = add.delay(20)
    mapped = add.map([30, 40], deferred=True)
    return [result_of(one) for one in (first, *mapped)]


SERVED = (add, double, fail, recover, delegate)


class Notes:
    """What is seen of one server."""

    def __init__(self, client: SyncPrefectClient, seen: Observations) -> None:
        self.client = client
        self.seen = seen

    def named(
        self, name: str, future: PrefectDistributedFuture[Any]
    ) -> PrefectDistributedFuture[Any]:
        """Give the run of a future a name by which its id is printed."""
        self.seen.name_id(future.task_run_id, f"run {name}")
        return future

    def post(self, path: str, body: Json) -> Json:
        return reply_of(self.client.request("POST", path, json=body))

    def workers(self, *keys: str) -> list[Json]:
        """The keys of each worker that serves one of these; its name says which process it is."""
        found = self.post("/task_workers/filter", {"task_worker_filter": {"task_keys": keys}})
        return [sorted(one["task_keys"]) for one in found]

    def mine(self) -> list[Json]:
        """The task runs of this script, by name and when they were expected."""
        wanted = {"task_runs": {"tags": {"all_": [self.seen.token]}}, "sort": "NAME_ASC"}
        found: list[Json] = self.post("/task_runs/filter", wanted)
        return sorted(found, key=lambda one: (one["name"], one["expected_start_time"]))

    def states_of(self, task_run_id: str) -> list[str]:
        """The names of the states that a task run was in, in their order."""
        path = "/task_run_states/"
        states = reply_of(self.client.request("GET", path, params={"task_run_id": task_run_id}))
        return [one["name"] for one in states]


def comparable(record: Json) -> Json:
    """A task run without the random part of its dynamic key; in a flow it is a number."""
    return {**record, "dynamic_key": record["dynamic_key"].rpartition("-")[0]}


def wait_until(done: Callable[[], object], what: str) -> None:
    """Poll until `done` returns something true. Raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.1)


@contextmanager
def worker(notes: Notes) -> Iterator[None]:
    """A worker that serves tasks from the command line; it takes a while until it is there."""
    entries = [f"{__file__}:{one.fn.__name__}" for one in SERVED]
    command = [sys.executable, "-m", "prefect", "task", "serve", "--limit", "2", *entries]
    process = subprocess.Popen(command, stdout=sys.stderr)
    try:
        yield
    finally:
        process.terminate()
        process.wait()
    wait_until(lambda: not notes.workers(recover.task_key), "the worker is still there")


def before_a_worker(notes: Notes) -> PrefectDistributedFuture[int]:
    """A run that waits for a worker; nobody else is told of it."""
    waiting = notes.named("waiting", add.delay(1, 2))
    notes.seen.note(
        "scheduled", comparable(to_json(notes.client.read_task_run(waiting.task_run_id)))
    )
    notes.seen.note("workers at first", notes.workers(add.task_key, double.task_key))
    return waiting


def with_a_worker(notes: Notes, waiting: PrefectDistributedFuture[int]) -> None:
    """Results of all kinds of tasks and of calls."""
    note = notes.seen.note
    wait_until(lambda: notes.workers(recover.task_key), "no worker came")
    expected = sorted(one.task_key for one in SERVED)
    note("the worker's keys", notes.workers(recover.task_key) == [expected])
    note("waiting: result", result_of(waiting))
    keywords = notes.named("keywords", add.apply_async(kwargs={"left": 3, "right": 4}))
    note("keywords: result", result_of(keywords))
    after = notes.named("after", add.apply_async((5,), wait_for=[keywords]))
    note("after: result", result_of(after))
    note("double: result", result_of(notes.named("double", double.delay(4))))
    failed = notes.named("failed", fail.delay("on purpose"))
    note("failed: result", str(result_of(failed, raise_on_failure=False)))
    failed.wait()
    note("failed: state", [failed.state.name, failed.state.message])
    note("recovered: result", result_of(notes.named("recovered", recover.delay())))
    inner = result_of(notes.named("outer", delegate.delay(6)))
    delegated = notes.named("inner", PrefectDistributedFuture(UUID(inner)))
    note("inner: result", result_of(delegated))
    note("flow: result", delaying.with_options(name=f"{notes.seen.token}-flow")())


async def subscribed(notes: Notes) -> None:
    """Without a worker: who subscribes gets the runs in their order, those that retry first."""
    futures = [nobody_runs_it.delay(number) for number in range(3)]
    for number, future in enumerate(futures):
        notes.seen.name_id(future.task_run_id, f"run {number} of nobody")
    retried = {"type": "SCHEDULED", "name": "AwaitingRetry", "state_details": {"deferred": True}}
    path = f"/task_runs/{futures[2].task_run_id}/set_state"
    notes.seen.note("retried", notes.post(path, {"state": retried})["status"])
    api = os.environ["PREFECT_API_URL"]
    keys = ["unknown", nobody_runs_it.task_key]
    got: list[TaskRun] = []
    asked = Subscription(TaskRun, "/task_runs/subscriptions/scheduled", keys, "nobody", api)
    async for task_run in asked:
        got.append(task_run)
        if len(got) == 4:
            break
    notes.seen.note("subscribed", [comparable(to_json(one)) for one in got])
    notes.seen.note("subscribed: worker", notes.workers("unknown") == [sorted(keys)])
    await asked.websocket.close()


def left(notes: Notes) -> None:
    """Once all have ended: what is there."""
    keys = {one.task_key for one in SERVED}

    def are_over() -> bool:
        found = [one["state_type"] for one in notes.mine() if one["task_key"] in keys]
        return set(found) <= {"COMPLETED", "FAILED"}

    wait_until(are_over, "some runs have not ended")
    records = notes.mine()
    notes.seen.note("left", [comparable(one) for one in records])
    notes.seen.note("left: states", [[one["name"], notes.states_of(one["id"])] for one in records])
    for one in records:
        notes.client.request("DELETE", f"/task_runs/{one['id']}")
    notes.seen.note("left: at last", notes.mine())


def main() -> None:
    seen = Observations("background")
    with get_client(sync_client=True) as client:
        notes = Notes(client, seen)
        with tags(seen.token):
            waiting = before_a_worker(notes)
            with worker(notes):
                asyncio.run(subscribed(notes))  # meanwhile it starts
                with_a_worker(notes, waiting)
        left(notes)
    seen.print_all()


if __name__ == "__main__":
    main()
