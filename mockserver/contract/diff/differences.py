"""A difference between a server and its twin, the party that is wrong, and the finding."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...errors import to_single_line
from ...filters import AllOf, AnyOf, Comparison, Predicate
from ...prefect import DEVIATIONS, Deviation, FlowRun, StateType, format_instant
from ..findings import KEY_SEPARATOR, Finding, Party, Verdict, gone_id
from ..server import Identity
from .filter_sweep import iter_conditions
from .twin import IdsOrStatus, Twin

Json = Any

FILTER_DEVIATIONS: Mapping[str, Deviation] = {one.id: one for one in DEVIATIONS if one.in_filters}
"""The deviations in what a filter selects, by their ids."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a server answers, and what a mock answers under the dialect and as documented.

    `subject` is the operation. `twin` holds the flow runs as they were before the request, under
    the dialect. `detail` is a sentence about what the three answers do not show. `steps` are the
    bodies that were sent before this one.
    """

    subject: str
    body: Json
    server: IdsOrStatus
    dialect: IdsOrStatus
    document: IdsOrStatus
    twin: Twin
    curl: str
    detail: str = ""
    steps: Sequence[Json] = ()

    @property
    def filter_body(self) -> Json:
        """The filter."""
        return self.body.get("flow_runs")

    @property
    def is_as_documented(self) -> bool:
        """Whether the server does what the document says, and the dialect does not."""
        return self.server == self.document != self.dialect

    @property
    def signature(self) -> frozenset[str]:
        """The keys that the filter gives a value."""
        return signature_of(self.filter_body)

    @property
    def brief(self) -> str:
        """The keys that it is about, or the operation if there are none."""
        return KEY_SEPARATOR.join(sorted(self.signature)) or self.subject

    @property
    def cause(self) -> str | None:
        """The deviation that the dialect has and the server does not show, or None."""
        if not self.is_as_documented:
            return None
        return min(find_causing_deviations(self.filter_body, self.twin), default=None)

    def is_covered_by(self, known: Difference) -> bool:
        """Whether a known difference has the same cause; if none is known, all of its keys are in
        this one.
        """
        if known.cause or self.cause:
            return known.cause == self.cause
        return known.signature <= self.signature


def signature_of(filter_body: Json) -> frozenset[str]:
    """The keys to which a filter gives a value that is not null, and `operator` if that is or_."""
    keys = {
        f"{criterion}.{key}"
        for criterion, key, value in iter_conditions(filter_body)
        # Rule M2: a null condition is none.
        if value is not None
    }
    if (filter_body or {}).get("operator") == "or_":
        keys.add("operator")
    return frozenset(keys)


def find_causing_deviations(filter_body: Json, twin: Twin) -> list[str]:
    """The ids of the deviations that make the dialect answer a filter other than as documented.

    These are the deviations without which its answer would be another. If none decides alone, they
    are all deviations that the filter is warned of.
    """
    answer = twin.select(filter_body)
    if answer == twin.documented().select(filter_body):
        return []
    warned = twin.plan(filter_body).warnings
    deviations = dialect_deviations(twin)
    decisive = [
        one
        for one in deviations
        if twin.without(FILTER_DEVIATIONS[one]).select(filter_body) != answer
    ]
    return _distinguish_nul(decisive, warned) or sorted(warned & set(deviations))


def _distinguish_nul(deviations: Sequence[str], warned: frozenset[str]) -> list[str]:
    """Of the two deviations that share the field `nul`, keep the one that was warned of."""
    return [one for one in deviations if one in warned or one not in _NUL_DEVIATIONS]


# One field decides both, so leaving out either changes the same answers.
_NUL_DEVIATIONS = frozenset({"like-nul", "nul-in-text"})


def dialect_deviations(twin: Twin) -> list[str]:
    """The deviations in what a filter selects that a twin's dialect has."""
    return [one.id for one in FILTER_DEVIATIONS.values() if twin.dialect.has(one)]


def to_finding(difference: Difference, check: str, identity: Identity) -> Finding:
    """A difference from the server of `identity` as a finding.

    Its evidence names the first runs that only one side has.
    """
    deviation = difference.cause
    party, reason = _judge(difference, identity)
    sentence = (
        f"{describe_filter(difference.twin, difference.filter_body)}: {_describe(difference)}"
    )
    return Finding(
        "diff",
        check,
        difference.subject,
        f"{sentence}; {reason}" if reason else sentence,
        Verdict.GONE if deviation else Verdict.NEW,
        party,
        deviation,
        "\n".join(_evidence(difference)),
        difference.curl,
        id=gone_id(deviation) if deviation else _finding_id(difference, check),
    )


