"""The body of bulk_delete, as a pydantic model."""

from __future__ import annotations

from ..filters import FlowRunFilter
from .body_kinds import MAX_LIMIT, BodyParameters, Limit


class BulkDeleteRequest(BodyParameters):
    """The body of bulk_delete."""

    flow_runs: FlowRunFilter | None = None
    limit: Limit = MAX_LIMIT
