"""Operations on deployments: what creates, changes and deletes them, and the runs they create.

Comes in: a `Context`, an id, and a model of `requests.objects`. Goes out: an `Outcome`. A
deployment keeps its settings and schedules in its `rest`, under the names that replies have for
them; `settings` reads and writes them there.
"""

from .deleting import delete_deployments
from .scheduled_runs import waiting_runs
from .variables import VariableValues
