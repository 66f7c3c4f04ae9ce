"""Keeping, listing and downloading logs."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    JSON_HEADERS,
    ApiRequest,
    RequestGroups,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import (
    INVALID_BODY,
    ODD_IDS,
    ODD_NUMBERS,
    ODD_TEXTS,
    ODD_TIMES,
    UNKNOWN_ID,
    Json,
)
from tests.support.endpoint_requests.valid_requests import CREATE_RUN

PATH, FILTER = "/logs/", "/logs/filter"
OWN: Json = {"flow_run_id": {"any_": ["<run>"]}}
DOWNLOAD = ApiRequest("GET", "/flow_runs/<run>/logs/download")


def line(second: int, message: str, **fields: object) -> Json:
    """A log of the run, at a second of a minute."""
    at = f"2026-01-31T08:00:{second:02}Z"
    about = {"name": "prefect.flow_runs", "level": 20, "flow_run_id": "<run>"}
    return {**about, "message": message, "timestamp": at, **fields}


LINES = [
    line(3, "Error 100% of wÖrld"),
    line(1, "first", level=10),
    line(5, "the Last 1000", level=40, name="my.Logger"),
    line(2, 'a "quoted", text\nin two lines', task_run_id=UNKNOWN_ID),
    line(4, "", level=0, timestamp="2026-01-31T09:00:04.123456+01:00"),
    line(4, "back\\slash_ and %"),
    {**line(6, "of no run"), "flow_run_id": None, "task_run_id": "<run>"},
]
CREATES = [CREATE_RUN, ApiRequest("POST", PATH, LINES)]
FILTERS: tuple[Json, ...] = (
    *(OWN, {**OWN, "level": {"ge_": 20}}, {**OWN, "level": {"ge_": 10, "le_": 20}}),
    *({**OWN, "level": {}}, {**OWN, "level": None}, {**OWN, "level": {"eq_": 1}}, {"x": 1}),
    *({**OWN, "timestamp": {"before_": "2026-01-31T08:00:03Z"}},),
    *({**OWN, "timestamp": {"after_": "2026-01-31T08:00:04.123456Z"}},),
    *({**OWN, "task_run_id": {"any_": [UNKNOWN_ID]}}, {**OWN, "task_run_id": {"any_": []}}),
    *({**OWN, "task_run_id": {"is_null_": True}}, {**OWN, "task_run_id": {"is_null_": False}}),
    {**OWN, "task_run_id": {"is_null_": True, "any_": [UNKNOWN_ID]}},
    *({"task_run_id": {"any_": ["<run>"]}}, {"flow_run_id": {"any_": []}}),
    *({"flow_run_id": {"any_": [UNKNOWN_ID, "<run>", "<run>"]}}, {"flow_run_id": {"any_": ["x"]}}),
    *({**OWN, "operator": "or_", "task_run_id": {"any_": ["<run>"]}}, {**OWN, "operator": "or_"}),
    *(
        {**OWN, "operator": None},
        {**OWN, "operator": "x"},
        {**OWN, "name": {"any_": ["my.Logger"]}},
    ),
    *({**OWN, "flow_run_id": {"is_null_": True}}, {**OWN, "id": {"any_": []}}),
)
QUERIES = (
    *("error", "ERROR", "wör", "WÖR", "wÖr", "100%", "100_", "%", "_", "\\", "back\\slash", "/"),
    *("", " ", "first last", "first -level", "-first", "!first", "+first +last", "+the +last"),
    *("- first", "+", "-", "--first", '"100% of"', '"the last', '"', '""', '-"the last"', '" "'),
    *('a"quoted"', '"a \\"quoted\\""', '"back\\\\slash"', "my.logger", "lines prefect", '"e f" x'),
    *("x" * 200, "x" * 201, "first\0", "fir\0st", "LAST\u00a01000", "Error -100% +of", "++first"),
    *("!-first", '+"first', "first\\", '"first\\', "İ", "ſt", "K"),
)

REQUESTS: RequestGroups = {
    "logs: filters": [
        *CREATES,
        *post_requests(FILTER, *({"logs": one} for one in FILTERS)),
        *post_requests(
            FILTER,
            *(
                {"logs": OWN, "sort": "TIMESTAMP_DESC", **page}
                for page in ({}, {"limit": 2}, {"limit": 2, "offset": 1}, {"offset": 100})
            ),
        ),
    ],
    "logs: pages": [
        *CREATES,
        # Bodies that are read as no filter list the logs of others, too.
        *post_requests(FILTER, True, 7, "x", [], [1], [{}], b"{bad", b"\xff", b"NaN"),
        ApiRequest("POST", FILTER, INVALID_BODY, {**JSON_HEADERS, "x-prefect-api-version": "x"}),
        *with_odd_values(FILTER, {"logs": OWN}, ("limit", "offset", "sort")),
        *with_odd_values(FILTER, {"logs": OWN}, ("limit", "offset"), ODD_NUMBERS),
        *post_requests(
            FILTER,
            {"logs": OWN, "limit": 200},
            {"logs": OWN, "limit": 201, "offset": "x"},
            {"logs": OWN, "limit": 0},
            {"logs": OWN, "sort": "LEVEL_ASC"},
            {"logs": OWN, "limit": None, "offset": None, "sort": None},
            {"logs": 1, "sort": 1, "limit": "x", "offset": -1},
        ),
    ],
    "logs: odd filters": [
        CREATE_RUN,
        *with_odd_values(
            FILTER,
            {"logs": {**OWN, "level": {"ge_": 10_000}}},
            (
                *("logs.flow_run_id", "logs.flow_run_id.any_", "logs.task_run_id.is_null_"),
                *("logs.timestamp.after_", "logs.text", "logs.text.query"),
            ),
        ),
        *with_odd_values(FILTER, {"logs": OWN}, ["logs.level", "logs.level.ge_"]),
        *with_odd_values(FILTER, {"logs": OWN}, ["logs.level.le_"], ODD_NUMBERS),
        *with_odd_values(FILTER, {"logs": OWN}, ["logs.timestamp.before_"], ODD_TIMES),
        *post_requests(
            FILTER, *({"logs": {**OWN, "task_run_id": {"any_": [one]}}} for one in ODD_IDS)
        ),
        *with_odd_values(FILTER, {"logs": OWN}, ["logs.text.query"], ODD_TEXTS),
    ],
    "logs: texts": [
        *CREATES,
        *post_requests(FILTER, *({"logs": {**OWN, "text": {"query": one}}} for one in QUERIES)),
        *post_requests(
            FILTER,
            *(
                {"logs": {"operator": "or_", "task_run_id": {"any_": ["<run>"]}, **one}}
                for one in ({"text": {"query": ""}}, {"text": {"query": "<u>"}})
            ),
            {
                "logs": {
                    "operator": "or_",
                    "timestamp": {"after_": "2090-01-01T00:00:00Z"},
                    "text": {"query": "<u> +of +<u>"},
                }
            },
        ),
    ],
    "logs: download": [
        CREATE_RUN,
        DOWNLOAD,
        ApiRequest("POST", PATH, LINES),
        DOWNLOAD,
        ApiRequest("GET", f"/flow_runs/{UNKNOWN_ID}/logs/download"),
        ApiRequest("GET", "/flow_runs/nope/logs/download"),
        ApiRequest("POST", "/flow_runs/<run>/logs/download"),
        *(
            request
            for name in ("é 1", "Ж 1", 'a "b";')
            for request in (
                ApiRequest("PATCH", "/flow_runs/<run>", {"name": name}),
                DOWNLOAD,
            )
        ),
    ],
    # A real server deletes the logs of the run a moment after the reply: who asks at once may see
    # them.
    "logs: of a deleted run": [
        *CREATES,
        ApiRequest("DELETE", "/flow_runs/<run>"),
        ApiRequest("POST", FILTER, {"logs": {"task_run_id": {"any_": ["<run>"]}}}),
        DOWNLOAD,
    ],
    "logs: of a deleted flow": [
        ApiRequest("POST", "/flows/", {"name": "logs <u>"}, save_id_as="its flow"),
        ApiRequest("POST", "/flow_runs/", {"flow_id": "<its flow>"}, save_id_as="run"),
        ApiRequest("POST", PATH, [line(1, "still here")]),
        ApiRequest("DELETE", "/flows/<its flow>"),
        ApiRequest("POST", FILTER, {"logs": OWN}),
    ],
}
