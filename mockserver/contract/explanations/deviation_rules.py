"""The deviations that no mock shows, and the requests and answers that they explain."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...prefect import Dialect
from ..exchanges import SentRequest
from ..server import Answer


@dataclass(frozen=True, slots=True)
class DeviationRule:
    """A failure that no mock shows, and the deviation that explains it.

    `operation` is a pattern for the whole operation; `predicate` says whether the dialect, the
    request and the answer fit.
    """

    deviation: str
    operation: str
    predicate: Callable[[Dialect, SentRequest, Answer], bool]

    def matches(self, dialect: Dialect, sent: SentRequest, answer: Answer) -> bool:
        """Whether the deviation explains the answer."""
        return bool(re.fullmatch(self.operation, sent.operation)) and self.predicate(
            dialect, sent, answer
        )


def _fails_on_unstorable_value(dialect: Dialect, sent: SentRequest, answer: Answer) -> bool:
    """500 or 503 to a text or number that the dialect's database cannot hold."""
    return (
        dialect.undocumented_5xx is not None
        and answer.status in (500, 503)
        and any(map(_is_unstorable, _leaves(sent.json)))
    )


def _is_unstorable(value: object) -> bool:
    if isinstance(value, str):
        # PostgreSQL stores no NUL, and UTF-8 has no surrogates (RFC 3629).
        return "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, float) and not math.isfinite(value):
        return True
    # Integers of more than 32 bits may not fit the column that they are stored in.
    return isinstance(value, int | float) and not -(2**31) <= value < 2**31


def _leaves(value: Any) -> Iterator[object]:
    """The keys of all objects in a JSON value, and all values that are no object and no array."""
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, dict):
            stack += [*current, *current.values()]
        elif isinstance(current, list):
            stack += current
        else:
            yield current


def _has_unreadable_labels(dialect: Dialect, sent: SentRequest, _answer: Answer) -> bool:
    """Labels that a real server stores and cannot read: the next request to read them fails."""
    labels = sent.json
    return dialect.unreadable_labels and (
        isinstance(labels, dict)
        and any(value is None or isinstance(value, dict | list) for value in labels.values())
    )


def _has_huge_integers(dialect: Dialect, sent: SentRequest, answer: Answer) -> bool:
    """Integers of more than 64 bits, which a real server stores and cannot list."""
    return (
        dialect.huge_integers
        and answer.status < 400
        and any(
            # Lists are written with orjson, which takes these 64 bits and no more (Prefect:
            # api/flow_runs.py, read_flow_runs).
            isinstance(value, int | float) and not -(2**63) <= value < 2**64
            for value in _leaves(sent.json)
        )
    )


def _fails_on_inputs(dialect: Dialect, _sent: SentRequest, answer: Answer) -> bool:
    """500 to the graph of task runs with inputs of other kinds than results (Prefect:
    models/flow_runs.py, read_task_run_dependencies).
    """
    return dialect.undocumented_5xx is not None and answer.status == 500


def _fails_on_first_data(dialect: Dialect, sent: SentRequest, answer: Answer) -> bool:
    """500 to a task run whose first state has data; a mock has not its flow run, and shows 409."""
    given = sent.json if isinstance(sent.json, dict) else {}
    state = given.get("state")
    has_data = isinstance(state, dict) and state.get("data") is not None
    return dialect.create_with_data and has_data and answer.status == 500


DEVIATION_RULES: Sequence[DeviationRule] = (
    DeviationRule("create-with-data", r"POST /task_runs/", _fails_on_first_data),
    DeviationRule("huge-integers", r"(POST|PATCH) /flow_runs/.*", _has_huge_integers),
    DeviationRule("unreadable-labels", r"PATCH /flow_runs/{id}/labels", _has_unreadable_labels),
    DeviationRule("undocumented-5xx", r"GET /flow_runs/{id}/graph", _fails_on_inputs),
    DeviationRule("undocumented-5xx", r".*", _fails_on_unstorable_value),
)
