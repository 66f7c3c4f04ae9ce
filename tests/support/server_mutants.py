"""Mutants of the mock, each wrong in one way, which the contract kit has to detect.

A mutant is the mock with an aiohttp middleware before all others, which may change the request, the
store, and the reply.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from aiohttp import web

from mockserver.http.app import SESSIONS_KEY, create_app
from mockserver.http.exchange import body_reader
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_app

Json = Any
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Middleware = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Mutant:
    """A mutant: its name, what it does in a sentence, the middleware that does it.

    At least one of the checks `detected_by` has to detect it. `operations` are those that have to
    be fuzzed for it; none: the requests that are sent in every run.
    """

    name: str
    what: str
    middleware: Middleware
    detected_by: Sequence[str]
    operations: Sequence[str] = ()


@contextmanager
def serve_mutant(
    mutant: Mutant | None, store: Store, settings: Settings | None = None
) -> Iterator[Client]:
    """Serve a mutant, or the unchanged mock if it is None; yields a client."""
    app = create_app(store, settings)
    if mutant is not None:
        app.middlewares.insert(0, web.middleware(mutant.middleware))  # type: ignore[arg-type] # as aiohttp has it
    with patch.object(body_reader, "read_body", _read_replaced_body), serve_app(app) as client:
        yield client


def store_of(request: web.Request) -> Store:
    """The store of the server."""
    return request.app[SESSIONS_KEY].default_world.store


def is_bulk_delete(request: web.Request) -> bool:
    """Whether a request is one to bulk_delete."""
    return request.method == "POST" and request.path.endswith("/flow_runs/bulk_delete")


def read_json(reply: web.StreamResponse) -> Json:
    """The JSON of a reply."""
    assert isinstance(reply, web.Response)
    assert isinstance(reply.body, bytes)
    return json.loads(reply.body)


def json_reply(value: Json, reply: web.StreamResponse | None = None) -> web.Response:
    """A reply with another body; it keeps the warning header of `reply`."""
    warned = reply.headers.get("x-mockserver-warning") if reply is not None else None
    headers = {"x-mockserver-warning": warned} if warned else None
    return web.json_response(value, headers=headers)


REPLACED_BODY = web.RequestKey("body", bytes)
"""The body that a request gets in place of the one that was sent."""
_read_body = body_reader.read_body


async def _read_replaced_body(request: web.Request, settings: Settings) -> bytes:
    """The replaced body of a request, or the one that was sent."""
    if REPLACED_BODY not in request:
        request[REPLACED_BODY] = await _read_body(request, settings)
    kept: bytes = request[REPLACED_BODY]
    return kept


def replace_body(request: web.Request, body: Json) -> None:
    """Give a request another body."""
    request[REPLACED_BODY] = json.dumps(body).encode()


async def body_of(request: web.Request) -> Json:
    """The JSON of a request's body; None if it is not JSON."""
    try:
        return json.loads(
            await _read_replaced_body(request, request.app[SESSIONS_KEY].default_world.settings)
        )
    except ValueError:
        return None


def bulk_delete_middleware(
    change: Callable[[web.Request, Json, Handler], Awaitable[web.StreamResponse]],
) -> Middleware:
    """A middleware that changes only bulk_delete; `change` gets the JSON of the body, too."""

    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_bulk_delete(request):
            return await handler(request)
        return await change(request, await body_of(request), handler)

    return middleware


def change_deleted_ids(change: Callable[[web.Request, list[str]], list[str]]) -> Middleware:
    """A middleware that changes the ids in the replies of bulk_delete."""

    async def middleware(request: web.Request, _: Json, handler: Handler) -> web.StreamResponse:
        reply = await handler(request)
        if reply.status != 200:
            return reply
        return json_reply({"deleted": change(request, read_json(reply)["deleted"])}, reply)

    return bulk_delete_middleware(middleware)


def _delete_one_more(request: web.Request, deleted: list[str]) -> list[str]:
    store = store_of(request)
    others = sorted(run.id for run in store)[:1]
    store.delete(others if deleted else ())
    return deleted


