"""What every operation is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from ..background_tasks import TaskQueues
from ..errors import NotFound
from ..events import EventLog
from ..prefect import CreatedBy, Dialect, FlowRun
from ..store import Store
from .deletion import Deletion


class Context(NamedTuple):
    """Where an operation is carried out, and for whom.

    `now` is one instant for the whole request. `api_version` is the client's, such as (0, 8, 4),
    or None where it does not say; `created_by` is the automation that it acts for, if any.
    `keep_runs`: the caller wants deleted runs as they last were, which takes as long as the delete.
    `events` is told what happens; where none is given, nobody asks. `url` is the one that was
    requested, for endpoints with links in their replies. `renews_leases`: whether the client is a
    Prefect that renews the leases on slots of deployments. `task_queues` has the background task
    runs that wait for a worker; None: no worker can come.
    """

    store: Store
    dialect: Dialect
    now: datetime
    new_id: Callable[[], str]
    api_version: tuple[int, ...] | None = None
    created_by: CreatedBy | None = None
    keep_runs: bool = True
    events: EventLog = EventLog(0)
    url: str = ""
    renews_leases: bool = False
    task_queues: TaskQueues | None = None


class TextReply(NamedTuple):
    """A reply that is no JSON: a text, its media type, and the header that makes it a file."""

    text: str
    media_type: str
    disposition: str | None = None


class Outcome(NamedTuple):
    """What an operation comes to: the value of its reply, and the ids of its warnings.

    `made`: something was created, and not found. `sentence`: what was asked for, in words.
    `deletion`: the flow runs that are gone, and why.
    """

    value: Any
    made: bool = False
    warnings: tuple[str, ...] = ()
    sentence: str = ""
    deletion: Deletion | None = None


def require_flow_run(context: Context, flow_run_id: str) -> FlowRun:
    """The flow run with an id. Raises NotFound."""
    run = context.store.get(flow_run_id)
    if run is None:
        raise NotFound("Flow run not found")
    return run
