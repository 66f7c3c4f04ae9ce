"""Operations that create and change blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from ...errors import Conflict, NotAllowedInState, ServerFailure
from ...prefect.objects import BlockDocument, BlockSchema, Reference
from ...requests.objects import BlockDocumentCreate, BlockDocumentUpdate
from .. import CONFLICT, Context, Outcome
from .documents import find_document, require_document
from .nesting import Nesting
from .secrets import restore_hidden
from .types import block_types


def create_block_document(context: Context, body: BlockDocumentCreate) -> Outcome:
    """Create a block.

    Raises Conflict where a block of the type has the name, and for an unknown schema or block
    inside of it; NotAllowedInState for one without an id; ServerFailure where a real server fails.
    """
    type_id = body.block_type_id
    if body.name is not None and find_document(context, type_id, body.name) is not None:
        raise Conflict("Block already exists")
    block_type = block_types(context).get(type_id)
    if block_type is None:
        raise ServerFailure("a block of no type", retryable=False)
    data, references = _split_references(body.data)
    if body.block_schema_id not in context.store.objects(BlockSchema):
        raise Conflict(CONFLICT)
    _check_references(context, references)
    document = BlockDocument(
        context.new_id(),
        body.name or f"anonymous-{context.new_id()}",
        data,
        body.block_schema_id,
        type_id,
        block_type.name,
        body.is_anonymous,
        context.now,
        context.now,
        references,
    )
    reply = Nesting(context.store).document(document)  # first: it can be refused
    context.store.objects(BlockDocument).put(document)
    return Outcome(reply, made=True)


def update_block_document(context: Context, document_id: str, body: BlockDocumentUpdate) -> Outcome:
    """Change the values of a block, and its schema. Without values nothing changes.

    Raises NotFound; Conflict for an unknown block inside of it; NotAllowedInState for a schema of
    another type and for blocks that would be inside of themselves; ServerFailure where a real
    server fails.
    """
    document = require_document(context, document_id)
    # Prefect: models/block_documents.py, update_block_document.
    if body.merge_existing_data and "data" not in body.model_fields_set:
        return Outcome(None)
    schemas = context.store.objects(BlockSchema)
    fields = _require_schema(schemas.get(document.block_schema_id)).fields
    sent = restore_hidden(body.data, document.data, fields)
    if body.merge_existing_data:
        sent = {**document.data, **sent}
    data, references = _split_references(sent)
    schema_id = body.block_schema_id or document.block_schema_id
    if _require_schema(schemas.get(schema_id)).block_type_id != document.block_type_id:
        raise NotAllowedInState(
            "Must migrate block document to a block schema of the same block type."
        )
    added = [each for each in references if each not in document.references]
    _check_references(context, added)
    _check_no_cycle(context, document_id, added)
    changed = replace(
        document,
        data=data,
        references=references,
        block_schema_id=schema_id,
        updated=context.now,
    )
    context.store.objects(BlockDocument).put(changed)
    return Outcome(None)


def _split_references(
    data: Mapping[str, Any],
) -> tuple[dict[str, Any], tuple[Reference, ...]]:
    """The values of a block without those that stand for other blocks, and these."""
    own: dict[str, Any] = {}
    references: list[Reference] = []
    for key, value in data.items():
        if isinstance(value, dict) and "$ref" in value:
            references.append((key, _referenced_id(key, value["$ref"])))
        else:
            own[key] = value
    return own, tuple(references)


def _referenced_id(key: str, reference: Any) -> str:
    if not isinstance(reference, dict):
        raise ServerFailure("a reference to a block that is no object", retryable=False)
    document_id = reference.get("block_document_id")
    if document_id is None:
        raise NotAllowedInState(
            f"Received block reference without a block_document_id in key {key}"
        )
    try:
        return str(UUID(document_id))
    except (ValueError, TypeError, AttributeError):
        raise ServerFailure("a reference to a block without an id", retryable=False) from None


def _check_references(context: Context, references: Iterable[Reference]) -> None:
    documents = context.store.objects(BlockDocument)
    if any(document_id not in documents for _, document_id in references):
        raise Conflict(CONFLICT)


def _check_no_cycle(context: Context, document_id: str, references: Iterable[Reference]) -> None:
    """Raises NotAllowedInState for a block that would be inside of itself."""
    documents = context.store.objects(BlockDocument)
    seen: set[str] = set()
    for _, inner_id in references:
        waiting = {inner_id} - seen
        while waiting:
            seen |= waiting
            inner = filter(None, map(documents.get, waiting))
            waiting = {each for block in inner for _, each in block.references} - seen
        if document_id in seen:
            raise NotAllowedInState(
                "Cannot create block document reference: it would introduce a cycle into the "
                f"block_document_reference graph (parent={document_id}, reference={inner_id})."
            )


def _require_schema(schema: BlockSchema | None) -> BlockSchema:
    if schema is None:
        raise ServerFailure("a schema that does not exist", retryable=False)
    return schema
