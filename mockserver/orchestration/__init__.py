"""Orchestration: whether a run may enter the state that a client proposes, and how it then changes.

Comes in: a run and a proposed state. Goes out: an `OrchestrationOutcome`, which is the run in the
accepted state, or a rejection, an abort or a wait by the rules of Prefect's own server. Nothing is
stored here.
"""

from .orchestrate import OrchestrationOutcome, apply_state, mirror_subflow_state, orchestrate
from .orchestrate_task import TaskOutcome, orchestrate_task
from .rules import is_persisted
from .transition import HOLDS_SLOT, NO_SLOTS, DeploymentSlots, SlotChange
