"""A rehearsal: a user's own script against a private world, and what it did there.

Comes in: seeds, a command, and what must be true afterwards. Goes out: a `Rehearsal`, which is
frozen values; as a `Page` to show, and as JSON. The script runs as it would against a server: only
its environment says where that is.
"""

from .rehearsal import rehearse
from .rehearsal_json import rehearsal_value
from .rehearsal_pages import rehearsal_page
from .scenarios import SCENARIOS
from .stage import RehearsalSettings
