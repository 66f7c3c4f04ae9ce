"""The same filter on other servers: what other releases and databases select, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ...filters import AnyOf, Predicate
from ...prefect import (
    DATABASE_NAMES,
    DATABASES,
    DEVIATIONS,
    NEWEST,
    RELEASES,
    SPEC,
    Dialect,
    describe_range,
    dialect_for,
)
from ...requests import Message
from ...store import Store
from .. import SELECTING_ENDPOINTS, Meaning, Refusal, find_meaning, have_same_effect

_BULK_DELETE = "/flow_runs/bulk_delete"
_NO_RUN = AnyOf(())  # what a refused request selects


@dataclass(frozen=True, slots=True)
class OtherServers:
    """Servers to which a request means something else than to those of the user's dialect.

    `dialects` are theirs, one release after the other; `spec` stands for the document. `count` is
    how many runs they select, `selects_same` whether these are the same runs. `causes` are the ids
    of the deviations that alone, on one of both sides, make the difference.
    """

    dialects: tuple[Dialect, ...]
    meaning: Meaning | Refusal
    count: int
    selects_same: bool
    causes: tuple[str, ...]

    @property
    def where(self) -> str:
        """The servers for a reader: `Prefect 3.6.16 to 3.9.0 on SQLite`."""
        return f"{self.releases} {self.on_database}".rstrip()

    @property
    def releases(self) -> str:
        """Their releases for a reader."""
        first, last = self.dialects[0], self.dialects[-1]
        if first.database is None:
            return "the document (spec)"
        return describe_range(first.release, None if last.release == NEWEST else last.release)

    @property
    def on_database(self) -> str:
        """Their database for a reader: `on SQLite`; nothing for the document."""
        database = self.dialects[0].database
        return f"on {DATABASE_NAMES[database]}" if database else ""


def find_other_servers(
    store: Store, message: Message, dialect: Dialect, now: datetime
) -> tuple[OtherServers, ...]:
    """The document, releases and databases to which a bulk_delete means something else.

    What they select is told, too, where that is the same runs.
    """
    meanings = _Meanings(message, now)
    mine = meanings.of(dialect)
    found = []
    for dialects in _families():
        for group in _group(dialects, meanings):
            theirs = meanings.of(group[0])
            if not have_same_effect(mine, theirs):
                selects_same = not _differ(store, mine, theirs)
                causes = () if selects_same else tuple(_causes(store, meanings, dialect, group[0]))
                count = store.count(_selected(store, theirs))
                found.append(OtherServers(group, theirs, count, selects_same, causes))
    return tuple(found)


class _Meanings:
    """What a request means to each dialect; dialects that differ by name alone are asked once."""

    def __init__(self, message: Message, now: datetime) -> None:
        self.message, self.now = message, now
        self._known: dict[Dialect, Meaning | Refusal] = {}

    def of(self, dialect: Dialect) -> Meaning | Refusal:
        nameless = replace(dialect, name="", release="")
        found = self._known.get(nameless)
        if found is None:
            endpoint = SELECTING_ENDPOINTS[_BULK_DELETE]
            found = find_meaning(endpoint, self.message, dialect, self.now)
            self._known[nameless] = found
        return found


def _families() -> Iterator[tuple[Dialect, ...]]:
    yield (SPEC,)
    for database in DATABASES:
        yield tuple(dialect_for(database, release) for release in RELEASES)


def _group(dialects: tuple[Dialect, ...], meanings: _Meanings) -> Iterator[tuple[Dialect, ...]]:
    """The dialects in groups of neighbours to which the request means the same."""
    group: list[Dialect] = []
    for dialect in dialects:
        if group and not have_same_effect(meanings.of(group[0]), meanings.of(dialect)):
            yield tuple(group)
            group = []
        group.append(dialect)
    yield tuple(group)


def _causes(store: Store, meanings: _Meanings, here: Dialect, there: Dialect) -> Iterator[str]:
    """The deviations that alone, on one of two servers, change which runs are selected."""
    for deviation in DEVIATIONS:
        if not hasattr(here, deviation.field):
            continue
        for one, other in ((here, there), (there, here)):
            field: dict[str, Any] = {deviation.field: getattr(other, deviation.field)}
            switched = replace(one, **field)
            if _differ(store, meanings.of(one), meanings.of(switched)):
                yield deviation.id
                break


def _differ(store: Store, one: Meaning | Refusal, other: Meaning | Refusal) -> bool:
    """Whether two meanings select other runs of a store."""
    if have_same_effect(one, other):
        return False
    here, there = _selected(store, one), _selected(store, other)
    return any(store.difference(*pair, 1)[0] for pair in ((here, there), (there, here)))


def _selected(store: Store, meaning: Meaning | Refusal) -> Predicate:
    return _NO_RUN if isinstance(meaning, Refusal) else meaning.predicate_on(store)
