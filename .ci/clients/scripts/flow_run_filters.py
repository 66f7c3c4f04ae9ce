"""Filters on flow runs, by name: of their own keys, and of related records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from observations import Json
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    TaskRunFilter,
    TaskRunFilterName,
    WorkPoolFilter,
    WorkPoolFilterName,
    WorkQueueFilter,
    WorkQueueFilterName,
)
from prefect.client.schemas.objects import FlowRun

UNKNOWN = UUID(int=0xDEAD, version=4)
HOUR = timedelta(hours=1)
Filters = Mapping[str, Any]
_SIDE_FILTERS: Mapping[str, Filters] = {
    "task run name": {
        "task_run_filter": TaskRunFilter(name=TaskRunFilterName(any_=["placeholder"]))
    },
    "unknown deployment": {
        "deployment_filter": DeploymentFilter(name=DeploymentFilterName(any_=["no such"]))
    },
    "unknown pool": {"work_pool_filter": WorkPoolFilter(name=WorkPoolFilterName(any_=["no such"]))},
    "unknown queue": {
        "work_queue_filter": WorkQueueFilter(name=WorkQueueFilterName(any_=["no such"]))
    },
}


def tagged(token: str, **criteria: Json) -> FlowRunFilter:
    """A filter that matches only flow runs with a tag."""
    tags = criteria.pop("tags", {"all_": [token]})
    return FlowRunFilter.model_validate({"tags": tags, **criteria})


def filters_by_name(token: str, flow_name: str, runs: Mapping[str, FlowRun]) -> dict[str, Filters]:
    """Filters on the runs that are tagged, some of them by the name of a flow."""
    of_flow = FlowFilter(name=FlowFilterName(any_=[flow_name]))
    sides = {**_SIDE_FILTERS, "flow name": {"flow_filter": of_flow}}
    return (
        {
            what: {"flow_run_filter": tagged(token, **one)}
            for what, one in _criteria(token, runs).items()
        }
        | {f"side {what}": {"flow_run_filter": tagged(token), **one} for what, one in sides.items()}
        | {"side only a flow": {"flow_filter": of_flow}}
    )


def _criteria(token: str, runs: Mapping[str, FlowRun]) -> Mapping[str, Mapping[str, Json]]:
    now = datetime.now(UTC)
    soon = (now + timedelta(minutes=90)).isoformat()
    criteria: dict[str, Mapping[str, Json]] = {
        "all": {},
        "id": {"id": {"any_": [runs["plain"].id, runs["rich"].id, UNKNOWN]}},
        "not id": {"id": {"not_any_": [runs["plain"].id]}},
        "name": {"name": {"any_": ["plain", "done", "PLAIN"]}},
        "like": {"name": {"like_": "LAT"}},
        "tags all": {"tags": {"all_": [token, "a", "b"]}},
        "tags any": {"tags": {"all_": [token], "any_": ["a", "c"]}},
        "type": {"state": {"type": {"any_": ["SCHEDULED", "FAILED"]}}},
        "not type": {"state": {"type": {"not_any_": ["SCHEDULED", "FAILED"]}}},
        "state name": {"state": {"name": {"any_": ["Late", "AwaitingRetry"]}}},
        "state either": {
            "state": {
                "operator": "or_",
                "type": {"any_": ["PAUSED"]},
                "name": {"any_": ["Late"]},
            }
        },
        "no deployment": {"deployment_id": {"is_null_": True}},
        "a deployment": {"deployment_id": {"is_null_": False}},
        "queue": {"work_queue_name": {"any_": ["queue"]}},
        "version": {"flow_version": {"any_": ["v2"]}},
        "started": {"start_time": {"is_null_": False}},
        "started before": {"start_time": {"before_": (now + HOUR).isoformat()}},
        "started after": {"start_time": {"after_": (now + HOUR).isoformat()}},
        "expected before": {"expected_start_time": {"before_": soon}},
        "expected after": {"expected_start_time": {"after_": soon}},
        "next before": {"next_scheduled_start_time": {"before_": soon}},
        "next after": {"next_scheduled_start_time": {"after_": soon}},
        "subflows of": {"parent_flow_run_id": {"any_": [runs["running"].id]}},
        "a placeholder": {"parent_task_run_id": {"is_null_": False}},
        "key": {"idempotency_key": {"any_": [f"{token}-key"]}},
        "creator": {"created_by": {"is_null_": True}},
    }
    if "end_time" in FlowRunFilter.model_fields:
        criteria["ended"] = {"end_time": {"before_": (now + HOUR).isoformat()}}
        criteria["not ended"] = {"end_time": {"is_null_": True}}
    return criteria
