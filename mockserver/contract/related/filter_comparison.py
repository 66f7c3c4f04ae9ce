"""Comparison of what filters on flows and deployments select: through /filter and /count.

Sends only requests that read, and only about records that were created for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...filters import Path
from ..diff import MAX_DIFFERENCES, shrink_filter
from ..server import PAGE, HTTPStatusError, Target, TargetError, id_of
from .differences import SELECTS, RelatedDifference, curl_of
from .questions import Question, decided_paths, listed
from .related_twin import IdsOrStatus, RelatedTwin

Json = Any
CountCallback = Callable[[int], None]


@dataclass
class RelatedFilterComparison:
    """Questions asked of a server, and of a twin that holds the same records.

    `run_ids` are those of the runs of these records: every list is restricted to records that one
    of them names. `tried` counts the questions, `unsettled` those to which the server did not
    repeat its answer; `decided` are the keys that have decided an answer.
    """

    target: Target
    twin: RelatedTwin
    run_ids: Sequence[str]
    on_count: CountCallback
    tried: int = 0
    unsettled: int = 0
    decided: set[tuple[str, Path]] = field(default_factory=set)

    def search(self, questions: Iterable[Question]) -> list[RelatedDifference]:
        """Ask questions; returns the differences, each made small."""
        found: list[RelatedDifference] = []
        for question in questions:
            if len(found) >= MAX_DIFFERENCES:
                break
            self.tried += 1
            self.on_count(self.tried)
            difference = self.compare(question)
            if difference is not None and not any(map(difference.is_covered_by, found)):
                found.append(self._shrink(question, difference, found))
        return found

    def _shrink(
        self, question: Question, difference: RelatedDifference, found: Sequence[RelatedDifference]
    ) -> RelatedDifference:
        def compare(filters: Json) -> RelatedDifference | None:
            smaller = self.compare(Question(question.kind, filters))
            return None if smaller and any(map(smaller.is_covered_by, found)) else smaller

        return shrink_filter(dict(question.filters), difference, compare)

    def compare(self, question: Question) -> RelatedDifference | None:
        """Ask a question on both sides, and again if they differ; returns how, or None."""
        difference = self._compare(question)
        if difference is not None:
            difference = self._compare(question)
            self.unsettled += difference is None
        return difference

    def _compare(self, question: Question) -> RelatedDifference | None:
        scoped = self._scoped(question)
        expected = listed(self.twin, scoped)
        answer = list_ids(self.target, scoped)
        if answer != expected:
            return self._difference(question, scoped, "filter", answer, expected)
        decided = {
            (question.kind, path)
            for path in decided_paths(question, lambda one: listed(self.twin, self._scoped(one)))
        }
        # A server counts with the predicate that it lists with, so once for each key is enough.
        if decided - self.decided or not question.paths:
            count = self._count(scoped)
            if count != (len(expected) if isinstance(expected, tuple) else expected):
                detail = f"The server lists them all, but counts {count}"
                return self._difference(question, scoped, "count", answer, expected, detail)
        self.decided |= decided
        return None

    def _scoped(self, question: Question) -> Question:
        """The question about the created records alone."""
        runs = question.filters.get("flow_runs", {})
        own = {**runs, "operator": "and_", "id": {"any_": list(self.run_ids)}}
        return Question(question.kind, {**question.filters, "flow_runs": own})

    def _count(self, question: Question) -> Json:
        """How many the server counts, or the status of its refusal."""
        try:
            return self.target.request_json("POST", f"/{question.kind}/count", question.filters)
        except HTTPStatusError as refused:
            return refused.answer.status

    def _difference(
        self,
        question: Question,
        scoped: Question,
        verb: str,
        answer: IdsOrStatus,
        expected: IdsOrStatus,
        detail: str = "",
    ) -> RelatedDifference:
        document = listed(self.twin.documented(), scoped)
        gone = answer == document != expected
        if verb == "filter" and _sorted(answer) == _sorted(expected):
            detail = "The order differs"
        curl = curl_of(self.target, scoped, verb, scoped.filters)
        cause = self.twin.find_cause(lambda twin: listed(twin, scoped)) if gone else None
        sides = (answer, expected, document)
        return RelatedDifference(
            SELECTS, question, verb, scoped.filters, *sides, curl, cause, detail
        )


def _sorted(answer: IdsOrStatus) -> IdsOrStatus:
    return tuple(sorted(answer)) if isinstance(answer, tuple) else answer


def list_ids(target: Target, question: Question) -> IdsOrStatus:
    """The ids that a server lists for a question, or the status of its refusal."""
    path = f"/{question.kind}/filter"
    content = json.dumps({**question.filters, "sort": "NAME_ASC", "limit": PAGE}).encode()
    answer = target.send("POST", path, content)
    if answer.status != 200:
        return answer.status
    try:
        return tuple(map(id_of, answer.json))
    except (ValueError, TypeError):
        raise TargetError(f"POST {path} answered {answer}, not a list") from None
