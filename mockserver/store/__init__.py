"""The store: flow runs in memory, found by bitmaps.

Comes in: columns of flow runs (a `Base`) and a `Predicate`. Goes out: the ids that match, highest
first, in microseconds; deletes and changes lie in layers over a base that never changes.
"""

from .compact_columns import ColumnValues, DictionaryColumn, LazyColumn, TimestampColumn, UuidColumn
from .flow_run_index import Base
from .rows import ColumnBuilder, FlowRunsById, RecordsById, Rows, defaults_of
from .store import Store
