"""Which known deviation explains a failure, and whether the document announces a refusal.

A deviation explains a failure if a mock that has only this deviation answers the request as the
server did, and a mock without deviations does not. So the explanations are as good as the mock, and
no list of them has to be kept. What an old release does because a change came only later is
explained in the same way. Failures that no mock shows are explained by `DEVIATION_RULES`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from ...prefect import CHANGES, DEVIATIONS, SPEC, Change, Deviation, Dialect
from ...seeds import Seeds
from ..exchanges import VERB, SentRequest, refused_places
from ..findings import Finding, Verdict
from ..server import Answer, TargetError
from .deviation_rules import DEVIATION_RULES
from .documented_refusals import has_documented_text, has_value_rule
from .mock_pool import MockPool
from .named_records import possible_seeds
from .request_schema import keeps_schema

DEVIATIONS_BY_ID: Mapping[str, Deviation] = {deviation.id: deviation for deviation in DEVIATIONS}
CHANGES_BY_ID: Mapping[str, Change] = {change.id: change for change in CHANGES if change.modelled}


@dataclass
class Explainer:
    """Says which deviation of a dialect, or which change after its release, explains an answer.

    Remembers each explanation.
    """

    dialect: Dialect
    mocks: MockPool
    _cache: dict[tuple[object, ...], str | None] = field(default_factory=dict)

    def explain(self, sent: SentRequest, answer: Answer) -> str | None:
        """The id of a deviation or a change that explains the answer, or None."""
        key = (sent.method, sent.path, sent.body, tuple(sent.headers.items()), answer.status)
        if key not in self._cache:
            self._cache[key] = self._explain_by_mocks(sent, answer) or self.explain_by_table(
                sent, answer
            )
        return self._cache[key]

    def explain_by_table(self, sent: SentRequest, answer: Answer) -> str | None:
        """The id of a deviation that explains the answer and that no mock shows, or None."""
        return next(
            (
                rule.deviation
                for rule in DEVIATION_RULES
                if rule.matches(self.dialect, sent, answer)
            ),
            None,
        )

    def is_documented_refusal(self, sent: SentRequest, answer: Answer) -> bool:
        """Whether a request that was taken for valid is refused as the document announces it.

        By its schema, where the request does not keep that, or in words. Where a rule about a value
        is what is announced, a mock of the document must refuse the same places of the request: so
        it is a fault of the server if the value keeps the rule.
        """
        if has_documented_text(sent, answer):
            return True
        if answer.status == 422 and not keeps_schema(sent, self.dialect.release):
            return True
        return has_value_rule(sent, answer) and any(
            refused_places(by_document) == refused_places(answer)
            for by_document in self._mock_answers(SPEC, sent, list(possible_seeds(sent)))
        )

    def _explain_by_mocks(self, sent: SentRequest, answer: Answer) -> str | None:
        worlds = list(possible_seeds(sent))
        if self._answers_alike(SPEC, sent, answer, worlds):
            return None
        fields = self._deviating_fields()
        for name, deviation in fields.items():
            only_this = replace(SPEC, **{name: getattr(self.dialect, name)})
            if self._answers_alike(only_this, sent, answer, worlds):
                return deviation
        # No deviation is enough alone: look for one without which the dialect answers otherwise.
        if self._answers_alike(self.dialect, sent, answer, worlds):
            for name, deviation in fields.items():
                all_but_this = replace(self.dialect, **{name: getattr(SPEC, name)})
                if not self._answers_alike(all_but_this, sent, answer, worlds):
                    return deviation
        return None

    def _deviating_fields(self) -> dict[str, str]:
        """The fields in which the dialect differs from `spec`, each with the id to name for it.

        That is of a deviation, or of a change that came after the dialect's release. If a field
        decides several deviations, it names the first of the registry and stands where the last one
        would: so broad fields such as `lax_coercion` are tried last.
        """
        fields: dict[str, str] = {}
        for deviation in DEVIATIONS:
            if not deviation.in_spec and self.dialect.has(deviation):
                fields[deviation.field] = fields.pop(deviation.field, deviation.id)
        for change in CHANGES_BY_ID.values():
            if not getattr(self.dialect, change.field):
                fields[change.field] = change.id
        return fields

    def _answers_alike(
        self, dialect: Dialect, sent: SentRequest, answer: Answer, worlds: Sequence[Seeds]
    ) -> bool:
        """Whether a mock of a dialect answers a request so in one of the worlds."""
        shape = answer_shape(answer)
        return any(answer_shape(one) == shape for one in self._mock_answers(dialect, sent, worlds))

    def _mock_answers(
        self, dialect: Dialect, sent: SentRequest, worlds: Sequence[Seeds]
    ) -> Iterator[Answer]:
        """What a mock answers to a request, for each of the worlds that it may hold."""
        for seeds in worlds:
            mock = self.mocks.prepare(dialect, seeds)
            with suppress(TargetError):
                yield mock.send(sent.method, sent.path, sent.body, sent.headers)


def answer_shape(answer: Answer) -> object:
    """What two answers must share to count as equal.

    The status, the keys of the reply, and the first two words of `detail` if that is a text.
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


def change_findings(known_counts: Mapping[str, Counter[str]]) -> Iterator[Finding]:
    """A finding for each change after the server's release that explained a failure."""
    for change_id, seen in known_counts.items():
        change = CHANGES_BY_ID.get(change_id)
        if change is not None:
            yield Finding(
                VERB,
                change.id,
                change.endpoint,
                f"before Prefect {change.since}: {change.before}; since then: {change.after}",
                Verdict.KNOWN,
                evidence="\n".join(count_lines(seen)),
                times=seen.total(),
            )


def count_lines(seen: Counter[str]) -> Iterator[str]:
    """How often each check of an operation failed, a line each."""
    for name, count in seen.items():
        yield f"{name}: {count:,} times"
