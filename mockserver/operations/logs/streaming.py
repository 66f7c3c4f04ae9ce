"""Which new lines a subscriber of logs is told of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...prefect.objects import Log
from ...requests import read_value
from ...requests.objects import LogFilter


def read_log_subscription(value: object) -> Callable[[Log], bool]:
    """Whether a subscriber's filter, a JSON value, selects a new line. Raises InvalidRequest."""
    filter_ = read_value(LogFilter, value)
    return lambda line: _matches(filter_, line)


def _matches(filter_: LogFilter, line: Log) -> bool:
    """Whether a filter selects a line as it comes.

    A search in texts and the operator do not count (Prefect: logs/stream.py, log_matches_filter).
    """
    level, time = filter_.level, filter_.timestamp
    if level is not None and not _is_within(line.level, level.ge_, level.le_):
        return False
    if time is not None and not _is_within(line.timestamp, time.after_, time.before_):
        return False
    flow_runs, task_runs = filter_.flow_run_id, filter_.task_run_id
    if flow_runs is not None and not _is_one_of(line.flow_run_id, flow_runs.any_):
        return False
    if task_runs is None:
        return True
    is_null = line.task_run_id is None
    return _is_one_of(line.task_run_id, task_runs.any_) and task_runs.is_null_ in (None, is_null)


def _is_within(value: Any, lowest: Any, highest: Any) -> bool:
    return (lowest is None or value >= lowest) and (highest is None or value <= highest)


def _is_one_of(run_id: str | None, ids: list[str] | None) -> bool:
    return ids is None or run_id in ids
