"""Cases of state transitions, how to run them on any server, and what a real server answered.

    python -m tests.support.transition_cases URL FILE

runs every case on the server whose API is at URL, one request at a time, and writes what was
told to FILE. tests/data/transitions-prefect-3.8.8.json is that of a real Prefect 3.8.8 on SQLite
without background services: an object from the name of a case to its outcomes, one a line. The
first outcome is that of creating the case's runs, then there is one for every step; a run that
cannot be created is the end of its case.

Ids and instants differ from server to server and from day to day, so `run_case` names them:

- `{run0}`, `{run1}`, ...: the case's runs, in the order they were created; runs that were created
  by equal requests are ordered by id, highest first, as bulk_set_state takes them. `{task0}` is a
  task run and `{deployment}` a deployment made beforehand, `<uuid>` any other id that the case
  does not give itself.
- `@0`: the state that a run was created with, and its timestamp; `@3`: the state made by step 3.
  A state is told in full once, under the key `is`; from then on its name alone means "the very
  same, in every field", and with `is` and more keys: the same but for these.
- An instant that the case gives is told as the server words it. A `scheduled_time` that the server
  chose is `~@3` where it is about the timestamp of the state it appears in (real servers take it
  a moment earlier), `~@3+3600` where it is that many seconds later, give or take five; whatever
  is equal to it, to the microsecond, is then `scheduled@3`.
- `total_run_time` is a sum of differences of timestamps, such as `@2-@1+@4-@3`, to a microsecond.
- A `delay_seconds` of about the scheduled time minus now is `scheduled-now`.

Whatever cannot be told in these terms starts with `?`, as does a new state whose timestamp is not
later than all before, a run's `state_id`, `state_type` or `state_name` (else left out) that is
not that of its `state`, and results of bulk_set_state that are not in the order of the ids,
highest first.

Left out are: `message` and `data` of a state where null; what is at its default in `state_details`
and `empirical_policy`; of a run what is null, 0 (but for `run_count`), empty or all defaults; what
the passing of time changes, such as `updated` and `estimated_run_time`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.client import HTTPConnection
from itertools import pairwise, product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from tests.support.paths import DATA

Json = Any
Send = Callable[[str, str, Json, Mapping[str, str]], tuple[int, Json]]

CASES = DATA / "transitions-prefect-3.8.8.json"

TERMINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
STATE_TYPES = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING", *TERMINAL)
NOTHING: Mapping[str, str] = {}
PAST = "2001-02-03T04:05:06.789000Z"
FUTURE = "2091-02-03T04:05:06Z"
LATER = "2092-02-03T04:05:06Z"
NO_RUN = "abcdefab-0000-4000-8000-000000000000"
NO_DEPLOYMENT = "11111111-0000-4000-8000-000000000000"
ONE_ID, OTHER_ID = "22222222-0000-4000-8000-000000000000", "33333333-0000-4000-8000-000000000000"
DEPLOYED: Mapping[str, Json] = {"deployment_id": NO_DEPLOYMENT}
PERSISTED, UNPERSISTED = {"type": "x"}, {"type": "unpersisted"}

STATE_DEFAULTS: Mapping[str, Json] = {
    **dict.fromkeys(
        (
            *("flow_run_id", "task_run_id", "child_flow_run_id", "scheduled_time", "cache_key"),
            *("cache_expiration", "pause_timeout", "pause_key", "run_input_keyset", "retriable"),
            *("refresh_cache", "transition_id", "task_parameters_id", "traceparent"),
            "deployment_concurrency_lease_id",
        )
    ),
    **dict.fromkeys(("deferred", "untrackable_result", "pause_reschedule"), False),
}
POLICY_DEFAULTS: Mapping[str, Json] = {
    "max_retries": 0,
    "retry_delay_seconds": 0,
    "retries": None,
    "retry_delay": None,
    "pause_keys": [],
    "resuming": False,
    "retry_type": None,
}


# --- Cases -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A request about a case's runs; `{run0}` in its path or body stands for an id."""

    method: str
    path: str
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """Flow runs, created by these bodies of POST /flow_runs/ (without flow_id), and steps.

    `tasks` of task runs, `{task0}` and so on, and where there is a body for it a `{deployment}`
    are made before: a server that has none of these cannot run such a case.
    """

    name: str
    steps: tuple[Step, ...]
    runs: tuple[Json, ...] = ({},)
    tasks: int = 0
    deployment: Json = None


def state(kind: str, name: Json = ..., *, message: Json = ..., data: Json = ..., **d: Json) -> Json:
    """The body of a state; what is not given is not sent. `d`: state_details."""
    parts = {"name": name, "message": message, "data": data, "state_details": d or ...}
    return {"type": kind, **{key: part for key, part in parts.items() if part is not ...}}


def set_state(
    wanted: Json, force: Json = ..., run: int | str = 0, headers: Mapping[str, str] = NOTHING
) -> Step:
    """POST /flow_runs/{id}/set_state; `run` is a number, or itself what stands for the id."""
    target = run if isinstance(run, str) else f"{{run{run}}}"
    body = {"state": wanted} | ({} if force is ... else {"force": force})
    return Step("POST", f"/flow_runs/{target}/set_state", body, headers)


def patch(**changes: Json) -> Step:
    """PATCH /flow_runs/{id}."""
    return Step("PATCH", "/flow_runs/{run0}", changes)


def bulk(wanted: Json, ids: Iterable[str], **more: Json) -> Step:
    """POST /flow_runs/bulk_set_state for runs with these ids alone."""
    body = {"flow_runs": {"id": {"any_": list(ids)}}, "state": wanted, **more}
    return Step("POST", "/flow_runs/bulk_set_state", body)


def api(version: str) -> Mapping[str, str]:
    """The header by which a client says how old it is."""
    return {"X-PREFECT-API-VERSION": version}


def chain(
    name: str, *wanted: Json, run: Json = None, tasks: int = 0, deployment: Json = None
) -> Case:
    """A case of one run that starts in the first state; the others are states to set, or steps."""
    first, *others = wanted
    steps = tuple(each if isinstance(each, Step) else set_state(each) for each in others)
    start = {} if first is None else {"state": first}
    return Case(name, steps, ({**start, **(run or {})},), tasks, deployment)


SCHEDULED, PENDING, RUNNING, PAUSED, CANCELLING = map(state, STATE_TYPES[:5])
COMPLETED, FAILED, CRASHED, CANCELLED = map(state, TERMINAL)
SUSPENDED = state("PAUSED", "Suspended", pause_reschedule=True, pause_key="s")
RESUMING = state("SCHEDULED", "Resuming")
LATE = state("SCHEDULED", "Late")
ORIGINS: Mapping[str, Json] = {"nothing": None, **{kind: state(kind) for kind in STATE_TYPES}}


def matrix() -> Iterator[Case]:
    """From everything to everything, and what only depends on where it starts."""
    for (origin, first), kind in product(ORIGINS.items(), STATE_TYPES):
        wanted = state(kind)
        yield chain(f"matrix: {origin} -> {kind}", first, wanted)
        yield chain(f"matrix: {origin} -> {kind}, force", first, set_state(wanted, force=True))
        yield chain(f"matrix: {origin} -> {kind}, deployed", first, wanted, run=DEPLOYED)
    for origin, first in ORIGINS.items():
        yield chain(f"late: {origin} -> Late", first, LATE)
        yield chain(f"late: {origin} -> Late, deployed", first, LATE, run=DEPLOYED)
        to_suspended = f"suspend: {origin} -> Suspended"
        yield chain(to_suspended, first, state("PAUSED", "Suspended"), run=DEPLOYED)
        yield chain(
            f"deployment exists: {origin} -> PENDING -> RUNNING",
            *(first, PENDING, RUNNING),
            run={"deployment_id": "{deployment}"},
            deployment={},
        )


