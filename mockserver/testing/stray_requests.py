"""Why an API got no request at all: what a test is told when it expected some.

Code that reads its URL once, when it is imported or first called, sends its requests to where the
variable pointed then: another server, or the session of an earlier test.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

API_URL_VARIABLE = "PREFECT_API_URL"
_ADVICE = (
    f"Code that has read {API_URL_VARIABLE} before, as when it was imported, goes on with what it "
    "read: let it read the variable, or make its client, when it is called"
)


def explain_silence(url: str, others: Sequence[str]) -> str:
    """Say where requests may have gone that did not come to `url`.

    `others` are the URLs of other sessions that got requests meanwhile.
    """
    now = os.environ.get(API_URL_VARIABLE)
    if others:
        return f"no request came to {url}, but some came to {', '.join(others)}. {_ADVICE}"
    if now == url:
        return f"no request came to {url}, which {API_URL_VARIABLE} is now. {_ADVICE}"
    return f"no request came to {url}; {API_URL_VARIABLE} is {now or 'not set'}"
