"""The stage of a rehearsal: a private world on a free port, in which the script is run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..filters import MATCH_ALL, Predicate
from ..insight import SomeRuns
from ..insight.deletion_report import DeletionReport
from ..insight.explanation import FilterArgument, filter_predicate, find_other_servers
from ..prefect import Dialect
from ..requests import JSON_MEDIA_TYPE, Message
from ..store import Store
from ..testing import MockServer
from ..worlds import Rule, World, report_world
from .scenarios import Scenario
from .script import ScriptResult, run_script

MAX_SHOWN = 10
"""How many flow runs of a difference are kept."""
MAX_DIALECTS = 8
"""On how many servers that differ a script is run at most."""


@dataclass(frozen=True, slots=True)
class RehearsalSettings:
    """What to rehearse.

    `runs` are seeds, `command` the script with its arguments. `protect` are filters of runs that
    must never go; `expect` is one of exactly the runs that shall go. `times` is how often the
    script runs in the same world. `scenarios` are names of faults, `others` dialects of servers on
    which it also runs; None: each on which its requests select other runs. It may take `seconds`.
    `stdout_to_stderr`: what it prints goes to stderr, because stdout is for the report alone.
    """

    runs: tuple[Path, ...]
    command: tuple[str, ...]
    dialect: Dialect
    now: datetime | None = None
    protect: tuple[FilterArgument, ...] = ()
    expect: FilterArgument | None = None
    times: int = 1
    scenarios: tuple[str, ...] = ()
    others: tuple[Dialect, ...] | None = ()
    seconds: float = 300.0
    stdout_to_stderr: bool = False


class Stage:
    """A server with the seeds of a rehearsal under one dialect; a context manager.

    Raises SeedError, and UsageError for a filter of protected runs that is refused.
    """

    def __init__(self, settings: RehearsalSettings, dialect: Dialect) -> None:
        self.settings, self.dialect = settings, dialect
        self.server = MockServer(*settings.runs, dialect=dialect, now=settings.now)
        self._protect = [
            self._predicate(one, f"--protect {place}")
            for place, one in enumerate(settings.protect, 1)
        ]
        self._first: Store = self.server.call(lambda world: world.store.fork())
        self._ids = frozenset(self._first.select_ids(MATCH_ALL))

    def __enter__(self) -> Stage:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def run(self, seconds: float, *, quiet: bool = False) -> ScriptResult:
        """Run the script. Raises UsageError for a command that cannot be run."""
        return run_script(
            self.settings.command,
            f"{self.server.url}/api",
            seconds,
            quiet=quiet,
            stdout_to_stderr=self.settings.stdout_to_stderr,
        )

    def gone(self) -> frozenset[str]:
        """The ids of the runs that were there at first and are gone."""
        return self._ids.difference(
            self.server.call(lambda world: world.store.select_ids(MATCH_ALL))
        )

    def report(self) -> DeletionReport:
        """What requests deleted since the world began."""
        return self.server.call(lambda world: report_world(world, self._protect))

    def selected(self, given: FilterArgument, where: str) -> frozenset[str]:
        """The ids of the runs that a filter selected at first. Raises UsageError."""
        return frozenset(self._first.select_ids(self._predicate(given, where)))

    def runs(self, ids: Iterable[str]) -> SomeRuns:
        """How many these are, and the first of them as they were at first."""
        found = sorted(ids, reverse=True)
        runs = map(self._first.get, found[:MAX_SHOWN])
        return SomeRuns(len(found), tuple(run for run in runs if run is not None))

    def begin_again(self, scenario: Scenario) -> list[Rule]:
        """Make the world as it was at first, with the faults of a scenario; returns their rules."""
        rules = scenario.fault_rules()

        def begin(world: World) -> None:
            world.reset()
            for rule in rules:
                world.faults.add(rule)

        self.server.call(begin)
        return rules

    def differing_dialects(self) -> tuple[Dialect, ...]:
        """A dialect of each group of servers on which the requests so far select other runs."""
        bodies = self.server.call(lambda world: [one.body for one in world.totals if one.body])
        found: dict[str, Dialect] = {}
        for body in bodies:
            message = Message(body, JSON_MEDIA_TYPE)
            for other in find_other_servers(self._first, message, self.dialect, self._now()):
                if not other.selects_same:
                    found.setdefault(other.dialects[-1].name, other.dialects[-1])
        return tuple(found.values())[:MAX_DIALECTS]

    def _predicate(self, given: FilterArgument, where: str) -> Predicate:
        return filter_predicate(given, self.dialect, self._now(), where)

    def _now(self) -> datetime:
        return self.server.call(lambda world: world.now())
