"""The endpoints of events."""

from __future__ import annotations

from .endpoint import Endpoint

EVENTS = (
    Endpoint("POST", "/events", "events.receiving.create_events", "objects.Events", status=204),
    Endpoint(
        "POST",
        "/events/filter",
        "events.reading.filter_events",
        "objects.EventFilterRequest",
        links=True,
    ),
    Endpoint(
        "GET",
        "/events/filter/next",
        "events.reading.read_next_page",
        query=("page-token",),
        links=True,
    ),
)
