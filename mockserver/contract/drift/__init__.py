"""The command `drift`: compares a server's own OpenAPI document with openapi.yaml.

Comes in: the URL of a server, or the document it publishes. Goes out: an `Outcome` with a finding
for each difference, which says what clients notice; registered differences are marked as known.
"""

from .check import check_drift, compare_document
from .documents import read_document
from .schemas import DocumentError
