"""Write the answers of the base into the files of the cases.

Done when cases are added to those that Python defines: endpoints and transitions. The other kinds
keep their cases in the files, with the answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mockserver.errors import UsageError
from mockserver.prefect.deviations import DATABASES, SQLITE
from tests.support import endpoint_cases, transition_runner
from tests.support.endpoint_requests import GROUPS
from tests.support.recorded_answers import BASE, Answers, base_answers, forget_loaded

Json = Any


def keep_base_answers(kind: str, database: str, answers: Answers) -> None:
    """Rewrite the file of a kind where the base answered otherwise, or has new cases.

    Raises UsageError for a kind whose cases are in its file and were answered otherwise.
    """
    before = base_answers(kind, database)
    if not before or before == answers:
        return
    write = _WRITERS.get(kind)
    if write is None:
        differ = sum(before[key] != answer for key, answer in answers.items())
        raise UsageError(
            f"{kind}: {differ} answers of {BASE} are not those in tests/data; "
            "only endpoints and transitions are recorded anew"
        )
    write(database, answers)
    forget_loaded()


def _write_transitions(database: str, answers: Answers) -> None:
    if database == SQLITE:
        transition_runner.CASES.write_text(format_transitions(answers), encoding="utf-8")


def _write_endpoints(database: str, answers: Answers) -> None:
    """Keep the outcomes on the other database; new requests take this one's until it is asked."""
    outcomes = {
        name: {**answers, **(answers if name == database else base_answers("endpoints", name))}
        for name in DATABASES
    }
    groups = {
        name: {
            group: [found[f"{group}/{place}"] for place in range(len(requests))]
            for group, requests in GROUPS.items()
        }
        for name, found in outcomes.items()
    }
    endpoint_cases.CASES.write_text(format_endpoints(groups), encoding="utf-8")


_WRITERS: Mapping[str, Callable[[str, Answers], None]] = {
    "endpoints": _write_endpoints,
    "transitions": _write_transitions,
}


def format_endpoints(groups: Mapping[str, Mapping[str, Sequence[Json]]]) -> str:
    """JSON with each different outcome on a line, and a line for each group of requests.

    `groups` are the outcomes of each group, by database.
    """
    numbers: dict[str, int] = {}

    def number(outcomes: Sequence[Json]) -> int:
        one, other = map(json.dumps, outcomes)
        text = one if one == other else f'{{"sqlite": {one}, "postgresql": {other}}}'
        return numbers.setdefault(text, len(numbers))

    sqlite, postgresql = (groups[database] for database in DATABASES)
    places = {
        group: [number(both) for both in zip(outcomes, postgresql[group], strict=True)]
        for group, outcomes in sqlite.items()
    }
    lines = ",\n".join(numbers)
    rows = ",\n".join(f"{json.dumps(group)}: {found}" for group, found in places.items())
    return f'{{"outcomes": [\n{lines}\n],\n"groups": {{\n{rows}\n}}}}\n'


def format_transitions(found: Mapping[str, Sequence[Json]]) -> str:
    """JSON with one outcome on a line."""

    def lines(outcomes: Sequence[Json]) -> str:
        return ",\n".join(
            json.dumps(each, sort_keys=True, separators=(",", ":")) for each in outcomes
        )

    inner = ",\n".join(f"{json.dumps(name)}: [\n{lines(found[name])}\n]" for name in sorted(found))
    return f"{{\n{inner}\n}}\n"
