"""Mutants that read a filter wrongly, each in one way, which the contract kit has to detect.

Each changes requests before the mock reads them: it removes a key, gives it another value, or
replaces a criterion by the ids of the flow runs that it would match under the wrong meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from mockserver.prefect.records import FlowRun
from mockserver.store.store import Store
from tests.support.server_mutants import (
    Handler,
    Middleware,
    Mutant,
    body_of,
    replace_body,
    store_of,
)

Json = Any
READ_PATHS = ("/flow_runs/filter", "/flow_runs/count")
DELETE_PATHS = ("/flow_runs/bulk_delete",)


def filter_middleware(
    change: Callable[[Json, Store], None], paths: tuple[str, ...] = READ_PATHS + DELETE_PATHS
) -> Middleware:
    """A middleware that changes the filter of flow runs in place, for some endpoints."""

    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.endswith(paths):
            return await handler(request)
        body = await body_of(request)
        filter_ = body.get("flow_runs") if isinstance(body, dict) else None
        if isinstance(filter_, dict):
            changed = deepcopy(filter_)
            try:
                change(changed, store_of(request))
            except (AttributeError, TypeError, ValueError):  # not a valid filter
                changed = filter_
            replace_body(request, {**body, "flow_runs": changed})
        return await handler(request)

    return middleware


def _top_or_as_and(filter_: Json, _: Store) -> None:
    filter_.pop("operator", None)


def _own_or_as_and(filter_: Json, _: Store) -> None:
    for criterion in filter_.values():
        if isinstance(criterion, dict):
            criterion.pop("operator", None)


def _top_and_as_or(filter_: Json, _: Store) -> None:
    filter_["operator"] = "or_"


def _shift_bound(criterion: str, key: str, microseconds: int) -> Callable[[Json, Store], None]:
    """A bound moved by a microsecond: inclusive becomes exclusive."""

    def change(filter_: Json, _: Store) -> None:
        bound = (filter_.get(criterion) or {}).get(key)
        if bound is not None:
            moment = datetime.fromisoformat(bound) + timedelta(microseconds=microseconds)
            filter_[criterion][key] = moment.isoformat()

    return change


def _whole_seconds(filter_: Json, _: Store) -> None:
    for criterion in filter_.values():
        for key in ("before_", "after_"):
            if isinstance(criterion, dict) and criterion.get(key):
                moment = datetime.fromisoformat(criterion[key]).replace(microsecond=0)
                criterion[key] = moment.isoformat()


def _ignore_utc_offset(filter_: Json, _: Store) -> None:
    for criterion in filter_.values():
        for key in ("before_", "after_"):
            if isinstance(criterion, dict) and criterion.get(key):
                criterion[key] = criterion[key][:-6] + "+00:00"


def _ignore_key(criterion: str, key: str) -> Callable[[Json, Store], None]:
    """Remove a key; `criterion` may be nested, such as `state.name`."""

    def change(filter_: Json, _: Store) -> None:
        name, _dot, part = criterion.partition(".")
        holder = filter_.get(name) or {}
        holder = (holder.get(part) or {}) if part else holder
        holder.pop(key, None)

    return change


def _ignore_empty_any(filter_: Json, _: Store) -> None:
    for criterion in filter_.values():
        if isinstance(criterion, dict):
            for holder in (criterion, criterion.get("type") or {}, criterion.get("name") or {}):
                if isinstance(holder, dict) and holder.get("any_") == []:
                    del holder["any_"]


def _replace_by_matching_ids(
    criterion: str, key: str, holds: Callable[[FlowRun, Json], bool]
) -> Callable[[Json, Store], None]:
    """Replace a key by the ids of the runs for which `holds` returns True."""

    def change(filter_: Json, store: Store) -> None:
        value = (filter_.get(criterion) or {}).get(key)
        if value is None or value == "" or filter_.get("id"):
            return
        del filter_[criterion][key]
        if not filter_[criterion].keys() - {"operator"}:
            del filter_[criterion]
        filter_["id"] = {"any_": [run.id for run in store if holds(run, value)]}

    return change


def _tags_all_as_any(filter_: Json, _: Store) -> None:
    tags = filter_.get("tags") or {}
    if tags.get("all_") and not tags.get("any_"):
        tags["any_"] = tags.pop("all_")


def _first_value_only(filter_: Json, _: Store) -> None:
    for holder in _criterion_objects(filter_):
        if isinstance(holder.get("any_"), list):
            holder["any_"] = holder["any_"][:1]


def _criterion_objects(filter_: Json) -> Iterator[Json]:
    for criterion in filter_.values():
        if isinstance(criterion, dict):
            yield criterion
            yield from (part for part in criterion.values() if isinstance(part, dict))


def _started_by(run: FlowRun, moment: str) -> bool:
    return run.start_time is not None and run.start_time <= datetime.fromisoformat(moment)


async def _keeps_parents(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Subflows of deleted runs keep their link to a deleted task run."""
    store = store_of(request)
    children = {run.id: run for run in store if run.parent_task_run_id}
    parents = {one.id: one for one in store.task_runs}
    reply = await handler(request)
    if request.path.endswith(DELETE_PATHS):
        for run_id, run in children.items():
            now = store.get(run_id)
            if now is not None and now.parent_task_run_id is None and run.parent_task_run_id:
                task_run = parents[run.parent_task_run_id]
                store.task_runs.put(task_run)
                store.put(run)
    return reply