def _judge(difference: Difference, identity: Identity) -> tuple[Party, str]:
    """The party that is wrong, and why.

    It is never the document: if server and dialect agree against it, that is a known deviation and
    no difference.
    """
    if difference.is_as_documented:
        gone = f", so {difference.cause} is gone" if difference.cause else ""
        return Party.MOCK, f"the server does what the document says{gone}"
    release = difference.twin.dialect.release
    if identity.is_exact:
        return Party.MOCK, f"Prefect {release} was measured, so the mock has it wrong"
    if identity.changed_since and difference.dialect == difference.document:
        return Party.SERVER, f"Prefect {release} did what the document says"
    return Party.SERVER, ""


def _finding_id(difference: Difference, check: str) -> str:
    """The id of a difference: what the server did otherwise, and the keys of the filter.

    Without keys there is none. Such a difference covers every other (see `is_covered_by`), so that
    nothing else is compared: whoever accepted it would accept anything.
    """
    if not difference.signature:
        return ""
    server, dialect = difference.server, difference.dialect
    if isinstance(server, int):
        how = f"answers-{server}"
    elif isinstance(dialect, int):
        how = "answers"
    else:
        how = "other-runs" if server != dialect else "other-order-or-effect"
    keys = KEY_SEPARATOR.join(sorted(difference.signature))
    return f"diff {check} {difference.subject} {how} {keys}"


def describe_filter(twin: Twin, filter_body: Json) -> str:
    """The documented meaning of a filter: its predicate as a sentence, in angle brackets."""
    return f"<{to_single_line(str(twin.documented().plan(filter_body).predicate), 300)}>"


def _describe(difference: Difference) -> str:
    name = difference.twin.dialect.name
    return (
        f"the server {describe_answer(difference.server)}{_unexpected(difference)}; "
        f"{name} {describe_answer(difference.dialect)}; "
        f"the document {describe_answer(difference.document)}"
        + (f". {difference.detail}" if difference.detail else "")
    )


def _unexpected(difference: Difference) -> str:
    """How many of the server's flow runs the dialect has not: the numbers may be the same."""
    server, dialect = difference.server, difference.dialect
    if isinstance(server, int) or isinstance(dialect, int) or not server - dialect:
        return ""
    return f", {len(server - dialect):,} of them unexpected"


def describe_answer(answer: IdsOrStatus) -> str:
    """An answer as the predicate of a sentence."""
    if isinstance(answer, int):
        return f"answers {answer}"
    return f"has {len(answer):,} flow run{'' if len(answer) == 1 else 's'}"


def _evidence(difference: Difference) -> Iterator[str]:
    for step in difference.steps:
        yield f"after: {json.dumps(step, ensure_ascii=False)}"
    yield f"body: {json.dumps(difference.body, ensure_ascii=False)}"
    server, dialect = difference.server, difference.dialect
    if isinstance(server, int) or isinstance(dialect, int):
        return
    documented = difference.twin.documented().plan(difference.filter_body)
    columns = sorted(_tested_columns(documented.predicate))
    for who, ids in (
        ("only the server has", server - dialect),
        (f"only {difference.twin.dialect.name} has", dialect - server),
    ):
        for run in _first_runs(difference.twin, ids):
            values = ", ".join(f"{column} {_format_value(run, column)}" for column in columns)
            yield f"{who} {run.id}: {to_single_line(values, 400)}"


def _format_value(run: FlowRun, column: str) -> str:
    value = getattr(run, column)
    if isinstance(value, datetime):
        return format_instant(value)
    return str(value) if value is None or isinstance(value, StateType) else repr(value)


_MAX_SHOWN = 3


def _first_runs(twin: Twin, ids: Iterable[str]) -> Iterator[FlowRun]:
    for flow_run_id in sorted(ids)[:_MAX_SHOWN]:
        run = twin.store.get(flow_run_id)
        if run is not None:
            yield run


def _tested_columns(predicate: Predicate) -> set[str]:
    """The columns that a predicate compares, but for the id, which is shown anyway."""
    match predicate:
        case Comparison():
            return {predicate.column} - {"id"}
        case AllOf() | AnyOf():
            return {column for part in predicate.parts for column in _tested_columns(part)}
