"""Keeping logs that clients send."""

from __future__ import annotations

import logging

from ...prefect import check_integer_size, check_storable, check_time_range
from ...prefect.objects import Log
from ...requests import Logs
from ...store import RunLogs
from .. import Context, Outcome

log = logging.getLogger("mockserver")


def create_logs(context: Context, body: Logs) -> Outcome:
    """Keep logs. Their runs need not exist, as on a real server.

    Raises ServerFailure for values that no column of a real server holds; InvalidRequest for a
    time outside the years 1-9999 in a dialect without server failures.
    """
    drops_nul = context.dialect.log_nul_dropped
    texts = []
    for index, line in enumerate(body.root):
        check_time_range(context.dialect, line.timestamp, ("body", index, "timestamp"))
        # The column is a SMALLINT (Prefect: orm_models.py, Log); deviation `small-levels`.
        check_integer_size(context.dialect, line.level, bits=16)
        pair = (line.name, line.message)
        if drops_nul:
            pair = (line.name.replace("\0", ""), line.message.replace("\0", ""))
        check_storable(context.dialect, texts=pair)
        texts.append(pair)
    logs = context.store.logs
    had_dropped = logs.dropped
    for line, (name, message) in zip(body.root, texts, strict=True):
        kept = Log(
            id=context.new_id(),
            number=logs.added,
            name=name,
            level=line.level,
            message=message,
            timestamp=line.timestamp,
            flow_run_id=line.flow_run_id,
            task_run_id=line.task_run_id,
            created=context.now,
        )
        logs.add(kept)
        context.events.tell_of_log(kept)
    _tell_of_dropped(logs, had_dropped)
    return Outcome(None)


def _tell_of_dropped(logs: RunLogs, had_dropped: int) -> None:
    """Say once that logs are dropped from now on."""
    if logs.dropped and not had_dropped:
        log.warning(
            "too many logs: the oldest are dropped, now and whenever there are more; %d are kept",
            len(logs),
        )
