"""Making runs of a deployment by its schedules."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import UNKNOWN_ID, Json
from tests.support.object_requests.deployments import (
    EVERY_SETTING,
    ONE,
    POOL_QUEUE,
    deployment,
    in_order,
)

PATH = f"{ONE}/schedule"
START = "2026-03-06T12:00:00Z"
DAILY: Json = {"cron": "30 2 * * *", "timezone": "America/New_York"}
HOURLY: Json = {"interval": 3600, "anchor_date": "2026-01-01T00:20:00Z"}
RULE: Json = {"rrule": "DTSTART:20260301T023000\nFREQ=DAILY", "timezone": "America/New_York"}
_RUNS: Json = {"deployments": {"id": {"any_": ["<one>"]}}}
LIST_RUNS = ApiRequest(
    "POST", "/flow_runs/filter", {**_RUNS, "sort": "EXPECTED_START_TIME_ASC", "limit": 12}
)
COUNT_RUNS = ApiRequest("POST", "/flow_runs/count", _RUNS)


def schedule(**bounds: Json) -> ApiRequest:
    """A request for runs from a fixed time on."""
    return ApiRequest("POST", PATH, {"start_time": START, **bounds})


def made_by(
    *schedules: Json, shown: ApiRequest = LIST_RUNS, **bounds: Json
) -> Iterator[ApiRequest]:
    """Requests to a new deployment that has these schedules, for its runs, and to list them."""
    yield deployment(schedules=[{"schedule": one} for one in schedules])
    yield schedule(**bounds)
    yield shown
    yield ApiRequest("DELETE", ONE)


def counted(name: str, *bounds: Json, of: Json = HOURLY) -> Iterator[ApiRequest]:
    """How many runs each of some bounds makes."""
    for one in bounds:
        yield deployment(name, schedules=[{"schedule": of}])
        yield ApiRequest("POST", f"/deployments/<{name}>/schedule", {"start_time": START, **one})
        runs = {"deployments": {"id": {"any_": [f"<{name}>"]}}}
        yield ApiRequest("POST", "/flow_runs/count", runs)
        yield ApiRequest("DELETE", f"/deployments/<{name}>")


_DETAILED: Json = {
    "schedule": {"cron": "0 2 * * *", "timezone": "Europe/Berlin"},
    "parameters": {"n": 2, "more": [1]},
    "slug": "nightly",
}
_THREE: Json = {"min_runs": 3, "min_time": 0, "max_runs": 3}
_FAILING: tuple[Json, ...] = (
    {"cron": "0 0 31 2 *"},
    {"cron": "0 0 31 2 1", "day_or": True},
    {**HOURLY, "timezone": ""},
    {**RULE, "timezone": None},
    {**RULE, "timezone": "xUTCx"},
    {"interval": 86_400_000_000, "anchor_date": "2026-01-01T00:00:00Z"},
    {"interval": 3600, "anchor_date": "0001-01-01T00:00:00Z", "timezone": "America/New_York"},
)

REQUESTS: RequestGroups = {
    "scheduled runs: fields": in_order(
        [
            deployment(
                **{**EVERY_SETTING, "paused": False, "schedules": [_DETAILED]},
                work_queue_name="q <u>",
            ),
            schedule(max_runs=2),
            LIST_RUNS,
            schedule(max_runs=2),  # the same: nothing is made twice
            COUNT_RUNS,
            schedule(max_runs=4),
            LIST_RUNS,
            ApiRequest("POST", f"{ONE}/pause_deployment"),
            COUNT_RUNS,
            schedule(max_runs=2),  # paused all the same
            COUNT_RUNS,
            ApiRequest("POST", f"{ONE}/resume_deployment"),
            ApiRequest("POST", PATH, {}),
            COUNT_RUNS,
        ]
    ),
    "scheduled runs: pools": in_order(
        [
            deployment(**POOL_QUEUE, schedules=[{"schedule": HOURLY, "max_scheduled_runs": 1}]),
            schedule(**_THREE),
            LIST_RUNS,
        ]
    ),
    "scheduled runs: several schedules": in_order(
        [
            deployment(
                parameters={"a": 1, "b": {"c": 1}},
                schedules=[
                    {"schedule": DAILY, "parameters": {"b": {"d": 2}}},
                    {"schedule": HOURLY, "active": False},
                    {"schedule": {**HOURLY, "anchor_date": "2026-01-01T00:21:00Z"}, "slug": "x"},
                    {"schedule": {**RULE, "timezone": "UTC"}},
                ],
            ),
            schedule(**_THREE),
            LIST_RUNS,
        ]
    ),
    "scheduled runs: changes of the clock": in_order(
        [
            *made_by(DAILY, **_THREE),
            *made_by(RULE, **_THREE),
            *made_by({"interval": 86_400, "anchor_date": "2026-03-01T02:30:00-05:00"}, **_THREE),
            *made_by(
                {
                    "interval": 86_400,
                    "anchor_date": "2026-03-01T02:30:00-05:00",
                    "timezone": "America/New_York",
                },
                **_THREE,
            ),
            *made_by({"interval": 86_400, "anchor_date": "2026-03-10T02:30:00-05:00"}, **_THREE),
            *made_by({"cron": "0 12 13 * 5", "day_or": False}, **_THREE, end_time="2027-12-01"),
            *made_by({"cron": "0 12 13 * 5"}, **_THREE),
            *made_by({"cron": "*/20 * * * * 30", "timezone": "Asia/Kathmandu"}, **_THREE),
        ]
    ),
    "scheduled runs: bounds": [
        *counted(
            "one",
            {},
            {"max_runs": 2},
            {"max_runs": 0},
            {"max_runs": -3},
            {"min_runs": 5},
            {"min_runs": 5, "max_runs": 4},
            {"min_runs": 0, "min_time": 0},
            {"min_time": 10_800},
            {"min_time": 10_800.5},
            {"min_time": -1e9},
            {"min_time": 1e9, "max_runs": 8},
            {"min_time": 1e15},
            {"min_time": 1e300},
            {"end_time": "2026-03-06T14:20:00Z"},
            {"end_time": "2026-03-06T14:19:59.9Z", "min_runs": 9},
            {"end_time": "2026-03-06T14:20:00"},
            {"end_time": "2026-03-01T00:00:00Z"},
            {"start_time": "2026-03-06T12:00:00"},
            {"start_time": "2026-03-06T12:00:00", "min_runs": 2, "max_runs": 1},
            {"start_time": "2026-03-06T12:20:00+01:00"},
            {"start_time": "2026-03-06T12:20:00.000001+01:00", "max_runs": 1},
            {"start_time": "2026-03-06", "end_time": 1_772_800_000},
            {"start_time": "9999-12-31T00:00:00Z"},
            {"start_time": "9999-12-31T23:00:00Z", "end_time": "9999-12-31T23:59:59Z"},
            {"start_time": "0001-01-01T00:00:00Z", "max_runs": 2},
            {"start_time": None, "end_time": None, "min_time": None, "min_runs": None},
            {"min_runs": 1_200, "max_runs": 1_200, "end_time": "2027-01-01T00:00:00Z"},
        ),
        *counted("two", {"max_runs": 1_100, "min_runs": 1_100}, of={"cron": "* * * * *"}),
        *counted(
            "three",
            {"max_runs": 1_100, "min_runs": 1_100},
            of={"rrule": "DTSTART:20200101T000000\nFREQ=HOURLY"},
        ),
    ],
    "scheduled runs: failures": [
        request for one in _FAILING for request in made_by(one, shown=COUNT_RUNS, **_THREE)
    ],
    "scheduled runs: a failure among others": in_order(
        [*made_by(HOURLY, _FAILING[0], shown=COUNT_RUNS, **_THREE)]
    ),
    "scheduled runs: odd bodies": [
        *(
            ApiRequest("POST", f"/deployments/{of}/schedule", {})
            for of in ("<deployment>", UNKNOWN_ID, "nope")
        ),
        ApiRequest("POST", "/deployments/<deployment>/schedule"),
        ApiRequest("GET", "/deployments/<deployment>/schedule"),
        *malformed_bodies("POST", "/deployments/<deployment>/schedule", {"max_runs": "x"}),
        *with_odd_values(
            "/deployments/<deployment>/schedule",
            {},
            ("start_time", "end_time", "min_time", "min_runs", "max_runs", "unknown"),
        ),
        *post_requests(
            f"/deployments/{UNKNOWN_ID}/schedule",
            {"start_time": "9999-12-31T00:00:00Z"},
            {"min_time": 1e300},
            {"max_runs": 10**30},
        ),
    ],
}
