"""Dialects: how they are named, and that two tables decide their fields."""

from __future__ import annotations

from dataclasses import fields

import pytest

from mockserver.errors import UsageError
from mockserver.prefect.changes import CHANGES, release_notes
from mockserver.prefect.deviations import DATABASES, DEVIATIONS, POSTGRESQL, SQLITE
from mockserver.prefect.dialects import (
    DIALECTS,
    PREFECT_POSTGRESQL,
    PREFECT_SQLITE,
    SPEC,
    Dialect,
    dialect_for,
    find_dialect,
    unmeasured_note,
)
from mockserver.prefect.releases import NEWEST, OLDEST, RELEASES, is_within

FIELDS = {field.name for field in fields(Dialect)}
OF_SOME = [
    one
    for one in DEVIATIONS
    if not one.decided_by and (one.since, one.until, one.databases) != (OLDEST, None, DATABASES)
]


@pytest.mark.parametrize(
    ("name", "full_name", "database", "release"),
    [
        ("spec", "spec", None, NEWEST),
        ("prefect-sqlite", f"prefect-sqlite@{NEWEST}", SQLITE, NEWEST),
        ("prefect-postgresql", f"prefect-postgresql@{NEWEST}", POSTGRESQL, NEWEST),
        ("prefect-sqlite@3.8.8", "prefect-sqlite@3.8.8", SQLITE, "3.8.8"),
        ("prefect-postgresql@3.6.20", "prefect-postgresql@3.6.20", POSTGRESQL, "3.6.20"),
    ],
)
def test_a_dialect_is_a_database_and_a_release(
    name: str, full_name: str, database: str | None, release: str
) -> None:
    """Without @ it is the newest release; the dialect found says its whole name."""
    found = find_dialect(name, pytest.fail)
    assert (found.name, found.database, found.release) == (full_name, database, release)
    assert find_dialect(full_name) is found


@pytest.mark.parametrize(
    ("name", "served_as", "note"),
    [
        (
            "prefect-sqlite@3.12.0",
            "3.9.1",
            "newer than 3.9.1, the newest release that was measured",
        ),
        ("prefect-sqlite@3.9.2.dev4", "3.9.1", "Prefect 3.9.2.dev4 is newer"),
        ("prefect-sqlite@3.8.9", "3.8.9", "behave like 3.8.8, the release before it (3.9.0 is"),
    ],
)
def test_a_release_that_was_not_measured_is_served_with_a_note(
    name: str, served_as: str, note: str
) -> None:
    """One newer than all is served as the newest, one between two as the one before it."""
    notes: list[str] = []
    found = find_dialect(name, notes.append)
    assert found.release == served_as
    (told,) = notes
    assert note in told
    with pytest.warns(UserWarning, match="measured"):
        assert find_dialect(name) is found


def test_a_release_between_two_behaves_as_the_one_before_it() -> None:
    """Apart from its own name."""
    between, before = dialect_for(SQLITE, "3.7.9"), dialect_for(SQLITE, "3.7.8")
    assert {name for name in FIELDS if getattr(between, name) != getattr(before, name)} == {
        "name",
        "release",
    }
    assert unmeasured_note("3.7.8") is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("mysql", "no dialect 'mysql'; expected spec, prefect-sqlite, prefect-postgresql, or"),
        ("", "no dialect ''"),
        ("spec@3.9.1", "no dialect 'spec@3.9.1'"),
        ("prefect-sqlite@", "'' is no release"),
        ("prefect-sqlite@latest", "'latest' is no release"),
        ("prefect-sqlite@3.6.15", "Prefect 3.6.15 has no bulk_delete, which came with 3.6.16"),
        ("prefect\x1b[31m", r"no dialect 'prefect\\x1b[31m'"),
    ],
)
def test_any_other_name_is_refused_with_what_there_is(name: str, problem: str) -> None:
    """The error lists the measured releases."""
    with pytest.raises(UsageError) as refused:
        find_dialect(name)
    assert problem in str(refused.value)
    assert "3.6.16 to 3.6.29" in str(refused.value)


