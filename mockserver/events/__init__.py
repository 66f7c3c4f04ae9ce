"""Events: what a world tells those who ask what has happened in it.

Comes in: changes of state as `FlowRunStateChange`, and events that clients send as `ClientEvent`.
Goes out: an `EventLog` with the last of them, which calls its listeners with each new one, and
`event_reply`, an event as JSON. `EventMatcher` says which events a filter selects.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .event import ClientEvent, Event, event_reply
from .event_log import EventLog
from .state_changes import FlowRunStateChange, Owner, StateSummary

if TYPE_CHECKING:
    from .matching import EventMatcher, LabelCondition, ResourceConditions
    from .text_search import TextSearch

# Imported late (PEP 562): only those who ask for events need them.
__getattr__ = lazy_exports(
    __name__,
    {
        "matching": ("EventMatcher", "LabelCondition", "ResourceConditions"),
        "text_search": ("TextSearch",),
    },
)
