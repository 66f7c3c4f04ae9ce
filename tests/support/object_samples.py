"""A workspace with an object of every kind that a seed holds, in the short forms of seeds."""

from __future__ import annotations

from typing import Any

RUN = "00000000-0000-4000-8000-000000000001"
POOL = "00000000-0000-4000-8000-000000000002"
INNER = "00000000-0000-4000-8000-000000000003"
DATABASE_CHECKSUM, REPORT_CHECKSUM = "sha256:database", "sha256:report"
_CREATED = "2026-01-30T08:00:00Z"
WORKSPACE: dict[str, list[dict[str, Any]]] = {
    "flow_runs": [{"id": RUN, "name": "nightly-1", "flow": "etl", "state": "COMPLETED"}],
    "flows": [{"name": "etl"}],
    "deployments": [
        {"name": "nightly", "flow": "etl", "concurrency_limit": 2},
        {"name": "hourly", "flow": "etl", "schedules": [{"active": False}]},
    ],
    "work_pools": [{"id": POOL, "name": "pool", "type": "process"}],
    "work_queues": [{"name": "default", "work_pool_id": POOL, "priority": 1}],
    "variables": [
        {"name": "retention_days", "value": 90, "tags": ["ops"]},
        {"name": "nothing", "value": None, "created": _CREATED, "updated": "2026-01-31T08:00:00Z"},
    ],
    "block_types": [{"slug": "database"}, {"slug": "report", "name": "Report"}],
    "block_schemas": [
        {
            "checksum": DATABASE_CHECKSUM,
            "block_type_slug": "database",
            "fields": {"title": "Database", "type": "object", "secret_fields": ["password"]},
        },
        {
            "checksum": REPORT_CHECKSUM,
            "block_type_slug": "report",
            "capabilities": ["render"],
            "fields": {
                "title": "Report",
                "definitions": {
                    "Database": {"block_type_slug": "database"},
                    "Colour": {"enum": [1]},
                },
                "block_schema_references": {
                    "source": {
                        "block_type_slug": "database",
                        "block_schema_checksum": DATABASE_CHECKSUM,
                    }
                },
            },
        },
    ],
    "block_documents": [
        {"name": "api-key", "block_type_slug": "secret", "data": {"value": "sk-1"}},
        {
            "id": INNER,
            "name": "warehouse",
            "block_type_slug": "database",
            "data": {"host": "db", "password": "p"},
        },
        {
            "name": "weekly",
            "block_type_slug": "report",
            "data": {"title": "Week", "source": {"$ref": {"block_document_id": INNER}}},
        },
    ],
    "artifacts": [
        {"key": "report", "type": "markdown", "data": "# old", "created": _CREATED},
        {"key": "report", "type": "markdown", "data": "# new", "flow_run_id": RUN},
        {"type": "table", "data": "[]", "metadata_": {"rows": "0"}},
    ],
    "concurrency_limits": [
        {"tag": "etl", "concurrency_limit": 3},
        {"name": "database", "limit": 5, "slot_decay_per_second": 0.5, "active_slots": 1},
    ],
    "workers": [{"name": "worker-1", "work_pool_id": POOL, "last_heartbeat_time": _CREATED}],
    "logs": [
        {"message": "second", "flow_run_id": RUN, "timestamp": "2026-01-31T09:00:01Z"},
        {"message": "first", "flow_run_id": RUN, "timestamp": "2026-01-31T09:00:00Z", "level": 40},
        {"message": "of no run"},
    ],
}
"""A document of a seed."""
