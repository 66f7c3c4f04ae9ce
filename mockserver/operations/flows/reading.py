"""Operations that list flows by pages with numbers, and count their deployments."""

from __future__ import annotations

from ...errors import ServerFailure
from ...requests import MAX_PAGE_LIMIT, FlowIdsRequest, FlowPaginateRequest
from .. import (
    Context,
    Outcome,
    check_offset,
    compile_body_filters,
    flow_reply,
    flows_predicate,
    sort_page,
)

_PAGE_PARAMETERS = 2
"""The values that the query of a real server has besides those of the filters: limit, offset."""


def paginate_flows(context: Context, body: FlowPaginateRequest) -> Outcome:
    """List a page of the flows that all filters match, with the number of pages.

    Raises ServerFailure where a real server fails.
    """
    predicate, warnings = compile_body_filters(context, body, flows_predicate, _PAGE_PARAMETERS)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    start = check_offset(context, (body.page - 1) * limit)
    found = sorted(filter(predicate, context.store.flows), key=lambda one: one.id, reverse=True)
    page = sort_page(context, found, body.sort or "NAME_ASC", start + limit)[start:]
    if limit == 0 and not context.dialect.empty_page:
        raise ServerFailure("a division by the limit, which is zero", retryable=False)
    value = {
        "results": [flow_reply(one, context.store, context.now) for one in page],
        "count": len(found),
        "limit": limit,
        "pages": -(-len(found) // limit) if limit else 0,
        "page": body.page,
    }
    return Outcome(value, warnings=warnings)


def count_deployments(context: Context, body: FlowIdsRequest) -> Outcome:
    """Count the deployments of flows by their ids."""
    counts = dict.fromkeys(body.flow_ids, 0)
    for deployment in context.store.deployments:
        if deployment.flow_id in counts:
            counts[deployment.flow_id] += 1
    return Outcome(counts)
