"""Logs of runs are kept in order, shared by forks, and bounded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.prefect.objects import Log
from mockserver.store import run_logs
from mockserver.store.run_logs import RunLogs, size_of_log

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def log_of(run_id: str | None, message: str = "") -> Log:
    return Log("1", 0, "prefect", 20, message, AT, run_id, None, AT)


def messages(logs: Iterable[Log]) -> list[str]:
    return [log.message for log in logs]


def logs_with(*texts: str) -> RunLogs:
    """Logs of runs that are called by the first letter of their texts."""
    logs = RunLogs()
    for text in texts:
        logs.add(log_of(text[0], text))
    return logs


def test_logs_of_a_run_come_in_the_order_they_came_in() -> None:
    """And a run that is named twice counts once."""
    logs = logs_with("a1", "b1", "a2")
    assert messages(logs.of(["a", "nope", "a"])) == ["a1", "a2"]
    assert messages(logs) == ["a1", "a2", "b1"]
    assert (len(logs), logs.added, logs.dropped) == (3, 3, 0)


def test_dropped_logs_of_a_run_leave_the_others() -> None:
    logs = logs_with("a1", "b1")
    logs.drop(["a", "nope"])
    assert messages(logs) == ["b1"]
    assert len(logs) == 1


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["add", "drop", "fork"])), max_size=40)
)
def test_forks_are_as_independent_as_copies(steps: list[tuple[int, str]]) -> None:
    """Whatever forks add and drop, each has what a list of its own would have."""
    pairs: list[tuple[RunLogs, list[str]]] = [(RunLogs(), [])]
    for number, (chosen, verb) in enumerate(steps):
        logs, expected = pairs[chosen % len(pairs)]
        if verb == "add":
            logs.add(log_of("a", str(number)))
            expected.append(str(number))
        elif verb == "drop":
            logs.drop(["a"])
            expected.clear()
        else:
            pairs.append((logs.fork(), expected.copy()))
    for logs, expected in pairs:
        assert messages(logs) == expected
        assert len(logs) == len(expected)


def test_a_fork_shares_the_logs_until_both_add_to_them() -> None:
    """So a session costs nothing for each log."""
    logs = logs_with("a1", "a2")
    fork = logs.fork()
    window, other = logs._windows["a"], fork._windows["a"]
    assert window.logs is other.logs
    logs.add(log_of("a", "a3"))
    assert logs._windows["a"].logs is other.logs
    fork.add(log_of("a", "a4"))
    assert (messages(logs), messages(fork)) == (["a1", "a2", "a3"], ["a1", "a2", "a4"])


def test_a_run_keeps_its_last_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list that holds them does not grow beyond twice as many."""
    monkeypatch.setattr(run_logs, "MAX_LOGS_OF_RUN", 3)
    logs = logs_with("b1", *(f"a{number}" for number in range(20)))
    assert messages(logs.of("a")) == ["a17", "a18", "a19"]
    assert messages(logs.of("b")) == ["b1"]
    assert (len(logs), logs.dropped) == (4, 17)
    assert len(logs._windows["a"].logs) <= 8


def test_a_store_keeps_the_last_logs_of_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that go are of the runs that were the first to have any."""
    monkeypatch.setattr(run_logs, "MAX_LOGS", 10)
    logs = logs_with(*(f"{run}{number}" for run in "abcd" for number in range(3)))
    assert messages(logs) == ["a2", "b0", "b1", "b2", "c0", "c1", "c2", "d0", "d1", "d2"]
    assert (len(logs), logs.dropped) == (10, 2)


def test_the_memory_of_logs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what their texts take, not only by their number."""
    monkeypatch.setattr(run_logs, "MAX_BYTES", 100_000)
    logs = logs_with(*(f"{run}{'x' * 30_000}" for run in "abcd"))
    assert [text[0] for text in messages(logs)] == ["c", "d"]
    assert logs._size == sum(map(size_of_log, logs))


def test_logs_of_a_task_run_leave_the_others_of_its_run() -> None:
    """In whichever run they are; a fork keeps them."""
    logs = logs_with("a1", "b1")
    logs.add(Log("1", 0, "prefect", 20, "a2", AT, "a", "t", AT))
    logs.add(Log("1", 0, "prefect", 20, "c1", AT, None, "t", AT))
    fork = logs.fork()
    logs.drop_task_run("t")
    assert messages(logs) == ["b1", "a1"]
    assert (len(logs), logs._size) == (2, sum(map(size_of_log, logs)))
    assert messages(fork) == ["a1", "a2", "b1", "c1"]


def test_a_log_that_is_larger_than_all_memory_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """No body of a request is that large."""
    monkeypatch.setattr(run_logs, "MAX_BYTES", 1)
    logs = logs_with("a1", "b1")
    assert (len(logs), logs._size, logs.dropped) == (0, 0, 2)
