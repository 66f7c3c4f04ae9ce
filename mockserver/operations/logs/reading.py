"""Operations that read logs: those that a filter matches, and those of a flow run as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from operator import attrgetter
from typing import Any
from urllib.parse import quote

from ...errors import ServerFailure
from ...filters import (
    AT_OR_AFTER,
    AT_OR_BEFORE,
    ConditionCompiler,
    Operator,
    Predicate,
    combine,
    compile_with,
    measure_query,
    null_check,
    one_of,
    reject_query,
    time_bound,
)
from ...prefect import check_integer_size, check_storable
from ...prefect.objects import Log
from ...requests import MAX_PAGE_LIMIT
from ...requests.objects import LogFilter, LogFilterRequest
from .. import Context, Outcome, TextReply, check_offset, require_flow_run
from .text_search import compile_text_search

_CONDITIONS: Mapping[str, Mapping[str, ConditionCompiler]] = {
    # Not only times can be compared so.
    "level": {"ge_": time_bound("level", AT_OR_AFTER), "le_": time_bound("level", AT_OR_BEFORE)},
    "timestamp": {
        "before_": time_bound("timestamp", AT_OR_BEFORE),
        "after_": time_bound("timestamp", AT_OR_AFTER),
    },
    "flow_run_id": {"any_": one_of("flow_run_id")},
    "task_run_id": {"any_": one_of("task_run_id"), "is_null_": null_check("task_run_id")},
}

_place = attrgetter("timestamp", "number")
"""What logs are sorted by. Of equal times a real server on SQLite keeps the order."""


def filter_logs(context: Context, body: LogFilterRequest) -> Outcome:
    """List the logs that a filter matches: `limit` of them from `offset` on, by time.

    Raises ServerFailure where the dialect's database does not run the query.
    """
    filter_ = body.logs or LogFilter()
    predicate = _compile(context, filter_)
    offset = check_offset(context, body.offset or 0)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    found = sorted(filter(predicate, _candidates(context, filter_)), key=_place)
    if body.sort == "TIMESTAMP_DESC":
        found.reverse()
    return Outcome([log_reply(log) for log in found[offset : offset + limit]])


def download_logs(context: Context, flow_run_id: str) -> Outcome:
    """The logs of a flow run as CSV, earliest first.

    Raises NotFound, and ServerFailure for a name that no header of an older release can hold.
    """
    run = require_flow_run(context, flow_run_id)
    logs = sorted(context.store.logs.of((flow_run_id,)), key=_place)
    text = StringIO()
    rows = csv.writer(text)
    if logs or context.dialect.log_download_complete:
        rows.writerow(["timestamp", "level", "flow_run_id", "task_run_id", "message"])
    for log in logs:
        rows.writerow([log.timestamp, log.level, log.flow_run_id, log.task_run_id, log.message])
    return Outcome(TextReply(text.getvalue(), "text/csv", _disposition(context, run.name)))


def _disposition(context: Context, name: str) -> str:
    """The header that names the file, as the release of the dialect writes it."""
    if context.dialect.log_download_complete:
        encoded = quote(f"{name}-logs.csv", safe="")
        return f"attachment; filename=\"flow-run-logs.csv\"; filename*=UTF-8''{encoded}"
    # Starlette encodes headers as Latin-1. At a line break, a real server closes the connection.
    if any(letter > "\xff" or letter in "\r\n\0" for letter in name):
        raise ServerFailure("a name that no header can hold", retryable=False)
    return f"attachment; filename={name}-logs.csv"


def _compile(context: Context, filter_: LogFilter) -> Predicate:
    """The predicate of a filter. Raises ServerFailure as `filter_logs`."""
    dialect = context.dialect
    if filter_.level is not None:
        for bound in filter(None, (filter_.level.ge_, filter_.level.le_)):
            check_integer_size(dialect, bound, bits=16)
    text = "" if filter_.text is None else filter_.text.query
    check_storable(dialect, texts=(text,))
    reject_query(measure_query(filter_, dialect), dialect, any_runs=True)
    criteria = compile_with(_CONDITIONS, filter_.model_copy(update={"text": None}), dialect)
    # Prefect puts the conditions of a text beside those of the filter, not into one
    # (schemas/filters.py, LogFilter): under `or_` each of them is enough.
    return combine(filter_.operator, [*criteria.values(), *compile_text_search(text, dialect)])


def _candidates(context: Context, filter_: LogFilter) -> Iterable[Log]:
    """At least the logs that a filter matches: those of the runs that it names, if it does."""
    logs, runs = context.store.logs, filter_.flow_run_id
    if filter_.operator is Operator.and_ and runs is not None and runs.any_ is not None:
        return logs.of(runs.any_)
    return logs


def log_reply(log: Log) -> dict[str, Any]:
    """A log as the schema Log has it."""
    return {
        "id": log.id,
        "created": log.created,
        "updated": log.created,
        "name": log.name,
        "level": log.level,
        "message": log.message,
        "timestamp": log.timestamp,
        "flow_run_id": log.flow_run_id,
        "task_run_id": log.task_run_id,
    }
