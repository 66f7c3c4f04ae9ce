"""The operations that are fuzzed unless a user names others."""

from __future__ import annotations

# Prefect's other operations create objects that have no flow run, such as variables, blocks and
# work pools. The kit does not know how to take these away again, so they are sent only when asked
# for by name.
FUZZED_OPERATIONS = frozenset(
    {
        "POST /flow_runs/bulk_delete",
        "POST /flow_runs/",
        "GET /flow_runs/{id}",
        "PATCH /flow_runs/{id}",
        "DELETE /flow_runs/{id}",
        "POST /flow_runs/filter",
        "POST /flow_runs/count",
        "POST /flow_runs/paginate",
        "POST /flow_runs/lateness",
        "POST /flow_runs/history",
        "POST /flow_runs/bulk_set_state",
        "POST /flow_runs/{id}/set_state",
        "PATCH /flow_runs/{id}/labels",
        "POST /flows/",
        "GET /flow_run_states/",
        "GET /flow_run_states/{id}",
        "GET /flows/{id}",
        "DELETE /flows/{id}",
        "GET /flows/name/{name}",
        "POST /flows/filter",
        "POST /flows/count",
        "POST /task_runs/",
        "GET /task_runs/{id}",
        "POST /task_runs/filter",
        "POST /task_runs/count",
        "GET /deployments/{id}",
        "GET /deployments/name/{flow_name}/{deployment_name}",
        "POST /deployments/filter",
        "POST /deployments/count",
        "POST /v2/concurrency_limits/increment-with-lease",
        "POST /v2/concurrency_limits/decrement-with-lease",
        "POST /v2/concurrency_limits/leases/{lease_id}/renew",
        "POST /logs/",
        "GET /health",
        "GET /ready",
        "GET /version",
        "GET /admin/version",
        "GET /admin/storage",
        "GET /csrf-token",
        "GET /hello",
    }
)
"""Operations such as `POST /flow_runs/`; those that a release lacks are left out."""
