"""What explains an answer that the schema of the document does not allow.

Comes in: a request and its answer. Goes out: the id of the known deviation, or of the change after
the server's release, that explains it; found by asking mocks that differ in one point, and in
`deviation_rules` for what no mock shows. `documented_refusals` has what the document says in
words, and `request_schema` which requests break its schema.
"""

from .explainer import DEVIATIONS_BY_ID, Explainer, change_findings, count_lines
from .mock_pool import MockPool
