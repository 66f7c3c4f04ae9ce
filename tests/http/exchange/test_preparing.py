"""The server answers others while something is made that a request needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event, current_thread
from typing import Any

import pytest

from mockserver.http.exchange.preparing import MAX_THREADS, in_thread, when_prepared
from mockserver.prefect.records import FlowRun
from mockserver.store import NotPrepared
from mockserver.store.base import Base
from mockserver.store.indexes import preparation
from mockserver.store.store import Store
from tests.support.servers import serve_store


def needing(prepare: Callable[[], object], made: list[Any]) -> Callable[[], Any]:
    def work() -> Any:
        if not made:
            raise NotPrepared(prepare)
        return made[0]

    return work


def test_others_go_on_while_something_is_made() -> None:
    """The loop turns while the thread waits for it; the work is then done with what was made."""
    made: list[str] = []

    async def main() -> str:
        turned = Event()

        def prepare() -> None:
            assert turned.wait(60)
            made.append("index")

        work = asyncio.ensure_future(when_prepared(needing(prepare, made)))
        await asyncio.sleep(0)
        assert made == []
        turned.set()
        return str(await work)

    assert asyncio.run(main()) == "index"


def test_a_thread_returns_what_the_function_does() -> None:
    """It is called with the arguments, and the process does not wait for its thread to end."""
    kept, thread = asyncio.run(in_thread(lambda *given: (given, current_thread()), 1, 2))
    assert kept == (1, 2)
    assert thread.daemon


def test_a_failure_is_that_of_the_request() -> None:
    """What making it raises, the request that needs it raises."""

    def prepare() -> None:
        raise MemoryError("too many")

    with pytest.raises(MemoryError, match="too many"):
        asyncio.run(when_prepared(needing(prepare, [])))


@pytest.mark.parametrize("fails", [False, True])
def test_a_request_that_was_given_up_does_no_harm(fails: bool) -> None:
    """Nobody waits any more when it is made."""
    made: list[str] = []

    async def main() -> None:
        cancelled, ended = Event(), Event()

        def prepare() -> None:
            assert cancelled.wait(60)
            made.append("index")
            ended.set()
            if fails:
                raise MemoryError

        work = asyncio.ensure_future(when_prepared(needing(prepare, made)))
        await asyncio.sleep(0)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        cancelled.set()
        assert await asyncio.to_thread(ended.wait, 60)
        await asyncio.to_thread(lambda: None)

    asyncio.run(main())
    assert made == ["index"]


def test_few_threads_run_at_a_time() -> None:
    """However many requests need one, so that the loop has its share."""
    running: list[int] = []
    most = 0

    async def main() -> None:
        nonlocal most
        full, go_on = Event(), Event()

        def work(number: int) -> None:
            nonlocal most
            running.append(number)
            most = max(most, len(running))
            if len(running) == MAX_THREADS:
                full.set()
            assert go_on.wait(60)
            running.remove(number)

        all_work = asyncio.gather(*(in_thread(work, number) for number in range(8)))
        assert await asyncio.to_thread(full.wait, 60)
        go_on.set()
        await all_work

    asyncio.run(main())
    assert (running, most) == ([], MAX_THREADS)


def test_a_request_is_answered_once_what_it_needs_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is carried out again from its beginning."""
    monkeypatch.setattr(preparation, "MIN_DEFERRED_RUNS", 1)
    run = FlowRun(id="00000001-0000-4000-8000-000000000000", name="a")
    with serve_store(Store(Base([run]))) as client:
        body = {"flow_runs": {"name": {"any_": ["a"]}}}
        assert client.ask("POST", "/flow_runs/count", body).json == 1
        assert client.bulk_delete(body).json == {"deleted": [run.id]}
