"""For tests: the server in a thread, and an API to fill it, observe it and inject faults.

Comes in: seeds, a dialect, a time, settings. Goes out: `MockServer`, which gives a `FlowRunApi` for
each world, and the pytest plugin with the fixture `flow_run_api`.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .flow_run_api import FlowRunApi
    from .mock_server import MockServer
    from .prefect_settings import client_environment

__getattr__ = lazy_exports(
    __name__,
    {
        "flow_run_api": ("FlowRunApi",),
        "mock_server": ("MockServer",),
        "prefect_settings": ("client_environment",),
    },
)
