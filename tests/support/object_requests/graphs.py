"""The graphs of flow runs, and how many task runs they have."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    few_malformed_bodies,
    post_requests,
)
from tests.support.endpoint_requests.odd_values import ODD_VALUES, UNKNOWN_ID, Json
from tests.support.endpoint_requests.valid_requests import CREATE_RUN

COUNT = "/ui/flow_runs/count-task-runs"
GRAPH, GRAPH_V2 = "/flow_runs/<run>/graph", "/flow_runs/<run>/graph-v2"
READ = [ApiRequest("GET", GRAPH), ApiRequest("GET", GRAPH_V2)]


# PostgreSQL sorts the keys of inputs: short ones first, then by letters. So do the inputs here.
def task(number: int, inputs: Json = None, state: Json = None, **fields: object) -> ApiRequest:
    """A request that creates a task run of the run; its id gets the name `t1`, `t2`, ..."""
    body = {
        "flow_run_id": "<run>",
        "task_key": f"t{number}",
        "dynamic_key": "0",
        "name": f"task {number}",
        "task_inputs": inputs or {},
        "state": state,
        **fields,
    }
    return ApiRequest("POST", "/task_runs/", body, save_id_as=f"t{number}")


def result(*numbers: int) -> Json:
    """Inputs that are the results of task runs."""
    return [{"input_type": "task_run", "id": f"<t{number}>"} for number in numbers]


def subflow(number: int, name: str, **fields: object) -> ApiRequest:
    """A request that creates a flow run for which a task run stands."""
    body = {"flow_id": "<flow>", "name": name, "parent_task_run_id": f"<t{number}>", **fields}
    return ApiRequest("POST", "/flow_runs/", body, save_id_as=name)


def set_state(of: str, **state: object) -> ApiRequest:
    return ApiRequest("POST", f"/flow_runs/<{of}>/set_state", {"state": state})


REQUESTS: RequestGroups = {
    "graphs: no tasks": [
        CREATE_RUN,
        *READ,
        set_state("run", type="RUNNING"),
        set_state("run", type="COMPLETED"),
        *READ,
        *(
            ApiRequest("GET", f"/flow_runs/{of}/{graph}")
            for of in (UNKNOWN_ID, "nope")
            for graph in ("graph", "graph-v2")
        ),
        *(
            ApiRequest("GET", f"/flow_runs/{UNKNOWN_ID}/graph-v2?since={text}")
            for text in (
                "nope",
                "2026-01-31T08:00:00Z",
                "2026-01-31T08:00:00",
                "2026-01-31",
                "1",
                "",
            )
        ),
        ApiRequest("POST", GRAPH, {}),
    ],
    "graphs: a chain": [
        CREATE_RUN,
        task(1, state={"type": "COMPLETED"}),
        task(2, {"x": result(1)}, {"type": "RUNNING"}),
        task(3, {"x": result(2)}, {"type": "PENDING"}),
        ApiRequest("GET", GRAPH_V2),
        *(
            ApiRequest("GET", f"{GRAPH_V2}?since={text}")
            for text in (
                "2000-01-01T00:00:00Z",
                "2090-01-01T00:00:00%2B02:00",
                "2090-01-01T00:00:00",
            )
        ),
        ApiRequest("POST", COUNT, {"flow_run_ids": ["<run>"]}),
    ],
    "graphs: around": [
        CREATE_RUN,
        task(1, state={"type": "RUNNING"}),
        task(2, {"__parents__": result(1)}, {"type": "RUNNING"}),
        task(3, {"x": result(2), "__parents__": result(1)}, {"type": "RUNNING"}),
        ApiRequest("GET", GRAPH_V2),
    ],
    "graphs: two inputs": [
        CREATE_RUN,
        task(1, state={"type": "COMPLETED"}),
        task(2, {"a": result(1), "b": []}, {"type": "COMPLETED"}),
        task(3, {"a": result(2), "b": result(2)}, {"type": "FAILED"}),
        ApiRequest("GET", GRAPH_V2),
    ],
    "graphs: other inputs": [
        CREATE_RUN,
        task(
            1,
            {
                "c": [{"input_type": "constant", "type": "int"}],
                "p": [{"input_type": "parameter", "name": "p"}],
            },
        ),
        *READ,
        task(2, {"f": [{"input_type": "flow_run", "id": UNKNOWN_ID}]}),
        *READ,
    ],
    "graphs: a parameter": [
        CREATE_RUN,
        task(1, {"p": [{"input_type": "parameter", "name": "p"}]}),
        ApiRequest("GET", GRAPH),
    ],
    "graphs: scheduled": [
        CREATE_RUN,
        task(1, state={"type": "SCHEDULED"}),
        ApiRequest("GET", GRAPH),
        task(2, {"x": [{"input_type": "task_run", "id": UNKNOWN_ID}]}),
        ApiRequest("GET", GRAPH_V2),
    ],
    "graphs: subflows": [
        CREATE_RUN,
        task(1, state={"type": "RUNNING"}),
        subflow(1, "sub"),
        set_state("sub", type="RUNNING"),
        *READ,
        set_state("sub", type="COMPLETED"),
        task(2, {"x": result(1)}),
        ApiRequest("GET", GRAPH_V2),
        ApiRequest("POST", COUNT, {"flow_run_ids": ["<run>", "<sub>", UNKNOWN_ID, "<run>"]}),
        ApiRequest("GET", "/flow_runs/<sub>/graph-v2"),
        ApiRequest("DELETE", "/flow_runs/<sub>"),
        ApiRequest("GET", GRAPH_V2),
    ],
    "graphs: states": [
        CREATE_RUN,
        set_state("run", type="RUNNING", name="Starting"),
        set_state("run", type="PAUSED"),
        set_state("run", type="RUNNING"),
        set_state("run", type="FAILED", message="no"),
        ApiRequest("GET", GRAPH_V2),
    ],
    "counts of task runs": [
        CREATE_RUN,
        *few_malformed_bodies(COUNT),
        *post_requests(COUNT, *({"flow_run_ids": one} for one in ODD_VALUES)),
        *post_requests(
            COUNT,
            {"flow_run_ids": []},
            {"flow_run_ids": ["x", "y"]},
            {"flow_run_ids": ["<run>"] * 200},
            {"flow_run_ids": ["<run>"] * 201},
            {"flow_run_ids": ["<run>"], "x": 1},
        ),
    ],
}
