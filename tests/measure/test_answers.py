"""Histories keep all answers of all releases, in text that does not change without reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from measure import answers
from measure.answers import (
    canonical,
    format_file,
    keep_answers,
    make_histories,
    make_history,
    merge_databases,
)
from tests.support import recorded_answers
from tests.support.paths import DATA
from tests.support.recorded_answers import BASE, KINDS, answer_at, asked_releases, load_histories


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"3.6.16": 1, "3.8.8": 1, "3.9.1": 1}, {}),
        ({"3.6.16": 2, "3.8.8": 1}, {"3.6.16": 2, "3.8.8": BASE}),
        (
            {"3.6.16": 2, "3.7.0": 2, "3.8.8": 1, "3.9.1": 3},
            {"3.6.16": 2, "3.8.8": BASE, "3.9.1": 3},
        ),
        ({"3.8.8": 1, "3.9.0": 1.0}, {"3.9.0": 1.0}),
        ({"3.8.8": 1, "3.9.0": True}, {"3.9.0": True}),
        ({"3.9.1": 2}, {"3.9.1": 2}),
    ],
)
def test_a_history_has_an_entry_where_the_answer_changes(
    given: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Before the first entry, and where one says so, the base's answer counts; 1 is not 1.0."""
    history = make_history(1, given.items())
    assert canonical(history) == canonical(expected)
    for release, answer in given.items():
        found = answer_at(history, release)
        assert canonical(1 if found == BASE else found) == canonical(answer)


def test_cases_without_a_base_begin_with_the_first_release() -> None:
    """Kinds without a base have all their answers in the history."""
    found = make_histories({}, {"3.6.16": {"a": 1}, "3.6.17": {"a": 1, "b": 2}})
    assert found == {"a": {"3.6.16": 1}, "b": {"3.6.17": 2}}


def test_databases_share_a_history_only_if_it_is_the_same() -> None:
    """A case with one history for both has no databases in it; keys are in natural order."""
    merged = merge_databases(
        {
            "sqlite": {"g/10": {"3.9.1": 1}, "g/9": {"3.9.1": 1}},
            "postgresql": {"g/9": {"3.9.1": 1}, "g/10": {"3.9.1": 2}, "a": {"3.9.1": 3}},
        }
    )
    assert list(merged) == ["a", "g/9", "g/10"]
    assert merged["g/9"] == {"3.9.1": 1}
    assert merged["g/10"] == {"sqlite": {"3.9.1": 1}, "postgresql": {"3.9.1": 2}}
    assert merged["a"] == {"postgresql": {"3.9.1": 3}}


def test_a_file_has_a_case_on_each_line() -> None:
    """So that a changed answer is one changed line."""
    lines = [*format_file("About.", {"sqlite": ["3.9.1"]}, {"a": {"3.9.1": 1}, "b": {"3.9.1": 2}})]
    text = "\n".join(lines)
    assert json.loads(text)["cases"] == {"a": {"3.9.1": 1}, "b": {"3.9.1": 2}}
    assert text.splitlines()[3] == '"a": {"3.9.1":1},'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(answers, "FOLDER", tmp_path)
    monkeypatch.setattr(recorded_answers, "FOLDER", tmp_path)
    recorded_answers.forget_loaded()
    yield tmp_path
    recorded_answers.forget_loaded()


def test_asking_a_release_again_changes_nothing(folder: Path) -> None:
    """The same answers give the same file, and another release leaves those before alone."""
    keep_answers("server", "3.9.0", "sqlite", {"/version": "0.8.4"})
    first = (folder / "server.json").read_text()
    keep_answers("server", "3.9.0", "sqlite", {"/version": "0.8.4"})
    assert (folder / "server.json").read_text() == first
    keep_answers("server", "3.8.8", "sqlite", {"/version": "0.8.3"})
    assert asked_releases("server", "sqlite") == ["3.8.8", "3.9.0"]
    assert load_histories("server", "sqlite") == {"/version": {"3.8.8": "0.8.3", "3.9.0": "0.8.4"}}
    assert load_histories("server", "postgresql") == {}


@pytest.mark.parametrize("kind", KINDS)
def test_the_committed_files_are_as_they_would_be_written(kind: str, folder: Path) -> None:
    """Nobody edited them by hand, and writing them anew makes no difference to review."""
    committed = DATA / "releases" / f"{kind}.json"
    text = committed.read_text(encoding="utf-8")
    (folder / f"{kind}.json").write_text(text, encoding="utf-8")
    release = asked_releases(kind, "sqlite")[-1]
    keep_answers(
        kind, release, "sqlite", recorded_answers.recorded_answers(kind, release, "sqlite")
    )
    assert (folder / f"{kind}.json").read_text(encoding="utf-8") == text
