"""The bodies of requests that list what the mock never has: automations and the like."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from ...filters import FilterModel, Instant, OperatorFilter, Texts, Uuids
from .. import Before, BodyParameters, Offset, PageParameters


class AutomationSort(StrEnum):
    """The orders in which automations can be listed."""

    CREATED_DESC = "CREATED_DESC"
    UPDATED_DESC = "UPDATED_DESC"
    NAME_ASC = "NAME_ASC"
    NAME_DESC = "NAME_DESC"


class AutomationFilterId(FilterModel):
    any_: Uuids | None = None


class AutomationFilterName(FilterModel):
    any_: Texts | None = None


class AutomationFilterCreated(FilterModel):
    before_: Instant | None = None


class AutomationFilterTags(OperatorFilter):
    all_: Texts | None = None
    any_: Texts | None = None
    is_null_: bool | None = None


class AutomationFilter(OperatorFilter):
    """A filter on automations."""

    id: AutomationFilterId | None = None
    name: AutomationFilterName | None = None
    created: AutomationFilterCreated | None = None
    tags: AutomationFilterTags | None = None


class OlderAutomationFilter(AutomationFilter):
    """A filter on automations before Prefect 3.8.5."""

    id: ClassVar[None] = None  # type: ignore[misc]  # a class variable is no key


class AutomationFilterRequest(PageParameters):
    """The body of /automations/filter."""

    sort: AutomationSort = AutomationSort.NAME_ASC
    offset: Offset = 0
    automations: Annotated[
        AutomationFilter | None, Before("automation_ids", OlderAutomationFilter | None)
    ] = None


class AutomationCountRequest(BodyParameters):
    """The body of /automations/count."""

    automations: Annotated[
        AutomationFilter | None, Before("automation_ids", OlderAutomationFilter | None)
    ] = None


class SavedSearchFilterRequest(PageParameters):
    """The body of /saved_searches/filter."""

    offset: Offset = 0
