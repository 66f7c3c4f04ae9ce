"""The bodies of requests about artifacts."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator

from ...filters import (
    FAIL_FAST,
    DeploymentFilter,
    FilterModel,
    FlowFilter,
    FlowRunFilter,
    OperatorFilter,
    Texts,
    Uuid,
    Uuids,
)
from .. import BodyParameters, ClosedObject, Offset, PageParameters, TaskRuns
from .blocks import dashed_name

# Prefect: _internal/schemas/validators.py, validate_max_metadata_length.
MAX_METADATA_LENGTH = 500


def _shorten(metadata: dict[str, str]) -> dict[str, str]:
    return {
        key: text if len(text) <= MAX_METADATA_LENGTH else f"{text[:MAX_METADATA_LENGTH]}..."
        for key, text in metadata.items()
    }


Metadata = Annotated[dict[str, str], FAIL_FAST, AfterValidator(_shorten)]


class ArtifactCreate(ClosedObject):
    """An artifact to create."""

    key: Annotated[str, dashed_name("Artifact key")] | None = None
    type: str | None = None
    description: str | None = None
    data: dict[str, Any] | Any | None = None
    metadata_: Metadata | None = None
    flow_run_id: Uuid | None = None
    task_run_id: Uuid | None = None


class ArtifactUpdate(ClosedObject):
    """Changes of an artifact: the keys that are given replace the old values."""

    data: dict[str, Any] | Any | None = None
    description: str | None = None
    metadata_: Metadata | None = None


class ArtifactSort(StrEnum):
    """The orders in which artifacts can be listed."""

    CREATED_DESC = "CREATED_DESC"
    UPDATED_DESC = "UPDATED_DESC"
    ID_DESC = "ID_DESC"
    KEY_DESC = "KEY_DESC"
    KEY_ASC = "KEY_ASC"


class ArtifactFilterId(FilterModel):
    any_: Uuids | None = None


class ArtifactFilterKey(FilterModel):
    any_: Texts | None = None
    like_: str | None = None
    exists_: bool | None = None


class ArtifactFilterFlowRunId(FilterModel):
    any_: Uuids | None = None


class ArtifactFilterTaskRunId(FilterModel):
    any_: Uuids | None = None


class ArtifactFilterType(FilterModel):
    any_: Texts | None = None
    not_any_: Texts | None = None


class _ArtifactsOfRuns(OperatorFilter):
    key: ArtifactFilterKey | None = None
    flow_run_id: ArtifactFilterFlowRunId | None = None
    task_run_id: ArtifactFilterTaskRunId | None = None
    type: ArtifactFilterType | None = None


class ArtifactFilter(_ArtifactsOfRuns):
    """A filter on artifacts."""

    id: ArtifactFilterId | None = None


class ArtifactCollectionFilter(_ArtifactsOfRuns):
    """A filter on the latest artifacts of each key."""

    latest_id: ArtifactFilterId | None = None


class _OffsetPage(PageParameters):
    sort: ArtifactSort = ArtifactSort.ID_DESC
    offset: Offset = 0


# Not one body of the other: an error lists the keys in this order.
class ArtifactCountRequest(BodyParameters):
    """The body of /artifacts/count."""

    artifacts: ArtifactFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRuns = None
    flows: FlowFilter | None = None
    deployments: DeploymentFilter | None = None


class ArtifactFilterRequest(ArtifactCountRequest, _OffsetPage):
    """The body of /artifacts/filter."""


class LatestArtifactCountRequest(BodyParameters):
    """The body of /artifacts/latest/count."""

    artifacts: ArtifactCollectionFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRuns = None
    flows: FlowFilter | None = None
    deployments: DeploymentFilter | None = None


class LatestArtifactFilterRequest(LatestArtifactCountRequest, _OffsetPage):
    """The body of /artifacts/latest/filter."""
