"""Setting the state of one flow run."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    JSON_HEADERS,
    ApiRequest,
    RequestGroups,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_IDS, ODD_TEXTS, ODD_TIMES, UNKNOWN_ID
from tests.support.endpoint_requests.valid_requests import CREATE_RUN, READ_RUN, TEXT_KEYS

DETAIL_ID_KEYS = (
    *("flow_run_id", "task_run_id", "child_flow_run_id", "transition_id", "task_parameters_id"),
    "deployment_concurrency_lease_id",
)

DETAIL_TIME_KEYS = ("scheduled_time", "cache_expiration", "pause_timeout")

OTHER_DETAIL_KEYS = (
    *("cache_key", "deferred", "untrackable_result", "pause_reschedule", "pause_key"),
    *("run_input_keyset", "refresh_cache", "retriable", "traceparent"),
)


PATH = "/flow_runs/<run>/set_state"
RUNNING = {"state": {"type": "RUNNING"}, "force": True}

REQUESTS: RequestGroups = {
    "set_state: any body": [CREATE_RUN, *malformed_bodies("POST", PATH, RUNNING)],
    "set_state: odd values": [
        CREATE_RUN,
        *with_odd_values(
            PATH, RUNNING, ("state", "force", "state.type", "state.name", "state.message")
        ),
        *with_odd_values(
            PATH, RUNNING, ("state.data", "state.state_details", "state.unknown", "unknown")
        ),
    ],
    "set_state: details": [
        CREATE_RUN,
        *with_odd_values(
            PATH, RUNNING, [f"state.state_details.{key}" for key in OTHER_DETAIL_KEYS]
        ),
        *with_odd_values(
            PATH, RUNNING, [f"state.state_details.{key}" for key in DETAIL_ID_KEYS[:1]], ODD_IDS
        ),
        *with_odd_values(
            PATH, RUNNING, [f"state.state_details.{key}" for key in DETAIL_ID_KEYS], ODD_IDS[:3]
        ),
        *with_odd_values(PATH, RUNNING, ["state.state_details.unknown"], [1]),
    ],
    "set_state: times": [
        CREATE_RUN,
        *with_odd_values(
            PATH, RUNNING, [f"state.state_details.{key}" for key in DETAIL_TIME_KEYS], ODD_TIMES
        ),
        *with_odd_values(
            PATH,
            {"state": {"type": "SCHEDULED"}, "force": True},
            ["state.state_details.scheduled_time"],
            ODD_TIMES,
        ),
    ],
    "set_state: texts": [
        CREATE_RUN,
        *with_odd_values(PATH, RUNNING, [key for key in TEXT_KEYS if "state" in key], ODD_TEXTS),
        *with_odd_values(
            PATH, RUNNING, ["state.state_details.run_input_keyset.a", "unknown"], ODD_TEXTS[:2]
        ),
        *post_requests(
            PATH,
            *(
                b'{"state": {"type": "RUNNING", "data": %s}, "force": true}' % data
                for data in (
                    b"NaN",
                    b"[1e999]",
                    b"9" * 40,
                    b'"\\ud800"',
                    b'{"a": "\\u0000"}',
                    b"0",
                )
            ),
            *({"state": {"type": kind}} for kind in ("running", "Running", "", 1, "LATE")),
            {
                "state": {
                    "type": "x",
                    "name": 1,
                    "message": 1,
                    "state_details": 1,
                    "b": 1,
                    "a": 1,
                }
            },
            {"force": "x"},
            {"state": {}, "force": "x", "unknown": 1},
            {"state": {"name": "x"}},
            {"type": "RUNNING"},
            *({"state": {"type": "RUNNING"}, "force": flag} for flag in ("yes", 1, "0", 2, None)),
        ),
        READ_RUN,
    ],
    "set_state: what there is not": [
        *post_requests(
            f"/flow_runs/{UNKNOWN_ID}/set_state", RUNNING, {}, {"state": {"type": "x"}}, ...
        ),
        *post_requests(f"/flow_runs/{UNKNOWN_ID.upper()}/set_state", RUNNING),
        *post_requests("/flow_runs/nope/set_state", RUNNING, {}),
        *post_requests("/flow_runs/99999999000040008000000000000000/set_state", RUNNING),
    ],
    "set_state: one after the other": [
        CREATE_RUN,
        *(
            ApiRequest("POST", PATH, {"state": state}, {**JSON_HEADERS, **headers})
            for state, headers in (
                ({"type": "PENDING"}, {}),
                ({"type": "RUNNING", "message": "m", "data": {"type": "x"}}, {}),
                ({"type": "PAUSED"}, {"x-prefect-api-version": "0.8.3"}),
                ({"type": "PAUSED", "state_details": {"pause_key": "p"}}, {}),
                ({"type": "RUNNING"}, {}),
                ({"type": "PAUSED", "state_details": {"pause_key": "p"}}, {}),
                ({"type": "COMPLETED", "data": {"type": "unpersisted"}}, {}),
                ({"type": "SCHEDULED"}, {}),
                ({"type": "CRASHED"}, {}),
            )
        ),
        READ_RUN,
        ApiRequest("GET", "/flow_run_states/?flow_run_id=<run>"),
    ],
}
