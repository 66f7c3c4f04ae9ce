"""The explanation of a filter: what a bulk_delete would delete, and why, before it is sent.

Comes in: a store, a filter, a dialect. Goes out: an `Explanation`, which is frozen values; as a
`Page` to show, and as JSON. Invariant: every number is what deleting from a copy of the store, or
looking at its runs one by one, would give.
"""

from .cascade import Cascade, find_cascade
from .conditions import Condition, Effect
from .dialect_counts import find_other_servers
from .explanation import (
    Explanation,
    FilterRefused,
    Warned,
    count_filter,
    explain,
    filter_predicate,
)
from .explanation_json import explanation_value, runs_value, table_value
from .explanation_pages import MAX_SENTENCE, explanation_page, run_row, table_entry
from .filter_argument import FilterArgument, filter_argument
from .tables import Row, Table, make_tables
