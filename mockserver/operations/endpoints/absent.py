"""The endpoints of what the mock never has: they answer as those of an empty server."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, UUID_SEGMENT, Endpoint

ABSENT = (
    Endpoint(
        "POST",
        "/automations/filter",
        "absent.records.filter_automations",
        "objects.AutomationFilterRequest",
    ),
    Endpoint(
        "POST",
        "/automations/count",
        "absent.records.count_automations",
        "objects.AutomationCountRequest",
        body_since="automation_count_filter",
    ),
    Endpoint("GET", f"/automations/{UUID_SEGMENT}", "absent.records.read_automation"),
    Endpoint(
        "DELETE", f"/automations/{UUID_SEGMENT}", "absent.records.read_automation", status=204
    ),
    Endpoint(
        "GET",
        f"/automations/related-to/{{resource_id:{TEXT_SEGMENT}}}",
        "absent.records.related_automations",
    ),
    # Clients send this before they create the automations of a deployment.
    Endpoint(
        "DELETE",
        f"/automations/owned-by/{{resource_id:{TEXT_SEGMENT}}}",
        "absent.records.delete_owned_automations",
        status=202,
    ),
    Endpoint(
        "POST",
        "/saved_searches/filter",
        "absent.records.filter_saved_searches",
        "objects.SavedSearchFilterRequest",
    ),
    Endpoint("GET", f"/saved_searches/{UUID_SEGMENT}", "absent.records.read_saved_search"),
    Endpoint(
        "DELETE", f"/saved_searches/{UUID_SEGMENT}", "absent.records.read_saved_search", status=204
    ),
    Endpoint("GET", f"/collections/views/{{view:{TEXT_SEGMENT}}}", "absent.collections.read_view"),
)
