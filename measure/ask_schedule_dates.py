"""Ask Prefect's own classes for the dates of schedules.

    PYTHON ask_schedule_dates.py < CASES

PYTHON has Prefect. CASES is JSON, a list of [schedule, n, start, end]; for each, a list of dates
is written, with the name of an error last where one is raised.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from prefect.server.schemas import schedules
from pydantic import TypeAdapter

SCHEDULE: TypeAdapter[Any] = TypeAdapter(schedules.SCHEDULE_TYPES)
MOMENT: TypeAdapter[datetime | None] = TypeAdapter(datetime | None)


def dates_of(schedule: Any, n: int, start: str, end: str | None) -> Iterator[str]:
    """The dates of a schedule, in the order in which Prefect makes runs of them."""
    try:
        parsed = SCHEDULE.validate_python(schedule)
        bounds = map(MOMENT.validate_python, (start, end))
        # get_dates itself sorts them, and gives none where an error follows.
        yield from map(str, parsed._get_dates_generator(n, *bounds))  # noqa: SLF001
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what a server fails with
        yield type(error).__name__


if __name__ == "__main__":
    json.dump([list(dates_of(*case)) for case in json.load(sys.stdin)], sys.stdout)
