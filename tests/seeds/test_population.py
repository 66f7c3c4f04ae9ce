# For any seed, number of runs and now: the same stream each time, and no run that could not be.

import json
import re
import tracemalloc
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mockserver.prefect.instants import parse_seed_time
from mockserver.prefect.records import StateType
from mockserver.seeds.population import (
    AT_ONE,
    FIVE_MINUTES,
    HOURLY,
    MANUAL,
    MONDAYS,
    WEEK,
    WORKDAYS,
    Schedule,
    TimePattern,
    draw_times,
    generate_population,
)

WEDNESDAY = datetime(2024, 5, 15, 14, 0, tzinfo=UTC)
TIMES = ("expected_start_time", "start_time", "end_time", "next_scheduled_start_time")
GOLDEN = "449f7f4439df167534f58e133bb632fafb76170d3e52008cd969c831d13690ef"

Line = Mapping[str, Any]


def as_text(lines: Iterable[object]) -> str:
    """Return the lines as they would stand in a file."""
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)


def runs_of(lines: Iterable[Any]) -> list[Any]:
    """Return the bare flow runs among the lines."""
    return [line for line in lines if "id" in line]


def times_of(run: Line) -> dict[str, datetime]:
    """Return the times that a run has."""
    return {key: parse_seed_time(run[key], WEDNESDAY) for key in TIMES if key in run}


@pytest.fixture(scope="module")
def lines() -> list[Any]:
    """Return 5,000 runs and what stands between them, as seen from a Wednesday."""
    return list(generate_population(5_000, seed=7, now=WEDNESDAY))


def test_the_same_arguments_give_the_same_bytes() -> None:
    """Two calls with the same arguments yield the same text."""
    assert as_text(generate_population(300, seed=3)) == as_text(generate_population(300, seed=3))


def test_the_bytes_are_those_of_the_last_release() -> None:
    """200 runs have the known digest: a change of the population is noticed, and is deliberate."""
    assert sha256(as_text(generate_population(200)).encode()).hexdigest() == GOLDEN


def test_another_seed_is_another_population() -> None:
    """No id is shared between two seeds."""
    one, other = (runs_of(generate_population(200, seed=seed)) for seed in (1, 2))
    assert not {run["id"] for run in one} & {run["id"] for run in other}


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**64), few=st.integers(0, 60), more=st.integers(0, 60))
def test_more_runs_only_add_lines(seed: int, few: int, more: int) -> None:
    """A longer population begins with the shorter one, line for line."""
    short = list(generate_population(few, seed=seed))
    assert list(islice(generate_population(few + more, seed=seed), len(short))) == short


@pytest.mark.parametrize("count", [0, 1, 777])
def test_there_are_as_many_runs_as_asked(count: int) -> None:
    """The lines are the workspace, `count` flow runs and the task runs, and nothing else."""
    workspace, *rest = generate_population(count)
    assert workspace.keys() == {"flows", "deployments"}
    assert len(runs_of(rest)) == count
    assert all(line.keys() == {"task_runs"} for line in rest if "id" not in line)


def test_every_state_type_appears(lines: list[Any]) -> None:
    """Among 5,000 runs all nine types are met; most runs completed, some per cent failed."""
    seen = Counter(run["state"]["type"] for run in runs_of(lines))
    assert seen.keys() == set(StateType)
    assert 0.8 < seen["COMPLETED"] / 5_000 < 0.95
    assert 0.01 < seen["FAILED"] / 5_000 < 0.08


def test_ids_are_version_4_and_unique(lines: list[Any]) -> None:
    """All ids, of whatever, are lower-case uuids of version 4, and no two are equal."""
    workspace, *rest = lines
    tasks = [task for line in rest if "id" not in line for task in line["task_runs"]]
    things = [*workspace["flows"], *workspace["deployments"], *runs_of(rest), *tasks]
    ids = [thing["id"] for thing in things]
    assert len(set(ids)) == len(ids)
    assert [id_ for id_ in ids if id_ != str(UUID(id_)) or UUID(id_).version != 4] == []


def test_idempotency_keys_are_unique(lines: list[Any]) -> None:
    """No two runs have the same key, so a store that holds keys apart takes them all."""
    keys = [run["idempotency_key"] for run in runs_of(lines) if "idempotency_key" in run]
    assert len(set(keys)) == len(keys) > 2_000


def test_runs_name_flows_and_deployments_of_the_workspace(lines: list[Any]) -> None:
    """A run's deployment is one of its flow, and its queue and pool are the deployment's."""
    flows = {flow["id"] for flow in lines[0]["flows"]}
    places = {
        one["id"]: [one.get(key) for key in ("flow_id", "work_queue_name", "work_pool_name")]
        for one in lines[0]["deployments"]
    }
    for run in runs_of(lines):
        place = [run.get(key) for key in ("flow_id", "work_queue_name", "work_pool_name")]
        expected = places.get(run.get("deployment_id"), [run["flow_id"], None, None])
        assert place == expected, run
        assert run["flow_id"] in flows, run


