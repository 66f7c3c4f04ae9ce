"""The requests that the benchmarks send."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from benchmarks.paths import ROOT

_EVERY_TYPE = "SCHEDULED PENDING RUNNING COMPLETED FAILED CANCELLED CRASHED PAUSED CANCELLING"


def bulk_delete_body(**filters: object) -> bytes:
    """A body of bulk_delete: the filter and a limit of 50."""
    return json.dumps({"flow_runs": filters, "limit": 50}).encode()


BODIES_PER_SHAPE = 1_000
"""Different requests of one shape: more than any cache of requests holds."""

_ENDED = [
    bulk_delete_body(
        state={"type": {"any_": ["COMPLETED", "FAILED"]}},
        end_time={"before_": f"2000-01-01T00:{second // 60:02}:{second % 60:02}Z"},
    )
    for second in range(BODIES_PER_SHAPE)
]
_UNKNOWN = [
    bulk_delete_body(id={"any_": [f"00000000-0000-4000-8000-{number:012}"]})
    for number in range(BODIES_PER_SHAPE)
]
_SAMPLE = (ROOT / "tests/data/sample-request.json").read_bytes()

UNMATCHED_BODIES: Mapping[str, Sequence[bytes]] = {
    "state and end_time": _ENDED,
    "state and end_time, one body": _ENDED[:1],
    "one unknown id": _UNKNOWN,
    "sample request": [_SAMPLE],
}
"""Bodies, by name, that match none of the generated runs and can therefore be repeated."""

MATCH_ALL = [bulk_delete_body(state={"type": {"any_": _EVERY_TYPE.split()}})]
"""A filter that lists every state type: repeated, it deletes all runs."""


def http_requests(bodies: Sequence[bytes]) -> list[bytes]:
    """Complete HTTP/1.1 requests (head and body) on keep-alive connections."""
    return [_head(len(body)) + body for body in bodies]


def _head(length: int) -> bytes:
    return (
        "POST /flow_runs/bulk_delete HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()
