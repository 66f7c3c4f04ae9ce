"""The websockets on which Prefect's clients send events and wait for what is new.

Comes in: a request that asks for a websocket, and a function that makes a `Context`. Goes out: the
socket, once it is closed. One file a path; `prefect_socket` has the handshake that all have,
`subscriptions` what those have in common on which a server tells, and `event_sockets` how many
sockets there may be.
"""

from typing import TYPE_CHECKING

from ...lazy_exports import lazy_exports
from .event_sockets import EVENT_SOCKETS_KEY, EventSockets

if TYPE_CHECKING:
    from .events_in import receive_events
    from .events_out import send_events
    from .logs_out import send_logs
    from .task_runs_out import send_task_runs

# Imported late (PEP 562): only flows that run need them.
__getattr__ = lazy_exports(
    __name__,
    {
        "events_in": ("receive_events",),
        "events_out": ("send_events",),
        "logs_out": ("send_logs",),
        "task_runs_out": ("send_task_runs",),
    },
)
