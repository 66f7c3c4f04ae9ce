"""What releases changed about state transitions: both sides of each change, in a table.

Each row is about one change of `changes`; the recorded cases show that real servers do the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from mockserver.orchestration import DeploymentSlots, OrchestrationOutcome, orchestrate
from mockserver.prefect import DATABASES, RELEASES, SPEC, Dialect, dialect_for
from mockserver.prefect.changes import CHANGES, SET_STATE, Change
from mockserver.prefect.records import FlowRun, State, StateType

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PAST = NOW - timedelta(hours=1)
LEASE, OTHER_LEASE = "22222222-0000-4000-8000-000000000000", "33333333-0000-4000-8000-000000000000"
LEASED = {"deployment_concurrency_lease_id": LEASE}
NO_LEASE = {"deployment_concurrency_lease_id": None}
OTHER_LEASED = {"deployment_concurrency_lease_id": OTHER_LEASE}
BY_ID = {change.id: change for change in CHANGES}


def state(kind: str, name: str | None = None, data: Any = None, **details: Any) -> State:
    kind_of = StateType(kind)
    return State(kind_of, name or kind_of.default_name, kind, PAST, data=data, details=details)


@dataclass(frozen=True)
class Row:
    """A proposal, and what comes of it before a change and after it, as `shown` says it."""

    change: str
    initial: State
    proposed: State
    before: tuple[Any, ...]
    after: tuple[Any, ...]
    force: bool = False
    api_version: tuple[int, ...] | None = None
    run: Mapping[str, Any] = field(default_factory=dict)
    returnable: bool = True

    def __str__(self) -> str:
        forced = ", force" if self.force else ""
        return f"{self.change}: {self.initial.name} to {self.proposed.name}{forced}"

    def outcome(self, dialect: Dialect) -> OrchestrationOutcome:
        ids = count()
        return orchestrate(
            FlowRun(id="a", name="a", state=self.initial, **self.run),
            self.proposed,
            dialect,
            force=self.force,
            now=NOW,
            new_id=lambda: str(next(ids)),
            api_version=self.api_version,
            slots=DeploymentSlots(returnable=self.returnable),
        )


def shown(outcome: OrchestrationOutcome) -> tuple[Any, ...]:
    """The status and the name of the run's state; its lease, or what else stands out."""
    found: list[Any] = [str(outcome.status), outcome.state.name if outcome.state else None]
    if outcome.state and (lease := outcome.state.details.get("deployment_concurrency_lease_id")):
        found.append(lease)
    if outcome.run.empirical_policy:
        found.append(dict(outcome.run.empirical_policy))
    if outcome.server_error:
        found.append(outcome.server_error)
    found += outcome.stale_inputs
    if "reason" in outcome.details:
        found.append(outcome.details["reason"])
    return tuple(found)


PENDING_REFUSED = "This run is in a PENDING state and cannot transition to a PENDING state."
RESULT = {"type": "x"}
RESULT_KEPT = (
    "Cannot overwrite a COMPLETED state that carries persisted result data with one that does not."
)
CANCELLING_REFUSED = (
    "This run cannot transition to the StateType.CANCELLING state from the StateType.PAUSED state."
)
RETRIES = {"retries": 1}
RETRYING = {**RETRIES, "resuming": False, "pause_keys": [], "retry_type": "in_process"}
FIRED = {"pause_keys": ["k"]}
RESUMING = {**FIRED, "resuming": True}
STARTED_OVER = {"pause_keys": [], "resuming": False, "retry_type": "reschedule"}
DEPLOYED = {"deployment_id": "d"}

