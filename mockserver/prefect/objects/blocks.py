"""Blocks: types of configuration, the schemas of their fields, and documents with values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
