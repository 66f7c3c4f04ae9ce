"""Make up the flow runs of a busy workspace: the same ones for the same seed, one at a time.

Inside, a time is a whole number of microseconds from `now` (below zero: past) until it is written.
`now` is taken for a Wednesday, 14:00, so that both ways to write times show one population.

Bytes must be equal on every machine and Python version. So: nothing is drawn but `random()` and
`getrandbits()`, floats are added and multiplied but never raised to a power, weights are integers.
"""

from bisect import bisect
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Literal, TypeVar

from ..prefect import ADJECTIVES, ANIMALS

T = TypeVar("T")
Document = dict[str, object]
Times = dict[str, int]
TimePattern = Literal["finished", "unstarted", "open", "held", "pending", "late", "again", "future"]
Outcome = tuple[str, str, TimePattern, int]

SECOND = 1_000_000
MINUTE, HOUR, DAY, WEEK = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND, 604_800 * SECOND
NOW_IN_WEEK = 2 * DAY + 14 * HOUR
RECENT, OLDEST, RECENT_SHARE = 90 * DAY, 700 * DAY, 0.85
NEWEST_VERSION, VERSION_AGE = 14, 60 * DAY
RETRIED_SHARE, EXTRA_TAG_SHARE, SUBFLOW_SHARE, PARENTS_KEPT = 0.04, 0.1, 0.08, 16


@dataclass(frozen=True, slots=True)
class Schedule:
    """Starts every `every`, `phase` after Monday 0:00; `weekends` is the share that stay there."""

    interval: int
    offset: int
    weekends: float
    jitter: int = 0


@dataclass(frozen=True, slots=True)
class RunTemplate:
    """A flow or its deployment; `trouble` 1 fails about 0.5 % of its runs, `keys` stand in all."""

    name: str
    pool: str
    schedule: Schedule
    seconds: int
    weight: int
    failure_factor: int
    tags: str
    variants: str
    subflows: tuple[str, ...] = ()
    scheduled_share: float = 0.0
    keys: Mapping[str, str] = field(default_factory=dict)
    schedule_creator: tuple[str, str, str, str] = ("", "", "", "")


