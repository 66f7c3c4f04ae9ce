"""Pages about releases alone: all of them, one of them, and what differs between two."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from itertools import groupby

from ..prefect import DATABASE_NAMES, DATABASES, NEWEST, OLDEST, Deviation, list_releases
from ..rendering import Entry, Page, Section, Tone
from .release_differences import (
    Difference,
    Kind,
    ReleaseComparison,
    ReleaseFacts,
    list_differences,
    on_databases,
)

_TONES = {Kind.FIXED: Tone.GOOD, Kind.DEVIATES: Tone.WARNING, Kind.CHANGED: Tone.NOTICE}
# A downgrade meets a change from its other side.
_REVERSED = {Kind.FIXED: Kind.DEVIATES, Kind.DEVIATES: Kind.FIXED, Kind.CHANGED: Kind.CHANGED}
_WORDS_NOTE = (
    "deviates: servers begin to do otherwise than the API document says; fixed: they do what it "
    "says again; changed: the document does not say what is right"
)


def all_releases_page(databases: tuple[str, ...] = DATABASES) -> Page:
    """All releases, and what each changed on some of the databases."""
    differences = list_differences(databases)
    sections = [
        Section(release, tuple(_history_entry(one) for one in group))
        for release, group in groupby(differences, lambda one: one.release)
    ]
    notes = (
        f"Prefect {OLDEST} is the first release with bulk_delete. Measured: {list_releases()}.",
        "Releases that are not named below changed nothing for flow runs that was seen.",
        f"{_WORDS_NOTE}.",
        f"More: 'mockserver releases {OLDEST}', 'mockserver releases {OLDEST} {NEWEST}'.",
    )
    counted = count_of(len(differences), "thing")
    headline = f"{OLDEST} to {NEWEST}: {len(sections)} releases changed {counted} for flow runs"
    facts = (("database", _database_names(databases)),)
    return Page(Tone.GOOD, headline, facts, (Section("releases", notes=notes), *sections))


def release_page(facts: ReleaseFacts) -> Page:
    """One release: the deviations that it has, what it changed, what comes next."""
    sections = [
        Section("deviations", tuple(map(_deviation_entry, facts.deviations))),
        Section(
            f"what {facts.release} changed",
            tuple(map(_history_entry, facts.changed)),
            notes=() if facts.changed else ("nothing that was seen",),
        ),
    ]
    if facts.next:
        hint = f"'mockserver releases {facts.release} {NEWEST}' tells all that later ones change"
        entries = tuple(map(_history_entry, facts.next))
        sections.append(Section(f"next, with {facts.next[0].release}", entries, notes=(hint,)))
    headline = (
        f"Prefect {facts.release} deviates from the API document in "
        f"{count_of(len(facts.deviations), 'way')}"
    )
    named = (("database", _database_names(facts.databases)),)
    return Page(Tone.GOOD, headline, named, tuple(sections))


def difference_sections(
    comparison: ReleaseComparison, opened: Container[str] | None = None
) -> Iterator[Section]:
    """What differs between two releases: deviations that come and go, then other changes.

    `opened` are ids of those that are told in full; None is all of them.
    """
    for name, is_change in (("deviations that come and go", False), ("other changes", True)):
        entries = tuple(
            _difference_entry(one, comparison, opened=opened is None or one.id in opened)
            for one in comparison.differences
            if (one.kind is Kind.CHANGED) is is_change
        )
        yield Section(name, entries, notes=() if entries else ("none",))


def releases_headline(comparison: ReleaseComparison) -> str:
    """What differs between two releases, in a sentence without a full stop."""
    before, after = comparison.before.release, comparison.after.release
    if before == after:
        return f"Prefect {before} is both releases: nothing changes"
    if not comparison.differences:
        return f"Nothing was seen to change between Prefect {before} and {after}"
    deviations = sum(one.kind is not Kind.CHANGED for one in comparison.differences)
    changes = len(comparison.differences) - deviations
    return (
        f"The {comparison.word} from Prefect {before} to {after} changes "
        f"{count_of(deviations, 'deviation')} and {count_of(changes, 'other thing')}"
    )


def count_of(count: int, noun: str) -> str:
    """A number with its noun: `1 request`, `2,000 requests`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _database_names(databases: Iterable[str]) -> str:
    return " and ".join(DATABASE_NAMES[database] for database in databases)


def _history_entry(difference: Difference) -> Entry:
    """A difference as a step of history: what was before a release, and what is since."""
    return Entry(
        _TONES[difference.kind],
        difference.kind.value,
        difference.id,
        difference.endpoint + on_databases(difference.databases),
        (
            *_document_said(difference),
            (f"before {difference.release}", _told(difference, difference.before)),
            (f"since {difference.release}", _told(difference, difference.after)),
        ),
    )


def _document_said(difference: Difference) -> Iterator[tuple[str, str]]:
    if difference.document is not None:
        yield "document", difference.document


def _told(difference: Difference, text: str) -> str:
    """What servers do. The document is told already: sentences about servers refer to it."""
    return "as the document says" if text == difference.document else text


def _difference_entry(
    difference: Difference, comparison: ReleaseComparison, *, opened: bool
) -> Entry:
    """A difference as one of two releases has it, and as the other has it."""
    kind = _REVERSED[difference.kind] if comparison.is_downgrade else difference.kind
    releases = (comparison.before.release, comparison.after.release)
    return Entry(
        _TONES[kind],
        kind.value,
        difference.id,
        f"{difference.endpoint}, {difference.step}",
        (
            *_document_said(difference),
            *((release, _told(difference, difference.told_for(release))) for release in releases),
        ),
        opened=opened,
    )


def _deviation_entry(deviation: Deviation) -> Entry:
    subject = deviation.endpoint + on_databases(deviation.databases)
    details = (("document", deviation.document), ("server", deviation.server))
    return Entry(Tone.NOTICE, "", deviation.id, subject, details)
