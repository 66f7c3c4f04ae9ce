"""Operations that create, change and delete artifacts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...errors import NotFound
from ...prefect import check_state_data, check_storable, in_json_column
from ...prefect.objects import Artifact, ArtifactCollection
from ...requests.objects import ArtifactCreate, ArtifactUpdate
from .. import Context, Outcome, find_collection, put_artifact, set_latest
from .reading import artifact_reply


def create_artifact(context: Context, body: ArtifactCreate) -> Outcome:
    """Create an artifact, which becomes the latest with its key.

    Raises ServerFailure for values that the dialect's database cannot hold.
    """
    _check_values(context, body.model_dump())
    now = context.now
    values = body.model_dump()
    values["data"] = in_json_column(context.dialect, body.data)
    artifact = Artifact(id=context.new_id(), created=now, updated=now, **values)
    put_artifact(context, artifact)
    return Outcome(artifact_reply(artifact), made=True)


def update_artifact(context: Context, artifact_id: str, body: ArtifactUpdate) -> Outcome:
    """Change the fields of an artifact that the body has.

    Raises NotFound, and ServerFailure for values that the dialect's database cannot hold.
    """
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    _check_values(context, changes)
    artifacts = context.store.objects(Artifact)
    artifact = artifacts.get(artifact_id)
    if artifact is None:
        raise NotFound("Artifact not found.")
    if "data" in changes:
        changes["data"] = in_json_column(context.dialect, changes["data"])
    artifacts.put(replace(artifact, **changes, updated=context.now))
    known = artifact.key is not None and find_collection(context, artifact.key)
    if known and known.latest_id == artifact_id:
        changed = replace(known, **changes, updated=context.now)
        context.store.objects(ArtifactCollection).put(changed)
    return Outcome(None)


def delete_artifact(context: Context, artifact_id: str) -> Outcome:
    """Delete an artifact. The one before it becomes the latest with its key. Raises NotFound."""
    artifacts = context.store.objects(Artifact)
    artifact = artifacts.get(artifact_id)
    if artifact is None:
        raise NotFound("Artifact not found.")
    artifacts.drop([artifact_id])
    known = artifact.key is not None and find_collection(context, artifact.key)
    if known and known.latest_id == artifact_id:
        others = [each for each in artifacts if each.key == artifact.key]
        latest = max(others, key=lambda each: each.created, default=None)
        if latest is None:
            context.store.objects(ArtifactCollection).drop([known.id])
        else:
            set_latest(context, known.key, latest, created=latest.created, updated=latest.updated)
    return Outcome(None)


def _check_values(context: Context, values: dict[str, Any]) -> None:
    texts = [values.get(name) for name in ("key", "type", "description")]
    check_storable(context.dialect, texts=texts)
    # These columns are of SQLAlchemy's own JSON type (Prefect: orm_models.py, Artifact).
    check_state_data(context.dialect, (values.get("data"), values.get("metadata_")))
