"""Which known deviation explains a failure, and which refusals the document tells in words.

A failure is explained by a deviation if a mock that follows the document in all but this one
answers the request as the server did, and one that follows it in everything does not. So the
explanations are as good as the mock, and no list of them has to be kept. What the mock does not
show by a field of its dialect stands in a table.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from ...prefect import DEVIATIONS, SPEC, Deviation, Dialect, NulHandling, StateType
from ..server import Answer, TargetError
from .checks import SentRequest
from .mock_pool import MockPool

DEVIATIONS_BY_ID: Mapping[str, Deviation] = {deviation.id: deviation for deviation in DEVIATIONS}

# What decides a deviation that has no field of a dialect to itself.
_FIELD_OVERRIDES: Mapping[str, str] = {
    "like-nul": "nul",
    "nul-in-text": "nul",
    "policy-deprecated-keys": "lax_coercion",
    "policy-no-object": "lax_coercion",
    "falsy-names": "lax_coercion",
    "state-not-stored": "undocumented_5xx",
    "small-levels": "undocumented_5xx",
}
IN_EVERY_DIALECT = frozenset({"client-nulls", "empty-key"})
"""What the mock does, too, whatever its dialect: openapi.yaml says so where it differs."""


def dialect_field(deviation: str) -> str:
    """The field of a dialect that decides a deviation. Raises KeyError for one of every dialect."""
    if deviation in IN_EVERY_DIALECT:
        raise KeyError(deviation)
    return _FIELD_OVERRIDES.get(deviation, deviation.replace("-", "_"))


def shows_in(deviation: str, dialect: Dialect) -> bool | None:
    """Whether a server of this dialect shows a deviation; None where the document follows it."""
    if deviation in IN_EVERY_DIALECT:
        return None if dialect == SPEC else True
    if deviation == "nul-in-text":
        return dialect.nul is NulHandling.FAILS
    return bool(
        getattr(dialect, dialect_field(deviation)) != getattr(SPEC, dialect_field(deviation))
    )


@dataclass(frozen=True, slots=True)
class DocumentedRefusal:
    """A refusal of what the schema takes, which the document's text announces."""

    operations: str  # how they end, as a pattern
    status: int
    detail: str  # a pattern
    sentence: str


DOCUMENTED_REFUSALS: tuple[DocumentedRefusal, ...] = (
    DocumentedRefusal(
        r"POST .*/(filter|paginate)",
        422,
        r"Invalid (limit|offset|page): must be (less|greater) than or equal to \d+\.",
        "limit is 0 to 200, which the published schema does not say",
    ),
    DocumentedRefusal(
        r"POST /flow_runs/history",
        422,
        r"History interval must not be less than 1 second\.",
        "an interval is a second at least",
    ),
    DocumentedRefusal(
        r"POST /flow_runs/history",
        422,
        r"History must not leave the years 1-9999\.",
        "its intervals are within the years that date-times have",
    ),
    DocumentedRefusal(
        r"PATCH /flow_runs/{id}",
        400,
        r"Job variables for a flow run in state \w+ cannot be updated"
        r"|A deployment for the flow run could not be found"
        r"|Flow run state is required to update job variables but none exists",
        "job_variables change while the run is scheduled, and from a deployment",
    ),
    DocumentedRefusal(
        r"POST /task_runs/",
        422,
        r".*(retry_jitter_factor` must be >= 0|more than \d+ retry delays).*",
        "a policy has a factor of 0 or more, and 50 delays at most",
    ),
    DocumentedRefusal(
        r"(POST|PATCH) /flow_runs/.*",
        422,
        r".*parameters must be less than [\d,]+ bytes.*",
        "parameters have a size",
    ),
    DocumentedRefusal(
        r"PATCH /flow_runs/{id}/labels",
        422,
        r".*A label must be a text, a number or a boolean.*",
        "no reply could tell another label",
    ),
    DocumentedRefusal(
        r"GET /csrf-token", 422, r"CSRF protection is disabled\.", "that is its only answer"
    ),
    DocumentedRefusal(r"POST /v2/.*", 410, r"Lease .*", "a lease that is not there is gone"),
)


def is_documented_refusal(sent: SentRequest, answer: Answer) -> bool:
    """Whether the document's text announces this refusal."""
    detail = _refusal_text(answer)
    return any(
        one.status == answer.status
        and re.fullmatch(one.operations, sent.operation)
        and re.fullmatch(one.detail, detail)
        for one in DOCUMENTED_REFUSALS
    )


def _refusal_text(answer: Answer) -> str:
    """What a refusal says, in the document's shape or that of real servers."""
    try:
        reply = answer.json
    except ValueError:
        return ""
    if not isinstance(reply, dict):
        return ""
    detail = reply.get("detail", reply.get("exception_detail"))
    if isinstance(detail, list):
        return " ".join(str(one.get("msg")) for one in detail if isinstance(one, dict))
    return str(detail)


