"""The endpoints of logs."""

from __future__ import annotations

from .endpoint import UUID_SEGMENT, Endpoint

LOGS = (
    Endpoint("POST", "/logs/", "logs.keeping.create_logs", "Logs", status=201),
    Endpoint("POST", "/logs/filter", "logs.reading.filter_logs", "objects.LogFilterRequest"),
    Endpoint("GET", f"/flow_runs/{UUID_SEGMENT}/logs/download", "logs.reading.download_logs"),
)
