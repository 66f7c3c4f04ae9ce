"""The operation that changes a flow."""

from __future__ import annotations

from dataclasses import replace

from ...errors import NotFound
from ...prefect import check_storable
from ...requests import FlowUpdate
from .. import Context, Outcome


def update_flow(context: Context, flow_id: str, body: FlowUpdate) -> Outcome:
    """Give a flow other tags, if the body has any. Raises NotFound, ServerFailure."""
    flow = context.store.flows.get(flow_id)
    if flow is None:
        raise NotFound("Flow not found")
    check_storable(context.dialect, values=body.tags)
    tags = tuple(body.tags) if "tags" in body.model_fields_set else flow.tags
    context.store.flows.put(replace(flow, tags=tags, updated=context.now))
    return Outcome(None)
