"""Concurrency limits, those of tags among them, their slots and leases."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    as_patch,
    few_malformed_bodies,
    malformed_bodies,
    post_requests,
    with_each_key_missing,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import (
    ODD_NUMBERS,
    ODD_TEXTS,
    UNKNOWN_ID,
)

V2 = "/v2/concurrency_limits"
LIMIT = {"name": "limit-<u>", "limit": 2}
CREATE = ApiRequest("POST", f"{V2}/", LIMIT, save_id_as="limit")
BY_ID = f"{V2}/<limit>"
READ = ApiRequest("GET", BY_ID)
RATE = {"name": "rate-<u>", "limit": 3, "slot_decay_per_second": 0.0001}
CREATE_RATE = ApiRequest("POST", f"{V2}/", RATE, save_id_as="rate")
KEYS = ("active", "limit", "active_slots", "denied_slots", "slot_decay_per_second")
TAGS = "/concurrency_limits"
TAG = {"tag": "tag-<u>", "concurrency_limit": 2}
CREATE_TAG = ApiRequest("POST", f"{TAGS}/", TAG, save_id_as="limit")
BY_TAG = f"{TAGS}/tag/tag-<u>"
READ_TAG = ApiRequest("GET", BY_TAG)
TAKE = {"names": ["limit-<u>"], "slots": 1}
RUN, OTHER = "99999999-0000-4000-8000-000000000001", "99999999-0000-4000-8000-000000000002"


def take(path: str, *bodies: object) -> list[ApiRequest]:
    return [*post_requests(f"{V2}/{path}", *bodies)]


def tag_slots(path: str, *tags: str, run: str = RUN) -> ApiRequest:
    return ApiRequest("POST", f"{TAGS}/{path}", {"names": [*tags], "task_run_id": run})


REQUESTS: RequestGroups = {
    "limits: any body": [
        CREATE,
        *malformed_bodies("POST", f"{V2}/", LIMIT),
        *with_each_key_missing(f"{V2}/", LIMIT, LIMIT),
        *with_odd_values(f"{V2}/", LIMIT, ("name",), (None, True, 1, 1.5, "", [], ["a"], {})),
        *(
            ApiRequest("POST", f"{V2}/", {**LIMIT, "name": name})
            for name in ("a/b", "a%b", "a&b", "a>b", "a<b", *(f"{text} <u>" for text in ODD_TEXTS))
        ),
        READ,
        ApiRequest("POST", V2, LIMIT),
    ],
    "limits: numbers": [
        *(
            ApiRequest("POST", f"{V2}/", {**LIMIT, "name": f"n-<u> {number}", **one.body})
            for number, one in enumerate(
                [
                    *with_odd_values(f"{V2}/", {}, (*KEYS, "unknown")),
                    *with_odd_values(f"{V2}/", {}, KEYS[1:], ODD_NUMBERS[:4]),
                    # A rate that is too large makes a real server fail on every list.
                    *with_odd_values(f"{V2}/", {}, KEYS[1:-1], ODD_NUMBERS[8:]),
                ]
            )
        ),
    ],
    "limits: read": [
        CREATE,
        READ,
        ApiRequest("GET", f"{V2}/limit-<u>"),
        ApiRequest("GET", f"{V2}/no-limit"),
        ApiRequest("GET", f"{V2}/{UNKNOWN_ID}"),
        ApiRequest("GET", f"{V2}/{UNKNOWN_ID.replace('-', '')}"),
        ApiRequest("GET", f"{V2}/filter"),
        *post_requests(f"{V2}/filter", {"limit": 0}, {"limit": 201}, {"limit": -1}),
        *post_requests(f"{V2}/filter", {"offset": -1}, {"offset": 10**6}),
        *post_requests(f"{V2}/filter", [], 1, "x", b"{bad", {"limit": "x", "offset": "y"}),
    ],
    "limits: update": [
        CREATE,
        CREATE_RATE,
        *malformed_bodies("PATCH", BY_ID, {"limit": 3}),
        READ,
        *as_patch(with_odd_values(BY_ID, {}, (*KEYS, "unknown"))),
        READ,
        *as_patch(with_odd_values(BY_ID, {}, KEYS[1:], ODD_NUMBERS[:4])),
        *as_patch(
            post_requests(
                BY_ID,
                *({"name": name} for name in ("rate-<u>", "limit-<u>", "a/b", "", "new-<u>", None)),
                {},
                {"limit": 7, "active_slots": 3, "active": False},
            )
        ),
        READ,
        ApiRequest("GET", f"{V2}/new-<u>"),
        ApiRequest("PATCH", f"{V2}/new-<u>", {"limit": 5}),
        ApiRequest("PATCH", f"{V2}/no-limit", {"limit": 5}),
        ApiRequest("PATCH", f"{V2}/{UNKNOWN_ID}", {"limit": 5}),
        READ,
    ],
    "limits: delete": [
        CREATE,
        CREATE_RATE,
        ApiRequest("DELETE", BY_ID),
        READ,
        ApiRequest("DELETE", BY_ID),
        ApiRequest("DELETE", f"{V2}/rate-<u>"),
        ApiRequest("DELETE", f"{V2}/rate-<u>"),
        CREATE,
    ],
    "limits: take": [
        CREATE,
        *few_malformed_bodies(f"{V2}/increment"),
        *with_each_key_missing(f"{V2}/increment", TAKE, TAKE),
        *with_odd_values(f"{V2}/increment", {**TAKE, "names": ["no-limit"]}, ("slots", "unknown")),
        *with_odd_values(f"{V2}/increment", {**TAKE, "names": ["no-limit"]}, ("mode", "names")),
        *with_odd_values(f"{V2}/increment", TAKE, ("create_if_missing",), ("x", [], {})),
        *take("increment", TAKE),
        READ,
        *take("increment", {**TAKE, "slots": 3}, {**TAKE, "mode": "rate_limit"}, TAKE, TAKE),
        READ,
        *take("increment", {**TAKE, "names": ["limit-<u>", "no-limit", "limit-<u>"]}),
        *few_malformed_bodies(f"{V2}/decrement"),
        *with_odd_values(f"{V2}/decrement", {**TAKE, "names": ["no-limit"]}, ("slots", "names")),
        *with_odd_values(
            f"{V2}/decrement",
            {**TAKE, "names": ["no-limit"]},
            ("occupancy_seconds", "create_if_missing"),
        ),
        *take("decrement", TAKE, {**TAKE, "names": ["no-limit"]}),
        READ,
        *take("decrement", {**TAKE, "slots": 5, "occupancy_seconds": 0.5}),
        READ,
        *take("increment", {**TAKE, "slots": 2}),
        ApiRequest("PATCH", BY_ID, {"active": False}),
        *take("increment", TAKE, {**TAKE, "slots": 9}),
        *take("decrement", TAKE),
        READ,
    ],
    "limits: rates": [
        CREATE,
        CREATE_RATE,
        *take(
            "increment",
            {"names": ["rate-<u>"], "slots": 2, "mode": "rate_limit"},
            {"names": ["rate-<u>"], "slots": 2, "mode": "rate_limit"},
            {"names": ["rate-<u>", "limit-<u>"], "slots": 1, "mode": "rate_limit"},
            {"names": ["rate-<u>", "limit-<u>"], "slots": 1},
            {"names": ["rate-<u>", "limit-<u>"], "slots": 1},
        ),
        ApiRequest("GET", f"{V2}/rate-<u>"),
        READ,
    ],
    "limits: leases": [
        CREATE,
        *take(
            "increment-with-lease",
            TAKE,
            {**TAKE, "holder": {"type": "task_run", "id": RUN}},
            TAKE,
            {**TAKE, "slots": 3},
            {**TAKE, "names": ["no-limit"]},
        ),
        READ,
    ],
    "tag limits: any body": [
        CREATE_TAG,
        *malformed_bodies("POST", f"{TAGS}/", TAG),
        *with_each_key_missing(f"{TAGS}/", TAG, TAG),
        *with_odd_values(f"{TAGS}/", TAG, ("concurrency_limit", "unknown")),
        *with_odd_values(f"{TAGS}/", TAG, ("tag",), (None, True, 1, 1.5, [], ["a"], {})),
        READ_TAG,
        *(
            ApiRequest("POST", f"{TAGS}/", {**TAG, "tag": tag})
            for tag in ("a/b", "a%b", "a<b", *(f"{text} <u>" for text in ODD_TEXTS))
        ),
        *with_odd_values(f"{TAGS}/", {**TAG, "tag": "n-<u>"}, ("concurrency_limit",), (-1, -2, 0)),
        *with_odd_values(f"{TAGS}/", TAG, ("concurrency_limit",), ODD_NUMBERS[:4]),
        READ_TAG,
    ],
    "tag limits: read": [
        CREATE_TAG,
        CREATE_TAG,
        READ_TAG,
        ApiRequest("GET", f"{TAGS}/<limit>"),
        ApiRequest("GET", f"{V2}/<limit>"),
        ApiRequest("GET", f"{V2}/tag:tag-<u>"),
        ApiRequest("GET", f"{TAGS}/tag/no-tag"),
        ApiRequest("GET", f"{TAGS}/{UNKNOWN_ID}"),
        ApiRequest("GET", f"{TAGS}/x"),
        *post_requests(
            f"{TAGS}/filter", {"limit": 0}, {"limit": 201}, {"limit": -1}, {"offset": -1}
        ),
        *post_requests(f"{TAGS}/filter", [], "x", b"{bad", {"limit": "x"}),
        ApiRequest("POST", f"{V2}/", LIMIT, save_id_as="other"),
        ApiRequest("GET", f"{TAGS}/<other>"),
        ApiRequest("DELETE", f"{TAGS}/<other>"),
        ApiRequest("GET", f"{V2}/<other>"),
    ],
    "tag limits: delete": [
        CREATE_TAG,
        ApiRequest("DELETE", BY_TAG),
        READ_TAG,
        ApiRequest("DELETE", BY_TAG),
        CREATE_TAG,
        ApiRequest("DELETE", f"{TAGS}/<limit>"),
        ApiRequest("DELETE", f"{TAGS}/<limit>"),
        ApiRequest("DELETE", f"{TAGS}/x"),
    ],
    "tag limits: take": [
        CREATE_TAG,
        *few_malformed_bodies(f"{TAGS}/increment"),
        *with_odd_values(f"{TAGS}/increment", {"names": [], "task_run_id": RUN}, ("names",)),
        *with_odd_values(f"{TAGS}/increment", {"names": [], "task_run_id": RUN}, ("task_run_id",)),
        tag_slots("increment", "no-tag"),
        tag_slots("increment", "tag-<u>", "no-tag"),
        READ_TAG,
        tag_slots("increment", "tag-<u>", "tag-<u>"),
        tag_slots("increment", "tag-<u>", run=OTHER),
        READ_TAG,
        tag_slots("increment", "tag-<u>"),
        *few_malformed_bodies(f"{TAGS}/decrement"),
        tag_slots("decrement", "tag-<u>", "no-tag"),
        READ_TAG,
        tag_slots("decrement", "tag-<u>"),
        tag_slots("decrement", "no-tag"),
        ApiRequest("GET", f"{V2}/<limit>"),
        ApiRequest("PATCH", f"{V2}/<limit>", {"limit": 0}),
        tag_slots("increment", "tag-<u>"),
        ApiRequest("PATCH", f"{V2}/<limit>", {"active": False}),
        tag_slots("increment", "tag-<u>"),
    ],
    "tag limits: reset": [
        CREATE_TAG,
        tag_slots("increment", "tag-<u>"),
        *malformed_bodies("POST", f"{TAGS}/tag/no-tag/reset", {}),
        *with_odd_values(f"{BY_TAG}/reset", {}, ("slot_override",)),
        READ_TAG,
        ApiRequest("GET", f"{V2}/<limit>"),
        ApiRequest("POST", f"{BY_TAG}/reset", {"slot_override": [RUN, OTHER]}),
        READ_TAG,
        ApiRequest("GET", f"{V2}/<limit>"),
        ApiRequest("POST", f"{BY_TAG}/reset"),
        READ_TAG,
    ],
}
