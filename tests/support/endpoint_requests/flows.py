"""Creating, reading and deleting flows."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import UNKNOWN_ID, Json

PATH = "/flows/"
NAME = "f 1 <u>"
FLOW: Json = {"name": NAME}

REQUESTS: RequestGroups = {
    "flows: any body": malformed_bodies("POST", PATH, FLOW),
    "flows: odd values": [
        *with_odd_values(PATH, {}, ["name"], (None, True, 1, 1.5, "", [], ["a"], {}, 10**30)),
        *with_odd_values(PATH, FLOW, ("tags", "labels", "unknown", "labels.a")),
        *with_odd_values(
            PATH, {"name": "f 2 <u>"}, ["tags"], (["a", "a"], ["\0"], ["\ud800"], [1, None])
        ),
        *with_odd_values(PATH, {"name": "f 3 <u>"}, ["labels.a"], ("\0", "\ud800", 2**63, -0.0)),
        *post_requests(
            PATH,
            *({"name": f"f 4 <u>{letter}"} for letter in "/%&><\n\0\ud800ÿ\x7f"),
            {"name": "f 4 <u>é", "tags": ["t"], "labels": {"a": 1, "b": "x"}},
            {"name": "f 4 <u>é", "tags": ["other"]},
            {"name": "/", "tags": 1, "labels": 1, "b": 1, "a": 1},
            {"tags": 1},
            b'{"name": "f 5 <u>", "labels": {"a": NaN}}',
            b'{"name": "f 5 <u>", "labels": {"a": Infinity}}',
        ),
    ],
    "flows: one": [
        ApiRequest("POST", PATH, {"name": "f 6 <u>"}, save_id_as="one"),
        *(
            ApiRequest("POST", PATH, {"name": other})
            for other in ("f 6 <u>", "F 6 <u>", "f 6 <u> ")
        ),
        *(
            ApiRequest("GET", f"/flows/name/{of}")
            for of in (
                "f%206%20<u>",
                "F%206%20<u>",
                "nope",
                "a%00b",
                "%ff",
                "a/b",
                "a%0Ab",
                "%20",
            )
        ),
        ApiRequest("GET", "/flows/name/"),
        ApiRequest("GET", "/flows/<one>"),
        *(ApiRequest(method, f"/flows/{UNKNOWN_ID}") for method in ("GET", "DELETE")),
        ApiRequest("DELETE", "/flows/<one>"),
        ApiRequest("DELETE", "/flows/<one>"),
        ApiRequest("GET", "/flows/<one>"),
    ],
}
