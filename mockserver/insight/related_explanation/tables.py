"""Tables of the flows or deployments that a filter selects: by tag, pool, schedule and so on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...prefect import Deployment
from ...store import Store
from ..explanation import Row, Table

MAX_ROWS = 50
"""How many rows of a table are kept, of those with the most records."""
Naming = Callable[[Store, Any], Iterable[str]]
"""The values of a record by which it is counted, for a reader."""


def record_tables(store: Store, kind: str, selected: Sequence[Any]) -> tuple[Table, ...]:
    """The tables about selected flows or deployments.

    One about a value that all of the store have in common would say nothing, and is left out.
    """
    tables = (
        _table(store, title, selected, getattr(store, kind), values_of)
        for title, values_of in _TABLES[kind](store).items()
        if selected
    )
    return tuple(table for table in tables if table)


def _table(
    store: Store, title: str, selected: Iterable[Any], every: Iterable[Any], values_of: Naming
) -> Table | None:
    chosen, total = (
        Counter(value for one in records for value in values_of(store, one))
        for records in (selected, every)
    )
    if len(total) < 2:
        return None
    rows = [Row(name, name, number, total[name]) for name, number in chosen.items()]
    rows.sort(key=lambda row: (-row.selected, row.name))
    return Table(title, tuple(rows[:MAX_ROWS]), max(0, len(rows) - MAX_ROWS))


def _tags(_: Store, record: Any) -> Iterable[str]:
    return record.tags or ("no tags",)


def _flow(store: Store, deployment: Deployment) -> Iterable[str]:
    flow = store.flows.get(deployment.flow_id)
    return (flow.name if flow else deployment.flow_id,)


def _schedules(_: Store, deployment: Deployment) -> Iterable[str]:
    given = deployment.rest.get("schedules")
    active = [
        isinstance(one, Mapping) and one.get("active") is not False
        for one in (given if isinstance(given, list) else ())
    ]
    return ("active schedule" if any(active) else "inactive" if active else "no schedule",)


def _flow_tables(store: Store) -> Mapping[str, Naming]:
    deployed = Counter(one.flow_id for one in store.deployments)
    return {
        "deployments": lambda _, flow: (str(deployed[flow.id] or "no deployment"),),
        "tag": _tags,
    }


def _deployment_tables(_: Store) -> Mapping[str, Naming]:
    return {
        "flow": _flow,
        "work queue": lambda _, one: (one.work_queue_name or "no work queue",),
        "schedule": _schedules,
        "paused": lambda _, one: ("paused" if one.paused else "not paused",),
        "tag": _tags,
    }


_TABLES: Mapping[str, Callable[[Store], Mapping[str, Naming]]] = {
    "flows": _flow_tables,
    "deployments": _deployment_tables,
}
