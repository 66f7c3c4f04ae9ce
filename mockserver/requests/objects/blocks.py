"""The bodies of requests about blocks: types, schemas and documents."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from ...filters import FilterModel, OperatorFilter, Texts, Uuid, Uuids
from .. import NOT_AN_OBJECT, BodyParameters, ClosedObject, Offset, PageParameters

# Prefect: types/names.py. `$` also matches before a last line break there, too.
_DASHED = re.compile(r"^[a-z0-9-]*$")
NameText = Annotated[str, StringConstraints(pattern=r"^[^/%&><]+$")]
JsonObject = dict[str, Any]


def dashed_name(what: str) -> AfterValidator:
    """An annotation that refuses a name with other characters, in Prefect's words."""

    def check(name: str) -> str:
        if not _DASHED.match(name):
            raise ValueError(f"{what} must only contain lowercase letters, numbers, and dashes.")
        return name

    return AfterValidator(check)


class BlockTypeCreate(ClosedObject):
    """A type of blocks to create."""

    name: NameText
    slug: Annotated[str, dashed_name("Block type slug")]
    logo_url: str | None = None
    documentation_url: str | None = None
    description: str | None = None
    code_example: str | None = None


class BlockTypeUpdate(ClosedObject):
    """Changes of a type of blocks: the keys that are given replace the old values."""

    logo_url: str | None = None
    documentation_url: str | None = None
    description: str | None = None
    code_example: str | None = None


class BlockSchemaCreate(ClosedObject):
    """The schema of a block's fields to create. One that exists already is left as it is."""

    fields: JsonObject = {}
    block_type_id: Uuid
    capabilities: Texts = []
    version: str = "non-versioned"


class BlockDocumentCreate(ClosedObject):
    """A block to create. Only an anonymous one can be without a name."""

    name: Annotated[NameText, dashed_name("Block document name")] | None = None
    data: JsonObject = {}
    block_schema_id: Uuid
    block_type_id: Uuid
    is_anonymous: bool = False

    @model_validator(mode="before")
    @classmethod
    def _check_name_is_present(cls, values: Any, info: ValidationInfo) -> Any:
        if info.mode == "json":  # strict reading: as the document says, which asks for no name
            return values
        if not isinstance(values, dict):
            raise PydanticCustomError(NOT_AN_OBJECT, "Input should be an object")
        if not values.get("is_anonymous") and not values.get("name"):
            raise ValueError("Names must be provided for block documents.")
        return values


class BlockDocumentUpdate(ClosedObject):
    """Changes of a block. Without `merge_existing_data` its values are replaced as a whole."""

    block_schema_id: Uuid | None = None
    data: JsonObject = {}
    merge_existing_data: bool = True


class BlockTypeFilterName(FilterModel):
    like_: str | None = None


class BlockTypeFilterSlug(FilterModel):
    any_: Texts | None = None


class BlockTypeFilter(FilterModel):
    """A filter on types of blocks."""

    name: BlockTypeFilterName | None = None
    slug: BlockTypeFilterSlug | None = None


class BlockSchemaFilterBlockTypeId(FilterModel):
    any_: Uuids | None = None


class BlockSchemaFilterCapabilities(FilterModel):
    all_: Texts | None = None


class BlockSchemaFilterId(FilterModel):
    any_: Uuids | None = None


class BlockSchemaFilterVersion(FilterModel):
    any_: Texts | None = None


class BlockSchemaFilter(OperatorFilter):
    """A filter on schemas of blocks."""

    block_type_id: BlockSchemaFilterBlockTypeId | None = None
    block_capabilities: BlockSchemaFilterCapabilities | None = None
    id: BlockSchemaFilterId | None = None
    version: BlockSchemaFilterVersion | None = None


class BlockDocumentFilterIsAnonymous(FilterModel):
    eq_: bool | None = None


class BlockDocumentFilterBlockTypeId(FilterModel):
    any_: Uuids | None = None


class BlockDocumentFilterId(FilterModel):
    any_: Uuids | None = None


class BlockDocumentFilterName(FilterModel):
    any_: Texts | None = None
    like_: str | None = None


class BlockDocumentFilter(OperatorFilter):
    """A filter on blocks. Unless it says otherwise, it leaves out anonymous ones."""

    id: BlockDocumentFilterId | None = None
    is_anonymous: BlockDocumentFilterIsAnonymous | None = BlockDocumentFilterIsAnonymous(eq_=False)
    block_type_id: BlockDocumentFilterBlockTypeId | None = None
    name: BlockDocumentFilterName | None = None


class BlockDocumentSort(StrEnum):
    """The orders in which blocks can be listed."""

    NAME_DESC = "NAME_DESC"
    NAME_ASC = "NAME_ASC"
    BLOCK_TYPE_AND_NAME_ASC = "BLOCK_TYPE_AND_NAME_ASC"


class _OffsetPage(PageParameters):
    offset: Offset = 0


class BlockTypeFilterRequest(_OffsetPage):
    """The body of /block_types/filter."""

    block_types: BlockTypeFilter | None = None
    block_schemas: BlockSchemaFilter | None = None


class BlockSchemaFilterRequest(_OffsetPage):
    """The body of /block_schemas/filter."""

    block_schemas: BlockSchemaFilter | None = None


class BlockDocumentCountRequest(BodyParameters):
    """The body of /block_documents/count."""

    block_documents: BlockDocumentFilter | None = None
    block_types: BlockTypeFilter | None = None
    block_schemas: BlockSchemaFilter | None = None


class BlockDocumentFilterRequest(BlockDocumentCountRequest, _OffsetPage):
    """The body of /block_documents/filter."""

    include_secrets: bool = False
    sort: BlockDocumentSort | None = BlockDocumentSort.NAME_ASC
