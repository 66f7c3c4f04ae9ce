"""Of which kind a record is that stands alone or in a bare list: its fields say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .record_fields import COLLECTIONS, FLOW_FIELDS

# Fields of replies that the tables above do not list, and that only one kind has (Prefect:
# schemas/core.py and schemas/responses.py).
_OTHER_MARKS: Mapping[str, tuple[str, ...]] = {
    "deployments": ("schedules", "entrypoint", "pull_steps", "parameter_openapi_schema"),
    "work_pools": ("base_job_template", "default_queue_id"),
    "work_queues": ("priority", "filter"),
}
# Replies of other kinds have them, too, as fields that are kept unread.
_NO_MARKS = frozenset(
    {"parameters", "job_variables", "created_by", "infrastructure_document_id"}
    | {"estimated_run_time", "estimated_start_time_delta"}
    | {"concurrency_limit", "active_slots", "status", "version"}
)


def _marks_of(name: str) -> frozenset[str]:
    """The fields by which a record of this kind is known."""
    others = [COLLECTIONS[other] for other in COLLECTIONS if other != name]
    own = frozenset(COLLECTIONS[name]).difference(*others) - _NO_MARKS
    return own | frozenset(_OTHER_MARKS.get(name, ()))


MARKS: Mapping[str, frozenset[str]] = {
    name: marks for name in COLLECTIONS if (marks := _marks_of(name))
}
"""The fields that only one kind of record has, by collection. Flows have none."""
WEAK_MARKS: Mapping[str, str] = {
    **dict.fromkeys(("key", "metadata_", "data"), "artifacts"),
    "flow_run_id": "task_runs",
    "type": "work_pools",
}
"""Fields of several kinds, and the kind that is meant where no mark is of another of these."""
_KNOWN_FIELDS = frozenset().union(*COLLECTIONS.values(), *MARKS.values())
FLOW_REPLY = frozenset({"created", "updated"})


class UnclearRecordError(ValueError):
    """The fields of a record are of no kind, or of two."""


def guess_collection(keys: Iterable[str]) -> str:
    """The collection of a record that stands alone or in a bare list, by its keys.

    Of fields that several kinds have, some still tell (`WEAK_MARKS`). A record of none but others
    is a flow, if it has the fields with which servers reply, else a flow run. Raises
    UnclearRecordError.
    """
    given = frozenset(keys)
    found = {name: sorted(marks & given) for name, marks in MARKS.items() if marks & given}
    for mark, name in WEAK_MARKS.items():
        if mark in given and not any(mark in COLLECTIONS[other] for other in found):
            found.setdefault(name, []).append(mark)
    if len(found) == 1:
        return next(iter(found))
    if found:
        seen = " and ".join(f"of {name} ({', '.join(marks[:3])})" for name, marks in found.items())
        raise UnclearRecordError(f"a record with fields {seen}")
    if given and not given & _KNOWN_FIELDS:
        raise UnclearRecordError(
            f"a record of which no field is known ({', '.join(sorted(given)[:5])})"
        )
    return "flows" if FLOW_REPLY <= given <= FLOW_FIELDS.keys() else "flow_runs"
