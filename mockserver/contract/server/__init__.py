"""A server under test: reach it, find out what it is, put flow runs on it, take them away again.

Comes in: a URL or a program to start. Goes out: a `Target` to send requests to, within the limits
and the permission that its owner gave.
"""

from .cleanup_journal import CleanupJournal
from .connect import ConnectedServer, ServerOptions, connect_server
from .created_runs import API_LIMITATIONS, CreatedRuns, Draft, StateDraft, random_drafts
from .detect import Identity
from .permission import SideEffect, require_no_flow_runs, require_permission
from .sample_values import CREATOR_IDS, CREATOR_TYPES, DEPLOYMENT_IDS
from .snapshot import compare_snapshots, take_snapshot, without_clock_fields
from .spawn import Program
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
    id_of,
)
