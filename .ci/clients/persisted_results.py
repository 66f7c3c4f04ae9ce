"""Tests that each run a flow with persisted results; run by test_plugin.py, on two workers.

Claim: every test runs its own flow and task. Prefect keeps results in PREFECT_HOME by the ids of
runs, so a test that got ids of an earlier one, on either worker, would get its result instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import prefect.settings
import pytest
from prefect import flow, task

from mockserver import FlowRunApi

NUMBER = int(os.environ.get("MOCKSERVER_TEST_NUMBER", "100"))


@task(persist_result=True)
def draw() -> str:
    return uuid4().hex


@flow(persist_result=True)
def draw_once() -> str:
    return draw()


DRAWN: set[str] = set()


@contextmanager
def no_heartbeat() -> Iterator[None]:
    """With one, each flow waits a second for the end of its thread (Prefect: flow_engine.py)."""
    frequency = getattr(prefect.settings, "PREFECT_FLOWS_HEARTBEAT_FREQUENCY", None)
    with prefect.settings.temporary_settings({frequency: None} if frequency else {}):
        yield


@pytest.mark.parametrize("number", range(NUMBER))
def test_the_result_is_the_tests_own(flow_run_api: FlowRunApi, number: int) -> None:
    with no_heartbeat():
        drawn = draw_once()
    assert drawn not in DRAWN, number
    DRAWN.add(drawn)
    assert [run.state_name for run in flow_run_api.flow_runs] == ["Completed"]
