"""Operations that read artifacts: one by its id, the latest with a key, or a list."""

from __future__ import annotations

from typing import Any

from ...errors import NotFound
from ...filters import (
    IS_NOT_NULL,
    IS_NULL,
    NONE_OF,
    ONE_OF,
    AllOf,
    Comparison,
    Predicate,
    like_condition,
    null_check,
    one_of,
    skip_if_empty,
)
from ...prefect import Dialect, check_storable
from ...prefect.objects import Artifact, ArtifactCollection
from ...requests.objects import (
    ArtifactCountRequest,
    ArtifactFilterRequest,
    LatestArtifactCountRequest,
    LatestArtifactFilterRequest,
)
from ...store import Store
from .. import (
    Conditions,
    Context,
    FilterSet,
    Matches,
    Outcome,
    compile_body_filters,
    find_collection,
    flow_runs_predicate,
    match_objects,
    page_of_objects,
    task_runs_predicate,
)

_CONDITIONS: Conditions = {
    "id": {"any_": one_of("id")},
    "latest_id": {"any_": one_of("latest_id")},
    "key": {
        "any_": one_of("key"),
        "like_": like_condition("key"),
        "exists_": null_check("key", IS_NOT_NULL, IS_NULL),
    },
    "flow_run_id": {"any_": one_of("flow_run_id")},
    "task_run_id": {"any_": one_of("task_run_id")},
    "type": {"any_": one_of("type"), "not_any_": skip_if_empty("type", NONE_OF)},
}
_NO_VALUES = 0  # of a query, besides those of its filters


def read_artifact(context: Context, artifact_id: str) -> Outcome:
    """Read one artifact. Raises NotFound."""
    return Outcome(artifact_reply(_require(context.store.objects(Artifact).get(artifact_id))))


def read_latest_artifact(context: Context, key: str) -> Outcome:
    """Read the latest artifact with a key.

    Raises NotFound, and ServerFailure for a key that the dialect's database cannot hold.
    """
    check_storable(context.dialect, texts=(key,))
    # The id of the reply is that of the key, not of an artifact (Prefect: api/artifacts.py,
    # read_latest_artifact).
    return Outcome(artifact_reply(_require(find_collection(context, key))))


def filter_artifacts(context: Context, body: ArtifactFilterRequest) -> Outcome:
    """List the artifacts that all filters match: `limit` of them from `offset` on, by `sort`.

    Raises ServerFailure where the dialect's database does not run the query.
    """
    found, warnings = _match(context, body, Artifact)
    page = page_of_objects(context, found, body)
    return Outcome([artifact_reply(each) for each in page], warnings=warnings)


def filter_latest_artifacts(context: Context, body: LatestArtifactFilterRequest) -> Outcome:
    """List the latest artifact of each key that all filters match; else as `filter_artifacts`."""
    found, warnings = _match(context, body, ArtifactCollection)
    page = page_of_objects(context, found, body)
    replies = [{**artifact_reply(each), "latest_id": each.latest_id} for each in page]
    return Outcome(replies, warnings=warnings)


def count_artifacts(context: Context, body: ArtifactCountRequest) -> Outcome:
    """Count the artifacts that all filters match; raises as `filter_artifacts`."""
    found, warnings = _match(context, body, Artifact)
    return Outcome(len(found), warnings=warnings)


def count_latest_artifacts(context: Context, body: LatestArtifactCountRequest) -> Outcome:
    """Count the keys whose latest artifact all filters match; raises as `filter_artifacts`."""
    found, warnings = _match(context, body, ArtifactCollection)
    return Outcome(len(found), warnings=warnings)


def artifact_reply(artifact: Artifact | ArtifactCollection) -> dict[str, Any]:
    """An artifact as the schema Artifact has it."""
    return {name: getattr(artifact, name) for name in Artifact.__slots__}


def _match(
    context: Context,
    body: ArtifactCountRequest | LatestArtifactCountRequest,
    kind: type[Artifact] | type[ArtifactCollection],
) -> Matches:
    """The artifacts, or the latest of each key, that all filters of a body match."""
    artifacts: Any = context.store.objects(kind)
    found, warnings = match_objects(context, artifacts, body.artifacts, _CONDITIONS)

    def of_runs(filters: FilterSet, store: Store, dialect: Dialect) -> Predicate:
        return _runs_predicate(found, filters, store, dialect)

    predicate, others = compile_body_filters(context, body, of_runs, _NO_VALUES)
    return Matches(list(filter(predicate, found)), tuple(dict.fromkeys((*warnings, *others))))


def _runs_predicate(
    artifacts: list[Any], filters: FilterSet, store: Store, dialect: Dialect
) -> Predicate:
    """The condition that the run of an artifact exists and matches, where there are filters."""
    # Prefect: models/artifacts.py, _apply_artifact_filters.
    parts: list[Predicate] = []
    if filters.flow_runs or filters.flows or filters.deployments:
        of_runs = FilterSet(filters.flows, filters.flow_runs, None, filters.deployments)
        matches = flow_runs_predicate(of_runs, store, dialect)
        runs = (store.get(each.flow_run_id) for each in artifacts if each.flow_run_id)
        ids = frozenset(run.id for run in runs if run is not None and matches(run))
        parts.append(Comparison("flow_run_id", ONE_OF, ids))
    if filters.task_runs:
        matches = task_runs_predicate(FilterSet(task_runs=filters.task_runs), store, dialect)
        found = (store.task_runs.get(each.task_run_id) for each in artifacts)
        ids = frozenset(one.id for one in found if one is not None and matches(one))
        parts.append(Comparison("task_run_id", ONE_OF, ids))
    return AllOf(tuple(parts))


def _require(
    artifact: Artifact | ArtifactCollection | None,
) -> Artifact | ArtifactCollection:
    if artifact is None:
        raise NotFound("Artifact not found.")
    return artifact
