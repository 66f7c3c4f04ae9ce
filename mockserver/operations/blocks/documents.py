"""Operations that read blocks, list, count and delete them."""

from __future__ import annotations

from ...errors import NotFound
from ...prefect import check_storable
from ...prefect.objects import BlockDocument, BlockSchema
from ...requests.objects import (
    BlockDocumentCountRequest,
    BlockDocumentFilterRequest,
    BlockDocumentSort,
)
from .. import Context, Matches, Outcome, cut_page, match_objects
from .deleting import drop_documents
from .filters import DOCUMENT_CONDITIONS, SCHEMA_CONDITIONS, TYPE_CONDITIONS
from .nesting import Nesting
from .types import block_types, find_type, require_type_with_slug


def read_block_document(context: Context, document_id: str, include_secrets: bool) -> Outcome:
    """Read one block. Raises NotFound."""
    document = require_document(context, document_id)
    return Outcome(Nesting(context.store, include_secrets).document(document))


def require_document(context: Context, document_id: str) -> BlockDocument:
    """The block with an id. Raises NotFound."""
    return _require(context.store.objects(BlockDocument).get(document_id))


def read_documents_of_type(context: Context, slug: str, include_secrets: bool) -> Outcome:
    """List the blocks of a type that are not anonymous, by name; raises as reading the type."""
    block_type = require_type_with_slug(context, slug)
    found = [
        each
        for each in context.store.objects(BlockDocument)
        if each.block_type_id == block_type.id and not each.is_anonymous
    ]
    nesting = Nesting(context.store, include_secrets)
    return Outcome([nesting.document(each) for each in sorted(found, key=_name)])


def read_document_by_name(context: Context, slug: str, name: str, include_secrets: bool) -> Outcome:
    """Read the block with a name, of a type.

    Raises NotFound, and ServerFailure for texts that the dialect's database cannot hold.
    """
    check_storable(context.dialect, texts=(slug, name))
    block_type = find_type(context, slug)
    found = None if block_type is None else find_document(context, block_type.id, name)
    return Outcome(Nesting(context.store, include_secrets).document(_require(found)))


def find_document(context: Context, type_id: str, name: str) -> BlockDocument | None:
    """The block of a type with a name, or None."""
    documents = context.store.objects(BlockDocument)
    return next(
        (each for each in documents if each.name == name and each.block_type_id == type_id), None
    )


def filter_block_documents(context: Context, body: BlockDocumentFilterRequest) -> Outcome:
    """List the blocks that the filters match: `limit` of them from `offset` on, by `sort`.

    Raises ServerFailure where the dialect's database does not run the query, TooLarge for too many
    blocks inside of these.
    """
    found, warnings = _match(context, body)
    by_type = body.sort is BlockDocumentSort.BLOCK_TYPE_AND_NAME_ASC
    found.sort(key=_type_and_name if by_type else _name)
    if body.sort is BlockDocumentSort.NAME_DESC:
        found.reverse()
    nesting = Nesting(context.store, body.include_secrets)
    page = cut_page(context, found, body)
    return Outcome([nesting.document(each) for each in page], warnings=warnings)


def count_block_documents(context: Context, body: BlockDocumentCountRequest) -> Outcome:
    """Count the blocks that the filters match; raises as listing them."""
    found, warnings = _match(context, body)
    return Outcome(len(found), warnings=warnings)


def delete_block_document(context: Context, document_id: str) -> Outcome:
    """Delete a block. Blocks that it is inside of lose it. Raises NotFound."""
    require_document(context, document_id)
    drop_documents(context.store, [document_id])
    return Outcome(None)


def _match(context: Context, body: BlockDocumentCountRequest) -> Matches:
    store = context.store
    found, warnings = match_objects(
        context, store.objects(BlockDocument), body.block_documents, DOCUMENT_CONDITIONS
    )
    if body.block_documents is None:
        found = [each for each in found if not each.is_anonymous]
    # Warnings about filters on other records are as rare as these filters.
    if body.block_types is not None:
        types = match_objects(context, block_types(context), body.block_types, TYPE_CONDITIONS)
        ids = {each.id for each in types.objects}
        found = [each for each in found if each.block_type_id in ids]
    if body.block_schemas is not None:
        schemas = match_objects(
            context, store.objects(BlockSchema), body.block_schemas, SCHEMA_CONDITIONS
        )
        ids = {each.id for each in schemas.objects}
        found = [each for each in found if each.block_schema_id in ids]
    return Matches(found, warnings)


def _name(document: BlockDocument) -> str:
    return document.name


def _type_and_name(document: BlockDocument) -> tuple[str, str]:
    return document.block_type_name, document.name


def _require(document: BlockDocument | None) -> BlockDocument:
    if document is None:
        raise NotFound("Block document not found")
    return document