def names() -> Iterator[Case]:
    """What a state is called."""
    for name in (None, "", "Late", "scheduled", "Ünï ✓", " padded "):
        yield chain(f"name: {name!r}", PENDING, state("RUNNING", name), state("FAILED", name))
        yield chain(f"name: SCHEDULED {name!r}", state("SCHEDULED", name), PENDING)
    late_at = state("SCHEDULED", "Late", scheduled_time=PAST)
    yield chain("late: Late -> Late", LATE, LATE, set_state(LATE, force=True))
    yield chain("late: keeps its time", state("SCHEDULED", scheduled_time=PAST), late_at, PENDING)
    yield chain("late: loses its time", state("SCHEDULED", scheduled_time=FUTURE), LATE, RUNNING)
    yield chain("late: -> Scheduled -> Late", LATE, SCHEDULED, LATE)
    yield chain(
        "late: Late, wrongly typed", state("PENDING", "Late"), LATE, state("RUNNING", "Late")
    )
    yield chain("late: -> PENDING -> RUNNING", late_at, PENDING, RUNNING, COMPLETED)
    for first, second in product(("Pending", "Submitting", "InfrastructurePending"), repeat=2):
        pending = (state("PENDING", first), state("PENDING", second))
        yield chain(f"pending: {first} -> {second}", *pending, RUNNING)
    yield chain(
        "pending: keeps the scheduled time, whatever is given",
        state("SCHEDULED", scheduled_time=FUTURE),
        PENDING,
        state("PENDING", "Submitting", scheduled_time=LATER),
        state("PENDING", "InfrastructurePending"),
        RUNNING,
    )
    yield chain(
        "pending: no scheduled time, whatever is given",
        PENDING,
        state("PENDING", "Submitting", scheduled_time=FUTURE),
        RUNNING,
    )
    yield chain("pending: null name", state("PENDING", "Submitting"), state("PENDING", None))
    yield chain("pending: cancelling", PENDING, CANCELLING, PENDING, CANCELLED, PENDING)
    for name in ("AwaitingRetry", "AwaitingConcurrencySlot", "Resuming", "Custom"):
        named = state("SCHEDULED", name, scheduled_time=PAST)
        yield chain(f"name: {name} to RUNNING", named, state("RUNNING", "Retrying"), named, PENDING)
        yield chain(f"name: {name} to CANCELLING", named, CANCELLING, run={**DEPLOYED})


def scheduling() -> Iterator[Case]:
    """When a run is to start, and who has to wait."""
    for name, when in (("past", PAST), ("future", FUTURE)):
        at = state("SCHEDULED", scheduled_time=when)
        yield chain(f"scheduled: {name} -> RUNNING twice", at, RUNNING, RUNNING)
        yield chain(f"scheduled: {name} -> PENDING -> RUNNING twice", at, PENDING, RUNNING, RUNNING)
        yield chain(
            f"scheduled: {name} -> RUNNING, force", at, set_state(RUNNING, force=True), FAILED
        )
        yield chain(f"scheduled: {name} -> PENDING, force", at, set_state(PENDING, True), RUNNING)
        yield chain(f"scheduled: nothing -> {name}", None, at, SCHEDULED, at, PENDING)
        yield chain(f"scheduled: RUNNING -> {name}", RUNNING, at, RUNNING, set_state(RUNNING, True))
        yield chain(f"scheduled: {name} -> PAUSED", at, PAUSED, set_state(PAUSED, True), RUNNING)
        yield chain(f"scheduled: {name} -> COMPLETED", at, COMPLETED, SCHEDULED)
        given = state("PENDING", scheduled_time=when)
        yield chain(f"scheduled: now -> PENDING {name}", SCHEDULED, given, RUNNING)
        yield chain(f"scheduled: PENDING {name} -> RUNNING", given, RUNNING, COMPLETED)
        other = state("RUNNING", scheduled_time=when)
        yield chain(f"scheduled: RUNNING {name} -> RUNNING", other, RUNNING, PENDING, COMPLETED)
        yield chain(f"scheduled: {name}, deployed", at, RUNNING, PENDING, CANCELLING, run=DEPLOYED)
    yield chain("scheduled: now -> PENDING -> RUNNING", SCHEDULED, PENDING, RUNNING, COMPLETED)
    yield chain("scheduled: null", None, state("SCHEDULED", scheduled_time=None), PENDING)
    yield chain(
        "scheduled: odd spellings",
        *(None, state("SCHEDULED", scheduled_time="2091-02-03T06:05:06+02:00")),
        state("SCHEDULED", scheduled_time="2091-02-03T04:05:06.5"),
        *(state("SCHEDULED", scheduled_time=3821313906), state("SCHEDULED", scheduled_time="soon")),
        state("SCHEDULED", scheduled_time="2091-02-03"),
    )


def retries() -> Iterator[Case]:
    """What becomes of FAILED."""
    again = (RUNNING, FAILED)
    for count, delay in product((None, 0, 1, 2), (None, 0, 3600)):
        policy = {"retries": count, "retry_delay": delay}
        name = f"retries: {count}, delay {delay}"
        run = {"empirical_policy": policy}
        yield chain(name, *again, *again, *again, RUNNING, COMPLETED, run=run)
    one = {"empirical_policy": {"retries": 1}}
    two_hours = {"empirical_policy": {"retries": 1, "retry_delay": 3600}}
    forced = set_state(RUNNING, force=True)
    yield chain("retries: forced on", RUNNING, FAILED, forced, FAILED, run=two_hours)
    yield chain("retries: forced FAILED", RUNNING, set_state(FAILED, force=True), *again, run=one)
    yield chain("retries: via PENDING", RUNNING, FAILED, PENDING, *again, run=one)
    yield chain("retries: CANCELLING", RUNNING, FAILED, CANCELLING, run=one)
    pid = patch(infrastructure_pid="7")
    yield chain("retries: CANCELLING, infra", RUNNING, FAILED, pid, CANCELLING, run=one)
    yield chain("retries: FAILED from elsewhere", PENDING, FAILED, RUNNING, FAILED, run=one)
    yield chain(
        "retries: neither CRASHED nor COMPLETED", RUNNING, CRASHED, RUNNING, COMPLETED, run=one
    )
    yield chain("retries: deployed", *again, *again, SCHEDULED, *again, run={**one, **DEPLOYED})
    told = state("FAILED", "Oops", message="why", data=PERSISTED, scheduled_time=FUTURE)
    yield chain("retries: message and data", RUNNING, told, RUNNING, told, run=one)
    unkept = state("FAILED", data=UNPERSISTED, message="")
    yield chain("retries: unpersisted data", RUNNING, unkept, RUNNING, unkept, run=one)
    old = {"max_retries": 1, "retry_delay_seconds": 3600.0}
    yield chain(
        "retries: deprecated fields", RUNNING, FAILED, *again, run={"empirical_policy": old}
    )
    both = {**old, "retries": 0, "retry_delay": 0}
    yield chain("retries: deprecated and new", RUNNING, FAILED, run={"empirical_policy": both})
    late = patch(empirical_policy={"retries": 5, "pause_keys": ["a", "b"], "resuming": True})
    yield chain(
        "retries: patched on the way", RUNNING, FAILED, RUNNING, late, FAILED, RUNNING, run=one
    )
    marked = {"retries": 1, "resuming": True, "pause_keys": ["k"], "retry_type": "reschedule"}
    for version in ("0.8.2", "0.8.3", "0.8.4", "0.9.0"):
        steps = (set_state(each, headers=api(version)) for each in (FAILED, RUNNING, FAILED))
        name = f"retries: version {version}"
        yield chain(name, RUNNING, *steps, run={"empirical_policy": marked})
    spent = {**marked, "retries": 0}
    yield chain("retries: spent and marked", RUNNING, FAILED, run={"empirical_policy": spent})
    none = {**marked, "retries": None}
    yield chain("retries: none and marked", RUNNING, *again, run={"empirical_policy": none})
    negative = {"empirical_policy": {"retries": 1, "retry_delay": -3600}}
    yield chain("retries: negative delay", RUNNING, FAILED, RUNNING, run=negative)