def faults(run: Line) -> list[str]:
    """Return what is wrong with the times of a run."""
    at, kind = times_of(run), run["state"]["type"]
    start, end, following = (at.get(key) for key in TIMES[1:])
    over = kind in {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}
    rules = {
        "runs that are over, and only they, have an end": (end is not None) == over,
        "what completed or failed has started": start or kind not in {"COMPLETED", "FAILED"},
        "what runs or stands has started": start or kind not in {"RUNNING", "PAUSED", "CANCELLING"},
        "what waits has not started": not start or kind not in {"SCHEDULED", "PENDING"},
        "what is scheduled, and only that, has a next start": bool(following)
        == (kind == "SCHEDULED"),
        "start is not after end": not (start and end) or start <= end,
        "nothing starts too early": not start or at["expected_start_time"] <= start,
        "nothing ends too early": not end or at["expected_start_time"] <= end,
        "what happened is past": all(moment <= WEDNESDAY for moment in (start, end) if moment),
        "what is scheduled, is so within a week": not following
        or following <= WEDNESDAY + timedelta(days=7),
        "late is late": run["state"]["name"] != "Late" or (following and following < WEDNESDAY),
        "what is yet to start, is so": run["state"]["name"] != "Scheduled"
        or (following and following > WEDNESDAY),
        "a run that started ran": bool(start) <= bool(run["run_count"]),
        "the run time is that between start and end": ("total_run_time" in run)
        == bool(start and end),
        "the run time is right": not (start and end)
        or run["total_run_time"] == (end - start) / timedelta(seconds=1),
    }
    return [rule for rule, holds in rules.items() if not holds]


def test_times_are_consistent(lines: list[Any]) -> None:
    """No run breaks a rule about its times."""
    assert [(faults(run), run) for run in runs_of(lines) if faults(run)] == []


@example(phase="finished", rhythm=MANUAL, seconds=1, draws=[0, 0, 0, 0, 0, 0.999, 0, 0])
@settings(max_examples=800, deadline=None)
@given(
    phase=st.sampled_from(get_args(TimePattern)),
    rhythm=st.sampled_from([FIVE_MINUTES, HOURLY, AT_ONE, WORKDAYS, MONDAYS, MANUAL]),
    seconds=st.sampled_from([1, 45, 10_000]),
    draws=st.lists(st.sampled_from([0.0, 0.999999]) | st.floats(0, 0.999), min_size=8),
)
def test_no_luck_makes_impossible_times(
    phase: TimePattern, rhythm: Schedule, seconds: int, draws: list[float]
) -> None:
    """Whatever is drawn, starts and ends are past and in order, what is to come is to come."""
    at = draw_times(phase, seconds, rhythm, iter(draws).__next__)
    begun = [at[key] for key in TIMES[:3] if key in at and phase != "future"]
    assert begun == sorted(begun)
    assert max(begun, default=0) <= 0
    if phase in {"future", "again"}:
        assert 0 < at["next_scheduled_start_time"] <= WEEK


def test_some_cancelled_and_crashed_runs_never_started(lines: list[Any]) -> None:
    """Both with and without a start, there are cancelled and crashed runs."""
    seen = {(run["state"]["type"], "start_time" in run) for run in runs_of(lines)}
    wanted = {(kind, began) for kind in ("CANCELLED", "CRASHED") for began in (True, False)}
    assert wanted - seen == set()


def test_subflows_hang_on_task_runs_that_came_before(lines: list[Any]) -> None:
    """A subflow's task run, and before it the flow run of that, stand earlier in the stream."""
    seen: dict[str, Line] = {}
    owners: dict[str, str] = {}
    subflows = 0
    for line in lines[1:]:
        for task in line.get("task_runs", ()):
            assert task["flow_run_id"] in seen, task
            owners[task["id"]] = task["flow_run_id"]
        if "id" in line:
            seen[line["id"]] = line
        if "parent_task_run_id" in line:
            parent, child = times_of(seen[owners[line["parent_task_run_id"]]]), times_of(line)
            assert parent["start_time"] <= child["start_time"], line
            assert child["end_time"] <= parent["end_time"], line
            subflows += 1
    assert subflows == len(owners)
    assert 0.06 < subflows / 5_000 < 0.1


