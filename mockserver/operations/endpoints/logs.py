"""The endpoints of logs."""

from __future__ import annotations

from .endpoint import Endpoint

LOGS = (Endpoint("POST", "/logs/", "create.accept_logs", "Logs", status=201),)