def repeated() -> Iterator[Case]:
    """The same request once more."""

    def marked(kind: str, mark: Json = ONE_ID) -> Json:
        return state(kind, transition_id=mark)

    twice = (marked("RUNNING"), marked("RUNNING"))
    yield chain("transition_id: twice", PENDING, *twice, marked("RUNNING", OTHER_ID), *twice)
    yield chain("transition_id: another type", PENDING, *twice[:1], marked("COMPLETED"), COMPLETED)
    yield chain("transition_id: null", PENDING, marked("RUNNING", None), marked("RUNNING", None))
    yield chain("transition_id: one of two", PENDING, marked("RUNNING"), RUNNING, marked("RUNNING"))
    yield chain("transition_id: force", PENDING, twice[0], set_state(twice[0], force=True))
    yield chain("transition_id: of the creation", marked("RUNNING"), *twice)
    yield chain("transition_id: PENDING", marked("PENDING"), marked("PENDING"))
    yield chain(
        "transition_id: terminal", RUNNING, marked("COMPLETED"), marked("COMPLETED"), RUNNING
    )
    yield chain("transition_id: into terminal", marked("COMPLETED"), marked("CANCELLING"))
    yield chain(
        "transition_id: spelled differently",
        PENDING,
        twice[0],
        marked("RUNNING", ONE_ID.replace("-", "")),
    )
    one = {"empirical_policy": {"retries": 1}}
    failed = marked("FAILED")
    yield chain("transition_id: retried", RUNNING, failed, failed, RUNNING, failed, failed, run=one)
    yield chain("transition_id: waiting", state("SCHEDULED", scheduled_time=FUTURE), *twice)


RESULTS: Mapping[str, Json] = {
    "none": None,
    "persisted": PERSISTED,
    "unpersisted": UNPERSISTED,
    "empty": {},
    "untyped": {"a": 1},
    "null type": {"type": None},
    "list": [1, {"type": "x"}],
    "false": False,
    "text": "x",
    "number": 1.5,
    "empty list": [],
    "zero": 0,
    "empty text": "",
}


def results() -> Iterator[Case]:
    """What COMPLETED carries, and what may follow."""
    for name, data in RESULTS.items():
        done = state("COMPLETED", data=data)
        for kind in ("COMPLETED", "RUNNING", "SCHEDULED", "FAILED", "PENDING", "CANCELLED"):
            target = state(kind)
            yield chain(f"result: {name} -> {kind}", RUNNING, done, target)
        yield chain(
            f"result: {name} -> SCHEDULED, deployed", RUNNING, done, SCHEDULED, run=DEPLOYED
        )
        yield chain(f"result: {name} -> CRASHED", RUNNING, done, CRASHED)
        yield chain(f"result: {name}, of the creation", done, COMPLETED, RUNNING)
        yield chain(f"result: {name}, on the way", state("RUNNING", data=data), done, RUNNING)
    done = state("COMPLETED", data=PERSISTED)
    for name, data in RESULTS.items():
        yield chain(f"result: persisted -> {name}", RUNNING, done, state("COMPLETED", data=data))
    for kind in STATE_TYPES:
        yield chain(
            f"result: persisted -> {kind}, force", RUNNING, done, set_state(state(kind), True)
        )
    other = state("COMPLETED", "Cached", data={"type": "y"}, message="other")
    yield chain("result: persisted, twice", RUNNING, done, other, done, COMPLETED)
    yield chain("result: persisted, twice, force", RUNNING, done, set_state(other, True), RUNNING)
    unkept = set_state(state("COMPLETED", data=UNPERSISTED), force=True)
    yield chain("result: persisted -> unpersisted, force", RUNNING, done, unkept)
    through = (set_state(RUNNING, force=True), COMPLETED, RUNNING)
    yield chain("result: persisted, lost through RUNNING", RUNNING, done, *through)
    yield chain("result: persisted, lost through FAILED", RUNNING, done, FAILED, COMPLETED)
    yield chain("result: of FAILED", RUNNING, state("FAILED", data=PERSISTED), FAILED, RUNNING)


def cancelling() -> Iterator[Case]:
    """Whether there is anything to stop."""
    pid = patch(infrastructure_pid="host:7")
    for name, first in (
        *(("SCHEDULED", SCHEDULED), ("Late", LATE), ("Resuming", RESUMING), ("PENDING", PENDING)),
        *(("RUNNING", RUNNING), ("PAUSED", PAUSED), ("Suspended", SUSPENDED)),
        *(("PAUSED, called Resuming", state("PAUSED", "Resuming")),),
        *(("PAUSED, called Suspended", state("PAUSED", "Suspended")),),
        *(("AwaitingRetry", state("SCHEDULED", "AwaitingRetry", scheduled_time=FUTURE)),),
        *(("RUNNING, called Resuming", state("RUNNING", "Resuming")),),
        *(("PENDING, called Resuming", state("PENDING", "Resuming")),),
        *(("PAUSED, timed out", state("PAUSED", pause_timeout=PAST)),),
        *(("Suspended, timed out", state("PAUSED", pause_timeout=PAST, pause_reschedule=True)),),
    ):
        told = state("CANCELLING", message="stop", data=PERSISTED, transition_id=ONE_ID)
        forced = set_state(CANCELLING, force=True)
        yield chain(f"cancelling: {name}", first, told, told)
        yield chain(f"cancelling: {name}, deployed", first, told, CANCELLED, run=DEPLOYED)
        yield chain(f"cancelling: {name}, infra", first, pid, told, CANCELLED, run=DEPLOYED)
        yield chain(f"cancelling: {name}, force", first, forced, run=DEPLOYED)
        yield chain(f"cancelling: {name}, infra, force", first, pid, forced, run=DEPLOYED)
    empty = patch(infrastructure_pid="")
    yield chain("cancelling: SCHEDULED, empty infra", SCHEDULED, empty, CANCELLING)
    yield chain(
        "cancelling: a whole life", PENDING, RUNNING, CANCELLING, RUNNING, CANCELLED, RUNNING
    )
    yield chain(
        "cancelling: named", RUNNING, state("CANCELLING", "Stopping"), state("CANCELLED", "Gone")
    )
    crashed = set_state(CRASHED, force=True)
    yield chain("cancelling: CRASHED", RUNNING, CANCELLING, CRASHED, crashed, CANCELLED)


