"""Requests: from the bytes of a body to a request model, under a dialect.

Comes in: a `Message` (body and headers). Goes out: a pydantic model such as `BulkDeleteRequest`,
with the warnings that the way it was written earns, or a `RefusedRequest`. What may be sent is in
the models (`bulk_delete_body`, `query_bodies`, `write_bodies` and the folder `objects`, and
`filters` for the filters); `reading` is the way down and chooses between `strict_reading`, as the
document has it, and `lax_reading`, as a real server does it; these two refuse bodies.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .body_kinds import (
    MAX_PAGE_LIMIT,
    NOT_AN_OBJECT,
    BodyParameters,
    ClosedObject,
    Offset,
    OpenObject,
    PageParameters,
)
from .bulk_delete_body import BulkDeleteRequest, read_plain_delete
from .lax_reading import read_boolean, read_parameters, read_uuid, read_value
from .message import (
    JSON_MEDIA_TYPE,
    Message,
    check_api_version,
    parse_api_version,
    to_json_text,
)
from .older_bodies import Before
from .reading import ParsedRequest, read_request

if TYPE_CHECKING:
    from .query_bodies import (
        MAX_COUNTED,
        MAX_POINTS,
        DashboardCountsRequest,
        DecrementRequest,
        DeploymentFilterRequest,
        DeploymentsDeleteRequest,
        FilterParameters,
        FlowCountRequest,
        FlowFilterRequest,
        FlowIdsRequest,
        FlowPaginateRequest,
        FlowRunFilterRequest,
        FlowRunPaginateRequest,
        FlowRunSort,
        FlowsDeleteRequest,
        HistoryRequest,
        IncrementRequest,
        NamedSort,
        PageNumber,
        RenewRequest,
        RunPointsRequest,
        TaskRunCountRequest,
        TaskRunFilterRequest,
        TaskRunHistoryRequest,
        TaskRunPaginateRequest,
        TaskRuns,
    )
    from .write_bodies import (
        BulkSetStateRequest,
        FlowCreate,
        FlowParameters,
        FlowRunCreate,
        FlowRunPolicy,
        FlowRunUpdate,
        FlowUpdate,
        JsonObject,
        Labels,
        LabelsUpdate,
        Logs,
        SetStateRequest,
        StateCreate,
        TaskRunCreate,
    )

# Imported late (PEP 562): bulk_delete needs none of these (see `filters`).
__getattr__ = lazy_exports(
    __name__,
    {
        "query_bodies": (
            "MAX_COUNTED",
            "MAX_POINTS",
            "DashboardCountsRequest",
            "DecrementRequest",
            "DeploymentFilterRequest",
            "DeploymentsDeleteRequest",
            "FilterParameters",
            "FlowCountRequest",
            "FlowFilterRequest",
            "FlowIdsRequest",
            "FlowPaginateRequest",
            "FlowRunFilterRequest",
            "FlowRunPaginateRequest",
            "FlowRunSort",
            "FlowsDeleteRequest",
            "HistoryRequest",
            "IncrementRequest",
            "NamedSort",
            "PageNumber",
            "RenewRequest",
            "RunPointsRequest",
            "TaskRunCountRequest",
            "TaskRunFilterRequest",
            "TaskRunHistoryRequest",
            "TaskRunPaginateRequest",
            "TaskRuns",
        ),
        "write_bodies": (
            "BulkSetStateRequest",
            "FlowCreate",
            "FlowParameters",
            "FlowRunCreate",
            "FlowRunPolicy",
            "FlowRunUpdate",
            "FlowUpdate",
            "JsonObject",
            "Labels",
            "LabelsUpdate",
            "Logs",
            "SetStateRequest",
            "StateCreate",
            "TaskRunCreate",
        ),
    },
)
