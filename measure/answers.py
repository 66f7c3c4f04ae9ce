"""Write what releases answered as histories: tests/data/releases/, see recorded_answers.py."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mockserver.prefect.deviations import DATABASES
from mockserver.prefect.releases import release_key
from tests.support.recorded_answers import (
    BASE,
    FOLDER,
    Answers,
    History,
    asked_releases,
    base_answers,
    forget_loaded,
    recorded_answers,
)

Json = Any
ABOUT: Mapping[str, str] = {
    "filters": "What releases selected for the filters of filters-prefect-3.8.8.json.",
    "requests": "What releases answered to the requests of requests-prefect-3.8.8.json.",
    "endpoints": "What releases answered to the requests of tests/support/endpoint_requests/.",
    "objects": "What releases answered to the requests of tests/support/object_requests/.",
    "transitions": "What releases did in the cases of tests/support/transition_cases/.",
    "lists": "What releases answered to the bodies of lists-prefect-3.8.8.json.",
    "server": "What releases say about themselves, and how their document differs from ours.",
    "probes": "What releases answered to the request of each registered deviation and change.",
}


def keep_answers(kind: str, release: str, database: str, answers: Answers) -> None:
    """Put the answers of a release on a database into the file of their kind."""
    found = {
        name: {asked: recorded_answers(kind, asked, name) for asked in asked_releases(kind, name)}
        for name in DATABASES
    }
    found[database][release] = dict(answers)
    write_answers(kind, found)


def write_answers(kind: str, found: Mapping[str, Mapping[str, Answers]]) -> None:
    """Write the file of a kind from all answers, by database and release."""
    asked = {database: sorted(found[database], key=release_key) for database in found}
    histories = {
        database: make_histories(
            base_answers(kind, database),
            {release: found[database][release] for release in releases},
        )
        for database, releases in asked.items()
    }
    lines = format_file(ABOUT[kind], asked, merge_databases(histories))
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{kind}.json").write_text("\n".join(lines) + "\n", encoding="utf-8")
    forget_loaded()


def canonical(value: Json) -> str:
    """JSON text that is the same for equal values, and tells 1 from 1.0 and true."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def make_histories(base: Answers, answers: Mapping[str, Answers]) -> dict[str, History]:
    """The history of each case whose answers are not all the base's.

    `answers` are those of each release that was asked, the oldest first.
    """
    keys = list(dict.fromkeys(key for each in (base, *answers.values()) for key in each))
    found: dict[str, History] = {}
    for key in keys:
        history = make_history(base.get(key, BASE), _answers_to(key, answers))
        if history:
            found[key] = history
    return found


def _answers_to(key: str, answers: Mapping[str, Answers]) -> Iterator[tuple[str, Json]]:
    for release, each in answers.items():
        if key in each:
            yield release, each[key]


def make_history(base: Json, answers: Iterable[tuple[str, Json]]) -> dict[str, Json]:
    """The releases from which on a case was answered otherwise, and how.

    `answers` are a release and its answer each, the oldest first.
    """
    history: dict[str, Json] = {}
    last = canonical(base)
    for release, answer in answers:
        text = canonical(answer)
        if text != last:
            last = text
            history[release] = BASE if text == canonical(base) else answer
    return history


def merge_databases(histories: Mapping[str, Mapping[str, History]]) -> dict[str, Json]:
    """One history for each case, or one for each database where they differ."""
    keys = list(dict.fromkeys(key for each in histories.values() for key in each))
    merged: dict[str, Json] = {}
    for key in sorted(keys, key=_natural):
        mine = {database: each.get(key, {}) for database, each in histories.items()}
        first, *others = mine.values()
        alike = all(canonical(first) == canonical(other) for other in others)
        merged[key] = first if alike else {name: one for name, one in mine.items() if one}
    return merged


def _natural(key: str) -> tuple[Any, ...]:
    """Sorts `paths/9` before `paths/10`."""
    name, _, number = key.rpartition("/")
    return (name, int(number), "") if number.isdigit() else (name, -1, number)


def format_file(
    about: str, asked: Mapping[str, Iterable[str]], cases: Mapping[str, Json]
) -> Iterator[str]:
    """The lines of a file: each entry of a history is on a line of its own."""
    yield f'{{"about": {json.dumps(about)},'
    yield f'"asked": {json.dumps(asked)},'
    yield '"cases": {'
    yield ",\n".join(f"{json.dumps(key)}: {_format_history(one)}" for key, one in cases.items())
    yield "}}"


def _format_history(history: Json) -> str:
    return json.dumps(history, ensure_ascii=False, separators=(",", ":"))
