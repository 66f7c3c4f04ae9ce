"""Prefect's own words: records, times, the published document, and where real servers differ.

Comes in: nothing; everything else is built on it. Goes out: the frozen records that the store
holds (`FlowRun`, `State`, ...), the dialects and the registry of deviations, the contract
`openapi.yaml`, and what this server does not model.
"""

from . import openapi
from .dialects import (
    BULK_DELETE,
    DEVIATIONS,
    DIALECTS,
    MEASURED_ON,
    PREFECT_POSTGRESQL,
    PREFECT_SQLITE,
    SPEC,
    WARNINGS,
    Database,
    Deviation,
    Dialect,
    LikeCase,
    Nul,
    Wildcards,
)
from .instants import (
    BEYOND_UTC,
    EXPECTED_MOMENT,
    RELATIVE_MOMENT,
    format_instant,
    in_utc_years,
    parse_moment,
    parse_rfc3339,
    to_utc,
)
from .records import (
    NOTHING,
    STATE_DETAILS,
    TERMINAL,
    UNKNOWN_FLOW,
    CreatedBy,
    Deployment,
    Flow,
    FlowRun,
    Json,
    State,
    StateType,
    TaskRun,
    WorkPool,
    WorkQueue,
    state_details,
)
from .run_names import ADJECTIVES, ANIMALS, made_up_name
from .storage_limits import (
    check_columns,
    check_data,
    check_labels,
    check_new_labels,
    check_read_again,
    check_time,
    check_whole,
)
from .unmodelled import is_unmodelled
