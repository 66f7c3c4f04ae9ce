"""Make up the flow runs of a busy workspace, one at a time: the same runs for the same seed.

Internally, a time is a number of microseconds relative to `now`; negative ones are in the past.
`now` is assumed to be a Wednesday at 14:00, so that a population with absolute times and one with
relative times are the same.

The output must have the same bytes on every machine and Python version (a test holds its digest).
Therefore only `random()` and `getrandbits()` are drawn from, floats are added and multiplied but
never raised to a power, and weights are integers. The order of draws matters: a new draw changes
everything after it.
"""

from bisect import bisect
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Literal, NamedTuple, TypeVar

from ..prefect import ADJECTIVES, ANIMALS

T = TypeVar("T")
Document = dict[str, object]
Times = dict[str, int]
TimePattern = Literal["finished", "unstarted", "open", "held", "pending", "late", "again", "future"]

SECOND = 1_000_000
MINUTE, HOUR, DAY, WEEK = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND, 604_800 * SECOND
NOW_IN_WEEK = 2 * DAY + 14 * HOUR
# The shares are made up; tests/seeds/test_population.py holds what they lead to.
RECENT, OLDEST, RECENT_SHARE = 90 * DAY, 700 * DAY, 0.85
NEWEST_VERSION, VERSION_AGE = 14, 60 * DAY
RETRIED_SHARE, EXTRA_TAG_SHARE, SUBFLOW_SHARE, PARENTS_KEPT = 0.04, 0.1, 0.08, 16


class Outcome(NamedTuple):
    """The state of a run, the pattern of its times, and how often it ran."""

    state_type: str
    state_name: str
    pattern: TimePattern
    run_count: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """When runs start: every `interval`, counted from `offset` after Monday 0:00, in microseconds.

    `weekends` is the share of starts on a weekend that take place; the others move two days back. A
    start is delayed by a random part of `jitter`.
    """

    interval: int
    offset: int
    weekends: float
    jitter: int = 0


