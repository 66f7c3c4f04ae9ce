"""The priorities of a pool's queues, which are to differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def first_free(taken: Iterable[int]) -> int:
    """The priority of a queue that is given none: the first gap, or one behind all."""
    # Prefect: models/workers.py, create_work_queue. Equal ones make it see a gap, too.
    behind = 1
    for place, priority in enumerate(sorted(taken), start=1):
        if place != priority:
            return place
        behind = priority + 1
    return behind


def rearrange(others: Mapping[str, int], queue_id: str, priority: int) -> Mapping[str, int]:
    """The new priorities of queues by id, where one of them takes a priority.

    `others` are in order of theirs. A queue moves back only where another has its place. Without
    a queue (an empty id) equal priorities are told apart, and nothing else.
    """
    # Prefect: models/workers.py, bulk_update_work_queue_priorities: a queue that comes behind all
    # others is not looked at again.
    order = list(others.items())
    behind = [place for place, (_, taken) in enumerate(order) if taken >= priority]
    if queue_id and behind:
        order.insert(behind[0], (queue_id, priority))
    new: dict[str, int] = {queue_id: priority} if queue_id and not behind else {}
    last = 0
    for each, taken in order:
        last = new[each] = max(taken, last + 1)
    return new
