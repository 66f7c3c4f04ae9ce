"""A client that runs background tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable


class TaskWorker:
    """A worker that is connected: what it calls itself, and the keys of the tasks that it runs.

    The keys are in the order in which it asks for their runs. `wake` is called when there may be a
    task run for it; it must not raise.
    """

    __slots__ = ("client_id", "task_keys", "wake")

    def __init__(self, client_id: str, task_keys: Iterable[str], wake: Callable[[], None]) -> None:
        self.client_id = client_id
        self.task_keys = dict.fromkeys(task_keys)
        self.wake = wake