async def _one_too_many(request: web.Request, body: Json, handler: Handler) -> web.StreamResponse:
    limit = body.get("limit") if isinstance(body, dict) else None
    if isinstance(limit, int) and 1 <= limit < 50:
        replace_body(request, {**body, "limit": limit + 1})
    return await handler(request)


async def _one_too_few(request: web.Request, body: Json, handler: Handler) -> web.StreamResponse:
    limit = body.get("limit", 50) if isinstance(body, dict) else None
    if isinstance(limit, int) and 2 <= limit <= 50:
        replace_body(request, {**body, "limit": limit - 1})
    return await handler(request)


async def _deletes_nothing(request: web.Request, _: Json, handler: Handler) -> web.StreamResponse:
    store = store_of(request)
    kept = {run.id: run for run in store}
    reply = await handler(request)
    for run_id, run in kept.items():
        if run_id not in store:
            store.put(run)
    return reply


async def _lowest_first(request: web.Request, body: Json, handler: Handler) -> web.StreamResponse:
    store = store_of(request)
    kept = {run.id: run for run in store}
    reply = await handler(request)
    limit = body.get("limit") if isinstance(body, dict) else None
    deleted = read_json(reply)["deleted"] if reply.status == 200 else []
    if not deleted or not isinstance(limit, int) or body.get("flow_runs"):
        return reply
    for run_id in deleted:
        store.put(kept[run_id])
    lowest = sorted(kept)[: len(deleted)]
    return json_reply({"deleted": list(store.delete(lowest))}, reply)


async def _fails_on_nothing(request: web.Request, _: Json, handler: Handler) -> web.StreamResponse:
    reply = await handler(request)
    if reply.status == 200 and not read_json(reply)["deleted"]:
        return web.json_response({"exception_message": "Internal Server Error"}, status=500)
    return reply


async def _fails_on_empty_lists(
    request: web.Request, body: Json, handler: Handler
) -> web.StreamResponse:
    if "[]" in json.dumps(body):
        return web.json_response({"exception_message": "Internal Server Error"}, status=500)
    return await handler(request)


def _without_unknown(value: Json) -> Json:
    """A filter without keys that filters do not have."""
    known = {
        *("operator", "id", "name", "tags", "deployment_id", "work_queue_name", "state", "type"),
        *("flow_version", "start_time", "end_time", "expected_start_time", "created_by"),
        *("next_scheduled_start_time", "parent_flow_run_id", "parent_task_run_id"),
        *("idempotency_key", "any_", "not_any_", "all_", "like_", "is_null_", "before_", "after_"),
        *("id_", "type_"),
    }
    if not isinstance(value, dict):
        return value
    return {key: _without_unknown(inner) for key, inner in value.items() if key in known}


async def _takes_unknown_keys(
    request: web.Request, body: Json, handler: Handler
) -> web.StreamResponse:
    if isinstance(body, dict) and isinstance(body.get("flow_runs"), dict):
        replace_body(request, {**body, "flow_runs": _without_unknown(body["flow_runs"])})
    return await handler(request)


async def _takes_limit_0(request: web.Request, body: Json, handler: Handler) -> web.StreamResponse:
    if isinstance(body, dict) and body.get("limit") == 0:
        return json_reply({"deleted": []})
    return await handler(request)


async def _takes_limit_51(request: web.Request, body: Json, handler: Handler) -> web.StreamResponse:
    if isinstance(body, dict) and type(body.get("limit")) is int and body["limit"] > 50:
        replace_body(request, {**body, "limit": 50})
    return await handler(request)


async def _deletes_when_refused(
    request: web.Request, _: Json, handler: Handler
) -> web.StreamResponse:
    reply = await handler(request)
    if reply.status == 422:
        store = store_of(request)
        store.delete([run.id for run in store][:1])
    return reply


async def _touches_others(request: web.Request, _: Json, handler: Handler) -> web.StreamResponse:
    reply = await handler(request)
    store = store_of(request)
    for run in list(store)[:1]:
        store.put(replace(run, name=f"{run.name}!"))
    return reply


async def _does_not_warn(request: web.Request, _: Json, handler: Handler) -> web.StreamResponse:
    reply = await handler(request)
    reply.headers.popall("x-mockserver-warning", None)
    return reply


