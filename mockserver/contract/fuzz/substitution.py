"""Makes generated requests meet the runs that are there: random ids and names hit nothing."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from random import Random
from typing import Any

from ...prefect import openapi
from .checks import RunsById

CURRENT_VERSION = "0.8.4"
VERSION_HEADER = "x-prefect-api-version"
IS_TIME, IS_UUID = openapi.FORMAT_CHECKERS["date-time"], openapi.FORMAT_CHECKERS["uuid"]
_SUBSTITUTION_RATE = 0.6
_INVALID_VERSION_RATE = (
    0.1  # how often a version that real servers refuse is sent as it was made up
)

_TEXT_FIELDS: Mapping[str, str] = {
    "name": "name",
    "flow_version": "flow_version",
    "idempotency_key": "idempotency_key",
    "work_queue_name": "work_queue_name",
}
_TIME_FIELDS = frozenset(
    {"start_time", "end_time", "expected_start_time", "next_scheduled_start_time"}
)


def substitute_known_values(body: Any, runs: RunsById, seed: object) -> Any:
    """The body with many of its values replaced by such as runs have; of the same type each.

    What is not a filter of flow runs stays as it is. The same arguments give the same body.
    """
    if not runs or not isinstance(body, dict) or not isinstance(body.get("flow_runs"), dict):
        return body
    random = Random(repr((seed, body)))  # noqa: S311 - test data, not secrets
    filter_body = {
        criterion: _substitute_criterion(criterion, conditions, runs, random)
        for criterion, conditions in body["flow_runs"].items()
    }
    return {**body, "flow_runs": filter_body}


def _substitute_criterion(criterion: str, conditions: Any, runs: RunsById, random: Random) -> Any:
    if not isinstance(conditions, dict) or random.random() > _SUBSTITUTION_RATE:
        return conditions
    if criterion == "state":
        name = _substitute_criterion("state_name", conditions.get("name"), runs, random)
        return {**conditions, "name": name} if "name" in conditions else conditions
    known, fits = _known_values(criterion, runs)
    if not known:
        return conditions
    return {key: _substitute_value(value, known, fits, random) for key, value in conditions.items()}


def _known_values(criterion: str, runs: RunsById) -> tuple[Sequence[str], Callable[[str], bool]]:
    """What runs have of a criterion, and which texts may stand for it."""
    if criterion == "id":
        return _ids_by_creation(runs), IS_UUID
    if criterion == "tags":
        return sorted({tag for run in runs.values() for tag in run["tags"]}), _is_not_operator
    key = (
        criterion if criterion in {*_TIME_FIELDS, "state_name"} else _TEXT_FIELDS.get(criterion, "")
    )
    values = {run.get(key) for run in runs.values()}
    return sorted(filter(None, values)), openapi.FORMAT_CHECKERS[
        "date-time"
    ] if key in _TIME_FIELDS else _is_not_operator


def _ids_by_creation(runs: RunsById) -> Sequence[str]:
    """The ids in the order in which the runs were made: the ids themselves no seed determines."""
    return sorted(runs, key=lambda run_id: (str(runs[run_id].get("created")), run_id))


def _is_not_operator(text: str) -> bool:
    return text not in ("and_", "or_")


def _substitute_value(
    value: Any, known: Sequence[str], fits: Callable[[str], bool], random: Random
) -> Any:
    if isinstance(value, list):
        return [_substitute_value(one, known, fits, random) for one in value]
    return random.choice(known) if isinstance(value, str) and fits(value) else value


def loosen_bulk_delete(body: Any, seed: object) -> Any:
    """A bulk_delete that is right, often with fewer criteria and a lower limit: of many criteria
    that are made up nothing meets all, and of a high limit nothing is left.
    """
    if not isinstance(body, dict):
        return body
    random = Random(repr((seed, "more", body)))  # noqa: S311
    filter_body = body.get("flow_runs")
    if isinstance(filter_body, dict) and filter_body and random.random() < _SUBSTITUTION_RATE:
        kept = random.sample(sorted(filter_body), random.randint(0, min(2, len(filter_body))))
        body = {**body, "flow_runs": {criterion: filter_body[criterion] for criterion in kept}}
    return {**body, "limit": random.randint(1, 3)} if random.random() < _SUBSTITUTION_RATE else body


def assign_to_runs(body: Any, runs: RunsById, seed: object) -> Any:
    """A task run or lines of a log, of a run that is there wherever they name none: they go with
    it, and what is of no run stays for ever. A task run of a run that is not there is refused.
    """
    if not runs:
        return body
    random = Random(repr((seed, "belong", body)))  # noqa: S311
    if isinstance(body, list):
        return [_assign_to_run(line, runs, random, runs.keys()) for line in body]
    return _assign_to_run(body, runs, random)


def _assign_to_run(
    record: Any, runs: RunsById, random: Random, known: Container[str] | None = None
) -> Any:
    """`known`: what it may name; None: anything."""
    if not isinstance(record, dict):
        return record
    named = record.get("flow_run_id")
    is_unknown = known is not None and isinstance(named, str) and named.lower() not in known
    if named is None or (is_unknown and IS_UUID(named)):
        return {**record, "flow_run_id": random.choice(_ids_by_creation(runs))}
    return record


def substitute_path_id(
    parameters: Mapping[str, Any], runs: RunsById, seed: object
) -> dict[str, Any]:
    """The parameters of a flow run's path, often with the id of one that is there."""
    text = parameters.get("id")
    random = Random(repr((seed, text)))  # noqa: S311
    if runs and isinstance(text, str) and IS_UUID(text) and random.random() < _SUBSTITUTION_RATE:
        return {**parameters, "id": random.choice(_ids_by_creation(runs))}
    return dict(parameters)


def substitute_version(version: str, seed: object) -> str:
    """A version header that seldom is one that real servers refuse: else nothing else is tested."""
    random = Random(repr((seed, version)))  # noqa: S311
    return version if random.random() < _INVALID_VERSION_RATE else CURRENT_VERSION