def terminal() -> Iterator[Case]:
    """Out of the end, and back: end_time, start_time, run_count, policy."""
    marked = {"resuming": True, "pause_keys": ["k"], "retry_type": "in_process"}
    run = {"empirical_policy": marked}
    for first in map(state, TERMINAL):
        name = f"terminal: {first['type']}"
        yield chain(f"{name} -> RUNNING -> it", RUNNING, first, RUNNING, first)
        yield chain(
            f"{name} -> SCHEDULED -> it, deployed", RUNNING, first, SCHEDULED, first, run=DEPLOYED
        )
        yield chain(f"{name} -> COMPLETED -> FAILED", RUNNING, first, COMPLETED, FAILED, CANCELLED)
        yield chain(f"{name}, marked -> RUNNING", None, set_state(first, True), RUNNING, run=run)
        deployed = {**run, **DEPLOYED}
        yield chain(f"{name}, marked -> SCHEDULED", PENDING, first, SCHEDULED, run=deployed)
        yield chain(f"{name}, marked -> PENDING", PENDING, first, PENDING, run=run)
        yield chain(f"{name}, marked, force -> RUNNING", first, set_state(RUNNING, True), run=run)
        for version in ("0.8.3", "0.8.4"):
            steps = [
                set_state(each, headers=api(version)) for each in (SCHEDULED, PENDING, RUNNING)
            ]
            for step in steps:
                kind = step.body["state"]["type"]
                # The creation in this state has cleared `resuming`: a patch brings the marks back.
                marks = patch(empirical_policy=marked)
                yield chain(
                    f"{name}, marked -> {kind}, {version}", first, marks, step, run=deployed
                )
    marks = patch(empirical_policy=marked)
    exists: dict[str, Json] = {"run": {"deployment_id": "{deployment}"}, "deployment": {}}
    yield chain("terminal: marked -> PENDING, deployment exists", FAILED, marks, PENDING, **exists)
    yield chain("terminal: marked -> FAILED -> CRASHED", FAILED, marks, FAILED, CRASHED)
    yield chain("terminal: never started", PENDING, CRASHED, RUNNING, COMPLETED)
    yield chain("terminal: never started, from SCHEDULED", SCHEDULED, CANCELLED, RUNNING)
    yield chain("terminal: Late", FAILED, LATE, run=DEPLOYED)
    yield chain("running: RUNNING thrice", RUNNING, RUNNING, RUNNING, COMPLETED)
    paused = set_state(PAUSED, force=True)
    yield chain("running: on and off", RUNNING, paused, RUNNING, SCHEDULED, RUNNING, COMPLETED)


def pausing() -> Iterator[Case]:
    """Pauses and suspensions, keys and timeouts, and what resumes."""
    keyed = state("PAUSED", pause_key="a")
    other = state("PAUSED", pause_key="b")
    yield chain(
        "pause: key twice", RUNNING, keyed, RUNNING, keyed, other, RUNNING, other, COMPLETED
    )
    yield chain("pause: no key twice", RUNNING, PAUSED, RUNNING, PAUSED, RUNNING, FAILED)
    yield chain("pause: key twice, force", RUNNING, *(set_state(keyed, True), RUNNING) * 2, keyed)
    named = state("PAUSED", "Suspended", pause_key="a")
    yield chain("pause: key twice, named Suspended", RUNNING, named, RUNNING, named, run=DEPLOYED)
    yield chain("pause: empty key", RUNNING, *(state("PAUSED", pause_key=""), RUNNING) * 2)
    yield chain("pause: custom name", PENDING, state("PAUSED", "Waiting for input"))
    yield chain("pause: key from elsewhere", PENDING, keyed, RUNNING, keyed)
    retried = {"empirical_policy": {"retries": 1}}
    yield chain(
        "pause: key after a retry", RUNNING, keyed, RUNNING, FAILED, RUNNING, keyed, run=retried
    )
    yield chain("pause: key after an end", RUNNING, keyed, RUNNING, FAILED, RUNNING, keyed)
    nulls = {"empirical_policy": {"pause_keys": None, "resuming": None}}
    yield chain(
        "pause: null keys", RUNNING, keyed, set_state(keyed, True), RUNNING, FAILED, run=nulls
    )
    plain = state("PAUSED", pause_reschedule=True, pause_key="a")
    yield chain("suspend: no deployment", RUNNING, plain, SUSPENDED, keyed, RUNNING, plain)
    yield chain("suspend: deployed", RUNNING, SUSPENDED, RESUMING, RUNNING, SUSPENDED, run=DEPLOYED)
    yield chain("suspend: deployed, PENDING", RUNNING, plain, RESUMING, PENDING, run=DEPLOYED)
    exists: dict[str, Json] = {"run": {"deployment_id": "{deployment}"}, "deployment": {}}
    life = (RUNNING, SUSPENDED, RESUMING, PENDING, RUNNING, SUSPENDED, COMPLETED)
    yield chain("suspend: deployment exists", *life, **exists)
    subflow = {"parent_task_run_id": "{task0}"}
    yield chain("suspend: subflow", RUNNING, SUSPENDED, run={**subflow, **DEPLOYED}, tasks=1)
    yield chain("suspend: subflow without deployment", RUNNING, plain, PAUSED, run=subflow, tasks=1)
    forms: Mapping[str, Mapping[str, Json]] = {
        "PAUSED": {},
        "timeout past": {"pause_timeout": PAST},
        "timeout future": {"pause_timeout": FUTURE},
        "reschedule": {"pause_reschedule": True},
        "reschedule, timeout past": {"pause_reschedule": True, "pause_timeout": PAST},
    }
    targets = (
        *(SCHEDULED, RESUMING, PENDING, RUNNING, PAUSED, CANCELLING, COMPLETED, FAILED, CRASHED),
        *(CANCELLED, state("RUNNING", "Suspended"), state("COMPLETED", "Suspended"), LATE),
        *(state("PENDING", "Submitting"), SUSPENDED),
    )
    for (form, details), target in product(forms.items(), targets):
        first = state("PAUSED", **details)
        name = f"paused: {form} -> {target.get('name', 'plain')} {target['type']}"
        yield chain(
            f"{name}, deployed", RUNNING, set_state(first, force=True), target, run=DEPLOYED
        )
        if details:
            yield chain(name, RUNNING, set_state(first, force=True), target)
            yield chain(f"{name}, force", first, set_state(target, force=True))


