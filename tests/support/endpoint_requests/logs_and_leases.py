"""Logs, and leases of concurrency slots."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    JSON_HEADERS,
    ApiRequest,
    RequestGroups,
    malformed_bodies,
    post_requests,
    with_odd_values,
    with_value_at,
)
from tests.support.endpoint_requests.odd_values import (
    API_VERSIONS,
    CONTENT_TYPES,
    NON_OBJECT_BODIES,
    ODD_IDS,
    ODD_NUMBERS,
    ODD_TEXTS,
    ODD_TIMES,
    ODD_VALUES,
    UNKNOWN_ID,
)
from tests.support.endpoint_requests.valid_requests import LEASE_BODY, LOG

ACQUIRE = "/v2/concurrency_limits/increment-with-lease"
RELEASE = "/v2/concurrency_limits/decrement-with-lease"
LEASES = "/v2/concurrency_limits/leases"
HOLDER = {"type": "task_run", "id": UNKNOWN_ID}

REQUESTS: RequestGroups = {
    "logs": [
        *post_requests("/logs/", *NON_OBJECT_BODIES, [LOG], [LOG, {}, 1], {"0": LOG}, [[LOG]]),
        *post_requests(
            "/logs/",
            *(
                [with_value_at(LOG, [key], value)]
                for key in (*LOG, "flow_run_id")
                for value in ODD_VALUES
            ),
        ),
        *post_requests(
            "/logs/",
            *([with_value_at(LOG, [key], UNKNOWN_ID)] for key in ("flow_run_id", "task_run_id")),
        ),
        *post_requests(
            "/logs/", *([with_value_at(LOG, ["timestamp"], value)] for value in ODD_TIMES)
        ),
        *post_requests(
            "/logs/", *([with_value_at(LOG, ["level"], value)] for value in ODD_NUMBERS)
        ),
        *post_requests(
            "/logs/",
            *(
                [with_value_at(LOG, [key], value)]
                for key in ("name", "message")
                for value in ODD_TEXTS
            ),
        ),
        *post_requests(
            "/logs/", *([with_value_at(LOG, ["flow_run_id"], value)] for value in ODD_IDS)
        ),
        *post_requests(
            "/logs/",
            [LOG, {**LOG, "unknown": 1}],
            [LOG] * 3,
            [{**LOG, "message": "x" * 100_000}],
        ),
        *(ApiRequest("POST", "/logs/", [LOG], {"Content-Type": kind}) for kind in CONTENT_TYPES),
        *(
            ApiRequest("POST", "/logs/", [LOG], {**JSON_HEADERS, "x-prefect-api-version": v})
            for v in API_VERSIONS
        ),
    ],
    "slots": [
        *malformed_bodies("POST", ACQUIRE, LEASE_BODY),
        *with_odd_values(
            ACQUIRE, LEASE_BODY, ("slots", "names", "mode", "lease_duration", "holder", "unknown")
        ),
        *with_odd_values(ACQUIRE, LEASE_BODY, ["slots"], ODD_NUMBERS),
        *with_odd_values(ACQUIRE, LEASE_BODY, ["names"], ([], ["\0"], ["\ud800"], [1], ["a", "a"])),
        *with_odd_values(
            ACQUIRE, LEASE_BODY, ["mode"], ("rate_limit", "concurrency", "RATE_LIMIT")
        ),
        *with_odd_values(
            ACQUIRE, LEASE_BODY, ["lease_duration"], (59, 60, 86_400, 86_400.5, "60", 1e300, -1)
        ),
        *with_odd_values(
            ACQUIRE, LEASE_BODY, ["holder"], (HOLDER, {**HOLDER, "x": 1}, {"type": "x", "id": "y"})
        ),
        *with_odd_values(ACQUIRE, {**LEASE_BODY, "holder": HOLDER}, ["holder.id"], ODD_IDS),
        *post_requests(
            ACQUIRE,
            {"slots": 0, "names": 1, "mode": 1, "lease_duration": 1, "holder": 1},
            b'{"slots": 1, "names": ["x"], "lease_duration": NaN}',
            b'{"slots": 1, "names": ["x"], "lease_duration": Infinity}',
            b'{"slots": NaN, "names": ["x"]}',
        ),
    ],
    "leases": [
        *malformed_bodies("POST", RELEASE, {"lease_id": UNKNOWN_ID}),
        *post_requests(
            RELEASE,
            *({"lease_id": value} for value in (*ODD_VALUES, *ODD_IDS)),
            {"lease_id": UNKNOWN_ID, "x": 1},
        ),
        *malformed_bodies("POST", f"{LEASES}/{UNKNOWN_ID}/renew", {}),
        *with_odd_values(f"{LEASES}/{UNKNOWN_ID}/renew", {}, ["lease_duration", "unknown"]),
        *with_odd_values(
            f"{LEASES}/{UNKNOWN_ID}/renew",
            {},
            ["lease_duration"],
            (59, 60, 86_400, 86_401, "60"),
        ),
        *post_requests(f"{LEASES}/{UNKNOWN_ID}/renew", b'{"lease_duration": NaN}'),
        *malformed_bodies("POST", f"{LEASES}/nope/renew", {}),
        *post_requests(f"{LEASES}/nope/renew", ..., {"lease_duration": 3}, {"lease_duration": 300}),
        *post_requests(f"{LEASES}/a%0A/renew", {}),
        *post_requests(f"{LEASES}/99999999000040008000000000000000/renew", {}),
        *post_requests(f"{LEASES}/%7B{UNKNOWN_ID}%7D/renew", {}),
        ApiRequest("POST", ACQUIRE, LEASE_BODY, save_id_as="lease"),
        *post_requests(f"{LEASES}/<lease>/renew", {}, ..., {"lease_duration": 60}),
        *post_requests(RELEASE, {"lease_id": "<lease>"}, {"lease_id": "<lease>"}),
        *post_requests(f"{LEASES}/<lease>/renew", {}),
    ],
}
