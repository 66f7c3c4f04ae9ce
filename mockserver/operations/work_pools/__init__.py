"""Operations on work pools, their queues and their workers.

Comes in: a `Context`, names or ids of the path, and a request model. Goes out: an `Outcome`. What
a worker polls for is in `polling`, what takes slots of concurrency limits in `slots`. Deployments
make queues, too: with the next free priority, or with one that others make way for.
"""

from .queues import make_way
from .records import next_priority