def resuming() -> Iterator[Case]:
    """Who counts a run that goes on, and who does not."""
    for version in (None, "0.8.2", "0.8.3", "0.8.4", "0.8.10", "1.0.0"):
        headers = api(version) if version else NOTHING
        name = f"resume: version {version}"

        def ask(*wanted: Json, headers: Mapping[str, str] = headers) -> tuple[Step, ...]:
            return tuple(set_state(each, headers=headers) for each in wanted)

        yield chain(f"{name}, paused", RUNNING, *ask(PAUSED, RUNNING, PAUSED, RUNNING, COMPLETED))
        yield chain(f"{name}, paused to the end", RUNNING, *ask(PAUSED, COMPLETED, RUNNING))
        life = ask(SUSPENDED, RESUMING, RUNNING, RUNNING, FAILED)
        yield chain(f"{name}, suspended", RUNNING, *life, run=DEPLOYED)
        on: Json = {"empirical_policy": {"resuming": True}}
        forced = (set_state(each, True, headers=headers) for each in (RUNNING, PAUSED, COMPLETED))
        yield chain(f"{name}, forced", PENDING, *forced, run=on)
        yield chain(
            f"{name}, forced to the end", PENDING, set_state(FAILED, True, headers=headers), run=on
        )
    on = {"empirical_policy": {"resuming": True, "pause_keys": ["k"], "retries": 3}}
    yield chain("resume: created RUNNING", RUNNING, RUNNING, run=on)
    yield chain("resume: created COMPLETED", COMPLETED, RUNNING, run=on)
    yield chain("resume: rejected, then RUNNING", RUNNING, PAUSED, PENDING, RUNNING, COMPLETED)
    yield chain("resume: forced", RUNNING, PAUSED, set_state(RUNNING, force=True), COMPLETED)
    yield chain("resume: via CANCELLING", RUNNING, PAUSED, CANCELLING, CANCELLED, RUNNING)
    for version in ("0.8", "x", "0.7.9", "0.8.4rc1", "99.0.0", ""):
        yield chain(f"version: {version!r}", PENDING, set_state(RUNNING, headers=api(version)))


def contents() -> Iterator[Case]:
    """What a state says, and whether it is kept."""
    yield chain(
        "message: kept",
        state("PENDING", message="first"),
        state("RUNNING", message="second"),
        PENDING,
    )
    yield chain(
        "message: empty and null",
        PENDING,
        state("RUNNING", message=""),
        state("RUNNING", message=None),
    )
    yield chain("message: long", PENDING, state("RUNNING", message="é\n" * 300))
    for name, data in RESULTS.items():
        given = state("RUNNING", data=data)
        yield chain(f"data: {name}", PENDING, given, PENDING, set_state(given, force=True))
    for kind in ("RUNNING", "SCHEDULED", "PAUSED", "COMPLETED"):
        details = {
            "flow_run_id": ONE_ID,
            "task_run_id": OTHER_ID,
            "child_flow_run_id": ONE_ID,
            "scheduled_time": FUTURE,
            "cache_key": "c",
            "cache_expiration": PAST,
            "deferred": True,
            "untrackable_result": True,
            "pause_timeout": FUTURE,
            "pause_reschedule": False,
            "pause_key": "p",
            "run_input_keyset": {"a": "b"},
            "refresh_cache": False,
            "retriable": True,
            "transition_id": ONE_ID,
            "task_parameters_id": ONE_ID,
            "traceparent": "t",
            "deployment_concurrency_lease_id": ONE_ID,
        }
        full = state(kind, "Full", message="m", data=PERSISTED, **details)
        yield chain(f"details: all, {kind}", RUNNING, full, COMPLETED)
        yield chain(f"details: all, created {kind}", full, COMPLETED)
        subflow = {"parent_task_run_id": "{task0}"}
        yield chain(f"details: all, {kind}, subflow", RUNNING, full, run=subflow, tasks=1)
    yield chain("details: null deferred", PENDING, state("RUNNING", deferred=None))
    yield chain("details: unknown key", PENDING, state("RUNNING", unheard="of"))
    lease = state("PENDING", deployment_concurrency_lease_id=ONE_ID)
    yield chain("lease: carried along", lease, RUNNING, COMPLETED, RUNNING)
    yield chain(
        "lease: another one", lease, state("RUNNING", deployment_concurrency_lease_id=OTHER_ID)
    )
    yield chain("lease: null", lease, state("RUNNING", deployment_concurrency_lease_id=None))
    yield chain("lease: force", lease, set_state(RUNNING, force=True))
    yield chain("lease: PENDING", lease, state("PENDING", "Submitting"), CANCELLING, CANCELLED)
    other = state("PENDING", "Submitting", deployment_concurrency_lease_id=OTHER_ID)
    yield chain("lease: PENDING, another one", lease, other)
    held = state("RUNNING", deployment_concurrency_lease_id=ONE_ID)
    run = {"empirical_policy": {"retries": 1}}
    yield chain("lease: retried", held, FAILED, RUNNING, FAILED, run=run)
    yield chain("lease: paused, timed out", held, state("PAUSED", pause_timeout=PAST), RUNNING)
    yield chain("lease: deployed", held, COMPLETED, run=DEPLOYED)
    yield chain("lease: deployed, force", held, set_state(FAILED, force=True), run=DEPLOYED)
    waiting = state("SCHEDULED", deployment_concurrency_lease_id=ONE_ID)
    yield chain("lease: CANCELLING without infrastructure", waiting, CANCELLING)


def subflows() -> Iterator[Case]:
    """The task run that stands for a flow run follows it."""
    run = {"parent_task_run_id": "{task0}"}
    told = state("FAILED", "Oops", message="why", data=PERSISTED)
    retried = {**run, "empirical_policy": {"retries": 1}}
    yield chain("subflow: a life", PENDING, RUNNING, COMPLETED, RUNNING, told, run=run, tasks=1)
    yield chain("subflow: default state", None, RUNNING, run=run, tasks=1)
    yield chain("subflow: scheduled", SCHEDULED, PENDING, RUNNING, CANCELLED, run=run, tasks=1)
    at = state("SCHEDULED", scheduled_time=FUTURE)
    yield chain("subflow: waits", at, RUNNING, PENDING, RUNNING, run=run, tasks=1)
    yield chain("subflow: rejected", RUNNING, PENDING, CANCELLING, RUNNING, run=run, tasks=1)
    yield chain("subflow: retried", RUNNING, told, RUNNING, told, run=retried, tasks=1)
    yield chain("subflow: paused", RUNNING, PAUSED, PENDING, RUNNING, COMPLETED, run=run, tasks=1)
    yield chain("subflow: no infrastructure", SCHEDULED, CANCELLING, run=run, tasks=1)
    kept, unkept = (state("COMPLETED", data=data) for data in (PERSISTED, UNPERSISTED))
    yield chain("subflow: result", RUNNING, kept, COMPLETED, RUNNING, run=run, tasks=1)
    yield chain("subflow: unpersisted", RUNNING, unkept, COMPLETED, RUNNING, run=run, tasks=1)
    forced = (set_state(state(kind), force=True) for kind in STATE_TYPES)
    yield chain("subflow: force", RUNNING, *forced, run=run, tasks=1)
    deployed = {**run, **DEPLOYED}
    yield chain("subflow: deployed", FAILED, SCHEDULED, PENDING, LATE, run=deployed, tasks=1)
    unknown = {"parent_task_run_id": ONE_ID}
    yield chain("subflow: of an unknown task run", RUNNING, COMPLETED, run=unknown)


