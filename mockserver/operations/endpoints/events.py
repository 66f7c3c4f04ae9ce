"""The endpoints of events."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, Endpoint

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
        "POST",
        f"/events/count-by/{{countable:{TEXT_SEGMENT}}}",
        "events.counting.count_events",
        "objects.EventCountRequest",
        parameters_model="objects.CountedEvents",
    ),
    Endpoint(
        "GET",
        "/events/filter/next",
        "events.reading.read_next_page",
        query=("page-token",),
        links=True,
    ),
)
