"""Tests with `flow_run_api` and Prefect in one process; run by test_plugin.py.

Claim: whenever Prefect is imported, its clients and flows use the API of the current test.
"""

from __future__ import annotations

import os
import threading

import pytest

from mockserver import FlowRunApi

# Each test imports Prefect itself: it reads its environment when the first test imports it.


def test_prefect_is_imported_in_a_test(flow_run_api: FlowRunApi) -> None:
    from prefect.settings import get_current_settings

    assert get_current_settings().api.url == flow_run_api.url


def test_nothing_is_left_of_it() -> None:
    from prefect.settings import get_current_settings

    assert get_current_settings().api.url == os.environ.get("PREFECT_API_URL")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_sync_client_deletes(flow_run_api: FlowRunApi, number: int) -> None:
    from prefect.client.orchestration import get_client

    flow_run_api.make(number, name="etl", state="COMPLETED")
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs()
        assert len(runs) == number
        for run in runs:
            client.delete_flow_run(run.id)
    flow_run_api.assert_deleted({"etl"})


@pytest.mark.asyncio
@pytest.mark.parametrize("number", [1, 2])
async def test_the_client_reads(flow_run_api: FlowRunApi, number: int) -> None:
    from prefect.client.orchestration import get_client

    flow_run_api.make(number)
    async with get_client() as client:
        assert len(await client.read_flow_runs()) == number


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_client_reads_under_anyio(flow_run_api: FlowRunApi, anyio_backend: str) -> None:
    from prefect.client.orchestration import get_client

    flow_run_api.make(4)
    async with get_client() as client:
        assert len(await client.read_flow_runs()) == 4, anyio_backend


def test_a_thread_uses_it_too(flow_run_api: FlowRunApi) -> None:
    from prefect.client.orchestration import get_client

    seen: list[int] = []

    def read() -> None:
        with get_client(sync_client=True) as client:
            seen.append(len(client.read_flow_runs()))

    flow_run_api.make(5)
    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert seen == [5]


@pytest.mark.parametrize("number", [1, 2])
def test_a_flow_runs(flow_run_api: FlowRunApi, number: int) -> None:
    from prefect import flow, task

    @task
    def double(value: int) -> int:
        return 2 * value

    @flow
    def answer() -> int:
        return double(number)

    assert answer() == 2 * number
    assert [run.state_name for run in flow_run_api.flow_runs] == ["Completed"]
