"""The totals of a world: what its requests asked for, how often, and what came of it.

Every world keeps them, with or without a journal: a deletion report is made of them.

Invariants: the size is bounded, and what does not fit is counted. A request costs one lookup in a
dictionary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ...errors import RefusedRequest, refusal_sentence
from ...operations import Deletion, Plan
from ...prefect import LIMIT_REACHED
from ...store import Store

MAX_GROUPS = 2_000
"""Most groups of requests; chosen."""
MAX_IDS = 100_000
"""Most ids of deleted flow runs that are kept; as many as a journal keeps."""
_LONGEST_KEY = 4_096  # bytes of a body by which requests are grouped, as in the cache of plans


@dataclass(slots=True)
class RequestTotal:
    """Requests that are alike, and what came of them.

    `path` is that of the endpoint, such as `/flow_runs/{id}`. `plan` is what the requests asked to
    delete; None where they asked for something else. `body` is that of a bulk delete, empty where
    it is long. `status` is that of the replies, `reason` why they were refused, in words, empty
    where they were not.

    `calls` is how many requests there were, `deleted` how many flow runs they deleted, and `ids`
    those of the first ones, highest first in each call; `flows` and `deployments` are how many of
    these they deleted. `warnings` are the ids of the warnings that they earned; LIMIT_REACHED is
    among them if the last one left runs, which a log was told of if `told`.
    """

    method: str
    path: str
    status: int
    plan: Plan | None = None
    body: bytes = b""
    reason: str = ""
    calls: int = 0
    deleted: int = 0
    flows: int = 0
    deployments: int = 0
    ids: list[tuple[str, ...]] = field(default_factory=list)
    warnings: set[str] = field(default_factory=set)
    told: bool = False

    @property
    def left_runs(self) -> bool:
        """Whether more runs matched than the last call deleted."""
        return LIMIT_REACHED in self.warnings


_Key = tuple[object, ...]


class RequestTotals:
    """The groups of requests that a world has answered, in the order of their first.

    `ungrouped` counts requests of further groups, and `ungrouped_deleted` the flow runs that they
    deleted. `flows` and `deployments` count those that any requests deleted.
    """

    __slots__ = (
        "_groups",
        "_ids",
        "_last",
        "_last_warnings",
        "deployments",
        "flows",
        "ungrouped",
        "ungrouped_deleted",
    )

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._groups: dict[_Key, RequestTotal] = {}
        self._last: RequestTotal | None = None
        self._last_warnings: tuple[str, ...] = ()
        self._ids = 0
        self.ungrouped = self.ungrouped_deleted = self.flows = self.deployments = 0

    def copy(self) -> RequestTotals:
        """The totals as they are now, for another thread."""
        other = RequestTotals()
        other._groups = {
            key: replace(one, ids=one.ids.copy(), warnings=one.warnings.copy())
            for key, one in self._groups.items()
        }
        other._ids = self._ids
        other.ungrouped, other.ungrouped_deleted = self.ungrouped, self.ungrouped_deleted
        other.flows, other.deployments = self.flows, self.deployments
        return other

    def __iter__(self) -> Iterator[RequestTotal]:
        return iter(self._groups.values())

    @property
    def calls(self) -> int:
        """How many requests were counted."""
        return self.ungrouped + sum(one.calls for one in self)

    @property
    def deleted(self) -> int:
        """How many flow runs requests deleted."""
        return self.ungrouped_deleted + sum(one.deleted for one in self)

    def count(
        self,
        method: str,
        path: str,
        status: int,
        deletion: Deletion | None = None,
        warnings: tuple[str, ...] = (),
    ) -> None:
        """Count a request that was carried out, by its endpoint; `deletion` is what it deleted."""
        plan = None if deletion is None else deletion.plan
        self._add((method, path, status), method, path, plan, status, deletion, warnings)

    def count_planned(
        self,
        method: str,
        path: str,
        body: bytes,
        status: int,
        deletion: Deletion,
        warnings: tuple[str, ...],
    ) -> RequestTotal | None:
        """Count a bulk delete: requests with the same body are one group.

        Returns the group before this one if that left runs, the first time that another follows.
        """
        last = self._last
        # A drain sends one body over and over. Measured: to look its group up and to join its
        # warnings each time cost 4 % of such a request.
        if (
            last is not None
            and body
            and last.body == body
            and last.path == path
            and warnings == self._last_warnings
        ):
            last.calls += 1
            if deletion.deleted:
                self._keep_ids(last, deletion.deleted)
            if deletion.asked:
                self._count_related(last, deletion)
            return None
        # Longer bodies are one group, too: they list ids, and are not sent twice.
        key = body if len(body) <= _LONGEST_KEY else b""
        group = self._add((path, key), method, path, deletion.plan, status, deletion, warnings)
        if group is None:
            return None
        group.body = key
        if LIMIT_REACHED in warnings:
            group.plan = deletion.plan  # of long bodies, the last that left runs
        else:
            group.warnings.discard(LIMIT_REACHED)
        before, self._last, self._last_warnings = self._last, group, warnings
        if before is None or before is group or not before.left_runs or before.told:
            return None
        before.told = True
        return before

    def count_refused(self, method: str, path: str, status: int, refusal: RefusedRequest) -> None:
        """Count a request that was refused, by its endpoint and the reason."""
        reason = refusal_sentence(refusal)
        group = self._group((method, path, status, reason), method, path, None, status)
        if group is None:
            self.ungrouped += 1
            return
        group.reason = reason
        group.calls += 1
        group.warnings.update(refusal.warnings)

    def _add(
        self,
        key: _Key,
        method: str,
        path: str,
        plan: Plan | None,
        status: int,
        deletion: Deletion | None,
        warnings: tuple[str, ...],
    ) -> RequestTotal | None:
        ids = () if deletion is None else deletion.deleted
        group = self._group(key, method, path, plan, status)
        if group is None:
            self.ungrouped += 1
            self.ungrouped_deleted += len(ids)
            self._count_related(None, deletion)
            return None
        group.calls += 1
        if warnings:
            group.warnings.update(warnings)
        if ids:
            self._keep_ids(group, ids)
        self._count_related(group, deletion)
        return group

    def _count_related(self, group: RequestTotal | None, deletion: Deletion | None) -> None:
        """Count the flows and deployments that are gone, in all and for a group."""
        if deletion is None:
            return
        self.flows += len(deletion.flows)
        self.deployments += len(deletion.deployments)
        if group is not None:
            group.flows += len(deletion.flows)
            group.deployments += len(deletion.deployments)

    def _keep_ids(self, group: RequestTotal, ids: tuple[str, ...]) -> None:
        group.deleted += len(ids)
        if self._ids + len(ids) <= MAX_IDS:
            self._ids += len(ids)
            group.ids.append(ids)

    def _group(
        self, key: _Key, method: str, path: str, plan: Plan | None, status: int
    ) -> RequestTotal | None:
        """The group with a key, made if it is new; None where there are too many."""
        group = self._groups.get(key)
        if group is None and len(self._groups) < MAX_GROUPS:
            group = self._groups[key] = RequestTotal(method, path, status, plan)
        return group


def find_unfinished(totals: RequestTotals, store: Store) -> Iterator[RequestTotal]:
    """Bulk deletes whose last call left runs, of which some are still there."""
    for one in totals:
        if one.left_runs and one.plan is not None and one.plan.finds_any(store):
            yield one
