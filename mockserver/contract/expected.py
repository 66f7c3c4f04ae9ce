"""Which known deviation explains a failure, and which refusals the document tells in words.

A failure is explained by a deviation if a mock that follows the document in all but this one
answers the request as the server did, and one that follows it in everything does not. So the
explanations are as good as the mock, and no list of them has to be kept. What the mock does not
show by a field of its dialect stands in a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..dialects import DEVIATIONS, SPEC, Deviation, Dialect, Nul
from .checks import Sent
from .standins import StandIns
from .target import Answer, TargetError

BY_ID: Mapping[str, Deviation] = {deviation.id: deviation for deviation in DEVIATIONS}

# What decides a deviation that has no field of a dialect to itself.
_FIELDS: Mapping[str, str] = {
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


def field_of(deviation: str) -> str:
    """The field of a dialect that decides a deviation. Raises KeyError for one of every dialect."""
    if deviation in IN_EVERY_DIALECT:
        raise KeyError(deviation)
    return _FIELDS.get(deviation, deviation.replace("-", "_"))


def shows_in(deviation: str, dialect: Dialect) -> bool | None:
    """Whether a server of this dialect shows a deviation; None where the document follows it."""
    if deviation in IN_EVERY_DIALECT:
        return None if dialect == SPEC else True
    if deviation == "nul-in-text":
        return dialect.nul is Nul.FAILS
    return bool(getattr(dialect, field_of(deviation)) != getattr(SPEC, field_of(deviation)))


@dataclass(frozen=True, slots=True)
class Told:
    """A refusal of what the schema takes, which the document's text announces."""

    operations: str  # how they end, as a pattern
    status: int
    detail: str  # a pattern
    sentence: str


TOLD: tuple[Told, ...] = (
    Told(
        r"POST .*/(filter|paginate)",
        422,
        r"Invalid (limit|offset|page): must be (less|greater) than or equal to \d+\.",
        "limit is 0 to 200, which the published schema does not say",
    ),
    Told(
        r"POST /flow_runs/history",
        422,
        r"History interval must not be less than 1 second\.",
        "an interval is a second at least",
    ),
    Told(r"GET /csrf-token", 422, r"CSRF protection is disabled\.", "that is its only answer"),
    Told(r"POST /v2/.*", 410, r"Lease .*", "a lease that is not there is gone"),
)


def told(sent: Sent, answer: Answer) -> bool:
    """Whether the document's text announces this refusal."""
    detail = _detail(answer)
    return any(
        one.status == answer.status
        and re.fullmatch(one.operations, sent.operation)
        and re.fullmatch(one.detail, detail)
        for one in TOLD
    )


def _detail(answer: Answer) -> str:
    try:
        reply = answer.json
    except ValueError:
        return ""
    detail = reply.get("detail") if isinstance(reply, dict) else None
    return detail if isinstance(detail, str) else ""


@dataclass
class Explainer:
    """Says which deviation of a dialect an answer is due to."""

    dialect: Dialect
    standins: StandIns

    def explain(self, sent: Sent, answer: Answer) -> str | None:
        """The id of the deviation, or None."""
        shape = shape_of(answer)
        if self._answers(SPEC, sent) != shape:
            for deviation, variant in self._variants():
                if self._answers(variant, sent) == shape:
                    return deviation
        return next(
            (one.deviation for one in BY_HAND if one.fits(self.dialect, sent, answer)), None
        )

    def _answers(self, dialect: Dialect, sent: Sent) -> object:
        try:
            reply = self.standins.of(dialect).send(sent.method, sent.path, sent.body, sent.headers)
        except TargetError:
            return None
        return shape_of(reply)

    def _variants(self) -> Iterator[tuple[str, Dialect]]:
        """The document's dialect with one deviation each, then with how errors are told besides."""
        values = {
            field_of(deviation.id): (deviation.id, getattr(self.dialect, field_of(deviation.id)))
            for deviation in reversed(DEVIATIONS)
            if shows_in(deviation.id, self.dialect) and deviation.id not in IN_EVERY_DIALECT
        }
        shape = {"error_shape": self.dialect.error_shape}
        for besides in ({}, shape, {**shape, "lax_coercion": self.dialect.lax_coercion}):
            for name, (deviation, value) in reversed(values.items()):
                yield deviation, _with(SPEC, {**besides, name: value})


def _with(dialect: Dialect, changes: Mapping[str, Any]) -> Dialect:
    return replace(dialect, **changes)


def shape_of(answer: Answer) -> object:
    """What two answers have to share: the status, and the keys that the reply has."""
    try:
        reply = answer.json
    except ValueError:
        reply = None
    return answer.status, sorted(reply) if isinstance(reply, dict) else type(reply).__name__


@dataclass(frozen=True, slots=True)
class ByHand:
    """A failure that no mock shows, told by a deviation, an operation's pattern and a predicate."""

    deviation: str
    operation: str
    predicate: Callable[[Dialect, Sent, Answer], bool]

    def fits(self, dialect: Dialect, sent: Sent, answer: Answer) -> bool:
        """Whether the deviation explains the answer."""
        return bool(re.fullmatch(self.operation, sent.operation)) and self.predicate(
            dialect, sent, answer
        )


def _fails_on_what_it_cannot_hold(dialect: Dialect, sent: Sent, answer: Answer) -> bool:
    """500 or 503, and a text, number or time that the dialect's database cannot hold."""
    return (
        dialect.undocumented_5xx is not None
        and answer.status in (500, 503)
        and any(map(_is_odd, _leaves(sent.json)))
    )


def _is_odd(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)
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


BY_HAND: Sequence[ByHand] = (ByHand("undocumented-5xx", r".*", _fails_on_what_it_cannot_hold),)
