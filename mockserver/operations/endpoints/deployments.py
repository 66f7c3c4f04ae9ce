"""The endpoints of deployments."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, UUID_SEGMENT, Endpoint

_BY_ID = f"/deployments/{UUID_SEGMENT}"
# The second parameter of the path; its convertor is the same (Prefect: `{schedule_id:uuid}`).
_SCHEDULE = UUID_SEGMENT.replace("{id:", "{schedule_id:")

DEPLOYMENTS = (
    Endpoint(
        "POST",
        "/deployments/",
        "deployments.changing.create_deployment",
        "objects.DeploymentCreate",
        may_delete=True,
    ),
    Endpoint(
        "POST",
        "/deployments/filter",
        "queries.filter_deployments",
        "DeploymentFilterRequest",
    ),
    Endpoint(
        "POST",
        "/deployments/paginate",
        "deployments.reading.paginate_deployments",
        "objects.DeploymentPaginateRequest",
    ),
    Endpoint(
        "POST",
        "/deployments/bulk_delete",
        "related_deletes.deleting.execute_related_delete",
        "DeploymentsDeleteRequest",
        plan="related_deletes.planning.plan_deployments_delete",
    ),
    Endpoint("POST", "/deployments/count", "queries.count_deployments", "FilterParameters"),
    Endpoint(
        "POST",
        "/deployments/get_scheduled_flow_runs",
        "deployments.scheduled_runs.get_scheduled_flow_runs",
        "objects.DeploymentPollRequest",
    ),
    Endpoint("GET", _BY_ID, "queries.read_deployment"),
    Endpoint(
        "PATCH",
        _BY_ID,
        "deployments.changing.update_deployment",
        "objects.DeploymentUpdate",
        status=204,
        may_delete=True,
    ),
    Endpoint("DELETE", _BY_ID, "deployments.deleting.delete_deployment", status=204),
    Endpoint(
        "GET",
        f"/deployments/name/{{flow_name:{TEXT_SEGMENT}}}/{{deployment_name:{TEXT_SEGMENT}}}",
        "queries.read_deployment_by_name",
    ),
    Endpoint(
        "POST",
        f"{_BY_ID}/create_flow_run",
        "deployments.runs.create_flow_run",
        "objects.DeploymentFlowRunCreate",
    ),
    Endpoint(
        "POST",
        f"{_BY_ID}/create_flow_run/bulk",
        "deployments.runs.bulk_create_flow_runs",
        "objects.DeploymentFlowRunsCreate",
    ),
    Endpoint(
        "POST",
        f"{_BY_ID}/schedule",
        "deployments.scheduling.schedule_deployment",
        "objects.DeploymentScheduleRequest",
    ),
    Endpoint(
        "POST",
        f"{_BY_ID}/pause_deployment",
        "deployments.changing.pause_deployment",
        may_delete=True,
    ),
    Endpoint("POST", f"{_BY_ID}/resume_deployment", "deployments.changing.resume_deployment"),
    Endpoint("GET", f"{_BY_ID}/work_queue_check", "work_pools.queue_check.queues_for_deployment"),
    Endpoint("GET", f"{_BY_ID}/schedules", "deployments.schedules.read_schedules"),
    Endpoint(
        "POST",
        f"{_BY_ID}/schedules",
        "deployments.schedules.create_schedules",
        "objects.SchedulesCreate",
        status=201,
    ),
    Endpoint(
        "PATCH",
        f"{_BY_ID}/schedules/{_SCHEDULE}",
        "deployments.schedules.update_schedule",
        "objects.ScheduleUpdate",
        status=204,
        may_delete=True,
    ),
    Endpoint(
        "DELETE",
        f"{_BY_ID}/schedules/{_SCHEDULE}",
        "deployments.schedules.delete_schedule",
        status=204,
    ),
)
