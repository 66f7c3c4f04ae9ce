"""What no server has from its start: automations, saved searches, connected task workers."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_IDS, ODD_TEXTS, UNKNOWN_ID, Json

AUTOMATIONS, SEARCHES, WORKERS = (
    "/automations/filter",
    "/saved_searches/filter",
    "/task_workers/filter",
)
COUNT = "/automations/count"
FILTERS: tuple[Json, ...] = (
    *({}, {"id": {"any_": [UNKNOWN_ID]}}, {"id": {"any_": ["x"]}}, {"name": {"any_": ["x"]}}),
    *({"created": {"before_": "2026-01-31T08:00:00Z"}}, {"created": {"before_": "x"}}, {"x": 1}),
    *({"tags": {"all_": ["a"], "any_": [], "is_null_": True}}, {"operator": "or_"}, 1, []),
    *({"name": {"any_": [text]}} for text in ODD_TEXTS),
    {"created": {"before_": "0001-01-01T00:00:00+00:01"}},
)
PAGES: tuple[Json, ...] = (
    *({"limit": limit} for limit in (0, 1, 200, 201, -1, "x", None)),
    *({"offset": offset} for offset in (0, 1, -1, "x", 2**63, None)),
)

REQUESTS: RequestGroups = {
    "automations": [
        *malformed_bodies("POST", AUTOMATIONS, {}),
        *post_requests(AUTOMATIONS, *({"automations": one} for one in FILTERS), *PAGES),
        *with_odd_values(AUTOMATIONS, {}, ["sort"], ("NAME_DESC", "UPDATED_DESC", "x", 1, None)),
        *(ApiRequest(method, f"/automations/{UNKNOWN_ID}") for method in ("GET", "DELETE")),
        *(ApiRequest("GET", f"/automations/{text}") for text in ODD_IDS[1:3]),
        *(ApiRequest("GET", f"/automations/related-to/{text}") for text in ("a.b.c", "%20", "x")),
    ],
    "saved searches": [
        *malformed_bodies("POST", SEARCHES, {}),
        *post_requests(SEARCHES, *PAGES),
        *(ApiRequest(method, f"/saved_searches/{UNKNOWN_ID}") for method in ("GET", "DELETE")),
        *(ApiRequest("GET", f"/saved_searches/{text}") for text in ODD_IDS[1:3]),
    ],
    "task workers": [
        *malformed_bodies("POST", WORKERS, {}),
        *with_odd_values(WORKERS, {}, ["task_worker_filter", "task_worker_filter.task_keys"]),
        ApiRequest("POST", WORKERS, {"task_worker_filter": {"task_keys": ["a"], "x": 1}}),
    ],
    "automations: count": [
        *malformed_bodies("POST", COUNT, {}),
        *post_requests(COUNT, *({"automations": one} for one in (*FILTERS, None)), {"x": 1}),
        ApiRequest("GET", COUNT),
    ],
    "collections": [ApiRequest("GET", f"/collections/views/{view}") for view in ("nope", "%20")],
}
