"""An explanation as values that JSON can hold.

`version` grows when a key is removed or changes its meaning; new keys keep it.
"""

from __future__ import annotations

from typing import Any

from ...prefect import FlowRun
from .. import Refusal, SomeRuns
from .dialect_counts import OtherServers
from .explanation import Explanation
from .explanation_pages import headline
from .near_misses import NearMiss
from .run_verdicts import RunVerdict, Verdict
from .tables import Table

VERSION = 1


def explanation_value(one: Explanation) -> dict[str, Any]:
    """All that an explanation holds."""
    return {
        "version": VERSION,
        "headline": headline(one),
        "fails": one.found_problem,
        "request": one.argument.message.body.decode(errors="replace"),
        "dialect": one.dialect.name,
        "now": one.now.isoformat(),
        "condition": one.sentence,
        "failure": one.failure,
        "warnings": [
            {"id": warned.id, "sentence": warned.sentence, "note": warned.is_note}
            for warned in one.warnings
        ],
        "flow_runs": one.total,
        "selected": one.matching,
        "deleted": one.deleted,
        "left": one.staying,
        "limit": one.limit,
        "calls": one.calls,
        "first": list(map(run_value, one.first)),
        "task_runs": one.cascade.task_runs,
        "orphaned_subflows": runs_value(one.cascade.orphans),
        "selected_without_parent": list(one.drain.added) if one.drain else [],
        "spared_without_parent": list(one.drain.escaped) if one.drain else [],
        "skipped_as_null": one.null_skipped,
        "tables": {table.title: table_value(table) for table in one.tables},
        "conditions": [
            {
                "key": condition.key,
                "condition": condition.sentence,
                "effect": condition.effect.value,
                "flow_runs": condition.alone,
            }
            for condition in one.conditions
        ],
        "idle_keys": [{"key": idle.key, "reason": idle.reason} for idle in one.idle],
        "near_misses": list(map(_near_miss, one.near_misses)),
        "other_servers": None
        if one.other_servers is None
        else list(map(_other_servers, one.other_servers)),
        "protected": [
            {
                "condition": protection.sentence,
                "flow_runs": protection.matching,
                "deleted": runs_value(protection.going),
            }
            for protection in one.protections
        ],
        "runs": list(map(_run_verdict, one.runs)),
    }


def table_value(table: Table) -> dict[str, Any]:
    """A table with its rows."""
    """A table: its rows, and how many values have none."""
    return {
        "rows": [
            {
                "name": row.name,
                "value": row.value,
                "selected": row.selected,
                "flow_runs": row.total,
            }
            for row in table.rows
        ],
        "more": table.more,
    }


def _near_miss(miss: NearMiss) -> dict[str, Any]:
    distance = None if miss.distance is None else miss.distance.total_seconds()
    spared_by = {"spared_by": miss.key, "condition": miss.sentence}
    return {**run_value(miss.run), **spared_by, "seconds": distance}


def _other_servers(other: OtherServers) -> dict[str, Any]:
    is_refused = isinstance(other.meaning, Refusal)
    return {
        "servers": other.where,
        "dialects": [dialect.name for dialect in other.dialects],
        "condition": None if is_refused else str(other.meaning),
        "refusal": str(other.meaning) if is_refused else None,
        "selected": other.count,
        "same_flow_runs": other.selects_same,
        "causes": list(other.causes),
    }


def _run_verdict(one: RunVerdict) -> dict[str, Any]:
    return {
        **run_value(one.run),
        "goes": one.goes,
        "call": one.call,
        "when_parent_is_gone": one.turned,
        "spared_by": [verdict.key for verdict in one.spared_by],
        "conditions": _verdict(one.verdict),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "key": verdict.key,
        "condition": verdict.sentence,
        "holds": verdict.holds,
        "value": verdict.value,
        "parts": list(map(_verdict, verdict.parts)),
    }


def runs_value(runs: SomeRuns) -> dict[str, Any]:
    """How many flow runs, and the first of them."""
    """The number of runs, and the first of them, up to a bound."""
    return {"count": runs.count, "first": list(map(run_value, runs.first))}


def run_value(run: FlowRun) -> dict[str, Any]:
    """What a run is known by."""
    state = run.state
    return {
        "id": run.id,
        "name": run.name,
        "state_type": state and state.type.value,
        "state_name": state and state.name,
    }
