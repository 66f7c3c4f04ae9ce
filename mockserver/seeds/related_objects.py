"""What the objects of seeds say of each other, found when all records are read.

Types of blocks are found by their slugs, schemas by their checksums, the latest artifact of each
key by its time, and a deployment's limit by its id. What is referred to but not described is
created, if that can be done, as flows of runs are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from ..prefect import Deployment
from ..prefect.objects import (
    SYSTEM_TYPES,
    Artifact,
    ArtifactCollection,
    BlockDocument,
    BlockSchema,
    BlockType,
    ConcurrencyLimit,
    system_type,
)
from .loaded_seeds import Seeds
from .records import COLLECTIONS, build_record, complete_object, id_from_names

Report = Callable[[str, str, str, str, str], None]
"""Called with a problem: collection and id of the record, key, what came, what was expected."""
MAX_LEVELS = 50
"""Blocks within each other (Prefect: models/block_documents.py,
_BLOCK_DOCUMENT_REFERENCE_MAX_DEPTH)."""
LIMIT = "global_concurrency_limit"
# Of the client's schema of a Secret, what the mock and Prefect's page look at.
_SECRET_FIELDS: Mapping[str, Any] = {
    "properties": {"value": {"title": "Value", "format": "password", "writeOnly": True}},
    "required": ["value"],
    "secret_fields": ["value"],
}
_NO_FIELDS: Mapping[str, Any] = {"properties": {}}


def settle_objects(seeds: Seeds, slugs: Mapping[str, str], now: datetime, report: Report) -> None:
    """Complete the objects of seeds, and report those that refer to what is not there.

    `slugs` are those by which types of blocks were given, by the ids that stand for them.
    """
    _settle_types(seeds, slugs, now)
    _settle_schemas(seeds, report)
    _settle_documents(seeds, now, report)
    _settle_collections(seeds, report)
    for deployment in list(seeds.deployments.values()):
        _settle_limit(seeds, deployment, now, report)
    for worker in seeds.workers.values():
        if worker.work_pool_id not in seeds.work_pools:
            came, expected = worker.work_pool_id, "the id of one of the work_pools"
            report("workers", worker.id, "work_pool_id", came, expected)


def _settle_types(seeds: Seeds, slugs: Mapping[str, str], now: datetime) -> None:
    """Find or create the types that are given by their slugs."""
    id_by_slug = {one.slug: one.id for one in seeds.block_types.values()}
    found = {made: id_by_slug.get(slug, made) for made, slug in slugs.items()}
    for made, slug in slugs.items():
        if found[made] not in seeds.block_types:
            known = slug in SYSTEM_TYPES
            seeds.block_types[made] = (
                system_type(slug, now) if known else BlockType(made, slug, slug, now, now)
            )
    for collection in ("block_schemas", "block_documents"):
        records = getattr(seeds, collection)
        for one in list(records.values()):
            meant = found.get(one.block_type_id, one.block_type_id)
            if meant != one.block_type_id:
                records[one.id] = replace(one, block_type_id=meant)


def _settle_schemas(seeds: Seeds, report: Report) -> None:
    """Find the schemas inside of others, which replies name by their checksums."""
    schemas = seeds.block_schemas
    latest = sorted(schemas.values(), key=lambda one: one.created)
    id_by_checksum = {one.checksum: one.id for one in latest}
    for schema in list(schemas.values()):
        if schema.block_type_id not in seeds.block_types:
            _report_missing(report, "block_schemas", schema, "block_type_id", "block_types")
        found = [(key, id_by_checksum.get(one, one)) for key, one in schema.references]
        for key, inner in found:
            if inner not in schemas:
                place = f"fields.block_schema_references.{key}"
                report("block_schemas", schema.id, place, inner, "one of the block_schemas")
        schemas[schema.id] = replace(schema, references=tuple(found))
    _report_cycles(schemas, "block_schemas", report)


def _settle_documents(seeds: Seeds, now: datetime, report: Report) -> None:
    """Find the types and schemas of blocks, and the blocks inside of others."""
    documents = seeds.block_documents
    for document in list(documents.values()):
        block_type = seeds.block_types.get(document.block_type_id)
        if block_type is None:
            _report_missing(report, "block_documents", document, "block_type_id", "block_types")
            continue
        schema_id = document.block_schema_id or _schema_for(seeds, block_type, now).id
        documents[document.id] = changed = replace(
            document, block_schema_id=schema_id, block_type_name=block_type.name
        )
        if schema_id not in seeds.block_schemas:
            _report_missing(report, "block_documents", changed, "block_schema_id", "block_schemas")
        for key, inner in document.references:
            if inner not in documents:
                report("block_documents", document.id, f"data.{key}", inner, "a block's id")
    _report_cycles(documents, "block_documents", report)


def _schema_for(seeds: Seeds, block_type: BlockType, now: datetime) -> BlockSchema:
    """The latest schema of a type; one without fields is created where there is none."""
    of_type = [one for one in seeds.block_schemas.values() if one.block_type_id == block_type.id]
    if of_type:
        return max(of_type, key=lambda one: one.created)
    given: dict[str, Any] = {
        "title": block_type.name,
        "type": "object",
        "block_type_slug": block_type.slug,
    }
    given |= _SECRET_FIELDS if block_type.slug == "secret" else _NO_FIELDS
    checksum = f"sha256:{sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()}"
    values = {"checksum": checksum, "fields": given, "block_type_id": block_type.id}
    made: Any = build_record("block_schemas", complete_object("block_schemas", values, now))
    seeds.block_schemas[made.id] = made
    return seeds.block_schemas[made.id]


def _report_missing(
    report: Report, collection: str, record: BlockSchema | BlockDocument, key: str, target: str
) -> None:
    report(collection, record.id, key, getattr(record, key), f"the id of one of the {target}")


def _report_cycles(
    records: Mapping[str, BlockSchema] | Mapping[str, BlockDocument],
    collection: str,
    report: Report,
) -> None:
    """Report records that are inside of themselves, or too many within each other.

    Those are left when, again and again, all are taken away that have none of the others inside.
    """
    inner = {one.id: [each for _, each in one.references] for one in records.values()}
    left = {one for one, others in inner.items() if others}
    for _ in range(MAX_LEVELS):
        left = {one for one in left if any(each in left for each in inner[one])}
    for one in sorted(left):
        came = f"a block inside of itself, or over {MAX_LEVELS} within each other"
        report(collection, one, "", came, "blocks inside of others")


def _settle_collections(seeds: Seeds, report: Report) -> None:
    """Find the latest artifact of each key, and what it tells of the others."""
    collections = seeds.artifact_collections
    known = {one.key for one in collections.values()}
    in_order = sorted(seeds.artifacts.values(), key=lambda one: one.created)
    latest = {one.key: one for one in in_order if one.key is not None}
    for key, artifact in latest.items():
        if key not in known:
            made = id_from_names("artifact_collections", key)
            first = next(one.created for one in in_order if one.key == key)
            given = {"id": made, "latest_id": artifact.id, "created": first}
            collections[made] = ArtifactCollection(**{**_shared(artifact), **given})
    for one in list(collections.values()):
        found = seeds.artifacts.get(one.latest_id)
        if found is None:
            expected = "the id of one of the artifacts"
            report("artifact_collections", one.id, "latest_id", one.latest_id, expected)
        else:
            times = {"created": one.created, "updated": one.updated}
            collections[one.id] = replace(one, **{**_shared(found), "key": one.key, **times})


def _shared(artifact: Artifact) -> dict[str, Any]:
    return {one.name: getattr(artifact, one.name) for one in fields(artifact) if one.name != "id"}


def _settle_limit(seeds: Seeds, deployment: Deployment, now: datetime, report: Report) -> None:
    """Make sure that there is a record of a deployment's limit, so that it is enforced.

    It is given as replies show it, or as a number, as when a deployment is created.
    """
    shown, slots = deployment.rest.get(LIMIT), deployment.rest.get("concurrency_limit")
    if shown is None and slots is None:
        return
    if shown is None:
        shown = {"id": id_from_names("limits of deployments", deployment.id), "limit": slots}
        rest = {key: one for key, one in deployment.rest.items() if key != "concurrency_limit"}
        rest[LIMIT] = shown
        seeds.deployments[deployment.id] = replace(deployment, rest=rest)
    if shown.get("id") in seeds.concurrency_limits:
        return
    limit = _read_limit({"name": f"deployment:{deployment.id}", **shown}, now)
    if limit is None:
        report("deployments", deployment.id, LIMIT, "no limit", "an object of an id and a limit")
    else:
        seeds.concurrency_limits[limit.id] = limit


def _read_limit(given: Mapping[str, Any], now: datetime) -> ConcurrencyLimit | None:
    """The limit that a deployment shows; None if it is none."""
    known = COLLECTIONS["concurrency_limits"]
    try:
        values = {key: known[key].read(given[key], now) for key in known.keys() & given.keys()}
        made: Any = build_record(
            "concurrency_limits", complete_object("concurrency_limits", values, now)
        )
    except (ValueError, TypeError, OverflowError):
        return None
    limit: ConcurrencyLimit = made
    return limit