FIVE_MINUTES, HOURLY = Schedule(5 * MINUTE, 0, 0.8), Schedule(HOUR, 0, 0.6)
AT_ONE, AT_THREE = Schedule(DAY, 1 * HOUR, 0.7), Schedule(DAY, 3 * HOUR, 0.7)
WORKDAYS, MONDAYS = Schedule(DAY, 6 * HOUR, 0.0), Schedule(WEEK, 5 * HOUR, 0.0)
MANUAL = Schedule(DAY, 8 * HOUR, 0.15, jitter=10 * HOUR)
# A state, what its times look like and how often it ran; of 10,000 runs, how many are in it.
OUTCOMES: tuple[tuple[Outcome, int], ...] = (
    (("COMPLETED", "Completed", "finished", 1), 8_750),
    (("COMPLETED", "Cached", "finished", 1), 60),
    (("FAILED", "Failed", "finished", 1), 45),
    (("FAILED", "TimedOut", "finished", 1), 5),
    (("CRASHED", "Crashed", "finished", 1), 90),
    (("CRASHED", "Crashed", "unstarted", 0), 25),
    (("CANCELLED", "Cancelled", "finished", 1), 70),
    (("CANCELLED", "Cancelled", "unstarted", 0), 45),
    (("RUNNING", "Running", "open", 1), 90),
    (("RUNNING", "Retrying", "open", 2), 10),
    (("CANCELLING", "Cancelling", "open", 1), 20),
    (("PAUSED", "Paused", "held", 1), 15),
    (("PAUSED", "Suspended", "held", 1), 15),
    (("PENDING", "Pending", "pending", 0), 40),
    (("SCHEDULED", "Late", "late", 0), 60),
    (("SCHEDULED", "AwaitingRetry", "again", 1), 15),
    (("SCHEDULED", "Resuming", "again", 1), 10),
    (("SCHEDULED", "Scheduled", "future", 0), 220),
)
FLOWS = (
    RunTemplate("ingest-orders", "k8s", FIVE_MINUTES, 25, 9, 4, "sales", "eu us apac replay"),
    RunTemplate("ingest-events", "k8s", FIVE_MINUTES, 12, 9, 2, "growth", "eu us staging"),
    RunTemplate("sync-crm", "vm", HOURLY, 80, 7, 9, "sales pii", "prod staging lab"),
    RunTemplate("refresh-dashboards", "vm", HOURLY, 150, 6, 3, "", "prod dev"),
    RunTemplate("check-quality", "k8s", HOURLY, 45, 6, 9, "platform", "eu us dev"),
    RunTemplate("load-table", "k8s", HOURLY, 420, 5, 5, "platform", "prod replay"),
    RunTemplate(
        "build-warehouse", "k8s", AT_ONE, 2_700, 6, 6, "nightly", "eu us dev", ("load-table",)
    ),
    RunTemplate(
        "train-forecast", "gpu", AT_THREE, 4_000, 4, 8, "ml", "prod lab", ("score-customers",)
    ),
    RunTemplate("score-customers", "gpu", AT_THREE, 1_300, 3, 6, "ml pii", "eu us lab"),
    RunTemplate("export-invoices", "vm", WORKDAYS, 110, 2, 2, "finance pii", "prod lab"),
    RunTemplate("close-books", "vm", MONDAYS, 2_400, 2, 4, "finance", "prod", ("export-invoices",)),
    RunTemplate("Clean_Workspace", "vm", AT_ONE, 35, 2, 1, "", "dev lab"),
)
# What sets a deployment apart: queue, factors of weight and trouble, share by schedule, tags.
VARIANTS = {
    "prod": ("default", 20, 1, 0.95, "prod"),
    "eu": ("fast", 10, 1, 0.95, "prod region:eu"),
    "us": ("fast", 10, 1, 0.95, "prod region:us"),
    "apac": ("fast", 7, 4, 0.95, "region:apac"),
    "staging": ("default", 4, 5, 0.8, "staging"),
    "dev": ("default", 3, 3, 0.6, ""),
    "replay": ("bulk", 1, 2, 0.0, "backfill"),
    "lab": ("", 1, 6, 0.0, ""),  # no queue: served by its own process
}
# Who starts runs out of turn: type, name and idempotency key; how often.
CREATORS = (
    (("USER", "mara@example.com", ""), 55),
    (("USER", "Ænne@example.com", "release-{}"), 15),
    (("AUTOMATION", "rerun-after-crash", "rerun-{}"), 30),
)
PLAIN_NAME, PLAIN_SHARE = "{adjective}-{animal}", 0.9
OTHER_NAMES = """{source}-{number} {source}-{number} ETL-{animal}-{number} backfill_{adjective}_data
sample-10%-{animal} Überprüfung-{animal} straße-{adjective} İzmir-{animal}"""
EXTRA_TAGS = ("manual", "debug", "hot-fix")


def weighted_choice(weighted: Iterable[tuple[T, int]]) -> Callable[[float], T]:
    """Take items with weights; return what picks one for a number from 0 to below 1."""
    items, weights = zip(*weighted, strict=True)
    totals = tuple(accumulate(weights))
    return lambda chance: items[bisect(totals, chance * totals[-1])]


def outcome_choice(failure_factor: int) -> Callable[[float], Outcome]:
    """Return what picks a state, where failures weigh `trouble` times their share."""
    return weighted_choice(
        (o, share * (failure_factor if o[0] == "FAILED" else 1)) for o, share in OUTCOMES
    )


def latest_start(schedule: Schedule, latest: int, random: Callable[[], float]) -> int:
    """Return the last start of `schedule` by `latest`, or two days earlier if on a weekend."""
    at = latest - schedule.jitter
    at += int(schedule.jitter * random()) - (at + NOW_IN_WEEK - schedule.offset) % schedule.interval
    weekend = (at + NOW_IN_WEEK) % WEEK >= 5 * DAY
    return at - 2 * DAY if weekend and random() >= schedule.weekends else at


def random_past_start(schedule: Schedule, latest: int, random: Callable[[], float]) -> int:
    """Return some start of `schedule` by `latest`: most are recent, some very old."""
    recent, tail = random() / RECENT_SHARE, random()
    age = RECENT * recent if recent < 1 else RECENT + (OLDEST - RECENT) * tail * tail
    return latest_start(schedule, latest - int(age), random)


