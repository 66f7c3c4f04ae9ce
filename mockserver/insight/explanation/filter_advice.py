"""What a filter on flow runs cannot say, and what can be said instead.

The table has keys that people write: those of Prefect's other filters, of databases, of common
sense. In its texts $value is what was sent, $criterion where; tests/insight/explanation holds that
each filter in them is one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from string import Template
from typing import Any

from ...errors import InvalidRequest, to_single_line
from ...filters import CONDITIONS, FlowRunFilter
from ...prefect import Dialect, StateType

MAX_PROBLEMS = 20
"""How many problems of a filter are told."""

_CHOOSE = (
    "list the runs with POST /flow_runs/filter, choose them in your script, and send the ids of "
    'those to delete as {"id": {"any_": [...]}}'
)
_ALL_BUT = (
    "a filter cannot say what to leave out here. List the runs with POST /flow_runs/filter, drop "
    'those to keep in your script, and send the ids of the rest as {"id": {"any_": [...]}}. Or '
    'list those to keep by {"$criterion": {"$positive": $value}} and send their ids as '
    '{"id": {"not_any_": [...]}}: runs that come later are then not spared'
)
_BESIDE = (
    "bulk_delete takes a filter on flow runs alone. POST /flow_runs/filter takes others beside it, "
    'such as {"flows": {"name": {"any_": ["etl"]}}}, deployments, work_pools and task_runs: list '
    'the runs there, and send their ids as {"id": {"any_": [...]}}'
)
_NO_TIME = (
    "no filter looks at this time. end_time, start_time and expected_start_time, which is set when "
    'a run is created, take {"before_": "2026-01-31T00:00:00Z"}; for the time itself, ' + _CHOOSE
)
_COMBINE = (
    'criteria are combined by {"operator": "and_"} or {"operator": "or_"} beside them, for all '
    "of them at once; for more, send several requests"
)
_STATE = 'say {"state": {"type": {"any_": ["COMPLETED"]}}}, or the same with name and "Completed"'

ADVICE: Mapping[str, str] = {
    "tags.not_any_": _ALL_BUT,
    "tags.not_all_": _ALL_BUT,
    "tags.none_": _ALL_BUT,
    "name.not_any_": _ALL_BUT,
    "name.not_like_": _ALL_BUT,
    "deployment_id.not_any_": _ALL_BUT,
    "work_queue_name.not_any_": _ALL_BUT,
    "flow_version.not_any_": _ALL_BUT,
    "parent_flow_run_id.not_any_": _ALL_BUT,
    "parent_task_run_id.not_any_": _ALL_BUT,
    "parent_flow_run_id.is_null_": 'say {"parent_task_run_id": {"is_null_": true}}: a run without '
    "a parent has neither",
    "name.startswith_": "like_ finds a text anywhere in a name; for its beginning alone, "
    + _CHOOSE,
    "name.endswith_": "like_ finds a text anywhere in a name; for its end alone, " + _CHOOSE,
    "name.regex_": "like_ finds a text anywhere in a name; for a pattern, " + _CHOOSE,
    "tags.like_": "tags are compared as a whole; for a part of a tag, " + _CHOOSE,
    "state.any_": _STATE,
    "state.not_any_": 'say {"state": {"type": {"not_any_": ["RUNNING"]}}}, or the same with name',
    "state.is_null_": "every run that was ever scheduled has a state; " + _CHOOSE,
    "state_type": _STATE,
    "state_name": 'say {"state": {"name": {"any_": ["Completed"]}}}',
    "created": _NO_TIME,
    "updated": _NO_TIME,
    "flow": _BESIDE,
    "flows": _BESIDE,
    "flow_id": _BESIDE,
    "flow_name": _BESIDE,
    "deployment": _BESIDE,
    "deployments": _BESIDE,
    "deployment_name": _BESIDE,
    "work_pool": _BESIDE,
    "work_pools": _BESIDE,
    "work_pool_name": _BESIDE,
    "work_queues": _BESIDE,
    "work_pool_queues": _BESIDE,
    "task_runs": _BESIDE,
    "flow_run_name": 'say {"name": {"any_": ["my-run"]}}',
    "parameters": "no filter looks at parameters: " + _CHOOSE,
    "labels": "no filter looks at labels: " + _CHOOSE,
    "run_count": "no filter looks at it: " + _CHOOSE,
    "total_run_time": "no filter looks at it: " + _CHOOSE,
    "and_": _COMBINE,
    "or_": _COMBINE,
    "not_": "a filter has no negation but not_any_ of id, state.type, state.name and "
    "idempotency_key: " + _CHOOSE,
    "limit": 'it stands beside the filter: {"flow_runs": {}, "limit": 50}',
    "sort": "bulk_delete deletes those with the highest ids first; for another order, " + _CHOOSE,
    "offset": "bulk_delete has none: what it deleted is gone, so the next call goes on",
    # Of any criterion.
    "*.gt_": 'say after_, which includes the instant itself: {"$criterion": {"after_": $value}}',
    "*.gte_": 'say {"$criterion": {"after_": $value}}',
    "*.lt_": 'say before_, which includes the instant itself: {"$criterion": {"before_": $value}}',
    "*.lte_": 'say {"$criterion": {"before_": $value}}',
    "*.eq_": 'any_ takes a list: {"$criterion": {"any_": [$value]}}',
    "*.in_": 'say {"$criterion": {"any_": $value}}',
}
"""What to say instead of a key, by where it stands in a filter: `tags.not_any_`."""

_NEGATED = {"not_all_": "all_", "not_like_": "like_"}
_WHY = {
    "extra_forbidden": "there is no such key",
    "model_type": "expected an object",
    "model_attributes_type": "expected an object",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of a filter, such as `tags.not_any_`; what to say instead."""

    place: str
    why: str
    instead: tuple[str, ...]