def bulks() -> Iterator[Case]:
    """Many at once; also what a real server lets leak from one run to the next."""
    three = ("{run0}", "{run1}", "{run2}")
    # The order of the ids must not matter: runs are created alike, then put in their states.
    mixed = _put(SCHEDULED, RUNNING, COMPLETED)
    for kind in STATE_TYPES:
        yield Case(f"bulk: to {kind}", (*mixed, bulk(state(kind), three)), ({},) * 3)
        forced = bulk(state(kind), three, force=True)
        yield Case(f"bulk: to {kind}, force", (*mixed, forced), ({},) * 3)
    alike = ({"state": PENDING},) * 3
    yield Case("bulk: limit", (bulk(RUNNING, three, limit=2), bulk(RUNNING, three, limit=1)), alike)
    yield Case("bulk: nothing matches", (bulk(RUNNING, [NO_RUN]), bulk(RUNNING, [])), alike[:1])
    yield Case("bulk: some match", (bulk(RUNNING, ["{run0}", NO_RUN, "{run0}"]),), alike[:1])
    yield Case(
        "bulk: an old client",
        (Step("POST", "/flow_runs/bulk_set_state", bulk(RUNNING, three).body, api("0.8.3")),),
        ({"state": PENDING, "empirical_policy": {"resuming": True}},) * 3,
    )
    for limit in (0, 51, "2", 1.0, None, True):
        yield Case(f"bulk: limit {limit!r}", (bulk(RUNNING, ["{run0}"], limit=limit),), alike[:1])
    odd: Mapping[str, Json] = {
        "no state": ...,
        "null": None,
        "a text": "RUNNING",
        "unknown type": {"type": "LOST"},
        "extra key": {**RUNNING, "timestamp": PAST},
    }
    for name, wanted in odd.items():
        body = {"flow_runs": {"id": {"any_": ["{run0}"]}}, "state": wanted}
        sent = {key: value for key, value in body.items() if value is not ...}
        step = Step("POST", "/flow_runs/bulk_set_state", sent)
        yield Case(f"bulk: state is {name}", (step,), alike[:1])
    yield Case(
        "bulk: broken filter",
        (
            Step("POST", "/flow_runs/bulk_set_state", {"flow_runs": {"id": 1}, "state": RUNNING}),
            bulk(RUNNING, ["nope"]),
            bulk(RUNNING, ["{run0}"], force="maybe"),
            bulk(RUNNING, ["{run0}"], force="yes"),
        ),
        alike[:1],
    )
    soon, later = (state("SCHEDULED", scheduled_time=when) for when in (FUTURE, LATER))
    at = _put(soon, FAILED, later)
    waits = tuple(set_state(RUNNING, run=number) for number in range(3))
    failed = ({"state": FAILED},) * 3
    yield Case("bulk: PENDING leaks a scheduled time", (*at, bulk(PENDING, three), *waits), failed)
    submit = bulk(state("PENDING", "Submitting"), three)
    soon, later = (state("PENDING", scheduled_time=when) for when in (FUTURE, LATER))
    pending = _put(soon, PENDING, later)
    yield Case("bulk: Submitting, scheduled", (*pending, submit, *waits), failed)
    leased = set_state(state("PENDING", deployment_concurrency_lease_id=ONE_ID), True)
    yield Case("bulk: RUNNING leaks no lease", (leased, bulk(RUNNING, three)), alike)
    stop = bulk(CANCELLING, three)
    yield Case("bulk: CANCELLING leaks a lease", (leased, stop), alike)
    yield Case("bulk: SCHEDULED shares its time", (bulk(SCHEDULED, three), *waits), alike)
    key = bulk(state("PAUSED", pause_key="k"), three)
    yield Case("bulk: PAUSED", (key, bulk(RUNNING, three), key), ({"state": RUNNING},) * 3)
    yield Case("bulk: PAUSED without a key", (bulk(PAUSED, three),), ({"state": RUNNING},) * 3)
    retry = {"state": RUNNING, "empirical_policy": {"retries": 1}}
    told = bulk(state("FAILED", message="m", data=PERSISTED), three)
    yield Case("bulk: retried", (told, bulk(RUNNING, three), told), (retry,) * 3)
    pair = ("{run0}", "{run1}")
    once = bulk(state("RUNNING", transition_id=ONE_ID), pair)
    yield Case("bulk: transition_id twice", (once, once), alike[:2])
    nulls = {"state": RUNNING, "empirical_policy": {"pause_keys": None}}
    yield Case("bulk: one breaks", (bulk(PAUSED, pair),), (nulls, nulls))
    subflow = ({"state": RUNNING, "parent_task_run_id": "{task0}"},)
    yield Case("bulk: subflow", (bulk(COMPLETED, ["{run0}"]),), subflow, tasks=1)
    deployed = _put(SCHEDULED, FAILED, PENDING)
    yield Case("bulk: PENDING, all aborted", (*deployed, bulk(PENDING, three)), (DEPLOYED,) * 3)
    yield Case("bulk: SCHEDULED, deployed", (*deployed, bulk(SCHEDULED, three)), (DEPLOYED,) * 3)


def _put(*wanted: Json) -> tuple[Step, ...]:
    """Steps that force the first run into the first state, the second into the second, ..."""
    return tuple(set_state(each, force=True, run=number) for number, each in enumerate(wanted))


def refused() -> Iterator[Case]:
    """Requests that are about no run, or not about a state."""
    for run in (NO_RUN, "nope", NO_RUN.replace("-", ""), NO_RUN.upper(), f"{{{NO_RUN}}}", "0"):
        yield chain(f"refused: run {run!r}", PENDING, set_state(RUNNING, run=run))
    force = set_state(state("SCHEDULED"), force=True, run=NO_RUN)
    yield chain("refused: run unknown, force", PENDING, force)
    yield chain("refused: run unknown, state wrong", PENDING, set_state({}, run=NO_RUN))
    yield chain("accepted: other spellings of the id", PENDING, set_state(RUNNING, run="{RUN0}"))
    wrong: Sequence[Json] = (
        *(
            None,
            {},
            [],
            "RUNNING",
            1,
            {"type": None},
            {"type": "running"},
            {"type": 1},
            {"type": ""},
        ),
        *({"name": "Running"}, {"type": "LOST"}, {**RUNNING, "timestamp": PAST}),
        *({**RUNNING, "id": ONE_ID}, {**RUNNING, "name": 1}, {**RUNNING, "message": 1}),
        *({**RUNNING, "state_details": None}, {**RUNNING, "state_details": []}),
        *({**RUNNING, "state_details": {"transition_id": "x"}},),
        *({**RUNNING, "state_details": {"pause_reschedule": "yes", "retriable": "off"}},),
        *({**RUNNING, "state_details": {"pause_reschedule": None}},),
        *({**RUNNING, "state_details": {"untrackable_result": 2}},),
        *({**RUNNING, "state_details": {"run_input_keyset": {"a": 1}}},),
        *({**RUNNING, "state_details": {"pause_key": 1}},),
        *({"type": "LOST", "name": 1, "extra": 1},),
    )
    for body in wrong:
        yield chain(f"body: state {json.dumps(body)}", PENDING, set_state(body))
    values: Sequence[Json] = (None, "yes", "maybe", 0, 1, 2, "", [])
    for value in values:
        yield chain(f"body: force {value!r}", RUNNING, set_state(PENDING, force=value))
    path = "/flow_runs/{run0}/set_state"
    for name, body in (
        *(("none", None), ("empty", {}), ("a list", []), ("the state itself", RUNNING)),
        *(("extra key", {"state": RUNNING, "unheard": "of"}), ("force alone", {"force": True})),
    ):
        yield chain(f"body: {name}", PENDING, Step("POST", path, body))