async def _takes_subflows(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Subflows are deleted with their parent, and not named in the reply."""
    store = store_of(request)
    children = {run.id for run in store if run.parent_task_run_id}
    reply = await handler(request)
    if request.path.endswith(DELETE_PATHS):
        orphaned = (run_id for run_id in children if run_id in store)
        store.delete([one for one in orphaned if _is_orphan(store, one)])
    return reply


def _is_orphan(store: Store, run_id: str) -> bool:
    run = store.get(run_id)
    return run is not None and run.parent_task_run_id is None


def _negate(criterion: str, key: str) -> Callable[[Json, Store], None]:
    """The opposite of a boolean."""

    def change(filter_: Json, _: Store) -> None:
        holder = filter_.get(criterion) or {}
        if isinstance(holder.get(key), bool):
            holder[key] = not holder[key]

    return change


def _not_false(filter_: Json, _: Store) -> None:
    for holder in _criterion_objects(filter_):
        if holder.get("is_null_") is False:
            del holder["is_null_"]


def _names_in_lower_case(filter_: Json, _: Store) -> None:
    holder = filter_.get("name") or {}
    if holder.get("any_"):
        holder["any_"] = [name.lower() for name in holder["any_"]]


_SELECTS = ("selects-the-same",)
_DIFF_CHECKS = (*_SELECTS, "deletes-the-same")
FILTER_MUTANTS = (
    Mutant("or-as-and", "reads or_ as and_", filter_middleware(_top_or_as_and), _DIFF_CHECKS),
    Mutant(
        "own-or-as-and",
        "reads a criterion's or_ as and_",
        filter_middleware(_own_or_as_and),
        _DIFF_CHECKS,
    ),
    Mutant("and-as-or", "reads and_ as or_", filter_middleware(_top_and_as_or), _DIFF_CHECKS),
    Mutant(
        "before-exclusive",
        "excludes runs that ended exactly at before_",
        filter_middleware(_shift_bound("end_time", "before_", -1)),
        _DIFF_CHECKS,
    ),
    Mutant(
        "after-exclusive",
        "excludes runs expected exactly at after_",
        filter_middleware(_shift_bound("expected_start_time", "after_", 1)),
        _DIFF_CHECKS,
    ),
    Mutant(
        "whole-seconds",
        "cuts times to whole seconds",
        filter_middleware(_whole_seconds),
        _DIFF_CHECKS,
    ),
    Mutant(
        "no-offsets", "reads every time as UTC", filter_middleware(_ignore_utc_offset), _DIFF_CHECKS
    ),
    Mutant(
        "like-with-case",
        "compares like_ case-sensitively",
        filter_middleware(
            _replace_by_matching_ids("name", "like_", lambda run, text: text in run.name)
        ),
        _DIFF_CHECKS,
    ),
    Mutant(
        "like-from-the-start",
        "matches like_ only at the start of a name",
        filter_middleware(
            _replace_by_matching_ids(
                "name", "like_", lambda run, text: run.name.casefold().startswith(text.casefold())
            )
        ),
        _DIFF_CHECKS,
    ),
    Mutant(
        "nulls-in-not-any",
        "matches not_any_ for runs without a key",
        filter_middleware(
            _replace_by_matching_ids(
                "idempotency_key",
                "not_any_",
                lambda run, unwanted: run.idempotency_key not in unwanted,
            )
        ),
        _DIFF_CHECKS,
    ),
    Mutant(
        "start-not-expected",
        "ignores the expected start time of runs that have not started",
        filter_middleware(_replace_by_matching_ids("start_time", "before_", _started_by)),
        _DIFF_CHECKS,
    ),
    Mutant(
        "forgets-subflows",
        "ignores parent_flow_run_id",
        filter_middleware(_ignore_key("parent_flow_run_id", "any_")),
        _DIFF_CHECKS,
    ),
    Mutant(
        "forgets-not-any",
        "ignores not_any_ of a state's name",
        filter_middleware(_ignore_key("state.name", "not_any_")),
        _DIFF_CHECKS,
    ),
    Mutant(
        "forgets-is-null",
        "ignores is_null_ of a deployment's id",
        filter_middleware(_ignore_key("deployment_id", "is_null_")),
        _DIFF_CHECKS,
    ),
    Mutant(
        "empty-is-all",
        "reads any_: [] as no condition",
        filter_middleware(_ignore_empty_any),
        _DIFF_CHECKS,
    ),
    Mutant(
        "all-as-any",
        "reads all_ of tags as any_",
        filter_middleware(_tags_all_as_any),
        _DIFF_CHECKS,
    ),
    Mutant(
        "first-of-a-list",
        "reads only the first value of any_",
        filter_middleware(_first_value_only),
        _DIFF_CHECKS,
    ),
    Mutant(
        "deletes-otherwise",
        "filters by state when it lists, not when it deletes",
        filter_middleware(_ignore_key("state.type", "any_"), DELETE_PATHS),
        ("deletes-the-same", "only-matching"),
    ),
    Mutant(
        "keeps-parents",
        "keeps the links of subflows to deleted task runs",
        _keeps_parents,
        ("deletes-the-same",),
    ),
    Mutant("takes-subflows", "deletes subflows with their parent", _takes_subflows, _DIFF_CHECKS),
    Mutant(
        "false-is-any", "reads is_null_: false as null", filter_middleware(_not_false), _SELECTS
    ),
    Mutant(
        "parents-negated",
        "reads is_null_ of a parent task run as its opposite",
        filter_middleware(_negate("parent_task_run_id", "is_null_")),
        _SELECTS,
    ),
    Mutant(
        "tags-negated",
        "reads is_null_ of tags as its opposite",
        filter_middleware(_negate("tags", "is_null_")),
        _SELECTS,
    ),
    Mutant(
        "names-in-lower-case",
        "looks for names in lower case",
        filter_middleware(_names_in_lower_case),
        _SELECTS,
    ),
    *(
        Mutant(
            f"forgets-{criterion.replace('_', '-').replace('.', '-')}-{key.strip('_')}",
            f"ignores {key} of {criterion}",
            filter_middleware(_ignore_key(criterion, key)),
            _SELECTS,
        )
        for criterion, key in (
            ("state.type", "not_any_"),
            ("state.name", "any_"),
            ("flow_version", "any_"),
            ("work_queue_name", "is_null_"),
            ("next_scheduled_start_time", "before_"),
            ("end_time", "is_null_"),
        )
    ),
)
