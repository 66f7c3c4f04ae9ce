"""Time calls within one process."""

from __future__ import annotations

import time
from collections.abc import Callable


def microseconds(call: Callable[[], object]) -> float:
    """Microseconds that one call takes."""
    begun = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - begun) / 1e3
