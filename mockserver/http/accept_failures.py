"""Tells once that no connection can be accepted, and once that it is over."""

from __future__ import annotations

import asyncio
import errno
import logging
from typing import Any

log = logging.getLogger("mockserver")

# What asyncio's accept loop takes for a shortage that passes (selector_events.py).
SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""Errors that say that something is short, which others can give back."""
# asyncio tries again after a second (constants.ACCEPT_RETRY_DELAY).
_QUIET_SECONDS = 2.5


class AcceptFailures:
    """An exception handler for a loop. asyncio itself logs each failure, with a traceback."""

    def __init__(self) -> None:
        self.count = 0
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle what `loop.call_exception_handler` is called with."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in SHORTAGES:
            loop.default_exception_handler(context)
            return
        self.count += 1
        if self._timer is None:
            log.warning(
                "no connection can be accepted (%s): others have to be closed first; the limit is "
                "that of open files, ulimit -n",
                error.strerror,
            )
        else:
            self._timer.cancel()
        self._timer = loop.call_later(_QUIET_SECONDS, self.end)

    def end(self) -> None:
        """Tell that the shortage is over: there was no failure for a while."""
        log.warning("connections are accepted again, after %d failures", self.count)
        self.count, self._timer = 0, None
