"""Operations that read the states of task runs: one by its id, or those of a task run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...errors import NotFound
from ...prefect import State, TaskRun
from .. import Context, Outcome, complete_state, task_state_reply


def read_states(context: Context, task_run_id: str) -> Outcome:
    """List the states that a task run has been in, earliest first; none for an unknown one."""
    task_run = context.store.task_runs.get(task_run_id)
    if task_run is None:
        return Outcome([])
    states = sorted(_states_of(context, task_run), key=lambda state: state.timestamp or context.now)
    return Outcome([task_state_reply(state, task_run) for state in states])


def read_state(context: Context, state_id: str) -> Outcome:
    """Read one state of a task run. Raises NotFound."""
    for task_run in _candidates(context, state_id):
        for state in _states_of(context, task_run):
            if state.id == state_id:
                return Outcome(task_state_reply(state, task_run))
    # The text is Prefect's (api/task_run_states.py).
    raise NotFound("Flow run state not found")


def _candidates(context: Context, state_id: str) -> Iterable[TaskRun]:
    """The task runs that may have been in a state."""
    store = context.store
    remembered = (
        store.task_runs.get(task_run_id)
        for task_run_id, states in store.task_run_states.items()
        if any(state.id == state_id for state in states)
    )
    yield from filter(None, remembered)
    yield from store.task_runs


def _states_of(context: Context, task_run: TaskRun) -> Iterator[State]:
    """The known states of a task run, oldest first, its present one last."""
    yield from context.store.task_run_states.get(task_run.id, ())
    state = complete_state(task_run, context.store)
    if state is not None:
        yield state
