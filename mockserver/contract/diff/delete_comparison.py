"""Comparison of deletes: traces of bulk_delete requests on flow runs created for each trace.

Invariant: no delete can match a flow run that the kit did not create. On a server that others can
reach, or that holds other flow runs, every filter is restricted to ids of created runs, joined by
and_; a filter that cannot be restricted is not sent. Sentinels are created runs that no filter
names, and must survive.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..findings import Finding
from ..server import CreatedRuns, Draft, Identity, StateDraft, Target, TargetError
from .coverage import Coverage
from .differences import Difference, to_finding
from .filter_comparison import MAX_DIFFERENCES, CountCallback
from .shrinking import find_smallest_difference
from .strategies import Step, Trace, traces
from .twin import IdsOrStatus, Twin
from .vocabulary import resolve_refs

Json = Any
BULK_DELETE_PATH = "/flow_runs/bulk_delete"
# One in a final state with tags and a key, one scheduled with neither: most filters, if they were
# not restricted, would match one of them.
SENTINELS = (
    Draft("sentinel", (StateDraft("COMPLETED"),), tags=("sentinel",), key=True),
    Draft("sentinel", (StateDraft("SCHEDULED"),)),
)


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
    coverage: Coverage = field(default_factory=Coverage)
    sent: int = 0
    deleted: int = 0
    skipped: int = 0

    @property
    def target(self) -> Target:
        """The server under test."""
        return self.created_runs.target

    def search(self, deletes: int, seed: int) -> list[Finding]:
        """Try traces until `deletes` deletes were sent; returns a finding for each difference."""
        found: list[Difference] = []
        while self.sent < deletes and len(found) < MAX_DIFFERENCES:
            difference = find_smallest_difference(
                traces(),
                self._compare_new(deletes, found),
                examples=deletes,
                # The same seed would draw the difference that was just found.
                random_seed=seed + len(found),
            )
            if difference is None:
                break
            found.append(difference)
        return [to_finding(one, "deletes-the-same", self.identity) for one in found]

    def _compare_new(
        self, deletes: int, found: Sequence[Difference]
    ) -> Callable[[Trace], Difference | None]:
        """`compare` for one search: without differences found before, and within the limit.

        Once it has returned a difference the limit no longer holds, so that it can be shrunk.
        """
        is_shrinking = False

        def compare(trace: Trace) -> Difference | None:
            nonlocal is_shrinking
            if self.sent >= deletes and not is_shrinking:
                return None
            difference = self.compare(trace)
            if difference is None or any(difference.is_covered_by(known) for known in found):
                return None
            is_shrinking = True
            return difference

        return compare

    def compare(self, trace: Trace) -> Difference | None:
        """Create the runs of a trace, send its deletes to both sides, delete what is left.

        Returns the first difference, or None. Raises TargetError.
        """
        try:
            created_ids = self.created_runs.create(trace.drafts)
            self._detect_other_runs()
            records = self.created_runs.fetch_records()
            by_id = {run["id"]: run for run in records["flow_runs"]}
            missing = [one for one in created_ids if one not in by_id]
            if missing:
                raise TargetError(f"{self.target.url} has lost a run just created: {missing[0]}")
            runs = [by_id[flow_run_id] for flow_run_id in created_ids]
            twin = Twin.from_records(records, self.identity.dialect)
            sent: list[Json] = []
            for step in trace.steps:
                difference = self._compare_step(step, runs, twin, sent)
                if difference is not None:
                    return difference
            return None
        finally:  # the next trace starts from a server without runs of this one
            self.created_runs.delete_all()

    def _detect_other_runs(self) -> None:
        """Restrict filters from now on if the server holds a flow run that is not ours."""
        if self.guarded:
            return
        # Asked for each trace: others may create flow runs at any time.
        count = self.target.request_json("POST", "/flow_runs/count", {})
        self.guarded = count != len(self.created_runs.ids)

    def _compare_step(
        self, step: Step, runs: Sequence[Json], twin: Twin, sent: list[Json]
    ) -> Difference | None:
        """Delete on both sides, and append the body to `sent`. `runs` are those of the trace."""
        filter_body = resolve_refs(step.filter_body, runs)
        if self.guarded:
            filter_body = restrict_to_ids(filter_body, [run["id"] for run in runs])
            if filter_body is None:
                self.skipped += 1
                return None
        body = step.body(filter_body)
        # `twin.delete` changes the twin: the finding needs the runs from before.
        before, document = twin.fork(), twin.documented()
        self.coverage.record(filter_body, before)
        twin_answer = twin.delete(body)
        server_answer = self._delete(body)
        difference = Difference(
            f"POST {BULK_DELETE_PATH}",
            body,
            server_answer,
            twin_answer,
            document.delete(body),
            before,
            self.target.curl("POST", BULK_DELETE_PATH, json.dumps(body).encode()),
            steps=tuple(sent),
        )
        sent.append(body)
        if server_answer != twin_answer:
            return difference
        return self._compare_remaining(twin, difference)

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
