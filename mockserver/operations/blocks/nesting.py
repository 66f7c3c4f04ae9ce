"""Schemas and documents of blocks as replies show them: with the blocks inside of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ...errors import ServerFailure, TooLarge
from ...prefect.objects import BlockDocument, BlockSchema, BlockType
from ...store import Store
from .secrets import hide_secrets

Reply = dict[str, Any]
MAX_DEPTH = 50  # Prefect: models/block_documents.py, _BLOCK_DOCUMENT_REFERENCE_MAX_DEPTH
MAX_BLOCKS = 10_000
"""Blocks in one reply. Each can be in others twice, and their others in these again."""


def type_reply(block_type: BlockType) -> Reply:
    """A type of blocks as the schema BlockType has it."""
    return {name: getattr(block_type, name) for name in BlockType.__slots__}


@dataclass(slots=True)
class Nesting:
    """Makes the replies to one request. A schema that comes again is put together once."""

    store: Store
    include_secrets: bool = False
    _fields: dict[str, Reply] = field(default_factory=dict)
    _blocks: int = 0

    def schema(self, schema: BlockSchema) -> Reply:
        """A schema as the schema BlockSchema has it, with its type and those inside of it."""
        return {
            "id": schema.id,
            "created": schema.created,
            "updated": schema.updated,
            "checksum": schema.checksum,
            "fields": self._full_fields(schema),
            "block_type_id": schema.block_type_id,
            "block_type": type_reply(self._type(schema.block_type_id)),
            "capabilities": schema.capabilities,
            "version": schema.version,
        }

    def document(self, document: BlockDocument) -> Reply:
        """A block as the schema BlockDocument has it, with the blocks inside of it.

        Raises TooLarge for too many of these, ServerFailure for too many within each other.
        """
        data, references = self._full_data(document, 0)
        return {
            "id": document.id,
            "created": document.created,
            "updated": document.updated,
            "name": document.name,
            "data": data,
            "block_schema_id": document.block_schema_id,
            "block_schema": self.schema(self._schema(document.block_schema_id)),
            "block_type_id": document.block_type_id,
            "block_type_name": document.block_type_name,
            "block_type": type_reply(self._type(document.block_type_id)),
            "block_document_references": references,
            "is_anonymous": document.is_anonymous,
        }

    def _full_data(self, document: BlockDocument, depth: int) -> tuple[Reply, Reply]:
        """The values of a block with those inside of it, and where these come from."""
        if depth > MAX_DEPTH:
            raise ServerFailure("blocks within each other too deep", retryable=False)
        self._blocks += 1
        if self._blocks > MAX_BLOCKS:
            raise TooLarge(f"the reply has more than {MAX_BLOCKS:,} blocks")
        data, references = self._visible_data(document), {}
        for name, inner_id in document.references:
            inner = self._block(inner_id)
            data[name], inner_references = self._full_data(inner, depth + 1)
            references[name] = {
                "block_document": {
                    "id": inner.id,
                    "name": inner.name,
                    "block_type": type_reply(self._type(inner.block_type_id)),
                    "is_anonymous": inner.is_anonymous,
                    "block_document_references": inner_references,
                }
            }
        return data, references

    def _visible_data(self, document: BlockDocument) -> Reply:
        if self.include_secrets:
            return dict(document.data)
        return hide_secrets(document.data, self._schema(document.block_schema_id).fields)

    # What another record names is there: deletes take along what names the deleted (`deleting`).
    def _type(self, type_id: str) -> BlockType:
        return cast(BlockType, self.store.objects(BlockType).get(type_id))

    def _schema(self, schema_id: str) -> BlockSchema:
        return cast(BlockSchema, self.store.objects(BlockSchema).get(schema_id))

    def _block(self, document_id: str) -> BlockDocument:
        return cast(BlockDocument, self.store.objects(BlockDocument).get(document_id))

    def _full_fields(self, schema: BlockSchema) -> Reply:
        found = self._fields.get(schema.id)
        if found is None:
            found = self._fields[schema.id] = self._put_together(schema)
        return found

    def _put_together(self, schema: BlockSchema) -> Reply:
        """The fields of a schema, with references to those inside of it and their definitions."""
        # Prefect: models/block_schemas.py, _construct_full_block_schema.
        references: dict[str, Any] = {}
        definitions: dict[str, Any] = {}
        for name, inner_id in schema.references:
            inner = self._schema(inner_id)
            slug = self._type(inner.block_type_id).slug
            reference = {"block_schema_checksum": inner.checksum, "block_type_slug": slug}
            references[name] = _joined(references.get(name), reference)
            definitions |= _definitions_of(self._full_fields(inner))
        fields = {**schema.fields, "block_schema_references": references}
        if definitions or fields.get("definitions"):
            fields["definitions"] = {**(fields.get("definitions") or {}), **definitions}
        return fields


def _joined(present: Any, reference: Mapping[str, str]) -> Any:
    """What a field refers to: one schema, or a list where there are several."""
    if present is None:
        return reference
    several = present if isinstance(present, list) else [present]
    return present if reference in several else [*several, reference]


def _definitions_of(fields: Reply) -> Reply:
    """The definitions that a schema brings into one that it is inside of; none without a title."""
    title = fields.get("title")
    if not isinstance(title, str):
        return {}
    own = {key: value for key, value in fields.items() if key != "definitions"}
    return {title: own, **fields.get("definitions", {})}
