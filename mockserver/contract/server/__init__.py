"""A server under test: reach it, find out what it is, put flow runs on it, take them away again.

Comes in: a URL or a program to start. Goes out: a `Target` to send requests to, within the limits
and the permission that its owner gave.
"""

from .cleanup_journal import Journal
from .connect import Opened, Opening, opened
from .created_runs import CANNOT, Draft, Garden, State, draw_drafts
from .detect import Identity
from .permission import Effect, require, require_alone
from .sample_values import CREATOR_IDS, CREATOR_TYPES, DEPLOYMENT_IDS
from .snapshot import kept, losses, take
from .spawn import Program
from .target import (
    JSON,
    PAGE,
    Answer,
    CeilingReached,
    Limits,
    Ownership,
    Refused,
    Target,
    TargetError,
    id_of,
)