def limits() -> Iterator[Case]:
    """Deployments that let only so many runs through."""
    run = {"deployment_id": "{deployment}", "state": SCHEDULED}
    options = {"collision_strategy": "CANCEL_NEW"}
    for name, body in (
        ("1", {"concurrency_limit": 1}),
        ("1, cancel new", {"concurrency_limit": 1, "concurrency_options": options}),
    ):
        first = (set_state(PENDING), set_state(RUNNING))
        second = set_state(PENDING, run=1)
        steps = (*first, second, set_state(COMPLETED), second, set_state(CANCELLING, run=1))
        yield Case(f"limit: {name}", steps, (run, run), deployment=body)


GROUPS = (
    *(matrix, names, scheduling, retries, repeated, results, cancelling, terminal, pausing),
    *(resuming, contents, subflows, bulks, refused, limits),
)


@cache
def cases() -> Mapping[str, Case]:
    """All cases by name."""
    found = [case for group in GROUPS for case in group()]
    assert len({case.name for case in found}) == len(found), "two cases have the same name"
    return {case.name: case for case in sorted(found, key=lambda case: case.name)}


@cache
def recorded() -> Mapping[str, list[Json]]:
    """What a real server told, by the names of the cases."""
    found: Mapping[str, list[Json]] = json.loads(CASES.read_text())
    return found


# --- Telling what happened -------------------------------------------------------------------


def strings(value: Json) -> Iterator[str]:
    """Every text in it, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from strings(item)


def reworded(value: Json, reword: Callable[[str], str]) -> Json:
    """The same, each text in it (and no key) put differently."""
    if isinstance(value, str):
        return reword(value)
    if isinstance(value, Mapping):
        return {key: reworded(item, reword) for key, item in value.items()}
    return [reworded(item, reword) for item in value] if isinstance(value, list) else value


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def instant(text: str) -> datetime | None:
    """The instant that a text means, if any; without an offset it is in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True)
class _Past:
    """A state that has been told."""

    label: str
    at: datetime
    raw: Json


class _Teller:
    """Names what a case's replies hold. Every owner of states has a line of them, in order."""

    def __init__(self, case: Case) -> None:
        texts = [*strings([case.runs, [step.body for step in case.steps]])]
        self.given = frozenset(texts)
        self.given_instants = frozenset(found for found in map(instant, texts) if found)
        self.ids: dict[str, str] = {}
        self.scheduled: dict[datetime, str] = {}
        self.lines: dict[str, list[_Past]] = {}

    def plain(self, value: Json) -> Json:
        """With names instead of ids."""
        return reworded(value, self._named)

    def _named(self, text: str) -> str:
        for known, name in self.ids.items():
            text = text.replace(known, name)
        return "<uuid>" if text not in self.given and is_uuid(text) else text

    def state(self, owner: str, raw: Json, label: str) -> Json:
        """A state of this owner's; `label` is what it is called if it is new."""
        if raw is None:
            return None
        line = self.lines.setdefault(owner, [])
        past = next((past for past in line if past.raw["id"] == raw["id"]), None)
        if past is None:
            return self._new_state(line, raw, label)
        changed = {key for key in raw.keys() | past.raw.keys() if raw.get(key) != past.raw.get(key)}
        if not changed:
            return past.label
        return {"is": past.label, **self._parts(past, {key: raw.get(key) for key in changed})}

    def _new_state(self, line: list[_Past], raw: Json, label: str) -> Json:
        at = datetime.fromisoformat(raw["timestamp"])
        late = all(past.at < at for past in line)
        past = _Past(label, at, raw)
        line.append(past)
        told = self._parts(past, {key: raw[key] for key in raw if key not in ("id", "timestamp")})
        shown = {key: part for key, part in told.items() if key not in _QUIET or part is not None}
        return {"is": label if late else f"? {label} is not later", **shown}

    def _parts(self, past: _Past, raw: Json) -> Json:
        told = {key: self.plain(part) for key, part in raw.items() if key != "state_details"}
        if "state_details" in raw:
            told["details"] = self._details(past, raw["state_details"])
        return told

    def _details(self, past: _Past, raw: Json) -> Json:
        told = self.plain(_beyond(STATE_DEFAULTS, raw))
        if "scheduled_time" in told:
            told["scheduled_time"] = self._scheduled_time(past, told["scheduled_time"])
        return told

    def _scheduled_time(self, past: _Past, text: str) -> str:
        at = datetime.fromisoformat(text)
        if at in self.given_instants:
            return text
        if at in self.scheduled:
            return self.scheduled[at]
        self.scheduled[at] = past.label.replace("@", "scheduled@")
        seconds = (at - past.at).total_seconds()
        whole = round(seconds, -1)
        if abs(whole) > 10_000:
            return f"? {text}"
        return f"~{past.label}{whole:+.0f}" if whole else f"~{past.label}"

    def moment(self, owner: str, text: str | None, *, planned: bool) -> str | None:
        """An instant of a run: `planned` for one that may be a scheduled time."""
        if text is None:
            return None
        at = datetime.fromisoformat(text)
        if planned and at in self.given_instants:
            return text
        if planned and at in self.scheduled:
            return self.scheduled[at]
        labels = (past.label for past in self.lines[owner] if past.at == at)
        return next(labels, f"? {text}")

    def total(self, owner: str, seconds: float) -> str | int:
        """A sum of the times between states that follow each other; first choice: in RUNNING."""
        if not seconds:
            return 0
        spans = [*pairwise(self.lines[owner])]
        running = tuple(former.raw["type"] == "RUNNING" for former, _ in spans)
        for chosen in (running, *product((True, False), repeat=min(len(spans), 10))):
            kept = [span for span, keep in zip(spans, chosen, strict=False) if keep]
            time = sum(((b.at - a.at) for a, b in kept), timedelta())
            if abs(time.total_seconds() - seconds) < 1.5e-6:
                return "+".join(f"{b.label}-{a.label}" for a, b in kept)
        return f"? {seconds}"

    def run(self, owner: str, raw: Json, label: str) -> Json:
        """A run, or a task run, as GET shows it."""
        told = {"state": self.state(owner, raw["state"], label)}
        if raw["state_id"] != (raw["state"] or {}).get("id"):
            told["state_id"] = f"? {raw['state_id']}"
        told["run_count"] = raw["run_count"]
        for key in ("type", "name"):
            if raw[f"state_{key}"] != (raw["state"] or {}).get(key):
                told[f"state_{key}"] = f"? {raw[f'state_{key}']}"
        for key in ("start_time", "end_time"):
            told[key] = self.moment(owner, raw[key], planned=False)
        for key in ("expected_start_time", "next_scheduled_start_time"):
            told[key] = self.moment(owner, raw[key], planned=True)
        told["total_run_time"] = self.total(owner, raw["total_run_time"])
        if owner.startswith("{run"):
            told["empirical_policy"] = self._policy(raw["empirical_policy"])
        return {key: part for key, part in told.items() if key == "run_count" or part}

    def _policy(self, raw: Json) -> Json:
        told = self.plain(_beyond(POLICY_DEFAULTS, raw))
        if told.get("pause_keys"):
            told["pause_keys"].sort()  # a set
        return told

    def result(self, owner: str, raw: Json, label: str) -> Json:
        """What became of one run."""
        details = self.plain(raw["details"])
        if "delay_seconds" in details:
            details["delay_seconds"] = self._delay(owner, details["delay_seconds"], raw["state"])
        state = self.state(owner, raw["state"], label)
        return {"status": raw["status"], "details": details, "state": state}

    def _delay(self, owner: str, seconds: Json, raw: Json) -> str:
        """`raw`: the state that says what to wait for; the last state was made a moment ago."""
        at = instant(str(raw and raw["state_details"]["scheduled_time"]))
        if at and isinstance(seconds, int):
            expected = (at - self.lines[owner][-1].at).total_seconds()
            if abs(expected - seconds) < 30:
                return "scheduled-now"
        return f"? {seconds}"

    def results(self, raw: Json, label: str) -> Json:
        """What became of many."""
        ids = [result["flow_run_id"] for result in raw]
        told = [
            {"run": self.ids[result["flow_run_id"]]}
            | self.result(self.ids[result["flow_run_id"]], result, label)
            for result in raw
        ]
        told.sort(key=lambda result: str(result["run"]))
        return told if ids == sorted(ids, reverse=True) else ["? not highest first", *told]

    def reply(self, status: int, raw: Json, label: str, step: Step) -> Json:
        """The reply to any step."""
        if status < 300 and step.path.endswith("/bulk_set_state"):
            return self.results(raw["results"], label)
        if status < 300 and step.path.endswith("/set_state"):
            return self.result(step.path.split("/")[2].lower(), raw, label)
        return self.plain(raw)


