"""What goes with a type, a schema or a document of blocks that is deleted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ...prefect.objects import BlockDocument, BlockSchema, BlockType
from ...store import Store

# Each foreign key is ON DELETE CASCADE (Prefect: orm_models.py).


def drop_types(store: Store, ids: Collection[str]) -> None:
    """Delete types of blocks, with the schemas and documents of each."""
    store.objects(BlockType).drop(ids)
    schemas = [each.id for each in store.objects(BlockSchema) if each.block_type_id in ids]
    drop_schemas(store, schemas)
    documents = [each.id for each in store.objects(BlockDocument) if each.block_type_id in ids]
    drop_documents(store, documents)


def drop_schemas(store: Store, ids: Collection[str]) -> None:
    """Delete schemas, with their documents, and what other schemas say of them."""
    gone, schemas = frozenset(ids), store.objects(BlockSchema)
    schemas.drop(gone)
    for schema in list(schemas):
        kept = tuple(each for each in schema.references if each[1] not in gone)
        if kept != schema.references:
            schemas.put(replace(schema, references=kept))
    documents = [each.id for each in store.objects(BlockDocument) if each.block_schema_id in gone]
    drop_documents(store, documents)


def drop_documents(store: Store, ids: Collection[str]) -> None:
    """Delete documents, and what other documents say of them."""
    gone, documents = frozenset(ids), store.objects(BlockDocument)
    documents.drop(gone)
    for document in list(documents):
        kept = tuple(each for each in document.references if each[1] not in gone)
        if kept != document.references:
            documents.put(replace(document, references=kept))
