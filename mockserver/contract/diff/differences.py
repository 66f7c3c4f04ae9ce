"""A difference between a server and its twin, who is wrong about it, and what to say of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ...errors import in_a_line
from ...filters import AllOf, AnyOf, Predicate, Test
from ...prefect import (
    DEVIATIONS,
    SPEC,
    FlowRun,
    LikeCase,
    Nul,
    StateType,
    Wildcards,
    format_instant,
)
from ..findings import Finding, Party, Verdict
from .filter_sweep import keys_of
from .twin import Answer, Twin

Json = Any
DEVIATION = {deviation.id: deviation for deviation in DEVIATIONS}

# The field of a dialect that decides a deviation of meaning, and with which values it deviates.
SWITCHES: Mapping[str, tuple[str, frozenset[object]]] = {
    "state-both-lists": ("state_both_lists", frozenset({True})),
    "like-wildcards": ("like_wildcards", frozenset(Wildcards) - {Wildcards.LITERAL}),
    "like-nul": ("nul", frozenset(Nul) - {Nul.ORDINARY}),
    "nul-in-text": ("nul", frozenset({Nul.FAILS})),
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
    server: Answer
    dialect: Answer
    document: Answer
    twin: Twin
    curl: str
    detail: str = ""
    steps: Sequence[Json] = ()

    @property
    def wanted(self) -> Json:
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
        return signature_of(self.wanted)

    @property
    def cause(self) -> str | None:
        """The deviation that the dialect has and the server does not show, if it is that."""
        if self.party is not Party.MOCK:
            return None
        return min(deviations_that_decide(self.wanted, self.twin), default=None)

    def is_like(self, known: Difference) -> bool:
        """Whether it says no more than one that is known: the keys of that one, and its cause."""
        return known.signature <= self.signature and known.cause == self.cause


def signature_of(wanted: Json) -> frozenset[str]:
    """The keys that a filter says something with; its operator where that is or_."""
    said = {f"{criterion}.{key}" for criterion, key, value in keys_of(wanted) if value is not None}
    if (wanted or {}).get("operator") == "or_":
        said.add("operator")
    return frozenset(said)


def deviations_that_decide(wanted: Json, twin: Twin) -> list[str]:
    """The ids of the deviations by which the dialect answers a filter other than as documented.

    Those without which it would answer otherwise; where it takes several, all that it has to do
    with.
    """
    answer = twin.select(wanted)
    if answer == twin.documented().select(wanted):
        return []
    warned = twin.plan(wanted).warnings
    alone = [one for one in had_by(twin) if _without(one, twin).select(wanted) != answer]
    told_apart = [one for one in alone if one in warned or one not in _OF_NUL]
    return told_apart or sorted(warned & set(had_by(twin)))


_OF_NUL = {"like-nul", "nul-in-text"}  # one switch for two: what was warned of tells which


def had_by(twin: Twin) -> list[str]:
    """The deviations of meaning that a twin's dialect has."""
    return [
        deviation
        for deviation, (field, deviating) in SWITCHES.items()
        if getattr(twin.dialect, field) in deviating
    ]


def _without(deviation: str, twin: Twin) -> Twin:
    field, _ = SWITCHES[deviation]
    return Twin(twin.store, replace(twin.dialect, **{field: getattr(SPEC, field)}))


def finding_of(difference: Difference, check: str) -> Finding:
    """A difference as a finding, with the runs that it is about."""
    deviation = difference.cause
    sentence = f"{said_of(difference.twin, difference.wanted)}: {_words(difference)}"
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


def said_of(twin: Twin, wanted: Json) -> str:
    """What a filter asks for as documented, in words."""
    return f"<{in_a_line(str(twin.documented().plan(wanted).predicate), 300)}>"


def _words(difference: Difference) -> str:
    name = difference.twin.dialect.name
    return (
        f"the server {in_words(difference.server)}; {name} {in_words(difference.dialect)}; "
        f"the document {in_words(difference.document)}"
        + (f". {difference.detail}" if difference.detail else "")
    )


def in_words(answer: Answer) -> str:
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
    documented = difference.twin.documented().plan(difference.wanted)
    columns = sorted(_columns(documented.predicate))
    for who, ids in (
        ("only the server has", server - dialect),
        (f"only {difference.twin.dialect.name} has", dialect - server),
    ):
        for run in _shown(difference.twin, ids):
            values = ", ".join(f"{column} {_value(run, column)}" for column in columns)
            yield f"{who} {run.id}: {in_a_line(values, 400)}"


def _value(run: FlowRun, column: str) -> str:
    value = getattr(run, column)
    if isinstance(value, datetime):
        return format_instant(value)
    return str(value) if value is None or isinstance(value, StateType) else repr(value)


_MOST_SHOWN = 3


def _shown(twin: Twin, ids: Iterable[str]) -> Iterator[FlowRun]:
    for flow_run_id in sorted(ids)[:_MOST_SHOWN]:
        run = twin.store.get(flow_run_id)
        if run is not None:
            yield run


def _columns(predicate: Predicate) -> set[str]:
    match predicate:
        case Test():
            return {predicate.column} - {"id"}
        case AllOf() | AnyOf():
            return {column for part in predicate.parts for column in _columns(part)}
