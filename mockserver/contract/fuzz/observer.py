"""Looks at a server around a request: what was there before, what is there after, what is due."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...errors import RefusedRequest
from ...operations import plan_bulk_delete
from ...prefect import BULK_DELETE, SPEC, Dialect
from ...requests import JSON_MEDIA_TYPE as JSON_TYPE
from ...requests import BulkDeleteRequest, Message, read_request
from ..server import PAGE, Answer, HTTPStatusError, Target, without_clock_fields
from .checks import (
    BULK_DELETE_LIMIT,
    DELETE_FLOW_RUN,
    ObservedExchange,
    RunsById,
    SentRequest,
    parse_deleted_ids,
)
from .run_pool import RunPool, remove_runs_except

MIN_RUNS, MAX_RUNS = 4, 8  # how many runs there are for a request to meet
RUNS_OVER_LIMIT = BULK_DELETE_LIMIT + 2  # how many there are once, for what asks for any 50
MAX_UNCHECKED = 20  # requests that only read, between two looks
MAX_LOOKUPS = 3  # of what was deleted, by GET
CREATES = "POST /flow_runs/"
NEEDS_RUNS = frozenset({BULK_DELETE, DELETE_FLOW_RUN, "POST /flow_runs/bulk_set_state"})
CREATES_RUN_CHILD = frozenset({"POST /task_runs/", "POST /logs/"})
"""They make what goes with a flow run and cannot be deleted by itself."""
# What a mock warns of because of the runs it holds, and no request shows.
_DATA_WARNINGS = frozenset({"null-values-skipped", "limit-reached"})


@dataclass
class Observer:
    """Follows one server through a run of requests, which come one after the other.

    `initial_ids` are the runs that were there at the start. `mock`: the dialect that it is read as, if it
    is a mock; its warnings are initial_ids to that.
    """

    target: Target
    run_pool: RunPool
    initial_ids: frozenset[str] = frozenset()
    mock_dialect: Dialect | None = None
    runs: RunsById = field(default_factory=dict)
    list_error: str = ""
    unchecked: list[SentRequest] = field(default_factory=list)
    filled_once: bool = False
    _refreshed: bool = False
    _matching_ids: Sequence[str] | None = None

    def refresh(self) -> RunsById:
        """All flow runs, as the server lists them now. If it cannot, those that have come are
        deleted, `unreadable` says why, and it is what is left that is returned.
        """
        self.list_error = ""
        try:
            self.runs = self._list_runs()
        except HTTPStatusError as refused:
            if refused.answer.status < 500:
                raise
            self.list_error = str(refused.answer)
            remove_runs_except(self.target, self.initial_ids)
            self.runs = self._list_runs()
        self._refreshed = True
        return self.runs

    def _list_runs(self) -> RunsById:
        listed = self.target.iter_records("/flow_runs/filter")
        return {run["id"].lower(): without_clock_fields(run) for run in listed}

    def ensure_runs(self, operation: str, body: Any = None) -> RunsById:
        """See to it that there are runs to meet; returns what is there."""
        if not self._refreshed:
            self.refresh()
        least, most = MIN_RUNS, MAX_RUNS
        if operation == BULK_DELETE and not self.filled_once and is_unfiltered(body):
            self.filled_once, least, most = True, RUNS_OVER_LIMIT, RUNS_OVER_LIMIT
        if (
            operation in NEEDS_RUNS | CREATES_RUN_CHILD
            and not self.unchecked
            and len(self.runs) < least
        ):
            self.run_pool.top_up(len(self.runs), least, most)
            self.refresh()
        return self.runs

    def prepare(self, sent: SentRequest) -> None:
        """What has to be known before a request goes out."""
        self._matching_ids = self._list_matching(sent) if sent.operation == BULK_DELETE else None

    def observe(self, sent: SentRequest, answer: Answer) -> ObservedExchange | None:
        """Look again; None where that is left to a later request."""
        harmless = sent.is_read_only or (answer.status >= 400 and sent.operation not in NEEDS_RUNS)
        if harmless and len(self.unchecked) < MAX_UNCHECKED:
            self.unchecked.append(sent)
            return None
        exchange = ObservedExchange(
            sent, answer, self.runs, self.runs, earlier_unchecked=tuple(self.unchecked)
        )
        if sent.operation == BULK_DELETE:
            exchange = self._after_bulk_delete(exchange)
        elif sent.operation == DELETE_FLOW_RUN and answer.status == 204:
            exchange = replace(
                exchange, get_statuses=self._get_statuses([sent.path.rpartition("/")[2]])
            )
        self.unchecked = []
        after = self.refresh()
        return replace(exchange, after=after, list_error=self.list_error)

    def observe_unchecked(self) -> ObservedExchange | None:
        """Look for what requests that should change nothing have changed, before one that may."""
        if not self.unchecked:
            return None
        *since, last = self.unchecked
        before, self.unchecked = self.runs, []
        nothing = Answer(400, b"", {})
        after = self.refresh()
        return ObservedExchange(
            last, nothing, before, after, list_error=self.list_error, earlier_unchecked=tuple(since)
        )

    def _after_bulk_delete(self, exchange: ObservedExchange) -> ObservedExchange:
        sent, answer = exchange.sent, exchange.answer
        deleted = parse_deleted_ids(answer)
        again = None
        if deleted:
            again = self.target.send(sent.method, sent.path, sent.body, sent.headers)
        return replace(
            exchange,
            matching=self._matching_ids,
            get_statuses=self._get_statuses(deleted),
            repeat_answer=again,
            expected_warnings=self._expected_warnings(sent, answer),
        )

    def _get_statuses(self, ids: Sequence[str]) -> dict[str, int]:
        return {
            run: self.target.send("GET", f"/flow_runs/{run}", None, {}).status
            for run in ids[:MAX_LOOKUPS]
        }

    def _list_matching(self, sent: SentRequest) -> Sequence[str] | None:
        """What the server itself lists for the filter of a bulk_delete, highest id first."""
        body = sent.json if sent.body else {}
        if not isinstance(body, dict):
            return None
        wanted = {"sort": "ID_DESC", "limit": PAGE, "flow_runs": body.get("flow_runs")}
        content = json.dumps(wanted).encode() if sent.body else None
        answer = self.target.send("POST", "/flow_runs/filter", content, sent.headers)
        return [run["id"].lower() for run in answer.json] if answer.status == 200 else None

    def _expected_warnings(self, sent: SentRequest, answer: Answer) -> frozenset[str] | None:
        """The warnings that a mock owes a bulk_delete."""
        if self.mock_dialect is None:
            return None
        due = compute_warnings(sent, self.mock_dialect)
        came = set(answer.headers.get("x-mockserver-warning", "").split(", "))
        if answer.status == 200 and self._matching_ids is not None:
            more = len(self._matching_ids) > len(parse_deleted_ids(answer))
            return due | ({"limit-reached"} if more else set()) | (came & {"null-values-skipped"})
        return due | (came & _DATA_WARNINGS)


def is_unfiltered(body: Any) -> bool:
    """Whether a bulk_delete asks for any 50 runs."""
    return body is None or (
        isinstance(body, dict)
        and not body.get("flow_runs")
        and body.get("limit", BULK_DELETE_LIMIT) == BULK_DELETE_LIMIT
    )


def is_valid_bulk_delete(body: Any) -> bool:
    """Whether a body is one that the document allows for a bulk_delete."""
    try:
        content = json.dumps(body).encode()
        read_request(Message(content, JSON_TYPE, None), BulkDeleteRequest, SPEC)
    except (RefusedRequest, TypeError, ValueError):
        return False
    return True


def compute_warnings(sent: SentRequest, dialect: Dialect) -> frozenset[str]:
    """What is due for a bulk_delete by how it is written and what it asks for."""
    named = {name.lower(): value for name, value in sent.headers.items()}
    message = Message(
        sent.body or b"", named.get("content-type"), named.get("x-prefect-api-version")
    )
    try:
        reading = read_request(message, BulkDeleteRequest, dialect)
        plan = plan_bulk_delete(reading.request, dialect)
    except RefusedRequest as refusal:
        return frozenset(refusal.warnings)
    return reading.warnings | plan.warnings
