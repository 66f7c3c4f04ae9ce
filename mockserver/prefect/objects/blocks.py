"""Blocks: types of configuration, the schemas of their fields, and documents with values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

SYSTEM_TYPES = {"webhook": "Webhook", "secret": "Secret", "local-file-system": "Local File System"}
"""The types of blocks that every server has from its start: their names, by slug."""
# Prefect: models/block_registration.py, _install_protected_system_blocks. Their schemas, and the
# texts that describe them, come from the client that first saves such a block. Those of collections
# are left out.
Reference = tuple[str, str]
"""The name of a field, and the id of the schema or document that stands there."""


@dataclass(frozen=True, slots=True)
class BlockType:
    """A type of blocks, such as Secret. Its slug is unique."""

    id: str
    name: str
    slug: str
    created: datetime
    updated: datetime
    logo_url: str | None = None
    documentation_url: str | None = None
    description: str | None = None
    code_example: str | None = None
    is_protected: bool = False


def block_type_id(slug: str) -> str:
    """The id of the type with a slug, unless a server or a seed has given it another."""
    return str(uuid5(NAMESPACE_URL, f"mockserver:block-type:{slug}"))


def system_type(slug: str, created: datetime) -> BlockType:
    """A type that every server has, created at an instant."""
    name = SYSTEM_TYPES[slug]
    return BlockType(block_type_id(slug), name, slug, created, created, is_protected=True)


@dataclass(frozen=True, slots=True)
class BlockSchema:
    """The fields of the blocks of a type. Its checksum and version together are unique.

    `fields` is without the schemas of other blocks, which `references` name.
    """

    id: str
    checksum: str
    fields: Mapping[str, Any]
    block_type_id: str
    capabilities: tuple[str, ...]
    version: str
    created: datetime
    updated: datetime
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockDocument:
    """A block with its values. Its name is unique among those of its type.

    `data` is without other blocks, which `references` name.
    """

    id: str
    name: str
    data: Mapping[str, Any]
    block_schema_id: str
    block_type_id: str
    block_type_name: str
    is_anonymous: bool
    created: datetime
    updated: datetime
    references: tuple[Reference, ...] = ()
