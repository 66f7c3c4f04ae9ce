"""Operations that list deployments by pages with numbers."""

from __future__ import annotations

from ...errors import ServerFailure
from ...requests import MAX_PAGE_LIMIT
from ...requests.objects import DeploymentPaginateRequest
from .. import (
    Context,
    Outcome,
    check_offset,
    compile_body_filters,
    deployment_reply,
    deployments_predicate,
    sort_page,
)

_PAGE_PARAMETERS = 2
"""The values that the query of a real server has besides those of the filters: limit, offset."""


def paginate_deployments(context: Context, body: DeploymentPaginateRequest) -> Outcome:
    """List a page of the deployments that all filters match, with the number of pages.

    Raises ServerFailure where a real server fails.
    """
    predicate, warnings = compile_body_filters(
        context, body, deployments_predicate, _PAGE_PARAMETERS
    )
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    start = check_offset(context, (body.page - 1) * limit)
    found = sorted(
        filter(predicate, context.store.deployments), key=lambda one: one.id, reverse=True
    )
    page = sort_page(context, found, body.sort or "NAME_ASC", start + limit)[start:]
    if limit == 0 and not context.dialect.empty_page:
        raise ServerFailure("a division by the limit, which is zero", retryable=False)
    value = {
        "results": [deployment_reply(one, context.store, context.now) for one in page],
        "count": len(found),
        "limit": limit,
        "pages": -(-len(found) // limit) if limit else 0,
        "page": body.page,
    }
    return Outcome(value, warnings=warnings)
