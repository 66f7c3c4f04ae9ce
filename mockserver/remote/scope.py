"""Which part of a server is copied: filters, and a window of time laid over them.

Windows are of `expected_start_time`: nearly every run has one, it hardly ever changes, and servers
have an index on it alone. `start_time` compares `coalesce(start_time, expected_start_time)`, for
which SQLite has no index of its own, so that each page would read every run (Prefect:
database/orm_models.py, FlowRun.__table_args__).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from ..errors import UsageError, to_single_line
from ..prefect import format_instant, parse_rfc3339

TIME_KEY = "expected_start_time"
ASCENDING, DESCENDING = "EXPECTED_START_TIME_ASC", "EXPECTED_START_TIME_DESC"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# The keys of a body that lists flow runs (Prefect: api/flow_runs.py, read_flow_runs).
FILTER_KEYS = (
    "flow_runs",
    "flows",
    "task_runs",
    "deployments",
    "work_pools",
    "work_pool_queues",
)


def to_microseconds(moment: datetime) -> int:
    """An instant as microseconds since 1970, which is how exactly servers keep it."""
    return (moment - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The instants from `first` to `last`, both included, in microseconds since 1970."""

    first: int
    last: int

    def halves(self) -> tuple[Window, Window]:
        """The earlier and the later half of a window of more than one instant."""
        middle = (self.first + self.last) // 2
        return Window(self.first, middle), Window(middle + 1, self.last)

    def criterion(self) -> dict[str, str]:
        """The window as a condition of a filter."""
        return {"after_": _format(self.first), "before_": _format(self.last)}


# Dates that no run leaves, and that every database holds.
ALWAYS = Window(
    to_microseconds(datetime(2, 1, 1, tzinfo=UTC)),
    to_microseconds(datetime(9998, 1, 1, tzinfo=UTC)),
)


def _format(microseconds: int) -> str:
    return format_instant(_EPOCH + microseconds * _MICROSECOND)


def expected_start(record: Mapping[str, Any]) -> int | None:
    """The expected start of a run that a server sent, in microseconds since 1970.

    Raises ValueError for a text that is not a time.
    """
    text = record.get(TIME_KEY)
    return None if text is None else to_microseconds(parse_rfc3339(text))


@dataclass(frozen=True, slots=True)
class Scope:
    """The filters of a copy, as in the body of /flow_runs/filter; none: everything."""

    filters: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.filters)

    def window(self, key: str) -> Window | None:
        """The window that the filter under `key` has of its own, `ALWAYS` if it has none.

        None if no narrower window can be joined to the filter: it says `or_`, or has a time in a
        form that only servers read.
        """
        given = self.filters.get(key) or {}
        times = given.get(TIME_KEY) or {}
        if given.get("operator", "and_") != "and_" or times.keys() - {"after_", "before_"}:
            return None
        try:
            first, last = (
                to_microseconds(parse_rfc3339(times[edge])) if times.get(edge) else default
                for edge, default in (("after_", ALWAYS.first), ("before_", ALWAYS.last))
            )
        except (ValueError, AttributeError, TypeError):
            return None
        return Window(first, last)

    def leaves_out_untimed(self, key: str) -> bool:
        """Whether the filter under `key` matches no run without an expected start."""
        return any(((self.filters.get(key) or {}).get(TIME_KEY) or {}).values())

    def body(self, key: str, window: Window | None = None) -> dict[str, Any]:
        """The filters, with a window on the records whose filter has this key."""
        if window is None:
            return dict(self.filters)
        joined = {**(self.filters.get(key) or {}), TIME_KEY: window.criterion()}
        return {**self.filters, key: joined}


def parse_scope(text: str) -> Scope:
    """Read a filter on flow runs, or a body with filters on related records, from JSON.

    Raises UsageError for anything else.
    """
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UsageError(
            f"--where is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    if not isinstance(given, dict):
        raise UsageError(
            f"--where is {to_single_line(text, 80)}; expected a filter on flow runs such as "
            '{"state": {"type": {"any_": ["FAILED"]}}}'
        )
    if not given.keys() & set(FILTER_KEYS):
        return Scope({"flow_runs": given}) if given else Scope()
    # A server ignores keys that it does not know, and would copy everything.
    unknown = sorted(given.keys() - set(FILTER_KEYS) - {"limit", "sort", "offset"})
    if unknown:
        raise UsageError(
            f"--where has the key {to_single_line(unknown[0])!r} beside filters; "
            f"expected some of {', '.join(FILTER_KEYS)}"
        )
    for key in FILTER_KEYS:
        if not isinstance(given.get(key, {}), dict | None):
            raise UsageError(f"--where: {key} is not an object; expected a filter")
    return Scope({key: value for key, value in given.items() if key in FILTER_KEYS})
