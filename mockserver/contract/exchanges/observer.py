"""Looks at a server around each request: its flow runs before and after, and the due warnings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import RefusedRequest
from ...operations import plan_bulk_delete
from ...prefect import BULK_DELETE, PREFECT_SQLITE, SPEC, Dialect
from ...requests import JSON_MEDIA_TYPE as JSON_TYPE
from ...requests import BulkDeleteRequest, Message, read_request
from ..server import (
    PAGE,
    Answer,
    HTTPStatusError,
    Target,
    TargetError,
    id_of,
    without_clock_fields,
)
from .exchange import (
    BULK_DELETE_LIMIT,
    DELETE_FLOW_RUN,
    ObservedExchange,
    RunsById,
    SentRequest,
    parse_deleted_ids,
)
from .run_pool import RunPool

MIN_RUNS, MAX_RUNS = 4, 8  # below the first, runs are created up to the second
RUNS_OVER_LIMIT = BULK_DELETE_LIMIT + 2  # created once, to see that an unfiltered delete stops
MAX_UNCHECKED = 20  # requests that should change nothing, before the runs are listed again
MAX_LOOKUPS = 3  # deleted runs that are looked up by GET
NEEDS_RUNS = frozenset({BULK_DELETE, DELETE_FLOW_RUN, "POST /flow_runs/bulk_set_state"})
CREATES_RUN_CHILD = frozenset({"POST /task_runs/", "POST /logs/"})
"""Operations whose records are deleted with their flow run, and cannot be deleted alone."""
# A mock sends these because of the runs it holds: the request alone does not tell.
_DATA_WARNINGS = frozenset({"null-values-skipped", "limit-reached"})


class ForeignRuns(TargetError):
    """Somebody else has created flow runs on the server, which any request might delete."""


@dataclass
class Observer:
    """Follows one server through a series of requests, one after the other.

    For each request, in this order: `ensure_runs`; for a bulk_delete `list_matching`; send the
    request; `observe`. Before a request that may change something, `observe_unchecked` attributes
    changes to the requests before it.

    `initial_ids` are the runs that were there before; None for those that the first list has, which
    then count as created here, since they may be lost. Once there are others, of somebody else, no
    further request may be sent. `mock_dialect` is the dialect of the server if it is a mock, else
    None: only a mock sends warnings. `runs` are the runs as last listed, `list_error` the answer if
    that list failed, `unchecked` the requests sent since.
    """

    target: Target
    run_pool: RunPool
    initial_ids: frozenset[str] | None = None
    mock_dialect: Dialect | None = None
    runs: RunsById = field(default_factory=dict)
    list_error: str = ""
    unchecked: list[SentRequest] = field(default_factory=list)
    filled_once: bool = False
    _refreshed: bool = False

    def refresh(self) -> RunsById:
        """List all flow runs of the server; returns them by id.

        If the server fails to list them (5xx), deletes those that were created, sets `list_error`
        and returns what is left. Raises ForeignRuns.
        """
        self.list_error = ""
        try:
            runs = self._list_runs()
        except HTTPStatusError as error:
            # A real server stores some runs that it then cannot list (deviations huge-integers
            # and unreadable-labels).
            if error.answer.status < 500:
                raise
            self.list_error = str(error.answer)
            self.run_pool.remove_runs()
            runs = self._list_runs()
        self._require_no_foreign_runs(runs)
        self.run_pool.runs &= runs.keys()
        self.runs = runs
        self._refreshed = True
        return runs

    def _require_no_foreign_runs(self, runs: RunsById) -> None:
        """Raise ForeignRuns if a run appeared that neither was there before nor was created here.

        Each request that may delete comes after such a look: runs are listed after every request
        that may change some, and before the next one after those that only read.
        """
        foreign = [run_id for run_id, run in runs.items() if not self.run_pool.owns(run)]
        if self.initial_ids is None:
            self.run_pool.runs |= set(foreign)
            self.initial_ids = frozenset(foreign)
        appeared = sorted(set(foreign) - self.initial_ids)
        if appeared:
            raise ForeignRuns(
                f"{len(appeared):,} flow runs appeared on {self.target.url} that were not created "
                f"for the test, such as {appeared[0]}: nothing more was sent, since any request "
                "might delete them"
            )

    def _list_runs(self) -> RunsById:
        listed = self.target.iter_records("/flow_runs/filter")
        return {run["id"].lower(): without_clock_fields(run) for run in listed}

    def ensure_runs(self, operation: str, body: Any = None) -> RunsById:
        """Create runs if the operation needs some and there are few; returns all runs by id."""
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

    def list_matching(self, sent: SentRequest) -> Sequence[str] | None:
        """The ids that /flow_runs/filter lists for the filter of a bulk_delete, highest first.

        None if the server refuses the filter.
        """
        body = sent.json if sent.body else {}
        if not isinstance(body, dict) or is_refused_by_all(sent):
            return None
        query = {"sort": "ID_DESC", "limit": PAGE, "flow_runs": body.get("flow_runs")}
        content = json.dumps(query).encode() if sent.body else None
        # With the same headers: the content type decides whether a real server reads the filter at
        # all (deviation body-ignored).
        answer = self.target.send("POST", "/flow_runs/filter", content, sent.headers)
        if answer.status != 200:
            return None
        try:
            return [id_of(run).lower() for run in answer.json]
        except (ValueError, TypeError):
            raise TargetError(f"POST /flow_runs/filter answered {answer}, not a list") from None

    def observe(
        self,
        sent: SentRequest,
        answer: Answer,
        matching: Sequence[str] | None = None,
        *,
        later: bool = False,
    ) -> ObservedExchange | None:
        """Look at the server after a request; `matching` is what `list_matching` returned.

        None if the request should change nothing: then a later call checks it as well. `later`:
        so it is after a refused bulk_delete, too.
        """
        refused = answer.status >= 400 and (later or sent.operation not in NEEDS_RUNS)
        if (sent.is_read_only or refused) and len(self.unchecked) < MAX_UNCHECKED:
            self.unchecked.append(sent)
            if sent.operation != BULK_DELETE or self.mock_dialect is None:
                return None
            warnings = self._expected_warnings(sent, answer, matching)
            # Its warnings can be checked now; whether runs have changed, later.
            same = self.runs
            return ObservedExchange(sent, answer, same, same, expected_warnings=warnings)
        before, earlier = self.runs, tuple(self.unchecked)
        repeat_answer: Answer | None = None
        get_statuses: dict[str, int] | None = None
        expected_warnings: frozenset[str] | None = None
        if sent.operation == BULK_DELETE:
            deleted = parse_deleted_ids(answer)
            if deleted:
                repeat_answer = self.target.send(sent.method, sent.path, sent.body, sent.headers)
            get_statuses = self._get_statuses(deleted)
            expected_warnings = self._expected_warnings(sent, answer, matching)
        elif sent.operation == DELETE_FLOW_RUN and answer.status == 204:
            get_statuses = self._get_statuses([sent.path.rpartition("/")[2]])
        self.unchecked = []
        after = self.refresh()
        return ObservedExchange(
            sent,
            answer,
            before,
            after,
            matching,
            repeat_answer,
            get_statuses,
            expected_warnings,
            self.list_error,
            earlier,
        )

    def observe_unchecked(self) -> ObservedExchange | None:
        """Look at the server after requests that should change nothing; None if there are none.

        The exchange is that of the last one, with an answer 400 in place of the real one: any
        change counts as one that a refused or read-only request made.
        """
        if not self.unchecked:
            return None
        *earlier, last = self.unchecked
        before, self.unchecked = self.runs, []
        answer = Answer(400, b"", {})
        after = self.refresh()
        return ObservedExchange(
            last,
            answer,
            before,
            after,
            list_error=self.list_error,
            earlier_unchecked=tuple(earlier),
        )

    def _get_statuses(self, ids: Sequence[str]) -> dict[str, int]:
        return {
            run_id: self.target.send("GET", f"/flow_runs/{run_id}", None, {}).status
            for run_id in ids[:MAX_LOOKUPS]
        }

    def _expected_warnings(
        self, sent: SentRequest, answer: Answer, matching: Sequence[str] | None
    ) -> frozenset[str] | None:
        """The warnings that a mock must send with this answer; None if the server is no mock.

        Warnings that depend on data which the kit does not know are taken as they came.
        """
        if self.mock_dialect is None:
            return None
        expected = compute_warnings(sent, self.mock_dialect)
        came = set(answer.headers.get("x-mockserver-warning", "").split(", "))
        if answer.status != 200 or matching is None:
            return expected | (came & _DATA_WARNINGS)
        limited = {"limit-reached"} if len(matching) > len(parse_deleted_ids(answer)) else set()
        return expected | limited | (came & {"null-values-skipped"})


def is_unfiltered(body: Any) -> bool:
    """Whether a bulk_delete asks for any 50 runs."""
    return body is None or (
        isinstance(body, dict)
        and not body.get("flow_runs")
        and body.get("limit", BULK_DELETE_LIMIT) == BULK_DELETE_LIMIT
    )


def is_valid_bulk_delete(body: Any) -> bool:
    """Whether the document allows a body for bulk_delete."""
    try:
        content = json.dumps(body).encode()
        read_request(Message(content, JSON_TYPE, None), BulkDeleteRequest, SPEC)
    except (RefusedRequest, TypeError, ValueError):
        return False
    return True


def is_refused_by_all(sent: SentRequest) -> bool:
    """Whether no dialect carries out a bulk_delete, so that nothing needs to be listed for it."""
    named = {name.lower(): value for name, value in sent.headers.items()}
    message = Message(sent.body or b"", named.get("content-type"), None)
    for dialect in (SPEC, PREFECT_SQLITE):  # the strictest and the laxest way to read a body
        try:
            read_request(message, BulkDeleteRequest, dialect)
        except RefusedRequest:
            continue
        return False
    return True


def compute_warnings(sent: SentRequest, dialect: Dialect) -> frozenset[str]:
    """The warnings that a bulk_delete calls for by itself, whatever runs there are."""
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
