"""Rehearse a script: run it against a private world, once or in several ways, and compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..insight import SomeRuns, count_of
from ..insight.deletion_report import DeletionReport
from ..insight.explanation import FilterArgument
from .rival import delete_meanwhile
from .scenarios import SCENARIOS, Scenario
from .script import ScriptResult
from .stage import RehearsalSettings, Stage

# Chosen: a script under a fault may take so many times as long as without, and at least so long.
_SLOWER, _LEAST_SECONDS = 20, 30.0


@dataclass(frozen=True, slots=True)
class Repetition:
    """The script once more in the same world; it is idempotent if it changed nothing."""

    result: ScriptResult
    deleted: int


@dataclass(frozen=True, slots=True)
class Variation:
    """The script in a world like the first, under a fault or on another server.

    `name` is that of the scenario or of the dialect, `sentence` the scenario in words. `happened`
    is how often the fault did. `left` are runs that are there and that the first run of the script
    deleted, `lost` those that are gone and that it left.
    """

    name: str
    sentence: str
    result: ScriptResult
    happened: int
    left: SomeRuns
    lost: SomeRuns
    protected_lost: int

    @property
    def same(self) -> bool:
        """Whether it leaves the same flow runs as the first run of the script."""
        return not (self.left.count or self.lost.count)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a script did.

    `report` is what its first run deleted. `unexpected` are runs that went and should not,
    `missed` those that should have gone and did not; None without an expectation.
    """

    command: tuple[str, ...]
    result: ScriptResult
    report: DeletionReport
    unexpected: SomeRuns | None
    missed: SomeRuns | None
    repetitions: tuple[Repetition, ...]
    faults: tuple[Variation, ...]
    dialects: tuple[Variation, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, in sentences; empty where the script does what it shall."""
        return tuple(_problems(self))


def _problems(one: Rehearsal) -> Iterator[str]:
    if one.result.failed:
        yield f"the script {one.result}"
    if one.report.lost:
        verb = "is" if one.report.lost == 1 else "are"
        yield f"{count_of(one.report.lost, 'protected flow run')} {verb} gone"
    if one.unexpected and one.unexpected.count:
        yield f"{count_of(one.unexpected.count, 'flow run')} went that should have stayed"
    if one.missed and one.missed.count:
        yield f"{count_of(one.missed.count, 'flow run')} stayed that should have gone"
    for number, again in enumerate(one.repetitions, 2):
        if again.deleted:
            more = count_of(again.deleted, "more flow run")
            yield f"run {number} deleted {more}: it is not idempotent"
        if again.result.failed:
            yield f"run {number} of the script {again.result}"
    for fault in one.faults:
        found = []
        if fault.result.failed and not one.result.failed:
            found.append(f"the script {fault.result}")
        if fault.left.count:
            found.append(f"{fault.left.count:,} flow runs stay that go otherwise")
        if fault.lost.count:
            found.append(f"{fault.lost.count:,} flow runs go that stay otherwise")
        if found:
            yield f"under {fault.name} {' and '.join(found)}"
    for other in (*one.faults, *one.dialects):
        if other.protected_lost:
            yield f"{other.protected_lost:,} protected flow runs go with {other.name}"


def rehearse(
    settings: RehearsalSettings, tell: Callable[[str], None] = lambda _: None
) -> Rehearsal:
    """Run the script in every way that is asked for. `tell` is told what comes next.

    Raises UsageError for a filter that is refused and a command that cannot be run, SeedError.
    """
    with Stage(settings, settings.dialect) as stage:
        tell(f"running {' '.join(settings.command)}")
        result = stage.run(settings.seconds)
        report, gone = stage.report(), stage.gone()
        unexpected, missed = _compare(stage, gone, settings.expect)
        others = stage.differing_dialects() if settings.others is None else settings.others
        repetitions = []
        for number in range(2, settings.times + 1):
            tell(f"running it again ({number} of {settings.times})")
            repetitions.append(_repeat(stage, settings.seconds))
        bound = min(settings.seconds, max(_LEAST_SECONDS, _SLOWER * result.seconds))
        faults = []
        for name in settings.scenarios:
            scenario = SCENARIOS[name]
            tell(f"{name}: {scenario.sentence}")
            faults.append(_vary(stage, name, scenario, gone, bound))
    dialects = []
    for dialect in others:
        tell(f"on {dialect.name}")
        with Stage(settings, dialect) as stage:
            dialects.append(_vary(stage, dialect.name, None, gone, bound))
    return Rehearsal(
        settings.command,
        result,
        report,
        unexpected,
        missed,
        tuple(repetitions),
        tuple(faults),
        tuple(dialects),
    )


def _compare(
    stage: Stage, gone: frozenset[str], expect: FilterArgument | None
) -> tuple[SomeRuns, SomeRuns] | tuple[None, None]:
    """What went and should not, and what should have gone and did not."""
    if expect is None:
        return None, None
    meant = stage.selected(expect, "--expect")
    return stage.runs(gone - meant), stage.runs(meant - gone)


def _repeat(stage: Stage, seconds: float) -> Repetition:
    before = stage.gone()
    result = stage.run(seconds, quiet=True)
    return Repetition(result, len(stage.gone() - before))


def _vary(
    stage: Stage, name: str, scenario: Scenario | None, gone: frozenset[str], seconds: float
) -> Variation:
    """Run the script in a world as at first, and compare what is gone."""
    scenario = scenario or Scenario("")
    rules = stage.begin_again(scenario)
    with delete_meanwhile(stage.server, gone if scenario.rival else frozenset()) as rival:
        result = stage.run(seconds, quiet=True)
    gone_now, report = stage.gone(), stage.report()
    return Variation(
        name,
        scenario.sentence,
        result,
        rival.deleted if scenario.rival else sum(one.happened for one in rules),
        stage.runs(gone - gone_now),
        stage.runs(gone_now - gone),
        report.lost,
    )
