"""The registry of known differences between Prefect's own document and openapi.yaml.

openapi.yaml follows Prefect's document except where real servers do something that the document
leaves out. Each entry says what that is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...prefect import OLDEST, is_within
from .changes import Change, ChangeKind


@dataclass(frozen=True, slots=True)
class KnownDrift:
    """Changes of one kind and aspect that have one cause, with every subject they show on.

    The documents of Prefect `since` to `until` have it, both included; without `until`, the newest
    has it, too. `id` and `kind` are part of the reports.
    """

    id: str
    sentence: str
    kind: ChangeKind
    aspect: str
    subjects: tuple[str, ...]
    since: str = OLDEST
    until: str | None = None

    def is_expected_in(self, release: str) -> bool:
        """Whether the document of a release has it."""
        return is_within(release, self.since, self.until)

    def covers(self, change: Change) -> bool:
        """Whether a change belongs to this entry."""
        key = (change.kind, change.aspect)
        return key == (self.kind, self.aspect) and change.subject in self.subjects


_SCHEDULED_RUNS = (
    "Body_get_scheduled_flow_runs_for_deployments_deployments_get_scheduled_flow_runs_post"
)


_RUN_POINTS = "Body_read_flow_run_history_ui_flow_runs_history_post"


def _nullable_filter_fields() -> Iterator[str]:
    """The filters of five bodies that Prefect's client sends as null when they are not used."""
    filters = ("flows", "flow_runs", "task_runs", "deployments")
    for body, more in (
        ("Body_read_flows_flows_filter_post", ("work_pools",)),
        ("Body_count_flows_flows_count_post", ("work_pools",)),
        ("Body_count_task_runs_task_runs_count_post", ()),
        ("Body_task_run_history_task_runs_history_post", ()),
        (_RUN_POINTS, ("work_pools",)),
    ):
        yield from (f"{body}.{key}" for key in (*filters, *more))


def _nullable_paging_fields() -> Iterator[str]:
    for body in (
        "Body_read_flow_runs_flow_runs_filter_post",
        "Body_paginate_flow_runs_flow_runs_paginate_post",
        "Body_read_flows_flows_filter_post",
        "Body_read_task_runs_task_runs_filter_post",
        "Body_read_deployments_deployments_filter_post",
    ):
        yield from (f"{body}.{key}" for key in ("sort", "limit"))


def _untold_settings(since: str, *names: str) -> KnownDrift:
    """Groups of settings that came with a release; openapi.yaml leaves all of them open."""
    return KnownDrift(
        "settings-told" if since == OLDEST else f"settings-told-since-{since}",
        "the document describes each setting of a server, of which openapi.yaml says nothing",
        ChangeKind.ADDED,
        "property",
        tuple(f"GET /admin/settings 200.{name}" for name in names),
        since=since,
    )


