"""The settings and schedules in the `rest` of a deployment.

They are kept as replies show them, so that a seed, a dump and a reply have the same. What a seed
gives may be of any type: a setting of a wrong one counts as absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ...errors import NotFound
from ...prefect import Deployment, Json, format_instant
from .. import Context

SETTINGS = frozenset(
    {
        "version",
        "description",
        "concurrency_options",
        "job_variables",
        "parameters",
        "parameter_openapi_schema",
        "path",
        "pull_steps",
        "entrypoint",
        "storage_document_id",
        "infrastructure_document_id",
        "enforce_parameter_schema",
    }
)
"""The keys of bodies that are kept under the same names."""
Schedules = list[Json]


def require_deployment(
    context: Context, deployment_id: str, detail: str = "Deployment not found"
) -> Deployment:
    """The deployment with an id. Raises NotFound with that detail."""
    deployment = context.store.deployments.get(deployment_id)
    if deployment is None:
        raise NotFound(detail)
    return deployment


def schedules_of(deployment: Deployment) -> Schedules:
    """The schedules of a deployment, the one that was updated last first."""
    given = deployment.rest.get("schedules")
    return [one for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []


def object_of(deployment: Deployment, key: str) -> Json:
    """A setting that is an object; an empty one where there is none."""
    value = deployment.rest.get(key)
    return value if isinstance(value, Mapping) else {}


def text_of(deployment: Deployment, key: str) -> str | None:
    """A setting that is a text, or None."""
    value = deployment.rest.get(key)
    return value if isinstance(value, str) else None


def enforces_schema(deployment: Deployment) -> bool:
    """Whether parameters of runs are checked against the deployment's schema."""
    return deployment.rest.get("enforce_parameter_schema") is not False


def with_settings(deployment: Deployment, **settings: Any) -> Deployment:
    """The deployment with these settings; the others stay."""
    return replace(deployment, rest={**deployment.rest, **settings})


def with_schedules(deployment: Deployment, schedules: Iterable[Json]) -> Deployment:
    """The deployment with these schedules, the one that was updated last first."""
    return with_settings(deployment, schedules=_latest_first(schedules))


def _latest_first(schedules: Iterable[Json]) -> Schedules:
    return sorted(schedules, key=_updated, reverse=True)


def _updated(schedule: Json) -> str:
    """When a schedule was updated, in a form that sorts: whole seconds before their fractions."""
    return str(schedule.get("updated", "")).removesuffix("Z")


def stored_time(instant: datetime) -> str:
    """An instant as `rest` holds it."""
    return format_instant(instant)
