"""What the documents of older releases of Prefect say differently from openapi.yaml, as data.

openapi.yaml follows the document of the newest release. An `Overlay` is a JSON Merge Patch
(RFC 7396) that makes an older one of it. Only differences of structure count: the texts of
openapi.yaml are its own, and name the releases that they are about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .releases import release_key


@dataclass(frozen=True, slots=True)
class Overlay:
    """A difference of all releases older than `since`, the first that says what openapi.yaml does.

    `patch` is merged into the document: null removes a key, a list replaces a list.
    """

    since: str
    patch: Mapping[str, Any]

    def applies_to(self, release: str) -> bool:
        """Whether the document of a release needs it. Raises ValueError for no release."""
        return release_key(release) < release_key(self.since)


_SLOT_BODIES = (
    "Body_bulk_increment_active_slots_with_lease_v2_concurrency_limits_increment_with_lease_post",
    "Body_bulk_increment_active_slots_v2_concurrency_limits_increment_post",
    "Body_bulk_decrement_active_slots_v2_concurrency_limits_decrement_post",
)


def _object(*required: str, **properties: Any) -> Mapping[str, Any]:
    """The schema of an object with these properties."""
    return {"type": "object", "required": list(required), "properties": properties}


def _or_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _json_reply(status: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What to put where an operation's reply has another schema."""
    return {"responses": {status: {"content": {"application/json": {"schema": schema}}}}}


def _schemas(patch: Mapping[str, Any]) -> Mapping[str, Any]:
    """The patch of a document that changes these component schemas."""
    return {"components": {"schemas": patch}}


