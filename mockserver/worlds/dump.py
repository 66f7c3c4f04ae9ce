"""What a store holds, as a seed: loaded again, it holds the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from ..prefect import CreatedBy, State
from ..seeds import COLLECTIONS, OPEN_COLLECTIONS
from ..store import Store
from .run_factory import to_json_value

SeedDocument = dict[str, list[dict[str, Any]]]


def dump_store(store: Store) -> SeedDocument:
    """A document of collections, as JSON has it; nothing is said of what is as it is by default.

    The states that runs were in before are not part of a seed.
    """
    records: Mapping[str, Iterable[Any]] = {"flow_runs": store} | {
        name: getattr(store, name) for name in COLLECTIONS if name != "flow_runs"
    }
    told = {name: [_dump_record(one, name) for one in records[name]] for name in COLLECTIONS}
    return {name: found for name, found in told.items() if found}


def _dump_record(record: Any, collection: str) -> dict[str, Any]:
    said = {
        one.name: _dump_value(value)
        for one in fields(record)
        if one.name in COLLECTIONS[collection]
        and (value := getattr(record, one.name)) != _default(one)
    }
    if collection in OPEN_COLLECTIONS:
        said.update(to_json_value(record.rest))
    return said


def _default(of_field: Field[Any]) -> Any:
    if of_field.default_factory is not MISSING:
        return of_field.default_factory()
    return of_field.default


def _dump_value(value: Any) -> Any:
    match value:
        case State():
            said = {one.name: getattr(value, one.name) for one in fields(value)}
            rest, details = said.pop("rest"), said.pop("details")
            said["state_details"] = dict(details) or None
            return {
                key: to_json_value(held)
                for key, held in {**rest, **said}.items()
                if held is not None
            }
        case CreatedBy():
            return {one.name: getattr(value, one.name) for one in fields(value)}
        case _:
            return to_json_value(value)
