"""Requests to the endpoints around bulk_delete, how to send them, and what real servers answered.

    python -m tests.support.endpoint_cases SQLITE_URL POSTGRESQL_URL FILE

sends every request to the two servers whose APIs are at the URLs, and writes what they answered to
FILE. tests/data/endpoints-prefect-3.8.8.json is that of real servers without background services:
outcomes, one a line, and for each group of requests the numbers of their outcomes, in the order of
the requests. Where the databases differ an outcome is an object with one for each.

An outcome is a status, the reply, and an object with what else there is: `allow`, `location`, and
`closes` where a connection is closed after another status than 500 and 503, or is kept after these.
Ids and instants differ from day to day, and much is always the same, so a reply is told in short
(see `Told`):

- `<flow>`, `<run>`, ...: what the world or an earlier request of the group is called by; `<1>`,
  `<2>`, ...: other ids that no request has given, in the order in which they appear in a reply.
- `<now>`: an instant of the last hour. `<name>`: a name that the server has made up.
- Left out are: what the passing of time changes; in records, what is null, 0, false, empty or
  `<now>`, but for `job_variables`, what the request gave, and `state_*` that agree with `state`; in
  errors, the `request_body` that is as it was sent, and their first line.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

from tests.support.paths import DATA

Json = Any

CASES = DATA / "endpoints-prefect-3.8.8.json"
DATABASES = ("sqlite", "postgresql")
NOBODY = "99999999-0000-4000-8000-000000000000"
NOTHING: Mapping[str, str] = {}
AS_JSON: Mapping[str, str] = {"Content-Type": "application/json"}
FUTURE = "2091-02-03T04:05:06Z"


# --- Requests --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ask:
    """A request. `<flow>` in its path or body stands for what is called so; the id of its reply
    is called `keep`. A body that is no bytes is sent as JSON; `...` is none.
    """

    method: str
    path: str
    body: Json = ...
    headers: Mapping[str, str] = field(default_factory=lambda: AS_JSON)
    keep: str = ""

    def content(self, names: Mapping[str, str]) -> bytes:
        """The body as it is sent."""
        if self.body is ...:
            return b""
        sent = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        for name, value in names.items() if b"<" in sent else ():
            sent = sent.replace(f"<{name}>".encode(), value.encode())
        return sent

    def address(self, names: Mapping[str, str]) -> str:
        """The path as it is sent, without the prefix."""
        path = self.path
        for name, value in names.items():
            path = path.replace(f"<{name}>", quote(value))
        return path

    def __str__(self) -> str:
        headers = "" if self.headers is AS_JSON else f" {dict(self.headers)}"
        body = "" if self.body is ... else repr(self.body)
        return f"{self.method} {self.path}{headers} {body[:300]}"


def posts(path: str, *bodies: Json, method: str = "POST") -> Iterator[Ask]:
    return (Ask(method, path, body) for body in bodies)


# What is put where something else belongs; and texts and numbers that are none of a kind.
ODD: Sequence[Json] = (*(None, True, 1, 1.5, "", "x", "7", [], ["a"], {}, {"a": "b"}, 10**30),)
# With these a real server on SQLite tells of a new run that it then does not have.
BEYOND_UTC = ("0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01")
TIMES: Sequence[Json] = (
    *("2023-11-07T05:31:56+02:00", "2023-11-07T05:31:56.1234567Z", "2023-11-07T05:31:56"),
    *("2023-11-07", "2023-W45", 1699335116, "1699335116", 1e11, 1e18, -1, "nope", "", "P1D"),
    *(*BEYOND_UTC, "9999-12-31T23:59:59Z"),
    *("0001-01-01T00:00:01Z", "2023-11-07T05:31:60Z", True, [], {}),
    *("2023-11-07T05:31:56-23:59", "2023-11-07 05:31", "2016-12-31T23:59:60Z", "\ud800"),
)
IDS: Sequence[Json] = (
    *("3C90C3CC-0D44-4B50-8888-8DD25736052A", "3c90c3cc0d444b5088888dd25736052a", "nope", "", 1),
    *("urn:uuid:3c90c3cc-0d44-4b50-8888-8dd25736052a", "{3c90c3cc-0d44-4b50-8888-8dd25736052a}"),
    *("\ud800", "3c90c3cc-0d44-4b50-8888-8dd25736052\0", [NOBODY], None),
)
NO_OBJECTS: Sequence[Json] = (
    *(..., b"", None, True, 7, 1.5, "x", [], [1], [{}], {}, {"x": 1}, b"{bad", b"\xff", b"NaN"),
    *(b"[Infinity]", b'{"x": NaN}', b'{"x": "\\ud800"}', b'["\\ud800"]', b'"\\ud800"', b"[" * 2000),
    *(b'{"x": 1e999}', b"\xef\xbb\xbf{}", b" ", b"{} x", b'{"x": ' + b"9" * 4301 + b"}"),
    b'{"x": ' + b"[" * 300 + b"]" * 300 + b"}",
)
TYPES_OF_BODY = (
    *("", "text/plain", "application/x-www-form-urlencoded", "application/vnd.api+json"),
    *("APPLICATION/JSON; charset=utf-8", "multipart/form-data"),
)
VERSIONS = ("", "0.8.0", "0.8.4", "0.7.9", "0.8", "x", "99.0.0", "-1.0.0", "\xe9")


def odd_in(
    path: str, base: Json, keys: Iterable[str], values: Iterable[Json] = ODD, **given: Any
) -> Iterator[Ask]:
    """The same body again and again, each time with an odd value under one of the keys.

    `{"a": {"b": 1}}` has the keys `a` and `a.b`.
    """
    values = tuple(values)
    for key in keys:
        for value in values:
            yield Ask("POST", path, _with(base, key.split("."), value), **given)


def without_each(path: str, base: Json, keys: Iterable[str]) -> Iterator[Ask]:
    return posts(path, *({k: v for k, v in base.items() if k != key} for key in keys))


def _with(base: Json, path: Sequence[str], value: Json) -> Json:
    key, *rest = path
    return {**base, key: _with(base.get(key, {}), rest, value) if rest else value}


def _patched(asks: Iterable[Ask]) -> Iterator[Ask]:
    return (Ask("PATCH", ask.path, ask.body, ask.headers) for ask in asks)


WRONG = b'{"limit": "x", "state": 1, "name": 1, "flow_id": 1, "slots": 0}'
TORN = b"{bad"


def any_body(method: str, path: str, valid: Json) -> Iterator[Ask]:
    """What no body of a kind is; and bodies under odd headers."""
    yield from posts(path, *NO_OBJECTS, method=method)
    for body in (valid, TORN):
        yield from (Ask(method, path, body, {"Content-Type": kind}) for kind in TYPES_OF_BODY)
        yield Ask(method, path, body, NOTHING)
    for version in VERSIONS:
        yield Ask(method, path, WRONG, {**AS_JSON, "x-prefect-api-version": version})
    for body in (TORN, b"\xff", b"", valid):
        yield Ask(method, path, body, {**AS_JSON, "x-prefect-api-version": "x"})


def few_bodies(path: str) -> Iterator[Ask]:
    """The same of an endpoint that is much like another."""
    yield from posts(path, *NO_OBJECTS[:13])
    yield Ask("POST", path, WRONG, {"Content-Type": "text/plain"})
    yield Ask("POST", path, WRONG, {**AS_JSON, "x-prefect-api-version": "x"})


MAKES_RUN = Ask("POST", "/flow_runs/", {"flow_id": "<flow>", "name": "Run 1"}, keep="run")
MAKES_WAITING = Ask(
    "POST",
    "/flow_runs/",
    {
        "flow_id": "<flow>",
        "deployment_id": "<deployment>",
        "name": "Run 2",
        "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": FUTURE}},
        "job_variables": {"a": 1},
    },
    keep="waiting",
)
MAKES_TASK = Ask(
    "POST",
    "/task_runs/",
    {"flow_run_id": "<run>", "task_key": "t", "dynamic_key": "0", "name": "Task 1"},
    keep="task",
)
READS_RUN, READS_WAITING = Ask("GET", "/flow_runs/<run>"), Ask("GET", "/flow_runs/<waiting>")
FLOW_RUN: Json = {"flow_id": "<flow>", "name": "Run 3"}
TASK_RUN: Json = {"flow_run_id": "<run>", "task_key": "k", "dynamic_key": "1", "name": "Task 2"}
LOG: Json = {"name": "l", "level": 20, "message": "m", "timestamp": "2026-01-31T08:00:00Z"}
SLOTS: Json = {"slots": 1, "names": ["tag:x <u>"]}
HISTORY: Json = {
    "history_start": "2026-01-01T00:00:00Z",
    "history_end": "2026-01-02T00:00:00Z",
    "history_interval_seconds": 43200,
}
NO_RUN: Json = {"flow_runs": {"id": {"any_": []}}}
POLICY_OF_FLOW_RUNS = (
    *("max_retries", "retry_delay_seconds", "retries", "retry_delay", "pause_keys", "resuming"),
    "retry_type",
)
POLICY_OF_TASK_RUNS = (
    *("max_retries", "retry_delay_seconds", "retries", "retry_delay", "retry_jitter_factor"),
)
IDS_OF_DETAILS = (
    *("flow_run_id", "task_run_id", "child_flow_run_id", "transition_id", "task_parameters_id"),
    "deployment_concurrency_lease_id",
)
TIMES_OF_DETAILS = ("scheduled_time", "cache_expiration", "pause_timeout")
OTHER_DETAILS = (
    *("cache_key", "deferred", "untrackable_result", "pause_reschedule", "pause_key"),
    *("run_input_keyset", "refresh_cache", "retriable", "traceparent"),
)
TEXTS: Sequence[Json] = ("a\0b", "\ud800", "Ünï ❤", "\\u0000", " ")
NUMBERS: Sequence[Json] = (
    *(0, -1, 2**31, 2**31 - 1, 2**63 - 1, 2**63, -(2**63) - 1, 1e300, 10.0, -0.0, "1.0", "1e3"),
)

LABELS: Sequence[Json] = (None, True, 1, 1.5, "x", [], {}, 1e300, 10**30, -0.0, 2**63)
POLICIES: Sequence[Json] = (
    {"max_retries": 3},
    {"max_retries": 3, "retries": 0},
    {"max_retries": 3, "retries": 2},
    {"max_retries": None},
    {"max_retries": "x"},
    {"retry_delay_seconds": 1.5},
    {"retry_delay_seconds": 2.0},
    {"retry_delay_seconds": "4"},
    {"retry_delay_seconds": None},
    {"retry_delay_seconds": 3, "retry_delay": None},
    {"max_retries": False},
    {"max_retries": []},
    {"pause_keys": ["a", "a"]},
    {"pause_keys": [1]},
    {"pause_keys": {"a": 1}},
    {"retry_type": "in_process", "unknown": 1},
)


def _flow_runs() -> Iterator[tuple[str, Iterable[Ask]]]:
    path = "/flow_runs/"
    yield "flow runs: any body", any_body("POST", path, FLOW_RUN)
    keys = (
        *("state", "name", "flow_id", "flow_version", "parameters", "context", "labels", "tags"),
        *("parent_task_run_id", "infrastructure_document_id", "empirical_policy", "job_variables"),
        *("work_queue_name", "deployment_id", "id", "unknown"),
    )
    yield "flow runs: odd values", odd_in(path, FLOW_RUN, keys)
    odd_pools = [value for value in ODD if value is not None]
    yield "flow runs: odd pools", odd_in(path, FLOW_RUN, ["work_pool_name"], odd_pools)
    yield (
        "flow runs: odd policies",
        odd_in(path, FLOW_RUN, [f"empirical_policy.{key}" for key in POLICY_OF_FLOW_RUNS]),
    )
    yield (
        "flow runs: numbers",
        odd_in(
            path,
            FLOW_RUN,
            [f"empirical_policy.{key}" for key in ("retries", "retry_delay")],
            NUMBERS,
        ),
    )
    yield (
        "flow runs: deprecated keys",
        posts(
            path,
            *({**FLOW_RUN, "empirical_policy": policy} for policy in POLICIES),
        ),
    )
    yield (
        "flow runs: ids",
        odd_in(path, FLOW_RUN, ["flow_id", "infrastructure_document_id", "deployment_id"], IDS),
    )
    yield (
        "flow runs: times",
        odd_in(
            path,
            {**FLOW_RUN, "state": {"type": "SCHEDULED"}},
            ["state.state_details.scheduled_time"],
            [time for time in TIMES if time not in BEYOND_UTC],
        ),
    )
    yield (
        "flow runs: texts",
        odd_in(path, {**FLOW_RUN, "state": {"type": "PENDING"}}, _PLACES_OF_TEXTS, TEXTS),
    )
    yield "flow runs: inside", odd_in(path, FLOW_RUN, _INSIDE, TEXTS[:2])
    yield (
        "flow runs: lists and labels",
        posts(
            path,
            *(
                {**FLOW_RUN, "tags": tags}
                for tags in (["a", "a"], [""], [1], [None], ["a", 1, 2], "ab")
            ),
            *({**FLOW_RUN, "labels": {"a": value}} for value in LABELS),
            *(b'{"flow_id": "<flow>", "labels": {"a": %s}}' % one for one in (b"NaN", b"1e999")),
            *(
                b'{"flow_id": "<flow>", "idempotency_key": "<u>%s", %s}' % (key, value)
                for key, value in (
                    (b"1", b'"labels": {"a": NaN}'),
                    (b"2", b'"empirical_policy": {"retry_delay_seconds": Infinity}'),
                    (b"3", b'"parameters": {"a": NaN}'),
                )
            ),
            b'{"flow_id": "<flow>", "empirical_policy": {"retry_delay_seconds": Infinity}}',
            {**FLOW_RUN, "labels": {"prefect.flow.id": "mine", "": "x"}},
            *(
                b'{"flow_id": "<flow>", "%s": {"a": [%s]}}' % (key, value)
                for key in (b"parameters", b"context", b"job_variables")
                for value in (
                    b"NaN",
                    b"-Infinity",
                    b"1e999",
                    b"9" * 40,
                    b"-0.0",
                    b'"\\ud83d\\ude00"',
                )
            ),
            *({**FLOW_RUN, "parameters": {"a": "x" * size}} for size in (524_288 - 8, 524_288 - 7)),
            *(
                b'{"flow_id": "<flow>", "parameters": {"a": "%s"}}' % ("é".encode() * size)
                for size in (87_380, 87_381)
            ),
            {
                **FLOW_RUN,
                "parameters": {"a": 1.0, "b": [1, 2], "c": {"d": None}},
                "context": {"e": 1},
            },
            {**FLOW_RUN, "name": None, "tags": None},
            {
                "flow_id": "x",
                "name": 1,
                "tags": 1,
                "state": {"type": 1, "name": 1},
                "zz": 1,
                "aa": 2,
            },
        ),
    )
    yield (
        "flow runs: what there is not",
        [
            *posts(
                path,
                {"flow_id": NOBODY},
                {"flow_id": NOBODY, "idempotency_key": "k"},
                {**FLOW_RUN, "parent_task_run_id": NOBODY},
                {**FLOW_RUN, "parent_task_run_id": NOBODY, "idempotency_key": "p"},
                {**FLOW_RUN, "deployment_id": NOBODY},
                {**FLOW_RUN, "work_pool_name": "no such"},
                {**FLOW_RUN, "work_pool_name": "no such", "work_queue_name": "q"},
                {**FLOW_RUN, "work_pool_name": "<pool>"},
                {**FLOW_RUN, "work_pool_name": "<pool>", "work_queue_name": "second"},
                {**FLOW_RUN, "work_pool_name": "<pool>", "work_queue_name": "no such"},
                {**FLOW_RUN, "work_pool_name": "<pool>", "work_queue_name": ""},
                {**FLOW_RUN, "work_pool_name": ""},
                {**FLOW_RUN, "work_queue_name": "second"},
                {"flow_id": NOBODY, "work_pool_name": "no such"},
                {"flow_id": NOBODY, "state": {"type": "COMPLETED", "data": 1}},
                {"flow_id": "<flow>", "infrastructure_document_id": NOBODY},
            )
        ],
    )
    yield (
        "flow runs: again",
        [
            *(
                Ask("POST", path, {**FLOW_RUN, "idempotency_key": key, **more}, keep=keep)
                for key, more, keep in (
                    ("k-1 <u>", {"job_variables": {}}, "first"),
                    ("k-1 <u>", {"name": "other", "tags": ["t"], "state": {"type": "RUNNING"}}, ""),
                    ("k-1 <u>", {"parent_task_run_id": NOBODY}, ""),
                    ("k-1 <u>", {"state": {"type": "COMPLETED", "data": 1}}, ""),
                    ("k-1 <u>", {"work_pool_name": "no such"}, ""),
                    ("", {}, ""),
                    ("", {}, ""),
                    (
                        "k-2 <u>",
                        {"job_variables": {"a": 1}, "state": {"type": "RUNNING"}},
                        "second",
                    ),
                    ("k-3 <u>", {"labels": None, "work_pool_name": "<pool>"}, "third"),
                    ("a\0b", {}, ""),
                    ("\ud800", {}, ""),
                )
            ),
            *(Ask("GET", f"/flow_runs/<{name}>") for name in ("first", "second", "third")),
        ],
    )
    yield (
        "flow runs: parents",
        [
            MAKES_RUN,
            MAKES_TASK,
            Ask("POST", path, {**FLOW_RUN, "parent_task_run_id": "<task>"}, keep="child"),
            Ask(
                "POST",
                path,
                {**FLOW_RUN, "parent_task_run_id": "<task>", "state": {"type": "RUNNING"}},
            ),
            Ask("GET", "/task_runs/<task>"),
            Ask("DELETE", "/flow_runs/<run>"),
            Ask("GET", "/task_runs/<task>"),
            Ask("GET", "/flow_runs/<child>"),
            Ask("DELETE", "/flow_runs/<run>"),
        ],
    )


_PLACES_OF_TEXTS = (
    *("name", "flow_version", "work_queue_name", "state.name", "state.message", "state.data"),
    *("state.state_details.cache_key", "state.state_details.pause_key"),
    "state.state_details.traceparent",
)
_INSIDE = (
    *("parameters.a", "context.a", "job_variables.a", "labels.a", "parameters.a.b"),
    *("state.state_details.run_input_keyset.a", "empirical_policy.pause_keys.a"),
)


def _states() -> Iterator[tuple[str, Iterable[Ask]]]:
    path = "/flow_runs/<run>/set_state"
    running = {"state": {"type": "RUNNING"}, "force": True}
    yield "set_state: any body", [MAKES_RUN, *any_body("POST", path, running)]
    yield (
        "set_state: odd values",
        [
            MAKES_RUN,
            *odd_in(path, running, ("state", "force", "state.type", "state.name", "state.message")),
            *odd_in(
                path, running, ("state.data", "state.state_details", "state.unknown", "unknown")
            ),
        ],
    )
    yield (
        "set_state: details",
        [
            MAKES_RUN,
            *odd_in(path, running, [f"state.state_details.{key}" for key in OTHER_DETAILS]),
            *odd_in(
                path, running, [f"state.state_details.{key}" for key in IDS_OF_DETAILS[:1]], IDS
            ),
            *odd_in(
                path, running, [f"state.state_details.{key}" for key in IDS_OF_DETAILS], IDS[:3]
            ),
            *odd_in(path, running, ["state.state_details.unknown"], [1]),
        ],
    )
    yield (
        "set_state: times",
        [
            MAKES_RUN,
            *odd_in(
                path, running, [f"state.state_details.{key}" for key in TIMES_OF_DETAILS], TIMES
            ),
            *odd_in(
                path,
                {"state": {"type": "SCHEDULED"}, "force": True},
                ["state.state_details.scheduled_time"],
                TIMES,
            ),
        ],
    )
    yield (
        "set_state: texts",
        [
            MAKES_RUN,
            *odd_in(path, running, [key for key in _PLACES_OF_TEXTS if "state" in key], TEXTS),
            *odd_in(
                path, running, ["state.state_details.run_input_keyset.a", "unknown"], TEXTS[:2]
            ),
            *posts(
                path,
                *(
                    b'{"state": {"type": "RUNNING", "data": %s}, "force": true}' % data
                    for data in (
                        b"NaN",
                        b"[1e999]",
                        b"9" * 40,
                        b'"\\ud800"',
                        b'{"a": "\\u0000"}',
                        b"0",
                    )
                ),
                *({"state": {"type": kind}} for kind in ("running", "Running", "", 1, "LATE")),
                {
                    "state": {
                        "type": "x",
                        "name": 1,
                        "message": 1,
                        "state_details": 1,
                        "b": 1,
                        "a": 1,
                    }
                },
                {"force": "x"},
                {"state": {}, "force": "x", "unknown": 1},
                {"state": {"name": "x"}},
                {"type": "RUNNING"},
                *(
                    {"state": {"type": "RUNNING"}, "force": flag}
                    for flag in ("yes", 1, "0", 2, None)
                ),
            ),
            READS_RUN,
        ],
    )
    yield (
        "set_state: what there is not",
        [
            *posts(f"/flow_runs/{NOBODY}/set_state", running, {}, {"state": {"type": "x"}}, ...),
            *posts(f"/flow_runs/{NOBODY.upper()}/set_state", running),
            *posts("/flow_runs/nope/set_state", running, {}),
            *posts("/flow_runs/99999999000040008000000000000000/set_state", running),
        ],
    )
    yield (
        "set_state: one after the other",
        [
            MAKES_RUN,
            *(
                Ask("POST", path, {"state": state}, {**AS_JSON, **headers})
                for state, headers in (
                    ({"type": "PENDING"}, {}),
                    ({"type": "RUNNING", "message": "m", "data": {"type": "x"}}, {}),
                    ({"type": "PAUSED"}, {"x-prefect-api-version": "0.8.3"}),
                    ({"type": "PAUSED", "state_details": {"pause_key": "p"}}, {}),
                    ({"type": "RUNNING"}, {}),
                    ({"type": "PAUSED", "state_details": {"pause_key": "p"}}, {}),
                    ({"type": "COMPLETED", "data": {"type": "unpersisted"}}, {}),
                    ({"type": "SCHEDULED"}, {}),
                    ({"type": "CRASHED"}, {}),
                )
            ),
            READS_RUN,
            Ask("GET", "/flow_run_states/?flow_run_id=<run>"),
        ],
    )


def _bulk_set_state() -> Iterator[tuple[str, Iterable[Ask]]]:
    path = "/flow_runs/bulk_set_state"
    none: Json = {"state": {"type": "RUNNING"}, **NO_RUN}
    yield "bulk_set_state: any body", any_body("POST", path, none)
    yield (
        "bulk_set_state: odd values",
        [
            *odd_in(path, none, ("state", "force", "limit", "flow_runs", "state.type", "unknown")),
            *odd_in(path, none, ["limit"], (0, 1, 50, 51, -1, 2**63, "50", 1.0, "x")),
            *odd_in(
                path, none, ["state.name", "state.data", "state.state_details.cache_key"], TEXTS
            ),
            *odd_in(path, none, ["state.state_details.scheduled_time"], TIMES),
            *posts(
                path,
                {},
                {"limit": 0, "flow_runs": {"x": 1}, "state": {"type": "x"}, "force": "x"},
                {"flow_runs": {"name": {"any_": ["\0"]}}, "state": {"type": "RUNNING"}},
                {"flow_runs": {"name": {"any_": ["\ud800"]}}, "state": {"type": "RUNNING"}},
                {"flow_runs": {"tags": {"any_": ["a"] * 128}}, "state": {"type": "RUNNING"}},
            ),
        ],
    )
    one: Json = {"flow_runs": {"id": {"any_": ["<run>"]}}}
    yield (
        "bulk_set_state: one run",
        [
            MAKES_RUN,
            *posts(
                path,
                {
                    **one,
                    "state": {"type": "RUNNING", "name": "n", "message": "m", "data": {"a": 1}},
                },
                {**one, "state": {"type": "PENDING"}},
                {
                    **one,
                    "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": FUTURE}},
                },
                {**one, "state": {"type": "COMPLETED", "data": "\0"}, "force": True},
                {**one, "state": {"type": "COMPLETED", "name": "\0"}, "force": True},
                {**one, "state": {"type": "COMPLETED", "name": "\ud800"}, "force": True},
                {
                    **one,
                    "state": {
                        "type": "RUNNING",
                        "state_details": {"pause_timeout": "9999-12-31T23:59:59-00:01"},
                    },
                    "force": True,
                },
            ),
            READS_RUN,
        ],
    )


def _changes() -> Iterator[tuple[str, Iterable[Ask]]]:
    path = "/flow_runs/<run>"
    yield "update: any body", [MAKES_RUN, *any_body("PATCH", path, {"name": "Run 4"}), READS_RUN]
    keys = (
        *("name", "flow_version", "parameters", "empirical_policy", "tags", "infrastructure_pid"),
        *("job_variables", "unknown", "id", "state"),
    )
    for key in keys:
        yield (
            f"update: {key}",
            [
                MAKES_RUN,
                *_patched(ask for value in ODD for ask in (*odd_in(path, {}, [key], [value]),)),
                READS_RUN,
            ],
        )
    yield (
        "update: inside",
        [
            MAKES_RUN,
            *_patched(odd_in(path, {}, [f"empirical_policy.{key}" for key in POLICY_OF_FLOW_RUNS])),
            READS_RUN,
            *_patched(odd_in(path, {}, ["name", "flow_version", "infrastructure_pid"], TEXTS)),
            READS_RUN,
            *_patched(odd_in(path, {}, ["parameters.a", "empirical_policy.pause_keys"], TEXTS[:2])),
            *_patched(
                posts(
                    path,
                    *({"tags": tags} for tags in (["a"], ["a", "a"], ["\0"], ["\ud800"], [1])),
                    *({"parameters": {"a": "x" * size}} for size in (524_280, 524_281)),
                    b'{"parameters": {"a": NaN}}',
                    b'{"parameters": {"a": 1e999}}',
                    b'{"empirical_policy": {"retry_delay_seconds": NaN}}',
                    b'{"empirical_policy": {"retry_delay_seconds": Infinity}}',
                    b'{"empirical_policy": {"retry_delay_seconds": NaN, "retries": "x"}}',
                    {"empirical_policy": {"pause_keys": ["b", "b", "a"]}},
                    {"empirical_policy": {"pause_keys": ["a\0"]}},
                    {"empirical_policy": {"max_retries": 3}},
                )
            ),
        ],
    )
    yield (
        "update: job variables",
        [
            MAKES_RUN,
            MAKES_WAITING,
            *(
                Ask("PATCH", f"/flow_runs/{of}", {"job_variables": value, **more})
                for of in ("<run>", "<waiting>", NOBODY)
                for value, more in (
                    ({}, {}),
                    ({"b": 2}, {}),
                    (None, {"tags": ["t"]}),
                    ({"c": "\0"}, {}),
                    ({"c": "\ud800"}, {}),
                    ({"d": 1}, {"tags": 1}),
                )
            ),
            READS_WAITING,
            Ask("POST", "/flow_runs/<waiting>/set_state", {"state": {"type": "PENDING"}}),
            Ask("PATCH", "/flow_runs/<waiting>", {"job_variables": {"b": 3}}),
        ],
    )
    yield (
        "update: what there is not",
        _patched(
            posts(
                f"/flow_runs/{NOBODY}",
                {"name": "x"},
                {},
                {"name": 1},
                ...,
                b"{bad",
                {"tags": ["\0"]},
            )
        ),
    )
    labels = "/flow_runs/<run>/labels"
    yield (
        "labels",
        [
            MAKES_RUN,
            *any_body("PATCH", labels, {"a": 1}),
            MAKES_RUN,
            *_patched(
                posts(
                    labels,
                    *({"a": value} for value in (True, 1, 1.5, "", 10**30)),
                    {"": 1, "prefect.flow.id": "x"},
                )
            ),
            READS_RUN,
            *_patched(
                posts(
                    labels,
                    *({"a": value} for value in (None, [], {}, *TEXTS[:2])),
                    {"a\0": 1},
                    {"\ud800": 1},
                    b'{"a": NaN}',
                    b'{"a": 1e999}',
                )
            ),
            *_patched(posts(f"/flow_runs/{NOBODY}/labels", {"a": 1}, {}, [], ...)),
            *_patched(posts("/flow_runs/nope/labels", {"a": 1})),
        ],
    )


def _flows() -> Iterator[tuple[str, Iterable[Ask]]]:
    path, name = "/flows/", "f 1 <u>"
    flow: Json = {"name": name}
    yield "flows: any body", any_body("POST", path, flow)
    yield (
        "flows: odd values",
        [
            *odd_in(path, {}, ["name"], (None, True, 1, 1.5, "", [], ["a"], {}, 10**30)),
            *odd_in(path, flow, ("tags", "labels", "unknown", "labels.a")),
            *odd_in(
                path, {"name": "f 2 <u>"}, ["tags"], (["a", "a"], ["\0"], ["\ud800"], [1, None])
            ),
            *odd_in(path, {"name": "f 3 <u>"}, ["labels.a"], ("\0", "\ud800", 2**63, -0.0)),
            *posts(
                path,
                *({"name": f"f 4 <u>{letter}"} for letter in "/%&><\n\0\ud800ÿ\x7f"),
                {"name": "f 4 <u>é", "tags": ["t"], "labels": {"a": 1, "b": "x"}},
                {"name": "f 4 <u>é", "tags": ["other"]},
                {"name": "/", "tags": 1, "labels": 1, "b": 1, "a": 1},
                {"tags": 1},
                b'{"name": "f 5 <u>", "labels": {"a": NaN}}',
                b'{"name": "f 5 <u>", "labels": {"a": Infinity}}',
            ),
        ],
    )
    yield (
        "flows: one",
        [
            Ask("POST", path, {"name": "f 6 <u>"}, keep="one"),
            *(Ask("POST", path, {"name": other}) for other in ("f 6 <u>", "F 6 <u>", "f 6 <u> ")),
            *(
                Ask("GET", f"/flows/name/{of}")
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
            Ask("GET", "/flows/name/"),
            Ask("GET", "/flows/<one>"),
            *(Ask(method, f"/flows/{NOBODY}") for method in ("GET", "DELETE")),
            Ask("DELETE", "/flows/<one>"),
            Ask("DELETE", "/flows/<one>"),
            Ask("GET", "/flows/<one>"),
        ],
    )


def _task_runs() -> Iterator[tuple[str, Iterable[Ask]]]:
    path = "/task_runs/"
    keys = (
        *("id", "state", "name", "flow_run_id", "task_key", "dynamic_key", "cache_key"),
        *("cache_expiration", "task_version", "empirical_policy", "tags", "labels", "task_inputs"),
        "unknown",
    )
    yield "task runs: any body", [MAKES_RUN, *any_body("POST", path, TASK_RUN)]
    for number, key in enumerate(keys):
        yield f"task runs: {key}", [MAKES_RUN, *_numbered(odd_in(path, TASK_RUN, [key]), number)]
    yield (
        "task runs: inside",
        [
            MAKES_RUN,
            *_numbered(
                odd_in(path, TASK_RUN, [f"empirical_policy.{k}" for k in POLICY_OF_TASK_RUNS])
            ),
            *_numbered(odd_in(path, TASK_RUN, ["empirical_policy.retry_delay"], _DELAYS), 1),
            *_numbered(
                odd_in(path, TASK_RUN, ["empirical_policy.retry_jitter_factor"], NUMBERS), 2
            ),
            *_numbered(odd_in(path, TASK_RUN, ["task_inputs.a"], _INPUTS), 3),
            *_numbered(odd_in(path, TASK_RUN, ["cache_expiration"], TIMES), 4),
            *_numbered(odd_in(path, TASK_RUN, ["id", "flow_run_id"], IDS), 5),
            *_numbered(
                odd_in(
                    path,
                    TASK_RUN,
                    ("name", "cache_key", "task_version", "state.name", "state.message"),
                    TEXTS[:3],
                ),
                6,
            ),
            *_numbered(odd_in(path, TASK_RUN, ["labels.a", "tags"], (None, [], ["\0"], "\0")), 7),
            *_numbered(
                odd_in(
                    path, TASK_RUN, ["cache_key"], ("x" * 2000, "x" * 2001, "é" * 2000, "😀" * 2001)
                ),
                8,
            ),
            *_numbered(
                odd_in(
                    path,
                    {**TASK_RUN, "state": {"type": "RUNNING"}},
                    ("state.state_details.scheduled_time", "state.state_details.flow_run_id"),
                    (*TIMES[:6], *IDS[:4], "0001-01-01T00:00:00+00:01"),
                ),
                9,
            ),
            *posts(
                path,
                *({**TASK_RUN, key: text} for key in ("task_key", "dynamic_key") for text in TEXTS),
            ),
        ],
    )
    yield (
        "task runs: again",
        [
            MAKES_RUN,
            Ask("POST", path, TASK_RUN, keep="one"),
            *posts(
                path,
                *(
                    b'{"task_key": "n", "dynamic_key": "%s", %s}' % (key, value)
                    for key, value in (
                        (b"0", b'"flow_run_id": "<run>", "labels": {"a": NaN}'),
                        (b"1", b'"flow_run_id": "<run>", "empirical_policy": {"retry_delay": NaN}'),
                    )
                ),
                {**TASK_RUN, "name": "other", "state": {"type": "RUNNING"}},
                {**TASK_RUN, "id": NOBODY.replace("9", "8")},
                {**TASK_RUN, "dynamic_key": "2", "id": "<one>"},
                {**TASK_RUN, "task_key": "K"},
                {**TASK_RUN, "flow_run_id": NOBODY},
                {**TASK_RUN, "flow_run_id": NOBODY, "state": {"type": "x"}},
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
                    "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": FUTURE}},
                },
                {
                    **TASK_RUN,
                    "dynamic_key": "8",
                    "state": {"type": "FAILED", "data": {"type": "x"}},
                },
                {"task_key": "", "dynamic_key": "", "flow_run_id": "<run>"},
                {"task_key": 1, "dynamic_key": None, "tags": 1, "state": 1, "b": 1, "a": 1},
            ),
            Ask("GET", "/task_runs/<one>"),
            *(Ask("GET", f"/task_runs/{of}") for of in (NOBODY, "nope", NOBODY.replace("-", ""))),
        ],
    )


def _numbered(asks: Iterable[Ask], start: int = 0) -> Iterator[Ask]:
    """Each with a dynamic key of its own, unless that is what is odd about it."""
    for number, ask in enumerate(asks):
        own = {"dynamic_key": f"{start}-{number}"} if ask.body.get("dynamic_key") == "1" else {}
        yield Ask(ask.method, ask.path, {**ask.body, **own}, ask.headers)


_DELAYS: Sequence[Json] = (
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
_INPUTS: Sequence[Json] = (
    *([], [{}], [1], [None], ["x"], {"id": NOBODY}, [[]]),
    *(
        [one]
        for one in (
            {"id": NOBODY},
            {"input_type": "task_run", "id": NOBODY.upper()},
            {"input_type": "flow_run", "id": NOBODY},
            {"input_type": "flow_run", "id": "x"},
            {"input_type": "task_run"},
            {"name": "p"},
            {"input_type": "parameter", "name": "p", "unknown": 1},
            {"input_type": "parameter"},
            {"type": "int"},
            {"input_type": "constant", "type": 1},
            {"input_type": "other", "id": NOBODY},
            {"input_type": None, "name": "x"},
            {"name": "a\0"},
        )
    ),
    [{"id": NOBODY}, {"name": "p"}, {"type": "t"}, {"input_type": "flow_run", "id": NOBODY}],
)


def _others() -> Iterator[tuple[str, Iterable[Ask]]]:
    yield (
        "logs",
        [
            *posts("/logs/", *NO_OBJECTS, [LOG], [LOG, {}, 1], {"0": LOG}, [[LOG]]),
            *posts(
                "/logs/",
                *([_with(LOG, [key], value)] for key in (*LOG, "flow_run_id") for value in ODD),
            ),
            *posts(
                "/logs/", *([_with(LOG, [key], NOBODY)] for key in ("flow_run_id", "task_run_id"))
            ),
            *posts("/logs/", *([_with(LOG, ["timestamp"], value)] for value in TIMES)),
            *posts("/logs/", *([_with(LOG, ["level"], value)] for value in NUMBERS)),
            *posts(
                "/logs/",
                *([_with(LOG, [key], value)] for key in ("name", "message") for value in TEXTS),
            ),
            *posts("/logs/", *([_with(LOG, ["flow_run_id"], value)] for value in IDS)),
            *posts(
                "/logs/",
                [LOG, {**LOG, "unknown": 1}],
                [LOG] * 3,
                [{**LOG, "message": "x" * 100_000}],
            ),
            *(Ask("POST", "/logs/", [LOG], {"Content-Type": kind}) for kind in TYPES_OF_BODY),
            *(
                Ask("POST", "/logs/", [LOG], {**AS_JSON, "x-prefect-api-version": v})
                for v in VERSIONS
            ),
        ],
    )
    take = "/v2/concurrency_limits/increment-with-lease"
    give, renew = "/v2/concurrency_limits/decrement-with-lease", "/v2/concurrency_limits/leases"
    holder = {"type": "task_run", "id": NOBODY}
    yield (
        "slots",
        [
            *any_body("POST", take, SLOTS),
            *odd_in(take, SLOTS, ("slots", "names", "mode", "lease_duration", "holder", "unknown")),
            *odd_in(take, SLOTS, ["slots"], NUMBERS),
            *odd_in(take, SLOTS, ["names"], ([], ["\0"], ["\ud800"], [1], ["a", "a"])),
            *odd_in(take, SLOTS, ["mode"], ("rate_limit", "concurrency", "RATE_LIMIT")),
            *odd_in(take, SLOTS, ["lease_duration"], (59, 60, 86_400, 86_400.5, "60", 1e300, -1)),
            *odd_in(
                take, SLOTS, ["holder"], (holder, {**holder, "x": 1}, {"type": "x", "id": "y"})
            ),
            *odd_in(take, {**SLOTS, "holder": holder}, ["holder.id"], IDS),
            *posts(
                take,
                {"slots": 0, "names": 1, "mode": 1, "lease_duration": 1, "holder": 1},
                b'{"slots": 1, "names": ["x"], "lease_duration": NaN}',
                b'{"slots": 1, "names": ["x"], "lease_duration": Infinity}',
                b'{"slots": NaN, "names": ["x"]}',
            ),
        ],
    )
    yield (
        "leases",
        [
            *any_body("POST", give, {"lease_id": NOBODY}),
            *posts(
                give, *({"lease_id": value} for value in (*ODD, *IDS)), {"lease_id": NOBODY, "x": 1}
            ),
            *any_body("POST", f"{renew}/{NOBODY}/renew", {}),
            *odd_in(f"{renew}/{NOBODY}/renew", {}, ["lease_duration", "unknown"]),
            *odd_in(
                f"{renew}/{NOBODY}/renew", {}, ["lease_duration"], (59, 60, 86_400, 86_401, "60")
            ),
            *posts(f"{renew}/{NOBODY}/renew", b'{"lease_duration": NaN}'),
            *any_body("POST", f"{renew}/nope/renew", {}),
            *posts(f"{renew}/nope/renew", ..., {"lease_duration": 3}, {"lease_duration": 300}),
            *posts(f"{renew}/a%0A/renew", {}),
            *posts(f"{renew}/99999999000040008000000000000000/renew", {}),
            *posts(f"{renew}/%7B{NOBODY}%7D/renew", {}),
            Ask("POST", take, SLOTS, keep="lease"),
            *posts(f"{renew}/<lease>/renew", {}, ..., {"lease_duration": 60}),
            *posts(give, {"lease_id": "<lease>"}, {"lease_id": "<lease>"}),
            *posts(f"{renew}/<lease>/renew", {}),
        ],
    )


def _lists() -> Iterator[tuple[str, Iterable[Ask]]]:
    none: Json = NO_RUN
    filters = ("flows", "flow_runs", "task_runs", "deployments", "work_pools")
    for path, more in (
        ("/flow_runs/filter", ("sort", "limit", "offset", "work_pool_queues")),
        ("/flow_runs/count", ("work_pool_queues",)),
        ("/flow_runs/paginate", ("sort", "limit", "page", "work_pool_queues")),
        ("/flow_runs/lateness", ("work_pool_queues",)),
        ("/flows/filter", ("sort", "limit", "offset", "work_queues")),
        ("/flows/count", ("work_queues",)),
        ("/task_runs/filter", ("sort", "limit", "offset")),
        ("/task_runs/count", ()),
        ("/deployments/filter", ("sort", "limit", "offset", "work_pool_queues")),
        ("/deployments/count", ("work_pool_queues",)),
    ):
        full = path == "/flow_runs/filter"
        yield f"{path}: any body", any_body("POST", path, none) if full else few_bodies(path)
        yield (
            f"{path}: odd values",
            [
                *odd_in(
                    path,
                    none,
                    [key for key in (*filters, *more, "unknown") if key != "flow_runs"],
                    ODD if full else (None, "x", {}, {"a": "b"}),
                ),
                *odd_in(path, {}, ["flow_runs"], ODD if full else ()),
                *odd_in(
                    path,
                    none,
                    [key for key in more if key in ("limit", "offset", "page")],
                    (*NUMBERS, 200, 201, "200", "201") if full else (0, -1, 201, 2**63, 1e300),
                ),
                *(
                    posts(
                        path,
                        {**none, "limit": 201, "offset": -1, "sort": "x"},
                        {**none, "limit": "x", "offset": -1, "sort": "x", "flows": 1, "page": 0},
                        b'{"limit": NaN, "offset": 1}',
                        b'{"limit": 201, "offset": NaN}',
                        b'{"limit": -1, "x": "\\ud800"}',
                        {**none, "limit": 2**63 - 1, "offset": 2**63 - 1, "page": 2**62},
                        {**none, "limit": 200, "page": 46116860184273880},
                        {**none, "limit": 200, "page": 46116860184273881},
                    )
                    if "limit" in more
                    else ()
                ),
            ],
        )
    path = "/flow_runs/history"
    yield f"{path}: any body", any_body("POST", path, {**HISTORY, **none})
    yield (
        f"{path}: odd values",
        [
            *without_each(path, HISTORY, HISTORY),
            *odd_in(
                path,
                {**HISTORY, **none},
                (*HISTORY, *filters[:1], "work_queues", "work_pool_queues"),
            ),
            *odd_in(path, {**HISTORY, **none}, ["history_start", "history_end"], TIMES),
            *odd_in(
                path,
                {**HISTORY, **none},
                ["history_interval_seconds"],
                (
                    0,
                    0.5,
                    0.9999999,
                    1,
                    1.5,
                    3600,
                    86_400,
                    1e9,
                    1e15,
                    1e300,
                    -1,
                    -1e300,
                    "43200",
                    "P1D",
                ),
            ),
            *posts(
                path,
                b'{"history_start": "2026-01-01T00:00:00Z", "history_end": "2026-01-02T00:00:00Z",'
                b' "history_interval_seconds": NaN}',
                b'{"history_start": "2026-01-01T00:00:00Z", "history_end": "2026-01-02T00:00:00Z",'
                b' "history_interval_seconds": Infinity}',
                {**HISTORY, "history_end": HISTORY["history_start"], **none},
                {**HISTORY, "history_end": "2025-01-01T00:00:00Z", **none},
                {**HISTORY, "history_interval_seconds": 7200.5, **none},
                {**HISTORY, "history_start": "2026-01-01T00:00:00.123456+05:30", **none},
                {
                    "history_start": "9999-12-30T00:00:00Z",
                    "history_end": "9999-12-31T23:00:00Z",
                    "history_interval_seconds": 86_400,
                    **none,
                },
                {
                    "history_start": "9999-12-30T00:00:00Z",
                    "history_end": "9999-12-31T00:00:00Z",
                    "history_interval_seconds": 86_400,
                    **none,
                },
                {
                    "history_start": "0001-01-01T00:00:00Z",
                    "history_end": "9999-12-31T00:00:00Z",
                    "history_interval_seconds": 1,
                    "flow_runs": {"name": {"any_": ["\0"]}},
                },
                {
                    "history_start": "x",
                    "history_end": 1,
                    "history_interval_seconds": "x",
                    "flows": 1,
                },
            ),
        ],
    )


def _paths() -> Iterator[tuple[str, Iterable[Ask]]]:
    hexadecimal = NOBODY.replace("-", "")
    ids = (
        *(NOBODY, NOBODY.upper(), hexadecimal, "nope", f"{NOBODY}x", f"{{{NOBODY}}}", "%00"),
        *(f"urn:uuid:{NOBODY}", f"9999999900004000-8000-{'0' * 12}", f"{NOBODY}%0A", "%20", "%ff"),
    )
    for path in ("/flow_runs", "/flows", "/task_runs", "/deployments", "/flow_run_states"):
        yield f"{path}: ids", [Ask("GET", f"{path}/{one}") for one in ids]
    yield "/flow_runs: ids to delete", [Ask("DELETE", f"/flow_runs/{one}") for one in ids]
    states = "/flow_run_states/"
    yield (
        "states",
        [
            Ask("GET", states),
            *(Ask("GET", f"{states}?flow_run_id={one}") for one in (*ids, "")),
            Ask("GET", f"{states}?flow_run_id={NOBODY}&flow_run_id=x"),
            Ask("GET", f"{states}?flow_run_id=x&flow_run_id={NOBODY}"),
            Ask("GET", f"{states}?flow_run_id={NOBODY}&x=1"),
            Ask("GET", f"{states}?Flow_Run_Id={NOBODY}"),
            *(Ask("GET", states, headers={"x-prefect-api-version": one}) for one in VERSIONS),
            MAKES_RUN,
            Ask("GET", f"{states}?flow_run_id=<run>"),
        ],
    )
    constants = (
        *("/health", "/ready", "/version", "/admin/version", "/admin/storage", "/hello"),
        *("/csrf-token", "/csrf-token?client=x", "/csrf-token?client=", "/csrf-token?client=%00"),
    )
    yield (
        "constants",
        [
            *(
                Ask(method, path)
                for path in constants
                for method in ("GET", "POST", "HEAD", "OPTIONS")
            ),
            *(
                Ask("GET", path, headers={"x-prefect-api-version": version})
                for path in (
                    "/health",
                    "/version",
                    "/ready",
                    "/csrf-token",
                    "/flow_runs/nope",
                    f"/flow_runs/{NOBODY}",
                )
                for version in VERSIONS
            ),
            *(Ask("GET", path, b"{bad") for path in ("/health", f"/flow_runs/{NOBODY}")),
        ],
    )
    yield (
        "deployments",
        [
            Ask("GET", "/deployments/<deployment>"),
            *(
                Ask("GET", f"/deployments/name/{of}")
                for of in (
                    *(
                        "<flow name>/<deployment name>",
                        "<flow name>/nope",
                        "nope/<deployment name>",
                    ),
                    *("a/b", "a", "a/b/c", "a%00/b", "%20/%20", "a/", "/b"),
                )
            ),
        ],
    )
    paths = (
        *("/", "", "/nope", "/flow_runs", "/flow_runs/", "/flow_runs/filter/", "/flow_runs/count/"),
        *(
            "/flow_runs//filter",
            "/flows",
            "/task_runs",
            "/logs",
            "/health/",
            f"/flow_runs/{NOBODY}/",
        ),
        *("/flow_run_states", f"/flow_runs/{NOBODY}/labels", f"/flow_runs/{NOBODY}/labels/"),
        *("/flows/name/x/", "/Flow_Runs/filter", "/flow_runs/filter?x=1", "/flow_runs/?x=%20y"),
        *(f"/flow_runs/{NOBODY}/nope", f"/flow_runs/{NOBODY}/set_state/"),
    )
    yield (
        "paths and methods",
        [
            Ask(method, path, {"flow_id": 1} if method == "POST" else ...)
            for path in paths
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        ],
    )


def _groups() -> Iterator[tuple[str, Iterable[Ask]]]:
    yield from _paths()
    yield from _lists()
    yield from _flow_runs()
    yield from _states()
    yield from _bulk_set_state()
    yield from _changes()
    yield from _flows()
    yield from _task_runs()
    yield from _others()


GROUPS: Mapping[str, Sequence[Ask]] = {name: tuple(asks) for name, asks in _groups()}


# --- What there has to be beforehand ----------------------------------------------------------


def names_of_new_world() -> dict[str, str]:
    """What the requests call by a name, made up: the ids are to be found out."""
    unique = f"u{uuid4().hex[:12]}"
    return {
        "u": unique,
        "flow name": f"flow {unique}",
        "deployment name": f"deployment {unique}",
        "pool": f"pool {unique}",
    } | {key: str(uuid4()) for key in ("flow", "deployment", "pool id", "default id", "second id")}


def make_world(server: Connection) -> dict[str, str]:
    """Let a real server have what the requests need; returns what it is called by."""
    names = names_of_new_world()

    def made(path: str, **values: Json) -> Json:
        status, reply, _ = server.send(Ask("POST", path, values), {})
        assert status in (200, 201), reply
        return json.loads(reply)

    flow = made("/flows/", name=names["flow name"], labels={"team": "a"})
    deployment = made("/deployments/", name=names["deployment name"], flow_id=flow["id"])
    pool = made("/work_pools/", name=names["pool"], type="process")
    second = made(f"/work_pools/{quote(names['pool'])}/queues", name="second")
    return {
        **names,
        "flow": flow["id"],
        "deployment": deployment["id"],
        "pool id": pool["id"],
        "default id": pool["default_queue_id"],
        "second id": second["id"],
    }


def seed(names: Mapping[str, str]) -> Json:
    """The same for a mock."""
    return {
        "flows": [{"id": names["flow"], "name": names["flow name"], "labels": {"team": "a"}}],
        "deployments": [
            {
                "id": names["deployment"],
                "name": names["deployment name"],
                "flow_id": names["flow"],
                "labels": {"prefect.flow.id": names["flow"], "team": "a"},
            }
        ],
        "work_pools": [{"id": names["pool id"], "name": names["pool"], "type": "process"}],
        "work_queues": [
            {"id": names[f"{one} id"], "name": one, "work_pool_id": names["pool id"]}
            for one in ("default", "second")
        ],
    }


def unmake_world(server: Connection, names: Mapping[str, str]) -> None:
    """Delete from a real server what was made, and what requests have made besides."""
    wanted = {"flows": {"name": {"like_": names["u"]}}}
    _, flows, _ = server.send(Ask("POST", "/flows/filter", wanted), {})
    for flow in json.loads(flows):
        server.send(Ask("DELETE", f"/flows/{flow['id']}"), {})
    _, tasks, _ = server.send(Ask("POST", "/task_runs/filter", {}), {})
    for task in json.loads(tasks):
        server.send(Ask("DELETE", f"/task_runs/{task['id']}"), {})
    server.send(Ask("DELETE", f"/work_pools/{quote(names['pool'])}"), {})


# --- Sending, and telling what came -----------------------------------------------------------


class Connection:
    """A kept connection to the API at a URL.

    `flaky`: a 503 is the bad luck of a real server on SQLite, so it is asked again.
    """

    def __init__(self, url: str, *, flaky: bool = False) -> None:
        self.prefix = urlsplit(url).path
        self.flaky = flaky
        self.http = HTTPConnection(urlsplit(url).netloc, timeout=60)

    def close(self) -> None:
        """Close the connection; whatever is sent next opens another."""
        self.http.close()

    def send(self, ask: Ask, names: Mapping[str, str]) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and the headers that count (see `Told`)."""
        for _ in range(10 if self.flaky else 1):
            status, reply, more = self._send(ask, names)
            if status != 503:
                break
        return status, reply, more

    def _send(self, ask: Ask, names: Mapping[str, str]) -> tuple[int, bytes, dict[str, str]]:
        path = self.prefix + ask.address(names)
        content = None if ask.body is ... else ask.content(names)
        self.http.request(ask.method, path, content, dict(ask.headers))
        response = self.http.getresponse()
        reply = response.read()
        closes = response.will_close or (response.status >= 500 and self._is_closed())
        more = {
            "allow": response.getheader("Allow"),
            "location": response.getheader("Location"),
            "closes": None if closes == (response.status in (500, 503)) else str(closes),
        }
        if more["location"]:
            url = urlsplit(more["location"])._replace(scheme="", netloc="")
            more["location"] = url.geturl().removeprefix(self.prefix)
        return response.status, reply, {key: value for key, value in more.items() if value}

    def _is_closed(self) -> bool:
        """Whether the other side has closed, though it did not say so; or does within a second."""
        assert self.http.sock
        self.http.sock.settimeout(1)
        try:
            return self.http.sock.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        finally:
            self.http.close()


