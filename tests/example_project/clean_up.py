"""Delete flow runs that completed long ago, as a cron job would. Does not depend on mockserver."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

ATTEMPTS = 3


def clean_up(
    older_than: timedelta,
    *,
    now: datetime | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> int:
    """Delete completed flow runs that ended longer than `older_than` ago; returns how many."""
    before = (now or datetime.now(UTC)) - older_than
    flow_runs = {
        "state": {"type": {"any_": ["COMPLETED"]}},
        "end_time": {"before_": before.isoformat()},
    }
    return sum(len(deleted) for deleted in _batches({"flow_runs": flow_runs}, wait))


def _batches(body: Any, wait: Callable[[float], None]) -> Iterator[list[str]]:
    while deleted := _post("/flow_runs/bulk_delete", body, wait)["deleted"]:
        yield deleted


def _post(path: str, body: Any, wait: Callable[[float], None]) -> Any:
    request = Request(
        os.environ["PREFECT_API_URL"] + path,
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    for attempt in range(ATTEMPTS):
        try:
            with urlopen(request, timeout=30) as reply:
                return json.load(reply)
        except HTTPError as error:
            if error.code not in (429, 502, 503) or attempt == ATTEMPTS - 1:
                raise
            wait(float(error.headers.get("Retry-After", 1)))
        # The connection was cut. To delete once more what is gone already does no harm.
        except (URLError, HTTPException, ConnectionError):
            if attempt == ATTEMPTS - 1:
                raise
            wait(1)
    raise AssertionError("the last attempt returns or raises")


if __name__ == "__main__":
    print(clean_up(timedelta(days=int(sys.argv[1]))))
