"""The endpoints of artifacts."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, UUID_SEGMENT, Endpoint

_BY_ID = f"/artifacts/{UUID_SEGMENT}"

ARTIFACTS = (
    Endpoint("POST", "/artifacts/", "artifacts.changing.create_artifact", "objects.ArtifactCreate"),
    Endpoint(
        "POST",
        "/artifacts/filter",
        "artifacts.reading.filter_artifacts",
        "objects.ArtifactFilterRequest",
    ),
    Endpoint(
        "POST",
        "/artifacts/count",
        "artifacts.reading.count_artifacts",
        "objects.ArtifactCountRequest",
    ),
    Endpoint(
        "POST",
        "/artifacts/latest/filter",
        "artifacts.reading.filter_latest_artifacts",
        "objects.LatestArtifactFilterRequest",
    ),
    Endpoint(
        "POST",
        "/artifacts/latest/count",
        "artifacts.reading.count_latest_artifacts",
        "objects.LatestArtifactCountRequest",
    ),
    Endpoint(
        "GET",
        f"/artifacts/{{key:{TEXT_SEGMENT}}}/latest",
        "artifacts.reading.read_latest_artifact",
    ),
    Endpoint("GET", _BY_ID, "artifacts.reading.read_artifact"),
    Endpoint(
        "PATCH",
        _BY_ID,
        "artifacts.changing.update_artifact",
        "objects.ArtifactUpdate",
        status=204,
    ),
    Endpoint("DELETE", _BY_ID, "artifacts.changing.delete_artifact", status=204),
)