ROWS = (
    *(
        Row(
            "pending-renamed",
            state("PENDING", scheduled_time=PAST, **LEASED),
            state("PENDING", name, **OTHER_LEASED),
            ("ABORT", "Pending", LEASE, PENDING_REFUSED),
            ("ACCEPT", name, LEASE),
        )
        for name in ("Submitting", "InfrastructurePending", "Anything")
    ),
    *(
        Row(
            "lease-inherited",
            state("RUNNING", **LEASED),
            state(kind, **given),
            ("ACCEPT", StateType(kind).default_name),
            ("ACCEPT", StateType(kind).default_name, LEASE),
        )
        for kind in ("COMPLETED", "CANCELLING", "RUNNING")
        for given in ({}, NO_LEASE)
    ),
    *(
        Row(
            "completed-result-kept",
            state("COMPLETED", data=RESULT),
            state("COMPLETED", "Anew", data=data),
            ("ACCEPT", "Anew"),
            ("REJECT", "Completed", RESULT_KEPT),
            force=force,
        )
        for data in (None, {"type": "unpersisted"}, [1])
        for force in (False, True)
    ),
    *(
        Row(
            "any-completed-data",
            state("COMPLETED", data=data),
            state("RUNNING"),
            ("ACCEPT", "Completed", f"'{kind}' object has no attribute 'get'"),
            ("ACCEPT", "Running", {"resuming": False, "pause_keys": [], "retry_type": None}),
        )
        for data, kind in ((["x"], "list"), ("x", "str"), (7, "int"), (1.5, "float"))
    ),
    Row(
        "slot-release-checked",
        state("RUNNING"),
        state("CRASHED"),
        ("ACCEPT", "Crashed"),
        ("ACCEPT", "Crashed", "Failed to release deployment concurrency slots"),
        run=DEPLOYED,
        returnable=False,
    ),
    Row(
        "late-once",
        state("SCHEDULED", "Late"),
        state("SCHEDULED", "Late"),
        ("ACCEPT", "Late"),
        ("REJECT", "Late", "This flow run is already marked late."),
    ),
    Row(
        "retry-keeps-lease",
        state("RUNNING", **LEASED),
        state("FAILED"),
        ("REJECT", "AwaitingRetry", RETRYING, "Retrying"),
        ("REJECT", "AwaitingRetry", LEASE, RETRYING, "Retrying"),
        run={"run_count": 1, "empirical_policy": RETRIES},
    ),
    *(
        Row(
            "pause-cancellable",
            state("PAUSED", pause_timeout=timeout),
            state("CANCELLING"),
            ("REJECT", "Paused", {"resuming": True}, CANCELLING_REFUSED),
            ("ACCEPT", "Cancelling", {"resuming": True}),
        )
        for timeout in (None, PAST)
    ),
    *(
        Row(
            "pause-left-cleared",
            state("PAUSED"),
            state("SCHEDULED", name),
            ("ACCEPT", name, RESUMING),
            ("ACCEPT", name, STARTED_OVER),
            api_version=version,
            run={**DEPLOYED, "empirical_policy": FIRED},
        )
        for name in ("Scheduled", "Resuming", "AwaitingRetry")
        for version in (None, (0, 8, 4))
    ),
    *(
        Row(
            "forced-keeps-lease",
            state("RUNNING", **LEASED),
            state(kind, **given),
            ("ACCEPT", StateType(kind).default_name),
            ("ACCEPT", StateType(kind).default_name, LEASE),
            force=True,
            run=run,
        )
        for kind in ("RUNNING", "FAILED")
        for given in ({}, NO_LEASE)
        for run in ({}, DEPLOYED)
    ),
    Row(
        "stale-input-deleted",
        state("RUNNING"),
        state("PAUSED", pause_key="k", run_input_keyset={"schema": "s", "response": "r"}),
        ("ACCEPT", "Paused", FIRED),
        ("ACCEPT", "Paused", FIRED, "s", "r"),
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_change_decides_what_comes_of_a_proposal(row: Row) -> None:
    """Its field alone makes the difference."""
    change = BY_ID[row.change]
    assert shown(row.outcome(replace(SPEC, **{change.field: False}))) == row.before  # type: ignore[arg-type]
    assert shown(row.outcome(SPEC)) == row.after


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_change_came_with_its_release(row: Row, database: str) -> None:
    """The release before it does what `before` says, its own and the newest what `after` says."""
    since = RELEASES.index(BY_ID[row.change].since)
    assert shown(row.outcome(dialect_for(database, RELEASES[since - 1]))) == row.before
    for release in (RELEASES[since], RELEASES[-1]):
        assert shown(row.outcome(dialect_for(database, release))) == row.after


def changes_of_states() -> list[Change]:
    return [change for change in CHANGES if change.modelled and change.endpoint == SET_STATE]


def test_each_change_of_states_is_in_the_table() -> None:
    """And each row is about a change that there is."""
    assert {change.id for change in changes_of_states()} == {row.change for row in ROWS}


UNCHANGED = (
    Row(
        "pending-renamed",
        state("PENDING", "Submitting", **LEASED),
        state("PENDING"),
        ("ABORT", "Submitting", LEASE, PENDING_REFUSED),
        (),
    ),
    Row("lease-inherited", state("PENDING", **LEASED), state("RUNNING", **OTHER_LEASED),
        ("ACCEPT", "Running", LEASE), ()),
    Row("lease-inherited", state("RUNNING", **LEASED), state("COMPLETED", **OTHER_LEASED),
        ("ACCEPT", "Completed", OTHER_LEASE), ()),
    Row("any-completed-data", state("COMPLETED", data=RESULT), state("RUNNING"),
        ("REJECT", "Completed", "Run is already COMPLETED."), ()),
    Row("any-completed-data", state("COMPLETED", data=["x"]), state("PAUSED"),
        ("ABORT", "Completed", "Run is already in terminal state COMPLETED."), ()),
    Row("any-completed-data", state("COMPLETED", data=["x"]), state("FAILED"),
        ("ACCEPT", "Failed"), ()),
    Row("late-once", state("SCHEDULED"), state("SCHEDULED", "Late"), ("ACCEPT", "Late"), ()),
    Row("late-once", state("SCHEDULED", "Late"), state("SCHEDULED", "Late"),
        ("ACCEPT", "Late"), (), force=True),
    Row("pause-cancellable", state("PAUSED"), state("CANCELLING"),
        ("ACCEPT", "Cancelling"), (), force=True),
    Row("pause-left-cleared", state("PAUSED"), state("SCHEDULED"),
        ("ACCEPT", "Scheduled", RESUMING), (), api_version=(0, 8, 3),
        run={**DEPLOYED, "empirical_policy": FIRED}),
    Row("pause-left-cleared", state("PAUSED", pause_reschedule=True), state("SCHEDULED"),
        ("ACCEPT", "Scheduled", RESUMING), (), run={**DEPLOYED, "empirical_policy": FIRED}),
    Row("pause-left-cleared", state("PAUSED"), state("SCHEDULED"),
        ("ACCEPT", "Scheduled", FIRED), (), force=True, run={"empirical_policy": FIRED}),
    Row("forced-keeps-lease", state("RUNNING", **LEASED), state("FAILED", **OTHER_LEASED),
        ("ACCEPT", "Failed", OTHER_LEASE), (), force=True),
)  # fmt: skip
"""Proposals beside those above that every release answers alike, as `before` says."""


@pytest.mark.parametrize("row", UNCHANGED, ids=str)
def test_what_lies_beside_a_change_is_the_same_in_every_release(row: Row) -> None:
    """Also in the document's dialect."""
    dialects = [dialect_for(database, each) for database in DATABASES for each in RELEASES]
    for dialect in (SPEC, *dialects):
        assert shown(row.outcome(dialect)) == row.before, dialect.name
