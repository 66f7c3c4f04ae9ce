"""A bulk_delete to be copied: for a shell, for Python, as JSON.

Invariant: each sends the same body, whatever is in its texts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pprint import pformat
from shlex import quote

MAX_COPIED = 100_000
"""Characters of a filter that can be copied; a shell takes lines of up to 128 KiB (Linux)."""
_PATH = "/api/flow_runs/bulk_delete"
_HEADER = "Content-Type: application/json"
_PYTHON = """\
import httpx

body = {body}

reply = httpx.post({url!r}, json=body)
reply.raise_for_status()
print(reply.json()["deleted"])
"""


@dataclass(frozen=True, slots=True)
class Copy:
    """A form of the request: what it is for, and its text."""

    name: str
    text: str


def copies_of(filter_: str, url: str) -> tuple[Copy, ...]:
    """The request in each form; none for a filter that is no JSON object, or that is very long."""
    if len(filter_) > MAX_COPIED:
        return ()
    try:
        value = json.loads(filter_)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(value, dict):
        return ()
    body = value if not value or value.keys() & {"flow_runs", "limit"} else {"flow_runs": value}
    # In ASCII: a shell or an editor may not take all characters as they are.
    sent = quote(json.dumps(body))
    return (
        Copy("curl", f"curl -H {quote(_HEADER)} \\\n  -d {sent} \\\n  {quote(url + _PATH)}"),
        Copy("Python", _PYTHON.format(body=pformat(body, sort_dicts=False), url=url + _PATH)),
        Copy("JSON", json.dumps(body, indent=2)),
    )
