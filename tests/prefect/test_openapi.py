"""openapi.yaml has the structure of the published document, and a description for everything."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from mockserver.prefect import (
    DEVIATIONS,
    NEWEST,
    OLDEST,
    RELEASES,
    Deviation,
    describe_range,
    is_within,
    openapi,
    release_key,
)
from mockserver.prefect.overlays import OVERLAYS, Overlay, merge_patch
from mockserver.resources import resource_path
from tests.support.paths import DATA
from tests.support.published_documents import covered_part, published_document, structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PUBLISHED = published_document(NEWEST)
SAMPLE = json.loads((DATA / "sample-request.json").read_text(encoding="utf-8"))
BODY = "Body_bulk_delete_flow_runs_flow_runs_bulk_delete_post"

OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "/flow_runs/bulk_delete": ("post",),
    "/flow_runs/": ("post",),
    "/flow_runs/{id}": ("get", "patch", "delete"),
    "/flow_runs/filter": ("post",),
    "/flow_runs/count": ("post",),
    "/flow_runs/paginate": ("post",),
    "/flow_runs/lateness": ("post",),
    "/flow_runs/history": ("post",),
    "/flow_runs/bulk_set_state": ("post",),
    "/flow_runs/{id}/set_state": ("post",),
    "/flow_runs/{id}/labels": ("patch",),
    "/flows/": ("post",),
    "/flow_run_states/": ("get",),
    "/flow_run_states/{id}": ("get",),
    "/flows/{id}": ("get", "patch", "delete"),
    "/flows/paginate": ("post",),
    "/ui/flows/count-deployments": ("post",),
    "/ui/task_runs/count": ("post",),
    "/ui/schemas/validate": ("post",),
    "/templates/validate": ("post",),
    "/automations/templates/validate": ("post",),
    "/ui/task_runs/{id}": ("get",),
    "/flows/name/{name}": ("get",),
    "/flows/filter": ("post",),
    "/flows/count": ("post",),
    "/flows/bulk_delete": ("post",),
    "/deployments/bulk_delete": ("post",),
    "/task_runs/": ("post",),
    "/task_runs/{id}": ("get", "patch", "delete"),
    "/task_runs/{id}/set_state": ("post",),
    "/task_runs/paginate": ("post",),
    "/task_run_states/": ("get",),
    "/task_run_states/{id}": ("get",),
    "/task_runs/filter": ("post",),
    "/task_runs/count": ("post",),
    "/deployments/": ("post",),
    "/deployments/{id}": ("get", "patch", "delete"),
    "/deployments/name/{flow_name}/{deployment_name}": ("get",),
    "/deployments/filter": ("post",),
    "/deployments/paginate": ("post",),
    "/deployments/get_scheduled_flow_runs": ("post",),
    "/deployments/{id}/create_flow_run": ("post",),
    "/deployments/{id}/create_flow_run/bulk": ("post",),
    "/deployments/{id}/schedule": ("post",),
    "/deployments/{id}/pause_deployment": ("post",),
    "/deployments/{id}/resume_deployment": ("post",),
    "/deployments/{id}/schedules": ("get", "post"),
    "/deployments/{id}/schedules/{schedule_id}": ("patch", "delete"),
    "/automations/owned-by/{resource_id}": ("delete",),
    "/deployments/count": ("post",),
    "/v2/concurrency_limits/": ("post",),
    "/v2/concurrency_limits/{id_or_name}": ("get", "patch", "delete"),
    "/v2/concurrency_limits/filter": ("post",),
    "/v2/concurrency_limits/increment": ("post",),
    "/v2/concurrency_limits/decrement": ("post",),
    "/v2/concurrency_limits/increment-with-lease": ("post",),
    "/v2/concurrency_limits/decrement-with-lease": ("post",),
    "/v2/concurrency_limits/leases/{lease_id}/renew": ("post",),
    "/concurrency_limits/": ("post",),
    "/concurrency_limits/{id}": ("get", "delete"),
    "/concurrency_limits/tag/{tag}": ("get", "delete"),
    "/concurrency_limits/tag/{tag}/reset": ("post",),
    "/concurrency_limits/filter": ("post",),
    "/concurrency_limits/increment": ("post",),
    "/concurrency_limits/decrement": ("post",),
    "/logs/": ("post",),
    "/logs/filter": ("post",),
    "/flow_runs/{id}/logs/download": ("get",),
    "/flow_runs/{id}/graph": ("get",),
    "/flow_runs/{id}/graph-v2": ("get",),
    "/ui/flow_runs/count-task-runs": ("post",),
    "/flow_runs/{id}/resume": ("post",),
    "/flow_runs/{id}/input": ("post",),
    "/flow_runs/{id}/input/filter": ("post",),
    "/flow_runs/{id}/input/{key}": ("get", "delete"),
    "/events": ("post",),
    "/events/filter": ("post",),
    "/events/filter/next": ("get",),
    "/block_types/": ("post",),
    "/block_types/filter": ("post",),
    "/block_types/install_system_block_types": ("post",),
    "/block_types/{id}": ("get", "patch", "delete"),
    "/block_types/slug/{slug}": ("get",),
    "/block_types/slug/{slug}/block_documents": ("get",),
    "/block_types/slug/{slug}/block_documents/name/{block_document_name}": ("get",),
    "/block_schemas/": ("post",),
    "/block_schemas/filter": ("post",),
    "/block_schemas/{id}": ("get", "delete"),
    "/block_schemas/checksum/{checksum}": ("get",),
    "/block_documents/": ("post",),
    "/block_documents/filter": ("post",),
    "/block_documents/count": ("post",),
    "/block_documents/{id}": ("get", "patch", "delete"),
    "/block_capabilities/": ("get",),
    "/artifacts/": ("post",),
    "/artifacts/filter": ("post",),
    "/artifacts/count": ("post",),
    "/artifacts/latest/filter": ("post",),
    "/artifacts/latest/count": ("post",),
    "/artifacts/{key}/latest": ("get",),
    "/artifacts/{id}": ("get", "patch", "delete"),
    "/automations/filter": ("post",),
    "/automations/{id}": ("get", "delete"),
    "/automations/related-to/{resource_id}": ("get",),
    "/saved_searches/filter": ("post",),
    "/saved_searches/{id}": ("get", "delete"),
    "/task_workers/filter": ("post",),
    "/collections/views/{view}": ("get",),
    "/variables/": ("post",),
    "/variables/filter": ("post",),
    "/variables/count": ("post",),
    "/variables/{id}": ("get", "patch", "delete"),
    "/variables/name/{name}": ("get", "patch", "delete"),
    "/work_pools/": ("post",),
    "/work_pools/filter": ("post",),
    "/work_pools/count": ("post",),
    "/work_pools/{name}": ("get", "patch", "delete"),
    "/work_pools/{name}/get_scheduled_flow_runs": ("post",),
    "/work_pools/{name}/concurrency_status": ("post",),
    "/work_pools/{work_pool_name}/queues": ("post",),
    "/work_pools/{work_pool_name}/queues/filter": ("post",),
    "/work_pools/{work_pool_name}/queues/{name}": ("get", "patch", "delete"),
    "/work_pools/{work_pool_name}/workers/heartbeat": ("post",),
    "/work_pools/{work_pool_name}/workers/filter": ("post",),
    "/work_pools/{work_pool_name}/workers/{name}": ("delete",),
    "/work_queues/": ("post",),
    "/work_queues/filter": ("post",),
    "/work_queues/name/{name}": ("get",),
    "/work_queues/{id}": ("get", "patch", "delete"),
    "/work_queues/{id}/get_runs": ("post",),
    "/work_queues/{id}/concurrency_status": ("post",),
    "/work_queues/{id}/status": ("get",),
    "/health": ("get",),
    "/ready": ("get",),
    "/version": ("get",),
    "/admin/version": ("get",),
    "/admin/storage": ("get", "put", "delete"),
    "/admin/settings": ("get",),
    "/ui/flow_runs/history": ("post",),
    "/ui/flows/next-runs": ("post",),
    "/ui/task_runs/dashboard/counts": ("post",),
    "/deployments/{id}/work_queue_check": ("get",),
    "/automations/count": ("post",),
    "/events/count-by/{countable}": ("post",),
    "/task_runs/history": ("post",),
    "/observed-states": ("get",),
    "/csrf-token": ("get",),
    "/hello": ("get",),
}
"""The operations in openapi.yaml; the published document has more."""


def json_body(*schemas: str) -> dict[str, Any]:
    """A response whose JSON is one of these component schemas."""
    refs = [{"$ref": f"#/components/schemas/{name}"} for name in schemas]
    schema = refs[0] if len(refs) == 1 else {"anyOf": refs}
    return {"content": {"application/json": {"schema": schema}}}


class Addition(NamedTuple):
    """A place where openapi.yaml deliberately differs from the published document."""

    reason: str
    value: Any
    """What openapi.yaml has there; None if it has nothing."""
    places: list[tuple[str, ...]]
    until: str | None = None
    """The last release whose document differs there."""


def response_places(status: str, *paths: str) -> list[tuple[str, ...]]:
    """Where the responses with this status are, for every operation on the paths."""
    return [
        ("paths", path, method, "responses", status)
        for path in paths
        for method in OPERATIONS[path]
    ]


DEPLOYMENT = "/deployments/{id}"
LIMITS = "/v2/concurrency_limits"
RENEW = "/v2/concurrency_limits/leases/{lease_id}/renew"
SLOT_BODIES = (
    "Body_bulk_increment_active_slots_with_lease_v2_concurrency_limits_increment_with_lease_post",
    "Body_bulk_increment_active_slots_v2_concurrency_limits_increment_post",
    "Body_bulk_decrement_active_slots_v2_concurrency_limits_decrement_post",
)
COUNTED_RUNS = "Body_count_task_runs_by_flow_run_ui_flow_runs_count_task_runs_post"
COUNTED_DEPLOYMENTS = "Body_count_deployments_by_flow_ui_flows_count_deployments_post"
TEMPLATE_CHECKS = ("/templates/validate", "/automations/templates/validate")
NEXT_RUNS = "Body_next_runs_by_flow_ui_flows_next_runs_post"

POLL = "Body_get_scheduled_flow_runs_for_deployments_deployments_get_scheduled_flow_runs_post"
NAMELESS = ("FlowRunCreate", "TaskRunCreate", "DeploymentFlowRunCreate", "TaskRunUpdate")
LISTS = {
    "Body_read_flow_runs_flow_runs_filter_post": "FlowRunSort",
    "Body_paginate_flow_runs_flow_runs_paginate_post": "FlowRunSort",
    "Body_read_flows_flows_filter_post": "FlowSort",
    "Body_read_task_runs_task_runs_filter_post": "TaskRunSort",
    "Body_paginate_task_runs_task_runs_paginate_post": "TaskRunSort",
    "Body_read_deployments_deployments_filter_post": "DeploymentSort",
    "Body_paginate_deployments_deployments_paginate_post": "DeploymentSort",
    "Body_paginate_flows_flows_paginate_post": "FlowSort",
}
OBJECT_LISTS = (
    "Body_read_all_concurrency_limits_v2_v2_concurrency_limits_filter_post",
    "Body_read_concurrency_limits_concurrency_limits_filter_post",
    "Body_read_logs_logs_filter_post",
    "Body_read_variables_variables_filter_post",
    "Body_read_automations_automations_filter_post",
    "Body_read_saved_searches_saved_searches_filter_post",
    "Body_read_block_types_block_types_filter_post",
    "Body_read_block_schemas_block_schemas_filter_post",
    "Body_read_block_documents_block_documents_filter_post",
    "Body_read_artifacts_artifacts_filter_post",
    "Body_read_latest_artifacts_artifacts_latest_filter_post",
)
POOL_LISTS = (
    "Body_read_work_pools_work_pools_filter_post",
    "Body_read_work_queues_work_pools__work_pool_name__queues_filter_post",
    "Body_read_workers_work_pools__work_pool_name__workers_filter_post",
    "Body_read_work_queues_work_queues_filter_post",
    "Body_get_scheduled_flow_runs_work_pools__name__get_scheduled_flow_runs_post",
    "Body_read_work_queue_runs_work_queues__id__get_runs_post",
)
SLOT_LISTS = (
    "Body_read_work_pool_concurrency_status_work_pools__name__concurrency_status_post",
    "Body_read_work_queue_concurrency_status_work_queues__id__concurrency_status_post",
)
"""The bodies that came with 3.6.23."""
ARTIFACT_BODIES = {
    "Body_read_artifacts_artifacts_filter_post": "ArtifactFilter",
    "Body_count_artifacts_artifacts_count_post": "ArtifactFilter",
    "Body_read_latest_artifacts_artifacts_latest_filter_post": "ArtifactCollectionFilter",
    "Body_count_latest_artifacts_artifacts_latest_count_post": "ArtifactCollectionFilter",
}
ARTIFACT_RUNS = {
    "flow_runs": "FlowRunFilter",
    "task_runs": "TaskRunFilter",
    "flows": "FlowFilter",
    "deployments": "DeploymentFilter",
}
RUN_POINTS = "Body_read_flow_run_history_ui_flow_runs_history_post"
TASK_HISTORY = "Body_task_run_history_task_runs_history_post"
NEVER_NULL = {
    "flows": "FlowFilter",
    "flow_runs": "FlowRunFilter",
    "task_runs": "TaskRunFilter",
    "deployments": "DeploymentFilter",
    "work_pools": "WorkPoolFilter",
}
"""The filters that cannot be null in five bodies of the published document."""


def client_nulls() -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """The body, key, component and default of each null that only openapi.yaml allows."""
    for body, sort in LISTS.items():
        default = PUBLISHED["components"]["schemas"][body]["properties"]["sort"]["default"]
        yield body, "sort", sort, {"default": default}
    flows = ("Body_read_flows_flows_filter_post", "Body_count_flows_flows_count_post")
    counts = "Body_count_task_runs_task_runs_count_post"
    for body in (*flows, counts, TASK_HISTORY, RUN_POINTS):
        for key, kind in NEVER_NULL.items():
            if key in PUBLISHED["components"]["schemas"][body]["properties"]:
                yield body, key, kind, {}


ADDITIONS = [
    Addition(
        "The published document describes no error but 422, and has no schema for the others.",
        {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}},
        [("schemas", "ErrorDetail")],
    ),
    Addition(
        "The record in a path may not exist. (No path can contain a line break.)",
        json_body("ErrorDetail"),
        response_places(
            "404",
            *(
                path
                for path in OPERATIONS
                if "{" in path and "owned-by" not in path and "{countable}" not in path
            ),
        ),
    ),
    Addition(
        "A new run can refer to a work pool or a queue that does not exist.",
        json_body("ErrorDetail"),
        response_places("404", "/flow_runs/"),
    ),
    Addition(
        "A new deployment can refer to a work pool or a limit that does not exist.",
        json_body("ErrorDetail"),
        response_places("404", "/deployments/"),
    ),
    Addition(
        "Parameters of a deployment may be refused by their schema, and references be to nothing.",
        json_body("ErrorDetail"),
        [
            *response_places("409", "/deployments/", f"{DEPLOYMENT}/create_flow_run"),
            *(("paths", path, method, "responses", "409") for path, method in (
                (DEPLOYMENT, "patch"),
                (f"{DEPLOYMENT}/schedules", "post"),
                (f"{DEPLOYMENT}/schedules/{{schedule_id}}", "patch"),
            )),
        ],
    ),
    Addition(
        "Parameters of a deployment can have templates that cannot be filled in.",
        json_body("ErrorDetail"),
        [
            ("paths", DEPLOYMENT, "patch", "responses", "400"),
            *response_places(
                "400", f"{DEPLOYMENT}/create_flow_run", f"{DEPLOYMENT}/create_flow_run/bulk"
            ),
        ],
    ),
    Addition(
        "Job variables and schedules of a deployment are refused with a text as `detail`.",
        json_body("HTTPValidationError", "ErrorDetail"),
        [
            *response_places("422", "/deployments/", f"{DEPLOYMENT}/create_flow_run"),
            ("paths", DEPLOYMENT, "patch", "responses", "422"),
        ],
    ),
    Addition(
        "A lease that does not exist is 410, not 404.",
        json_body("ErrorDetail"),
        response_places("410", RENEW),
    ),
    Addition(
        "`min_items` is not a keyword of JSON Schema, and a server accepts an empty list.",
        None,
        [("schemas", body, "properties", "names", "min_items") for body in SLOT_BODIES],
        until="3.8.8",
    ),
    Addition(
        "`max_items` is not a keyword of JSON Schema, and a server accepts a longer list.",
        None,
        [
            ("schemas", COUNTED_RUNS, "properties", "flow_run_ids", "max_items"),
            ("schemas", COUNTED_DEPLOYMENTS, "properties", "flow_ids", "max_items"),
            ("schemas", NEXT_RUNS, "properties", "flow_ids", "max_items"),
        ],
        until="3.8.8",
    ),
    Addition(
        "The same instant, written as the newest document does.",
        "0001-01-01T00:00:00Z",
        [("paths", "/flow_runs/{id}/graph-v2", "get", "parameters", "1", "schema", "default")],
        until="3.8.8",
    ),
    Addition(
        "The job variables of a run that is not scheduled cannot be changed.",
        json_body("ErrorDetail"),
        [("paths", "/flow_runs/{id}", "patch", "responses", "400")],
    ),
    Addition(
        "A new run can refer to a flow, a flow run or a task run that does not exist.",
        json_body("ErrorDetail"),
        response_places("409", "/flow_runs/", "/task_runs/"),
    ),
    Addition(
        "A token that no page has is refused.",
        json_body("ErrorDetail"),
        response_places("403", "/events/filter/next"),
    ),
    Addition(
        "A graph can have too many nodes.",
        json_body("ErrorDetail"),
        response_places("400", "/flow_runs/{id}/graph-v2"),
    ),
    Addition(
        "A flow run has one input under a key.",
        json_body("ErrorDetail"),
        response_places("409", "/flow_runs/{id}/resume", "/flow_runs/{id}/input"),
    ),
    Addition(
        "Names of types that begin with Prefect are reserved, and some types protected.",
        json_body("ErrorDetail"),
        [
            ("paths", path, method, "responses", "403")
            for path, method in (
                ("/block_types/", "post"),
                ("/block_types/{id}", "delete"),
                ("/block_schemas/{id}", "delete"),
            )
        ],
    ),
    Addition(
        "A schema can be of a type that does not exist.",
        json_body("ErrorDetail"),
        response_places("404", "/block_schemas/"),
    ),
    Addition(
        "A schema that exists already is answered 200.",
        PUBLISHED["paths"]["/block_schemas/"]["post"]["responses"]["201"],
        response_places("200", "/block_schemas/"),
    ),
    Addition(
        "A block has a name that another has, or refers to what does not exist.",
        json_body("ErrorDetail"),
        [
            *response_places("409", "/block_types/", "/block_schemas/", "/block_documents/"),
            ("paths", "/block_documents/{id}", "patch", "responses", "409"),
        ],
    ),
    Addition(
        "A block inside of another has no id, or would be inside of itself.",
        json_body("ErrorDetail"),
        [
            *response_places("400", "/block_documents/"),
            ("paths", "/block_documents/{id}", "patch", "responses", "400"),
        ],
    ),
    *(
        Addition(
            "Prefect's own client sends null for a filter that it does not set.",
            {"anyOf": [{"$ref": f"#/components/schemas/{schema}"}, {"type": "null"}]},
            [("schemas", body, "properties", key)],
        )
        for body, own in ARTIFACT_BODIES.items()
        for key, schema in {**ARTIFACT_RUNS, "artifacts": own}.items()
    ),
    Addition(
        "Another limit has the name, or a field of it cannot be null.",
        json_body("ErrorDetail"),
        [
            ("paths", f"{LIMITS}/", "post", "responses", "409"),
            ("paths", f"{LIMITS}/{{id_or_name}}", "patch", "responses", "409"),
        ],
    ),
    Addition(
        "Slots of a limit may be taken; a task run waits for those of a tag.",
        json_body("ErrorDetail"),
        response_places(
            "423",
            f"{LIMITS}/increment",
            f"{LIMITS}/increment-with-lease",
            "/concurrency_limits/increment",
        ),
    ),
    Addition(
        "A page beyond its bound, and more slots than a limit has, are refused with a text.",
        json_body("HTTPValidationError", "ErrorDetail"),
        response_places(
            "422",
            f"{LIMITS}/increment",
            f"{LIMITS}/increment-with-lease",
            f"{LIMITS}/filter",
            "/concurrency_limits/filter",
        ),
    ),
    Addition(
        "Another variable has the name.",
        json_body("ErrorDetail"),
        [
            ("paths", path, method, "responses", "409")
            for path, method in (
                ("/variables/", "post"),
                ("/variables/{id}", "patch"),
                ("/variables/name/{name}", "patch"),
            )
        ],
    ),
    *(
        Addition(
            "A server answers 201 if it created something; the published document has only 200.",
            PUBLISHED["paths"][path]["post"]["responses"]["200"],
            response_places("201", path),
        )
        for path in (
            "/flow_runs/", "/flows/", "/artifacts/", "/concurrency_limits/", "/task_runs/",
            "/flow_runs/{id}/set_state", "/deployments/", f"{DEPLOYMENT}/create_flow_run",
            "/task_runs/{id}/set_state", "/flow_runs/{id}/resume",
        )
    ),
    Addition(
        "A limit above 200, an interval below a second and a request for a CSRF token are refused"
        " with a text as `detail`.",
        json_body("HTTPValidationError", "ErrorDetail"),
        response_places(
            "422", "/flow_runs/filter", "/flow_runs/paginate", "/flow_runs/history",
            "/flows/filter", "/task_runs/filter", "/deployments/filter", "/csrf-token",
            "/deployments/paginate", "/deployments/get_scheduled_flow_runs",
            "/flows/paginate", "/task_runs/paginate", "/logs/filter", "/task_runs/history",
            "/variables/filter", "/flow_runs/{id}/input/filter", "/block_types/filter",
            "/block_schemas/filter", "/block_documents/filter", "/artifacts/filter",
            "/artifacts/latest/filter", "/saved_searches/filter", "/automations/filter",
        ),
    ),
    Addition(
        "The task runs that are counted must have a first time.",
        json_body("HTTPValidationError", "ErrorDetail"),
        response_places("422", "/ui/task_runs/dashboard/counts"),
    ),
    *(
        Addition(
            "A server takes null for a key that is not set.",
            {"anyOf": [schema, {"type": "null"}], "default": default},
            [("schemas", RUN_POINTS, "properties", key)],
        )
        for key, schema, default in (
            (
                "sort",
                {"$ref": "#/components/schemas/FlowRunSort"},
                "EXPECTED_START_TIME_DESC",
            ),
            ("limit", {"type": "integer", "maximum": 1000}, 1000),
            ("offset", {"type": "integer", "minimum": 0}, 0),
        )
    ),
    Addition(
        "More than 1,000 spans of time are refused with a text as `detail`.",
        json_body("HTTPValidationError", "ErrorDetail"),
        response_places("422", "/events/count-by/{countable}"),
    ),
    Addition(
        "The block of the default storage has to be there, and its type to write.",
        json_body("ErrorDetail"),
        [("paths", "/admin/storage", "put", "responses", "404")],
    ),
    Addition(
        "The block of the default storage has to be there, and its type to write.",
        json_body("HTTPValidationError", "ErrorDetail"),
        [("paths", "/admin/storage", "put", "responses", "422")],
    ),
    Addition(
        "Prefect's own client sends null as the name of a run (deviation client-nulls).",
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        [("schemas", name, "properties", "name") for name in NAMELESS],
    ),
    *(
        Addition(
            "Prefect's own client sends null for a key it does not set (deviation client-nulls).",
            {"anyOf": [{"$ref": f"#/components/schemas/{kind}"}, {"type": "null"}], **default},
            [("schemas", body, "properties", key)],
        )
        for body, key, kind, default in client_nulls()
    ),
    Addition(
        "Prefect's own client sends null for no limit (deviation client-nulls).",
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        [("schemas", body, "properties", "limit") for body in (*LISTS, *OBJECT_LISTS, POLL)],
    ),
    Addition(
        "A server takes null for no time (deviation client-nulls).",
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        [("schemas", POLL, "properties", "scheduled_before")],
    ),
    Addition(
        "Prefect's own client sends null for no offset (deviation client-nulls).",
        {"anyOf": [{"type": "integer", "minimum": 0.0}, {"type": "null"}], "default": 0},
        [("schemas", "Body_read_logs_logs_filter_post", "properties", "offset")],
    ),
    Addition(
        "The pattern lists the time zones of the machine that made the document.",
        None,
        [("schemas", "RRuleSchedule", "properties", "timezone", "anyOf", "0", "pattern")],
    ),
    Addition(
        "The names of some work pools are reserved.",
        json_body("ErrorDetail"),
        [
            *response_places("403", "/work_pools/"),
            *(
                ("paths", "/work_pools/{name}", method, "responses", "403")
                for method in ("patch", "delete")
            ),
        ],
    ),
    Addition(
        "A name can be taken, and a column of a database may not be null.",
        json_body("ErrorDetail"),
        [
            *response_places(
                "409", "/work_pools/", "/work_pools/{work_pool_name}/queues", "/work_queues/"
            ),
            ("paths", "/work_pools/{name}", "patch", "responses", "409"),
            ("paths", "/work_pools/{work_pool_name}/queues/{name}", "patch", "responses", "409"),
            *(
                ("paths", "/work_queues/{id}", method, "responses", "409")
                for method in ("patch", "delete")
            ),
        ],
    ),
    Addition(
        "A limit above 200 is refused with a text as `detail`.",
        json_body("HTTPValidationError", "ErrorDetail"),
        response_places(
            "422", "/work_pools/filter", "/work_pools/{work_pool_name}/queues/filter",
            "/work_pools/{work_pool_name}/workers/filter", "/work_queues/filter",
            "/work_pools/{name}/get_scheduled_flow_runs", "/work_queues/{id}/get_runs",
        ),
    ),
    Addition(
        "Prefect's own client sends null for no limit (deviation client-nulls).",
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        [("schemas", body, "properties", "limit") for body in POOL_LISTS],
    ),
    Addition(
        "Prefect's own client sends null for a key it does not set (deviation client-nulls).",
        {"anyOf": [{"$ref": "#/components/schemas/WorkQueueFilter"}, {"type": "null"}]},
        [("schemas", POOL_LISTS[1], "properties", "work_queues")],
    ),
    Addition(
        "Prefect's own client sends null for no offset (deviation client-nulls).",
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}], "default": 0},
        [("schemas", body, "properties", "offset") for body in POOL_LISTS[1:4]],
    ),
    Addition(
        "A limit above 200 is refused with a text as `detail`.",
        json_body("HTTPValidationError", "ErrorDetail"),
        response_places(
            "422", "/work_pools/{name}/concurrency_status", "/work_queues/{id}/concurrency_status"
        ),
    ),
    Addition(
        "A template that is valid is answered 204; the published document has 200.",
        {},
        response_places("204", *TEMPLATE_CHECKS),
    ),
    Addition(
        "The same.",
        None,
        response_places("200", *TEMPLATE_CHECKS),
    ),
    Addition(
        "A template that is not valid is told in a shape of its own.",
        json_body("HTTPValidationError", "TemplateError"),
        response_places("422", *TEMPLATE_CHECKS),
    ),
    Addition(
        "The published document has no schema for that shape.",
        {
            "type": "object",
            "required": ["error"],
            "properties": {
                "error": {
                    "type": "object",
                    "required": ["line", "message", "source"],
                    "properties": {
                        "line": {"type": "integer"},
                        "message": {"type": "string"},
                        "source": {"type": "string"},
                    },
                }
            },
        },
        [("schemas", "TemplateError")],
    ),
    Addition(
        "What should be a JSON Schema and is none is refused with a text as `detail`.",
        json_body("HTTPValidationError", "ErrorDetail"),
        response_places("422", "/ui/schemas/validate"),
    ),
    Addition(
        "A limit may be null, as in other bodies.",
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        [("schemas", body, "properties", "limit") for body in SLOT_LISTS],
    ),
]  # fmt: skip


def differences(ours: Any, theirs: Any, pointer: str = "#") -> Iterator[str]:
    """Where two structures differ, as JSON pointers with what each of them has."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            if key not in theirs:
                yield f"{pointer}/{key}: only in openapi.yaml"
            elif key not in ours:
                yield f"{pointer}/{key}: missing in openapi.yaml"
            else:
                yield from differences(ours[key], theirs[key], f"{pointer}/{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(one, other, f"{pointer}/{index}")
    elif ours != theirs or isinstance(ours, bool) != isinstance(theirs, bool):
        yield f"{pointer}: {ours!r} in openapi.yaml, {theirs!r} published"


def operations_and_schemas(document: Mapping[str, Any]) -> Any:
    """The structure of a document that is compared."""
    return structure({"paths": document["paths"], "schemas": document["components"]["schemas"]})


def published_part(release: str) -> Any:
    """The same of a release's document, cut to OPERATIONS."""
    document = published_document(release)
    # Its schema has fifty parts and differs in nearly every release; no client reads it.
    reply = document["paths"]["/admin/settings"]["get"]["responses"]["200"]["content"]
    reply["application/json"]["schema"] = {"type": "object", "additionalProperties": True}
    return operations_and_schemas(covered_part(document, OPERATIONS))


def with_additions(published: Mapping[str, Any], release: str = NEWEST) -> dict[str, Any]:
    """The structure that openapi.yaml must have: the published one with ADDITIONS."""
    wanted = copy.deepcopy(dict(published))
    for addition in ADDITIONS:
        if not is_within(release, OLDEST, addition.until):
            continue
        for *path, key in addition.places:
            if release != NEWEST and path[1:] and path[1] not in wanted[path[0]]:
                continue  # an older release may not have the operation or the schema
            node: Any = wanted
            for step in path:
                node = node[int(step) if isinstance(node, list) else step]
            assert node.get(key) != addition.value, f"{path} {key}: nothing to add"
            if addition.value is None:
                del node[key]
            else:
                node[key] = addition.value
    return wanted


def operations() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every operation of openapi.yaml, with a name such as `GET /health`."""
    for path, item in openapi.document()["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def contents() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every media type of a request body or a response."""
    for name, operation in operations():
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            for content in part.get("content", {}).values():
                yield name, content


def described() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Everything that must have a description."""
    for name, operation in operations():
        yield name, operation
        if "requestBody" in operation:
            yield f"{name} body", operation["requestBody"]
        for parameter in operation.get("parameters", ()):
            yield f"{name} {parameter['name']}", parameter
        for status, reply in operation["responses"].items():
            yield f"{name} {status}", reply
    for name, schema in openapi.document()["components"]["schemas"].items():
        yield name, schema
        for key, inner in schema.get("properties", {}).items():
            yield f"{name}.{key}", inner


def examples() -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Every example: where it is, its schema, and its value."""
    for name, schema in openapi.document()["components"]["schemas"].items():
        for value in schema.get("examples", ()):
            yield name, schema, value
    for name, operation in operations():
        for parameter in operation.get("parameters", ()):
            for key, example in parameter["examples"].items():
                yield f"{name} {parameter['name']} {key}", parameter["schema"], example["value"]
    for name, content in contents():
        for key, example in content.get("examples", {}).items():
            yield f"{name} {key}", content["schema"], example["value"]


def test_the_body_of_an_operation_has_a_validator() -> None:
    """Of each release its own; formats are checked, and what takes no body has none."""
    validator = openapi.body_validator("POST /flows/")
    assert validator.is_valid({"name": "etl"})
    assert not validator.is_valid({})
    duration = {"sort": "DURATION_ASC"}
    assert openapi.body_validator("POST /task_runs/filter", NEWEST).is_valid(duration)
    assert not openapi.body_validator("POST /task_runs/filter", OLDEST).is_valid(duration)
    wrong = {"flow_runs": {"id": {"any_": ["no id"]}}}
    assert not openapi.body_validator("POST /flow_runs/filter").is_valid(wrong)
    with pytest.raises(KeyError):
        openapi.body_validator("GET /health")


def problems(document: Mapping[str, Any]) -> list[str]:
    """What is wrong with a document, by a validator that is not ours."""
    return [error.message for error in OpenAPIV31SpecValidator(dict(document)).iter_errors()]


def what_differs(document: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """A document of the paths that are otherwise in another one; schemas as there allow all."""
    schemas = other["components"]["schemas"]
    return {
        **document,
        "paths": {
            path: item
            for path, item in document["paths"].items()
            if item != other["paths"].get(path)
        },
        "components": {
            **document["components"],
            "schemas": {
                name: schema if schema != schemas.get(name) else {}
                for name, schema in document["components"]["schemas"].items()
            },
        },
    }


def test_the_document_is_valid() -> None:
    """openapi.yaml is OpenAPI 3.1."""
    assert problems(openapi.document(NEWEST)) == []


@pytest.mark.parametrize("release", openapi.distinct_releases()[1:])
def test_the_document_of_an_older_release_is_valid(release: str) -> None:
    """What overlays make of it; the rest is that of the newest release."""
    assert openapi.distinct_releases()[0] == NEWEST
    differing = what_differs(openapi.document(release), openapi.document(NEWEST))
    assert differing["paths"] or any(differing["components"]["schemas"].values())
    assert problems(differing) == []


def test_an_overlay_that_breaks_the_document_is_found() -> None:
    """A type that is none, in a schema and in a parameter of a path."""
    broken: Any = copy.deepcopy(openapi.document(OLDEST))
    broken["components"]["schemas"]["FlowRunFilterId"]["type"] = "objekt"
    broken["paths"]["/flows/{id}"]["get"]["parameters"][0]["schema"]["type"] = "tekst"
    found = " ".join(problems(what_differs(broken, openapi.document(NEWEST))))
    assert "objekt" in found
    assert "tekst" in found


@pytest.mark.parametrize("release", RELEASES)
def test_the_structure_equals_the_published_one(release: str) -> None:
    """openapi.yaml, as it is for a release, differs from its document only in ADDITIONS."""
    theirs = with_additions(published_part(release), release)
    assert list(differences(operations_and_schemas(openapi.document(release)), theirs)) == []


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.since)
def test_every_overlay_is_needed(overlay: Overlay) -> None:
    """Without it, the document of the last release that it applies to is another."""
    release = max(filter(overlay.applies_to, RELEASES), key=release_key)
    without = openapi.document()
    for other in OVERLAYS:
        if other is not overlay and other.applies_to(release):
            without = merge_patch(without, other.patch)
    assert (
        list(
            differences(
                operations_and_schemas(without), operations_and_schemas(openapi.document(release))
            )
        )
        != []
    )


def test_an_addition_that_is_published_by_now_is_found() -> None:
    """It then has to be taken off the list."""
    with pytest.raises(AssertionError, match="nothing to add"):
        with_additions(with_additions(published_part(NEWEST)))


def test_the_version_is_that_of_the_release() -> None:
    """As in a real server's document; by it `drift` knows what to compare with."""
    assert openapi.document()["info"]["version"] == NEWEST
    assert openapi.document("3.7.3")["info"]["version"] == "3.7.3"


def test_the_texts_name_the_measured_releases() -> None:
    """A new release has to be named where the description says which servers were asked."""
    described = " ".join(openapi.document()["info"]["description"].split())
    assert f"any measured release, Prefect {OLDEST} to {NEWEST}," in described
    ranges = re.findall(rf"Prefect {OLDEST} to ([\d.]+\d)", openapi.source_text())
    assert NEWEST in ranges
    assert set(ranges) <= {NEWEST, *(deviation.until for deviation in DEVIATIONS)}
    version = openapi.document()["paths"]["/admin/version"]["get"]["responses"]["200"]
    (example,) = version["content"]["application/json"]["examples"].values()
    assert example["value"] == NEWEST


def test_documents_of_older_releases_leave_the_newest_as_it_is() -> None:
    """They share its parts, but what an overlay changes is a copy."""
    before = json.dumps(openapi.document())
    for release in RELEASES:
        openapi.document(release)
    assert json.dumps(openapi.document()) == before


def test_the_text_of_an_older_release_is_its_document() -> None:
    """The newest release's is the file, with its comments."""
    assert openapi.source_text() == resource_path("openapi.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(openapi.source_text("3.6.16")) == openapi.document("3.6.16")
    assert "      description: |\n        Deletes up to" in openapi.source_text("3.6.16")


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ({"maximum": 50}, {"maximum": 50.0}, []),
        ({"a": 1}, {"a": 2}, ["#/a: 1 in openapi.yaml, 2 published"]),
        ({"default": True}, {"default": 1}, ["#/default: True in openapi.yaml, 1 published"]),
        ({"a": 1}, {"b": 1}, ["#/a: only in openapi.yaml", "#/b: missing in openapi.yaml"]),
        ({"enum": [1]}, {"enum": [1, 2]}, ["#/enum: [1] in openapi.yaml, [1, 2] published"]),
        ({"title": "A"}, {"description": "B"}, []),
        ({"properties": {"tags": {}}}, {}, ["#/properties: only in openapi.yaml"]),
        (
            {"properties": {"tags": {}}},
            {"properties": {}},
            ["#/properties/tags: only in openapi.yaml"],
        ),
    ],
)
def test_a_difference_is_named_by_its_place(ours: Any, theirs: Any, expected: list[str]) -> None:
    """The comparison looks at structure, a property called `tags` included, and ignores text."""
    assert list(differences(structure(ours), structure(theirs))) == expected


