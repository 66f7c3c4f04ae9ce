"""From the values of an object's fields to those of its class, and back: ids, times, references.

A block, and the schema of one, shows other blocks as replies do. They are kept as references.
Invariant: what `write_object` returns is read as the same object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ...prefect import format_instant
from ...prefect.objects import SYSTEM_TYPES, BlockSchema, Reference, block_type_id
from .object_fields import OBJECT_DEFAULTS, OBJECT_FIELDS, REQUIRED, SHOWN_ONLY, UNIQUE
from .record_fields import id_from_names

Values = dict[str, Any]
_REFERENCE = '{"$ref": {"block_document_id": "..."}}'


def complete_object(collection: str, values: Values, now: datetime) -> Values:
    """The values of an object, its short forms expanded, with what follows from them.

    `now` is the instant of the load. Raises ValueError, saying what is wrong, where a field is
    missing or has another form than in a reply.
    """
    for group in REQUIRED.get(collection, ()):
        if group[0] not in values:
            raise ValueError(" and ".join(f"no {key}" for key in group))
    completed = {**values, **_times(values, now)}
    match collection:
        case "block_types":
            slug = values["slug"]
            completed.setdefault("name", SYSTEM_TYPES.get(slug, slug))
        case "block_schemas":
            fields, references = _split_schema(values.get("fields", {}))
            completed |= {"fields": fields, "references": references}
        case "block_documents":
            completed.setdefault("block_schema_id", "")  # one is found when all records are read
            completed |= _split_document(values)
        case "logs":
            completed.setdefault("timestamp", completed["created"])
        case "workers":
            completed.setdefault("last_heartbeat_time", completed["created"])
    if "id" not in completed:
        completed["id"] = _id_of(collection, completed)
    return completed


def _times(values: Mapping[str, Any], now: datetime) -> Values:
    created = values.get("created") or now
    return {"created": created, "updated": values.get("updated") or created}


def _id_of(collection: str, values: Mapping[str, Any]) -> str:
    """The id of an object that is given none: the same for the same name."""
    if collection == "block_types":
        return block_type_id(values["slug"])
    names = (str(values.get(key, "")) for key in UNIQUE[collection])
    return id_from_names(collection, *names)


def _split_document(values: Mapping[str, Any]) -> Values:
    """The values of a block without those of other blocks, and references to these."""
    data: Mapping[str, Any] = values.get("data", {})
    shown = values.get("block_document_references", {})
    inner = {key: _shown_id(key, one) for key, one in shown.items()}
    for key, value in data.items():
        if isinstance(value, dict) and "$ref" in value:
            inner[key] = _referenced_id(f"data.{key}", value["$ref"])
    own = {key: value for key, value in data.items() if key not in inner}
    return {"data": own, "references": tuple(inner.items())}


def _shown_id(key: str, reference: Any) -> str:
    """The id of a block inside of another, as a reply shows it."""
    block = reference.get("block_document") if isinstance(reference, dict) else None
    given = {"block_document_id": block.get("id")} if isinstance(block, dict) else None
    return _referenced_id(f"block_document_references.{key}", given)


def _referenced_id(place: str, reference: Any) -> str:
    try:
        return str(UUID(reference["block_document_id"]))
    except (ValueError, TypeError, AttributeError, LookupError):
        raise ValueError(f"{place} without the id of a block, as in {_REFERENCE}") from None


def _split_schema(fields: Mapping[str, Any]) -> tuple[Values, tuple[Reference, ...]]:
    """The fields of a schema without those of other blocks, and references by their checksums."""
    own = dict(fields)
    references = tuple(dict.fromkeys(_inner_checksums(own.pop("block_schema_references", {}))))
    definitions = own.pop("definitions", None) or {}
    if not isinstance(definitions, dict):
        raise ValueError("fields.definitions that are no object")
    secret = own.get("secret_fields", [])
    if not isinstance(secret, list) or not all(isinstance(one, str) for one in secret):
        raise ValueError("fields.secret_fields that are no list of names")
    kept = {name: one for name, one in definitions.items() if not _is_block(one)}
    return {**own, "definitions": kept} if kept else own, references


def _is_block(definition: Any) -> bool:
    return isinstance(definition, dict) and definition.get("block_type_slug") is not None


def _inner_checksums(given: Any) -> Iterator[Reference]:
    """The schemas inside of another: by their ids, as they are written here, or checksums."""
    if not isinstance(given, dict):
        raise ValueError("fields.block_schema_references that are no object")
    for name, several in given.items():
        for one in several if isinstance(several, list) else [several]:
            shown = one if isinstance(one, dict) else {}
            found = shown.get("block_schema_id") or shown.get("block_schema_checksum")
            if not isinstance(found, str):
                raise ValueError(f"fields.block_schema_references.{name} without a checksum")
            yield name, found


def write_object(
    collection: str, record: Any, schemas: Mapping[str, BlockSchema]
) -> dict[str, Any]:
    """An object as the JSON of a seed, without what is left out as it follows from the rest.

    `schemas` are those of blocks, by id.
    """
    left_out = SHOWN_ONLY.get(collection, frozenset()) | _FOLLOWING.get(collection, frozenset())
    defaults = {**OBJECT_DEFAULTS[collection], "updated": record.created}
    written = {
        key: _json(value)
        for key in record.__dataclass_fields__
        if key in OBJECT_FIELDS[collection]
        and key not in left_out
        and (value := getattr(record, key)) != defaults.get(key)
    }
    if collection == "block_documents" and record.references:
        inner = {key: {"$ref": {"block_document_id": one}} for key, one in record.references}
        written["data"] = {**record.data, **inner}
    if collection == "block_schemas" and record.references:
        shown: dict[str, list[dict[str, str]]] = {}
        for key, schema_id in record.references:
            checksum = schemas[schema_id].checksum
            one = {"block_schema_checksum": checksum, "block_schema_id": schema_id}
            shown.setdefault(key, []).append(one)
        written["fields"] = {**record.fields, "block_schema_references": shown}
    return written


# What the latest artifact with a key tells of all of them.
_FOLLOWING: Mapping[str, frozenset[str]] = {
    "artifact_collections": frozenset(OBJECT_DEFAULTS["artifact_collections"])
}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_instant(value)
    return list(value) if isinstance(value, tuple) else value
