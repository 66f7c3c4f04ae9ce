"""A client whose server is partly scripted, and a workspace to copy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import orjson

from mockserver.prefect.dialects import Dialect
from mockserver.prefect.records import (
    CreatedBy,
    Deployment,
    Flow,
    FlowRun,
    State,
    StateType,
    TaskRun,
    WorkPool,
    WorkQueue,
)
from mockserver.remote.client import Bounds, ReadClient, _Reply
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_store

T = TypeVar("T")
Answer = Any
Script = Callable[[str, str, Any], Answer | None]
"""What to answer to a method, a path and a body: None leaves it to the server."""

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def reply(value: Any, status: int = 200, **headers: str) -> _Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return _Reply(status, named, value if isinstance(value, bytes) else orjson.dumps(value))


class ScriptedClient(ReadClient):
    """Asks the script first; it notes what was asked, and how long it would have slept."""

    def __init__(self, url: str, script: Script, bounds: Bounds | None = None) -> None:
        self.script = script
        self.asked: list[tuple[str, Any]] = []
        self.slept: list[float] = []
        self.retries: list[str] = []
        self.now = 0.0
        super().__init__(
            url,
            {},
            bounds,
            on_retry=lambda why, _: self.retries.append(why),
            sleep=self._note_sleep,
            clock=lambda: self.now,
        )

    async def _note_sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def _send(self, method: str, path: str, body: bytes | None) -> _Reply:
        value = None if body is None else json.loads(body)
        self.asked.append((path, value))
        answer = self.script(method, path, value)
        if isinstance(answer, BaseException):
            raise answer
        if answer is not None:
            return answer if isinstance(answer, _Reply) else reply(answer)
        return await super()._send(method, path, body)

    def run(self, question: Coroutine[Any, Any, T]) -> T:
        """What a function that asks this client returns; then the client is closed."""

        async def run() -> T:
            async with self:
                return await question

        return asyncio.run(run())

    def count_asked(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.asked)


def no_script(_method: str, _path: str, _body: Any) -> None:
    """The script of a server that answers everything itself."""


@contextmanager
def served_api(store: Store, dialect: Dialect) -> Iterator[str]:
    """The URL of the API of a mock that holds a copy of a store, at the time START."""
    with serve_store(store.fork(), Settings(dialect, now=lambda: START)) as client:
        yield f"{client.url}/api"


def run_id(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


POOLS = [WorkPool(run_id(0xA00), "k8s", "kubernetes"), WorkPool(run_id(0xA01), "vm", "process")]
QUEUES = [WorkQueue(run_id(0xB00 + at), "default", pool.id) for at, pool in enumerate(POOLS)]
FLOWS = [Flow(run_id(0xC00 + at), name) for at, name in enumerate(("etl", "report", "unused"))]
DEPLOYMENTS = [
    Deployment(
        run_id(0xD00),
        "nightly",
        FLOWS[0].id,
        ("prod",),
        work_queue_name="default",
        work_queue_id=QUEUES[0].id,
        work_pool_id=POOLS[0].id,
        work_pool_name="k8s",
    ),
    Deployment(run_id(0xD01), "idle", FLOWS[2].id),
]


def make_runs(count: int = 60) -> list[FlowRun]:
    """Runs an hour apart, the last third of them at one instant; one has no expected start."""
    runs = []
    for number in range(count):
        hours = min(number, count * 2 // 3)
        nightly = number % 2 == 0
        runs.append(
            FlowRun(
                id=run_id(number),
                name=f"run-{number}",
                flow_id=FLOWS[number % 2].id,
                deployment_id=DEPLOYMENTS[0].id if nightly else None,
                tags=("prod",) if nightly else (),
                state=State(StateType.COMPLETED, "Completed", run_id(0xE000 + number), START),
                expected_start_time=None if number == 5 else START + timedelta(hours=hours),
                parent_task_run_id=run_id(0xF000) if number == 7 else None,
                idempotency_key=f"key-{number}",
                created_by=CreatedBy(run_id(0xE), "USER", "Mara"),
                work_queue_name="default" if nightly else None,
                work_queue_id=QUEUES[0].id if nightly else None,
                work_pool_id=POOLS[0].id if nightly else None,
                work_pool_name="k8s" if nightly else None,
            )
        )
    return runs


TASK_RUNS = [
    TaskRun(run_id(0xF000), run_id(3), "starts run-7", expected_start_time=START),
    TaskRun(run_id(0xF001), run_id(3), "starts nothing"),
]


@dataclass
class Workspace:
    """A mock that holds the workspace, and answers to what the mock has no endpoints for."""

    http: Client
    answers: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.http.url}/api"

    def script(self, _method: str, path: str, body: Any) -> Any:
        if path in self.answers:
            return self.answers[path]
        if path == "/work_pools/count":
            return len(POOLS)
        if path == "/work_pools/filter":
            everything = {"id": {"any_": [pool.id for pool in POOLS]}}
            given = body.get("work_pools") or everything
            found = [
                {"id": pool.id, "name": pool.name, "type": pool.type, "base_job_template": {"a": 1}}
                for pool in POOLS
                if all(getattr(pool, key) in wanted["any_"] for key, wanted in given.items())
            ]
            return found[body.get("offset", 0) :][: body["limit"]]
        for pool, queue in zip(POOLS, QUEUES, strict=True):
            if path == f"/work_pools/{pool.name}/queues/filter":
                return [{"id": queue.id, "name": queue.name, "work_pool_id": pool.id}]
        return None


@contextmanager
def served_workspace(count: int = 60) -> Iterator[Workspace]:
    base = Base(
        make_runs(count),
        TASK_RUNS,
        flows=FLOWS,
        deployments=DEPLOYMENTS,
        work_pools=POOLS,
        work_queues=QUEUES,
    )
    with serve_store(Store(base)) as client:
        yield Workspace(client)
