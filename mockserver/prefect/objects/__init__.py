"""Objects: the records that no filter on flow runs knows, a file for each family.

Comes in: nothing. Goes out: frozen dataclasses with an id, such as `Variable`. The store keeps the
objects of each class apart (`Store.objects`).
"""

from .artifacts import Artifact, ArtifactCollection
from .blocks import (
    SYSTEM_TYPES,
    BlockDocument,
    BlockSchema,
    BlockType,
    Reference,
    block_type_id,
    system_type,
)
from .limits import MAX_WAIT, TAG_PREFIX, ConcurrencyLease, ConcurrencyLimit
from .logs import Log
from .run_inputs import FlowRunInput
from .server import DefaultResultStorage
from .task_states import CachedState, CacheKey
from .variables import Variable
from .work_pools import Worker
