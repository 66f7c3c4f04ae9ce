"""The explanation of a bulk delete of flows or deployments, before it is sent.

Comes in: a store, a filter on flows or deployments, a dialect. Goes out: a `RelatedExplanation`,
which is frozen values; as a `Page` to show, and as JSON. It says of flow runs what goes with them.
"""

from .explanation import RelatedExplanation, explain_related
from .pages import related_page
from .request import KINDS, read_related
from .values import related_value
