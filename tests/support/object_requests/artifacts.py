"""Artifacts: creating, reading, listing, changing and deleting them, and the latest of a key."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    as_patch,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import (
    ODD_IDS,
    ODD_NUMBERS,
    ODD_TEXTS,
    UNKNOWN_ID,
    Json,
)
from tests.support.endpoint_requests.valid_requests import CREATE_RUN

PATH = "/artifacts/"
LATEST = "/artifacts/k-<u>/latest"
ARTIFACT: Json = {
    "key": "k-<u>",
    "type": "markdown",
    "description": "d",
    "data": "# hi",
    "metadata_": {"a": "b"},
}
LONG = "m" * 501
FIELDS: tuple[Json, ...] = (
    {"metadata_": {"a": LONG, "b": ""}},
    {"metadata_": {}},
    {"metadata_": None},
    {"metadata_": {"a": "Ü\0"}},
    {"type": "a\0b"},
    {"description": "Ünï\0"},
    {"flow_run_id": UNKNOWN_ID, "task_run_id": UNKNOWN_ID},
    {"key": ""},
    {"key": "a\n"},
)
DATA: tuple[Json, ...] = (
    *(None, True, 0, 1.5, "", "x", [], [1, None], {}, {"a": {"b": [1]}}, *ODD_NUMBERS[2:5], 1e300),
    *("a\0b", "Ünï ❤", {"a\0": "\0"}),
)


def create(name: str, **fields: object) -> ApiRequest:
    """A request that creates an artifact; its id gets the name."""
    return ApiRequest("POST", PATH, {**ARTIFACT, **fields}, save_id_as=name)


def delete(*names: str) -> list[ApiRequest]:
    """Requests that delete artifacts by what `create` called them."""
    return [ApiRequest("DELETE", f"/artifacts/<{name}>") for name in names]


OWN: Json = {"key": {"like_": "-<u>"}}
FILTERS: tuple[Json, ...] = (
    *({}, {"key": {"any_": ["k-<u>"]}}, {"key": {"any_": ["k-<u>"], "like_": "nope"}}),
    *({"key": {"like_": "K-<u>"}}, {"key": {"like_": "", "any_": ["j-<u>"]}}),
    *({"key": {"exists_": True, "any_": ["j-<u>"]}}, {"key": {"exists_": False, "any_": ["k"]}}),
    *({"type": {"any_": ["table"]}}, {"type": {"not_any_": ["table"]}}, {"type": {"any_": []}}),
    *({"type": {"not_any_": []}}, {"type": {"any_": ["table"], "not_any_": ["table"]}}),
    *({"flow_run_id": {"any_": ["<run>"]}}, {"flow_run_id": {"any_": []}}),
    *({"task_run_id": {"any_": [UNKNOWN_ID]}}, {"task_run_id": {"any_": ["x"]}}),
    {"operator": "or_", "type": {"any_": ["table"]}, "flow_run_id": {"any_": ["<run>"]}},
    *({"x": 1}, 1, [], {"operator": 1}),
)
RUN_FILTERS: tuple[Json, ...] = (
    *({"flow_runs": {"id": {"any_": ["<run>"]}}}, {"flow_runs": {"id": {"any_": [UNKNOWN_ID]}}}),
    *({"flows": {}}, {"flows": {"name": {"any_": ["nope"]}}}, {"deployments": {}}),
    *({"task_runs": {}}, {"task_runs": {"id": {"any_": [UNKNOWN_ID]}}}, {"flow_runs": {}}),
    *({"work_pools": {}}, {"flow_runs": {"x": 1}}, {"flows": 1}, {"task_runs": []}),
)
SORTS = (
    *("CREATED_DESC", "UPDATED_DESC", "KEY_DESC", "KEY_ASC", "NAME_ASC", "x", 1, None),
)  # fmt: skip


def _own(criteria: Json) -> Json:
    """A filter on the artifacts of this group alone."""
    if not isinstance(criteria, dict) or "operator" in criteria:
        return criteria
    return {**OWN, **criteria}


RESULTS: tuple[Json, ...] = (
    *(None, {"a": 1}, 5, 0, "", False, "text", [1], {}, {"type": "unpersisted"}),
    {"artifact_key": "k-<u>", "artifact_type": "t", "artifact_description": "d", "x": 1},
    {"artifact_key": "", "artifact_type": "", "artifact_description": "", "x": 2},
    {"type": "unpersisted", "artifact_key": "j-<u>"},
    *({"artifact_key": "BAD KEY"}, {"artifact_key": 5}, {"artifact_type": 5}),
    {"artifact_description": []},
)
OF_RUN: Json = {"artifacts": {"flow_run_id": {"any_": ["<run>"]}}, "sort": "CREATED_DESC"}


def set_state(path: str, kind: str, data: Json = None, **fields: object) -> ApiRequest:
    """A request that proposes a state with data."""
    return ApiRequest("POST", path, {"state": {"type": kind, "data": data}, **fields})


REQUESTS: RequestGroups = {
    "artifacts: any body": [
        *malformed_bodies("POST", PATH, {"key": "A"}),
        *malformed_bodies("PATCH", f"/artifacts/{UNKNOWN_ID}", {}),
    ],
    "artifacts: odd values": [
        *with_odd_values(
            PATH,
            {"key": "A"},
            ("type", "description", "metadata_", "flow_run_id", "task_run_id", "unknown"),
        ),
        *with_odd_values(PATH, {"type": 1}, ["key"], (None, 1, [], "A b", "a_b", "ä", "a\nb")),
        *with_odd_values(PATH, {"key": "A"}, ["metadata_"], ({"a": 1}, {"a": None}, {"a": {}})),
        *with_odd_values(PATH, {"key": "A"}, ["flow_run_id"], ODD_IDS),
        *with_odd_values(PATH, {"type": 1}, ["key"], ODD_TEXTS),
    ],
    "artifacts: values": [
        *(
            request
            for place, data in enumerate(DATA)
            for request in (
                create(f"d{place}", data=data, key=None),
                ApiRequest("GET", f"/artifacts/<d{place}>"),
                *delete(f"d{place}"),
            )
        ),
        *(
            request
            for place, fields in enumerate(FIELDS)
            for request in (
                create(f"f{place}", **{"key": None, **fields}),
                ApiRequest("GET", f"/artifacts/<f{place}>"),
                *delete(f"f{place}"),
            )
        ),
        ApiRequest("POST", PATH, b'{"data": [NaN, Infinity]}', save_id_as="nan"),
        ApiRequest("GET", "/artifacts/<nan>"),
        *delete("nan"),
        ApiRequest("POST", PATH, {}, save_id_as="empty"),
        *delete("empty"),
    ],
    "artifacts: one": [
        create("one"),
        ApiRequest("GET", "/artifacts/<one>"),
        ApiRequest("GET", LATEST),
        create("two", data={"n": 2}, type="table", metadata_=None),
        ApiRequest("GET", LATEST),
        create("three", data=3),
        *delete("two"),
        ApiRequest("GET", LATEST),
        *delete("three"),
        ApiRequest("GET", LATEST),
        *(ApiRequest("GET", f"/artifacts/{key}/latest") for key in ("no", "a%00b", "%20", "K-<u>")),
        *(ApiRequest(method, f"/artifacts/{UNKNOWN_ID}") for method in ("GET", "DELETE")),
        ApiRequest("PATCH", f"/artifacts/{UNKNOWN_ID}", {"data": 1}),
        *(ApiRequest("GET", f"/artifacts/{text}") for text in ODD_IDS[1:4]),
        *delete("one", "one"),
        ApiRequest("GET", LATEST),
        ApiRequest("GET", "/artifacts/<one>"),
    ],
    "artifacts: update": [
        create("old"),
        create("new"),
        *(
            request
            for body in (
                {},
                {"data": {"n": 1}},
                {"data": None, "description": "x"},
                {"metadata_": {"c": LONG}},
                {"metadata_": None, "description": None},
                {"key": "x"},
                {"type": "x"},
                {"description": 1},
            )
            for request in (
                ApiRequest("PATCH", "/artifacts/<new>", body),
                ApiRequest("GET", "/artifacts/<new>"),
                ApiRequest("GET", LATEST),
            )
        ),
        ApiRequest("PATCH", "/artifacts/<old>", {"data": "older"}),
        ApiRequest("GET", LATEST),
        ApiRequest("GET", "/artifacts/<old>"),
        *as_patch(with_odd_values("/artifacts/<old>", {}, ("description", "metadata_", "unknown"))),
        *delete("new", "old"),
    ],
    "artifacts: lists": [
        CREATE_RUN,
        create("a", flow_run_id="<run>"),
        create("b", key="j-<u>", type="table", task_run_id=UNKNOWN_ID),
        create("c", key="j-<u>", type=None, flow_run_id=UNKNOWN_ID),
        *(
            request
            for path in ("/artifacts/", "/artifacts/latest/")
            for request in (
                *post_requests(
                    f"{path}filter",
                    *({"artifacts": _own(one), "sort": "CREATED_DESC"} for one in FILTERS),
                    *({"artifacts": OWN, **one, "sort": "CREATED_DESC"} for one in RUN_FILTERS),
                    *({"artifacts": {"key": {"any_": ["k-<u>"]}}, "sort": one} for one in SORTS),
                    *(
                        {"artifacts": OWN, "sort": "CREATED_DESC", "limit": limit, "offset": offset}
                        for limit in (0, 1, 2, 200, 201, -1, "x", None)
                        for offset in (0, 1, -1)
                    ),
                    {"artifacts": {"id": {"any_": ["<a>", UNKNOWN_ID]}}},
                    {"artifacts": {"latest_id": {"any_": ["<a>", UNKNOWN_ID]}}},
                ),
                *post_requests(
                    f"{path}count",
                    *({"artifacts": _own(one)} for one in FILTERS),
                    *({"artifacts": OWN, **one} for one in RUN_FILTERS),
                ),
                *post_requests(f"{path}count", True, 7, "x", [1], b"{bad", b"\xff"),
            )
        ),
        *delete("a", "b", "c"),
    ],
    "artifacts: of results": [
        CREATE_RUN,
        *(
            request
            for data in RESULTS
            for request in (
                set_state("/flow_runs/<run>/set_state", "COMPLETED", data, force=True),
                ApiRequest("GET", "/flow_runs/<run>"),
            )
        ),
        # Refused, or put in the place of another: nothing is kept.
        set_state("/flow_runs/<run>/set_state", "RUNNING", {"b": 1}),
        set_state("/flow_runs/<run>/set_state", "COMPLETED", {"b": 2}),
        ApiRequest("POST", "/artifacts/filter", OF_RUN),
        ApiRequest("GET", LATEST),
        set_state(
            "/flow_runs/bulk_set_state",
            "FAILED",
            {"artifact_key": "k-<u>", "y": 1},
            flow_runs={"id": {"any_": ["<run>"]}},
            force=True,
        ),
        ApiRequest("GET", LATEST),
        ApiRequest("DELETE", "/flow_runs/<run>"),
        ApiRequest("POST", "/artifacts/filter", OF_RUN),
    ],
    "artifacts: of results of task runs": [
        CREATE_RUN,
        ApiRequest(
            "POST",
            "/task_runs/",
            {"flow_run_id": "<run>", "task_key": "t", "dynamic_key": "0"},
            save_id_as="task",
        ),
        *(set_state("/task_runs/<task>/set_state", "RUNNING", data) for data in RESULTS[9:11]),
        set_state("/task_runs/<task>/set_state", "COMPLETED", {"c": 1}, force=True),
        set_state("/task_runs/<task>/set_state", "FAILED", {"c": 2}),
        ApiRequest("GET", "/task_runs/<task>"),
        ApiRequest("POST", "/artifacts/filter", OF_RUN),
        ApiRequest("GET", LATEST),
        ApiRequest(
            "POST",
            "/flow_runs/",
            {"flow_id": "<flow>", "name": "Run 2", "parent_task_run_id": "<task>"},
            save_id_as="child",
        ),
        *(
            set_state("/flow_runs/<child>/set_state", "COMPLETED", data, force=True)
            for data in RESULTS[8:11]
        ),
        ApiRequest("GET", "/task_runs/<task>"),
        ApiRequest("POST", "/artifacts/filter", OF_RUN),
        ApiRequest(
            "POST",
            "/artifacts/filter",
            {"artifacts": {"flow_run_id": {"any_": ["<child>"]}}, "sort": "CREATED_DESC"},
        ),
        ApiRequest("GET", LATEST),
    ],
}
