"""States under cache keys: which is found, and that they do not grow without end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mockserver.operations import Context
from mockserver.operations.task_runs.caching import MAX_STATES, find_cached_state, keep_state
from mockserver.prefect import State, StateType, TaskRun
from mockserver.prefect.dialects import SPEC
from mockserver.prefect.objects import CacheKey
from mockserver.store.base import Base
from mockserver.store.store import Store

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def completed(name: str, minutes: int | None) -> TaskRun:
    """A completed task run whose state may be taken for so many minutes; None: for ever."""
    details = {"cache_key": "k"}
    if minutes is not None:
        details["cache_expiration"] = NOW + timedelta(minutes=minutes)  # type: ignore[assignment]
    state = State(StateType.COMPLETED, name, timestamp=NOW, details=details)
    return TaskRun(name, None, name, name, "0", state=state)


def kept(*task_runs: TaskRun) -> Context:
    context = Context(Store(Base([], task_runs=task_runs)), SPEC, NOW, lambda: "")
    for task_run in task_runs:
        keep_state(context, task_run)
    return context


def found(context: Context, **details: object) -> str | None:
    proposed = State(StateType.RUNNING, "Running", details={"cache_key": "k", **details})
    state = find_cached_state(context, proposed)
    return None if state is None else state.name


def test_the_newest_that_has_not_expired_is_found() -> None:
    """Older ones come back as newer ones expire."""
    context = kept(completed("a", None), completed("b", 10), completed("c", 1))
    assert found(context) == "c"
    assert found(context._replace(now=NOW + timedelta(minutes=5))) == "b"
    assert found(context._replace(now=NOW + timedelta(days=5))) == "a"
    assert found(context, refresh_cache=True) is None
    assert found(context, cache_key="other") is None
    assert found(kept(completed("a", -1))) is None


def test_only_what_may_come_back_is_kept() -> None:
    """That is what outlasts all newer ones, and at most MAX_STATES of these."""
    context = kept(completed("a", 5), completed("b", 9), completed("c", 9), completed("d", None))
    assert [one.state.name for one in context.store.objects(CacheKey).get("k").states] == ["d"]  # type: ignore[union-attr]
    context = kept(*(completed(str(n), 1000 - n) for n in range(MAX_STATES + 5)))
    names = [one.state.name for one in context.store.objects(CacheKey).get("k").states]  # type: ignore[union-attr]
    assert names == [str(n) for n in range(5, MAX_STATES + 5)]
    assert found(context) == str(MAX_STATES + 4)


def test_a_state_whose_task_run_is_deleted_is_gone() -> None:
    """With it the older ones: a real server looks for the newest entry first."""
    context = kept(completed("a", None), completed("b", 10))
    context.store.task_runs.drop(["b"])
    assert found(context) is None


def test_without_a_key_nothing_is_kept() -> None:
    """Nor of a task run without a state."""
    task_run = TaskRun("t", None, "t", "t", "0")
    assert not len(kept(task_run).store.objects(CacheKey))
