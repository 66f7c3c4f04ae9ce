"""Requests to the endpoints around bulk_delete, in groups: one module for each family of endpoints.

In: odd values, and valid requests to put them into.
Out: `GROUPS`, and what the tests of real servers make their own requests from.
"""

from collections.abc import Mapping, Sequence

from tests.support.endpoint_requests import (
    bulk_set_state,
    flow_runs,
    flows,
    lists,
    logs_and_leases,
    paths,
    set_state,
    task_runs,
    updates,
)
from tests.support.endpoint_requests.api_request import (
    FUTURE_TIME as FUTURE_TIME,
)
from tests.support.endpoint_requests.api_request import (
    JSON_HEADERS as JSON_HEADERS,
)
from tests.support.endpoint_requests.api_request import (
    ApiRequest as ApiRequest,
)
from tests.support.endpoint_requests.odd_values import UNKNOWN_ID as UNKNOWN_ID
from tests.support.endpoint_requests.valid_requests import (
    CREATE_RUN as CREATE_RUN,
)
from tests.support.endpoint_requests.valid_requests import (
    HISTORY as HISTORY,
)
from tests.support.endpoint_requests.valid_requests import (
    LEASE_BODY as LEASE_BODY,
)
from tests.support.endpoint_requests.valid_requests import (
    LOG as LOG,
)
from tests.support.endpoint_requests.valid_requests import (
    MATCH_NO_RUN as MATCH_NO_RUN,
)

_FAMILIES = (
    paths,
    lists,
    flow_runs,
    set_state,
    bulk_set_state,
    updates,
    flows,
    task_runs,
    logs_and_leases,
)
GROUPS: Mapping[str, Sequence[ApiRequest]] = {
    name: tuple(requests) for family in _FAMILIES for name, requests in family.REQUESTS.items()
}
"""The requests of each group, in the order in which they were recorded."""
