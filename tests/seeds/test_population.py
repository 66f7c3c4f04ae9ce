"""Invariant: the same arguments give the same lines, and every run is possible in Prefect."""

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
    """The lines as a file has them."""
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)


def runs_of(lines: Iterable[Any]) -> list[Any]:
    """The flow runs among the lines."""
    return [line for line in lines if "id" in line]


def times_of(run: Line) -> dict[str, datetime]:
    """The times of a run, by key."""
    return {key: parse_seed_time(run[key], WEDNESDAY) for key in TIMES if key in run}


@pytest.fixture(scope="module")
def lines() -> list[Any]:
    """The lines of 5,000 runs, with absolute times."""
    return list(generate_population(5_000, seed=7, now=WEDNESDAY))


def test_the_same_arguments_give_the_same_bytes() -> None:
    """Two calls with the same arguments yield the same text."""
    assert as_text(generate_population(300, seed=3)) == as_text(generate_population(300, seed=3))


def test_the_bytes_are_those_of_earlier_releases() -> None:
    """A change of the population changes the digest of 200 runs, so that it is deliberate."""
    assert sha256(as_text(generate_population(200)).encode()).hexdigest() == GOLDEN


def test_another_seed_gives_another_population() -> None:
    """No id is shared between two seeds."""
    one, other = (runs_of(generate_population(200, seed=seed)) for seed in (1, 2))
    assert not {run["id"] for run in one} & {run["id"] for run in other}


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**64), few=st.integers(0, 60), more=st.integers(0, 60))
def test_more_runs_only_add_lines(seed: int, few: int, more: int) -> None:
    """A longer population starts with the lines of a shorter one."""
    short = list(generate_population(few, seed=seed))
    assert list(islice(generate_population(few + more, seed=seed), len(short))) == short


@pytest.mark.parametrize("count", [0, 1, 777])
def test_there_are_as_many_runs_as_asked(count: int) -> None:
    """The lines are the workspace, `count` flow runs and their task runs."""
    workspace, *rest = generate_population(count)
    assert workspace.keys() == {"flows", "deployments"}
    assert len(runs_of(rest)) == count
    assert all(line.keys() == {"task_runs"} for line in rest if "id" not in line)


def test_every_state_type_appears(lines: list[Any]) -> None:
    """5,000 runs have all nine types. Most completed, and some per cent failed."""
    seen = Counter(run["state"]["type"] for run in runs_of(lines))
    assert seen.keys() == set(StateType)
    assert 0.8 < seen["COMPLETED"] / 5_000 < 0.95
    assert 0.01 < seen["FAILED"] / 5_000 < 0.08


def test_ids_are_version_4_and_unique(lines: list[Any]) -> None:
    """All ids are lower-case uuids of version 4, and no two are equal."""
    workspace, *rest = lines
    tasks = [task for line in rest if "id" not in line for task in line["task_runs"]]
    records = [*workspace["flows"], *workspace["deployments"], *runs_of(rest), *tasks]
    ids = [record["id"] for record in records]
    assert len(set(ids)) == len(ids)
    assert [id_ for id_ in ids if id_ != str(UUID(id_)) or UUID(id_).version != 4] == []


def test_idempotency_keys_are_unique(lines: list[Any]) -> None:
    """No two runs have the same key, so that none is taken for another."""
    keys = [run["idempotency_key"] for run in runs_of(lines) if "idempotency_key" in run]
    assert len(set(keys)) == len(keys) > 2_000


def test_runs_refer_to_flows_and_deployments_of_the_workspace(lines: list[Any]) -> None:
    """A run has a deployment of its flow, and the deployment's queue and pool."""
    flows = {flow["id"] for flow in lines[0]["flows"]}
    expected_by_deployment = {
        one["id"]: [one.get(key) for key in ("flow_id", "work_queue_name", "work_pool_name")]
        for one in lines[0]["deployments"]
    }
    for run in runs_of(lines):
        found = [run.get(key) for key in ("flow_id", "work_queue_name", "work_pool_name")]
        expected = expected_by_deployment.get(
            run.get("deployment_id"), [run["flow_id"], None, None]
        )
        assert found == expected, run
        assert run["flow_id"] in flows, run


def broken_time_rules(run: Line) -> list[str]:
    """The rules that the times of a run break."""
    state, name = run["state"]["type"], run["state"]["name"]
    expected, start, end, following = (times_of(run).get(key) for key in TIMES)
    terminal = state in {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}
    now, in_a_week = WEDNESDAY, WEDNESDAY + timedelta(days=7)
    run_time = (end - start) / timedelta(seconds=1) if start and end else None
    rules = {
        "runs in a terminal state, and only they, have an end": (end is not None) == terminal,
        "completed and failed runs have a start": start or state not in {"COMPLETED", "FAILED"},
        "active runs have a start": start or state not in {"RUNNING", "PAUSED", "CANCELLING"},
        "waiting runs have no start": not start or state not in {"SCHEDULED", "PENDING"},
        "scheduled runs, and only they, have a next start": bool(following)
        == (state == "SCHEDULED"),
        "no start is after the end": not (start and end) or start <= end,
        "no start is before the expected start": not start or (expected and expected <= start),
        "no end is before the expected start": not end or (expected and expected <= end),
        "starts and ends are in the past": all(at <= now for at in (start, end) if at),
        "next starts are within a week": not following or following <= in_a_week,
        "late runs have a next start in the past": name != "Late"
        or (following and following < now),
        "runs named Scheduled have a next start in the future": name != "Scheduled"
        or (following and following > now),
        "runs with a start have a run count": bool(start) <= bool(run["run_count"]),
        "the run time is the time from start to end": run.get("total_run_time") == run_time,
    }
    return [rule for rule, holds in rules.items() if not holds]


