"""What each release of Prefect answered, on each database, to the recorded cases of each kind.

The files tests/data/<kind>-prefect-3.8.8.json hold the cases, and the answers of `BASE`. What the
other releases answered otherwise is in tests/data/releases/<kind>.json, which `python -m measure`
writes. There, `asked` has the releases that were asked on each database, and `cases` has for each
case whose answers are not all alike its history, one on a line: from a release on, the answer was
this one. "3.8.8" in place of an answer means that of the base, which also counts before the first
entry. Where the databases have different histories, there is one for each.

The answers have the form that the module of their kind describes:

- `filters`: the places of the selected flow runs, highest id first (recorded_cases.py)
- `requests`: status and reply (recorded_cases.py)
- `endpoints`: an outcome (endpoint_cases.py); cases are named `<group>/<place>`
- `objects`: the same, of the requests of `object_requests`; there is no base
- `transitions`: the outcomes of a case (transition_outcomes.py)
- `lists`: an answer (list_cases.py)
- `server`: parts of what a server says about itself; there is no base
- `probes`: what a server answers to the request of each registered deviation; there is no base
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from mockserver.prefect.deviations import DATABASES, SQLITE
from mockserver.prefect.dialects import dialect_for
from mockserver.prefect.releases import NEWEST, OLDEST, is_within
from tests.support import endpoint_cases, list_cases, transition_runner
from tests.support.paths import DATA

Json = Any
Answers = Mapping[str, Json]
"""An answer for each case, by the case's key."""
History = Mapping[str, Json]
"""The answer to a case from a release on, the oldest release first."""

BASE = "3.8.8"
"""The release whose answers are in the files of the cases; as an answer: the base's."""
FOLDER = DATA / "releases"


def recorded_answers(kind: str, release: str, database: str) -> dict[str, Json]:
    """What a release answered to every case of a kind, by the keys of the cases.

    A release that was not asked on the database answers as the one before it that was.
    """
    answers = dict(base_answers(kind, database))
    for key, history in load_histories(kind, database).items():
        answer = answer_at(history, release)
        if answer != BASE:
            answers[key] = answer
    return answers


def answer_at(history: History, release: str) -> Json:
    """The entry of a history that counts for a release."""
    found = [answer for since, answer in history.items() if is_within(release, since)]
    return found[-1] if found else BASE


def asked_releases(kind: str, database: str) -> list[str]:
    """The releases that were asked on a database, the oldest first."""
    return list(_load(kind)["asked"].get(database, ()))


def load_histories(kind: str, database: str) -> dict[str, History]:
    """The histories of the cases whose answers are not all those of the base."""
    found = {}
    for key, history in _load(kind)["cases"].items():
        mine = history.get(database, {}) if history.keys() & set(DATABASES) else history
        if mine:
            found[key] = mine
    return found


@cache
def _load(kind: str) -> Any:
    file = FOLDER / f"{kind}.json"
    if not file.exists():
        return {"asked": {}, "cases": {}}
    return json.loads(file.read_text(encoding="utf-8"))


def forget_loaded() -> None:
    """Read the files again when they are next asked for, as one has been written."""
    for loader in (_load, _base_endpoints, transition_runner.load_outcomes):
        loader.cache_clear()


# The base


def base_answers(kind: str, database: str) -> Answers:
    """What the base answered on a database."""
    return _BASES[kind](database)


@cache
def load_filter_data() -> Any:
    """The recorded filters: `flow_runs`, `task_runs` and `cases`."""
    return json.loads((DATA / f"filters-prefect-{BASE}.json").read_text(encoding="utf-8"))


@cache
def load_request_data() -> Any:
    """The recorded raw requests, with the answer of the base on SQLite."""
    recorded = json.loads((DATA / f"requests-prefect-{BASE}.json").read_text(encoding="utf-8"))
    for case in recorded:
        # Recorded on Python 3.11; since 3.13 json reports a trailing comma as such.
        if sys.version_info >= (3, 13) and case.get("body") == '{"limit":1,}':
            (problem,) = case["reply"]["exception_detail"]
            problem["loc"] = ["body", 10]
            problem["ctx"] = {"error": "Illegal trailing comma before end of object"}
    return recorded


