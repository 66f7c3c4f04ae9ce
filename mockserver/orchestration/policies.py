"""Which rules there are for a proposed state, in Prefect's order.

The tables are CoreFlowPolicy and MinimalFlowPolicy of `prefect/server/orchestration/core_policy.py`
as of the newest release. A rule that older releases do not have says which dialects have it; what
changed within a rule is in `rules`.
"""

from __future__ import annotations

from ..prefect import TERMINAL_STATES, StateType
from . import rules
from .slot_rules import (
    forget_lease,
    give_slot_up,
    preserve_lease,
    remember_lease,
    secure_slot,
    validate_lease,
)
from .transition import (
    ANY_TYPE,
    CANCELLED,
    CANCELLING,
    FAILED,
    HOLDS_SLOT,
    PAUSED,
    PENDING,
    RUNNING,
    SCHEDULED,
    FlowTransition,
    Rule,
)


def _types(*types: StateType) -> frozenset[StateType]:
    return frozenset(types)


# Left out: InstrumentFlowRunStateTransitions (events), and ReleaseFlowConcurrencySlots, which
# `orchestrate` applies after all rules. Prefect's first entry is a universal transform, not a rule;
# it acts on every transition, as the rule here does.
CORE_FLOW_POLICY: tuple[Rule[FlowTransition], ...] = (
    Rule(ANY_TYPE, ANY_TYPE, preserve_lease, is_in=lambda dialect: dialect.lease_inherited),
    Rule(ANY_TYPE, ANY_TYPE, rules.prevent_duplicate_transitions),
    Rule(
        TERMINAL_STATES, ANY_TYPE, rules.handle_terminal_transitions, cleanup=rules.restore_policy
    ),
    Rule(_types(CANCELLING), ANY_TYPE - {CANCELLED}, rules.enforce_cancelling_to_cancelled),
    Rule(
        _types(SCHEDULED, PAUSED),
        _types(CANCELLING),
        rules.bypass_cancelling_without_infrastructure,
    ),
    Rule(
        _types(PENDING, CANCELLING, RUNNING, CANCELLED),
        _types(PENDING),
        rules.prevent_pending_transitions,
    ),
    Rule(_types(PENDING), _types(RUNNING), validate_lease),
    Rule(
        ANY_TYPE - HOLDS_SLOT,
        _types(PENDING),
        secure_slot,
        cleanup=give_slot_up,
    ),
    Rule(
        _types(PENDING),
        _types(RUNNING, CANCELLING),
        forget_lease,
        cleanup=remember_lease,
    ),
    Rule(ANY_TYPE, _types(SCHEDULED), rules.ensure_only_scheduled_marked_late),
    Rule(ANY_TYPE, _types(PAUSED), rules.handle_pausing, after_transition=rules.record_pause),
    Rule(_types(PAUSED), ANY_TYPE, rules.handle_resuming, after_transition=rules.mark_resuming),
    Rule(_types(SCHEDULED), _types(PENDING), rules.copy_scheduled_time),
    Rule(_types(SCHEDULED, PENDING), _types(RUNNING), rules.wait_for_scheduled_time),
    Rule(_types(RUNNING), _types(FAILED), rules.retry_failed),
)
"""The rules for a proposal."""
MINIMAL_FLOW_POLICY: tuple[Rule[FlowTransition], ...] = (
    Rule(
        ANY_TYPE,
        ANY_TYPE,
        preserve_lease,
        is_in=lambda dialect: dialect.forced_keeps_lease,
    ),
    Rule(
        TERMINAL_STATES,
        TERMINAL_STATES,
        rules.prevent_result_overwrite,
        is_in=lambda dialect: dialect.completed_result_kept,
    ),
    Rule(
        _types(SCHEDULED, PAUSED),
        _types(CANCELLING),
        rules.bypass_cancelling_without_infrastructure,
    ),
)
"""The rules for a proposal with `force`."""
