"""What releases changed, and what differs between two: told alike for deviations and changes."""

from itertools import pairwise

import pytest

from mockserver.errors import UsageError
from mockserver.insight.release_differences import (
    Kind,
    compare_releases,
    describe_release,
    list_differences,
)
from mockserver.prefect import CHANGES, DATABASES, DEVIATIONS, NEWEST, OLDEST, RELEASES
from mockserver.prefect.dialects import dialect_for


def test_every_change_and_every_end_of_a_deviation_is_listed_once() -> None:
    """What the two registries say comes or goes after the first release, and nothing else."""
    listed = [(one.id, one.kind) for one in list_differences()]
    assert len(listed) == len(set(listed))
    expected = {(one.id, Kind.CHANGED) for one in CHANGES}
    expected |= {(one.id, Kind.FIXED) for one in DEVIATIONS if one.until}
    expected |= {(one.id, Kind.DEVIATES) for one in DEVIATIONS if one.since != OLDEST}
    assert set(listed) == expected


def test_the_earliest_release_comes_first() -> None:
    """The list is a history."""
    releases = [RELEASES.index(one.release) for one in list_differences()]
    assert releases == sorted(releases)


def test_one_database_has_no_differences_of_the_other() -> None:
    """log-search-on-sqlite is about SQLite only."""
    on_both, on_one = (
        {one.id for one in list_differences(databases)} for databases in (DATABASES, ["postgresql"])
    )
    assert on_both - on_one == {"log-search-on-sqlite"}


@pytest.mark.parametrize(
    ("id_", "kind", "release", "is_document_told_before"),
    [
        ("state-both-lists", Kind.FIXED, "3.9.1", False),
        ("empty-list-condition", Kind.FIXED, "3.6.23", False),
        ("body-ignored", Kind.DEVIATES, "3.7.8", True),
    ],
)
def test_a_deviation_comes_or_goes_with_a_release(
    id_: str, kind: Kind, release: str, is_document_told_before: bool
) -> None:
    """The release is the first that does what is said after it; the document is on one side."""
    (one,) = (one for one in list_differences() if one.id == id_)
    assert (one.kind, one.release) == (kind, release)
    assert (one.before == one.document) is is_document_told_before
    assert one.told_for(release) == one.after
    assert one.told_for(RELEASES[RELEASES.index(release) - 1]) == one.before


def test_a_change_has_no_document() -> None:
    """The document does not say what is right."""
    (one,) = (one for one in list_differences() if one.id == "late-once")
    assert (one.document, one.step) == (None, "changed in 3.7.6")


def compared(before: str, after: str, database: str = "sqlite") -> list[str]:
    releases = compare_releases(dialect_for(database, before), dialect_for(database, after))
    return [one.id for one in releases.differences]


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("release", RELEASES)
def test_a_release_does_not_differ_from_itself(release: str, database: str) -> None:
    """Nothing differs; nor does it count as a step down."""
    dialect = dialect_for(database, release)
    releases = compare_releases(dialect, dialect)
    assert (releases.differences, releases.word) == ((), "upgrade")


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize(("before", "after"), list(pairwise(RELEASES)))
def test_dialects_differ_where_differences_are_told(before: str, after: str, database: str) -> None:
    """Each step's differences name the fields of the dialect that change on this database.

    A field about the other database only changes with the release, too; nobody asks it.
    """
    one, other = dialect_for(database, before), dialect_for(database, after)
    fields = [name for name in type(one).__dataclass_fields__ if name not in ("name", "release")]
    changed = {name for name in fields if getattr(one, name) != getattr(other, name)}
    told = {each.field for each in compare_releases(one, other).differences}
    elsewhere = {each.field for each in list_differences(after=before, until=after)}
    assert told & set(fields) <= changed <= elsewhere


def test_a_downgrade_differs_in_the_same_the_other_way_round() -> None:
    """The latest release comes first, because it is left first."""
    up, down = compared("3.8.8", "3.9.1"), compared("3.9.1", "3.8.8")
    assert up == down[::-1]
    assert {"state-both-lists", "names-needed"} <= set(up)
    releases = compare_releases(dialect_for("sqlite", "3.9.1"), dialect_for("sqlite", "3.8.8"))
    assert releases.word == "downgrade"


def test_databases_differ_in_what_an_upgrade_changes() -> None:
    """On PostgreSQL the search in logs always worked."""
    extra = set(compared("3.9.0", "3.9.1")) - set(compared("3.9.0", "3.9.1", "postgresql"))
    assert extra == {"log-search-on-sqlite"}


def test_a_release_that_was_not_measured_is_compared_as_the_one_before_it() -> None:
    """3.6.40 is as 3.6.29, and one that is newer than all is as the newest."""
    assert compared("3.6.40", "3.7.0") == compared("3.6.29", "3.7.0")
    assert compared("3.9.0", "3.12.0") == compared("3.9.0", NEWEST)


def test_a_release_is_described() -> None:
    """Its deviations, what it changed, and what the next release with a change changes."""
    facts = describe_release("3.8.6")
    ids = {one.id for one in facts.deviations}
    assert "state-both-lists" in ids
    assert "empty-list-condition" not in ids
    assert {one.id for one in facts.changed} == {"pause-cancellable", "history-exact"}
    assert {one.release for one in facts.next} == {"3.8.7"}


def test_the_oldest_release_changed_nothing_and_the_newest_is_the_last() -> None:
    """There is nothing to compare the first with, and nothing after the last."""
    assert describe_release(OLDEST).changed == ()
    assert describe_release(OLDEST).next != ()
    assert describe_release(NEWEST).changed != ()
    assert describe_release(NEWEST).next == ()


def test_a_release_that_was_not_measured_is_described_as_the_one_before_it() -> None:
    """It has its deviations; what it changed itself is not known."""
    facts = describe_release("3.12.0")
    assert (facts.release, facts.measured) == ("3.12.0", NEWEST)
    assert facts.deviations == describe_release(NEWEST).deviations
    assert facts.changed == ()


def test_a_description_can_be_of_one_database() -> None:
    """Deviations of the other database only are left out."""
    sqlite, postgresql = (
        {one.id for one in describe_release(NEWEST, (database,)).deviations}
        for database in DATABASES
    )
    assert "lateness-whole-seconds" in sqlite - postgresql


@pytest.mark.parametrize("release", ["3.5.0", "soon", ""])
def test_an_unknown_release_is_refused_with_the_list(release: str) -> None:
    """The error says which there are."""
    with pytest.raises(UsageError, match=r"measured are 3\.6\.16 to"):
        describe_release(release)
