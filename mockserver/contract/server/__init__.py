"""A server under test: connect to it, identify it, create flow runs on it, delete them again.

Comes in: `ServerOptions`, with a URL or a program to start. Goes out: a `ConnectedServer`, whose
`Target` sends requests within the limits and the permission that the user gave.
Invariant: whatever the kit creates on a server it deletes; what it could not, it keeps a record of.
"""

from .bounded_session import BoundedSession, certificates
from .cleanup import clean_up
from .cleanup_journal import FLOW_NAME_PREFIX, CleanupJournal, require_sound_filters
from .connect import ConnectedServer, ServerOptions, connect_server
from .created_runs import API_LIMITATIONS, CreatedRuns, Draft, StateDraft, random_drafts
from .detect import Identity
from .permission import SideEffect, require_no_flow_runs, require_permission
from .sample_values import CREATOR_IDS, CREATOR_TYPES, DEPLOYMENT_IDS
from .snapshot import compare_snapshots, take_snapshot, without_clock_fields
from .spawn import parse_spawn
from .target import (
    JSON_HEADERS,
    PAGE,
    Answer,
    HTTPStatusError,
    Limits,
    Ownership,
    RequestLimitReached,
    Target,
    TargetError,
    TimeIsUp,
    created_id,
    id_of,
)
