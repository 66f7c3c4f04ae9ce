"""The endpoints of the server itself."""

from __future__ import annotations

from .endpoint import Endpoint

SERVER = (
    Endpoint("GET", "/health", "server.information.health", checks_api_version=False),
    Endpoint("GET", "/ready", "server.information.ready"),
    Endpoint("GET", "/version", "server.information.api_version", checks_api_version=False),
    Endpoint("GET", "/admin/version", "server.information.server_version"),
    Endpoint("GET", "/admin/storage", "server.information.storage_settings", since="admin_storage"),
    Endpoint("GET", "/hello", "server.information.hello"),
    Endpoint("GET", "/csrf-token", "server.information.csrf_token", query=("client",)),
)
