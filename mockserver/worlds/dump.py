"""Dumping a store as a seed document.

Invariant: a store loaded from the document holds the same records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, fields
from operator import attrgetter
from typing import Any

from ..prefect import CreatedBy, State
from ..prefect.objects import BlockSchema
from ..seeds import COLLECTIONS, OBJECT_CLASSES, OBJECT_FIELDS, OPEN_COLLECTIONS, write_object
from ..store import Store
from .run_factory import to_json_value

SeedDocument = dict[str, list[dict[str, Any]]]


def dump_store(store: Store) -> SeedDocument:
    """The records of a store as JSON values, by collection: `{"flow_runs": [{...}], ...}`.

    Fields with their default value and empty collections are left out. Earlier states of runs,
    inputs of paused ones, leases and events are lost, because a seed cannot hold them.
    """
    document: SeedDocument = {}
    for name, record in iterate_dump(store):
        document.setdefault(name, []).append(record)
    return document


def iterate_dump(store: Store) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records of `dump_store` one by one, each with the name of its collection."""
    schemas = {one.id: one for one in store.objects(BlockSchema)}
    for name in COLLECTIONS:
        for record in records_of(store, name):
            if name in OBJECT_FIELDS:
                yield name, write_object(name, record, schemas)
            else:
                yield name, _dump_record(record, name)


def records_of(store: Store, collection: str) -> Iterable[Any]:
    """The records of a store that belong to a collection of seeds."""
    if collection == "flow_runs":
        return store
    if collection == "logs":
        return sorted(store.logs, key=attrgetter("number"))
    if collection in OBJECT_CLASSES:
        objects: Iterable[Any] = store.objects(OBJECT_CLASSES[collection])
        return objects
    found: Iterable[Any] = getattr(store, collection)
    return found


def _dump_record(record: Any, collection: str) -> dict[str, Any]:
    dumped = {
        field.name: _dump_value(value)
        for field in fields(record)
        # parent_flow_run_id, for one, is derived and no field of a seed.
        if field.name in COLLECTIONS[collection]
        and (value := getattr(record, field.name)) != _default(field)
    }
    if collection in OPEN_COLLECTIONS:
        dumped.update(to_json_value(record.rest))
    return dumped


def _default(field: Field[Any]) -> Any:
    """A field's default; MISSING, which equals no value, where it has none."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _dump_value(value: Any) -> Any:
    match value:
        case State():
            state = {field.name: getattr(value, field.name) for field in fields(value)}
            rest, details = state.pop("rest"), state.pop("details")
            # A null is the run that is not named in the state of a scheduled run; a seed names it.
            given = {key: part for key, part in details.items() if part is not None}
            state["state_details"] = given or None
            return {
                key: to_json_value(part)
                for key, part in {**rest, **state}.items()
                if part is not None
            }
        case CreatedBy():
            return {field.name: getattr(value, field.name) for field in fields(value)}
        case _:
            return to_json_value(value)