def test_memory_does_not_grow_with_the_runs() -> None:
    """Ten times the runs take no more memory (a fifth more is allowed for chance)."""

    def peak(count: int) -> int:
        tracemalloc.start()
        deque(generate_population(count), maxlen=0)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(2_000)  # what is made once, such as caches, is not counted
    assert peak(20_000) < 1.2 * peak(2_000)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**64),
    now=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()),
)
def test_relative_and_absolute_times_agree(seed: int, now: datetime) -> None:
    """For any now, a relative time means the absolute one; all else is equal."""
    now = now.astimezone(UTC)
    relative, absolute = (runs_of(generate_population(60, seed=seed, now=at)) for at in (None, now))
    for one, other in zip(relative, absolute, strict=True):
        assert [key for key in TIMES if key in one] == [key for key in TIMES if key in other]
        for key in TIMES:
            if key in one:
                assert parse_seed_time(one.pop(key), now) == parse_seed_time(other.pop(key), now), (
                    key
                )
        assert one == other


def test_absolute_times_are_rfc_3339_in_utc(lines: list[Any]) -> None:
    """An absolute time has microseconds and a Z, whatever the offset of now."""
    shape = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
    texts = [run[key] for run in runs_of(lines) for key in TIMES if key in run]
    assert [text for text in texts if not shape.fullmatch(text)] == []
    east = WEDNESDAY.astimezone(tz=datetime.strptime("+0530", "%z").tzinfo)
    assert list(generate_population(50, seed=7, now=east)) == list(
        generate_population(50, seed=7, now=WEDNESDAY)
    )


def test_most_runs_are_recent_and_some_are_old(lines: list[Any]) -> None:
    """Four of five runs are of the last 90 days, some older than a year, none than two."""
    ages = [(WEDNESDAY - times_of(run)["expected_start_time"]).days for run in runs_of(lines)]
    assert 0.8 < sum(age < 90 for age in ages) / len(ages) < 0.95
    assert 0.01 < sum(age > 365 for age in ages) / len(ages) < 0.2
    assert max(ages) < 730


def test_weekends_are_quieter(lines: list[Any]) -> None:
    """A weekend day sees fewer runs than a working day, but some."""
    days = Counter(times_of(run)["expected_start_time"].weekday() for run in runs_of(lines))
    assert 0 < max(days[5], days[6]) < min(days[day] for day in range(5))


def test_deployments_keep_their_hours(lines: list[Any]) -> None:
    """A nightly deployment's scheduled runs are due at its hour, an hourly one's at any hour."""
    names = {one["id"]: one["name"] for one in lines[0]["deployments"]}
    due = defaultdict(set)
    for run in runs_of(lines):
        if run["auto_scheduled"] and run["state"]["name"] == "Completed":
            at = times_of(run)["expected_start_time"]
            due[names[run["deployment_id"]]].add((at.hour, at.minute, at.second, at.microsecond))
    assert due["build-warehouse-eu"] == {(1, 0, 0, 0)}
    assert due["load-table-prod"] == {(hour, 0, 0, 0) for hour in range(24)}
    assert {minute % 5 for _, minute, _, _ in due["ingest-orders-eu"]} == {0}


def test_some_deployments_fail_more_often() -> None:
    """Among deployments with 200 runs or more, the worst fails five times as often as the best."""
    runs: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for run in runs_of(generate_population(20_000)):
        if "deployment_id" in run:
            runs[run["deployment_id"]] += 1
            failed[run["deployment_id"]] += run["state"]["type"] == "FAILED"
    rates = [failed[id_] / count for id_, count in runs.items() if count >= 200]
    assert max(rates) > 5 * min(rates)


def test_there_is_something_for_every_filter(lines: list[Any]) -> None:
    """Names try `like_`, and every value that may be missing is both there and missing."""
    runs = runs_of(lines)
    names = "".join(run["name"] for run in runs)
    assert {"%", "_", "E", "ü", "ß", "İ"} <= set(names)
    optional = "deployment_id work_queue_name flow_version start_time idempotency_key created_by"
    for key in (*optional.split(), "parent_task_run_id", *TIMES[1:]):
        assert {key in run for run in runs} == {True, False}, key
    assert {bool(run["tags"]) for run in runs} == {True, False}
    assert {tag for run in runs for tag in run["tags"]} >= {"nightly", "prod", "region:eu"}
    creators = {run["created_by"]["type"] for run in runs if "created_by" in run}
    assert creators == {"DEPLOYMENT", "AUTOMATION", "USER"}


def test_a_negative_number_of_runs_is_refused_at_once() -> None:
    """The call itself raises, not the first line; the message has what came."""
    with pytest.raises(ValueError, match=r"^population: runs is -1; expected 0 or more$"):
        generate_population(-1)


def test_a_naive_now_is_refused_at_once() -> None:
    """The call itself raises; the message has what came and what was expected."""
    with pytest.raises(ValueError, match=r"^population: now is 2024-05-15 14:00:00, without an"):
        generate_population(1, now=WEDNESDAY.replace(tzinfo=None))
