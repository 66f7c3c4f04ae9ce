"""The registry of what Prefect's own document says differently from openapi.yaml.

openapi.yaml tells more than Prefect publishes where real servers do more, and is held to nothing
else; so each of these says what real servers do and their document leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...prefect import MEASURED_ON
from .changes import Change, ChangeKind


@dataclass(frozen=True, slots=True)
class KnownDrift:
    """Changes of one kind that belong together: their aspect, and each subject they show on."""

    id: str
    sentence: str
    kind: ChangeKind
    aspect: str
    subjects: tuple[str, ...]
    seen_in: tuple[str, ...] = MEASURED_ON

    def covers(self, change: Change) -> bool:
        """Whether this is one of them."""
        said = (change.kind, change.aspect)
        return said == (self.kind, self.aspect) and change.subject in self.subjects


def _nullable_filter_fields() -> Iterator[str]:
    """The filters of three bodies that a client sends as null where it does not ask."""
    filters = ("flows", "flow_runs", "task_runs", "deployments")
    for body, more in (
        ("Body_read_flows_flows_filter_post", ("work_pools",)),
        ("Body_count_flows_flows_count_post", ("work_pools",)),
        ("Body_count_task_runs_task_runs_count_post", ()),
    ):
        yield from (f"{body}.{key}" for key in (*filters, *more))


def _nullable_paging_fields() -> Iterator[str]:
    for body in (
        "Body_read_flow_runs_flow_runs_filter_post",
        "Body_paginate_flow_runs_flow_runs_paginate_post",
        "Body_read_flows_flows_filter_post",
        "Body_read_task_runs_task_runs_filter_post",
        "Body_read_deployments_deployments_filter_post",
    ):
        yield from (f"{body}.{key}" for key in ("sort", "limit"))


KNOWN_DRIFT: Sequence[KnownDrift] = (
    KnownDrift(
        "refusals-untold",
        "a server refuses what is not there (404, 410), clashes (409) or cannot be changed (400); "
        "its document tells of no refusal but 422",
        ChangeKind.REMOVED,
        "status",
        (
            "POST /flow_runs/ 404",
            "POST /flow_runs/ 409",
            "GET /flow_runs/{id} 404",
            "PATCH /flow_runs/{id} 400",
            "PATCH /flow_runs/{id} 404",
            "DELETE /flow_runs/{id} 404",
            "POST /flow_runs/{id}/set_state 404",
            "PATCH /flow_runs/{id}/labels 404",
            "GET /flow_run_states/{id} 404",
            "GET /flows/{id} 404",
            "DELETE /flows/{id} 404",
            "GET /flows/name/{name} 404",
            "POST /task_runs/ 409",
            "GET /task_runs/{id} 404",
            "GET /deployments/{id} 404",
            "GET /deployments/name/{flow_name}/{deployment_name} 404",
            "POST /v2/concurrency_limits/leases/{lease_id}/renew 404",
            "POST /v2/concurrency_limits/leases/{lease_id}/renew 410",
        ),
    ),
    KnownDrift(
        "created-untold",
        "a server answers 201 to what makes something new; its document has 200 alone",
        ChangeKind.REMOVED,
        "status",
        (
            "POST /flow_runs/ 201",
            "POST /flow_runs/{id}/set_state 201",
            "POST /flows/ 201",
            "POST /task_runs/ 201",
        ),
    ),
    KnownDrift(
        "detail-text-untold",
        "a limit above 200, an interval below a second and a CSRF token where there are none are "
        "refused with a text as detail; the document has a list alone",
        ChangeKind.NARROWED,
        "type",
        (
            "POST /flow_runs/filter 422",
            "POST /flow_runs/paginate 422",
            "POST /flow_runs/history 422",
            "POST /flows/filter 422",
            "POST /task_runs/filter 422",
            "POST /deployments/filter 422",
            "GET /csrf-token 422",
        ),
    ),
    KnownDrift(
        "client-nulls",
        "a server takes null for what Prefect's own client does not ask or name; its document "
        "does not allow it",
        ChangeKind.NARROWED,
        "null",
        (
            "FlowRunCreate.name",
            "TaskRunCreate.name",
            *_nullable_filter_fields(),
            *_nullable_paging_fields(),
        ),
    ),
    KnownDrift(
        "time-zones",
        "the document lists the time zones of the machine it was made on as a pattern",
        ChangeKind.NARROWED,
        "pattern",
        ("RRuleSchedule.timezone",),
    ),
)
