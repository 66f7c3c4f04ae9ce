"""The endpoints of the server itself, and those that only check what is sent."""

from __future__ import annotations

from .endpoint import Endpoint

SERVER = (
    Endpoint("GET", "/health", "server.information.health", checks_api_version=False),
    Endpoint("GET", "/ready", "server.information.ready"),
    Endpoint("GET", "/version", "server.information.api_version", checks_api_version=False),
    Endpoint("GET", "/admin/version", "server.information.server_version"),
    Endpoint("GET", "/admin/settings", "server.information.settings"),
    Endpoint(
        "GET",
        "/admin/storage",
        "server.result_storage.read_result_storage",
        since="admin_storage",
    ),
    Endpoint(
        "PUT",
        "/admin/storage",
        "server.result_storage.update_result_storage",
        "objects.ResultStorageUpdate",
        since="admin_storage",
    ),
    Endpoint(
        "DELETE",
        "/admin/storage",
        "server.result_storage.clear_result_storage",
        status=204,
        since="admin_storage",
    ),
    Endpoint(
        "GET",
        "/observed-states",
        "server.observed_states.read_observed_states",
        parameters_model="objects.ObservedStatesQuery",
        since="observed_states",
    ),
    Endpoint("GET", "/hello", "server.information.hello"),
    Endpoint("GET", "/csrf-token", "server.information.csrf_token", query=("client",)),
)

_VALIDATE_TEMPLATE = "validation.templates.validate_template"
_TEMPLATE = "objects.TemplateToValidate"

VALIDATION = (
    Endpoint("POST", "/templates/validate", _VALIDATE_TEMPLATE, _TEMPLATE, status=204),
    Endpoint("POST", "/automations/templates/validate", _VALIDATE_TEMPLATE, _TEMPLATE, status=204),
    Endpoint(
        "POST",
        "/ui/schemas/validate",
        "validation.schemas.validate_values",
        "objects.ValuesToValidate",
    ),
)
