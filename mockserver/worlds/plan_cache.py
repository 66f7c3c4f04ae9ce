"""A cache of plans: a script that drains a server sends the same body over and over."""

from __future__ import annotations

from ..operations import Plan
from ..requests import Message

# Bounds the memory; chosen. A drain needs one plan: keeping it made a request take 45 us, not 75,
# and costs a body that is new 1 to 3 us (measured when it was added).
MAX_PLANS = 16
MAX_BODY_BYTES = 4_096


class PlanCache:
    """The plans of the last few bodies, under one dialect; the oldest is dropped first.

    Only plain messages are looked up and kept: those whose meaning depends on the body alone, not
    on a header or the clock. So a plan that is found is the plan that would be made.
    """

    __slots__ = ("_plans",)

    def __init__(self) -> None:
        self._plans: dict[tuple[str, bytes], Plan] = {}

    def get(self, planner: str, message: Message) -> Plan | None:
        """The plan that `planner` made of an equal message; None where none is kept."""
        return self._plans.get((planner, message.body)) if message.is_plain else None

    def keep(self, planner: str, message: Message, plan: Plan) -> None:
        """Keep a plan. The way the message is written must have earned no warning."""
        if not message.is_plain or len(message.body) > MAX_BODY_BYTES:
            return
        if len(self._plans) >= MAX_PLANS:
            del self._plans[next(iter(self._plans))]
        self._plans[planner, message.body] = plan
