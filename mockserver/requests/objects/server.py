"""The bodies and parameters of requests about the server itself."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ...filters import Uuid
from .. import OpenObject


class ResultStorageUpdate(OpenObject):
    """The block in which results are to be stored."""

    default_result_storage_block_id: Uuid


class ObservedStateSort(StrEnum):
    """The orders in which observed states can be listed."""

    NAME_ASC = "NAME_ASC"
    LAST_SEEN_DESC = "LAST_SEEN_DESC"


class ObservedStatesQuery(OpenObject):
    """The parameters of /observed-states. `query`: how a type or name begins, in any case."""

    query: Annotated[str, Field(max_length=100)] | None = None
    order_by: ObservedStateSort = ObservedStateSort.LAST_SEEN_DESC
    limit: Annotated[int, Field(ge=1, le=200)] = 200
