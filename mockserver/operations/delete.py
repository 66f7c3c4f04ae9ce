"""Operations that delete: flow runs in bulk or one by one, and flows.

A bulk_delete goes from its request to a plan, and from the plan to a deletion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import NotFound, RefusedRequest, ServerFailure, UsageError, refusal_sentence
from ..filters import (
    ONE_OF,
    Comparison,
    Predicate,
    QuerySize,
    admit_nulls,
    combine_criteria,
    compile_criteria,
    filter_warnings,
    find_rejection,
    measure_query,
)
from ..prefect import LIMIT_REACHED, Dialect, FlowRun, find_dialect
from ..prefect.objects import ConcurrencyLimit
from ..requests import (
    JSON_MEDIA_TYPE,
    BulkDeleteRequest,
    Message,
    ParsedRequest,
    read_plain_delete,
    read_request,
    to_json_text,
)
from ..store import Store
from .context import Context, Outcome, require_flow_run
from .deletion import Deletion, Plan, deletion_of, sort_warnings

MAX_KEPT_RUNS = 10_000
"""Runs of one deletion that are kept as they last were: a record takes 10 us (measured)."""


def bulk_delete(
    store: Store, request: BulkDeleteRequest | Mapping[str, Any], dialect: Dialect | str
) -> Deletion:
    """Delete the matching runs with the highest ids, up to the limit (M10), in one step.

    `request` is a body, as a model or as a dict, which is read as the dialect reads it. `dialect`
    may be given by its name. Raises UsageError for other arguments and a body that is refused;
    ServerFailure, and deletes nothing, where the dialect's database would not run the query.
    """
    if not isinstance(store, Store):
        kind = type(store).__name__
        raise UsageError(
            f"the store is a {kind}; expected a Store, such as Store(load_seeds(path, now).base())"
        )
    known = find_dialect(dialect)
    if isinstance(request, BulkDeleteRequest):
        return execute_bulk_delete(plan_bulk_delete(request, known), store)
    read = _read_body(request, known)
    deletion = execute_bulk_delete(plan_bulk_delete(read.request, known), store)
    return deletion._replace(warnings=sort_warnings({*deletion.warnings, *read.warnings}))


def _read_body(given: object, dialect: Dialect) -> ParsedRequest[BulkDeleteRequest]:
    if not isinstance(given, Mapping):
        raise UsageError(
            f"the request is a {type(given).__name__}; expected a BulkDeleteRequest or a body such "
            "as {'flow_runs': {...}, 'limit': 50}"
        )
    message = Message(to_json_text(given, "the request").encode(), JSON_MEDIA_TYPE)
    try:
        return read_request(message, BulkDeleteRequest, dialect)
    except RefusedRequest as refusal:
        why = refusal_sentence(refusal)
        raise UsageError(f"the request is refused by {dialect.name}: {why}") from None


def plan_bulk_delete(request: BulkDeleteRequest, dialect: Dialect) -> Plan:
    """What a request means under a dialect, for any store. A plan can be kept and used again."""
    flow_runs = request.flow_runs
    size = measure_query(flow_runs, dialect)
    criteria = compile_criteria(flow_runs, dialect)
    predicate = combine_criteria(flow_runs, criteria)
    warned = frozenset(filter_warnings(flow_runs, criteria, size, dialect))
    if "empty-criterion-under-or" in warned:
        # SQLAlchemy makes "true" of such a filter and sends no value at all (measured, 3.8.8).
        size = QuerySize()
    rejection = find_rejection(size, dialect)
    return Plan(predicate, admit_nulls(predicate), request.limit, rejection, warned)


def plan_plain_delete(body: bytes) -> Plan | None:
    """The plan of a body with a plain filter; None for any other body.

    It is what `plan_bulk_delete` makes of the request, in every dialect.
    """
    try:
        predicate, limit = read_plain_delete(body)
    except ValueError:
        return None
    return Plan(predicate, admit_nulls(predicate), limit)


def execute_bulk_delete(plan: Plan, store: Store, *, keep_runs: bool = False) -> Deletion:
    """Delete what a plan says. Raises ServerFailure as `bulk_delete` does.

    `keep_runs`: the deletion shall hold the runs as they last were, the last of them where there
    are many; making them costs as much as the delete.
    """
    if plan.rejection:  # for hardly any plan, and counting the runs takes time
        refuse_rejected(plan, any_records=len(store) > 0)
    limit = len(store) if plan.limit is None else plan.limit
    found = store.find(plan.predicate, limit)
    warned = plan.warnings
    if found.more:
        warned |= {LIMIT_REACHED}
    if plan.wider is not plan.predicate and store.any_more(plan.wider, plan.predicate):
        warned |= {"null-values-skipped"}
    # Read before the delete, after which the store no longer has them.
    runs = _runs_of(store, found.ids) if keep_runs else ()
    if found.ids:
        _release_slots(store, found.ids)
        store.delete_found(found)
        store.logs.drop(found.ids)
    return Deletion(tuple(found.ids), plan, sort_warnings(warned), runs)


def refuse_rejected(plan: Plan, *, any_records: bool) -> None:
    """Raise ServerFailure, with the plan's warnings, where its database would not run the query.

    `any_records`: whether there are records that the query is about.
    """
    if plan.rejection:
        try:
            # SQLite checks the length of a pattern only when it compares a row.
            plan.rejection.refuse(any_runs=any_records)
        except ServerFailure as failure:
            failure.warnings = sort_warnings(plan.warnings)
            raise


def delete_flow_run(context: Context, flow_run_id: str) -> Outcome:
    """Delete a flow run, and what goes with it (M11). Raises NotFound."""
    run = require_flow_run(context, flow_run_id)
    _release_slots(context.store, [flow_run_id])
    context.store.delete([flow_run_id])
    # A real server's own task deletes them, even without background services, but only where flow
    # runs are deleted themselves, not with their flow (Prefect: api/flow_runs.py,
    # delete_flow_run_logs).
    context.store.logs.drop([flow_run_id])
    by_id = Comparison("id", ONE_OF, frozenset((flow_run_id,)))
    return Outcome(None, deletion=deletion_of((run,), by_id))


def delete_matching(context: Context, predicate: Predicate) -> Deletion:
    """Delete the flow runs that satisfy a predicate, and what goes with them (M11)."""
    plan = Plan(predicate, predicate)
    return delete_planned(context.store, plan, keep_runs=context.keep_runs)


def delete_planned(store: Store, plan: Plan, *, keep_runs: bool) -> Deletion:
    """Delete all flow runs that satisfy the predicate of a plan, as `delete_matching` does."""
    found = store.find(plan.predicate, len(store))
    runs = _runs_of(store, found.ids) if keep_runs else ()
    store.delete_found(found)
    return Deletion(tuple(found.ids), plan, runs=runs)


def delete_flow(context: Context, flow_id: str) -> Outcome:
    """Delete a flow, its flow runs (M11) and its deployments. Raises NotFound."""
    store = context.store
    if flow_id not in store.flows:
        raise NotFound("Flow not found")
    # flow_run.flow_id and deployment.flow_id are ON DELETE CASCADE (Prefect: orm_models.py).
    by_flow = Comparison("flow_id", ONE_OF, frozenset((flow_id,)))
    deletion = delete_flows(store, Plan(by_flow, by_flow), [flow_id], keep_runs=context.keep_runs)
    return Outcome(None, deletion=deletion)


def delete_flows(store: Store, plan: Plan, ids: Sequence[str], *, keep_runs: bool) -> Deletion:
    """Delete flows with their flow runs and deployments.

    The predicate of the plan is that a flow run, or a deployment, belongs to one of these flows.
    """
    deletion = delete_planned(store, plan, keep_runs=keep_runs)
    flows = tuple(filter(None, map(store.flows.get, ids)))
    deployments = tuple(filter(plan.predicate, store.deployments))
    # A real server keeps their limits, the logs and the artifacts (measured, 3.6.16 and 3.9.1).
    store.deployments.drop([one.id for one in deployments])
    store.flows.drop(ids)
    return deletion._replace(flows=flows, deployments=deployments)


def _release_slots(store: Store, flow_run_ids: Sequence[str]) -> None:
    """Give back the slots of deployments' limits that runs hold; most stores have no limits."""
    if store.objects(ConcurrencyLimit):
        from .slots import release_slots  # imported late: orchestration comes with it

        release_slots(store, flow_run_ids)


def _runs_of(store: Store, flow_run_ids: Sequence[str]) -> tuple[FlowRun, ...]:
    """The last of these runs, at most MAX_KEPT_RUNS."""
    return tuple(filter(None, map(store.get, flow_run_ids[-MAX_KEPT_RUNS:])))