KNOWN_DRIFT: Sequence[KnownDrift] = (
    KnownDrift(
        # FastAPI documents the 422 of its own validation; an HTTPException raised by an endpoint is
        # not in the document unless the route lists it.
        "refusals-untold",
        "a server answers 404 or 410 for what does not exist, 409 for a conflict, 400 for what "
        "cannot be changed, 403 for what nobody may do and 423 where no slot is free; its document "
        "lists no error but 422",
        ChangeKind.REMOVED,
        "status",
        (
            "POST /flow_runs/ 404",
            "POST /flow_runs/ 409",
            "GET /flow_runs/{id} 404",
            "PATCH /flow_runs/{id} 400",
            "PATCH /flow_runs/{id} 404",
            "DELETE /flow_runs/{id} 404",
            "POST /flow_runs/{id}/set_state 404",
            "PATCH /flow_runs/{id}/labels 404",
            "GET /flow_run_states/{id} 404",
            "GET /flows/{id} 404",
            "DELETE /flows/{id} 404",
            "PATCH /flows/{id} 404",
            "GET /ui/task_runs/{id} 404",
            "GET /flows/name/{name} 404",
            "POST /task_runs/ 409",
            "GET /task_runs/{id} 404",
            "GET /deployments/{id} 404",
            "GET /deployments/name/{flow_name}/{deployment_name} 404",
            "POST /v2/concurrency_limits/leases/{lease_id}/renew 404",
            "POST /v2/concurrency_limits/leases/{lease_id}/renew 410",
            "DELETE /artifacts/{id} 404",
            "DELETE /automations/{id} 404",
            "DELETE /block_documents/{id} 404",
            "DELETE /block_schemas/{id} 403",
            "DELETE /block_schemas/{id} 404",
            "DELETE /block_types/{id} 403",
            "DELETE /block_types/{id} 404",
            "DELETE /concurrency_limits/tag/{tag} 404",
            "DELETE /concurrency_limits/{id} 404",
            "DELETE /deployments/{id} 404",
            "DELETE /deployments/{id}/schedules/{schedule_id} 404",
            "DELETE /flow_runs/{id}/input/{key} 404",
            "DELETE /saved_searches/{id} 404",
            "DELETE /task_runs/{id} 404",
            "DELETE /v2/concurrency_limits/{id_or_name} 404",
            "DELETE /variables/name/{name} 404",
            "DELETE /variables/{id} 404",
            "DELETE /work_pools/{name} 403",
            "DELETE /work_pools/{name} 404",
            "DELETE /work_pools/{work_pool_name}/queues/{name} 404",
            "DELETE /work_pools/{work_pool_name}/workers/{name} 404",
            "DELETE /work_queues/{id} 404",
            "DELETE /work_queues/{id} 409",
            "GET /artifacts/{id} 404",
            "GET /artifacts/{key}/latest 404",
            "GET /automations/related-to/{resource_id} 404",
            "GET /automations/{id} 404",
            "GET /block_documents/{id} 404",
            "GET /block_schemas/checksum/{checksum} 404",
            "GET /block_schemas/{id} 404",
            "GET /block_types/slug/{slug} 404",
            "GET /block_types/slug/{slug}/block_documents 404",
            "GET /block_types/slug/{slug}/block_documents/name/{block_document_name} 404",
            "GET /block_types/{id} 404",
            "GET /collections/views/{view} 404",
            "GET /concurrency_limits/tag/{tag} 404",
            "GET /concurrency_limits/{id} 404",
            "GET /deployments/{id}/schedules 404",
            "GET /deployments/{id}/work_queue_check 404",
            "GET /events/filter/next 403",
            "GET /flow_runs/{id}/graph 404",
            "GET /flow_runs/{id}/graph-v2 400",
            "GET /flow_runs/{id}/graph-v2 404",
            "GET /flow_runs/{id}/input/{key} 404",
            "GET /flow_runs/{id}/logs/download 404",
            "GET /saved_searches/{id} 404",
            "GET /task_run_states/{id} 404",
            "GET /v2/concurrency_limits/{id_or_name} 404",
            "GET /variables/name/{name} 404",
            "GET /variables/{id} 404",
            "GET /work_pools/{name} 404",
            "GET /work_pools/{work_pool_name}/queues/{name} 404",
            "GET /work_queues/name/{name} 404",
            "GET /work_queues/{id} 404",
            "GET /work_queues/{id}/status 404",
            "PATCH /artifacts/{id} 404",
            "PATCH /block_documents/{id} 400",
            "PATCH /block_documents/{id} 404",
            "PATCH /block_documents/{id} 409",
            "PATCH /block_types/{id} 404",
            "PATCH /deployments/{id} 400",
            "PATCH /deployments/{id} 404",
            "PATCH /deployments/{id} 409",
            "PATCH /deployments/{id}/schedules/{schedule_id} 404",
            "PATCH /deployments/{id}/schedules/{schedule_id} 409",
            "PATCH /task_runs/{id} 404",
            "PATCH /v2/concurrency_limits/{id_or_name} 404",
            "PATCH /v2/concurrency_limits/{id_or_name} 409",
            "PATCH /variables/name/{name} 404",
            "PATCH /variables/name/{name} 409",
            "PATCH /variables/{id} 404",
            "PATCH /variables/{id} 409",
            "PATCH /work_pools/{name} 403",
            "PATCH /work_pools/{name} 404",
            "PATCH /work_pools/{name} 409",
            "PATCH /work_pools/{work_pool_name}/queues/{name} 404",
            "PATCH /work_pools/{work_pool_name}/queues/{name} 409",
            "PATCH /work_queues/{id} 404",
            "PATCH /work_queues/{id} 409",
            "POST /block_documents/ 400",
            "POST /block_documents/ 409",
            "POST /block_schemas/ 404",
            "POST /block_schemas/ 409",
            "POST /block_types/ 403",
            "POST /block_types/ 409",
            "POST /concurrency_limits/increment 423",
            "POST /concurrency_limits/tag/{tag}/reset 404",
            "POST /deployments/ 404",
            "POST /deployments/ 409",
            "POST /deployments/{id}/create_flow_run 400",
            "POST /deployments/{id}/create_flow_run 404",
            "POST /deployments/{id}/create_flow_run 409",
            "POST /deployments/{id}/create_flow_run/bulk 400",
            "POST /deployments/{id}/create_flow_run/bulk 404",
            "POST /deployments/{id}/pause_deployment 404",
            "POST /deployments/{id}/resume_deployment 404",
            "POST /deployments/{id}/schedule 404",
            "POST /deployments/{id}/schedules 404",
            "POST /deployments/{id}/schedules 409",
            "POST /flow_runs/{id}/input 404",
            "POST /flow_runs/{id}/input 409",
            "POST /flow_runs/{id}/input/filter 404",
            "POST /flow_runs/{id}/resume 404",
            "POST /flow_runs/{id}/resume 409",
            "POST /task_runs/{id}/set_state 404",
            "POST /v2/concurrency_limits/ 409",
            "POST /v2/concurrency_limits/increment 423",
            "POST /v2/concurrency_limits/increment-with-lease 423",
            "POST /variables/ 409",
            "POST /work_pools/ 403",
            "POST /work_pools/ 409",
            "POST /work_pools/{name}/get_scheduled_flow_runs 404",
            "POST /work_pools/{work_pool_name}/queues 404",
            "POST /work_pools/{work_pool_name}/queues 409",
            "POST /work_pools/{work_pool_name}/queues/filter 404",
            "POST /work_pools/{work_pool_name}/workers/filter 404",
            "POST /work_pools/{work_pool_name}/workers/heartbeat 404",
            "POST /work_queues/ 409",
            "POST /work_queues/{id}/get_runs 404",
        ),
    ),
    KnownDrift(
        # Prefect: api/flow_runs.py, create_flow_run and others set response.status_code themselves.
        "created-untold",
        "a server answers 201 when it creates something and 200 when it was there; its document "
        "lists only one of them",
        ChangeKind.REMOVED,
        "status",
        (
            "POST /flow_runs/ 201",
            "POST /flow_runs/{id}/set_state 201",
            "POST /flows/ 201",
            "POST /task_runs/ 201",
            "POST /artifacts/ 201",
            "POST /block_schemas/ 200",
            "POST /concurrency_limits/ 201",
            "POST /deployments/ 201",
            "POST /deployments/{id}/create_flow_run 201",
            "POST /flow_runs/{id}/resume 201",
            "POST /task_runs/{id}/set_state 201",
        ),
    ),
    KnownDrift(
        # Prefect: api/templates.py, validate_template makes the response itself.
        "valid-template-untold",
        "a server answers 204 for a valid template; its document has 200",
        ChangeKind.REMOVED,
        "status",
        ("POST /templates/validate 204", "POST /automations/templates/validate 204"),
    ),
    KnownDrift(
        "valid-template-told",
        "the document has 200 for a valid template; a server answers 204",
        ChangeKind.ADDED,
        "status",
        ("POST /templates/validate 200", "POST /automations/templates/validate 200"),
    ),
    KnownDrift(
        "template-error-untold",
        "a template that is not valid is told in a shape of its own, with its line; the document "
        "has none",
        ChangeKind.NARROWED,
        "type",
        ("POST /templates/validate 422", "POST /automations/templates/validate 422"),
    ),
    KnownDrift(
        # Prefect: api/dependencies.py, LimitBody; api/flow_runs.py, flow_run_history;
        # api/csrf_token.py.
        "detail-text-untold",
        "the `detail` of a 422 is a text for a limit above 200, an interval below a second and a "
        "CSRF token of a server without them; the document allows only a list",
        ChangeKind.NARROWED,
        "type",
        (
            "POST /flow_runs/filter 422",
            "POST /flow_runs/paginate 422",
            "POST /flow_runs/history 422",
            "POST /task_runs/history 422",
            "POST /events/count-by/{countable} 422",
            "POST /ui/task_runs/dashboard/counts 422",
            "POST /ui/schemas/validate 422",
            "POST /flows/filter 422",
            "POST /flows/paginate 422",
            "POST /task_runs/filter 422",
            "POST /deployments/filter 422",
            "GET /csrf-token 422",
            "PATCH /deployments/{id} 422",
            "POST /concurrency_limits/filter 422",
            "POST /deployments/ 422",
            "POST /deployments/get_scheduled_flow_runs 422",
            "POST /deployments/paginate 422",
            "POST /deployments/{id}/create_flow_run 422",
            "POST /artifacts/filter 422",
            "POST /artifacts/latest/filter 422",
            "POST /automations/filter 422",
            "POST /block_documents/filter 422",
            "POST /block_schemas/filter 422",
            "POST /block_types/filter 422",
            "POST /flow_runs/{id}/input/filter 422",
            "POST /logs/filter 422",
            "POST /saved_searches/filter 422",
            "POST /task_runs/paginate 422",
            "POST /variables/filter 422",
            "POST /v2/concurrency_limits/filter 422",
            "POST /v2/concurrency_limits/increment 422",
            "POST /v2/concurrency_limits/increment-with-lease 422",
            "POST /work_pools/filter 422",
            "POST /work_pools/{name}/get_scheduled_flow_runs 422",
            "POST /work_pools/{work_pool_name}/queues/filter 422",
            "POST /work_pools/{work_pool_name}/workers/filter 422",
            "POST /work_queues/filter 422",
            "POST /work_queues/{id}/get_runs 422",
        ),
    ),
    KnownDrift(
        # Prefect: for one, api/dependencies.py, LimitBody declares an int whose default is None.
        "client-nulls",
        "a server accepts null where Prefect's own client sends it for an unset value; its "
        "document does not allow it",
        ChangeKind.NARROWED,
        "null",
        (
            "DeploymentFlowRunCreate.name",
            "FlowRunCreate.name",
            "TaskRunCreate.name",
            "TaskRunUpdate.name",
            *_nullable_filter_fields(),
            *_nullable_paging_fields(),
            *(f"{_RUN_POINTS}.{key}" for key in ("sort", "limit", "offset")),
            "Body_count_artifacts_artifacts_count_post.artifacts",
            "Body_count_artifacts_artifacts_count_post.deployments",
            "Body_count_artifacts_artifacts_count_post.flow_runs",
            "Body_count_artifacts_artifacts_count_post.flows",
            "Body_count_artifacts_artifacts_count_post.task_runs",
            "Body_count_latest_artifacts_artifacts_latest_count_post.artifacts",
            "Body_count_latest_artifacts_artifacts_latest_count_post.deployments",
            "Body_count_latest_artifacts_artifacts_latest_count_post.flow_runs",
            "Body_count_latest_artifacts_artifacts_latest_count_post.flows",
            "Body_count_latest_artifacts_artifacts_latest_count_post.task_runs",
            f"{_SCHEDULED_RUNS}.limit",
            f"{_SCHEDULED_RUNS}.scheduled_before",
            "Body_get_scheduled_flow_runs_work_pools__name__get_scheduled_flow_runs_post.limit",
            "Body_paginate_deployments_deployments_paginate_post.limit",
            "Body_paginate_deployments_deployments_paginate_post.sort",
            "Body_paginate_flows_flows_paginate_post.limit",
            "Body_paginate_flows_flows_paginate_post.sort",
            "Body_paginate_task_runs_task_runs_paginate_post.limit",
            "Body_paginate_task_runs_task_runs_paginate_post.sort",
            "Body_read_all_concurrency_limits_v2_v2_concurrency_limits_filter_post.limit",
            "Body_read_artifacts_artifacts_filter_post.artifacts",
            "Body_read_artifacts_artifacts_filter_post.deployments",
            "Body_read_artifacts_artifacts_filter_post.flow_runs",
            "Body_read_artifacts_artifacts_filter_post.flows",
            "Body_read_artifacts_artifacts_filter_post.limit",
            "Body_read_artifacts_artifacts_filter_post.task_runs",
            "Body_read_automations_automations_filter_post.limit",
            "Body_read_block_documents_block_documents_filter_post.limit",
            "Body_read_block_schemas_block_schemas_filter_post.limit",
            "Body_read_block_types_block_types_filter_post.limit",
            "Body_read_concurrency_limits_concurrency_limits_filter_post.limit",
            "Body_read_latest_artifacts_artifacts_latest_filter_post.artifacts",
            "Body_read_latest_artifacts_artifacts_latest_filter_post.deployments",
            "Body_read_latest_artifacts_artifacts_latest_filter_post.flow_runs",
            "Body_read_latest_artifacts_artifacts_latest_filter_post.flows",
            "Body_read_latest_artifacts_artifacts_latest_filter_post.limit",
            "Body_read_latest_artifacts_artifacts_latest_filter_post.task_runs",
            "Body_read_logs_logs_filter_post.limit",
            "Body_read_logs_logs_filter_post.offset",
            "Body_read_saved_searches_saved_searches_filter_post.limit",
            "Body_read_variables_variables_filter_post.limit",
            "Body_read_work_pools_work_pools_filter_post.limit",
            "Body_read_work_queue_runs_work_queues__id__get_runs_post.limit",
            "Body_read_work_queues_work_pools__work_pool_name__queues_filter_post.limit",
            "Body_read_work_queues_work_pools__work_pool_name__queues_filter_post.offset",
            "Body_read_work_queues_work_pools__work_pool_name__queues_filter_post.work_queues",
            "Body_read_work_queues_work_queues_filter_post.limit",
            "Body_read_work_queues_work_queues_filter_post.offset",
            "Body_read_workers_work_pools__work_pool_name__workers_filter_post.limit",
            "Body_read_workers_work_pools__work_pool_name__workers_filter_post.offset",
        ),
    ),
    KnownDrift(
        # Prefect: types/__init__.py, TimeZone joins zoneinfo.available_timezones().
        "time-zones",
        "the document has a pattern with the time zones of the machine that generated it",
        ChangeKind.NARROWED,
        "pattern",
        ("RRuleSchedule.timezone",),
    ),
    KnownDrift(
        # Prefect: api/flow_runs.py, read_flow_run_graph_v2, whose default is datetime.min in UTC.
        "graph-since-spelled-otherwise",
        "the document writes the default of `since`, the first of all instants, with +00:00 "
        "instead of Z",
        ChangeKind.CHANGED,
        "default",
        ("GET /flow_runs/{id}/graph-v2 query since",),
        until="3.8.8",
    ),
    _untold_settings(
        OLDEST,
        *("home", "profiles_path", "debug_mode", "api", "cli", "client", "cloud", "deployments"),
        *("experiments", "flows", "internal", "logging", "results", "runner", "server", "tasks"),
        *("testing", "worker", "ui_url", "silence_api_url_misconfiguration"),
    ),
    _untold_settings("3.6.22", "telemetry"),
    _untold_settings("3.6.24", "events"),
    _untold_settings("3.7.0", "plugins"),
    # What stands above, for the operations that came with 3.7.0.
    KnownDrift(
        "storage-refusals-untold",
        "a server answers 404 for a block that does not exist; its document lists no error but 422",
        ChangeKind.REMOVED,
        "status",
        ("PUT /admin/storage 404",),
        since="3.7.0",
    ),
    KnownDrift(
        "storage-detail-text-untold",
        "the `detail` of a 422 is a text for a block that cannot store results; the document "
        "allows only a list",
        ChangeKind.NARROWED,
        "type",
        ("PUT /admin/storage 422",),
        since="3.7.0",
    ),
    # The same for the operations that came with 3.6.23.
    KnownDrift(
        "slots-refusals-untold",
        "a server answers 404 for a pool or queue that does not exist; its document lists no error "
        "but 422",
        ChangeKind.REMOVED,
        "status",
        (
            "POST /work_pools/{name}/concurrency_status 404",
            "POST /work_queues/{id}/concurrency_status 404",
        ),
        since="3.6.23",
    ),
    KnownDrift(
        "slots-detail-text-untold",
        "the `detail` of a 422 is a text for a limit above 200; the document allows only a list",
        ChangeKind.NARROWED,
        "type",
        (
            "POST /work_pools/{name}/concurrency_status 422",
            "POST /work_queues/{id}/concurrency_status 422",
        ),
        since="3.6.23",
    ),
    KnownDrift(
        "slots-client-nulls",
        "a server accepts null as a limit, which the document does not allow",
        ChangeKind.NARROWED,
        "null",
        (
            "Body_read_work_pool_concurrency_status_work_pools__name__concurrency_status_post.limit",
            "Body_read_work_queue_concurrency_status_work_queues__id__concurrency_status_post.limit",
        ),
        since="3.6.23",
    ),
)
