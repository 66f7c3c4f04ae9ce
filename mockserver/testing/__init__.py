"""Testing: the server in a thread, and what a test sees of it.

Comes in: seeds, a dialect, a clock. Goes out: `MockServer`, `FlowRunApi`, and the pytest plugin
with its fixture `flow_run_api`.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .flow_run_api import FlowRunApi
    from .mock_server import MockServer

__getattr__ = lazy_exports(
    __name__,
    {
        "flow_run_api": ("FlowRunApi",),
        "mock_server": ("MockServer",),
    },
)
