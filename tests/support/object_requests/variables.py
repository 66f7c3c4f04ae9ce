"""Creating, reading, listing, changing and deleting variables."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    as_patch,
    malformed_bodies,
    post_requests,
    with_each_key_missing,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import (
    ODD_IDS,
    ODD_NUMBERS,
    ODD_TEXTS,
    UNKNOWN_ID,
    Json,
)

PATH = "/variables/"
FILTER, COUNT = "/variables/filter", "/variables/count"
VARIABLE: Json = {"name": "v-<u>", "value": "x", "tags": ["<u>", "a"]}
OWN: Json = {"tags": {"all_": ["<u>"]}}
LONG_NAME, LONG_VALUE = "n" * 256, "v" * 4_999


def named(name: str, **fields: object) -> ApiRequest:
    """A request that creates a variable; its id gets the variable's name."""
    body = {"name": f"{name}-<u>", "value": 1, "tags": ["<u>"], **fields}
    return ApiRequest("POST", PATH, body, save_id_as=name)


def delete(*names: str) -> list[ApiRequest]:
    """Requests that delete variables by what `named` called them."""
    return [ApiRequest("DELETE", f"/variables/<{name}>") for name in names]


CREATES = [
    named("a", tags=["<u>", "a"]),
    named("b_1", value={"k": [1, None]}, tags=["<u>", "a", "b"]),
    named("b2", value=None),
]
FILTERS: tuple[Json, ...] = (
    *({}, {"name": None}, {"operator": "or_"}, {"operator": None}, {"operator": "x"}, {"x": 1}),
    *({"name": {"any_": ["a-<u>", "nope"]}}, {"name": {"any_": []}}, {"name": {"like_": "B_-"}}),
    *({"name": {"like_": ""}}, {"name": {"like_": "%"}}, {"name": {}}, {"name": {"not_any_": []}}),
    *({"id": {"any_": ["<a>", UNKNOWN_ID]}}, {"id": {"any_": []}}, {"id": {"any_": ["x"]}}),
    *({"tags": {"all_": ["a", "b"]}}, {"tags": {"all_": []}}, {"tags": {"is_null_": True}}),
    *({"tags": {"is_null_": False}}, {"tags": {"any_": ["a"]}}, {"tags": {"all_": "a"}}),
    {"tags": {"operator": "or_", "all_": ["b"], "is_null_": False}},
    {"operator": "or_", "name": {"any_": ["a-<u>"]}, "tags": {"all_": ["b"]}},
    {"name": {"any_": ["b2-<u>"]}, "tags": {"all_": ["b"]}},
    # Not NUL: SQLite compares what comes before it, and names here have a random part.
    *({"name": {"like_": text}} for text in ODD_TEXTS[1:]),
    *({"name": {"any_": [text]}} for text in ODD_TEXTS),
    *({"tags": {"all_": [text]}} for text in ODD_TEXTS[1:]),
)
VALUES: tuple[Json, ...] = (
    *(None, True, 0, -1, 1.5, 0.25, "", "x", [], {}, {"a": [{"b": None}]}, "v" * 4_998),
)
NAMES = ("v-%3Cu%3E", "nope", "a%00b", "%ff", "a/b", "a%0Ab", "%20", "V-<u>")

