"""Plans of requests that came lately: a script that drains sends one body over and over."""

from __future__ import annotations

from ..operations import Plan
from ..requests import JSON_MEDIA_TYPE, Message

MAX_PLANS = 16
MAX_BODY_BYTES = 4_096


class PlanCache:
    """Plans by the bodies that they were made of, under one dialect; the oldest goes first.

    Only a plain message is looked up or kept: one of which neither a header nor the clock
    changes what its body means. So a plan that is found is the plan that would be made.
    """

    __slots__ = ("_plans",)

    def __init__(self) -> None:
        self._plans: dict[tuple[str, bytes], Plan] = {}

    def get(self, planner: str, message: Message) -> Plan | None:
        """The plan that `planner` made of such a message before; None where there is none."""
        if message.content_type != JSON_MEDIA_TYPE or message.api_version is not None:
            return None
        return self._plans.get((planner, message.body))

    def keep(self, planner: str, message: Message, plan: Plan) -> None:
        """Keep a plan. The message must have earned no warning by the way it was written."""
        if message.content_type != JSON_MEDIA_TYPE or message.api_version is not None:
            return
        if len(message.body) > MAX_BODY_BYTES:
            return
        if len(self._plans) >= MAX_PLANS:
            del self._plans[next(iter(self._plans))]
        self._plans[planner, message.body] = plan
