"""Operations on logs: the lines that runs have written.

Comes in: a `Context`, and logs, a filter on them or the id of a flow run. Goes out: an `Outcome`.
`keeping` stores logs, `reading` lists them, and `text_search` reads what their texts are searched
for; `streaming` says which new lines a subscriber is told of.
"""

from .reading import log_reply
from .streaming import read_log_subscription
