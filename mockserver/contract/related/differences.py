"""A difference between a server and its twin in what it answers about flows or deployments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..findings import KEY_SEPARATOR, Finding, Party, Verdict, gone_id
from ..server import Identity, Target
from .questions import Question
from .related_twin import IdsOrStatus

Json = Any
SELECTS, DELETES, LEAVES = "selects-related", "deletes-related", "leaves-related"
"""The checks: what filters select, what a reply says was deleted, and what is left then."""
RELATED_CHECKS = (SELECTS, DELETES, LEAVES)


@dataclass(frozen=True, slots=True)
class RelatedDifference:
    """What a server answers, and what mocks answer under the dialect and as documented.

    `check` is the one that it violates; `verb` is filter, count or bulk_delete. `cause` is the
    deviation that the dialect has and the server does not show, or None. `detail` is a sentence
    about what the answers do not show.
    """

    check: str
    question: Question
    verb: str
    body: Json
    server: IdsOrStatus
    dialect: IdsOrStatus
    document: IdsOrStatus
    curl: str
    cause: str | None = None
    detail: str = ""

    @property
    def path(self) -> str:
        """The path that was asked."""
        return path_of(self.question, self.verb)

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the filters."""
        return self.question.keys

    def is_covered_by(self, known: RelatedDifference) -> bool:
        """Whether a known difference is the same: it has the cause, or fewer keys, of this one."""
        if (known.check, known.path) != (self.check, self.path):
            return False
        if known.cause or self.cause:
            return known.cause == self.cause
        return known.keys <= self.keys


def path_of(question: Question, verb: str) -> str:
    """The path at which a server is asked a question: for a list, a count, or a delete."""
    return f"/{question.kind}/{verb}"


def curl_of(target: Target, question: Question, verb: str, body: Json) -> str:
    """A shell command that asks a server the same."""
    return target.curl("POST", path_of(question, verb), json.dumps(body).encode())


def to_finding(one: RelatedDifference, identity: Identity) -> Finding:
    """A difference from the server of `identity` as a finding."""
    party, reason = _judge(one, identity)
    name = identity.dialect.name
    sentence = (
        f"the server {_describe(one, one.server)}; {name} {_describe(one, one.dialect)}; the "
        f"document {_describe(one, one.document)}{f'. {one.detail}' if one.detail else ''}"
    )
    return Finding(
        "diff",
        one.check,
        f"POST {one.path}",
        f"{sentence}; {reason}" if reason else sentence,
        Verdict.GONE if one.cause else Verdict.NEW,
        party,
        one.cause,
        "\n".join(_evidence(one, name)),
        one.curl,
        id=gone_id(one.cause) if one.cause else _finding_id(one),
    )


def _judge(one: RelatedDifference, identity: Identity) -> tuple[Party, str]:
    """The party that is wrong, and why; as for flow runs."""
    if one.server == one.document != one.dialect:
        return Party.MOCK, "the server does what the document says"
    if identity.is_exact:
        release = identity.dialect.release
        return Party.MOCK, f"Prefect {release} was measured, so the mock has it wrong"
    return Party.SERVER, ""


def _describe(one: RelatedDifference, answer: IdsOrStatus) -> str:
    if isinstance(answer, int):
        return f"answers {answer}"
    kind = one.question.kind
    noun = kind if len(answer) != 1 else kind.removesuffix("s")
    verb = "has" if one.check == SELECTS else "deletes"
    return f"{verb} {len(answer):,} {noun}"


def _evidence(one: RelatedDifference, name: str) -> Iterator[str]:
    yield f"body: {json.dumps(one.body, ensure_ascii=False)}"
    if isinstance(one.server, int) or isinstance(one.dialect, int):
        return
    for who, some, others in (
        ("only the server has", one.server, one.dialect),
        (f"only {name} has", one.dialect, one.server),
    ):
        only = sorted(set(some) - set(others))
        if only:
            yield f"{who}: {', '.join(only)}"


def _finding_id(one: RelatedDifference) -> str:
    """The id of a difference; without keys there is none, as it would cover every other."""
    place = f"diff {one.check} POST {one.path}"
    if one.check == LEAVES:
        return place
    if not one.keys:
        return ""
    how = f"answers-{one.server}" if isinstance(one.server, int) else "other-records"
    return f"{place} {how} {KEY_SEPARATOR.join(sorted(one.keys))}"
