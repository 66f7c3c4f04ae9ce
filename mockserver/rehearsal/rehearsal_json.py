"""A rehearsal as values that JSON can hold.

`version` grows when a key is removed or changes its meaning; new keys keep it.
"""

from __future__ import annotations

from typing import Any

from ..insight import SomeRuns
from ..insight.deletion_report import report_value
from ..insight.explanation import runs_value
from .rehearsal import Rehearsal, Variation
from .rehearsal_pages import rehearsal_sentence
from .script import ScriptResult

VERSION = 1


def rehearsal_value(rehearsal: Rehearsal) -> dict[str, Any]:
    """All that a rehearsal holds."""
    return {
        "version": VERSION,
        "headline": rehearsal_sentence(rehearsal),
        "problems": list(rehearsal.problems),
        "command": list(rehearsal.command),
        **_result(rehearsal.result),
        "report": report_value(rehearsal.report),
        "unexpected": _runs(rehearsal.unexpected),
        "missed": _runs(rehearsal.missed),
        "again": [{**_result(one.result), "deleted": one.deleted} for one in rehearsal.repetitions],
        "faults": list(map(_variation, rehearsal.faults)),
        "dialects": list(map(_variation, rehearsal.dialects)),
    }


def _variation(one: Variation) -> dict[str, Any]:
    return {
        "name": one.name,
        "sentence": one.sentence or None,
        **_result(one.result),
        "happened": one.happened,
        "same": one.same,
        "left": _runs(one.left),
        "lost": _runs(one.lost),
        "protected_deleted": one.protected_lost,
    }


def _result(result: ScriptResult) -> dict[str, Any]:
    return {"exit_code": result.code, "seconds": round(result.seconds, 3)}


def _runs(found: SomeRuns | None) -> dict[str, Any] | None:
    return None if found is None else runs_value(found)