@cache
def _base_filters(database: str) -> Answers:
    return {
        str(place): case.get(f"matches_{database}", case.get("matches"))
        for place, case in enumerate(load_filter_data()["cases"])
    }


@cache
def _base_requests(_: str) -> Answers:
    return {
        str(place): [case["status"], case["reply"]]
        for place, case in enumerate(load_request_data())
    }


@cache
def _base_endpoints(database: str) -> Answers:
    return {
        f"{group}/{place}": outcome
        for group, outcomes in endpoint_cases.load_outcomes(database).items()
        for place, outcome in enumerate(outcomes)
    }


def _base_transitions(_: str) -> Answers:
    return transition_runner.load_outcomes()


@cache
def _base_lists(database: str) -> Answers:
    return {
        str(place): list_cases.recorded_answer(case, f"prefect-{database}")
        for place, case in enumerate(list_cases.load_cases()["cases"])
    }


_BASES: Mapping[str, Callable[[str], Answers]] = {
    "filters": _base_filters,
    "requests": _base_requests,
    "endpoints": _base_endpoints,
    "transitions": _base_transitions,
    "lists": _base_lists,
    "objects": lambda _: {},
    "server": lambda _: {},
    "probes": lambda _: {},
}
KINDS = tuple(_BASES)
"""The kinds of cases."""


# Groups of releases that answer alike


def eras(kind: str, database: str, *, of_answers: bool = False) -> list[tuple[str, ...]]:
    """The releases that were asked, in groups of neighbours that answer alike, oldest first.

    Releases whose dialects differ in more than their names are in different groups, so that a
    replay of one release of each group shows what all dialects do; with `of_answers` only the
    recorded answers count.
    """
    starts = {since for history in load_histories(kind, database).values() for since in history}
    groups: list[list[str]] = []
    for release in asked_releases(kind, database):
        alike = groups and (of_answers or _same_behaviour(database, groups[-1][-1], release))
        if alike and release not in starts:
            groups[-1].append(release)
        else:
            groups.append([release])
    return [tuple(group) for group in groups]


def _same_behaviour(database: str, one: str, other: str) -> bool:
    """Whether the dialects of two releases have the same fields, but for name and release."""
    first, second = dialect_for(database, one), dialect_for(database, other)
    return replace(first, name=second.name, release=second.release) == second


def replayed_servers(kind: str) -> list[tuple[str, str]]:
    """The releases and databases to replay a kind for, one of each era: for `parametrize`."""
    return [
        (BASE if BASE in era else era[-1], database)
        for database in DATABASES
        for era in eras(kind, database)
    ]


@dataclass(frozen=True)
class Replay:
    """What a mock in the dialect of a release and database is asked again."""

    release: str
    database: str
    keys: frozenset[str]  # of the cases

    def __str__(self) -> str:
        """As its test is named."""
        return f"{self.release}-{self.database}"


def replays(kind: str) -> list[Replay]:
    """All cases for the ends of the releases and the base, and each change from both its sides.

    Between them a replayed release is asked the cases that it answers otherwise than the one before
    or after it: what a dialect says of a release it says from one on, or up to one.
    """
    found = []
    for database in DATABASES:
        histories = load_histories(kind, database)
        base = base_answers(kind, database)
        servers = [release for release, each in replayed_servers(kind) if each == database]
        answers = [
            {key: answer_at(history, release) for key, history in histories.items()}
            for release in servers
        ]
        for place, release in enumerate(servers):
            if release in (OLDEST, NEWEST) or (base and (release, database) == (BASE, SQLITE)):
                keys = {*base, *histories}
            else:
                beside = [*answers[max(place - 1, 0) : place], *answers[place + 1 : place + 2]]
                keys = {
                    key
                    for key, answer in answers[place].items()
                    if any(other[key] != answer for other in beside)
                }
            if keys:
                found.append(Replay(release, database, frozenset(keys)))
    return found
