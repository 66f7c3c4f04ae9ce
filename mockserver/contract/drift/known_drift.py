"""The registry of known differences between Prefect's own document and openapi.yaml.

openapi.yaml follows Prefect's document except where real servers do something that the document
leaves out. Each entry says what that is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...prefect import OLDEST, is_within
from .changes import Change, ChangeKind


@dataclass(frozen=True, slots=True)
class KnownDrift:
    """Changes of one kind and aspect that have one cause, with every subject they show on.

    The documents of Prefect `since` to `until` have it, both included; without `until`, the newest
    has it, too. `id` and `kind` are part of the reports.
    """

    id: str
    sentence: str
    kind: ChangeKind
    aspect: str
    subjects: tuple[str, ...]
    since: str = OLDEST
    until: str | None = None

    def is_expected_in(self, release: str) -> bool:
        """Whether the document of a release has it."""
        return is_within(release, self.since, self.until)

    def covers(self, change: Change) -> bool:
        """Whether a change belongs to this entry."""
        key = (change.kind, change.aspect)
        return key == (self.kind, self.aspect) and change.subject in self.subjects


def _nullable_filter_fields() -> Iterator[str]:
    """The filters of three bodies that Prefect's client sends as null when they are not used."""
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
        # FastAPI documents the 422 of its own validation; an HTTPException raised by an endpoint is
        # not in the document unless the route lists it.
        "refusals-untold",
        "a server answers 404 or 410 for what does not exist, 409 for a conflict and 400 for what "
        "cannot be changed; its document lists no error but 422",
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
        # Prefect: api/flow_runs.py, create_flow_run and others set response.status_code themselves.
        "created-untold",
        "a server answers 201 when it creates something; its document lists only 200",
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
        # Prefect: api/dependencies.py, LimitBody; api/flow_runs.py, flow_run_history;
        # api/csrf_token.py.
        "detail-text-untold",
        "the `detail` of a 422 is a text for a limit above 200, an interval below a second and a "
        "CSRF token of a server without them; the document allows only a list",
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
        # Prefect: for one, api/dependencies.py, LimitBody declares an int whose default is None.
        "client-nulls",
        "a server accepts null where Prefect's own client sends it for an unset value; its "
        "document does not allow it",
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
        # Prefect: types/__init__.py, TimeZone joins zoneinfo.available_timezones().
        "time-zones",
        "the document has a pattern with the time zones of the machine that generated it",
        ChangeKind.NARROWED,
        "pattern",
        ("RRuleSchedule.timezone",),
    ),
)
