"""Operations on types of blocks."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import Any

from ...errors import Conflict, Forbidden, NotFound
from ...prefect import check_storable
from ...prefect.objects import SYSTEM_TYPES, BlockSchema, BlockType, system_type
from ...requests.objects import BlockTypeCreate, BlockTypeFilterRequest, BlockTypeUpdate
from ...store import Overlay
from .. import Context, Outcome, cut_page, match_objects
from .deleting import drop_types
from .filters import SCHEMA_CONDITIONS, TYPE_CONDITIONS
from .nesting import type_reply

_RESERVED = "prefect"
_ESCAPED = ("description", "code_example")
_TEXTS = ("logo_url", "documentation_url", *_ESCAPED)


def block_types(context: Context) -> Overlay[BlockType]:
    """The types of blocks, with those that a server has from its start."""
    types = context.store.objects(BlockType)
    # A copy of a server has its own, with other ids.
    missing = SYSTEM_TYPES.keys() - {each.slug for each in types}
    for slug in filter(missing.__contains__, SYSTEM_TYPES):
        types.put(system_type(slug, context.store.base.loaded_at))
    return types


def create_block_type(context: Context, body: BlockTypeCreate) -> Outcome:
    """Create a type of blocks.

    Raises Forbidden for a reserved name, Conflict where another type has the slug, ServerFailure
    for values that the dialect's database cannot hold.
    """
    if body.name.lower().startswith(_RESERVED):
        raise Forbidden("Block type names beginning with 'Prefect' are reserved.")
    texts = {key: getattr(body, key) for key in _TEXTS}
    check_storable(context.dialect, texts=(body.name, body.slug, *texts.values()))
    types = block_types(context)
    if any(each.slug == body.slug for each in types):
        raise Conflict(f'Block type with name "{body.name}" already exists')
    for key in _ESCAPED:
        if texts[key] is not None:
            texts[key] = html.escape(texts[key], quote=False)
    now = context.now
    types.put(BlockType(context.new_id(), body.name, body.slug, now, now, **texts))
    # The reply is looked up by the name, which is not unique (models/block_types.py,
    # create_block_type).
    return Outcome(type_reply(next(each for each in types if each.name == body.name)), made=True)


def read_block_type(context: Context, type_id: str) -> Outcome:
    """Read one type of blocks. Raises NotFound."""
    return Outcome(type_reply(_require(block_types(context).get(type_id))))


def read_block_type_by_slug(context: Context, slug: str) -> Outcome:
    """Read the type of blocks with a slug; raises as `require_type_with_slug`."""
    return Outcome(type_reply(require_type_with_slug(context, slug)))


def require_type_with_slug(context: Context, slug: str) -> BlockType:
    """The type of blocks with a slug.

    Raises NotFound, and ServerFailure for a slug that the dialect's database cannot hold.
    """
    check_storable(context.dialect, texts=(slug,))
    return _require(find_type(context, slug))


def find_type(context: Context, slug: str) -> BlockType | None:
    """The type of blocks with a slug, or None."""
    return next((each for each in block_types(context) if each.slug == slug), None)


def filter_block_types(context: Context, body: BlockTypeFilterRequest) -> Outcome:
    """List the types of blocks that the filters match, by name.

    Raises ServerFailure where the dialect's database does not run the query.
    """
    found, warnings = match_objects(
        context, block_types(context), body.block_types, TYPE_CONDITIONS
    )
    if body.block_schemas is not None:
        schemas = match_objects(
            context, context.store.objects(BlockSchema), body.block_schemas, SCHEMA_CONDITIONS
        )
        of_schemas = {schema.block_type_id for schema in schemas.objects}
        found = [each for each in found if each.id in of_schemas]
    page = cut_page(context, sorted(found, key=lambda each: each.name), body)
    return Outcome([type_reply(each) for each in page], warnings=warnings)


def update_block_type(context: Context, type_id: str, body: BlockTypeUpdate) -> Outcome:
    """Change the texts of a type of blocks that the body has.

    Raises NotFound, and ServerFailure for values that the dialect's database cannot hold.
    """
    types = block_types(context)
    block_type = _require(types.get(type_id))
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    # Prefect: blocks/core.py, _should_update_block_type. It escapes nothing here.
    kept = {key: getattr(block_type, key) for key in _TEXTS}
    if _unescape(kept) != _unescape(changes):
        check_storable(context.dialect, texts=changes.values())
        types.put(replace(block_type, **changes, updated=context.now))
    return Outcome(None)


def _unescape(texts: dict[str, Any]) -> dict[str, Any]:
    escaped = {key: texts[key] for key in _ESCAPED if texts.get(key)}
    return {**texts, **{key: html.unescape(text) for key, text in escaped.items()}}


def delete_block_type(context: Context, type_id: str) -> Outcome:
    """Delete a type of blocks with all of its blocks. Raises NotFound, Forbidden."""
    block_type = _require(block_types(context).get(type_id))
    if block_type.is_protected:
        raise Forbidden("protected block types cannot be deleted.")
    drop_types(context.store, [type_id])
    return Outcome(None)


def install_system_types(context: Context) -> Outcome:
    """Make sure that the types which every server has are there."""
    block_types(context)
    return Outcome(None)


def _require(block_type: BlockType | None) -> BlockType:
    if block_type is None:
        raise NotFound("Block type not found")
    return block_type