@dataclass
class Explainer:
    """Says which deviation of a dialect an answer is due to."""

    dialect: Dialect
    mocks: MockPool
    _cache: dict[tuple[object, ...], str | None] = field(default_factory=dict)

    def explain(self, sent: SentRequest, answer: Answer) -> str | None:
        """The id of the deviation, or None."""
        key = (sent.method, sent.path, sent.body, tuple(sent.headers.items()), answer.status)
        if key not in self._cache:
            self._cache[key] = self._explain_by_mocks(sent, answer) or self.explain_by_table(
                sent, answer
            )
        return self._cache[key]

    def explain_by_table(self, sent: SentRequest, answer: Answer) -> str | None:
        """The id of a deviation that no mock shows, or None."""
        return next(
            (one.deviation for one in DEVIATION_RULES if one.matches(self.dialect, sent, answer)),
            None,
        )

    def _explain_by_mocks(self, sent: SentRequest, answer: Answer) -> str | None:
        shape = answer_shape(answer)
        if shape in self._mock_answer_shapes(SPEC, sent):
            return None
        values = {
            dialect_field(deviation.id): (
                deviation.id,
                getattr(self.dialect, dialect_field(deviation.id)),
            )
            for deviation in reversed(DEVIATIONS)
            if shows_in(deviation.id, self.dialect) and deviation.id not in IN_EVERY_DIALECT
        }
        for name, (deviation, value) in reversed(values.items()):
            if shape in self._mock_answer_shapes(_with_fields(SPEC, {name: value}), sent):
                return deviation
        # Perhaps it takes more than one: then it is the one without which it is not so.
        if shape in self._mock_answer_shapes(self.dialect, sent):
            for name, (deviation, _) in reversed(values.items()):
                without = _with_fields(self.dialect, {name: getattr(SPEC, name)})
                if shape not in self._mock_answer_shapes(without, sent):
                    return deviation
        return None

    def _mock_answer_shapes(self, dialect: Dialect, sent: SentRequest) -> list[object]:
        """The shapes of what a mock may answer, by what the run is in that the path names, and by
        whether the flow is there that the body names.
        """
        shapes: list[object] = []
        run = RUN_PATH.match(sent.path)
        for state, flow in product(
            RUN_STATES if run else RUN_STATES[:1], {None, _flow_id_in(sent)}
        ):
            mock = self.mocks.prepare(dialect, run[1] if run and state else None, state, flow)
            try:
                shapes.append(
                    answer_shape(mock.send(sent.method, sent.path, sent.body, sent.headers))
                )
            except TargetError:
                continue
        return shapes


def _flow_id_in(sent: SentRequest) -> str | None:
    body = sent.json
    named = body.get("flow_id") if isinstance(body, dict) else None
    return named if isinstance(named, str) and _UUID.fullmatch(named) else None


_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
RUN_PATH = re.compile(r"/flow_runs/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\b")
RUN_STATES: Sequence[StateType | None] = (
    None, StateType.SCHEDULED, StateType.RUNNING, StateType.COMPLETED,
)  # fmt: skip


def _with_fields(dialect: Dialect, changes: Mapping[str, Any]) -> Dialect:
    return replace(dialect, **changes)


def answer_shape(answer: Answer) -> object:
    """What two answers have to share: the status, the keys that the reply has, and how the text
    begins that a refusal is told in.
    """
    try:
        reply = answer.json
    except ValueError:
        reply = None
    if not isinstance(reply, dict):
        return answer.status, type(reply).__name__, []
    detail = reply.get("detail")
    text = detail.split()[:2] if isinstance(detail, str) else []
    return answer.status, sorted(reply), text


@dataclass(frozen=True, slots=True)
class DeviationRule:
    """A failure that no mock shows, told by a deviation, an operation's pattern and a predicate."""

    deviation: str
    operation: str
    predicate: Callable[[Dialect, SentRequest, Answer], bool]

    def matches(self, dialect: Dialect, sent: SentRequest, answer: Answer) -> bool:
        """Whether the deviation explains the answer."""
        return bool(re.fullmatch(self.operation, sent.operation)) and self.predicate(
            dialect, sent, answer
        )


def _fails_on_unstorable_value(dialect: Dialect, sent: SentRequest, answer: Answer) -> bool:
    """500 or 503, and a text, number or time that the dialect's database cannot hold."""
    return (
        dialect.undocumented_5xx is not None
        and answer.status in (500, 503)
        and any(map(_is_unstorable, _leaves(sent.json)))
    )


def _is_unstorable(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, float) and not math.isfinite(value):
        return True
    return isinstance(value, int | float) and not -(2**31) <= value < 2**31


def _leaves(value: Any) -> Iterator[object]:
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack += [*one, *one.values()]
        elif isinstance(one, list):
            stack += one
        else:
            yield one


def _has_unreadable_labels(dialect: Dialect, sent: SentRequest, _answer: Answer) -> bool:
    """Labels that a real server takes and cannot read: what fails is whatever comes after."""
    labels = sent.json
    return dialect.unreadable_labels and (
        isinstance(labels, dict)
        and any(value is None or isinstance(value, dict | list) for value in labels.values())
    )


def _has_huge_integers(dialect: Dialect, sent: SentRequest, answer: Answer) -> bool:
    """Integers that are taken and no list can show, and what a database makes such integers of."""
    return (
        dialect.huge_integers
        and answer.status < 400
        and any(
            isinstance(one, int | float) and not -(2**63) <= one < 2**64
            for one in _leaves(sent.json)
        )
    )


DEVIATION_RULES: Sequence[DeviationRule] = (
    DeviationRule("huge-integers", r"(POST|PATCH) /flow_runs/.*", _has_huge_integers),
    DeviationRule("unreadable-labels", r"PATCH /flow_runs/{id}/labels", _has_unreadable_labels),
    DeviationRule("undocumented-5xx", r".*", _fails_on_unstorable_value),
)