async def _other_key(request: web.Request, _: Json, handler: Handler) -> web.StreamResponse:
    reply = await handler(request)
    return json_reply({"ids": read_json(reply)["deleted"]}, reply) if reply.status == 200 else reply


async def _counting_deletes(request: web.Request, handler: Handler) -> web.StreamResponse:
    reply = await handler(request)
    if request.path.endswith("/flow_runs/count"):
        store = store_of(request)
        store.delete([run.id for run in store][:1])
    return reply


async def _deletes_none_by_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.method == "DELETE" and "/flow_runs/" in request.path:
        found = any(run.id in request.path.lower() for run in store_of(request))
        return web.Response(status=204) if found else await handler(request)
    return await handler(request)


SERVER_MUTANTS: Sequence[Mutant] = (
    Mutant(
        "one-too-many",
        "deletes one more than limit",
        bulk_delete_middleware(_one_too_many),
        ("at-most-limit",),
    ),
    Mutant(
        "one-too-few",
        "deletes one less than limit",
        bulk_delete_middleware(_one_too_few),
        ("as-many-as-may",),
    ),
    Mutant(
        "one-unnamed",
        "deletes one more run than its reply names",
        change_deleted_ids(_delete_one_more),
        ("nothing-else-gone",),
    ),
    Mutant(
        "deletes-nothing",
        "replies that it has deleted runs, and keeps them",
        bulk_delete_middleware(_deletes_nothing),
        ("gone-afterwards",),
    ),
    Mutant(
        "lowest-first",
        "deletes the lowest ids under a limit",
        bulk_delete_middleware(_lowest_first),
        ("highest-ids",),
    ),
    Mutant(
        "names-twice",
        "names the first of deleted twice",
        change_deleted_ids(lambda _, deleted: [*deleted[:1], *deleted]),
        ("unique",),
    ),
    Mutant(
        "names-fewer",
        "leaves out the last of what it deleted",
        change_deleted_ids(lambda _, deleted: deleted[:-1]),
        ("nothing-else-gone",),
    ),
    Mutant(
        "names-strangers",
        "names a run that was never there",
        change_deleted_ids(lambda _, deleted: [*deleted, "0" * 8 + "-0000-4000-8000-" + "0" * 12]),
        ("was-there",),
    ),
    Mutant(
        "fails-on-nothing",
        "answers 500 where nothing matches",
        bulk_delete_middleware(_fails_on_nothing),
        ("drill-answered",),
    ),
    Mutant(
        "fails-on-empty-lists",
        "answers 500 to an empty list",
        bulk_delete_middleware(_fails_on_empty_lists),
        ("drill-answered",),
    ),
    Mutant(
        "takes-unknown-keys",
        "ignores unknown keys of a filter",
        bulk_delete_middleware(_takes_unknown_keys),
        ("drill-refused",),
    ),
    Mutant(
        "takes-limit-0",
        "answers 200 to limit 0",
        bulk_delete_middleware(_takes_limit_0),
        ("drill-refused",),
    ),
    Mutant(
        "takes-limit-51",
        "reads any limit above 50 as 50",
        bulk_delete_middleware(_takes_limit_51),
        ("drill-refused",),
    ),
    Mutant(
        "deletes-when-refused",
        "deletes a run with each 422",
        bulk_delete_middleware(_deletes_when_refused),
        ("refusal-changes-nothing",),
    ),
    Mutant(
        "touches-others",
        "renames a run that it does not delete",
        bulk_delete_middleware(_touches_others),
        ("others-untouched",),
    ),
    Mutant(
        "does-not-warn",
        "sends no warning header",
        bulk_delete_middleware(_does_not_warn),
        ("warned",),
    ),
    Mutant(
        "other-key",
        "names the key `deleted` `ids`",
        bulk_delete_middleware(_other_key),
        ("as-many-as-may",),
    ),
    Mutant(
        "counting-deletes",
        "deletes a run at each count",
        _counting_deletes,
        ("reading-changes-nothing",),
    ),
    Mutant(
        "deletes-none-by-id",
        "answers 204 to DELETE, and does nothing",
        _deletes_none_by_id,
        ("deletes-the-one", "use_after_free"),
    ),
)
