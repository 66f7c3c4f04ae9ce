"""Drift: does a server's document still say what openapi.yaml says?

Comes in: the document that a server publishes, and ours. Goes out: findings, one for each
difference that a client notices; what is known to differ is told as known.
"""

from .check import check_drift, compare_document
from .documents import read_document
from .schemas import DocumentError
