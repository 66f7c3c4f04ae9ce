"""What the server itself keeps and tells: the default of result storage, and states it has seen."""

from __future__ import annotations

from collections.abc import Iterable

from tests.support.endpoint_requests.api_request import (
    JSON_HEADERS,
    ApiRequest,
    RequestGroups,
    malformed_bodies,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import API_VERSIONS, ODD_IDS, UNKNOWN_ID, Json
from tests.support.endpoint_requests.valid_requests import CREATE_RUN, CREATE_TASK_RUN
from tests.support.object_requests.blocks import (
    CREATE_TYPE,
    DELETE_TYPE,
    FIELDS,
    SCHEMA,
    SCHEMAS,
    create_document,
)

STORAGE, SETTINGS, OBSERVED = "/admin/storage", "/admin/settings", "/observed-states"
READ, CLEAR = ApiRequest("GET", STORAGE), ApiRequest("DELETE", STORAGE)
USE_A, USE_B = (
    ApiRequest("PUT", STORAGE, {"default_result_storage_block_id": f"<{name}>"}) for name in "ab"
)
DATA: Json = {"user": "me"}


def storage_blocks(*capabilities: str) -> list[ApiRequest]:
    """Requests that create two blocks of a type with capabilities, `<a>` and `<b>`."""
    schema = {**SCHEMA, "fields": FIELDS, "capabilities": list(capabilities)}
    return [
        CREATE_TYPE,
        ApiRequest("POST", SCHEMAS, schema, save_id_as="schema"),
        *(create_document(name, DATA) for name in "ab"),
    ]


def as_put(requests: Iterable[ApiRequest]) -> Iterable[ApiRequest]:
    """The same requests with the method PUT."""
    return (ApiRequest("PUT", one.path, one.body, one.headers) for one in requests)


def observed(query: str) -> ApiRequest:
    """A request for the states whose names begin with the text of this workspace."""
    return ApiRequest("GET", f"{OBSERVED}?query=<u>{query}")


def set_state(of: str, kind: str, name: str) -> ApiRequest:
    """A request that brings a run into a state of that name."""
    return ApiRequest(
        "POST", f"{of}/set_state", {"state": {"type": kind, "name": name}, "force": True}
    )


def with_versions(method: str, path: str) -> Iterable[ApiRequest]:
    """Requests that say for which version of the API they are."""
    versions = ("x", "0.7.9", "99.0.0")
    assert set(versions) <= set(API_VERSIONS)
    return (
        ApiRequest(method, path, ..., {**JSON_HEADERS, "x-prefect-api-version": version})
        for version in versions
    )


REQUESTS: RequestGroups = {
    "storage: a life": [
        *(CLEAR, READ),
        *storage_blocks("read-path", "write-path"),
        *(USE_A, READ, USE_B, READ, CLEAR, READ, CLEAR),
        USE_A,
        *(ApiRequest("DELETE", "/block_documents/<b>"), READ),
        *(ApiRequest("DELETE", "/block_documents/<a>"), READ),
        *(USE_A, DELETE_TYPE),
    ],
    "storage: with its schema": [
        *storage_blocks("write-path"),
        USE_A,
        *(ApiRequest("DELETE", "/block_schemas/<schema>"), READ),
        ApiRequest("GET", "/block_documents/<a>"),
        *(DELETE_TYPE, READ, CLEAR),
    ],
    "storage: with its type": [
        *storage_blocks("write-path", "x"),
        USE_A,
        *(ApiRequest("PATCH", "/block_documents/<a>", {"data": {"user": "x"}}), READ),
        *(DELETE_TYPE, READ, CLEAR),
    ],
    "storage: any block": [
        *storage_blocks("read-path"),
        *(USE_A, READ),
        *as_put(malformed_bodies("PUT", STORAGE, {"default_result_storage_block_id": "<a>"})),
        *as_put(with_odd_values(STORAGE, {}, ["default_result_storage_block_id"])),
        *as_put(with_odd_values(STORAGE, {}, ["default_result_storage_block_id"], ODD_IDS)),
        *as_put(
            with_odd_values(
                STORAGE, {"default_result_storage_block_id": UNKNOWN_ID}, ["unknown"], [1]
            )
        ),
        *with_versions("DELETE", STORAGE),
        *(READ, DELETE_TYPE),
    ],
    "settings": [
        *(one for one in with_versions("GET", SETTINGS) if "99" not in str(one)),
        *(ApiRequest(method, SETTINGS) for method in ("POST", "PUT", "DELETE")),
    ],
    "observed states": [
        CREATE_RUN,
        CREATE_TASK_RUN,
        observed(""),
        set_state("/flow_runs/<run>", "RUNNING", "<u> B"),
        set_state("/flow_runs/<run>", "FAILED", "<u> a"),
        set_state("/flow_runs/<run>", "RUNNING", "<u> a"),
        set_state("/task_runs/<task>", "RUNNING", "<u> B"),
        set_state("/task_runs/<task>", "COMPLETED", "<u> C%"),
        *(observed(more) for more in ("", "%20", "%20B", "%20b", "%20c%25", "%20C_", "%20x")),
        *(observed(f"&order_by={order}") for order in ("NAME_ASC", "LAST_SEEN_DESC", "x", "")),
        *(
            observed(f"&order_by=NAME_ASC&limit={limit}")
            for limit in (1, 2, 200, 0, 201, "x", "", "1.0", "1.5", "+2", "%202", "1_0", "01")
        ),
        *(
            ApiRequest("GET", f"{OBSERVED}?{query}")
            for query in (
                *(f"query={'x' * 100}", f"query={'x' * 101}", "query=a%00", "query=%ff&limit=1"),
                *("limit=1&limit=x", "limit=0&query=" + "x" * 101 + "&order_by=y"),
            )
        ),
        ApiRequest("GET", f"{OBSERVED}?query=%20<u>%20%20"),
        ApiRequest("GET", f"{OBSERVED}/?query=<u>%20a"),
        ApiRequest("POST", OBSERVED, {}),
        *with_versions("GET", f"{OBSERVED}?query=<u>"),
        ApiRequest("DELETE", "/flow_runs/<run>"),
        observed(""),
        ApiRequest("DELETE", "/task_runs/<task>"),
        observed(""),
    ],
}
