"""The tests of clean_up.py, as a user of mockserver would write them."""

from __future__ import annotations

from datetime import timedelta
from urllib.error import HTTPError, URLError

import pytest

from clean_up import clean_up
from mockserver import FlowRunApi

MONTH = timedelta(days=30)


@pytest.fixture
def waits() -> list[float]:
    """The seconds that the script waited between attempts."""
    return []


@pytest.mark.flow_runs("workspace.yaml")
class TestOnAWorkspace:
    def test_only_old_completed_runs_are_deleted(self, flow_run_api: FlowRunApi) -> None:
        assert clean_up(MONTH, now=flow_run_api.now) == 1
        flow_run_api.assert_deleted({"old"})

    def test_recent_runs_are_deleted_a_month_later(self, flow_run_api: FlowRunApi) -> None:
        flow_run_api.advance("30d")
        clean_up(MONTH, now=flow_run_api.now)
        flow_run_api.assert_deleted({"old", "recent"})

    def test_tests_do_not_affect_each_other(self, flow_run_api: FlowRunApi) -> None:
        assert len(flow_run_api.flow_runs) == 4


@pytest.mark.flow_runs(120, name="etl-{n}", state="COMPLETED", ended="now-40d")
def test_it_deletes_in_batches_until_none_is_left(flow_run_api: FlowRunApi) -> None:
    assert clean_up(MONTH) == 120
    flow_run_api.assert_called("/flow_runs/bulk_delete", times=4)
    assert flow_run_api.flow_runs == ()


@pytest.mark.flow_runs(name="old", state="COMPLETED", ended="now-40d")
def test_it_tries_again(flow_run_api: FlowRunApi, waits: list[float]) -> None:
    flow_run_api.fail_next("sqlite-503")
    flow_run_api.fail_next("rate-limited")
    assert clean_up(MONTH, wait=waits.append) == 1
    assert waits == [1, 1]


@pytest.mark.flow_runs(name="old", state="COMPLETED", ended="now-40d")
def test_it_gives_up_after_three_attempts(flow_run_api: FlowRunApi, waits: list[float]) -> None:
    flow_run_api.fail("sqlite-503")
    with pytest.raises(HTTPError, match="503"):
        clean_up(MONTH, wait=waits.append)
    flow_run_api.assert_deleted(())


@pytest.mark.flow_runs(name="old", state="COMPLETED", ended="now-40d")
def test_a_lost_reply_is_not_counted(flow_run_api: FlowRunApi, waits: list[float]) -> None:
    flow_run_api.fail_next("cut-after")
    assert clean_up(MONTH, wait=waits.append) == 0
    flow_run_api.assert_deleted({"old"})


@pytest.mark.flow_runs(name="old", state="COMPLETED", ended="now-40d")
def test_a_server_that_always_cuts_the_connection_is_an_error(
    flow_run_api: FlowRunApi, waits: list[float]
) -> None:
    flow_run_api.fail("cut-before")
    with pytest.raises((ConnectionError, URLError)):
        clean_up(MONTH, wait=waits.append)
    assert waits == [1, 1]
