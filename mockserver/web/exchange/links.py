"""Addresses that can be shared, and filters that are put together from what a reader clicks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from ...insight.explanation import Row
from ...prefect import format_instant

MAX_ADDRESS = 6_000
"""Characters of an address that is offered: aiohttp reads lines of up to 8,190."""

_CRITERIA = {"deployment": "deployment_id", "work queue": "work_queue_name", "tag": "tags"}
"""The criterion of the values of a table. No filter on flow runs knows flows."""


def filter_text(body: Mapping[str, Any]) -> str:
    """A filter as a reader sees it."""
    return json.dumps(body, indent=2, ensure_ascii=False)


def share_address(root: str, view: str, filter_: str) -> str | None:
    """The address of a view of a filter; None where it is too long for one."""
    try:
        address = view_address(root, view, json.loads(filter_))
    except (ValueError, RecursionError):
        address = f"{root}{view}?filter={quote(filter_)}"
    return address if len(address) <= MAX_ADDRESS else None


def view_address(root: str, path: str, filter_: Mapping[str, Any]) -> str:
    """The address of a view of a filter as a value."""
    if not filter_:
        return f"{root}{path}"
    # In ASCII: a text may have a lone surrogate, which no address can say.
    compact = json.dumps(filter_, separators=(",", ":"))
    return f"{root}{path}?filter={quote(compact, safe='{}:,[]')}"


def add_to_filter(
    filter_: Mapping[str, Any], table: str, row: Row, now: datetime
) -> dict[str, Any] | None:
    """The filter with one more condition, a row of a table; None where no filter can say it.

    An earlier condition on the same is replaced.
    """
    if table == "age":
        criterion = _ages(row.value, now)
    elif table == "state":
        criterion = _state(row)
    else:
        criterion = _values(table, row.value)
    return None if criterion is None else {**filter_, **criterion}


def _state(row: Row) -> dict[str, Any] | None:
    """A type and a name; the name of the row has the type behind it where that is another word."""
    if row.value is None:
        return None
    name = row.name.removesuffix(f" ({row.value})")
    return {"state": {"type": {"any_": [row.value]}, "name": {"any_": [name]}}}


def _values(table: str, value: str | None) -> dict[str, Any] | None:
    criterion = _CRITERIA.get(table)
    if criterion is None:
        return None
    return {criterion: {"is_null_": True} if value is None else {"any_": [value]}}


def _ages(span: str | None, now: datetime) -> dict[str, Any] | None:
    """Runs that ended so many days ago: `30-90`, `365-` for more, `-0` for the future."""
    if span is None:
        return None
    young, _, old = span.partition("-")
    ends = {
        key: format_instant(now - timedelta(days=int(days)))
        for key, days in (("after_", old), ("before_", young))
        if days
    }
    return {"end_time": ends}
