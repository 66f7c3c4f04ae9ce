"""Operations on schemas: which fields the blocks of a type have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...errors import Conflict, Forbidden, NotFound, ServerFailure, TooLarge
from ...prefect import check_storable
from ...prefect.objects import BlockSchema, BlockType
from ...requests.objects import BlockSchemaCreate, BlockSchemaFilterRequest
from .. import Context, Outcome, cut_page, match_objects
from .checksums import own_definitions, reference_names, require_object, schema_checksum
from .deleting import drop_schemas
from .filters import SCHEMA_CONDITIONS
from .nesting import Nesting
from .types import block_types, find_type

MAX_DEPTH = 50
"""Schemas within each other that one request may register. A real server has no bound."""


def create_block_schema(context: Context, body: BlockSchemaCreate) -> Outcome:
    """Create a schema, with those inside of it; or find the one that is the same.

    Raises NotFound for an unknown type, Conflict for an unknown type of a schema inside of it,
    ServerFailure where a real server fails.
    """
    if body.block_type_id not in block_types(context):
        raise NotFound(f"Block type {body.block_type_id} not found.")
    check_storable(context.dialect, texts=(body.version,), values=(body.fields, body.capabilities))
    existing = find_schema(context, schema_checksum(body.fields), body.version)
    if existing is not None:
        return Outcome(Nesting(context.store).schema(existing))
    definitions = body.fields.get("definitions")
    registered = _register(context, body, definitions, [])
    for schema in registered:
        context.store.objects(BlockSchema).put(schema)
    reply = Nesting(context.store).schema(registered[-1])
    # The reply repeats what was sent of other blocks (models/block_schemas.py,
    # create_block_schema).
    reply["fields"]["block_schema_references"] = body.fields.get("block_schema_references", {})
    if definitions is not None:
        reply["fields"]["definitions"] = definitions
    return Outcome(reply, made=True)


def _register(
    context: Context, body: BlockSchemaCreate, definitions: Any, new: list[BlockSchema]
) -> list[BlockSchema]:
    """New schemas: those inside of a schema that are not there yet, and the schema itself.

    They are added to `new`, the schema itself as the last.
    """
    fields = {**body.fields, "definitions": definitions} if definitions else dict(body.fields)
    checksum = schema_checksum(fields)
    if definitions:
        fields["definitions"] = own_definitions(fields, definitions)
        if not fields["definitions"]:
            del fields["definitions"]
    wanted = require_object(fields.pop("block_schema_references", {}))
    schema = BlockSchema(
        context.new_id(),
        checksum,
        fields,
        body.block_type_id,
        tuple(body.capabilities),
        body.version,
        context.now,
        context.now,
    )
    references = []
    for name, several in wanted.items():
        for reference in several if isinstance(several, list) else [several]:
            inner = _inner_schema(
                context, require_object(reference), name, schema, definitions, new
            )
            if (name, inner.id) not in references:
                references.append((name, inner.id))
    new.append(replace(schema, references=tuple(references)))
    return new


def _inner_schema(
    context: Context,
    reference: dict[str, Any],
    name: str,
    outer: BlockSchema,
    definitions: Any,
    new: list[BlockSchema],
) -> BlockSchema:
    """The schema inside of another that a reference means; a new one if it is not there yet."""
    slug, checksum = reference.get("block_type_slug"), reference.get("block_schema_checksum")
    if not isinstance(slug, str) or not isinstance(checksum, str):
        raise ServerFailure("a reference without a type or a checksum", retryable=False)
    block_type = find_type(context, slug)
    if block_type is None:
        raise Conflict(
            f"Cannot create block schema because block type {slug!r} was not found.Did you forget "
            "to register the block type?"
        )
    found = find_schema(context, checksum) or _among(new, checksum)
    if found is not None:
        return found
    if len(new) >= MAX_DEPTH:
        raise TooLarge(f"a schema has more than {MAX_DEPTH} new ones inside of it")
    fields = _inner_fields(outer, name, require_object(definitions), block_type)
    body = BlockSchemaCreate.model_construct(
        fields=fields, block_type_id=block_type.id, capabilities=[], version="non-versioned"
    )
    made = schema_checksum({**fields, "definitions": definitions})
    return (
        find_schema(context, made, body.version)
        or _among(new, made)
        or _register(context, body, definitions, new)[-1]
    )


def _inner_fields(
    outer: BlockSchema, name: str, definitions: dict[str, Any], block_type: BlockType
) -> dict[str, Any]:
    """The fields of a schema inside of another, which the other's definitions have."""
    place = require_object(outer.fields.get("properties")).get(name)
    candidates = [definitions.get(each) for each in reference_names(place)]
    if len(candidates) != 1:
        slugs = [require_object(each).get("block_type_slug") for each in candidates]
        candidates = [
            each for each, slug in zip(candidates, slugs, strict=True) if slug == block_type.slug
        ]
    if not candidates:
        raise ServerFailure("a block without a definition", retryable=False)
    return require_object(candidates[0])


def _among(schemas: list[BlockSchema], checksum: str) -> BlockSchema | None:
    return next((each for each in schemas if each.checksum == checksum), None)


def find_schema(context: Context, checksum: str, version: str | None = None) -> BlockSchema | None:
    """The latest schema with a checksum and, if it is given, a version; or None."""
    found = [
        each
        for each in context.store.objects(BlockSchema)
        if each.checksum == checksum and version in (None, each.version)
    ]
    return max(found, key=lambda each: each.created, default=None)


def read_block_schema(context: Context, schema_id: str) -> Outcome:
    """Read one schema. Raises NotFound."""
    return Outcome(Nesting(context.store).schema(_require(context, schema_id)))


def read_block_schema_by_checksum(context: Context, checksum: str, version: str | None) -> Outcome:
    """Read the latest schema with a checksum and, if it is given, a version.

    Raises NotFound, and ServerFailure for texts that the dialect's database cannot hold.
    """
    check_storable(context.dialect, texts=(checksum, version))
    found = find_schema(context, checksum, version)
    if found is None:
        raise NotFound("Block schema not found")
    return Outcome(Nesting(context.store).schema(found))


def filter_block_schemas(context: Context, body: BlockSchemaFilterRequest) -> Outcome:
    """List the schemas that a filter matches, the latest first.

    Raises ServerFailure where the dialect's database does not run the query.
    """
    schemas = context.store.objects(BlockSchema)
    found, warnings = match_objects(context, schemas, body.block_schemas, SCHEMA_CONDITIONS)
    # The last of those that were created at the same time comes first, too.
    latest_first = sorted(found, key=lambda each: each.created)[::-1]
    nesting = Nesting(context.store)
    page = cut_page(context, latest_first, body)
    return Outcome([nesting.schema(each) for each in page], warnings=warnings)


def delete_block_schema(context: Context, schema_id: str) -> Outcome:
    """Delete a schema with its blocks. Raises NotFound, Forbidden for one of a protected type."""
    schema = _require(context, schema_id)
    block_type = block_types(context).get(schema.block_type_id)
    if block_type is not None and block_type.is_protected:
        raise Forbidden("Block schemas for protected block types cannot be deleted.")
    drop_schemas(context.store, [schema_id])
    return Outcome(None)


def read_capabilities(context: Context) -> Outcome:
    """List what blocks can do, as their schemas say."""
    schemas = context.store.objects(BlockSchema)
    return Outcome(sorted({each for schema in schemas for each in schema.capabilities}))


def _require(context: Context, schema_id: str) -> BlockSchema:
    schema = context.store.objects(BlockSchema).get(schema_id)
    if schema is None:
        raise NotFound("Block schema not found")
    return schema
