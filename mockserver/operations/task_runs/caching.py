"""States that a server remembers by their cache keys, and gives to task runs that have the same.

Tasks that run in a flow look for results themselves; this is for states that are set one by one.
"""

from __future__ import annotations

from ...prefect import State, TaskRun, to_utc
from ...prefect.objects import CachedState, CacheKey
from .. import Context

MAX_STATES = 100
"""Chosen: states under one key of which each newer one expires before the others."""


def find_cached_state(context: Context, proposed: State) -> State | None:
    """The newest state under the cache key of a proposed one that has not expired; None if gone.

    A proposal that is to refresh the cache finds none.
    """
    # Prefect: core_policy.py, CacheRetrieval. It looks for the newest entry first, and then whether
    # its state is still there.
    details = proposed.details
    if not details.get("cache_key") or details.get("refresh_cache"):
        return None
    entry = context.store.objects(CacheKey).get(details["cache_key"])
    for cached in reversed(entry.states if entry else ()):
        if cached.expires is None or cached.expires > context.now:
            return cached.state if cached.task_run_id in context.store.task_runs else None
    return None


def keep_state(context: Context, task_run: TaskRun) -> None:
    """Remember the state of a task run under its cache key, if it has one."""
    state, keys = task_run.state, context.store.objects(CacheKey)
    if state is None or not state.details.get("cache_key"):
        return
    key, expires = state.details["cache_key"], state.details.get("cache_expiration")
    added = CachedState(task_run.id, state, expires and to_utc(expires))
    entry = keys.get(key)
    older = [one for one in (entry.states if entry else ()) if not added.outlasts(one)]
    keys.put(CacheKey(key, (*older[1 - MAX_STATES :], added)))
