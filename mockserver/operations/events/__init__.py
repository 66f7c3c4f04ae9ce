"""Operations on events: listing them, taking those that clients send, and subscribing to them.

Comes in: a `Context` and a request model, or a message of a websocket. Goes out: an `Outcome`; for
a subscriber, an `EventMatcher` of its filter and the events that it has missed.
"""

from .receiving import receive_event
from .subscribing import read_subscription