REQUESTS: RequestGroups = {
    "variables: any body": [
        *malformed_bodies("POST", PATH, {"name": "m-<u>"}),
        *malformed_bodies("PATCH", f"/variables/{UNKNOWN_ID}", {}),
        *malformed_bodies("PATCH", "/variables/name/nope", {}),
    ],
    "variables: odd values": [
        *with_each_key_missing(PATH, VARIABLE, ("name", "value")),
        *with_odd_values(PATH, {"value": 1}, ["name"], (None, True, 1, [], {}, LONG_NAME, "A b")),
        *with_odd_values(PATH, {"value": 1}, ["name"], (*ODD_TEXTS, "a\n b", "ä", "-" * 300)),
        *with_odd_values(PATH, {"name": "V"}, ["tags", "unknown", "id"]),
        *with_odd_values(PATH, {"name": "V"}, ["value"], (LONG_VALUE, "v" * 4_998, 2**64, 2**63)),
        *with_odd_values(PATH, {"name": "V"}, ["value"], ({"\ud800": 1}, ["\ud800"], "é" * 2_500)),
        ApiRequest("POST", PATH, b'{"name": "V", "value": NaN}'),
        ApiRequest("POST", PATH, b'{"name": "V", "value": ' + b"[" * 260 + b"]" * 260 + b"}"),
    ],
    "variables: values": [
        *(
            request
            for place, value in enumerate(VALUES)
            for request in (
                named(f"v{place}", value=value),
                ApiRequest("GET", f"/variables/<v{place}>"),
                *delete(f"v{place}"),
            )
        ),
        *(
            request
            for place, value in enumerate(ODD_NUMBERS[2:])
            # PostgreSQL keeps it as an integer of 301 digits, and no list can be sent any more.
            if value != 1e300
            for request in (
                named(f"n{place}", value=value),
                ApiRequest("GET", f"/variables/name/n{place}-<u>"),
                ApiRequest("DELETE", f"/variables/name/n{place}-<u>"),
            )
        ),
        ApiRequest("POST", PATH, b'{"name": "nan-<u>", "value": [NaN, -Infinity]}'),
        ApiRequest("GET", "/variables/name/nan-<u>"),
        ApiRequest("DELETE", "/variables/name/nan-<u>"),
        *(
            request
            for text in ("a\0b", "Ünï ❤", "\\u0000")
            for request in (
                ApiRequest("POST", PATH, {"name": "t-<u>", "value": [text], "tags": [text]}),
                ApiRequest("GET", "/variables/name/t-<u>"),
                ApiRequest("DELETE", "/variables/name/t-<u>"),
            )
        ),
        ApiRequest("POST", PATH, {"name": "t-<u>", "value": 1, "tags": ["a", "a"]}),
        ApiRequest("DELETE", "/variables/name/t-<u>"),
    ],
    "variables: one": [
        ApiRequest("POST", PATH, VARIABLE, save_id_as="one"),
        ApiRequest("POST", PATH, VARIABLE),
        ApiRequest("POST", PATH, {"name": "v-<u>", "value": None}),
        ApiRequest("GET", "/variables/<one>"),
        ApiRequest("GET", "/variables/name/v-<u>"),
        *(ApiRequest("GET", f"/variables/name/{name}") for name in NAMES),
        *(ApiRequest("DELETE", f"/variables/name/{name}") for name in NAMES[1:]),
        *(ApiRequest("PATCH", f"/variables/name/{name}", {"value": 1}) for name in NAMES[1:]),
        *(ApiRequest(method, f"/variables/{UNKNOWN_ID}") for method in ("GET", "DELETE")),
        *(ApiRequest("GET", f"/variables/{text}") for text in ODD_IDS[1:4]),
        ApiRequest("PATCH", f"/variables/{UNKNOWN_ID}", {"value": 1}),
        ApiRequest("PATCH", f"/variables/{UNKNOWN_ID}", {"name": "V"}),
        ApiRequest("GET", "/variables/name/"),
        *delete("one", "one"),
        ApiRequest("GET", "/variables/<one>"),
    ],
    "variables: update": [
        named("a"),
        named("b"),
        *(
            request
            for body in (
                {},
                {"value": 2},
                {"value": None},
                {"tags": ["<u>", "z"]},
                {"name": "c-<u>"},
                {"name": "a-<u>"},
                {"name": "a-<u>", "value": {"x": 1}, "tags": []},
                {"name": "b-<u>"},
                {"name": None},
                {"tags": None},
                {"name": "B"},
                {"id": UNKNOWN_ID},
            )
            for request in (
                ApiRequest("PATCH", "/variables/<a>", body),
                ApiRequest("GET", "/variables/<a>"),
            )
        ),
        ApiRequest("PATCH", "/variables/name/b-<u>", {"value": 5, "name": "d-<u>"}),
        ApiRequest("GET", "/variables/name/b-<u>"),
        ApiRequest("GET", "/variables/name/d-<u>"),
        ApiRequest("PATCH", "/variables/name/d-<u>", {"name": "a-<u>"}),
        ApiRequest("PATCH", "/variables/name/d-<u>", {"name": None}),
        *as_patch(with_odd_values("/variables/<a>", {}, ["name", "tags", "unknown"])),
        ApiRequest("GET", "/variables/<a>"),
        *delete("a", "b"),
    ],
    "variables: lists": [
        *CREATES,
        *(
            request
            for criteria in FILTERS
            for request in (
                ApiRequest("POST", FILTER, {"variables": {"tags": {"all_": ["<u>"]}, **criteria}}),
                ApiRequest("POST", COUNT, {"variables": {"tags": {"all_": ["<u>"]}, **criteria}}),
            )
        ),
        *post_requests(
            FILTER,
            *(
                {"variables": OWN, "sort": sort}
                for sort in (
                    *("NAME_ASC", "NAME_DESC", "CREATED_DESC", "UPDATED_DESC", "ID_DESC", "x"),
                    *(None, 1),
                )
            ),
            *(
                {"variables": OWN, "limit": limit, "offset": offset}
                for limit in (0, 1, 2, 200, 201, -1, "x", None, "1", 1.0)
                for offset in (0, 1)
            ),
            *({"variables": OWN, "offset": offset} for offset in (-1, 9, "x", 2**63, 2**70, None)),
            {"variables": OWN, "unknown": 1},
            {"variables": [], "sort": 1},
        ),
        *with_odd_values(FILTER, {}, ["variables"], (1, "x", [], True)),
        *with_odd_values(COUNT, {}, ["variables"], (1, "x", [], True)),
        *post_requests(COUNT, {"tags": {"all_": ["<u>"]}}, {"variables": OWN, "limit": 1}),
        *malformed_bodies("POST", FILTER, {"variables": {"id": {"any_": []}}}),
        *malformed_bodies("POST", COUNT, {"variables": {"id": {"any_": []}}}),
        *delete("a", "b_1", "b2"),
    ],
}
