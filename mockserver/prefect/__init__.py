"""Prefect's own terms: records, times, the published document, and how real servers differ.

Comes in: nothing; all other folders are built on this one. Goes out: the frozen records that the
store holds (`FlowRun`, `State`, ...), the dialects and the registry of deviations, checks of what
a real database can store, the contract `openapi.yaml`, and the endpoints that are not modelled.
"""

from . import openapi
from .changes import CHANGES, Change, ReleaseNotes, release_notes
from .deviations import (
    BULK_DELETE,
    DATABASE_NAMES,
    DATABASES,
    DEVIATIONS,
    POSTGRESQL,
    SQLITE,
    Deviation,
)
from .dialects import (
    DIALECTS,
    PREFECT_SQLITE,
    SPEC,
    DatabaseLimits,
    Dialect,
    LikeCase,
    NulHandling,
    Wildcards,
    dialect_for,
    find_dialect,
    unmeasured_note,
)
from .instants import (
    OUTSIDE_UTC_RANGE,
    RELATIVE_TIME_PATTERN,
    SEED_TIME_SYNTAX,
    fits_utc_range,
    format_instant,
    parse_rfc3339,
    parse_seed_time,
    require_aware,
    to_utc,
)
from .records import (
    EMPTY_JSON,
    NAMED_STATES,
    STATE_DETAILS_DEFAULTS,
    TERMINAL_STATES,
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
    non_default_state_details,
)
from .releases import (
    NEWEST,
    OLDEST,
    RELEASES,
    describe_range,
    is_within,
    list_releases,
    measured_release,
    release_key,
    requirements,
)
from .run_names import ADJECTIVES, ANIMALS, generate_name
from .server_settings import server_settings
from .storage_limits import (
    check_integer_size,
    check_new_labels,
    check_readable,
    check_state_data,
    check_storable,
    check_stored_labels,
    check_time_range,
    in_json_column,
)
from .unmodelled import is_unmodelled, unmodelled_routes
from .warnings import LIMIT_REACHED, WARNINGS, notes_of, warning_sentence
