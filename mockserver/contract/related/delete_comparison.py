"""Comparison of bulk deletes of flows and deployments: what they answer, and what they leave.

Invariant: a delete names the ids of created records, joined by and_ with whatever else its filter
asks for. It is sent only if the list for the same filter is right, and only while nothing of
somebody else is in the flows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from ...filters import Path
from ..diff import MAX_DIFFERENCES, restrict_to_ids
from ..server import Target, TargetError
from .created_records import READ_KINDS, CreatedRecords
from .differences import DELETES, LEAVES, SELECTS, RelatedDifference, curl_of
from .filter_comparison import CountCallback, list_ids
from .questions import Question, decided_paths, listed
from .related_twin import IdsOrStatus, Links, RelatedTwin, links_of

Json = Any
# Chosen: low limits, so that records last and the order of names counts; None is the default, 50.
_LIMITS = (1, None, 2, 1)
_LIMIT, _NOTHING = ("limit",), ("nothing",)


@dataclass
class RelatedDeleteComparison:
    """Bulk deletes tried on a server, and on twins of the created records.

    `sent` and `deleted` count the deletes that were sent and the records in their replies, and
    `decided` are the keys that have decided what a delete took.
    """

    target: Target
    on_count: CountCallback
    sent: int = 0
    deleted: int = 0
    decided: set[tuple[str, Path, bool]] = field(default_factory=set)
    found: list[RelatedDifference] = field(default_factory=list)

    def search(
        self, created: CreatedRecords, twin: RelatedTwin, questions: Iterable[Question], most: int
    ) -> int:
        """Send deletes of the records of `twin`, in all up to `most`; returns how many it sent.

        A filter is sent only if a key of it decides that none before it has decided.
        """
        sent_before = self.sent
        for question, limit in zip(questions, cycle(_LIMITS), strict=False):
            if self.sent >= most or len(self.found) >= MAX_DIFFERENCES:
                break
            if not self._may_ask(question) or not self._decides_more(
                created, twin, question, limit
            ):
                continue
            difference = self._compare(created, twin, question, limit)
            if difference is not None:
                self.found += [] if any(map(difference.is_covered_by, self.found)) else [difference]
                twin = RelatedTwin.from_records(created.fetch_records(), twin.dialect)
        return self.sent - sent_before

    def _may_ask(self, question: Question) -> bool:
        """Whether a delete can ask this, and the server has done what it said so far."""
        return question.own.get("operator") != "or_" and not any(
            one.question.kind == question.kind and one.check == LEAVES for one in self.found
        )

    def _decides_more(
        self, created: CreatedRecords, twin: RelatedTwin, question: Question, limit: int | None
    ) -> bool:
        """Whether a key, or the limit, decides what is taken that did not do so before.

        Deletes that take nothing are all the same: the lists have shown what decides there.
        """

        def taken(one: Question, most: int | None = limit) -> IdsOrStatus:
            return twin.fork().delete(one.kind, _body(created, one, most))

        possible = {(question.kind, path, limit is None) for path in (*question.paths, _LIMIT)}
        if possible <= self.decided:
            return False
        paths = decided_paths(question, taken)
        if not taken(question):
            paths = {_NOTHING} if paths else set()
        elif limit is not None and taken(question) != taken(question, None):
            paths.add(_LIMIT)
        decided = {(question.kind, path, limit is None) for path in paths}
        is_more = not decided <= self.decided
        self.decided |= decided
        return is_more

    def _compare(
        self, created: CreatedRecords, twin: RelatedTwin, question: Question, limit: int | None
    ) -> RelatedDifference | None:
        """Delete on both sides; returns the first difference, or None. Changes the twin."""
        kind, body = question.kind, _body(created, question, limit)
        asked = Question(kind, {kind: body[kind]})
        shown, expected = list_ids(self.target, asked), listed(twin, asked)
        if shown != expected:  # the server would delete what it lists
            document = listed(twin.documented(), asked)
            body = asked.filters
            return self._difference(SELECTS, "filter", question, body, shown, expected, document)
        created.require_nothing_foreign()
        document = twin.documented().delete(kind, body)
        answer, expected = self._delete(kind, body), twin.delete(kind, body)
        given = (question, body, answer, expected, document)
        if answer != expected:
            return self._difference(DELETES, "bulk_delete", *given)
        left, due = links_of(created.fetch_records()), twin.links()
        if left != due:
            detail = "; ".join(_describe_left(left, due))
            return self._difference(LEAVES, "bulk_delete", *given, detail)
        return None

    def _delete(self, kind: str, body: Json) -> IdsOrStatus:
        self.sent += 1
        self.on_count(self.sent)
        path = f"/{kind}/bulk_delete"
        answer = self.target.send("POST", path, json.dumps(body).encode())
        if answer.status != 200:
            return answer.status
        try:
            # Sorted: PostgreSQL promises no order (Prefect: models/flows.py, delete_flows).
            deleted = tuple(sorted(map(str, answer.json["deleted"])))
        except (ValueError, TypeError, KeyError):
            raise TargetError(f"POST {path} answered {answer}, without a list `deleted`") from None
        self.deleted += len(deleted)
        return deleted

    def _difference(
        self,
        check: str,
        verb: str,
        question: Question,
        body: Json,
        answer: IdsOrStatus,
        expected: IdsOrStatus,
        document: IdsOrStatus,
        detail: str = "",
    ) -> RelatedDifference:
        curl = curl_of(self.target, question, verb, body)
        return RelatedDifference(
            *(check, question, verb, body, answer, expected, document, curl), detail=detail
        )


def _body(created: CreatedRecords, question: Question, limit: int | None) -> Json:
    """The body of a delete that asks the question of the created records alone."""
    own = restrict_to_ids(question.own, created.deletable(question.kind))
    return {question.kind: own, **({} if limit is None else {"limit": limit})}


def _describe_left(left: Mapping[str, Links], due: Mapping[str, Links]) -> Iterator[str]:
    """Sentences about what a delete left otherwise than it should have."""
    for kind in READ_KINDS:
        noun = kind.replace("_", " ")
        changed = [
            one for one in left[kind] if due[kind].get(one, left[kind][one]) != left[kind][one]
        ]
        for what, ids in (
            ("are gone too", due[kind].keys() - left[kind].keys()),
            ("are still there", left[kind].keys() - due[kind].keys()),
            ("name other records", changed),
        ):
            if ids:
                yield f"{len(ids):,} {noun} {what}, such as {min(ids)}"
