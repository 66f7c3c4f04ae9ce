"""Comparison of deletes: on the flow runs that were created for filters, and traces of deletes on
flow runs created for each trace.

Invariant: no delete can match a flow run that the kit did not create. On a server that others can
reach, or that holds other flow runs, every filter is restricted to ids of created runs, joined by
and_; a filter that cannot be restricted is not sent. Sentinels are created runs that no filter
names, and must survive.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import cycle
from typing import Any

from ..findings import Finding
from ..server import CreatedRuns, Draft, Identity, StateDraft, Target, TargetError
from .coverage import Cell, Coverage, decided_cells
from .differences import Difference, to_finding
from .filter_comparison import MAX_DIFFERENCES, CountCallback, FindingCallback, no_op
from .selection import ALL, DELETE_CHECK, Dealer, Selection, until_found
from .shrinking import find_smallest_difference, shrink_filter
from .strategies import Step, Trace, traces
from .twin import IdsOrStatus, Twin
from .vocabulary import resolve_refs

Json = Any
BULK_DELETE_PATH = "/flow_runs/bulk_delete"
# Chosen: low limits, so that the runs last and their order counts; the rest is for traces, which
# take most of the time (22 of 36 s for 60 of 150 deletes, measured): each creates runs of its own.
_LIMITS = (1, 1, 2, 3)
_PERCENT_OF_CREATED = 80
# One in a final state with tags and a key, one scheduled with neither: most filters, if they were
# not restricted, would match one of them.
SENTINELS = (
    Draft("sentinel", (StateDraft("COMPLETED"),), tags=("sentinel",), key=True),
    Draft("sentinel", (StateDraft("SCHEDULED"),)),
)


@dataclass
class _TraceDealer:
    """Deals out traces until `left` deletes were, whoever sends them."""

    dealer: Dealer
    left: int

    def takes(self, trace: Trace) -> bool:
        """Whether the next trace that is drawn is tried."""
        if self.left <= 0:
            return False
        self.left -= len(trace.steps)
        return self.dealer.takes(*(step.filter_body for step in trace.steps))


@dataclass
class DeleteComparison:
    """Traces tried on a server and on a twin of the created runs.

    `identity` is what the server was recognised as. `guarded`: filters are restricted, since the
    server holds or may hold other flow runs. `sent`, `deleted` and `skipped` count the deletes that
    were sent, the runs that they deleted, and the deletes that could not be restricted.
    """

    created_runs: CreatedRuns
    identity: Identity
    guarded: bool
    on_count: CountCallback
    on_finding: FindingCallback = no_op
    coverage: Coverage = field(default_factory=Coverage)
    sent: int = 0
    deleted: int = 0
    skipped: int = 0

    @property
    def target(self) -> Target:
        """The server under test."""
        return self.created_runs.target

    def search(
        self, filters: Iterable[Json], deletes: int, seed: int, selection: Selection = ALL
    ) -> list[Finding]:
        """Try those of `deletes` deletes that are selected; returns a finding for each difference.

        First deletes with `filters` of the runs that are already created, which decide many cells
        with few requests; then random traces, each of runs of its own.
        """
        found: list[Difference] = []
        most = 1 if selection.is_for_one else MAX_DIFFERENCES
        of_created = deletes * _PERCENT_OF_CREATED // 100
        taken = filter(Dealer(selection).takes, filters)
        self._search_created(taken, selection.shard.portion(of_created), found, most)
        self.created_runs.delete_all()
        traced = _TraceDealer(Dealer(selection), deletes - of_created)
        while traced.left > 0 and len(found) < most:
            difference = find_smallest_difference(
                traces(),
                until_found(partial(self._compare_new, found), traced.takes),
                examples=deletes,
                # The same seed would draw the difference that was just found.
                random_seed=seed + len(found),
            )
            if difference is None:
                break
            self._add(difference, found)
        return [to_finding(one, DELETE_CHECK, self.identity) for one in found]

    def _add(self, difference: Difference, found: list[Difference]) -> None:
        self.on_finding(f"{DELETE_CHECK}: {difference.brief}")
        found.append(difference)

    def _search_created(
        self, filters: Iterable[Json], deletes: int, found: list[Difference], most: int
    ) -> None:
        """Append to `found` what deletes of the runs already created show, each made small, until
        there are `most`.

        A filter is sent only if it decides a cell that none before it has decided.
        """
        decided: set[Cell] = set()
        runs, twin = self._read_created()
        for filter_body, limit in zip(filters, cycle(_LIMITS), strict=False):
            if self.sent >= deletes or len(found) >= most:
                return
            if decided_cells(filter_body, twin, limit) <= decided:
                continue
            self._detect_other_runs(len(twin.store))
            body = self._body(Step(filter_body, limit), runs)
            if body is None:
                continue
            decided |= decided_cells(body["flow_runs"], twin, limit)
            difference = self._compare_bodies([body], twin)
            if difference is not None:
                if not any(difference.is_covered_by(known) for known in found):
                    self._add(self._shrink(filter_body, limit, difference, found), found)
                runs, twin = self._read_created()

    def _shrink(
        self, filter_body: Json, limit: int, difference: Difference, found: Sequence[Difference]
    ) -> Difference:
        """The difference of a smaller filter on the runs that are left, if one shows."""

        def compare(filter_body: Json) -> Difference | None:
            runs, twin = self._read_created()
            body = self._body(Step(filter_body, limit), runs)
            smaller = None if body is None else self._compare_bodies([body], twin)
            is_known = smaller and any(smaller.is_covered_by(known) for known in found)
            return None if is_known else smaller

        return shrink_filter(filter_body, difference, compare)

    def _read_created(self) -> tuple[Sequence[Json], Twin]:
        """The created runs that are left, as the server lists them, and a twin of them."""
        records = self.created_runs.fetch_records()
        return records["flow_runs"], Twin.from_records(records, self.identity.dialect)

    def _compare_new(self, found: Sequence[Difference], trace: Trace) -> Difference | None:
        """`compare`, without differences that were found before."""
        difference = self.compare(trace)
        if difference is None or any(difference.is_covered_by(known) for known in found):
            return None
        return difference

    def compare(self, trace: Trace) -> Difference | None:
        """Create the runs of a trace, send its deletes to both sides, delete what is left.

        Returns the first difference, or None. Raises TargetError.
        """
        try:
            created_ids = self.created_runs.create(trace.drafts)
            self._detect_other_runs(len(created_ids))
            records = self.created_runs.fetch_records()
            by_id = {run["id"]: run for run in records["flow_runs"]}
            missing = [one for one in created_ids if one not in by_id]
            if missing:
                raise TargetError(f"{self.target.url} has lost a run just created: {missing[0]}")
            runs = [by_id[flow_run_id] for flow_run_id in created_ids]
            twin = Twin.from_records(records, self.identity.dialect)
            bodies = [self._body(step, runs) for step in trace.steps]
            self.skipped += bodies.count(None)
            return self._compare_bodies([body for body in bodies if body is not None], twin)
        finally:  # the next trace starts from a server without runs of this one
            self.created_runs.delete_all()

    def _detect_other_runs(self, ours: int) -> None:
        """Restrict filters from now on if the server holds more flow runs than so many of ours."""
        if self.guarded:
            return
        # Asked for each trace, and for each delete of runs that are there already: others may
        # create flow runs at any time.
        self.guarded = self.target.count("flow_runs") != ours

    def _body(self, step: Step, runs: Sequence[Json]) -> Json | None:
        """The body of a step on `runs`; None if it cannot be restricted to them and has to be."""
        filter_body = resolve_refs(step.filter_body, runs)
        if self.guarded:
            filter_body = restrict_to_ids(filter_body, [run["id"] for run in runs])
            if filter_body is None:
                return None
        return step.body(filter_body)

    def _compare_bodies(self, bodies: Sequence[Json], twin: Twin) -> Difference | None:
        """Send deletes to both sides; returns the first difference, or None.

        What is left is compared after the last one: what an earlier one should not have left, or
        not have deleted, shows in a later answer or is still wrong then.
        """
        difference: Difference | None = None
        for at, body in enumerate(bodies):
            difference = self._compare_delete(body, twin, bodies[:at])
            if difference.server != difference.dialect:
                return difference
        return difference and self._compare_remaining(twin, difference)

    def _compare_delete(self, body: Json, twin: Twin, earlier: Sequence[Json]) -> Difference:
        """Delete on both sides; the difference may be none."""
        # `twin.delete` changes the twin: the finding needs the runs from before.
        before, document = twin.fork(), twin.documented()
        self.coverage.record(body.get("flow_runs"), before)
        return Difference(
            f"POST {BULK_DELETE_PATH}",
            body,
            self._delete(body),
            twin.delete(body),
            document.delete(body),
            before,
            self.target.curl("POST", BULK_DELETE_PATH, json.dumps(body).encode()),
            steps=tuple(earlier),
        )

    def _delete(self, body: Json) -> IdsOrStatus:
        self.sent += 1
        self.on_count(self.sent)
        answer = self.target.send("POST", BULK_DELETE_PATH, json.dumps(body).encode())
        if answer.status != 200:
            return answer.status
        try:
            deleted = frozenset(map(str, answer.json["deleted"]))
        except (ValueError, TypeError, KeyError):
            raise TargetError(
                f"POST {BULK_DELETE_PATH} answered {answer}, without a list `deleted`"
            ) from None
        self.deleted += len(deleted)
        return deleted

    def _compare_remaining(self, twin: Twin, difference: Difference) -> Difference | None:
        """Compare what a delete with equal answers left: flow runs, parents and task runs.

        `difference` is the one to return, with a detail, if the server's are not the twin's.
        """
        records = self.created_runs.fetch_records()
        left = {run["id"]: run["parent_task_run_id"] for run in records["flow_runs"]}
        twin_parents = twin.parents()
        if left == twin_parents:
            # Rule M11: the task runs of deleted runs must be gone, and only those.
            task_runs = {one["id"] for one in records["task_runs"]}
            if task_runs == {one.id for one in twin.store.task_runs}:
                return None
            return replace(difference, detail="Other task runs are left on the server")
        if left.keys() == twin_parents.keys():
            return replace(
                difference, detail="Other flow runs have lost their parent on the server"
            )
        gone = sorted(twin_parents.keys() - left.keys())
        kept = sorted(left.keys() - twin_parents.keys())
        words = [f"{', '.join(gone)} is gone too"] if gone else []
        words += [f"{', '.join(kept)} is still there"] if kept else []
        detail = f"The server did not do what it answered: {'; '.join(words)}"
        return replace(difference, detail=detail)


def restrict_to_ids(filter_body: Json, ids: Sequence[str]) -> Json | None:
    """The filter restricted to flow runs with these ids; None if it cannot be restricted.

    With an or_ of several criteria, a run that matches another criterion would be deleted too.
    """
    filter_body = dict(filter_body or {})
    criteria = [name for name in filter_body if name != "operator"]
    if filter_body.get("operator") == "or_" and [name for name in criteria if name != "id"]:
        return None
    # None left is an empty any_, which matches nothing (rule M2).
    named = (filter_body.get("id") or {}).get("any_")
    allowed = list(ids) if named is None else [one for one in named if one in ids]
    return {
        **filter_body,
        # No change for a filter of one criterion; one of several under or_ does not come here.
        "operator": "and_",
        "id": {**(filter_body.get("id") or {}), "any_": allowed},
    }


def create_sentinels(created_runs: CreatedRuns) -> list[str]:
    """Create the flow runs that no filter will name; returns their ids. Raises TargetError."""
    return created_runs.create(SENTINELS)
