"""What changed from release to release, told alike for deviations and for other changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ..prefect import (
    DATABASE_NAMES,
    DATABASES,
    DEVIATIONS,
    NEWEST,
    OLDEST,
    RELEASES,
    Change,
    Deviation,
    Dialect,
    ReleaseNotes,
    is_within,
    measured_release,
    release_key,
    release_notes,
)


class Kind(StrEnum):
    """What became of something in a release."""

    FIXED = "fixed"  # a deviation ended: servers now do what the document says
    DEVIATES = "deviates"  # a deviation began
    CHANGED = "changed"  # another change: the document does not say what is right


_STEPS = {Kind.FIXED: "fixed in", Kind.DEVIATES: "began with", Kind.CHANGED: "changed in"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that `release` does otherwise than the release before it, on these databases.

    `before` and `after` say what servers do before that release and since; for a deviation, one of
    them is `document`, what the API document says. `request` is a body that shows it at
    `endpoint`. `field` is that of `Dialect` which it switches, if there is one.
    """

    id: str
    kind: Kind
    release: str
    before: str
    after: str
    endpoint: str
    request: str
    databases: tuple[str, ...]
    field: str
    document: str | None = None

    def told_for(self, release: str) -> str:
        """What servers of a release do."""
        return self.after if is_within(release, self.release) else self.before

    @property
    def step(self) -> str:
        """What became of it and when, in words: `fixed in 3.9.1`."""
        return f"{_STEPS[self.kind]} {self.release}"


def on_databases(databases: tuple[str, ...]) -> str:
    """` on SQLite` for one database; nothing for all of them."""
    if databases == DATABASES:
        return ""
    return f" on {' and '.join(DATABASE_NAMES[database] for database in databases)}"


def list_differences(
    databases: Iterable[str] = DATABASES, after: str = OLDEST, until: str = NEWEST
) -> tuple[Difference, ...]:
    """What the releases after `after`, up to and with `until`, changed on some of the databases.

    The earliest release comes first. `after` and `until` are measured releases.
    """
    found: dict[tuple[str, str], Difference] = {}
    for database in databases:
        for notes in release_notes(database, after=after, until=until):
            for one in _from_notes(notes):
                found.setdefault((one.release, one.id), one)
    # The sort is stable: within a release, the order of the registry stays.
    return tuple(sorted(found.values(), key=lambda one: release_key(one.release)))


def _from_notes(notes: ReleaseNotes) -> Iterator[Difference]:
    for deviation in notes.ended:
        yield _of_deviation(deviation, Kind.FIXED, notes.release)
    for deviation in notes.begun:
        yield _of_deviation(deviation, Kind.DEVIATES, notes.release)
    yield from map(_of_change, notes.changes)


def _of_deviation(deviation: Deviation, kind: Kind, release: str) -> Difference:
    server, document = deviation.server, deviation.document
    before, after = (server, document) if kind is Kind.FIXED else (document, server)
    return Difference(
        deviation.id,
        kind,
        release,
        before,
        after,
        deviation.endpoint,
        deviation.request,
        deviation.databases,
        deviation.field,
        document,
    )


def _of_change(change: Change) -> Difference:
    return Difference(
        change.id,
        Kind.CHANGED,
        change.since,
        change.before,
        change.after,
        change.endpoint,
        change.request,
        change.databases,
        change.field,
    )


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """One release: the deviations that it has, what it changed, and what the next ones change.

    `measured` is the release that was measured and that it behaves like, nearly always itself.
    `next` is empty, or has all that the first release after it that changes anything changes.
    """

    release: str
    measured: str
    databases: tuple[str, ...]
    deviations: tuple[Deviation, ...]
    changed: tuple[Difference, ...]
    next: tuple[Difference, ...]


def describe_release(release: str, databases: tuple[str, ...] = DATABASES) -> ReleaseFacts:
    """What is known of a release. Raises UsageError for a release without bulk_delete.

    One that was not measured has what the last one before it has.
    """
    measured = measured_release(release)
    place = RELEASES.index(measured)
    is_itself = release_key(release) == release_key(measured)
    changed = list_differences(databases, RELEASES[max(place - 1, 0)], measured)
    later = list_differences(databases, after=measured)
    return ReleaseFacts(
        release,
        measured,
        databases,
        tuple(
            one
            for one in DEVIATIONS
            if is_within(measured, one.since, one.until) and set(databases) & set(one.databases)
        ),
        changed if is_itself else (),
        tuple(one for one in later if one.release == later[0].release),
    )


@dataclass(frozen=True, slots=True)
class ReleaseComparison:
    """Two releases on one database: their dialects, and all that differs between them.

    `differences` come in the order of the releases that brought them, the other way round for a
    downgrade.
    """

    before: Dialect
    after: Dialect
    differences: tuple[Difference, ...]

    @property
    def is_downgrade(self) -> bool:
        """Whether `after` is the older release."""
        return release_key(self.after.release) < release_key(self.before.release)

    @property
    def word(self) -> str:
        """The step from one release to the other, in a word."""
        return "downgrade" if self.is_downgrade else "upgrade"


def compare_releases(before: Dialect, after: Dialect) -> ReleaseComparison:
    """What differs between the dialects of two releases on the same database."""
    first, last = sorted(
        (measured_release(before.release), measured_release(after.release)), key=release_key
    )
    databases = [before.database] if before.database else []
    differences = list_differences(databases, first, last)
    comparison = ReleaseComparison(before, after, differences)
    if comparison.is_downgrade:
        return ReleaseComparison(before, after, differences[::-1])
    return comparison