def draw_times(
    pattern: TimePattern, seconds: int, schedule: Schedule, random: Callable[[], float]
) -> Times:
    """Take what a run is like and how long it typically takes; return its times by key."""
    wait, rare = int(15 * SECOND * random()) + 1, random()
    spent = int(seconds * SECOND * (0.5 + random() + 8 * rare * rare * rare * rare * rare * rare))
    match pattern:
        case "finished":
            due = random_past_start(schedule, -wait - spent, random)
            start, end = due + wait, due + wait + spent
            return {"expected_start_time": due, "start_time": start, "end_time": end}
        case "unstarted":
            due = random_past_start(schedule, -spent, random)
            return {"expected_start_time": due, "end_time": due + spent}
        case "open" | "held":
            start = -spent if pattern == "open" else -spent - int(rare * 3 * DAY)
            return {"expected_start_time": start - wait, "start_time": start}
        case "pending":
            return {"expected_start_time": -wait}
        case "again":
            return {"expected_start_time": -spent - wait, "next_scheduled_start_time": wait}
        case "late":
            due = -wait - int(rare * rare * rare * DAY)
        case _:
            due = latest_start(schedule, int(random() * WEEK), random)
            due += 0 if due > 0 else WEEK  # every schedule repeats after a week
    return {"expected_start_time": due, "next_scheduled_start_time": due}


