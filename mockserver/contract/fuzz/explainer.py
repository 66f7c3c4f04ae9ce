"""Which known deviation explains a failure, and which refusals the document announces in words.

A deviation explains a failure if a mock that has only this deviation answers the request as the
server did, and a mock without deviations does not. So the explanations are as good as the mock, and
no list of them has to be kept. What an old release does because a change came only later is
explained in the same way. Failures that no mock shows are explained by `DEVIATION_RULES`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from ...prefect import CHANGES, DEVIATIONS, SPEC, Change, Deviation, Dialect, StateType
from ..findings import Finding, Verdict
from ..server import Answer, TargetError
from .exchange import VERB, SentRequest
from .mock_pool import MockPool

DEVIATIONS_BY_ID: Mapping[str, Deviation] = {deviation.id: deviation for deviation in DEVIATIONS}
CHANGES_BY_ID: Mapping[str, Change] = {change.id: change for change in CHANGES if change.modelled}


# --- refusals that the document announces ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DocumentedRefusal:
    """A refusal of a request that the schema allows, which the document's text announces.

    `operations` and `detail` are patterns for the whole operation and the whole text of the reply.
    """

    operations: str
    status: int
    detail: str
    sentence: str


DOCUMENTED_REFUSALS: tuple[DocumentedRefusal, ...] = (
    DocumentedRefusal(
        # Prefect: api/dependencies.py, LimitBody.
        r"POST .*/(filter|paginate|concurrency_status)",
        422,
        r"Invalid (limit|offset|page): must be (less|greater) than or equal to \d+\.",
        "limit is 0 to 200, which the published schema does not say",
    ),
    DocumentedRefusal(
        # Prefect: api/flow_runs.py, flow_run_history.
        r"POST /(flow|task)_runs/history",
        422,
        r"History interval must not be less than 1 second\.",
        "an interval is at least a second",
    ),
    DocumentedRefusal(
        r"POST /(flow|task)_runs/history",
        422,
        r"History must not leave the years 1-9999\.",
        "all intervals lie within the years that a date-time can have",
    ),
    DocumentedRefusal(
        # Prefect: server/events/counting.py, TimeUnit.validate_buckets.
        r"POST /events/count-by/.*",
        422,
        r"The given interval would create .* buckets.*",
        "a count has at most 1,000 buckets",
    ),
    DocumentedRefusal(
        # Prefect: api/flow_runs.py, update_flow_run.
        r"PATCH /flow_runs/{id}",
        400,
        r"Job variables for a flow run in state \w+ cannot be updated"
        r"|A deployment for the flow run could not be found"
        r"|Flow run state is required to update job variables but none exists",
        "job_variables change only while the run is scheduled and has a deployment",
    ),
    DocumentedRefusal(
        # Prefect: schemas/core.py, TaskRunPolicy.
        r"POST /task_runs/",
        422,
        r".*(retry_jitter_factor` must be >= 0|more than \d+ retry delays).*",
        "a policy has a jitter factor of 0 or more and at most 50 delays",
    ),
    DocumentedRefusal(
        # Prefect, since 3.6.25: _internal/schemas/validators.py, validate_parameter_size.
        r"(POST|PATCH) /flow_runs/.*",
        422,
        r".*parameters must be less than [\d,]+ bytes.*",
        "the size of parameters is limited",
    ),
    DocumentedRefusal(
        # Only mocks refuse it: real servers have the deviation unreadable-labels.
        r"PATCH /flow_runs/{id}/labels",
        422,
        r".*A label must be a text, a number or a boolean.*",
        "no reply could show any other label",
    ),
    # Prefect: api/csrf_token.py.
    DocumentedRefusal(
        r"GET /csrf-token", 422, r"CSRF protection is disabled\.", "this is its only answer"
    ),
    # Prefect: api/concurrency_limits_v2.py, renew_concurrency_lease.
    DocumentedRefusal(r"POST /v2/.*", 410, r"Lease .*", "an unknown lease is answered 410"),
)


def is_documented_refusal(sent: SentRequest, answer: Answer) -> bool:
    """Whether the document's text announces this refusal."""
    detail = _refusal_text(answer)
    return any(
        refusal.status == answer.status
        and re.fullmatch(refusal.operations, sent.operation)
        and re.fullmatch(refusal.detail, detail)
        for refusal in DOCUMENTED_REFUSALS
    )


def _refusal_text(answer: Answer) -> str:
    """The text of a refusal, in the document's shape or in that of real servers."""
    try:
        reply = answer.json
    except ValueError:
        return ""
    if not isinstance(reply, dict):
        return ""
    detail = reply.get("detail", reply.get("exception_detail"))
    if isinstance(detail, list):
        return " ".join(str(error.get("msg")) for error in detail if isinstance(error, dict))
    return str(detail)


# --- deviations that a mock shows -----------------------------------------------------------------


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

    def _explain_by_mocks(self, sent: SentRequest, answer: Answer) -> str | None:
        shape = answer_shape(answer)
        if shape in self._mock_answer_shapes(SPEC, sent):
            return None
        fields = self._deviating_fields()
        for name, deviation in fields.items():
            only_this = replace(SPEC, **{name: getattr(self.dialect, name)})
            if shape in self._mock_answer_shapes(only_this, sent):
                return deviation
        # No deviation is enough alone: look for one without which the dialect answers otherwise.
        if shape in self._mock_answer_shapes(self.dialect, sent):
            for name, deviation in fields.items():
                all_but_this = replace(self.dialect, **{name: getattr(SPEC, name)})
                if shape not in self._mock_answer_shapes(all_but_this, sent):
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

    def _mock_answer_shapes(self, dialect: Dialect, sent: SentRequest) -> list[object]:
        """The shapes of all answers that a mock may give to a request.

        What the server held when it answered is not known. So the request is sent for each state of
        the run that its path names, and with and without the flow that its body names.
        """
        shapes: list[object] = []
        run = RUN_PATH.match(sent.path)
        for state, flow in product(
            RUN_STATES if run else RUN_STATES[:1], {None, _flow_id_in(sent)}
        ):
            mock = self.mocks.prepare(dialect, run[1] if run and state else None, state, flow)
            try:
                answer = mock.send(sent.method, sent.path, sent.body, sent.headers)
            except TargetError:
                continue
            shapes.append(answer_shape(answer))
        return shapes


def _flow_id_in(sent: SentRequest) -> str | None:
    body = sent.json
    flow_id = body.get("flow_id") if isinstance(body, dict) else None
    return flow_id if isinstance(flow_id, str) and _UUID.fullmatch(flow_id) else None


_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
RUN_PATH = re.compile(r"/flow_runs/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\b")
# None: there is no such run. The others stand for scheduled, running and final states.
RUN_STATES: Sequence[StateType | None] = (
    None, StateType.SCHEDULED, StateType.RUNNING, StateType.COMPLETED,
)  # fmt: skip


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


# --- deviations that no mock shows ----------------------------------------------------------------


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


# --- changes that came after the server's release -------------------------------------------------


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
