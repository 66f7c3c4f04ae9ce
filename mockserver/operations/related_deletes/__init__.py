"""Bulk deletes of flows and of deployments, the siblings of the bulk delete of flow runs.

Comes in: the body of a request, which becomes a `RelatedPlan`, and a store. Goes out: a `Deletion`
with the flows or deployments that are gone, and the flow runs that went with them.
"""

from .deleting import first_by_name, runs_going
from .planning import RelatedPlan
from .wording import criterion_sentence