class PopulationGenerator:
    """Makes one record after the other; keeps its draw and the last few parents, no more."""

    def __init__(self, seed: int, now: datetime | None) -> None:
        draw = Random(seed)  # noqa: S311 - nothing here is secret, it must only be the same
        self.random, self.bits = draw.random, draw.getrandbits
        self.now = now and now.astimezone(UTC).replace(tzinfo=None)
        flows = [replace(flow, keys={"flow_id": self.uuid()}) for flow in FLOWS]
        self.flows = {flow.name: flow for flow in flows}
        self.deployments = [self.deployment(f, name) for f in flows for name in f.variants.split()]
        self.choose_template = weighted_choice(
            (template, template.weight) for template in flows + self.deployments
        )
        self.choose_outcome = {
            s.failure_factor: outcome_choice(s.failure_factor) for s in flows + self.deployments
        }
        self.choose_finished = weighted_choice(
            pair for pair in OUTCOMES if pair[0][2] == "finished"
        )
        self.styles, self.words = OTHER_NAMES.split(), (ADJECTIVES.split(), ANIMALS.split())
        self.choose_creator = weighted_choice(
            ((self.uuid(), *creator), share) for creator, share in CREATORS
        )
        self.parents: deque[tuple[object, RunTemplate, Times]] = deque(maxlen=PARENTS_KEPT)

    def uuid(self) -> str:
        """Return a random uuid of version 4."""
        text, variant = f"{self.bits(128):032x}", "89ab"[self.bits(2)]
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"

    def format_time(self, offset: int) -> str:
        """Return the instant so far from now: in UTC or, without a now, as `now-90.500000s`."""
        if self.now:
            return (self.now + timedelta(microseconds=offset)).isoformat("T", "microseconds") + "Z"
        return f"now{offset / SECOND:+.6f}s" if offset % SECOND else f"now{offset // SECOND:+}s"

    def choice(self, items: Sequence[T]) -> T:
        """Return one of the items, all equally likely."""
        return items[int(self.random() * len(items))]

    def deployment(self, flow: RunTemplate, name: str) -> RunTemplate:
        """Take a flow and the name of a variant; return the deployment of the two."""
        queue, weight, factor, scheduled_share, tags = VARIANTS[name]
        name, tags, creator_id = f"{flow.name}-{name}", f"{flow.tags} {tags}", self.uuid()
        pool = {"work_queue_name": queue, "work_pool_name": flow.pool} if queue else {}
        keys = {**flow.keys, "deployment_id": creator_id, **pool}
        schedule_creator = (creator_id, "DEPLOYMENT", name, "scheduled-{}")
        template = replace(
            flow,
            name=name,
            tags=tags,
            scheduled_share=scheduled_share,
            keys=keys,
            schedule_creator=schedule_creator,
        )
        return replace(
            template, weight=2 * flow.weight * weight, failure_factor=flow.failure_factor * factor
        )

    def workspace(self) -> Document:
        """Return the document of the flows and deployments."""
        flows = [{"id": f.keys["flow_id"], "name": f.name} for f in self.flows.values()]
        deployments = []
        for template in self.deployments:
            keys = dict(template.keys)
            about = {"id": keys.pop("deployment_id"), "name": template.name}
            deployments.append({**about, **keys, "tags": template.tags.split()})
        return {"flows": flows, "deployments": deployments}

    def name(self, template: RunTemplate, number: int) -> str:
        """Return a name for a run: most are two words, the others show what `like_` looks at."""
        style = PLAIN_NAME if self.random() < PLAIN_SHARE else self.choice(self.styles)
        adjective, animal = map(self.choice, self.words)
        return style.format(source=template.name, number=number, adjective=adjective, animal=animal)

    def record(self, number: int, template: RunTemplate, outcome: Outcome, at: Times) -> Document:
        """Return the part of a run that does not depend on who started it."""
        state_type, state_name, pattern, count = outcome
        record: Document = {"id": self.uuid(), "name": self.name(template, number), **template.keys}
        if template.scheduled_share:
            age = max(0, -at["expected_start_time"])
            record["flow_version"] = f"2.{NEWEST_VERSION - age // VERSION_AGE}"
        extra = [self.choice(EXTRA_TAGS)] if self.random() < EXTRA_TAG_SHARE else []
        record["tags"] = template.tags.split() + extra
        record["state"] = {"type": state_type, "name": state_name}
        record["run_count"] = count + (pattern == "finished" and self.random() < RETRIED_SHARE)
        if pattern == "finished":
            record["total_run_time"] = (at["end_time"] - at["start_time"]) / SECOND
        return record | {key: self.format_time(offset) for key, offset in at.items()}

    def run(self, number: int) -> Iterator[Document]:
        """Yield a run that no other run called."""
        template = self.choose_template(self.random())
        scheduled = self.random() < template.scheduled_share
        schedule = template.schedule if scheduled else MANUAL
        outcome = self.choose_outcome[template.failure_factor](self.random())
        at = draw_times(outcome[2], template.seconds, schedule, self.random)
        record = self.record(number, template, outcome, at)
        if template.subflows and outcome[2] == "finished":
            self.parents.append((record["id"], template, at))
        creator_id, kind, name, key = (
            template.schedule_creator if scheduled else self.choose_creator(self.random())
        )
        record["created_by"] = {"id": creator_id, "type": kind, "display_value": name}
        record["auto_scheduled"] = scheduled
        yield record | ({"idempotency_key": key.format(number)} if key else {})

    def subflow(self, number: int) -> Iterator[Document]:
        """Yield a task run of a parent, then the run it called, which lasts no longer."""
        parent, caller, span = self.choice(self.parents)
        template, task = self.flows[self.choice(caller.subflows)], self.uuid()
        name = f"{template.name}-{task[:3]}"
        yield {"task_runs": [{"id": task, "flow_run_id": parent, "name": name}]}
        start = span["start_time"] + int(self.random() * (span["end_time"] - span["start_time"]))
        end = start + int(self.random() * (span["end_time"] - start))
        at = {"expected_start_time": start, "start_time": start, "end_time": end}
        record = self.record(number, template, self.choose_finished(self.random()), at)
        yield record | {"auto_scheduled": False, "parent_task_run_id": task}

    def documents(self, runs: int) -> Iterator[Document]:
        """Yield the workspace, then so many runs and the task runs that they need."""
        yield self.workspace()
        for number in range(runs):
            called = self.parents and self.random() < SUBFLOW_SHARE
            yield from self.subflow(number) if called else self.run(number)


def generate_population(
    runs: int, *, seed: int = 0, now: datetime | None = None
) -> Iterator[Document]:
    """Take how many runs; yield the lines of a seed file, the same for the same arguments.

    The first holds flows and deployments, the others a run each or, before a subflow, its task run.
    Without `now`, times are written as distances from it (`now-90.500000s`).
    """
    if runs < 0:
        raise ValueError(f"population: runs is {runs}; expected 0 or more")
    if now is not None and now.utcoffset() is None:
        raise ValueError(f"population: now is {now}, without an offset; expected datetime.now(UTC)")
    return PopulationGenerator(seed, now).documents(runs)
