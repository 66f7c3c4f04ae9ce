"""Creating and reading task runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tests.support.endpoint_requests.api_request import (
    FUTURE_TIME,
    ApiRequest,
    RequestGroups,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import (
    ODD_IDS,
    ODD_NUMBERS,
    ODD_TEXTS,
    ODD_TIMES,
    UNKNOWN_ID,
    Json,
)
from tests.support.endpoint_requests.valid_requests import CREATE_RUN, TASK_RUN

TASK_RUN_POLICY_KEYS = (
    *("max_retries", "retry_delay_seconds", "retries", "retry_delay", "retry_jitter_factor"),
)

_RETRY_DELAYS: Sequence[Json] = (
    *(
        [],
        [1, 2],
        [1.5, 2],
        [1, 2.0],
        ["1", "x"],
        [None],
        [1] * 50,
        [1] * 51,
        [1.5] * 51,
        2.0,
        "1.5",
    ),
    *([True], [10**30], 10**30, [[1]], -1, {"0": 1}),
)

_TASK_INPUTS: Sequence[Json] = (
    *([], [{}], [1], [None], ["x"], {"id": UNKNOWN_ID}, [[]]),
    *(
        [one]
        for one in (
            {"id": UNKNOWN_ID},
            {"input_type": "task_run", "id": UNKNOWN_ID.upper()},
            {"input_type": "flow_run", "id": UNKNOWN_ID},
            {"input_type": "flow_run", "id": "x"},
            {"input_type": "task_run"},
            {"name": "p"},
            {"input_type": "parameter", "name": "p", "unknown": 1},
            {"input_type": "parameter"},
            {"type": "int"},
            {"input_type": "constant", "type": 1},
            {"input_type": "other", "id": UNKNOWN_ID},
            {"input_type": None, "name": "x"},
            {"name": "a\0"},
        )
    ),
    [
        {"id": UNKNOWN_ID},
        {"name": "p"},
        {"type": "t"},
        {"input_type": "flow_run", "id": UNKNOWN_ID},
    ],
)


def _with_dynamic_keys(requests: Iterable[ApiRequest], start: int = 0) -> Iterator[ApiRequest]:
    """Give each request a dynamic key of its own, unless its dynamic key is the odd value.

    A server creates only one task run for a task key and dynamic key.
    """
    for number, one in enumerate(requests):
        own = {"dynamic_key": f"{start}-{number}"} if one.body.get("dynamic_key") == "1" else {}
        yield ApiRequest(one.method, one.path, {**one.body, **own}, one.headers)


PATH = "/task_runs/"
KEYS = (
    *("id", "state", "name", "flow_run_id", "task_key", "dynamic_key", "cache_key"),
    *("cache_expiration", "task_version", "empirical_policy", "tags", "labels", "task_inputs"),
    "unknown",
)

REQUESTS: RequestGroups = {
    "task runs: any body": [CREATE_RUN, *malformed_bodies("POST", PATH, TASK_RUN)],
    **{
        f"task runs: {key}": [
            CREATE_RUN,
            *_with_dynamic_keys(with_odd_values(PATH, TASK_RUN, [key]), number),
        ]
        for number, key in enumerate(KEYS)
    },
    "task runs: inside": [
        CREATE_RUN,
        *_with_dynamic_keys(
            with_odd_values(PATH, TASK_RUN, [f"empirical_policy.{k}" for k in TASK_RUN_POLICY_KEYS])
        ),
        *_with_dynamic_keys(
            with_odd_values(PATH, TASK_RUN, ["empirical_policy.retry_delay"], _RETRY_DELAYS), 1
        ),
        *_with_dynamic_keys(
            with_odd_values(PATH, TASK_RUN, ["empirical_policy.retry_jitter_factor"], ODD_NUMBERS),
            2,
        ),
        *_with_dynamic_keys(with_odd_values(PATH, TASK_RUN, ["task_inputs.a"], _TASK_INPUTS), 3),
        *_with_dynamic_keys(with_odd_values(PATH, TASK_RUN, ["cache_expiration"], ODD_TIMES), 4),
        *_with_dynamic_keys(with_odd_values(PATH, TASK_RUN, ["id", "flow_run_id"], ODD_IDS), 5),
        *_with_dynamic_keys(
            with_odd_values(
                PATH,
                TASK_RUN,
                ("name", "cache_key", "task_version", "state.name", "state.message"),
                ODD_TEXTS[:3],
            ),
            6,
        ),
        *_with_dynamic_keys(
            with_odd_values(PATH, TASK_RUN, ["labels.a", "tags"], (None, [], ["\0"], "\0")), 7
        ),
        *_with_dynamic_keys(
            with_odd_values(
                PATH, TASK_RUN, ["cache_key"], ("x" * 2000, "x" * 2001, "é" * 2000, "😀" * 2001)
            ),
            8,
        ),
        *_with_dynamic_keys(
            with_odd_values(
                PATH,
                {**TASK_RUN, "state": {"type": "RUNNING"}},
                ("state.state_details.scheduled_time", "state.state_details.flow_run_id"),
                (*ODD_TIMES[:6], *ODD_IDS[:4], "0001-01-01T00:00:00+00:01"),
            ),
            9,
        ),
        *post_requests(
            PATH,
            *({**TASK_RUN, key: text} for key in ("task_key", "dynamic_key") for text in ODD_TEXTS),
        ),
    ],
    "task runs: again": [
        CREATE_RUN,
        ApiRequest("POST", PATH, TASK_RUN, save_id_as="one"),
        *post_requests(
            PATH,
            *(
                b'{"task_key": "n", "dynamic_key": "%s", %s}' % (key, value)
                for key, value in (
                    (b"0", b'"flow_run_id": "<run>", "labels": {"a": NaN}'),
                    (b"1", b'"flow_run_id": "<run>", "empirical_policy": {"retry_delay": NaN}'),
                )
            ),
            {**TASK_RUN, "name": "other", "state": {"type": "RUNNING"}},
            {**TASK_RUN, "id": UNKNOWN_ID.replace("9", "8")},
            {**TASK_RUN, "dynamic_key": "2", "id": "<one>"},
            {**TASK_RUN, "task_key": "K"},
            {**TASK_RUN, "flow_run_id": UNKNOWN_ID},
            {**TASK_RUN, "flow_run_id": UNKNOWN_ID, "state": {"type": "x"}},
            {**TASK_RUN, "flow_run_id": None, "task_key": "<u>"},
            {**TASK_RUN, "flow_run_id": None, "task_key": "<u>", "name": "other"},
            {"task_key": "<u>", "dynamic_key": "1", "id": "<one>"},
            {"task_key": "<u>", "dynamic_key": "2", "id": "<one>"},
            {"task_key": "<u>", "dynamic_key": "3", "state": {"type": "SCHEDULED"}},
            {"task_key": "<u>", "dynamic_key": "4", "state": {"type": "COMPLETED", "data": 1}},
            {"task_key": "<u>", "dynamic_key": "5", "state": {"type": "RUNNING", "name": ""}},
            {"task_key": "<u>", "dynamic_key": "6", "state": {"type": "PAUSED"}},
            {
                **TASK_RUN,
                "dynamic_key": "7",
                "state": {
                    "type": "SCHEDULED",
                    "state_details": {"scheduled_time": FUTURE_TIME},
                },
            },
            {
                **TASK_RUN,
                "dynamic_key": "8",
                "state": {"type": "FAILED", "data": {"type": "x"}},
            },
            {"task_key": "", "dynamic_key": "", "flow_run_id": "<run>"},
            {"task_key": 1, "dynamic_key": None, "tags": 1, "state": 1, "b": 1, "a": 1},
        ),
        ApiRequest("GET", "/task_runs/<one>"),
        *(
            ApiRequest("GET", f"/task_runs/{of}")
            for of in (UNKNOWN_ID, "nope", UNKNOWN_ID.replace("-", ""))
        ),
    ],
}
