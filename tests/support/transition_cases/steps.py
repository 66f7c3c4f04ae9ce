"""Cases of state transitions: flow runs to create, and the requests to send about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any
TERMINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
STATE_TYPES = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING", *TERMINAL)
NO_HEADERS: Mapping[str, str] = {}
PAST_TIME = "2001-02-03T04:05:06.789000Z"
FUTURE_TIME = "2091-02-03T04:05:06Z"
LATER_TIME = "2092-02-03T04:05:06Z"
UNKNOWN_RUN_ID = "abcdefab-0000-4000-8000-000000000000"
UNKNOWN_DEPLOYMENT_ID = "11111111-0000-4000-8000-000000000000"
ONE_ID, OTHER_ID = "22222222-0000-4000-8000-000000000000", "33333333-0000-4000-8000-000000000000"
DEPLOYED: Mapping[str, Json] = {"deployment_id": UNKNOWN_DEPLOYMENT_ID}
PERSISTED, UNPERSISTED = {"type": "x"}, {"type": "unpersisted"}


@dataclass(frozen=True)
class Step:
    """A request about a case's runs; `{run0}` in its path or body stands for the first run's id."""

    method: str
    path: str
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """Flow runs, given as bodies of POST /flow_runs/ without a flow_id, and steps about them.

    Before, `tasks` task runs (`{task0}`, ...) are created, and a `{deployment}` if there is a body
    for it.
    """

    name: str
    steps: tuple[Step, ...]
    runs: tuple[Json, ...] = ({},)
    tasks: int = 0
    deployment: Json = None


def state(kind: str, name: Json = ..., *, message: Json = ..., data: Json = ..., **d: Json) -> Json:
    """The body of a state without the parts that are not given; `d` are its state_details."""
    parts = {"name": name, "message": message, "data": data, "state_details": d or ...}
    return {"type": kind, **{key: part for key, part in parts.items() if part is not ...}}


def set_state(
    new_state: Json, force: Json = ..., run: int | str = 0, headers: Mapping[str, str] = NO_HEADERS
) -> Step:
    """POST /flow_runs/{id}/set_state; `run` is the number of a run, or an id."""
    target = run if isinstance(run, str) else f"{{run{run}}}"
    body = {"state": new_state} | ({} if force is ... else {"force": force})
    return Step("POST", f"/flow_runs/{target}/set_state", body, headers)


def patch_run(**changes: Json) -> Step:
    """PATCH /flow_runs/{id}."""
    return Step("PATCH", "/flow_runs/{run0}", changes)


def bulk_set_state(new_state: Json, ids: Iterable[str], **more: Json) -> Step:
    """POST /flow_runs/bulk_set_state for the runs with these ids."""
    body = {"flow_runs": {"id": {"any_": list(ids)}}, "state": new_state, **more}
    return Step("POST", "/flow_runs/bulk_set_state", body)


def api_version_header(version: str) -> Mapping[str, str]:
    """The header with which a client sends its API version."""
    return {"X-PREFECT-API-VERSION": version}


def single_run(
    name: str, *states: Json, run: Json = None, tasks: int = 0, deployment: Json = None
) -> Case:
    """A case of one run, created in the first state; the others are states to set, or steps."""
    first, *others = states
    steps = tuple(each if isinstance(each, Step) else set_state(each) for each in others)
    start = {} if first is None else {"state": first}
    return Case(name, steps, ({**start, **(run or {})},), tasks, deployment)


SCHEDULED, PENDING, RUNNING, PAUSED, CANCELLING = map(state, STATE_TYPES[:5])
COMPLETED, FAILED, CRASHED, CANCELLED = map(state, TERMINAL)
SUSPENDED = state("PAUSED", "Suspended", pause_reschedule=True, pause_key="s")
RESUMING = state("SCHEDULED", "Resuming")
LATE = state("SCHEDULED", "Late")
SUBFLOW: Mapping[str, Json] = {"parent_task_run_id": "{task0}"}
