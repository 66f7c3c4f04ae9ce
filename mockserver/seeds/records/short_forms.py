"""Short forms: what a person writes instead of a field of the API.

Seed files and `add()` of a test take the same ones. A flow or a deployment is given by its name,
which stands for an id that is derived from it until all records are known (`named_records`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any
from uuid import uuid5

from ...prefect import UNKNOWN_FLOW
from ...prefect.objects import TAG_PREFIX, block_type_id
from .record_fields import NAMESPACE, SHORT_FORMS, id_from_names

Column = Sequence[Any]


@dataclass(slots=True)
class NamedRecords:
    """The flows and deployments that records give by name, by the ids derived from the names.

    `deployments` has the id of a deployment's flow, and its name: only together they are unique
    (Prefect: orm_models.py, the constraint uq_deployment__flow_id_name). `block_types` has slugs;
    without a flow or deployment, it is false all the same.
    """

    flows: dict[str, str] = field(default_factory=dict)
    deployments: dict[str, tuple[str, str]] = field(default_factory=dict)
    block_types: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.flows or self.deployments)

    def add_flow(self, name: str) -> str:
        """Note the name of a flow; returns its id."""
        found = id_from_names("flows", name)
        self.flows[found] = name
        return found

    def add_deployment(self, name: str, flow_id: str | None) -> str:
        """Note the name of a deployment, whose flow may be unknown; returns its id."""
        flow_id = UNKNOWN_FLOW.id if flow_id is None else flow_id
        found = id_from_names("deployments", flow_id, name)
        self.deployments[found] = (flow_id, name)
        return found

    def add_block_type(self, slug: str) -> str:
        """Note the slug of a type of blocks; returns its id."""
        found = block_type_id(slug)
        self.block_types[found] = slug
        return found

    def update(self, others: NamedRecords) -> None:
        """Note the names that others have noted."""
        self.flows.update(others.flows)
        self.deployments.update(others.deployments)
        self.block_types.update(others.block_types)


def expand_columns(collection: str, columns: dict[str, Column], named: NamedRecords) -> None:
    """Put the fields of the API in the place of short forms. Changes `columns`, adds to `named`.

    The columns hold values that were read, None where one is null or absent. Raises ValueError
    where a record has both forms of a field; null says nothing.
    """
    for short, key in SHORT_FORMS.get(collection, {}).items():
        column = columns.pop(short, None)
        if column is not None:
            expanded = _expanded(short, column, columns, named)
            columns[key] = _merged(short, key, expanded, columns.get(key))


def expand_record(collection: str, values: dict[str, Any], named: NamedRecords) -> dict[str, Any]:
    """Do the same for the values of one record; returns the values."""
    if SHORT_FORMS.get(collection, {}).keys().isdisjoint(values):
        return values
    columns: dict[str, Column] = {key: (value,) for key, value in values.items()}
    expand_columns(collection, columns, named)
    return {key: value for key, (value,) in columns.items()}


def _expanded(
    short: str, column: Column, columns: Mapping[str, Column], named: NamedRecords
) -> Column:
    """What the values of a short form stand for."""
    if short == "flow":
        ids = {name: named.add_flow(name) for name in set(column) - {None}}
        return [ids.get(name) for name in column]
    if short == "deployment":
        pairs = list(zip(column, columns.get("flow_id") or repeat(None), strict=False))
        known = {pair: named.add_deployment(*pair) for pair in set(pairs) if pair[0] is not None}
        return [known.get(pair) for pair in pairs]
    if short == "parent":
        pairs = list(zip(column, columns["id"], strict=True))
        return [None if parent is None else linking_id(run_id) for parent, run_id in pairs]
    if short == "block_type_slug":
        return list(map(named.add_block_type, column))
    return [f"{TAG_PREFIX}{tag}" for tag in column] if short == "tag" else column


def _merged(short: str, key: str, column: Column, others: Column | None) -> Column:
    if others is None:
        return column
    pairs = list(zip(column, others, strict=True))
    if not all(None in pair for pair in pairs):
        raise ValueError(f"both {short} and {key}, which are two forms of one field")
    return [other if value is None else value for value, other in pairs]


def linking_id(run_id: str) -> str:
    """The id of the task run that links a subflow to its parent, where only these two are given."""
    return str(uuid5(NAMESPACE, f"parent of {run_id}"))


def form_used(collection: str, key: str, record: Mapping[str, Any]) -> str:
    """The form in which a record gives a field: `ended` if it does not say `end_time`."""
    if record.get(key) is not None:
        return key
    forms = [short for short, meant in SHORT_FORMS.get(collection, {}).items() if meant == key]
    return next((short for short in forms if record.get(short) is not None), key)
