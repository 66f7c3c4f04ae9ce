"""Records in columns: values that take little memory, and rows that are made when they are read.

Comes in: the values of each field, in the order in which the records were read. Goes out: columns,
and flow runs and other records by ordinal or by id.
"""

from .compact_columns import (
    NULL_INSTANT,
    ColumnValues,
    DictionaryColumn,
    LazyColumn,
    TimestampColumn,
    UuidColumn,
    to_microseconds,
)
from .rows import (
    ColumnBuilder,
    FlowRunsById,
    RecordsById,
    Rows,
    TaskRunRows,
    defaults_of,
)
