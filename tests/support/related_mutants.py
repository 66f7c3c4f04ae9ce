"""Mutants that are wrong about flows and deployments: which ones go, and what goes with them.

Most are wrong in /flows/bulk_delete or /deployments/bulk_delete alone, after lists that are right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web

from mockserver.store.store import Store
from tests.support.server_mutants import (
    Handler,
    Middleware,
    Mutant,
    body_of,
    json_reply,
    read_json,
    replace_body,
    store_of,
)

Json = Any
Kept = tuple[list[Any], ...]
"""The records of a store before a delete: flows, deployments, flow runs and task runs."""


def changes_body(kind: str, verb: str, change: Callable[[Json], None]) -> Middleware:
    """A middleware that changes the bodies of an endpoint in place, such as /flows/filter."""

    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.endswith(f"/{kind}/{verb}"):
            body = await body_of(request)
            if isinstance(body, dict):
                change(body)
                replace_body(request, body)
        return await handler(request)

    return middleware


def changes_deleted(
    kind: str, change: Callable[[Store, Kept, list[str]], Sequence[str]]
) -> Middleware:
    """A middleware that changes the store after a bulk delete, and what the reply says of it."""

    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        store = store_of(request)
        kept = tuple(list(one) for one in (store.flows, store.deployments, store, store.task_runs))
        reply = await handler(request)
        if not request.path.endswith(f"/{kind}/bulk_delete") or reply.status != 200:
            return reply
        return json_reply({"deleted": change(store, kept, read_json(reply)["deleted"])}, reply)

    return middleware


def _one_more(body: Json) -> None:
    if isinstance(body.get("limit"), int):
        body["limit"] += 1


def _no_limit(body: Json) -> None:
    body.pop("limit", None)


def _without(kind: str, *path: str) -> Callable[[Json], None]:
    """Remove what lies at a path of the filter."""

    def change(body: Json) -> None:
        holder = body.get(kind)
        for key in path[:-1]:
            holder = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder.pop(path[-1], None)

    return change


def _without_side(body: Json) -> None:
    body.pop("task_runs", None)


def _keep_runs(store: Store, kept: Kept, deleted: list[str]) -> list[str]:
    for run in kept[2]:
        if run.id not in store:
            store.put(run)
    return deleted


def _keep_task_runs(store: Store, kept: Kept, deleted: list[str]) -> list[str]:
    for one in kept[3]:
        store.task_runs.put(one)
    return deleted


def _keep_deployments(store: Store, kept: Kept, deleted: list[str]) -> list[str]:
    for one in kept[1]:
        if one.flow_id in deleted:
            store.deployments.put(one)
    return deleted


def _keep_the_named(store: Store, kept: Kept, deleted: list[str]) -> list[str]:
    for one in kept[1]:
        if one.id in deleted:
            store.deployments.put(one)
    return deleted


def _take_another(store: Store, _: Kept, deleted: list[str]) -> list[str]:
    others = [one.id for one in store.deployments if one.name.startswith("7")]
    store.deployments.drop(others if deleted else [])
    return deleted


def _take_finished_runs(store: Store, kept: Kept, deleted: list[str]) -> list[str]:
    store.delete([run.id for run in kept[2] if run.deployment_id in deleted])
    return deleted


def _forget_deployments(store: Store, _: Kept, deleted: list[str]) -> list[str]:
    for run in [run for run in store if run.deployment_id in deleted]:
        store.put(replace(run, deployment_id=None))
    return deleted


def _name_one_more(_: Store, kept: Kept, deleted: list[str]) -> list[str]:
    others = [one.id for one in kept[0] if one.id not in deleted]
    return [*deleted, *others[:1]]


def _lose_others(store: Store, _: Kept, deleted: list[str]) -> list[str]:
    store.flows.drop([one.id for one in store.flows if one.name == "theirs"])
    return deleted


async def _counts_one_more(request: web.Request, handler: Handler) -> web.StreamResponse:
    reply = await handler(request)
    if request.path.endswith("/flows/count") and reply.status == 200:
        return json_reply(read_json(reply) + 1, reply)
    return reply


async def _lists_backwards(request: web.Request, handler: Handler) -> web.StreamResponse:
    reply = await handler(request)
    if request.path.endswith("/deployments/filter") and reply.status == 200:
        return json_reply(read_json(reply)[::-1], reply)
    return reply


_SELECTS, _DELETES, _LEAVES = ("selects-related",), ("deletes-related",), ("leaves-related",)
RELATED_MUTANTS: Sequence[Mutant] = (
    *(
        Mutant(name, what, changes_body(kind, "bulk_delete", change), _DELETES)
        for name, what, kind, change in (
            ("flows-one-too-many", "deletes one flow more than limit", "flows", _one_more),
            ("flows-ignore-names", "ignores name", "flows", _without("flows", "name")),
            ("flows-ignore-tags", "ignores tags", "flows", _without("flows", "tags")),
            ("deployments-ignore-limit", "ignores limit", "deployments", _no_limit),
            (
                "deployments-ignore-paused",
                "ignores paused",
                "deployments",
                _without("deployments", "paused"),
            ),
            (
                "deployments-tags-or-as-and",
                "reads or_ of tags as and_",
                "deployments",
                _without("deployments", "tags", "operator"),
            ),
        )
    ),
    Mutant(
        "flows-name-one-more",
        "says deleted of a flow that stays",
        changes_deleted("flows", _name_one_more),
        _DELETES,
    ),
    *(
        Mutant(name, what, changes_deleted(kind, change), _LEAVES)
        for name, what, kind, change in (
            ("flows-leave-runs", "leaves the runs of flows", "flows", _keep_runs),
            ("flows-leave-task-runs", "leaves task runs of flows", "flows", _keep_task_runs),
            ("flows-leave-deployments", "leaves deployments", "flows", _keep_deployments),
            ("deployments-stay", "says deleted, and keeps all", "deployments", _keep_the_named),
            ("deployments-of-others", "takes another flow's too", "deployments", _take_another),
            ("deployments-leave-runs", "leaves waiting runs", "deployments", _keep_runs),
            ("deployments-take-runs", "takes all their runs", "deployments", _take_finished_runs),
            ("deployments-forgotten", "clears their ids", "deployments", _forget_deployments),
        )
    ),
    *(
        Mutant(name, what, middleware, _SELECTS)
        for name, what, middleware in (
            ("flows-count-one-more", "counts a flow too many", _counts_one_more),
            ("deployments-backwards", "lists deployments backwards", _lists_backwards),
            (
                "flows-without-sides",
                "ignores a filter on task runs beside that on flows",
                changes_body("flows", "filter", _without_side),
            ),
            (
                "deployments-by-own-name",
                "reads flow_or_deployment_name as no condition",
                changes_body(
                    "deployments", "filter", _without("deployments", "flow_or_deployment_name")
                ),
            ),
        )
    ),
    Mutant(
        "flows-of-others",
        "loses flows of others",
        changes_deleted("flows", _lose_others),
        ("others-gone",),
    ),
)
