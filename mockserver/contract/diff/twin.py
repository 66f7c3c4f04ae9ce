"""A twin of a server: a mock in memory that holds the same flow runs, under a dialect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from ...errors import RefusedRequest, ServerFailure
from ...operations import Plan, bulk_delete, plan_bulk_delete
from ...prefect import SPEC, Deviation, Dialect
from ...requests import JSON_MEDIA_TYPE, BulkDeleteRequest, Message, read_request
from ...seeds import load_seeds
from ...store import Store

Ids = frozenset[str]
IdsOrStatus = Ids | int
"""The ids of flow runs, or the status of a refusal."""
Json = Any


@dataclass(frozen=True, slots=True)
class StoreTwin:
    """Records of a server in a store, and the dialect under which requests are read.

    Only `delete` changes the store; `documented` and `fork` return twins with stores of their own.
    """

    store: Store
    dialect: Dialect

    def documented(self) -> Self:
        """A copy of this twin under the dialect `spec`: it answers as the document says."""
        return replace(self, store=self.store.fork(), dialect=SPEC)

    def fork(self) -> Self:
        """A copy of this twin; deletes on either do not show on the other."""
        return replace(self, store=self.store.fork())

    def without(self, deviation: Deviation) -> Self:
        """A twin on the same store, under the dialect without one deviation."""
        return replace(self, dialect=self.dialect.without(deviation))

    def read(self, body: Json, model: Any) -> Any:
        """The body of a request as a model of it. Raises RefusedRequest."""
        message = Message(json.dumps(body).encode(), JSON_MEDIA_TYPE, None)
        return read_request(message, model, self.dialect).request


class Twin(StoreTwin):
    """A twin of the flow runs of a server."""

    __slots__ = ()

    @classmethod
    def from_records(cls, records: Mapping[str, list[Json]], dialect: Dialect) -> Twin:
        """A twin that holds records as a server lists them, by kind (`flow_runs`, `task_runs`).

        Raises SeedError if they are no such records.
        """
        with TemporaryDirectory(prefix="mockserver-") as folder:
            # A bare list is read as a server's answer: unknown fields and missing task runs are
            # accepted.
            for name, answers in records.items():
                Path(folder, f"{name}.json").write_text(json.dumps(answers))
            seeds = load_seeds([Path(folder)], datetime.now(UTC))
        return cls(Store(seeds.base()), dialect)

    def holds_the_same_as(self, other: Twin) -> bool:
        """Whether both hold the same flow runs and task runs."""
        mine, theirs = self.store, other.store
        return list(mine) == list(theirs) and list(mine.task_runs) == list(theirs.task_runs)

    def plan(self, filter_body: Json) -> Plan:
        """The plan of a delete. Raises RefusedRequest if the dialect refuses the filter."""
        request = self.read({"flow_runs": filter_body}, BulkDeleteRequest)
        return plan_bulk_delete(request, self.dialect)

    def select(self, filter_body: Json) -> IdsOrStatus:
        """The ids of all flow runs that a filter selects, or the status of the refusal."""
        try:
            plan = self.plan(filter_body)
            if plan.rejection:
                # SQLite refuses a like_ that is too long only if it has a row to try it on.
                plan.rejection.refuse(any_runs=len(self.store) > 0)
        except RefusedRequest as refusal:
            return refusal_status(refusal)
        return frozenset(run.id for run in self.store.select(plan.predicate))

    def delete(self, body: Json) -> IdsOrStatus:
        """Carry out a bulk_delete: the ids that it deletes, or the status of the refusal."""
        try:
            done = bulk_delete(self.store, self.read(body, BulkDeleteRequest), self.dialect)
        except RefusedRequest as refusal:
            return refusal_status(refusal)
        return frozenset(done.deleted)

    def parents(self) -> Mapping[str, str | None]:
        """The id of every flow run, with its `parent_task_run_id`."""
        return {run.id: run.parent_task_run_id for run in self.store}


def refusal_status(refusal: RefusedRequest) -> int:
    """The status of the answer to a refused filter: 422, or 500 or 503 if the server fails."""
    if isinstance(refusal, ServerFailure):
        # Measured on 3.8.8: SQLite 500, PostgreSQL 503 (deviation undocumented-5xx).
        return 503 if refusal.retryable else 500
    return 422
