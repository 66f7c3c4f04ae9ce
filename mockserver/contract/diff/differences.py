"""A difference between a server and its twin, who is wrong about it, and what to say of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ...errors import to_single_line
from ...filters import AllOf, AnyOf, Comparison, Predicate
from ...prefect import (
    DEVIATIONS,
    SPEC,
    FlowRun,
    LikeCase,
    NulHandling,
    StateType,
    Wildcards,
    format_instant,
)
from ..findings import Finding, Party, Verdict
from .filter_sweep import iter_conditions
from .twin import IdsOrStatus, Twin

Json = Any
DEVIATION = {deviation.id: deviation for deviation in DEVIATIONS}

# The field of a dialect that decides a deviation of meaning, and with which values it deviates.
DEVIATION_FIELDS: Mapping[str, tuple[str, frozenset[object]]] = {
    "state-both-lists": ("state_both_lists", frozenset({True})),
    "like-wildcards": ("like_wildcards", frozenset(Wildcards) - {Wildcards.LITERAL}),
    "like-nul": ("nul", frozenset(NulHandling) - {NulHandling.ORDINARY}),
    "nul-in-text": ("nul", frozenset({NulHandling.FAILS})),
    "like-case-ascii": ("like_case_ascii", frozenset(LikeCase) - {LikeCase.FOLD}),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """What a server, its dialect and the document answer, where they are not the same.

    `subject` is the operation, `twin` holds the flow runs as they were before it. `detail` is a
    sentence about what is not seen in the answers; `steps` are the bodies sent before this one.
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
    def party(self) -> Party:
        """Who is wrong.

        Where the server does as its document says and our dialect knows it otherwise, the mock;
        else the server, which does what neither says. (Where server and dialect agree against the
        document there is no difference: that is a deviation, and known.)
        """
        says_so = self.server == self.document != self.dialect
        return Party.MOCK if says_so else Party.SERVER

    @property
    def signature(self) -> frozenset[str]:
        """The keys that it is about."""
        return signature_of(self.filter_body)

    @property
    def cause(self) -> str | None:
        """The deviation that the dialect has and the server does not show, if it is that."""
        if self.party is not Party.MOCK:
            return None
        return min(find_causing_deviations(self.filter_body, self.twin), default=None)

    def is_covered_by(self, known: Difference) -> bool:
        """Whether it says no more than one that is known: the keys of that one, and its cause."""
        return known.signature <= self.signature and known.cause == self.cause


def signature_of(filter_body: Json) -> frozenset[str]:
    """The keys that a filter says something with; its operator where that is or_."""
    said = {
        f"{criterion}.{key}"
        for criterion, key, value in iter_conditions(filter_body)
        if value is not None
    }
    if (filter_body or {}).get("operator") == "or_":
        said.add("operator")
    return frozenset(said)


def find_causing_deviations(filter_body: Json, twin: Twin) -> list[str]:
    """The ids of the deviations by which the dialect answers a filter other than as documented.

    Those without which it would answer otherwise; where it takes several, all that it has to do
    with.
    """
    answer = twin.select(filter_body)
    if answer == twin.documented().select(filter_body):
        return []
    warned = twin.plan(filter_body).warnings
    decisive = [
        one
        for one in dialect_deviations(twin)
        if _twin_without(one, twin).select(filter_body) != answer
    ]
    distinguished = [one for one in decisive if one in warned or one not in _NUL_DEVIATIONS]
    return distinguished or sorted(warned & set(dialect_deviations(twin)))


_NUL_DEVIATIONS = {"like-nul", "nul-in-text"}  # one switch for two: what was warned of tells which


def dialect_deviations(twin: Twin) -> list[str]:
    """The deviations of meaning that a twin's dialect has."""
    return [
        deviation
        for deviation, (field, deviating) in DEVIATION_FIELDS.items()
        if getattr(twin.dialect, field) in deviating
    ]


def _twin_without(deviation: str, twin: Twin) -> Twin:
    field, _ = DEVIATION_FIELDS[deviation]
    return Twin(twin.store, replace(twin.dialect, **{field: getattr(SPEC, field)}))


def to_finding(difference: Difference, check: str) -> Finding:
    """A difference as a finding, with the runs that it is about."""
    deviation = difference.cause
    sentence = (
        f"{describe_filter(difference.twin, difference.filter_body)}: {_describe(difference)}"
    )
    if deviation:
        sentence += f"; the deviation {deviation} does not show any more"
    return Finding(
        "diff",
        check,
        difference.subject,
        sentence,
        Verdict.GONE if deviation else Verdict.NEW,
        difference.party,
        deviation,
        "\n".join(_evidence(difference)),
        difference.curl,
    )


def describe_filter(twin: Twin, filter_body: Json) -> str:
    """What a filter asks for as documented, in words."""
    return f"<{to_single_line(str(twin.documented().plan(filter_body).predicate), 300)}>"


def _describe(difference: Difference) -> str:
    name = difference.twin.dialect.name
    return (
        f"the server {describe_answer(difference.server)}; "
        f"{name} {describe_answer(difference.dialect)}; "
        f"the document {describe_answer(difference.document)}"
        + (f". {difference.detail}" if difference.detail else "")
    )


def describe_answer(answer: IdsOrStatus) -> str:
    """An answer, in words."""
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
    match predicate:
        case Comparison():
            return {predicate.column} - {"id"}
        case AllOf() | AnyOf():
            return {column for part in predicate.parts for column in _tested_columns(part)}
