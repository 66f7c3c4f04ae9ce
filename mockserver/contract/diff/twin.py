"""A mock in memory that holds exactly what a server has told, in a dialect and as documented."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...errors import RefusedRequest, ServerFailure
from ...operations import Plan, bulk_delete, plan_bulk_delete
from ...prefect import SPEC, Dialect
from ...requests import JSON_MEDIA_TYPE, BulkDeleteRequest, Message, read_request
from ...seeds import load_seeds
from ...store import Store

Ids = frozenset[str]
IdsOrStatus = Ids | int
"""The ids of flow runs, or the status of an answer that is no success."""
Json = Any


@dataclass(frozen=True, slots=True)
class Twin:
    """Flow runs as a server told them, in a store; what is asked of it changes a fork, or it."""

    store: Store
    dialect: Dialect

    @classmethod
    def from_records(cls, records: Mapping[str, list[Json]], dialect: Dialect) -> Twin:
        """A twin that holds these answers of a server. Raises SeedError where they are none."""
        with TemporaryDirectory(prefix="mockserver-") as folder:
            for name, answers in records.items():
                Path(folder, f"{name}.json").write_text(json.dumps(answers))
            seeds = load_seeds([Path(folder)], datetime.now(UTC))
        return cls(Store(seeds.base()), dialect)

    def documented(self) -> Twin:
        """The same runs, and what the document says of them."""
        return Twin(self.store.fork(), SPEC)

    def fork(self) -> Twin:
        """The same runs and dialect; deletes on either do not show on the other."""
        return Twin(self.store.fork(), self.dialect)

    def plan(self, filter_body: Json) -> Plan:
        """What a filter comes to. Raises RefusedRequest for one that the dialect does not take."""
        return plan_bulk_delete(
            _parse_request({"flow_runs": filter_body}, self.dialect), self.dialect
        )

    def select(self, filter_body: Json) -> IdsOrStatus:
        """The flow runs that a filter selects, all of them."""
        try:
            plan = self.plan(filter_body)
            if plan.rejection:
                plan.rejection.refuse(any_runs=len(self.store) > 0)
        except RefusedRequest as refusal:
            return refusal_status(refusal)
        return frozenset(run.id for run in self.store.select(plan.predicate))

    def delete(self, body: Json) -> IdsOrStatus:
        """What a bulk_delete of this body deletes; it is gone then."""
        try:
            done = bulk_delete(self.store, _parse_request(body, self.dialect), self.dialect)
        except RefusedRequest as refusal:
            return refusal_status(refusal)
        return frozenset(done.deleted)

    def parents(self) -> Mapping[str, str | None]:
        """Every flow run that is left, with the task run that it is a subflow of."""
        return {run.id: run.parent_task_run_id for run in self.store}


def _parse_request(body: Json, dialect: Dialect) -> BulkDeleteRequest:
    return read_request(
        Message(json.dumps(body).encode(), JSON_MEDIA_TYPE, None), BulkDeleteRequest, dialect
    ).request


def refusal_status(refusal: RefusedRequest) -> int:
    """The status that a refused filter is answered with."""
    if isinstance(refusal, ServerFailure):
        return 503 if refusal.retryable else 500
    return 422
