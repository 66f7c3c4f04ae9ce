"""Operations on schemas: which fields the blocks of a type have."""

from __future__ import annotations

from dataclasses import dataclass, field
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

MAX_SCHEMAS = 50
"""New schemas within each other in one request. A real server has no bound."""
_UNVERSIONED = "non-versioned"  # Prefect: schemas/core.py, DEFAULT_BLOCK_SCHEMA_VERSION


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
    registration = _Registration(context, definitions)
    schema = registration.make(body)
    for each in registration.made.values():
        context.store.objects(BlockSchema).put(each)
    reply = Nesting(context.store).schema(schema)
    # The reply repeats what was sent of other blocks (models/block_schemas.py,
    # create_block_schema).
    reply["fields"]["block_schema_references"] = body.fields.get("block_schema_references", {})
    if definitions is not None:
        reply["fields"]["definitions"] = definitions
    return Outcome(reply, made=True)


@dataclass(slots=True)
class _Registration:
    """Makes new schemas: one, and those inside of it that are not there yet.

    `made` has those that are complete, by checksum; `unfinished` the checksums of those around the
    one that is being made.
    """

    context: Context
    definitions: Any
    made: dict[str, BlockSchema] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)

    def make(self, body: BlockSchemaCreate) -> BlockSchema:
        """A new schema, which is the last of `made`."""
        fields, checksum = self._own_fields(body.fields)
        if checksum in self.unfinished:
            raise ServerFailure("a schema inside of itself", retryable=False)
        if len(self.made) + len(self.unfinished) >= MAX_SCHEMAS:
            raise TooLarge(f"a schema has more than {MAX_SCHEMAS} new ones inside of it")
        wanted = require_object(fields.pop("block_schema_references", {}))
        self.unfinished.append(checksum)
        references = tuple(
            dict.fromkeys(
                (name, self._inner(require_object(reference), name, fields).id)
                for name, several in wanted.items()
                for reference in (several if isinstance(several, list) else [several])
            )
        )
        self.unfinished.pop()
        now, new_id = self.context.now, self.context.new_id()
        self.made[checksum] = BlockSchema(
            new_id,
            checksum,
            fields,
            body.block_type_id,
            tuple(body.capabilities),
            body.version,
            now,
            now,
            references,
        )
        return self.made[checksum]

    def _own_fields(self, fields: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Fields without the definitions of other blocks, and the checksum."""
        if not self.definitions:
            return dict(fields), schema_checksum(fields)
        fields = {**fields, "definitions": self.definitions}
        checksum = schema_checksum(fields)
        fields["definitions"] = own_definitions(fields, self.definitions)
        if not fields["definitions"]:
            del fields["definitions"]
        return fields, checksum

    def _inner(
        self, reference: dict[str, Any], name: str, outer_fields: dict[str, Any]
    ) -> BlockSchema:
        """The schema that a reference means; a new one if it is not there yet."""
        slug, checksum = reference.get("block_type_slug"), reference.get("block_schema_checksum")
        if not isinstance(slug, str) or not isinstance(checksum, str):
            raise ServerFailure("a reference without a type or a checksum", retryable=False)
        block_type = find_type(self.context, slug)
        if block_type is None:
            raise Conflict(
                f"Cannot create block schema because block type {slug!r} was not found.Did you "
                "forget to register the block type?"
            )
        found = self._find(checksum)
        if found is not None:
            return found
        fields = _inner_fields(outer_fields, name, require_object(self.definitions), block_type)
        body = BlockSchemaCreate.model_construct(
            fields=fields, block_type_id=block_type.id, capabilities=[], version=_UNVERSIONED
        )
        return self._find(self._own_fields(fields)[1], _UNVERSIONED) or self.make(body)

    def _find(self, checksum: str, version: str | None = None) -> BlockSchema | None:
        return self.made.get(checksum) or find_schema(self.context, checksum, version)


def _inner_fields(
    outer_fields: dict[str, Any], name: str, definitions: dict[str, Any], block_type: BlockType
) -> dict[str, Any]:
    """The fields of a schema inside of another, which the other's definitions have."""
    place = require_object(outer_fields.get("properties")).get(name)
    candidates = [definitions.get(each) for each in reference_names(place)]
    if len(candidates) != 1:
        slugs = [require_object(each).get("block_type_slug") for each in candidates]
        candidates = [
            each for each, slug in zip(candidates, slugs, strict=True) if slug == block_type.slug
        ]
    if not candidates:
        raise ServerFailure("a block without a definition", retryable=False)
    return require_object(candidates[0])


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
