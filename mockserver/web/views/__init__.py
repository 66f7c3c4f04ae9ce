"""The views of the page: each takes a `PageRequest` and returns what is shown.

Comes in: a request whose world and fields are known. Goes out: a `View` (values for JSON, and the
same for a template), a `Download`, or the address to look at next. One file a view; what they show
is computed in `insight`, `operations` and `worlds`.
"""

from . import (
    contracts,
    deleting,
    filtering,
    flow_runs,
    journaling,
    kit_report,
    reporting,
    sessions,
    workspace,
)
