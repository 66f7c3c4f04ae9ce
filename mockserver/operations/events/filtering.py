"""What a filter on events means, and the events that it selects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from ...errors import ServerFailure, TooLarge
from ...events import (
    Event,
    EventMatcher,
    LabelCondition,
    ResourceConditions,
    TextSearch,
)
from ...prefect import Dialect, check_storable, check_time_range
from ...requests.objects import (
    EventAnyResourceFilter,
    EventFilter,
    EventNameFilter,
    EventRelatedFilter,
    EventResourceFilter,
)
from .. import Context

# Prefect: events/filters.py, EventOccurredFilter.
_DEFAULT_PAST = timedelta(days=180)
# Chosen: a filter of so many patterns takes 0.1 s on all events that a world keeps.
MAX_PATTERNS = 100

_ResourceFilter = EventResourceFilter | EventRelatedFilter | EventAnyResourceFilter


def compile_filter(filter_: EventFilter, now: datetime) -> EventMatcher:
    """The matcher of a filter at an instant. Raises TooLarge for too many patterns."""
    names, resource, text = filter_.event or EventNameFilter(), filter_.resource, filter_.text
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    matcher = EventMatcher(
        since=filter_.occurred.since or midnight - _DEFAULT_PAST,
        until=filter_.occurred.until or now,
        ids=frozenset(filter_.id.id or ()),
        names=frozenset(names.name or ()),
        excluded_names=frozenset(names.exclude_name or ()),
        prefixes=tuple(names.prefix or ()),
        excluded_prefixes=tuple(names.exclude_prefix or ()),
        resource=ResourceConditions() if resource is None else _conditions(resource),
        related=_all_conditions(filter_.related),
        any_resource=_all_conditions(filter_.any_resource),
        text=None if text is None else TextSearch.parse(text.query),
    )
    if matcher.count_patterns() > MAX_PATTERNS:
        raise TooLarge(
            f"the filter has {matcher.count_patterns():,} prefixes and patterns; mockserver takes "
            f"at most {MAX_PATTERNS}"
        )
    return matcher


def _all_conditions(
    filters: _ResourceFilter | Iterable[_ResourceFilter] | None,
) -> tuple[ResourceConditions, ...]:
    """The conditions of one filter or several, each on some resource."""
    if filters is None:
        return ()
    each = (filters,) if isinstance(filters, _ResourceFilter) else filters
    return tuple(map(_conditions, each))


def _conditions(filter_: _ResourceFilter) -> ResourceConditions:
    related = filter_ if isinstance(filter_, EventRelatedFilter) else EventRelatedFilter()
    prefixes = () if isinstance(filter_, EventRelatedFilter) else filter_.id_prefix or ()
    return ResourceConditions(
        ids=frozenset(filter_.id or ()),
        id_prefixes=tuple(prefixes),
        labels=_label_conditions(filter_.labels or {}),
        roles=frozenset(related.role or ()),
        ids_in_roles=frozenset(related.resources_in_roles or ()),
    )


def _label_conditions(labels: Mapping[str, str | list[str]]) -> tuple[LabelCondition, ...]:
    return tuple(
        LabelCondition(label, (patterns,) if isinstance(patterns, str) else tuple(patterns))
        for label, patterns in labels.items()
        # A real server compares ids with a column of their own, where no pattern is no condition.
        if patterns or label != "prefect.resource.id"
    )


def check_filter(dialect: Dialect, filter_: EventFilter) -> None:
    """Raise ServerFailure where the dialect's database would not run the query of a filter.

    InvalidRequest for a time outside the years 1-9999 in a dialect without server failures.
    """
    for key, time in filter_.occurred.given():
        check_time_range(dialect, time, ("body", "filter", "occurred", key))
    check_storable(dialect, texts=_texts(filter_.model_dump(exclude={"occurred", "order"})))
    database = dialect.undocumented_5xx
    searches = filter_.text is not None and TextSearch.parse(filter_.text.query) != TextSearch()
    if searches and database is not None and database.lacks_concat:
        raise ServerFailure("a function that the database does not have", retryable=False)


def _texts(value: object) -> Iterator[str]:
    """Every text in a filter that is compared with a column."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def select_events(
    context: Context, filter_: EventFilter, matcher: EventMatcher, *, ascending: bool
) -> list[Event]:
    """All events that a filter selects, in the order in which they occurred.

    With `resource.distinct` only the first of each resource.
    """
    found = [event for event in context.events if matcher.matches_stored(event)]
    found.sort(key=lambda event: event.occurred, reverse=not ascending)
    if filter_.resource is None or not filter_.resource.distinct:
        return found
    first: dict[str, Event] = {}
    for event in found:
        first.setdefault(event.resource_id, event)
    return list(first.values())
