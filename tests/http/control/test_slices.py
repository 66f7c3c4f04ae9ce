"""Long work of the control API gives others their turn."""

from __future__ import annotations

import asyncio

import pytest

from mockserver.http.control import slices
from mockserver.prefect.records import FlowRun
from mockserver.store import Base, Store
from mockserver.store import store as store_module


def made(numbers: range) -> list[FlowRun]:
    return [FlowRun(id=f"{number:04}", name="n") for number in numbers]


def test_a_store_is_let_go_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two slices of the runs that were added others go on; the runs of small parts, and
    those in columns, are let go at once.
    """
    monkeypatch.setattr(store_module, "LARGE_PART", 4)
    monkeypatch.setattr(slices, "_FREED_AT_ONCE", 2)
    monkeypatch.setattr(store_module, "MAX_PUT_ONE_BY_ONE", 1)
    store = Store(Base(made(range(3))))
    store.put_many(Base(made(range(10, 16))))
    (part,) = store.large_parts()
    assert sorted(run.id for run in part) == [run.id for run in made(range(10, 16))]
    monkeypatch.setattr(Store, "large_parts", lambda _: [part])
    left: list[int] = []

    async def leave() -> None:
        async with slices.leaving(store):
            left.append(len(part))
        left.append(len(part))

    async def watch() -> None:
        while part:
            left.append(len(part))
            await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(leave(), watch())

    asyncio.run(both())
    assert left == [6, 4, 2, 0]
