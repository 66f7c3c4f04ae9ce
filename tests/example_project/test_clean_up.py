"""The tests of clean_up.py, as a user of mockserver would write them."""

from __future__ import annotations

from datetime import timedelta
from urllib.error import HTTPError

import pytest

from clean_up import clean_up
from mockserver import FlowRunApi

MONTH = timedelta(days=30)


@pytest.fixture
def waits() -> list[float]:
    """How long it waited between attempts."""
    return []


@pytest.mark.flow_runs("workspace.yaml")
class TestOnAWorkspace:
    def test_only_what_completed_long_ago_goes(self, flow_run_api: FlowRunApi) -> None:
        assert clean_up(MONTH, now=flow_run_api.now) == 1
        flow_run_api.assert_deleted({"old"})

    def test_what_is_recent_goes_later(self, flow_run_api: FlowRunApi) -> None:
        flow_run_api.advance("30d")
        clean_up(MONTH, now=flow_run_api.now)
        flow_run_api.assert_deleted({"old", "recent"})

    def test_nothing_was_left_behind_by_other_tests(self, flow_run_api: FlowRunApi) -> None:
        assert len(flow_run_api.flow_runs) == 4


@pytest.mark.flow_runs(120, name="etl-{n}", state="COMPLETED", ended="now-40d")
def test_it_deletes_in_portions_until_none_is_left(flow_run_api: FlowRunApi) -> None:
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
def test_it_gives_up_at_last(flow_run_api: FlowRunApi, waits: list[float]) -> None:
    flow_run_api.fail("sqlite-503")
    with pytest.raises(HTTPError, match="503"):
        clean_up(MONTH, wait=waits.append)
    flow_run_api.assert_deleted(())


@pytest.mark.flow_runs(name="old", state="COMPLETED", ended="now-40d")
def test_a_lost_reply_is_not_counted_and_does_no_harm(flow_run_api: FlowRunApi) -> None:
    flow_run_api.fail_next("cut-after")
    with pytest.raises(ConnectionError):
        clean_up(MONTH)
    flow_run_api.assert_deleted({"old"})
    assert clean_up(MONTH) == 0