_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
_MADE_UP = re.compile(r"[a-z]+(?:-[a-z]+)+")
_PASSING = frozenset(
    {
        *("estimated_run_time", "estimated_start_time_delta", "total_run_time"),
        *("sum_estimated_run_time", "sum_estimated_lateness"),
    }
)
_TELLS_LITTLE: Sequence[Json] = (None, 0, 0.0, False, "", [], {}, "<now>")


@dataclass
class Told:
    """Tells the replies of one server to a group of requests in short."""

    names: dict[str, str]
    sent: str = ""
    numbers: dict[str, str] = field(default_factory=dict)

    def outcome(self, server: Connection, ask: Ask) -> Json:
        """Send a request; returns its outcome."""
        content = ask.content(self.names)
        self.sent += f"{ask.address(self.names)} {content.decode(errors='replace')}"
        status, body, more = server.send(ask, self.names)
        reply = self._reply(status, body, content)
        if ask.keep and isinstance(reply, dict) and status in (200, 201):
            record = json.loads(body)
            self.names[ask.keep] = record.get("lease_id") or record["id"]
            reply = self._reply(status, body, content)
        told = [status, reply]
        return [*told, self._in_short(more)] if more else told

    def _reply(self, status: int, body: bytes, content: bytes) -> Json:
        self.numbers.clear()
        try:
            reply = json.loads(body)
        except ValueError:
            return body.decode(errors="backslashreplace")
        if isinstance(reply, dict) and "exception_detail" in reply:
            try:
                as_sent = json.loads(content) == reply["request_body"]
            except ValueError:
                as_sent = content.decode(errors="replace") == reply["request_body"]
            if as_sent:
                reply = {"invalid": reply["exception_detail"]}
        if status < 300 and isinstance(reply, dict):
            _leave_out(reply, content)
        told = self._in_short(reply, record=status < 300)
        text = json.dumps(told)
        return told if len(text) < 3000 else f"{len(text)} characters: {text[:200]}"

    def _in_short(self, value: Json, *, record: bool = False) -> Json:
        if isinstance(value, dict):
            told = {}
            for key in sorted(value):
                if record and key in _PASSING:
                    continue
                inner = self._in_short(value[key], record=record)
                if key == "pause_keys" and isinstance(inner, list):
                    inner = sorted(inner)  # a set: in any order
                if key == "reason":
                    inner = inner.partition("asyncpg.Error)")[0]  # a database's own words
                made_up = key == "name" and "id" in value
                if made_up and record and _MADE_UP.fullmatch(str(inner)):
                    inner = "<name>"
                little = any(inner == one and type(inner) is type(one) for one in _TELLS_LITTLE)
                if not (record and little and key != "job_variables"):
                    told[self._text(key)] = inner
            return told
        if isinstance(value, list):
            return [self._in_short(one, record=record) for one in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        for name, value in self.names.items():
            text = text.replace(value, f"<{name}>").replace(quote(value), f"<{name}>")
        return _INSTANT.sub(self._instant, _ID.sub(self._id, text))

    def _id(self, found: re.Match[str]) -> str:
        if found[0] in self.sent:
            return found[0]
        return self.numbers.setdefault(found[0], f"<{len(self.numbers) + 1}>")

    def _instant(self, found: re.Match[str]) -> str:
        try:
            ago = datetime.now(UTC) - datetime.fromisoformat(found[0])
        except ValueError:
            return found[0]
        return "<now>" if abs(ago) < timedelta(hours=1) else found[0]


def _leave_out(reply: dict[str, Json], content: bytes) -> None:
    """Take out of a record what the request gave, and what its state says, too."""
    state = reply.get("state")
    for key in ("id", "type", "name"):
        if isinstance(state, dict) and reply.get(f"state_{key}", ...) == state[key]:
            del reply[f"state_{key}"]
    try:
        given = json.loads(content)
    except ValueError:
        return
    for key, value in given.items() if isinstance(given, dict) else ():
        if key in reply and json.dumps(reply[key]) == json.dumps(value):
            del reply[key]


def outcomes(server: Connection, group: str, names: Mapping[str, str]) -> list[Json]:
    """What a server answers to the requests of a group."""
    told = Told(dict(names))
    try:
        return [told.outcome(server, ask) for ask in GROUPS[group]]
    finally:
        bulk_delete(server)


def bulk_delete(server: Connection) -> None:
    """Delete every flow run."""
    deleted = [""]
    while deleted:
        status, reply, _ = server.send(Ask("POST", "/flow_runs/bulk_delete", {}), {})
        assert status == 200, reply
        deleted = json.loads(reply)["deleted"]


def main() -> None:
    """Record what two real servers answer."""
    *urls, file = sys.argv[1:]
    answers: dict[str, list[list[Json]]] = {name: [] for name in GROUPS}
    for url, database in zip(urls, DATABASES, strict=True):
        server = Connection(url, flaky=database == "sqlite")
        names = make_world(server)
        try:
            for group in GROUPS:
                answers[group].append(outcomes(server, group, names))
        finally:
            unmake_world(server, names)
            server.close()
    table: dict[str, int] = {}
    groups = {
        group: [
            table.setdefault(
                one if one == other else f'{{"sqlite": {one}, "postgresql": {other}}}', len(table)
            )
            for one, other in zip(*([*map(json.dumps, told)] for told in both), strict=True)
        ]
        for group, both in answers.items()
    }
    lines = ",\n".join(table)
    rows = ",\n".join(f"{json.dumps(group)}: {numbers}" for group, numbers in groups.items())
    text = f'{{"outcomes": [\n{lines}\n],\n"groups": {{\n{rows}\n}}}}\n'
    Path(file).write_text(text, encoding="utf-8")


def recorded(database: str) -> dict[str, list[Json]]:
    """What the real server on a database answered to each group."""
    data = json.loads(CASES.read_text(encoding="utf-8"))
    told = [one[database] if isinstance(one, dict) else one for one in data["outcomes"]]
    return {
        group: [told[number] for number in numbers] for group, numbers in data["groups"].items()
    }


if __name__ == "__main__":
    main()
