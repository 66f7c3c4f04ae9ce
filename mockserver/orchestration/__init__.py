"""Orchestration: what becomes of a state that a client proposes for a run.

Comes in: a run and the state that is proposed. Goes out: the state that is accepted, or a
rejection, an abort or a wait, by the rules that Prefect's own server applies.
"""

from .transitions import (
    OrchestrationOutcome,
    apply_state,
    is_persisted,
    mirror_subflow_state,
    orchestrate,
)
