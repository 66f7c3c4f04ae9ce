"""Tables of the flow runs that a filter selects: by state, flow, deployment and so on.

Invariant: a row's numbers are those that looking at the runs one by one would give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from ...filters import MATCH_ALL, Predicate
from ...prefect import StateType
from ...store import Store

MAX_ROWS = 50
"""How many rows of a table are kept, of those with the most runs."""
AGE_COLUMNS = ("end_time", "start_or_expected_time")
"""The age of a run counts from the first of these that it has."""
# Days; chosen after the retention times that clean-up scripts use.
_AGES = (365, 180, 90, 30, 7, 1, 0)


@dataclass(frozen=True, slots=True)
class Row:
    """A value, how many selected runs have it, and how many runs of the store do.

    `total` is None where the store has only a part of the runs. `name` is for a reader. `value` is
    what a filter would say: an id, a tag, a type; None stands for the runs that have none.
    """

    name: str
    value: str | None
    selected: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """How the selected runs are spread over the values of something.

    `rows` have the most selected runs first, ages the youngest first. `more` is how many values
    have selected runs and no row. A run counts once for each of its tags.
    """

    title: str
    rows: tuple[Row, ...]
    more: int = 0


def make_tables(store: Store, predicate: Predicate, now: datetime) -> tuple[Table, ...]:
    """The tables about what a predicate selects, if it selects any run.

    One about a value that all runs of the store have in common would say nothing, and is left out.
    """
    tables = (
        _state_table(store, predicate),
        *(_value_table(store, predicate, *one) for one in _VALUE_TABLES),
        _age_table(store, predicate, now),
    )
    return tuple(table for table in tables if table and table.rows)


def _state_table(store: Store, predicate: Predicate) -> Table | None:
    """By the name of the state, with its type where that is another word."""
    selected, total = (store.count_values(one, "state_key") for one in (predicate, MATCH_ALL))

    def name_of(state: tuple[StateType, str] | None) -> tuple[str, str | None]:
        if state is None:
            return "no state", None
        type_, name = state
        return (name if name.upper() == type_ else f"{name} ({type_})"), type_.value

    return _table("state", selected, total, name_of)


Naming = Callable[[Store, Any], tuple[str, str | None]]
"""From a value of a column to a name for a reader, and what a filter would say."""


def _flow_name(store: Store, flow_id: str) -> tuple[str, str]:
    flow = store.flows.get(flow_id)
    return (flow.name if flow else flow_id), flow_id


def _deployment_name(store: Store, deployment_id: str | None) -> tuple[str, str | None]:
    if deployment_id is None:
        return "no deployment", None
    deployment = store.deployments.get(deployment_id)
    if deployment is None:
        return deployment_id, deployment_id
    return f"{_flow_name(store, deployment.flow_id)[0]}/{deployment.name}", deployment_id


def _creator_name(_: Store, creator: Any) -> tuple[str, str | None]:
    if creator is None:
        return "nobody", None
    who = creator.display_value or creator.id or ""
    return " ".join(
        filter(None, (creator.type, who))
    ) or "somebody", creator.id or creator.type or who or None


def _or_none(word: str) -> Naming:
    return lambda _, text: (word, None) if text is None else (text, text)


_VALUE_TABLES: tuple[tuple[str, str, Naming], ...] = (
    ("flow", "flow_id", _flow_name),
    ("deployment", "deployment_id", _deployment_name),
    ("work queue", "work_queue_name", _or_none("no work queue")),
    ("tag", "tags", _or_none("no tags")),
    ("creator", "created_by", _creator_name),
)


def _value_table(
    store: Store, predicate: Predicate, title: str, column: str, name_of: Naming
) -> Table | None:
    selected, total = (store.count_values(one, column) for one in (predicate, MATCH_ALL))
    return _table(title, selected, total, lambda value: name_of(store, value))


def _table(
    title: str,
    selected: Mapping[Any, int],
    total: Mapping[Any, int],
    name_of: Callable[[Any], tuple[str, str | None]],
) -> Table | None:
    if len(total) < 2:
        return None
    named = ((*name_of(value), times, total[value]) for value, times in selected.items())
    rows = sorted((Row(*one) for one in named), key=lambda row: (-row.selected, row.name))
    return Table(title, tuple(rows[:MAX_ROWS]), max(0, len(rows) - MAX_ROWS))


def _age_table(store: Store, predicate: Predicate, now: datetime) -> Table | None:
    bounds = tuple(_bounds(now))
    selected, total = store.count_times((predicate, MATCH_ALL), AGE_COLUMNS, bounds)
    if sum(map(bool, total)) < 2:
        return None
    rows = [
        Row(*name, *pair)
        for name, *pair in zip(_AGE_NAMES, selected, total, strict=True)
        if pair[0]
    ]
    return Table("age", tuple(rows[::-1]))


def _bounds(now: datetime) -> Iterator[datetime]:
    """The instants between ages: the first instant of all, then each age ago, then now."""
    first = datetime.min.replace(tzinfo=now.tzinfo)
    yield first
    for days in _AGES:
        # Near the year 1 all of them are the first instant: nothing is older.
        ago = timedelta(days=days)
        yield now - ago if now - first > ago else first


def _age_names() -> Iterator[tuple[str, str | None]]:
    """From no time at all and the oldest to the future: a name, and the span in days."""
    yield "no time", None
    yield f"over {_AGES[0]} days", f"{_AGES[0]}-"
    for older, younger in pairwise(_AGES):
        days = "day" if older == 1 else "days"
        span = f"{younger} to {older} {days}" if younger else f"under {older} {days}"
        yield span, f"{younger}-{older}"
    yield "in the future", "-0"


_AGE_NAMES = tuple(_age_names())
