"""The workers that wait for background task runs."""

from __future__ import annotations

from ...requests.objects import TaskWorkerFilterRequest
from .. import Context, Outcome


def filter_task_workers(context: Context, body: TaskWorkerFilterRequest) -> Outcome:
    """List the connected workers, all or those that run one of some tasks.

    Workers with one name are one, with the keys of all (Prefect: models/task_workers.py).
    """
    wanted = set(body.task_worker_filter.task_keys if body.task_worker_filter else ())
    keys: dict[str, dict[str, None]] = {}
    for worker in context.task_queues.workers if context.task_queues is not None else ():
        keys.setdefault(worker.client_id, {}).update(worker.task_keys)
    # A real server looks once a second whether a worker is still there, and tells when that was.
    return Outcome(
        [
            {"identifier": client_id, "task_keys": list(listed), "timestamp": context.now}
            for client_id, listed in keys.items()
            if not wanted or not wanted.isdisjoint(listed)
        ]
    )
