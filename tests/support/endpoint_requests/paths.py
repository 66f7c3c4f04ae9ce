"""Ids in paths, constant replies, states, deployments by name, and wrong methods and paths."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import ApiRequest, RequestGroups
from tests.support.endpoint_requests.odd_values import API_VERSIONS, UNKNOWN_ID
from tests.support.endpoint_requests.valid_requests import CREATE_RUN

HEX_ID = UNKNOWN_ID.replace("-", "")
IDS = (
    *(
        UNKNOWN_ID,
        UNKNOWN_ID.upper(),
        HEX_ID,
        "nope",
        f"{UNKNOWN_ID}x",
        f"{{{UNKNOWN_ID}}}",
        "%00",
    ),
    *(
        f"urn:uuid:{UNKNOWN_ID}",
        f"9999999900004000-8000-{'0' * 12}",
        f"{UNKNOWN_ID}%0A",
        "%20",
        "%ff",
    ),
)
STATES = "/flow_run_states/"
CONSTANTS = (
    *("/health", "/ready", "/version", "/admin/version", "/admin/storage", "/hello"),
    *("/csrf-token", "/csrf-token?client=x", "/csrf-token?client=", "/csrf-token?client=%00"),
)
PATHS = (
    *("/", "", "/nope", "/flow_runs", "/flow_runs/", "/flow_runs/filter/", "/flow_runs/count/"),
    *(
        "/flow_runs//filter",
        "/flows",
        "/task_runs",
        "/logs",
        "/health/",
        f"/flow_runs/{UNKNOWN_ID}/",
    ),
    *(
        "/flow_run_states",
        f"/flow_runs/{UNKNOWN_ID}/labels",
        f"/flow_runs/{UNKNOWN_ID}/labels/",
    ),
    *("/flows/name/x/", "/Flow_Runs/filter", "/flow_runs/filter?x=1", "/flow_runs/?x=%20y"),
    *(f"/flow_runs/{UNKNOWN_ID}/nope", f"/flow_runs/{UNKNOWN_ID}/set_state/"),
)

REQUESTS: RequestGroups = {
    **{
        f"{path}: ids": [ApiRequest("GET", f"{path}/{one}") for one in IDS]
        for path in ("/flow_runs", "/flows", "/task_runs", "/deployments", "/flow_run_states")
    },
    "/flow_runs: ids to delete": [ApiRequest("DELETE", f"/flow_runs/{one}") for one in IDS],
    "states": [
        ApiRequest("GET", STATES),
        *(ApiRequest("GET", f"{STATES}?flow_run_id={one}") for one in (*IDS, "")),
        ApiRequest("GET", f"{STATES}?flow_run_id={UNKNOWN_ID}&flow_run_id=x"),
        ApiRequest("GET", f"{STATES}?flow_run_id=x&flow_run_id={UNKNOWN_ID}"),
        ApiRequest("GET", f"{STATES}?flow_run_id={UNKNOWN_ID}&x=1"),
        ApiRequest("GET", f"{STATES}?Flow_Run_Id={UNKNOWN_ID}"),
        *(
            ApiRequest("GET", STATES, headers={"x-prefect-api-version": one})
            for one in API_VERSIONS
        ),
        CREATE_RUN,
        ApiRequest("GET", f"{STATES}?flow_run_id=<run>"),
    ],
    "constants": [
        *(
            ApiRequest(method, path)
            for path in CONSTANTS
            for method in ("GET", "POST", "HEAD", "OPTIONS")
        ),
        *(
            ApiRequest("GET", path, headers={"x-prefect-api-version": version})
            for path in (
                "/health",
                "/version",
                "/ready",
                "/csrf-token",
                "/flow_runs/nope",
                f"/flow_runs/{UNKNOWN_ID}",
            )
            for version in API_VERSIONS
        ),
        *(ApiRequest("GET", path, b"{bad") for path in ("/health", f"/flow_runs/{UNKNOWN_ID}")),
    ],
    "deployments": [
        ApiRequest("GET", "/deployments/<deployment>"),
        *(
            ApiRequest("GET", f"/deployments/name/{of}")
            for of in (
                *(
                    "<flow name>/<deployment name>",
                    "<flow name>/nope",
                    "nope/<deployment name>",
                ),
                *("a/b", "a", "a/b/c", "a%00/b", "%20/%20", "a/", "/b"),
            )
        ),
    ],
    "paths and methods": [
        ApiRequest(method, path, {"flow_id": 1} if method == "POST" else ...)
        for path in PATHS
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    ],
}
