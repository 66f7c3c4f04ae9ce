"""Which events a filter selects.

The stored events of a real server are selected by its database, and new ones, for subscribers, by
code that passes over the conditions on related resources (Prefect: events/filters.py, where
EventRelatedFilter has no `includes`).
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from .event import Event, Resource
from .text_search import TextSearch

ID, ROLE = "prefect.resource.id", "prefect.resource.role"


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    """A pattern in which `*` is any text and `?` any character."""
    # fnmatch's own pattern does not backtrack into a `*`; brackets are no wildcards in SQL.
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))


@dataclass(frozen=True, slots=True)
class LabelCondition:
    """A label of a resource must match one of the patterns; with `!` before it, must not match."""

    label: str
    patterns: tuple[str, ...]

    def matches(self, resource: Resource) -> bool:
        """Whether the resource has the label, with such a value."""
        value = resource.get(self.label)
        return value is not None and any(_fits(value, pattern) for pattern in self.patterns)


def _fits(value: str, pattern: str) -> bool:
    wanted = pattern.removeprefix("!")
    return (_glob(wanted).match(value) is not None) is (wanted is pattern)


@dataclass(frozen=True, slots=True)
class ResourceConditions:
    """What one resource must satisfy: every part that is not empty."""

    ids: frozenset[str] = frozenset()
    id_prefixes: tuple[str, ...] = ()
    labels: tuple[LabelCondition, ...] = ()
    roles: frozenset[str] = frozenset()
    ids_in_roles: frozenset[tuple[str, str]] = frozenset()

    def __bool__(self) -> bool:
        """Whether there is any condition."""
        parts = (self.ids, self.id_prefixes, self.labels, self.roles, self.ids_in_roles)
        return any(parts)

    @property
    def needs_labels(self) -> bool:
        """Whether more than the id of a resource counts."""
        return bool(self.labels or self.roles or self.ids_in_roles)

    def matches_id(self, resource_id: str) -> bool:
        """Whether an id satisfies the conditions on ids."""
        if self.ids and resource_id not in self.ids:
            return False
        return not self.id_prefixes or resource_id.startswith(self.id_prefixes)

    def matches(self, resource: Resource) -> bool:
        """Whether a resource satisfies all conditions."""
        if not self.matches_id(resource[ID]):
            return False
        role = resource.get(ROLE, "")
        if self.roles and role not in self.roles:
            return False
        if self.ids_in_roles and (resource[ID], role) not in self.ids_in_roles:
            return False
        return all(condition.matches(resource) for condition in self.labels)

    def count_patterns(self) -> int:
        """How many prefixes and patterns a resource is compared with, one after the other."""
        return len(self.id_prefixes) + sum(len(one.patterns) for one in self.labels)

    def match_any(self, resources: Iterable[Resource]) -> bool:
        """Whether one of the resources satisfies all conditions."""
        return any(map(self.matches, resources))


@dataclass(frozen=True, slots=True)
class EventMatcher:
    """The conditions of a filter; an empty one is none. Times are inclusive."""

    since: datetime
    until: datetime
    ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    excluded_names: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    excluded_prefixes: tuple[str, ...] = ()
    resource: ResourceConditions = ResourceConditions()
    related: tuple[ResourceConditions, ...] = ()
    any_resource: tuple[ResourceConditions, ...] = ()
    text: TextSearch | None = None

    def matches_new(self, event: Event) -> bool:
        """Whether a subscriber is told of an event as it happens."""
        return self._matches_itself(event) and self._matches_resources(event)

    def matches_stored(self, event: Event) -> bool:
        """Whether a query selects an event."""
        return self.matches_new(event) and self._matches_related(event)

    def count_patterns(self) -> int:
        """How many texts an event is compared with, one after the other."""
        resources = (self.resource, *self.related, *self.any_resource)
        patterns = sum(one.count_patterns() + 1 for one in resources)
        searched = self.text or TextSearch()
        terms = (searched.included, searched.excluded, searched.required)
        return sum(map(len, (self.prefixes, self.excluded_prefixes, *terms)), patterns)

    def _matches_itself(self, event: Event) -> bool:
        name = event.name
        if not self.since <= event.occurred <= self.until or name in self.excluded_names:
            return False
        if (self.ids and event.id not in self.ids) or (self.names and name not in self.names):
            return False
        if self.prefixes and not name.startswith(self.prefixes):
            return False
        return not name.startswith(self.excluded_prefixes)

    def _matches_resources(self, event: Event) -> bool:
        if self.resource:
            if not self.resource.matches_id(event.resource_id):
                return False
            if self.resource.needs_labels and not self.resource.matches(event.resource):
                return False
        if self.any_resource:
            resources = [event.resource, *event.related]
            if not all(one.match_any(resources) for one in self.any_resource if one):
                return False
        return self.text is None or self.text.matches(_searchable(event))

    def _matches_related(self, event: Event) -> bool:
        wanted = [one for one in self.related if one]
        if not wanted:
            return True
        related = event.related
        return all(one.match_any(related) for one in wanted)


def _searchable(event: Event) -> str:
    """The texts of an event, as a real server's database has them in its columns."""
    parts = (json.dumps(part) for part in (event.resource, list(event.related), event.payload))
    return " ".join((event.name, *parts))
