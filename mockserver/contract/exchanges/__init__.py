"""What was sent to a server and what became of it: requests, answers, flow runs before and after.

Comes in: a `Target`, and each request as it is sent. Goes out: an `ObservedExchange`, put together
by the `Observer`, which also keeps some flow runs there for requests to find; and the violations of
the checks in `invariants`: a delete took only what matched and no more than its limit, what it left
is unchanged, a deleted run is 404. Invariant: only what a reply said was created is deleted.
"""

from .exchange import (
    BULK_DELETE_PATH,
    CREATE_FLOW_RUN,
    DELETE_FLOW_RUN,
    VERB,
    ObservedExchange,
    RunsById,
    SentRequest,
    format_place,
    is_read_only,
    refused_places,
)
from .invariants import CHECKS, STILL_READABLE, Check, find_violations
from .observer import (
    CREATES_RUN_CHILD,
    NEEDS_RUNS,
    ForeignRuns,
    Observer,
    is_unfiltered,
    is_valid_bulk_delete,
)
from .run_pool import RunPool, no_op
