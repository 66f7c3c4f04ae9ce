"""The block in which clients store results where nothing else is said."""

from __future__ import annotations

from ...errors import NotFound, OutOfBounds
from ...prefect.objects import BlockDocument, BlockSchema, DefaultResultStorage
from ...requests.objects import ResultStorageUpdate
from .. import Context, Outcome

_WRITES = "write-path"  # the capability of blocks that store results


def read_result_storage(context: Context) -> Outcome:
    """Which block it is; None where none was set, or where it has been deleted."""
    storage = next(iter(context.store.objects(DefaultResultStorage)), None)
    if storage is not None and context.dialect.storage_goes_with_block:
        is_there = storage.id in context.store.objects(BlockDocument)
        return _reply(storage if is_there else None)
    return _reply(storage)


def update_result_storage(context: Context, body: ResultStorageUpdate) -> Outcome:
    """Set the block.

    Raises NotFound for a block that does not exist, OutOfBounds for one that cannot store results.
    """
    # Prefect: models/storage_defaults.py, whose texts these are.
    block_id = body.default_result_storage_block_id
    document = context.store.objects(BlockDocument).get(block_id)
    if document is None:
        raise NotFound(f"Block document {block_id} not found.")
    schema = context.store.objects(BlockSchema).get(document.block_schema_id)
    if schema is None or _WRITES not in schema.capabilities:
        raise OutOfBounds(f"Block document {block_id} cannot be used for result storage.")
    clear_result_storage(context)
    storage = DefaultResultStorage(block_id)
    context.store.objects(DefaultResultStorage).put(storage)
    return _reply(storage)


def clear_result_storage(context: Context) -> Outcome:
    """Set no block, whether there was one or not."""
    storage = context.store.objects(DefaultResultStorage)
    storage.drop([one.id for one in storage])
    return Outcome(None)


def _reply(storage: DefaultResultStorage | None) -> Outcome:
    return Outcome({"default_result_storage_block_id": storage and storage.id})
