"""What warnings say: each names the releases that it is about."""

from __future__ import annotations

import pytest

from mockserver.prefect.deviations import DEVIATIONS
from mockserver.prefect.dialects import DIALECTS, find_dialect
from mockserver.prefect.warnings import CLIENT_WARNINGS, WARNINGS, notes_of, warning_sentence

DROPPED = "the condition on that type or name is dropped; with no other one, every run matches"
OLD_AND_NEW = ("prefect-sqlite@3.6.16", "prefect-postgresql@3.8.8", *DIALECTS)


@pytest.mark.parametrize(
    ("dialect", "note", "sentence"),
    [
        ("spec", False, f"a real server (Prefect 3.6.16 to 3.9.0): {DROPPED}"),
        ("prefect-sqlite@3.9.0", False, f"a real server (Prefect 3.6.16 to 3.9.0): {DROPPED}"),
        ("prefect-postgresql@3.6.16", False, f"a real server (Prefect 3.6.16 to 3.9.0): {DROPPED}"),
        (
            "prefect-sqlite@3.9.1",
            True,
            f"note: not this server, but others (Prefect 3.6.16 to 3.9.0): {DROPPED}",
        ),
        (
            "prefect-postgresql",
            True,
            f"note: not this server, but others (Prefect 3.6.16 to 3.9.0): {DROPPED}",
        ),
    ],
)
def test_a_deviation_is_a_note_where_the_server_does_not_have_it(
    dialect: str, note: bool, sentence: str
) -> None:
    """The document stands for no server: whoever uses it may have any of them."""
    found = find_dialect(dialect)
    assert ("state-both-lists" in notes_of(found)) == note
    assert warning_sentence("state-both-lists", found) == sentence


@pytest.mark.parametrize(
    ("release", "note"), [("3.6.16", True), ("3.7.7", True), ("3.7.8", False), ("3.9.1", False)]
)
def test_a_deviation_that_began_later_is_a_note_before(release: str, note: bool) -> None:
    """Before 3.7.8 a body without a content type that is JSON was refused, not ignored."""
    dialect = find_dialect(f"prefect-sqlite@{release}")
    assert ("body-ignored" in notes_of(dialect)) == note
    assert "(Prefect 3.7.8 and later): a body" in warning_sentence("body-ignored", dialect)


@pytest.mark.parametrize("name", OLD_AND_NEW)
def test_every_warning_has_a_sentence_under_every_dialect(name: str) -> None:
    """A deviation's names its releases; those about the client's own mistakes are never notes."""
    dialect = find_dialect(name)
    for deviation in DEVIATIONS:
        if not deviation.silent:
            assert f"({deviation.where}): " in warning_sentence(deviation.id, dialect)
    for warning, sentence in CLIENT_WARNINGS.items():
        assert warning_sentence(warning, dialect) == sentence
        assert warning not in notes_of(dialect)
    assert len(WARNINGS) == len(set(WARNINGS))