_QUIET = ("message", "data")


def _beyond(defaults: Mapping[str, Json], raw: Json) -> dict[str, Json]:
    return {
        key: value for key, value in raw.items() if key not in defaults or value != defaults[key]
    }


# --- Running ---------------------------------------------------------------------------------


def run_case(case: Case, send: Send) -> list[Json]:
    """What a server does in this case: the outcome of the creation, and then of every step."""
    teller = _Teller(case)
    ids = _prepare(case, send, teller)
    created = _create(case, send, ids)
    if any(status not in _MADE for status, _ in created):
        return [{"http": [status for status, _ in created], "reply": [run for _, run in created]}]
    ids |= {f"{{run{number}}}": run["id"] for number, (_, run) in enumerate(created)}
    teller.ids |= {found: name for name, found in ids.items()}
    replies = [teller.run(f"{{run{n}}}", run, "@0")["state"] for n, (_, run) in enumerate(created)]
    outcomes = [{"http": [status for status, _ in created], "reply": replies}]
    outcomes[0] |= _look(ids, send, teller, "@0")
    for number, step in enumerate(case.steps, 1):
        outcomes.append(_take(step, ids, send, teller, f"@{number}"))
    return outcomes


def _prepare(case: Case, send: Send, teller: _Teller) -> dict[str, str]:
    """Make what the runs refer to: ids by name."""
    ids = {"{flow}": _made(send, "/flows/", {"name": "transitions"})["id"]}
    if case.deployment is not None:
        body = {"name": str(uuid4()), "flow_id": ids["{flow}"], **case.deployment}
        ids["{deployment}"] = _made(send, "/deployments/", body)["id"]
    for number in range(case.tasks):
        body = {"flow_run_id": None, "task_key": "call", "dynamic_key": str(uuid4())}
        task = _made(send, "/task_runs/", body)
        ids[f"{{task{number}}}"] = task["id"]
        teller.state(f"{{task{number}}}", task["state"], "@made")
    return ids


_MADE = (200, 201)


def _made(send: Send, path: str, body: Json) -> Json:
    status, reply = send("POST", path, body, NOTHING)
    assert status in _MADE, f"POST {path} is needed: {status} {reply}"
    return reply


def _create(case: Case, send: Send, ids: Mapping[str, str]) -> list[tuple[int, Json]]:
    """Create the runs: status and reply of each; those created alike by id, highest first."""
    made = []
    for body in case.runs:
        sent = _filled({"flow_id": "{flow}", **body}, ids)
        made.append((case.runs.index(body), *send("POST", "/flow_runs/", sent, NOTHING)))
    made.sort(key=lambda each: str(each[2].get("id")), reverse=True)
    made.sort(key=lambda each: each[0])
    return [(status, run) for _, status, run in made]


def _filled(value: Json, ids: Mapping[str, str]) -> Json:
    def fill(text: str) -> str:
        for name, found in ids.items():
            text = text.replace(name, found).replace(name.upper(), found.upper())
        return text

    return reworded(value, fill)


def _take(step: Step, ids: Mapping[str, str], send: Send, teller: _Teller, label: str) -> Json:
    path, body = _filled([step.path, step.body], ids)
    status, raw = send(step.method, path, body, step.headers)
    request = [step.method, step.path, step.body, *([dict(step.headers)] if step.headers else [])]
    reply = teller.reply(status, raw, label, step)
    return {"ask": request, "http": status, "reply": reply, **_look(ids, send, teller, label)}


def _look(ids: Mapping[str, str], send: Send, teller: _Teller, label: str) -> dict[str, Json]:
    """All runs of the case as they are now, then the task runs."""
    found: dict[str, Json] = {}
    for kind, path in (("run", "/flow_runs/"), ("task", "/task_runs/")):
        for name in ids:
            if name.startswith(f"{{{kind}"):
                _, raw = send("GET", f"{path}{ids[name]}", None, NOTHING)
                found[name] = teller.run(name, raw, label)
    return found


# --- Measuring -------------------------------------------------------------------------------


def sender(url: str) -> Send:
    """Sends to the server with its API at this URL; a 503 means that it is to be asked again.

    Every request has a connection of its own: real servers close one after a failure of theirs.
    """
    parts = urlsplit(url)

    def send(method: str, path: str, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        sent = None if body is None else json.dumps(body)
        wanted = (method, parts.path + path, sent, {"Content-Type": "application/json", **headers})
        answers = (_asked(parts.netloc, *wanted) for _ in range(_TRIES))
        status, received = next((each for each in answers if each[0] != 503), (503, b""))
        return status, json.loads(received) if received else None

    return send


_TRIES = 50


def _asked(
    host: str, method: str, path: str, body: str | None, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    connection = HTTPConnection(host, timeout=60)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def as_text(found: Mapping[str, list[Json]]) -> str:
    """JSON with one outcome a line."""

    def lines(outcomes: list[Json]) -> str:
        return ",\n".join(
            json.dumps(each, sort_keys=True, separators=(",", ":")) for each in outcomes
        )

    inner = ",\n".join(f"{json.dumps(name)}: [\n{lines(found[name])}\n]" for name in sorted(found))
    return f"{{\n{inner}\n}}\n"


def unexplained(found: Mapping[str, list[Json]]) -> list[str]:
    """The cases that were told with a question mark."""
    return [name for name, told in found.items() if any(s.startswith("?") for s in strings(told))]


def main() -> None:
    """Measure, and write it all down; fails where something could not be explained."""
    url, file = sys.argv[1:]
    send = sender(url)
    found = {name: run_case(case, send) for name, case in cases().items()}
    Path(file).write_text(as_text(found))
    outcomes = sum(map(len, found.values()))
    sys.stdout.write(f"{len(found)} cases, {outcomes} outcomes\n")
    sys.exit("\n".join(f"not explained: {name}" for name in unexplained(found)))


if __name__ == "__main__":
    main()
