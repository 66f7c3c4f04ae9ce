"""Setting the states of many flow runs."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    FUTURE_TIME,
    RequestGroups,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_TEXTS, ODD_TIMES, Json
from tests.support.endpoint_requests.valid_requests import CREATE_RUN, MATCH_NO_RUN, READ_RUN

PATH = "/flow_runs/bulk_set_state"
NO_RUN: Json = {"state": {"type": "RUNNING"}, **MATCH_NO_RUN}
ONE_RUN: Json = {"flow_runs": {"id": {"any_": ["<run>"]}}}

REQUESTS: RequestGroups = {
    "bulk_set_state: any body": malformed_bodies("POST", PATH, NO_RUN),
    "bulk_set_state: odd values": [
        *with_odd_values(
            PATH, NO_RUN, ("state", "force", "limit", "flow_runs", "state.type", "unknown")
        ),
        *with_odd_values(PATH, NO_RUN, ["limit"], (0, 1, 50, 51, -1, 2**63, "50", 1.0, "x")),
        *with_odd_values(
            PATH, NO_RUN, ["state.name", "state.data", "state.state_details.cache_key"], ODD_TEXTS
        ),
        *with_odd_values(PATH, NO_RUN, ["state.state_details.scheduled_time"], ODD_TIMES),
        *post_requests(
            PATH,
            {},
            {"limit": 0, "flow_runs": {"x": 1}, "state": {"type": "x"}, "force": "x"},
            {"flow_runs": {"name": {"any_": ["\0"]}}, "state": {"type": "RUNNING"}},
            {"flow_runs": {"name": {"any_": ["\ud800"]}}, "state": {"type": "RUNNING"}},
            {"flow_runs": {"tags": {"any_": ["a"] * 128}}, "state": {"type": "RUNNING"}},
        ),
    ],
    "bulk_set_state: one run": [
        CREATE_RUN,
        *post_requests(
            PATH,
            {
                **ONE_RUN,
                "state": {"type": "RUNNING", "name": "n", "message": "m", "data": {"a": 1}},
            },
            {**ONE_RUN, "state": {"type": "PENDING"}},
            {
                **ONE_RUN,
                "state": {
                    "type": "SCHEDULED",
                    "state_details": {"scheduled_time": FUTURE_TIME},
                },
            },
            {**ONE_RUN, "state": {"type": "COMPLETED", "data": "\0"}, "force": True},
            {**ONE_RUN, "state": {"type": "COMPLETED", "name": "\0"}, "force": True},
            {**ONE_RUN, "state": {"type": "COMPLETED", "name": "\ud800"}, "force": True},
            {
                **ONE_RUN,
                "state": {
                    "type": "RUNNING",
                    "state_details": {"pause_timeout": "9999-12-31T23:59:59-00:01"},
                },
                "force": True,
            },
        ),
        READ_RUN,
    ],
}
