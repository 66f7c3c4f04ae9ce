"""The requests that servers are asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from .servers import ROOT

_EVERY_TYPE = "SCHEDULED PENDING RUNNING COMPLETED FAILED CANCELLED CRASHED PAUSED CANCELLING"


def deletion(**filters: object) -> bytes:
    """The body of a request that deletes."""
    return json.dumps({"flow_runs": filters, "limit": 50}).encode()


VARIETY = 1_000
"""Different requests of one shape, so many that no cache of requests helps."""

_ENDED = [
    deletion(
        state={"type": {"any_": ["COMPLETED", "FAILED"]}},
        end_time={"before_": f"2000-01-01T00:{second // 60:02}:{second % 60:02}Z"},
    )
    for second in range(VARIETY)
]
_UNKNOWN = [
    deletion(id={"any_": [f"00000000-0000-4000-8000-{number:012}"]}) for number in range(VARIETY)
]
_SAMPLE = (ROOT / "tests/data/sample-request.json").read_bytes()

SHAPES: Mapping[str, Sequence[bytes]] = {
    "state and end_time": _ENDED,
    "state and end_time, one body": _ENDED[:1],
    "one unknown id": _UNKNOWN,
    "sample request": [_SAMPLE],
}
"""Requests that match none of the made-up runs, so that they can be repeated, by name."""

DRAIN = [deletion(state={"type": {"any_": _EVERY_TYPE.split()}})]
"""Whatever the state of a run is, it is one of these: repeated, it leaves none."""


def http(bodies: Sequence[bytes]) -> list[bytes]:
    """Whole HTTP requests that keep their connection."""
    return [_head(len(body)) + body for body in bodies]


def _head(length: int) -> bytes:
    return (
        "POST /flow_runs/bulk_delete HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()
