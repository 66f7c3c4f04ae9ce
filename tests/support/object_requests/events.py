"""Events: sending them, and filters on them. The servers that answered keep none."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    JSON_HEADERS,
    ApiRequest,
    RequestGroups,
    malformed_bodies,
    post_requests,
    with_each_key_missing,
    with_odd_values,
    with_value_at,
)
from tests.support.endpoint_requests.odd_values import (
    API_VERSIONS,
    INVALID_BODY,
    ODD_IDS,
    ODD_NUMBERS,
    ODD_TEXTS,
    ODD_TIMES,
)

VERSION = "x-prefect-api-version"
SEND, FILTER, NEXT = "/events", "/events/filter", "/events/filter/next"
ID, UNKNOWN = "44444444-0000-4000-8000-000000000000", "44444444-0000-4000-8000-000000000001"
EVENT = {
    "occurred": "2023-11-07T05:31:56Z",
    "event": "my.event",
    "resource": {"prefect.resource.id": "my.<u>"},
    "id": ID,
}
RELATED = {"prefect.resource.id": "my.<u>", "prefect.resource.role": "role"}
# Other groups have made runs, whose events the servers that answered have not kept.
NOTHING = {"filter": {"id": {"id": [UNKNOWN]}, "event": {"name": ["no.event"]}}}
ODD_FILTERS: list[dict[str, object]] = [{"filter": []}, {"filter": "x"}, {"filter": 1}]
COUNT = "/events/count-by"
DAYS = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-03T00:00:00Z"}
FILTER_KEYS = (
    *("occurred", "event", "resource", "related", "any_resource", "id", "text", "order"),
    *("occurred.since", "event.prefix", "event.exclude_prefix", "event.name"),
    *("event.exclude_name", "event.unknown", "resource.id", "resource.id_prefix"),
    *("resource.labels", "resource.labels.a", "resource.distinct", "related.id", "related.role"),
    *("related.resources_in_roles", "related.labels", "any_resource.id", "any_resource.id_prefix"),
    *("any_resource.labels", "id.id", "text.query", "unknown"),
)


def _nested(keys: tuple[str, ...], **given: object) -> list[ApiRequest]:
    return list(with_odd_values(FILTER, NOTHING, keys, **given))  # type: ignore[arg-type]


REQUESTS: RequestGroups = {
    "events: any body": [*malformed_bodies("POST", SEND, [EVENT])],
    "events: keys": [
        *with_each_key_missing(SEND, EVENT, ()),
        *(
            ApiRequest("POST", SEND, [one.body])
            for one in (
                *with_each_key_missing(SEND, EVENT, EVENT),
                *with_odd_values(
                    SEND, EVENT, (*EVENT, "related", "payload", "follows", "unknown", "received")
                ),
                *with_odd_values(SEND, EVENT, ("resource.a", "resource.prefect_resource_id")),
                *with_odd_values(SEND, EVENT, ("occurred",), ODD_TIMES),
                *with_odd_values(SEND, EVENT, ("id", "follows"), ODD_IDS),
                *with_odd_values(SEND, EVENT, ("event",), ODD_TEXTS),
                *with_odd_values(SEND, EVENT, ("payload.a",), (*ODD_NUMBERS, *ODD_TEXTS)),
                *with_odd_values(SEND, EVENT, ("resource.a", "payload"), ODD_TEXTS),
            )
        ),
    ],
    "events: resources": [
        *(
            ApiRequest("POST", SEND, [{**EVENT, **changes}])
            for changes in (
                {"resource": {"prefect.resource.id": ""}},
                {"resource": {"prefect.resource.id": "x", **{f"a{n}": "" for n in range(499)}}},
                {"resource": {"prefect.resource.id": "x", **{f"a{n}": "" for n in range(500)}}},
                {"resource": {f"a{n}": "" for n in range(501)}},
                {"related": [RELATED]},
                {"related": [{"prefect.resource.role": "x"}]},
                {"related": [{"prefect.resource.id": "x"}]},
                {"related": [{**RELATED, "prefect.resource.role": ""}]},
                {"related": [{**RELATED, "prefect.resource.id": ""}]},
                {"related": [RELATED] * 100},
                {"related": [RELATED] * 101},
                {"event": "x" * 1024},
                {"event": "x" * 1025},
            )
        ),
        ApiRequest("POST", SEND, [EVENT, EVENT]),
        ApiRequest("POST", SEND, [EVENT, 1, {}]),
        ApiRequest("POST", f"{SEND}/", []),
        ApiRequest("GET", SEND),
    ],
    "event filters: any body": [
        # A body that says nothing, or is not read, would list all events.
        *post_requests(FILTER, True, 7, "x", [], [{}], b"{bad", b"\xff", b"NaN", b"{} x", NOTHING),
        *(
            ApiRequest("POST", FILTER, INVALID_BODY, {**JSON_HEADERS, VERSION: version})
            for version in API_VERSIONS
        ),
        *with_odd_values(FILTER, NOTHING, ("limit", "unknown")),
        *with_odd_values(FILTER, NOTHING, ("limit",), ODD_NUMBERS),
        *(ApiRequest("POST", FILTER, body) for body in ODD_FILTERS),
        *(ApiRequest("POST", FILTER, {**NOTHING, "limit": limit}) for limit in (0, 1, 50, 51)),
    ],
    "event filters: keys": _nested(tuple(f"filter.{key}" for key in FILTER_KEYS)),
    "event filters: values": [
        *_nested(("filter.occurred.since", "filter.occurred.until"), values=ODD_TIMES),
        *_nested(("filter.id",), values=[{"id": [one]} for one in ODD_IDS]),
        *_nested(
            ("filter.related", "filter.any_resource"),
            values=[[], [{}], [{}, {}], [1], [{"id": 1}], [{"x": 1}], {"labels": {"a": [1]}}],
        ),
        *_nested(
            ("filter.related.resources_in_roles",),
            values=[[["a", "b"]], [["a"]], [["a", "b", "c"]], [[1, "b"]], ["ab"]],
        ),
        *_nested(
            ("filter.text.query",),
            values=["", " ", "error -debug", '"a b', "x" * 200, "x" * 201, "+a", "!"],
        ),
        *_nested(("filter.order",), values=["ASC", "DESC", "asc"]),
        *_nested(
            ("filter.resource.labels", "filter.any_resource.labels"),
            values=[{"a": "b*"}, {"a": ["!b", "c?"]}, {"prefect.resource.id": []}, {"a": []}],
        ),
        ApiRequest("POST", FILTER, with_value_at(NOTHING, ["filter", "id", "id"], [UNKNOWN] * 3)),
        *_nested(("filter.event.name", "filter.resource.id"), values=[["a\0"], ["\ud800"], [""]]),
    ],
    "event pages": [
        ApiRequest("GET", NEXT),
        *(
            ApiRequest("GET", f"{NEXT}?page-token={token}")
            for token in ("", "x", "e30=", "ZTMwPQ==", "%20", "/w==", "bnVsbA==", "Ym5Wc2JBPT0=")
        ),
        ApiRequest("POST", NEXT, {}),
        ApiRequest("GET", FILTER),
    ],
    "event counts: any body": [
        *malformed_bodies("POST", f"{COUNT}/event", {"filter": NOTHING["filter"]}),
        *(
            ApiRequest(
                "POST", f"{COUNT}/{of}", with_value_at(NOTHING, ["filter", "occurred"], DAYS)
            )
            for of in ("day", "time", "event", "resource")
        ),
        *(
            ApiRequest("POST", f"{COUNT}/{of}", {"filter": 1, "time_unit": 1})
            for of in ("x", "Day")
        ),
        *(ApiRequest("GET", f"{COUNT}/{of}") for of in ("day", "x")),
        *with_odd_values(f"{COUNT}/event", NOTHING, ("time_unit", "time_interval", "unknown")),
        *with_odd_values(
            f"{COUNT}/event", NOTHING, ["time_interval"], (0, 0.009, -1, 1e300, "2", "1e3")
        ),
        *(ApiRequest("POST", f"{COUNT}/event", {"filter": one}) for one in ODD_FILTERS),
        ApiRequest(
            "POST", f"{COUNT}/event", {"filter": {**NOTHING["filter"], "text": {"query": "x"}}}
        ),
    ],
    "event counts: by time": [
        *(
            ApiRequest(
                "POST",
                f"{COUNT}/{of}",
                {
                    "filter": {**NOTHING["filter"], "occurred": {"since": since, "until": until}},
                    "time_unit": unit,
                    "time_interval": interval,
                },
            )
            for of, since, until, unit, interval in (
                ("day", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", "hour", 1),
                ("day", "2026-01-01T12:34:56Z", "2026-01-03T01:00:00Z", "day", 1),
                ("time", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", "day", 1),
                ("time", "2026-01-01T00:00:00+05:30", "2026-01-01T00:30:00+05:30", "minute", 7.5),
                ("time", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "week", 2),
                ("time", "2023-12-31T00:00:00Z", "2024-01-02T00:00:00Z", "week", 1),
                ("time", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:02.25Z", "second", 0.5),
                ("time", "2026-01-01T00:00:00Z", "2026-01-01T00:16:40Z", "second", 1),
                ("time", "2026-01-01T00:00:00Z", "2026-01-01T00:16:41Z", "second", 1),
                ("event", "2026-01-01T00:00:00Z", "2026-01-01T00:16:41Z", "second", 1),
                ("resource", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", "second", 300),
                ("event", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", "minute", 0.01),
                ("day", "2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "week", 1),
                ("time", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "hour", 1),
                ("time", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", "hour", 1),
                ("time", "2090-01-02T00:00:00Z", "2090-01-03T00:00:00Z", "day", 1),
                ("time", "0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z", "week", 9),
                ("time", "9999-12-30T00:00:00Z", "9999-12-31T00:00:00Z", "week", 9),
                ("time", "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "week", 1e6),
                ("time", "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "week", 1e3),
            )
        ),
    ],
}
