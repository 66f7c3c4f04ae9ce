"""Gather what `mockserver rehearse` tells: the settings, the runs of the script, the report."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ...errors import UsageError
from ...prefect import Dialect, find_dialect
from ...rehearsal import (
    SCENARIOS,
    RehearsalSettings,
    rehearsal_page,
    rehearsal_value,
    rehearse,
)
from ..output import ReportOutput, print_note
from .explanation_report import read_filter

# How many rows of a table are shown: a terminal's are read, a page's searched.
_MOST_ON_TERMINAL, _MOST_IN_HTML = 6, 50


@dataclass(frozen=True, slots=True)
class RehearseOptions:
    """What to rehearse, as the user typed it.

    `protect` and `expect` are filters. `faults` are names of scenarios; None is all of them.
    `others` are names of dialects, or all. `seconds` is the most that one run may take.
    """

    runs: tuple[Path, ...]
    command: tuple[str, ...]
    dialect: str
    protect: tuple[str, ...]
    expect: str | None
    times: int
    faults: tuple[str, ...] | None
    others: tuple[str, ...]
    seconds: float
    now: datetime | None


def tell_rehearsal(options: RehearseOptions, output: ReportOutput) -> bool:
    """Rehearse, and tell what the script did. Returns whether a problem was found.

    Raises UsageError for options that are not valid, SeedError for seeds.
    """
    settings = RehearsalSettings(
        options.runs,
        options.command,
        find_dialect(options.dialect, print_note),
        options.now,
        tuple(read_filter(one, "--protect")[0] for one in options.protect),
        None if options.expect is None else read_filter(options.expect, "--expect")[0],
        options.times,
        tuple(SCENARIOS) if options.faults is None else tuple(map(_scenario, options.faults)),
        _others(options.others),
        options.seconds,
        stdout_to_stderr=output.as_json or output.as_markdown,
    )
    # The report tells what the server would log.
    logging.getLogger("mockserver").addHandler(logging.NullHandler())
    found = rehearse(settings, print_note)
    facts = (("flow runs", ", ".join(map(str, options.runs))),)
    output.tell(
        rehearsal_page(found, facts, _MOST_ON_TERMINAL),
        rehearsal_value(found),
        rehearsal_page(found, facts, _MOST_IN_HTML),
    )
    return bool(found.problems)


def _scenario(name: str) -> str:
    if name not in SCENARIOS:
        raise UsageError(f"--fault is {name!r}; expected one of {', '.join(SCENARIOS)}")
    return name


def _others(names: tuple[str, ...]) -> tuple[Dialect, ...] | None:
    if "all" in names:
        return None
    return tuple(find_dialect(name, print_note) for name in names)