def test_every_keyword_is_supported() -> None:
    """The schemas use no keyword but those in SUPPORTED_KEYWORDS."""
    schemas = openapi.document()["components"]["schemas"]
    assert [
        f"{name}{at}" for name in schemas for at in openapi.unsupported_keywords(schemas[name])
    ] == []


def test_an_unsupported_keyword_is_pointed_at() -> None:
    """It is found at every depth, and not confused with a property of that name."""
    schema = {
        "contains": [{}],
        "properties": {"oneOf": {"anyOf": [{"type": "null"}, {"maxProperties": 1}]}, "a/b~": True},
        "items": {"x/y~": {"not": {}}},
        "additionalProperties": {"minContains": 1},
    }
    assert openapi.unsupported_keywords(schema) == [
        "/contains",
        "/properties/oneOf/anyOf/1/maxProperties",
        "/items/x~1y~0",
        "/additionalProperties/minContains",
    ]


def test_every_format_of_a_text_is_checked() -> None:
    """The validators check each format that a text in openapi.yaml has."""
    document = json.dumps(structure(openapi.document()))
    formats = re.findall(r'"type": "string", "format": "([^"]+)"', document)
    assert set(formats) == set(openapi.FORMAT_CHECKERS)


def test_everything_is_described() -> None:
    """Each operation, parameter, reply, schema and property has a description."""
    assert [where for where, part in described() if not part.get("description", "").strip()] == []


