"""The bodies of requests about events: those that clients send, and filters on them.

Names of models are Prefect's, which shows in errors (Prefect: events/schemas/events.py and
events/filters.py).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, ConfigDict, Field, RootModel

from ...filters import (
    FAIL_FAST,
    FilterModel,
    Instant,
    Texts,
    Uuid,
    Uuids,
    json_integer,
    json_number,
    strict_union,
)
from .. import BodyParameters, OpenObject

# Defaults of Prefect's settings server.events.
MAX_NAME_LENGTH = 1_024
MAX_LABELS = 500
MAX_RELATED = 100

MAX_EVENT_PAGE = 50  # Prefect: events/storage/__init__.py, INTERACTIVE_PAGE_SIZE
_ID, _ROLE = "prefect.resource.id", "prefect.resource.role"
_Labels = Annotated[dict[str, str], FAIL_FAST]


def _check_labels(labels: dict[str, str]) -> dict[str, str]:
    if len(labels) > MAX_LABELS:
        raise ValueError(f"The maximum number of labels per resource is {MAX_LABELS}")
    if _ID not in labels:
        raise ValueError("Resources must include the prefect.resource.id label")
    if not labels[_ID]:
        raise ValueError("The prefect.resource.id label must be non-empty")
    return labels


def _check_related_labels(labels: dict[str, str]) -> dict[str, str]:
    if _ROLE not in _check_labels(labels):
        raise ValueError("Related Resources must include the prefect.resource.role label")
    if not labels[_ROLE]:
        raise ValueError("The prefect.resource.role label must be non-empty")
    return labels


def _check_related(related: list[Any]) -> list[Any]:
    if len(related) > MAX_RELATED:
        raise ValueError(f"The maximum number of related resources is {MAX_RELATED}")
    return related


def _check_name(name: str) -> str:
    if len(name) > MAX_NAME_LENGTH:
        raise ValueError(f"Event name must be at most {MAX_NAME_LENGTH} characters")
    return name


class DocumentedEvent(OpenObject):
    """An event as the document has it."""

    occurred: Instant
    event: str
    resource: _Labels
    related: Annotated[list[_Labels], FAIL_FAST] = []
    payload: dict[str, Any] = {}
    id: Uuid
    follows: Uuid | None = None


class EventCreate(DocumentedEvent):
    """An event that a client sends, with the bounds that no schema tells."""

    event: Annotated[str, AfterValidator(_check_name)]
    resource: Annotated[_Labels, AfterValidator(_check_labels)]
    related: Annotated[
        list[Annotated[_Labels, AfterValidator(_check_related_labels)]],
        FAIL_FAST,
        AfterValidator(_check_related),
    ] = []


def _check_bounds(events: list[DocumentedEvent]) -> list[DocumentedEvent]:
    for event in events:
        _check_name(event.event)
        _check_labels(event.resource)
        for labels in _check_related(event.related):
            _check_related_labels(labels)
    return events


# Strictly, all is first read as the document has it: what is wrong by that counts more.
_DocumentedEvents = Annotated[list[DocumentedEvent], FAIL_FAST, AfterValidator(_check_bounds)]


class Events(RootModel[Annotated[list[EventCreate], FAIL_FAST, strict_union(_DocumentedEvents)]]):
    """Events that a client sends together."""

    is_read_back: ClassVar[bool] = False

    model_config = ConfigDict(frozen=True)


ResourceSpecification = dict[str, str | Texts]


class EventOccurredFilter(FilterModel):
    # Absent, they are half a year ago and now.
    since: Instant = None  # type: ignore[assignment]
    until: Instant = None  # type: ignore[assignment]


class EventNameFilter(FilterModel):
    prefix: Texts | None = None
    exclude_prefix: Texts | None = None
    name: Texts | None = None
    exclude_name: Texts | None = None


class EventResourceFilter(FilterModel):
    id: Texts | None = None
    id_prefix: Texts | None = None
    labels: ResourceSpecification | None = None
    distinct: bool = False


class EventRelatedFilter(FilterModel):
    id: Texts | None = None
    role: Texts | None = None
    resources_in_roles: Annotated[list[tuple[str, str]], FAIL_FAST] | None = None
    labels: ResourceSpecification | None = None


class EventAnyResourceFilter(FilterModel):
    id: Texts | None = None
    id_prefix: Texts | None = None
    labels: ResourceSpecification | None = None


class EventIDFilter(FilterModel):
    id: Uuids | None = None


class EventTextFilter(FilterModel):
    query: Annotated[str, Field(max_length=200)]


class EventOrder(StrEnum):
    """The orders in which events can be listed."""

    ASC = "ASC"
    DESC = "DESC"


class EventFilter(FilterModel):
    """A filter on events; all that are given must hold."""

    occurred: EventOccurredFilter = EventOccurredFilter()
    event: EventNameFilter | None = None
    resource: EventResourceFilter | None = None
    related: EventRelatedFilter | list[EventRelatedFilter] | None = None
    any_resource: EventAnyResourceFilter | list[EventAnyResourceFilter] | None = None
    id: EventIDFilter = EventIDFilter()
    text: EventTextFilter | None = None
    order: EventOrder = EventOrder.DESC


class EventFilterRequest(BodyParameters):
    """The body of /events/filter."""

    filter: EventFilter | None = None
    limit: Annotated[int, json_integer(ge=0, le=MAX_EVENT_PAGE)] = MAX_EVENT_PAGE


class Countable(StrEnum):
    """What events can be counted by."""

    day = "day"
    time = "time"
    event = "event"
    resource = "resource"


class CountedEvents(OpenObject):
    """The parameter in the path of /events/count-by."""

    countable: Countable


class TimeUnit(StrEnum):
    """The units of spans of time."""

    week = "week"
    day = "day"
    hour = "hour"
    minute = "minute"
    second = "second"


class EventCountRequest(BodyParameters):
    """The body of /events/count-by."""

    filter: EventFilter
    time_unit: TimeUnit = TimeUnit.day
    time_interval: Annotated[float, json_number(ge=0.01)] = 1.0
