"""The endpoints of the server itself."""

from __future__ import annotations

from .endpoint import Endpoint

SERVER = (
    Endpoint("GET", "/health", "server_info.health", checks_api_version=False),
    Endpoint("GET", "/ready", "server_info.ready"),
    Endpoint("GET", "/version", "server_info.api_version", checks_api_version=False),
    Endpoint("GET", "/admin/version", "server_info.server_version"),
    Endpoint("GET", "/admin/storage", "server_info.storage_settings", since="admin_storage"),
    Endpoint("GET", "/hello", "server_info.hello"),
    Endpoint("GET", "/csrf-token", "server_info.csrf_token", query=("client",)),
)