def test_everything_has_an_example() -> None:
    """Each parameter and request has examples; of a response, it or its schema has."""
    schemas = openapi.document()["components"]["schemas"]
    for name, operation in operations():
        for parameter in operation.get("parameters", ()):
            assert parameter["examples"], name
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert content["examples"], name
    for name, content in contents():
        named = schemas.get(content["schema"].get("$ref", "").split("/")[-1], {})
        assert content.get("examples") or named.get("examples"), name
    bare = [name for name, schema in schemas.items() if not schema.get("examples")]
    assert [name for name in bare if "enum" not in schemas[name]] == []


def test_every_deviation_is_in_the_document() -> None:
    """openapi.yaml names exactly the deviations in the registry."""
    named = re.findall(r"\*\*Deviation `([a-z0-9-]+)`:\*\*", openapi.source_text())
    assert set(named) == {deviation.id for deviation in DEVIATIONS}


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda deviation: deviation.id)
def test_a_deviation_of_some_releases_names_them(deviation: Deviation) -> None:
    """Each of its paragraphs does; one that all releases have says "a real server"."""
    text = re.sub(r"\n +", " ", openapi.source_text().replace("\n\n", "\0"))
    paragraphs = re.findall(rf"\*\*Deviation `{deviation.id}`:\*\*[^\0]*", text)
    releases = describe_range(deviation.since, deviation.until)
    of_all = (deviation.since, deviation.until) == (OLDEST, None)
    assert [of_all or releases in paragraph for paragraph in paragraphs] == [True] * len(paragraphs)


