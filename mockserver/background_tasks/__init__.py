"""Background task runs: those that wait for a worker, and the workers that wait for them.

Comes in: task runs, as they are scheduled, and workers, as they connect. Goes out: the next task
run of a worker. As on a real server nothing of it is stored: who starts anew has empty queues.
"""

from .task_queues import QueuedTaskRun, TaskQueues
from .task_worker import TaskWorker
