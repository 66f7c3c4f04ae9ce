"""Puts values of existing flow runs into generated requests.

Random ids and names match nothing. Every function is deterministic: the same arguments, with runs
created in the same order, give the same result. Arguments are never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from random import Random
from typing import Any

from ...prefect import openapi
from ..exchanges import RunsById

CURRENT_VERSION = "0.8.4"  # what clients of Prefect 3.8 send, by openapi.yaml
VERSION_HEADER = "x-prefect-api-version"
IS_TIME, IS_UUID = openapi.FORMAT_CHECKERS["date-time"], openapi.FORMAT_CHECKERS["uuid"]
_SUBSTITUTION_RATE = 0.6
# How often a generated version is sent unchanged: real servers refuse nearly all of them.
_INVALID_VERSION_RATE = 0.1

_TIME_FIELDS = frozenset(
    {"start_time", "end_time", "expected_start_time", "next_scheduled_start_time"}
)
# Criteria of a filter, or parts of one, whose values are a field of a run with the same name.
_TEXT_FIELDS = frozenset(
    {"name", "flow_version", "idempotency_key", "work_queue_name", "state_name"}
)


def substitute_known_values(body: Any, runs: RunsById, seed: object) -> Any:
    """The body of a request with many values of its filter replaced by values that runs have.

    A value keeps its type. A body without a filter of flow runs is returned as it is.
    """
    if not runs or not isinstance(body, dict) or not isinstance(body.get("flow_runs"), dict):
        return body
    # Seeded by the body: a request is changed in the same way whatever was sent before it.
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
    """The values that runs have of a criterion, and which texts these may replace."""
    if criterion == "id":
        return _ids_by_creation(runs), IS_UUID
    if criterion == "tags":
        # Sorted: the order of a set of texts differs from one process to the next.
        return sorted({tag for run in runs.values() for tag in run["tags"]}), _is_not_operator
    if criterion not in _TIME_FIELDS | _TEXT_FIELDS:
        return (), _is_not_operator
    values = {run.get(criterion) for run in runs.values()}
    return sorted(filter(None, values)), IS_TIME if criterion in _TIME_FIELDS else _is_not_operator


def _ids_by_creation(runs: RunsById) -> Sequence[str]:
    """The ids in the order in which the runs were created, which does not depend on the ids.

    A server makes up ids, so their own order differs from run to run.
    """
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
    """A valid body of bulk_delete, often with fewer criteria and a lower limit.

    No run matches many generated criteria at once, and a high limit leaves no run undeleted.
    """
    if not isinstance(body, dict):
        return body
    # Another text for each function, or all would draw the same numbers for a body.
    random = Random(repr((seed, "more", body)))  # noqa: S311
    filter_body = body.get("flow_runs")
    if isinstance(filter_body, dict) and filter_body and random.random() < _SUBSTITUTION_RATE:
        kept = random.sample(sorted(filter_body), random.randint(0, min(2, len(filter_body))))
        body = {**body, "flow_runs": {criterion: filter_body[criterion] for criterion in kept}}
    return {**body, "limit": random.randint(1, 3)} if random.random() < _SUBSTITUTION_RATE else body


def assign_to_runs(body: Any, runs: RunsById, seed: object) -> Any:
    """The body that creates a task run (an object) or log lines (a list), with an existing run.

    A record without a run could not be deleted. A log line of an unknown run is assigned as well; a
    task run of an unknown run is left, since servers refuse it.
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
    """`known` are the ids that the record may name; None: it may name any."""
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
    """The parameters of a flow run's path, often with the id of an existing run."""
    text = parameters.get("id")
    random = Random(repr((seed, text)))  # noqa: S311
    if runs and isinstance(text, str) and IS_UUID(text) and random.random() < _SUBSTITUTION_RATE:
        return {**parameters, "id": random.choice(_ids_by_creation(runs))}
    return dict(parameters)


def substitute_version(version: str, seed: object) -> str:
    """The current version in place of a generated one, most of the time.

    A real server answers 400 to a version that it refuses, and looks at nothing else.
    """
    random = Random(repr((seed, version)))  # noqa: S311
    return version if random.random() < _INVALID_VERSION_RATE else CURRENT_VERSION
