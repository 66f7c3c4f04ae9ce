"""Differences of deletes: traces of bulk_delete calls on flow runs made for each, on both sides.

On a server that others can reach, or that holds other flow runs, every request is guarded: it
names, beside everything else and joined by and_, the ids of flow runs that the kit has made, and
is not sent where it could mean more than that. Sentinels, which no request names, must survive.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...prefect import Dialect
from ..findings import Finding
from ..server import CreatedRuns, Draft, StateDraft, Target, TargetError
from .coverage import Coverage
from .differences import Difference, to_finding
from .filter_comparison import MAX_DIFFERENCES, CountCallback
from .shrinking import find_smallest_difference
from .strategies import Step, Trace, traces
from .twin import IdsOrStatus, Twin
from .vocabulary import resolve_refs

Json = Any
BULK_DELETE_PATH = "/flow_runs/bulk_delete"
SENTINELS = (
    Draft("sentinel", (StateDraft("COMPLETED"),), tags=("sentinel",), key=True),
    Draft("sentinel", (StateDraft("SCHEDULED"),)),
)


@dataclass
class DeleteComparison:
    """Traces tried on a server. `guarded`: it holds flow runs besides those of the created_runs."""

    created_runs: CreatedRuns
    dialect: Dialect
    guarded: bool
    on_count: CountCallback
    coverage: Coverage = field(default_factory=Coverage)
    sent: int = 0
    deleted: int = 0
    skipped: int = 0

    @property
    def target(self) -> Target:
        """The server."""
        return self.created_runs.target

    def search(self, deletes: int, seed: int) -> list[Finding]:
        """Try traces until so many deletes were sent; returns the differences found."""
        found: list[Difference] = []

        def look(trace: Trace) -> Difference | None:
            if self.sent >= deletes and not shrinking:
                return None
            difference = self.compare(trace)
            if difference is None:
                return None
            if any(difference.is_covered_by(known) for known in found):
                return None
            shrinking.append(True)
            return difference

        while self.sent < deletes and len(found) < MAX_DIFFERENCES:
            shrinking: list[bool] = []
            difference = find_smallest_difference(
                traces(), look, examples=deletes, random_seed=seed + len(found)
            )
            if difference is None:
                break
            found.append(difference)
        return [to_finding(difference, "deletes-the-same") for difference in found]

    def compare(self, trace: Trace) -> Difference | None:
        """Make the runs, delete on both sides, and take away what is left."""
        try:
            created_ids = self.created_runs.create(trace.drafts)
            self._detect_other_runs()
            records = self.created_runs.fetch_records()
            by_id = {run["id"]: run for run in records["flow_runs"]}
            missing = [one for one in created_ids if one not in by_id]
            if missing:
                raise TargetError(f"{self.target.url} has lost what was just made: {missing[0]}")
            runs = [by_id[flow_run_id] for flow_run_id in created_ids]
            twin = Twin.from_records(records, self.dialect)
            sent: list[Json] = []
            for step in trace.steps:
                difference = self._step(step, runs, twin, sent)
                if difference is not None:
                    return difference
            return None
        finally:
            self.created_runs.delete_all()

    def _detect_other_runs(self) -> None:
        """From now on be guarded, where somebody else has put a flow run on the server."""
        if not self.guarded and self.target.request_json("POST", "/flow_runs/count", {}) != len(
            self.created_runs.ids
        ):
            self.guarded = True

    def _step(
        self, step: Step, runs: Sequence[Json], twin: Twin, sent: list[Json]
    ) -> Difference | None:
        filter_body = resolve_refs(step.filter_body, runs)
        if self.guarded:
            filter_body = restrict_to_ids(filter_body, [run["id"] for run in runs])
            if filter_body is None:
                self.skipped += 1
                return None
        body = step.body(filter_body)
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
                f"POST {BULK_DELETE_PATH} answered {answer}: no list `deleted`"
            ) from None
        self.deleted += len(deleted)
        return deleted

    def _compare_remaining(self, twin: Twin, difference: Difference) -> Difference | None:
        """The same deletes, told alike: is what is left the same, and whose child?"""
        records = self.created_runs.fetch_records()
        left = {run["id"]: run["parent_task_run_id"] for run in records["flow_runs"]}
        twin_parents = twin.parents()
        if left == twin_parents:
            task_runs = {one["id"] for one in records["task_runs"]}
            if task_runs == {one.id for one in twin.store.task_runs}:
                return None
            return replace(difference, detail="Other task runs are left")
        if left.keys() == twin_parents.keys():
            return replace(difference, detail="Other flow runs have lost their parent")
        gone, kept = (
            sorted(twin_parents.keys() - left.keys()),
            sorted(left.keys() - twin_parents.keys()),
        )
        words = [f"{', '.join(gone)} gone, too"] if gone else []
        words += [f"{', '.join(kept)} still there"] if kept else []
        return replace(difference, detail=f"What it tells is not what it did: {'; '.join(words)}")


def restrict_to_ids(filter_body: Json, ids: Sequence[str]) -> Json | None:
    """The filter, so that it cannot match any run but those of these ids; None where it could.

    An or_ of several criteria would let the guard be passed by.
    """
    filter_body = dict(filter_body or {})
    criteria = [name for name in filter_body if name != "operator"]
    if filter_body.get("operator") == "or_" and [name for name in criteria if name != "id"]:
        return None
    named = (filter_body.get("id") or {}).get("any_")
    allowed = list(ids) if named is None else [one for one in named if one in ids]
    return {
        **filter_body,
        "operator": "and_",
        "id": {**(filter_body.get("id") or {}), "any_": allowed},
    }


def create_sentinels(created_runs: CreatedRuns) -> list[str]:
    """Flow runs that no request is about; returns their ids. Raises TargetError."""
    return created_runs.create(SENTINELS)