def list_problems(refusal: InvalidRequest) -> tuple[Problem, ...]:
    """The first problems of a filter that is refused."""
    return tuple(map(_problem, refusal.errors[:MAX_PROBLEMS]))


def _problem(error: Mapping[str, Any]) -> Problem:
    path = _path(error["loc"])
    why = to_single_line(_WHY.get(error["type"], error["msg"]), 300)
    return Problem(".".join(path) or "the body", why, tuple(_advise(path, error)))


def tell_refusal(refusal: InvalidRequest, dialect: Dialect) -> str:
    """What is wrong with a filter that is refused, and what to say instead.

    Some lines; the first goes on a sentence that begins with the filter.
    """
    lines = [f"is refused by {dialect.name}, and nothing is deleted:"]
    for problem in list_problems(refusal):
        lines.append(f"  {problem.place}: {problem.why}")
        lines += [f"    instead: {text}" for text in problem.instead]
    if len(refusal.errors) > MAX_PROBLEMS:
        lines.append(f"  ... and {len(refusal.errors) - MAX_PROBLEMS:,} more")
    return "\n".join(lines)


def _path(loc: Sequence[Any]) -> list[str]:
    """Where in the filter it is: the place in the request without what all places begin with."""
    path = [to_single_line(str(part), 80) for part in loc if part != "body"]
    return path[1:] if path[:1] == ["flow_runs"] and len(path) > 1 else path


def _advise(path: list[str], error: Mapping[str, Any]) -> Iterator[str]:
    if error["type"] == "extra_forbidden":
        yield advise_key(path, error.get("input"))
    elif error["type"] in ("model_type", "model_attributes_type") and path:
        yield from _advise_object(path, error.get("input"))
    elif error["type"] == "enum" and isinstance(error.get("input"), str):
        wanted = [one.value for one in StateType]
        close = get_close_matches(error["input"].upper(), wanted, 1)
        yield from (f'"{one}"' for one in close)
    elif path[-1:] in (["before_"], ["after_"]):
        yield "work the time out in your script, and send it as 2026-01-31T00:00:00Z"


def advise_key(path: Sequence[str], value: object) -> str:
    """What to say instead of a key that a filter does not have."""
    dotted, last = ".".join(path), path[-1]
    criterion = ".".join(path[:-1])
    text = ADVICE.get(dotted) or ADVICE.get(f"*.{last}" if criterion else "")
    if text is None:
        return _similar_keys(criterion, last)
    positive = _NEGATED.get(last, "any_")
    shown = to_single_line(json.dumps(value), 120)
    return Template(text).safe_substitute(value=shown, criterion=criterion, positive=positive)


def _similar_keys(criterion: str, key: str) -> str:
    known = keys_in(criterion)
    close = get_close_matches(key, known, 1)
    place = f"{criterion} has" if criterion else "a filter has"
    return (f"{close[0]}? " if close else "") + f"{place} {', '.join(known)}"


def keys_in(criterion: str) -> list[str]:
    """The keys of a criterion, such as `state.type`; of "" those of the filter."""
    if not criterion:
        return list(FlowRunFilter.model_fields)
    if criterion == "state":
        return ["type", "name", "operator"]
    return list(CONDITIONS.get(criterion, ()))


def _advise_object(path: list[str], value: object) -> Iterator[str]:
    """A criterion with a value in place of an object, such as {"tags": ["a"]}."""
    criterion = ".".join(path)
    if "any_" in keys_in(criterion):
        listed = value if isinstance(value, list) else [value]
        yield f'say {{"any_": {to_single_line(json.dumps(listed), 120)}}}'
    elif criterion == "state":
        yield _STATE
    elif criterion in CONDITIONS:
        yield f"{criterion} has {', '.join(keys_in(criterion))}"