def _component(name: str) -> Mapping[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


_SLOTS = "concurrency_status_post"
_UUID = {"type": "string", "format": "uuid"}
_TIME = {"type": "string", "format": "date-time"}
_WORK_POOL = _object(
    *("name", "type", "id", "created", "updated"),
    id=_UUID,
    created=_or_null(_TIME),
    updated=_or_null(_TIME),
    name={"type": "string", "pattern": "^[^/%&><]+$"},
    description=_or_null({"type": "string"}),
    type={"type": "string"},
    base_job_template={"type": "object", "additionalProperties": True},
    is_paused={"type": "boolean", "default": False},
    concurrency_limit=_or_null({"type": "integer", "minimum": 0}),
    status=_or_null(_component("WorkPoolStatus")),
    default_queue_id=_or_null(_UUID),
    storage_configuration=_component("WorkPoolStorageConfiguration"),
)
_COUNTED_RUNS = "Body_count_task_runs_by_flow_run_ui_flow_runs_count_task_runs_post"
_NEXT_RUNS = "Body_next_runs_by_flow_ui_flows_next_runs_post"
_COUNTED_DEPLOYMENTS = "Body_count_deployments_by_flow_ui_flows_count_deployments_post"


def _within(minimum: float | None) -> dict[str, Any]:
    """A schema for seconds or null, with a minimum or without."""
    seconds = {"type": "number"} if minimum is None else {"type": "number", "minimum": minimum}
    return {"properties": {"within": {"anyOf": [seconds, {"type": "null"}]}}}


# Without DeleteFlowRun, which came later.
_OLDER_ACTIONS = {
    "items": {
        "anyOf": [
            {"$ref": f"#/components/schemas/{name}"}
            for name in (
                "DoNothing",
                "RunDeployment-Output",
                "PauseDeployment",
                "ResumeDeployment",
                "CancelFlowRun",
                "ChangeFlowRunState",
                "PauseWorkQueue",
                "ResumeWorkQueue",
                "SendNotification",
                "CallWebhook",
                "PauseAutomation",
                "ResumeAutomation",
                "SuspendFlowRun",
                "ResumeFlowRun",
                "PauseWorkPool",
                "ResumeWorkPool",
            )
        ]
    }
}

OVERLAYS: Sequence[Overlay] = (
    # Prefect: schemas/sorting.py, TaskRunSort.
    Overlay(
        "3.9.1",
        _schemas(
            {
                "TaskRunSort": {
                    "enum": [
                        "ID_DESC",
                        "EXPECTED_START_TIME_ASC",
                        "EXPECTED_START_TIME_DESC",
                        "NAME_ASC",
                        "NAME_DESC",
                        "NEXT_SCHEDULED_START_TIME_ASC",
                        "END_TIME_DESC",
                    ]
                }
            }
        ),
    ),
    # Prefect: api/observed_states.py.
    Overlay(
        "3.9.1",
        {
            "paths": {"/observed-states": None},
            "components": {"schemas": {"ObservedState": None, "ObservedStateSort": None}},
        },
    ),
    # Prefect: events/schemas/automations.py, the triggers.
    Overlay(
        "3.9.1",
        _schemas(
            {
                "CompoundTrigger-Output": _within(0.0),
                "SequenceTrigger-Output": _within(0.0),
            }
        ),
    ),
    # Prefect: api/concurrency_limits_v2.py. Older ones say `min_items`, which is no keyword.
    Overlay(
        "3.9.0",
        _schemas({body: {"properties": {"names": {"minItems": None}}} for body in _SLOT_BODIES}),
    ),
    # Prefect: api/ui/flow_runs.py and flows.py. Older ones say `max_items`, which is no keyword.
    Overlay(
        "3.9.0",
        _schemas(
            {
                _COUNTED_RUNS: {"properties": {"flow_run_ids": {"maxItems": None}}},
                _COUNTED_DEPLOYMENTS: {"properties": {"flow_ids": {"maxItems": None}}},
                _NEXT_RUNS: {"properties": {"flow_ids": {"maxItems": None}}},
            }
        ),
    ),
    # Prefect: schemas/schedules.py, IntervalSchedule.
    Overlay(
        "3.9.0",
        _schemas(
            {
                "IntervalSchedule-Input": {
                    "properties": {
                        "interval": {"anyOf": None, "type": "string", "format": "duration"}
                    }
                }
            }
        ),
    ),
    # Prefect: events/schemas/automations.py, the triggers, and events/actions.py, RunDeployment.
    Overlay(
        "3.9.0",
        _schemas(
            {
                "CompoundTrigger-Output": _within(None),
                "SequenceTrigger-Output": _within(None),
                "EventTrigger-Output": {"properties": {"within": {"minimum": None}}},
                "RunDeployment-Output": {"properties": {"schedule_after": {"minimum": None}}},
            }
        ),
    ),
    # Prefect: events/filters.py, AutomationFilter.
    Overlay(
        "3.8.5",
        {
            "paths": {"/automations/count": {"post": {"requestBody": None}}},
            "components": {
                "schemas": {
                    "AutomationFilter": {"properties": {"id": None}},
                    "AutomationFilterId": None,
                    "Body_count_automations_automations_count_post": None,
                }
            },
        },
    ),
    # Prefect: events/actions.py, DeleteFlowRun.
    Overlay(
        "3.7.2",
        _schemas(
            {
                "DeleteFlowRun": None,
                "Automation": {
                    "properties": dict.fromkeys(
                        ("actions", "actions_on_trigger", "actions_on_resolve"), _OLDER_ACTIONS
                    )
                },
            }
        ),
    ),
    # Prefect: api/admin.py.
    Overlay(
        "3.7.0",
        {
            "paths": {"/admin/storage": None},
            "components": {
                "schemas": {
                    "ServerDefaultResultStorage": None,
                    "ServerDefaultResultStorageUpdate": None,
                }
            },
        },
    ),
    # Prefect: api/workers.py and api/work_queues.py.
    Overlay(
        "3.6.23",
        {
            "paths": {
                "/work_pools/": {"post": _json_reply("201", _component("WorkPool"))},
                "/work_pools/filter": {
                    "post": _json_reply("200", {"items": _component("WorkPool")})
                },
                "/work_pools/{name}": {"get": _json_reply("200", _component("WorkPool"))},
                "/work_pools/{name}/concurrency_status": None,
                "/work_queues/{id}/concurrency_status": None,
            },
            "components": {
                "schemas": {
                    "WorkPool": _WORK_POOL,
                    "WorkPoolResponse": None,
                    "WorkQueueResponse": {"properties": {"active_slots": None}},
                    "WorkPoolConcurrencyStatus": None,
                    "WorkQueueConcurrencyStatus": None,
                    "WorkQueueConcurrencyStatusDetail": None,
                    "FlowRunSlotSummary": None,
                    f"Body_read_work_pool_concurrency_status_work_pools__name__{_SLOTS}": None,
                    f"Body_read_work_queue_concurrency_status_work_queues__id__{_SLOTS}": None,
                }
            },
        },
    ),
    # Prefect: schemas/filters.py, TaskRunFilter.
    Overlay(
        "3.6.22",
        _schemas(
            {
                "TaskRunFilter": {"properties": {"end_time": None}},
                "TaskRunFilterEndTime": None,
            }
        ),
    ),
    # Prefect: events/schemas/automations.py, EventTrigger.
    Overlay(
        "3.6.21",
        _schemas(
            {
                "EventTrigger-Output": {
                    "properties": {
                        "match": {
                            "$ref": "#/components/schemas/ResourceSpecification",
                            "anyOf": None,
                        },
                        "match_related": {
                            "anyOf": [
                                {"$ref": "#/components/schemas/ResourceSpecification"},
                                {
                                    "type": "array",
                                    "items": {"$ref": "#/components/schemas/ResourceSpecification"},
                                },
                            ]
                        },
                    }
                }
            }
        ),
    ),
    # Prefect: schemas/responses.py, TaskRunResponse.
    Overlay(
        "3.6.18",
        _schemas(
            {
                "TaskRunResponse": {
                    "properties": {
                        "start_time": None,
                        "end_time": None,
                        "total_run_time": None,
                        "estimated_run_time": None,
                        "estimated_start_time_delta": None,
                    }
                }
            }
        ),
    ),
    # Prefect: schemas/actions.py, DeploymentScheduleCreate and DeploymentScheduleUpdate.
    Overlay(
        "3.6.17",
        _schemas(
            {
                name: {"properties": {"replaces": None}}
                for name in ("DeploymentScheduleCreate", "DeploymentScheduleUpdate")
            }
        ),
    ),
)
"""Every difference between the documents of the measured releases, in the operations that
openapi.yaml has."""


def apply_overlays(document: Mapping[str, Any], release: str) -> Mapping[str, Any]:
    """The newest document as it is for a release. The given one is not changed; parts are shared.

    Raises ValueError for what is no release.
    """
    document = merge_patch(document, {"info": {"version": release}})
    for overlay in OVERLAYS:
        if overlay.applies_to(release):
            document = merge_patch(document, overlay.patch)
    return document


def merge_patch(target: Any, patch: Any) -> Any:
    """A JSON value with a JSON Merge Patch applied (RFC 7396, section 2); `target` stays as it is.

    Both are values as a JSON parser returns them.
    """
    if not isinstance(patch, Mapping):
        return patch
    kept = target if isinstance(target, Mapping) else {}
    merged = {key: value for key, value in kept.items() if patch.get(key, ...) is not None}
    for key, value in patch.items():
        if value is not None:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
