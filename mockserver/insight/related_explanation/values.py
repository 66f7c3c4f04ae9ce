"""An explanation of a bulk delete of flows or deployments as values that JSON can hold.

`version` grows when a key is removed or changes its meaning; new keys keep it.
"""

from __future__ import annotations

from typing import Any

from ..explanation import runs_value, table_value
from .explanation import RelatedExplanation
from .pages import related_headline

VERSION = 1


def related_value(one: RelatedExplanation) -> dict[str, Any]:
    """All that an explanation holds."""
    return {
        "version": VERSION,
        "headline": related_headline(one),
        "fails": one.found_problem,
        "of": one.kind,
        "request": one.body.decode(errors="replace"),
        "dialect": one.dialect.name,
        "now": one.now.isoformat(),
        "condition": one.sentence,
        "failure": one.failure,
        "warnings": [
            {"id": warned.id, "sentence": warned.sentence, "note": warned.is_note}
            for warned in one.warnings
        ],
        "total": one.total,
        "selected": one.matching,
        "deleted": one.deleted,
        "limit": one.limit,
        "calls": one.calls,
        "first": [{"id": named.id, "name": named.name} for named in one.first],
        "flow_runs": one.flow_runs,
        "task_runs": one.cascade.task_runs,
        "orphaned_subflows": runs_value(one.cascade.orphans),
        "deployments": one.deployments,
        "schedules": one.schedules,
        "flow_runs_without_deployment": one.referring,
        "concurrency_limits": list(one.limits),
        "deployments_without_limit": one.losing,
        "tables": {table.title: table_value(table) for table in one.tables},
        "flow_run_tables": {table.title: table_value(table) for table in one.run_tables},
        "criteria": [
            {"name": each.name, "condition": each.sentence, "keeps_out": each.alone}
            for each in one.criteria
        ],
        "protected": [
            {
                "of": each.kind,
                "condition": each.sentence,
                "matching": each.matching,
                "deleted": each.going,
                "first": [{"id": id_, "name": name} for id_, name in each.first],
            }
            for each in one.protections
        ],
    }
