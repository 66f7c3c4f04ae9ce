"""The JSON Schema of the seed format, made from the tables of fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .kinds_of_records import FLOW_REPLY, MARKS, WEAK_MARKS
from .object_fields import REQUIRED
from .record_fields import COLLECTIONS, FLOW_FIELDS, OPEN_COLLECTIONS, SHORT_FORMS


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a seed: a document of collections, or a bare list."""
    records = _record_schemas()
    listed = {name: {"type": "array", "items": {"$ref": f"#/$defs/{name}"}} for name in COLLECTIONS}
    # A server of a later version may send fields that this one does not know.
    server_flow_run = {**records["flow_runs"], "additionalProperties": True}
    marked = {"anyOf": [_has_any(marks) for marks in MARKS.values()]}
    kinds: list[dict[str, Any]] = [
        {"if": _has_any(marks), "then": {"$ref": f"#/$defs/{name}"}}
        for name, marks in MARKS.items()
        if name != "flow_runs"
    ]
    weak: list[str] = []
    for mark, name in WEAK_MARKS.items():
        others = {"not": {"anyOf": [marked, *map(_has, weak)]}}
        kinds.append({"if": {"allOf": [_has(mark), others]}, "then": {"$ref": f"#/$defs/{name}"}})
        weak.append(mark)
    kinds.append(
        {
            "if": {"required": sorted(FLOW_REPLY), "propertyNames": {"enum": sorted(FLOW_FIELDS)}},
            "then": {"$ref": "#/$defs/flows"},
        }
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:mockserver:seed:1",
        "title": "A seed of mockserver",
        "description": "A document of collections, or a list as POST /flow_runs/filter and "
        "the like of a real server return it: a record's fields say of which kind it is. An NDJSON "
        "seed has one record, one document or one list per line.",
        "anyOf": [
            {"type": "object", "properties": listed, "additionalProperties": False},
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "if": {"anyOf": [kind["if"] for kind in kinds]},
                    "then": {"allOf": kinds},
                    "else": server_flow_run,
                },
            },
        ],
        "$defs": records,
    }


def _has(key: str) -> dict[str, Any]:
    return {"required": [key]}


def _has_any(keys: Iterable[str]) -> dict[str, Any]:
    return {"anyOf": list(map(_has, sorted(keys)))}


def _record_schemas() -> dict[str, dict[str, Any]]:
    """The schema of a record of each collection."""
    return {
        name: {
            "type": "object",
            "properties": {key: dict(field.schema) for key, field in fields.items()},
            "additionalProperties": name in OPEN_COLLECTIONS,
            **_one_form_each(name),
            **_required(name),
        }
        for name, fields in COLLECTIONS.items()
    }


def _one_form_each(collection: str) -> dict[str, Any]:
    """That no record has a short form and the field that it stands for, unless one is null."""
    given = {"not": {"type": "null"}}
    pairs = SHORT_FORMS.get(collection, {}).items()
    both = [{"required": list(pair), "properties": dict.fromkeys(pair, given)} for pair in pairs]
    return {"not": {"anyOf": both}} if both else {}


def _required(collection: str) -> dict[str, Any]:
    """That a record has what it must have."""
    groups = REQUIRED.get(collection)
    return {"allOf": [{"anyOf": list(map(_has, group))} for group in groups]} if groups else {}