def test_times_are_consistent(lines: list[Any]) -> None:
    """No run breaks a rule about its times."""
    broken = [(broken_time_rules(run), run) for run in runs_of(lines)]
    assert [(rules, run) for rules, run in broken if rules] == []


@example(pattern="finished", schedule=MANUAL, seconds=1, draws=[0, 0, 0, 0, 0, 0.999, 0, 0])
@settings(max_examples=200, deadline=None)
@given(
    pattern=st.sampled_from(get_args(TimePattern)),
    schedule=st.sampled_from([FIVE_MINUTES, HOURLY, AT_ONE, WORKDAYS, MONDAYS, MANUAL]),
    seconds=st.sampled_from([1, 45, 10_000]),
    draws=st.lists(st.sampled_from([0.0, 0.999999]) | st.floats(0, 0.999), min_size=8),
)
def test_all_random_numbers_give_possible_times(
    pattern: TimePattern, schedule: Schedule, seconds: int, draws: list[float]
) -> None:
    """Starts and ends are in the past and in order; next starts are in the future."""
    at = draw_times(pattern, seconds, schedule, iter(draws).__next__)
    past = [at[key] for key in TIMES[:3] if key in at and pattern != "future"]
    assert past == sorted(past)
    assert max(past, default=0) <= 0
    if pattern in {"future", "again"}:
        assert 0 < at["next_scheduled_start_time"] <= WEEK


def test_some_cancelled_and_crashed_runs_never_started(lines: list[Any]) -> None:
    """There are cancelled and crashed runs with a start, and ones without."""
    seen = {(run["state"]["type"], "start_time" in run) for run in runs_of(lines)}
    wanted = {(kind, began) for kind in ("CANCELLED", "CRASHED") for began in (True, False)}
    assert wanted - seen == set()


def test_subflows_follow_their_parents(lines: list[Any]) -> None:
    """A subflow's task run comes before it, and the parent flow run before both."""
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
    """Ten times as many runs take no more memory (up to a fifth more, by chance)."""

    def peak(count: int) -> int:
        tracemalloc.start()
        deque(generate_population(count), maxlen=0)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(2_000)  # fills caches, which are not counted
    assert peak(20_000) < 1.2 * peak(2_000)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**64),
    now=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()),
)
def test_relative_and_absolute_times_agree(seed: int, now: datetime) -> None:
    """For any `now`, relative times are the absolute ones. All other fields are equal."""
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
    """They have microseconds and a Z, whatever the offset of `now`."""
    shape = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
    texts = [run[key] for run in runs_of(lines) for key in TIMES if key in run]
    assert [text for text in texts if not shape.fullmatch(text)] == []
    east = WEDNESDAY.astimezone(tz=datetime.strptime("+0530", "%z").tzinfo)
    assert list(generate_population(50, seed=7, now=east)) == list(
        generate_population(50, seed=7, now=WEDNESDAY)
    )


def test_most_runs_are_recent_and_some_are_old(lines: list[Any]) -> None:
    """At least 80 % are of the last 90 days. Some are older than a year, none than two."""
    ages = [(WEDNESDAY - times_of(run)["expected_start_time"]).days for run in runs_of(lines)]
    assert 0.8 < sum(age < 90 for age in ages) / len(ages) < 0.95
    assert 0.01 < sum(age > 365 for age in ages) / len(ages) < 0.2
    assert max(ages) < 730


def test_weekends_are_quieter(lines: list[Any]) -> None:
    """A day on a weekend has fewer runs than any working day, but it has some."""
    days = Counter(times_of(run)["expected_start_time"].weekday() for run in runs_of(lines))
    assert 0 < max(days[5], days[6]) < min(days[day] for day in range(5))


def test_scheduled_runs_follow_the_schedule(lines: list[Any]) -> None:
    """Those of a nightly deployment are due at its hour, those of an hourly one at every hour."""
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
    """Of those with 200 runs or more, the worst fails over five times as often as the best."""
    runs: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for run in runs_of(generate_population(20_000)):
        if "deployment_id" in run:
            runs[run["deployment_id"]] += 1
            failed[run["deployment_id"]] += run["state"]["type"] == "FAILED"
    rates = [failed[id_] / count for id_, count in runs.items() if count >= 200]
    assert max(rates) > 5 * min(rates)


def test_every_filter_has_something_to_match(lines: list[Any]) -> None:
    """Names are hard cases for `like_`. Every optional value is present in some runs only."""
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


def test_a_negative_number_of_runs_is_refused_by_the_call() -> None:
    """It raises before the first line is asked for."""
    with pytest.raises(ValueError, match=r"^population: runs is -1; expected 0 or more$"):
        generate_population(-1)


def test_a_naive_now_is_refused_by_the_call() -> None:
    """It raises before the first line is asked for."""
    with pytest.raises(ValueError, match=r"^population: now is 2024-05-15 14:00:00, without an"):
        generate_population(1, now=WEDNESDAY.replace(tzinfo=None))
