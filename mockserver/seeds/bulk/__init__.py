"""The fast path of loading: records -> columns, without an object for each record.

Comes in: batches of documents, lines of NDJSON and elements of JSON lists. Goes out: columns of
flow runs and task runs, and the records that are not plainly valid, to be read one by one. Tests
hold that both paths load the same records, or report the same problems.
"""

from .reader import BulkReader
