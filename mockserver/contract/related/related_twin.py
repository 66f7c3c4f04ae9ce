"""A twin of the created records: a mock in memory that answers for them, under a dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from ...errors import RefusedRequest
from ...operations import Context
from ...operations.endpoints import ENDPOINTS
from ...prefect import Dialect
from ...seeds import read_seeds
from ...store import Store
from ..diff import FILTER_DEVIATIONS, StoreTwin, refusal_status
from .created_records import KINDS, READ_KINDS

Json = Any
Ids = tuple[str, ...]
IdsOrStatus = Ids | int
"""Ids in the order of a reply, or the status of a refusal."""
Links = Mapping[str, tuple[str | None, ...]]
"""The ids of records, each with the ids of others that it names."""
_ENDPOINTS = {one.path: one for one in ENDPOINTS if one.method == "POST"}
# Fields that seeds have otherwise than replies, and that no filter here asks for.
_UNREAD = frozenset({"concurrency_limit", "global_concurrency_limit", "schedules"})


class RelatedTwin(StoreTwin):
    """A twin of the created records."""

    __slots__ = ()

    @classmethod
    def from_records(cls, records: Mapping[str, list[Json]], dialect: Dialect) -> RelatedTwin:
        """A twin that holds records as a server lists them. Raises SeedError."""
        kept = {
            kind: [{key: one[key] for key in one if key not in _UNREAD} for one in listed]
            for kind, listed in records.items()
        }
        seeds = read_seeds(kept, datetime.now(UTC), name="replies", references=False)
        return cls(Store(seeds.base()), dialect)

    def list_ids(self, kind: str, body: Json) -> IdsOrStatus:
        """The ids that /flows/filter or /deployments/filter lists, or the status of a refusal."""
        endpoint = _ENDPOINTS[f"/{kind}/filter"]
        context = Context(self.store, self.dialect, datetime.now(UTC), lambda: str(uuid4()))
        try:
            listed = endpoint.call(context, self.read(body, endpoint.model)).value
        except RefusedRequest as refusal:
            return refusal_status(refusal)
        return tuple(one["id"] for one in listed)

    def find_cause(self, answer: Callable[[RelatedTwin], object]) -> str | None:
        """The first deviation without which the dialect answers otherwise; None if none decides."""
        given = answer(self)
        for deviation in FILTER_DEVIATIONS.values():
            if self.dialect.has(deviation) and answer(self.without(deviation)) != given:
                return deviation.id
        return None

    def delete(self, kind: str, body: Json) -> IdsOrStatus:
        """Carry out a bulk delete: the ids in its reply, or the status of the refusal."""
        endpoint = _ENDPOINTS[f"/{kind}/bulk_delete"]
        try:
            plan = endpoint.make_plan(self.read(body, endpoint.model), self.dialect)
            return endpoint.delete(plan, self.store).asked or ()
        except RefusedRequest as refusal:
            return refusal_status(refusal)

    def links(self) -> Mapping[str, Links]:
        """What is there, by kind."""
        return links_of(
            {
                "flow_runs": [
                    {"id": run.id, **{key: getattr(run, key) for key in _LINKS["flow_runs"]}}
                    for run in self.store
                ],
                "task_runs": [{"id": one.id} for one in self.store.task_runs],
                **{kind: [{"id": one.id} for one in getattr(self.store, kind)] for kind in KINDS},
            }
        )


_LINKS: Mapping[str, tuple[str, ...]] = {"flow_runs": ("parent_task_run_id", "deployment_id")}
"""What a delete of other records may change in those that stay."""


def links_of(records: Mapping[str, list[Json]]) -> Mapping[str, Links]:
    """The ids in records that a server lists, by kind."""
    return {
        kind: {
            one["id"]: tuple(one.get(key) for key in _LINKS.get(kind, ())) for one in records[kind]
        }
        for kind in READ_KINDS
    }