@pytest.mark.parametrize(
    ("schema", "value"),
    [pytest.param(schema, value, id=name) for name, schema, value in examples()],
)
def test_an_example_is_valid(schema: Mapping[str, Any], value: Any) -> None:
    """Each example is valid by the schema that it belongs to."""
    components = openapi.document()["components"]
    validator = openapi.component_validator(BODY).evolve(
        schema={**schema, "components": components}
    )
    assert [error.message for error in validator.iter_errors(value)] == []


def error_paths(value: Any, name: str = BODY) -> list[str]:
    """The JSON paths of what is wrong with a value by a component schema."""
    return [error.json_path for error in openapi.component_validator(name).iter_errors(value)]


def end_time(text: str) -> dict[str, Any]:
    return {"flow_runs": {"end_time": {"before_": text}}}


def ids(*texts: object) -> dict[str, Any]:
    return {"flow_runs": {"id": {"any_": list(texts)}}}


@pytest.mark.parametrize(
    "value",
    [
        SAMPLE,
        {},
        {"flow_runs": None},
        {"flow_run": {"id": 1}},
        {"limit": 10.0},
        end_time("2023-11-07T05:31:56.123456-02:30"),
        ids("3C90c3cc-0d44-4b50-8888-8dd25736052a"),
    ],
)
def test_a_valid_request_is_accepted(value: Any) -> None:
    """The published sample, an empty request and unknown top-level keys are valid."""
    assert error_paths(value) == []


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (None, "$"),
        ([], "$"),
        ({"flow_runs": {"state_type": {}}}, "$.flow_runs"),
        ({"flow_runs": {"operator": None}}, "$.flow_runs"),
        ({"limit": 0}, "$.limit"),
        ({"limit": 51}, "$.limit"),
        ({"limit": "10"}, "$.limit"),
        ({"limit": True}, "$.limit"),
        (end_time("2023-11-07T05:31:56"), "$.flow_runs"),
        (end_time("2023-11-07"), "$.flow_runs"),
        (ids("3c90c3cc0d444b5088888dd25736052a"), "$.flow_runs"),
        (ids("urn:uuid:3c90c3cc-0d44-4b50-8888-8dd25736052a"), "$.flow_runs"),
        (ids("3c90c3cc-0d44-4b50-8888-8dd25736052a\n"), "$.flow_runs"),
        (ids(1), "$.flow_runs"),
    ],
)
def test_an_invalid_request_is_refused(value: Any, where: str) -> None:
    """Unknown keys of filters, other types, naive times and ids without hyphens are not valid."""
    assert error_paths(value) == [where]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FlowCreate", {"name": "parent", "tags": [], "labels": {}}),
        (
            "FlowRunCreate",
            {
                "state": {
                    "type": "PENDING",
                    "name": "Pending",
                    "message": None,
                    "state_details": {"traceparent": None},
                    "data": None,
                },
                "name": None,
                "flow_id": "70853853-bb82-4299-9b48-429296bc624a",
                "parameters": {"n": 2},
                "context": {},
                "parent_task_run_id": None,
                "empirical_policy": {"retries": 0, "retry_delay": 0},
                "tags": [],
            },
        ),
        (
            "Body_set_flow_run_state_flow_runs__id__set_state_post",
            {
                "state": {
                    "type": "FAILED",
                    "message": "no",
                    "state_details": {"retriable": False, "pause_reschedule": False},
                    "data": {"storage_key": "storage/a", "expiration": None},
                },
                "force": False,
            },
        ),
        (
            "TaskRunCreate",
            {
                "name": None,
                "flow_run_id": "8aa47c7c-6df7-4c89-81eb-e6626b171f46",
                "task_key": "child-5123beb2",
                "dynamic_key": "0",
                "empirical_policy": {"retries": 0, "retry_delay": 0, "retry_jitter_factor": None},
                "task_inputs": {"n": []},
            },
        ),
        (
            SLOT_BODIES[0],
            {"names": ["a"], "slots": 1, "mode": "rate_limit", "lease_duration": 60.5},
        ),
        (
            "Body_read_flow_runs_flow_runs_filter_post",
            {
                "flows": None,
                "flow_runs": {"parent_task_run_id": {"any_": []}},
                "work_pool_queues": None,
                "sort": "EXPECTED_START_TIME_DESC",
                "limit": 1,
                "offset": 0,
            },
        ),
    ],
)
def test_requests_of_the_client_are_accepted(name: str, value: Any) -> None:
    """Requests that were recorded from Prefect's own client are valid, with null names."""
    assert error_paths(value, name) == []


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("FlowCreate", {"name": "a/b"}, "$.name"),
        ("FlowRunCreate", {"name": "x"}, "$"),
        ("FlowRunUpdate", {"state": {}}, "$"),
        ("StateCreate", {"type": "Completed"}, "$.type"),
        ("Parameter", {"input_type": "constant", "name": "x"}, "$.input_type"),
        ("FlowRunPolicy", {"pause_keys": ["a", "a"]}, "$.pause_keys"),
        ("TaskRunFilterSubFlowRuns", {"exists_": "yes"}, "$.exists_"),
        (
            SLOT_BODIES[0],
            {"names": ["tag:x"], "slots": 1, "lease_duration": 59},
            "$.lease_duration",
        ),
        (SLOT_BODIES[0], {"names": ["tag:x"], "slots": 0}, "$.slots"),
        (SLOT_BODIES[0], {"names": [], "slots": 1}, "$.names"),
        (
            "ConcurrencyLeaseHolder",
            {"type": "flow", "id": "8aa47c7c-6df7-4c89-81eb-e6626b171f46"},
            "$.type",
        ),
        (
            "LogCreate",
            {"name": "a", "level": 20, "message": "b", "timestamp": "now"},
            "$.timestamp",
        ),
    ],
)
def test_invalid_requests_of_other_kinds_are_refused(name: str, value: Any, where: str) -> None:
    """The constraints of the other schemas are checked, too."""
    assert error_paths(value, name) == [where]


def test_an_unknown_schema_is_a_lookup_error() -> None:
    """The error says which schemas there are."""
    with pytest.raises(LookupError, match=r"no schema 'Nonsense'; one of Body_.*, Operator, "):
        openapi.component_schema("Nonsense")


def test_the_import_loads_no_heavy_library() -> None:
    """Neither the YAML nor the JSON Schema library is needed until the document is."""
    program = (
        "import sys, mockserver.prefect.openapi; print({'yaml', 'jsonschema'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"


def test_the_docs_page_uses_no_other_origin() -> None:
    """It names no other origin, and inserts nothing as HTML."""
    page = resource_path("http/docs.html").read_text(encoding="utf-8")
    assert (
        re.findall(r"https?://|//\w+\.\w|innerHTML|outerHTML|insertAdjacent|\.write\(", page) == []
    )
