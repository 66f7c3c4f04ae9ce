"""Flow runs in memory, found through bitmap indexes.

Comes in: a `Base` (the loaded flow runs and what belongs to them, as records or columns), and
predicates from `filters`. Goes out: a `Store`, which selects, deletes and changes flow runs
without changing the base; matching runs come highest id first. A select is fast because
`flow_run_index` and `trigram_index` turn a predicate into bitmaps, `ordinal_sets` work only as
much of them out as is needed, and the search cursors of `segments` go on where they stopped.

The *ordinal* of a run is its rank in descending order of ids, from 0; a set of runs is a bitmap
of ordinals. The *position* of a record is its index in the columns as they were read.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .base import Base
from .columns import (
    NULL_INSTANT,
    ColumnBuilder,
    ColumnValues,
    DictionaryColumn,
    FlowRunsById,
    LazyColumn,
    RecordsById,
    Rows,
    TimestampColumn,
    UuidColumn,
    defaults_of,
    to_microseconds,
)
from .flow_run_index import FlowRunIndex
from .indexes import HashIndex, NotPrepared, deferring
from .overlay import Overlay
from .run_logs import MAX_LOGS, RunLogs
from .sort_orders import SortBy, page_of
from .store import Store

if TYPE_CHECKING:
    from .run_durations import duration_index
    from .run_history import Cells, StateKey, Totals, Units, history_index
    from .run_lateness import lateness_index, to_itself, to_milliseconds, to_whole_seconds

__getattr__ = lazy_exports(
    __name__,
    {
        "run_durations": ("duration_index",),
        "run_history": ("Cells", "StateKey", "Totals", "Units", "history_index"),
        "run_lateness": ("lateness_index", "to_itself", "to_milliseconds", "to_whole_seconds"),
    },
)