def test_the_short_names_are_the_newest_release() -> None:
    """And the document, which no release is."""
    assert dict(DIALECTS) == {
        "spec": SPEC,
        "prefect-sqlite": PREFECT_SQLITE,
        "prefect-postgresql": PREFECT_POSTGRESQL,
    }
    assert not any(map(SPEC.has, DEVIATIONS))


def test_each_entry_that_comes_or_goes_is_a_field() -> None:
    """What a table says of releases and databases can be followed, and nothing is said twice."""
    ids = [*(one.id for one in DEVIATIONS), *(one.id for one in CHANGES)]
    assert len(ids) == len(set(ids))
    assert {one.field for one in OF_SOME} | {one.field for one in CHANGES if one.modelled} <= FIELDS
    assert not {one.field for one in CHANGES if not one.modelled} & FIELDS


@pytest.mark.parametrize("database", DATABASES)
def test_the_tables_decide_the_fields(database: str) -> None:
    """In every release: a deviation inside its range, a change from its release on."""
    for release in RELEASES:
        dialect = dialect_for(database, release)
        for deviation in OF_SOME:
            expected = database in deviation.databases and is_within(
                release, deviation.since, deviation.until
            )
            assert getattr(dialect, deviation.field) is expected, (deviation.id, release)
        for change in CHANGES:
            if change.modelled:
                expected = is_within(release, change.since)
                assert getattr(dialect, change.field) is expected, (change.id, release)


@pytest.mark.parametrize("database", DATABASES)
def test_a_dialect_has_what_the_registry_says(database: str) -> None:
    """Whichever field decides a deviation, and also where several share one."""
    for release in RELEASES:
        dialect = dialect_for(database, release)
        for deviation in DEVIATIONS:
            expected = deviation.is_in(database, release)
            assert dialect.has(deviation) is expected, (deviation.id, release)
            if expected and not deviation.in_spec:
                assert not dialect.without(deviation).has(deviation)


def test_every_range_is_of_releases_that_were_measured() -> None:
    """A typing error in a table would else be a release that nobody can find."""
    ends = {end for one in DEVIATIONS for end in (one.since, one.until) if end}
    assert ends | {change.since for change in CHANGES} <= set(RELEASES)
    assert all(change.since != OLDEST for change in CHANGES)


def test_a_deviation_says_where_it_is() -> None:
    """In the words of somebody who looks for his own server."""
    where = {one.id: one.where for one in DEVIATIONS}
    assert where["state-both-lists"] == "Prefect 3.6.16 to 3.9.0"
    assert where["like-wildcards"] == "Prefect 3.6.16 and later"
    assert where["lateness-whole-seconds"] == "Prefect 3.6.16 and later on SQLite"


def test_release_notes_hold_what_came_and_went() -> None:
    """From the first release after `after` to `until`; one that changed nothing is left out."""
    notes = {one.release: one for one in release_notes(SQLITE, after="3.6.22", until="3.9.1")}
    assert [one.id for one in notes["3.6.23"].ended] == ["empty-list-condition"]
    assert [one.id for one in notes["3.7.8"].begun] == ["body-ignored"]
    assert "state-both-lists" in {one.id for one in notes["3.9.1"].ended}
    assert "late-once" in {one.id for one in notes["3.7.6"].changes}
    assert "3.6.22" not in notes
    assert "3.8.2" not in notes
    assert list(release_notes(SQLITE, after="3.9.1", until="3.9.1")) == []


def test_release_notes_are_about_one_database() -> None:
    """What only SQLite had, PostgreSQL cannot lose."""
    ids = {
        database: {
            change.id
            for one in release_notes(database, after=OLDEST, until=NEWEST)
            for change in one.changes
        }
        for database in DATABASES
    }
    assert ids[SQLITE] - ids[POSTGRESQL] == {"log-search-on-sqlite"}