@dataclass(frozen=True, slots=True)
class RunTemplate:
    """A flow or a deployment, and what its runs look like.

    A run takes about `seconds`. With a `failure_factor` of 1, about 0.5 % of the runs fail. `tags`
    are separated by spaces, and so are `variants`, the deployments of a flow. `subflows` are the
    flows that its runs may call. A `scheduled_share` of the runs is started by the schedule; their
    `schedule_creator` is an id, a type, a name and an idempotency key. All runs have `keys`.
    """

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
# Each with its number in 10,000 runs.
OUTCOMES: tuple[tuple[Outcome, int], ...] = (
    (Outcome("COMPLETED", "Completed", "finished", 1), 8_750),
    (Outcome("COMPLETED", "Cached", "finished", 1), 60),
    (Outcome("FAILED", "Failed", "finished", 1), 45),
    (Outcome("FAILED", "TimedOut", "finished", 1), 5),
    (Outcome("CRASHED", "Crashed", "finished", 1), 90),
    (Outcome("CRASHED", "Crashed", "unstarted", 0), 25),
    (Outcome("CANCELLED", "Cancelled", "finished", 1), 70),
    (Outcome("CANCELLED", "Cancelled", "unstarted", 0), 45),
    (Outcome("RUNNING", "Running", "open", 1), 90),
    (Outcome("RUNNING", "Retrying", "open", 2), 10),
    (Outcome("CANCELLING", "Cancelling", "open", 1), 20),
    (Outcome("PAUSED", "Paused", "held", 1), 15),
    (Outcome("PAUSED", "Suspended", "held", 1), 15),
    (Outcome("PENDING", "Pending", "pending", 0), 40),
    (Outcome("SCHEDULED", "Late", "late", 0), 60),
    (Outcome("SCHEDULED", "AwaitingRetry", "again", 1), 15),
    (Outcome("SCHEDULED", "Resuming", "again", 1), 10),
    (Outcome("SCHEDULED", "Scheduled", "future", 0), 220),
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
# The deployments of flows: queue, factor of weight, factor of failures, scheduled share, tags.
VARIANTS = {
    "prod": ("default", 20, 1, 0.95, "prod"),
    "eu": ("fast", 10, 1, 0.95, "prod region:eu"),
    "us": ("fast", 10, 1, 0.95, "prod region:us"),
    "apac": ("fast", 7, 4, 0.95, "region:apac"),
    "staging": ("default", 4, 5, 0.8, "staging"),
    "dev": ("default", 3, 3, 0.6, ""),
    "replay": ("bulk", 1, 2, 0.0, "backfill"),
    "lab": ("", 1, 6, 0.0, ""),  # no queue: a process of its own serves it
}
# Who starts runs outside of schedules: type, name and idempotency key; then the weight.
CREATORS = (
    (("USER", "mara@example.com", ""), 55),
    (("USER", "Ænne@example.com", "release-{}"), 15),
    (("AUTOMATION", "rerun-after-crash", "rerun-{}"), 30),
)
PLAIN_NAME, PLAIN_SHARE = "{adjective}-{animal}", 0.9
# Hard for like_: wildcards, a word in another case, and letters that the dialects fold differently
# (deviations like-wildcards and like-case-ascii).
OTHER_NAMES = """{source}-{number} {source}-{number} ETL-{animal}-{number} backfill_{adjective}_data
sample-10%-{animal} Überprüfung-{animal} straße-{adjective} İzmir-{animal}"""
EXTRA_TAGS = ("manual", "debug", "hot-fix")


def weighted_choice(weighted: Iterable[tuple[T, int]]) -> Callable[[float], T]:
    """A function that picks an item for a number from 0 to below 1, in proportion to weights."""
    items, weights = zip(*weighted, strict=True)
    totals = tuple(accumulate(weights))
    return lambda chance: items[bisect(totals, chance * totals[-1])]


def outcome_choice(failure_factor: int) -> Callable[[float], Outcome]:
    """A function that picks an outcome; failures weigh `failure_factor` times their share."""
    return weighted_choice(
        (outcome, share * (failure_factor if outcome.state_type == "FAILED" else 1))
        for outcome, share in OUTCOMES
    )


def latest_start(schedule: Schedule, latest: int, random: Callable[[], float]) -> int:
    """The last start of `schedule` until `latest`; most starts on a weekend move two days back."""
    start = latest - schedule.jitter
    since_due = (start + NOW_IN_WEEK - schedule.offset) % schedule.interval
    start += int(schedule.jitter * random()) - since_due
    weekend = (start + NOW_IN_WEEK) % WEEK >= 5 * DAY
    return start - 2 * DAY if weekend and random() >= schedule.weekends else start


def random_past_start(schedule: Schedule, latest: int, random: Callable[[], float]) -> int:
    """A random start of `schedule` at or before `latest`: most are recent, some very old."""
    recent, tail = random() / RECENT_SHARE, random()
    age = RECENT * recent if recent < 1 else RECENT + (OLDEST - RECENT) * tail * tail
    return latest_start(schedule, latest - int(age), random)


def draw_times(
    pattern: TimePattern, seconds: int, schedule: Schedule, random: Callable[[], float]
) -> Times:
    """Draw the times of a run by key, relative to `now`; `seconds` is how long it usually takes."""
    wait, rare = int(15 * SECOND * random()) + 1, random()
    # Not rare**6: pow() of the C library may round differently on another machine.
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
    """Makes one record after another, and keeps only the last few runs that may be parents."""

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
            factor: outcome_choice(factor)
            for factor in {template.failure_factor for template in flows + self.deployments}
        }
        self.choose_finished = weighted_choice(
            (outcome, share) for outcome, share in OUTCOMES if outcome.pattern == "finished"
        )
        self.styles, self.words = OTHER_NAMES.split(), (ADJECTIVES.split(), ANIMALS.split())
        self.choose_creator = weighted_choice(
            ((self.uuid(), *creator), share) for creator, share in CREATORS
        )
        self.parents: deque[tuple[object, RunTemplate, Times]] = deque(maxlen=PARENTS_KEPT)

    def uuid(self) -> str:
        """A random uuid of version 4."""
        text, variant = f"{self.bits(128):032x}", "89ab"[self.bits(2)]
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"

    def format_time(self, offset: int) -> str:
        """A time as a seed has it: in UTC or, if `now` was not given, as `now-90.500000s`."""
        if self.now:
            return (self.now + timedelta(microseconds=offset)).isoformat("T", "microseconds") + "Z"
        return f"now{offset / SECOND:+.6f}s" if offset % SECOND else f"now{offset // SECOND:+}s"

    def choice(self, items: Sequence[T]) -> T:
        """One of the items, all equally likely."""
        return items[int(self.random() * len(items))]

    def deployment(self, flow: RunTemplate, name: str) -> RunTemplate:
        """The deployment of a flow in one of `VARIANTS`."""
        queue, weight_factor, failure_factor, scheduled_share, tags = VARIANTS[name]
        name, deployment_id = f"{flow.name}-{name}", self.uuid()
        pool = {"work_queue_name": queue, "work_pool_name": flow.pool} if queue else {}
        return replace(
            flow,
            name=name,
            weight=2 * flow.weight * weight_factor,
            failure_factor=flow.failure_factor * failure_factor,
            tags=f"{flow.tags} {tags}",
            scheduled_share=scheduled_share,
            keys={**flow.keys, "deployment_id": deployment_id, **pool},
            schedule_creator=(deployment_id, "DEPLOYMENT", name, "scheduled-{}"),
        )

    def workspace(self) -> Document:
        """The document that describes flows and deployments."""
        flows = [{"id": f.keys["flow_id"], "name": f.name} for f in self.flows.values()]
        deployments = []
        for template in self.deployments:
            keys = dict(template.keys)
            about = {"id": keys.pop("deployment_id"), "name": template.name}
            deployments.append({**about, **keys, "tags": template.tags.split()})
        return {"flows": flows, "deployments": deployments}

    def name(self, template: RunTemplate, number: int) -> str:
        """A name for a run: mostly two words, sometimes one that is a hard case for `like_`."""
        style = PLAIN_NAME if self.random() < PLAIN_SHARE else self.choice(self.styles)
        adjective, animal = map(self.choice, self.words)
        return style.format(source=template.name, number=number, adjective=adjective, animal=animal)

    def record(
        self, number: int, template: RunTemplate, outcome: Outcome, times: Times
    ) -> Document:
        """The fields of a run that do not depend on who started it."""
        record: Document = {"id": self.uuid(), "name": self.name(template, number), **template.keys}
        if template.scheduled_share:
            age = max(0, -times["expected_start_time"])
            record["flow_version"] = f"2.{NEWEST_VERSION - age // VERSION_AGE}"
        extra = [self.choice(EXTRA_TAGS)] if self.random() < EXTRA_TAG_SHARE else []
        record["tags"] = template.tags.split() + extra
        record["state"] = {"type": outcome.state_type, "name": outcome.state_name}
        finished = outcome.pattern == "finished"
        record["run_count"] = outcome.run_count + (finished and self.random() < RETRIED_SHARE)
        if finished:
            record["total_run_time"] = (times["end_time"] - times["start_time"]) / SECOND
        return record | {key: self.format_time(offset) for key, offset in times.items()}

    def run(self, number: int) -> Iterator[Document]:
        """Yield a run that is not a subflow."""
        template = self.choose_template(self.random())
        scheduled = self.random() < template.scheduled_share
        schedule = template.schedule if scheduled else MANUAL
        outcome = self.choose_outcome[template.failure_factor](self.random())
        times = draw_times(outcome.pattern, template.seconds, schedule, self.random)
        record = self.record(number, template, outcome, times)
        if template.subflows and outcome.pattern == "finished":
            self.parents.append((record["id"], template, times))
        creator = template.schedule_creator if scheduled else self.choose_creator(self.random())
        creator_id, creator_type, name, key = creator
        record["created_by"] = {"id": creator_id, "type": creator_type, "display_value": name}
        record["auto_scheduled"] = scheduled
        yield record | ({"idempotency_key": key.format(number)} if key else {})

    def subflow(self, number: int) -> Iterator[Document]:
        """Yield a task run of a parent, then the subflow that it started, which ends before it."""
        parent_id, parent, parent_times = self.choice(self.parents)
        template, task_run_id = self.flows[self.choice(parent.subflows)], self.uuid()
        name = f"{template.name}-{task_run_id[:3]}"
        yield {"task_runs": [{"id": task_run_id, "flow_run_id": parent_id, "name": name}]}
        first, last = parent_times["start_time"], parent_times["end_time"]
        start = first + int(self.random() * (last - first))
        end = start + int(self.random() * (last - start))
        times = {"expected_start_time": start, "start_time": start, "end_time": end}
        record = self.record(number, template, self.choose_finished(self.random()), times)
        yield record | {"auto_scheduled": False, "parent_task_run_id": task_run_id}

    def documents(self, runs: int) -> Iterator[Document]:
        """Yield the workspace, then `runs` flow runs and the task runs that they refer to."""
        yield self.workspace()
        for number in range(runs):
            called = self.parents and self.random() < SUBFLOW_SHARE
            yield from self.subflow(number) if called else self.run(number)


def generate_population(
    runs: int, *, seed: int = 0, now: datetime | None = None
) -> Iterator[Document]:
    """Yield the lines of a seed with so many flow runs; the same arguments give the same lines.

    The first line holds flows and deployments. Every other line is a flow run or, before a subflow,
    the task run that started it. Times are relative to `now`; if it is not given, they are written
    so (`now-90.500000s`). Raises ValueError for a negative number or a `now` without an offset.
    """
    if runs < 0:
        raise ValueError(f"population: runs is {runs}; expected 0 or more")
    if now is not None and now.utcoffset() is None:
        raise ValueError(f"population: now is {now}, without an offset; expected datetime.now(UTC)")
    return PopulationGenerator(seed, now).documents(runs)
