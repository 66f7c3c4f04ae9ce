"""Inputs of flow runs: texts under keys, which a run waits for or receives while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FlowRunInput:
    """An input of a flow run. Its key is unique in the run; the value is JSON, as a text."""

    id: str
    flow_run_id: str
    key: str
    value: str
    sender: str | None
    created: datetime
