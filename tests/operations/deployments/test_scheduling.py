"""Runs of deployments by their schedules: which are made, and what a seed may have given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from mockserver.errors import ServerFailure, TooLarge
from mockserver.operations import Context
from mockserver.operations.deployments.scheduling import schedule_deployment
from mockserver.prefect import Deployment
from mockserver.prefect.dialects import dialect_for
from mockserver.requests.objects import DeploymentScheduleRequest
from mockserver.seeds.loading import read_seeds
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds.dump import dump_store

DEPLOYMENT = "b7e9a1c4-2f68-4d0b-8a3c-6f1d5e9b7a42"
FLOW = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
SCHEDULE = "5c5f8a0e-7d1b-4d0e-9a51-3b7d1f6f2c11"
NIGHTLY = {"cron": "30 2 * * *", "timezone": "America/New_York"}
DAILY = {
    "interval": 86_400.0,
    "anchor_date": "2026-02-20T12:00:00Z",
    "timezone": "America/New_York",
}


def context_with(*schedules: Mapping[str, Any], release: str = "3.9.1") -> Context:
    """A store with a deployment that has these schedules, in March 2026."""
    ids = count(1)
    deployment = Deployment(DEPLOYMENT, "d", FLOW, rest={"schedules": list(schedules)})
    store = Store(Base([], deployments=[deployment]))
    return Context(
        store,
        dialect_for("sqlite", release),
        datetime(2026, 3, 7, 12, tzinfo=UTC),
        lambda: f"00000000-0000-4000-8000-{next(ids):012}",
    )


def active(schedule: Any, **more: Any) -> dict[str, Any]:
    """An active schedule as replies show it."""
    return {"id": SCHEDULE, "active": True, "schedule": schedule, **more}


def make_runs(context: Context, **bounds: Any) -> list[str]:
    """The times of all runs, once more are made."""
    schedule_deployment(context, DEPLOYMENT, DeploymentScheduleRequest.model_validate(bounds))
    return sorted(str(run.expected_start_time)[5:16] for run in context.store)


def test_a_run_is_made_once() -> None:
    """The second request makes those that are missing."""
    context = context_with(active(NIGHTLY))
    assert make_runs(context, max_runs=1) == ["03-08 07:30"]
    assert make_runs(context, max_runs=2) == ["03-08 07:30", "03-09 06:30"]


@pytest.mark.parametrize(
    ("schedule", "start", "before", "since"),
    [
        (NIGHTLY, "2026-03-07T12:00:00Z", "03-08 06:30", "03-08 07:30"),
        (DAILY, "2026-03-10T00:00:00Z", "03-10 12:00", "03-10 11:00"),
    ],
)
def test_the_dates_are_those_of_the_release(
    schedule: Any, start: str, before: str, since: str
) -> None:
    """Prefect 3.9.1 has others at a change of the clock, and for days after one."""
    for release, first in (("3.9.0", before), ("3.9.1", since)):
        context = context_with(active(schedule), release=release)
        assert make_runs(context, start_time=start, max_runs=1) == [first]


@pytest.mark.parametrize(
    "given",
    [
        {"id": "s", "active": True, "schedule": None},
        active({"cron": "never"}),
        active({"interval": "PT1H"}),
        {"id": "s", "active": "yes", "schedule": NIGHTLY},
    ],
)
def test_what_a_seed_gives_in_another_form_makes_no_runs(given: Mapping[str, Any]) -> None:
    """Like a schedule that is not active."""
    assert make_runs(context_with(given)) == []


def test_a_seed_may_leave_out_much() -> None:
    """Zones, parameters and offsets."""
    anchor = {"interval": 3600, "anchor_date": "2026-03-07T00:10:00"}
    context = context_with(active(anchor, parameters=None), active({"cron": "5 * * * *"}, slug="x"))
    assert make_runs(context, max_runs=1) == ["03-07 12:05", "03-07 12:10"]
    assert {run.created_by.display_value for run in context.store if run.created_by} == {
        "IntervalSchedule",
        "x",
    }
    assert {tuple(run.parameters) for run in context.store} == {()}


def test_a_seed_with_a_rule_that_is_none_fails() -> None:
    """A client cannot store one."""
    with pytest.raises(ServerFailure):
        make_runs(context_with(active({"rrule": "FREQ=NEVER", "timezone": "UTC"})))


def test_a_start_without_an_offset_fails_once_there_are_enough_runs() -> None:
    """As Prefect does, which compares it then."""
    context = context_with(active(NIGHTLY))
    with pytest.raises(ServerFailure, match="offset-naive"):
        make_runs(context, start_time="2026-03-07T00:00:00")
    bounds = {"start_time": "2026-03-07T00:00:00", "max_runs": 2}
    assert make_runs(context, **bounds) == ["03-07 07:30", "03-08 07:30"]


def test_a_dump_of_such_runs_loads() -> None:
    """And its dump is the same; only the details of a state have the id of their run then."""
    context = context_with(active(NIGHTLY))
    make_runs(context, max_runs=1)
    dumped = dump_store(context.store)
    again = Store(read_seeds(json.loads(json.dumps(dumped)), context.now, name="dump").base())
    assert dump_store(again) == dumped


@pytest.mark.parametrize(
    ("schedules", "bounds"),
    [
        ([active({"cron": "* * * * *"})] * 3, {"min_runs": 900, "max_runs": 900}),
        ([active({"cron": "1," * 4_990 + "1 * * * *"})] * 2, {"max_runs": 1}),
    ],
    ids=["many runs", "long expressions"],
)
def test_one_request_makes_no_more_than_it_has_time_for(
    schedules: list[dict[str, Any]], bounds: dict[str, int]
) -> None:
    """What is too much makes nothing at all."""
    context = context_with(*schedules)
    with pytest.raises(TooLarge, match="Ask for fewer runs"):
        make_runs(context, **bounds)
    assert len(context.store) == 0
