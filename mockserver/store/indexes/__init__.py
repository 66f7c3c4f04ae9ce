"""Indexes of columns: from a comparison to the ordinals of the runs for which it is true.

Comes in: the values of a column, by ordinal. Goes out: an index, of a class for each kind of
column, that looks comparisons up and returns an `OrdinalSet`; and what a store needs to work with
such sets and to prepare in a thread what takes long. What a comparison means is decided in
`filters.predicates` alone: an index gives the same answer sooner.
"""

from .bitmaps import find_bytes, upper_halves
from .grouping import MAX_SEARCHES
from .hash_index import HashIndex
from .name_index import NameIndex
from .ordinal_sets import (
    EMPTY_SET,
    BitmapSet,
    Difference,
    Intersection,
    LargeLookUps,
    OrdinalSet,
    Union,
    is_known_empty,
)
from .preparation import NotPrepared, Prepared, deferring
from .sorting import gather_in_slices, sort_in_slices
from .tag_index import TagIndex
from .time_index import TimeIndex
from .value_index import ColumnIndex, ValueIndex
