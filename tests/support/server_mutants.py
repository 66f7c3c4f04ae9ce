"""Servers that are wrong on purpose, each in one way, for the contract kit to catch and name.

Each is the mock with its application wrapped: `how` is an aiohttp middleware that stands before
everything else, and may change what comes in, what is done, and what goes out.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from aiohttp import web

from mockserver.http.app import SESSIONS_KEY, Settings, create_app
from mockserver.http.exchange import body_reader as intake
from mockserver.store.store import Store
from tests.support.servers import Client, served

Json = Any
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Middleware = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Wrong:
    """A wrong server: what it is called, what it does in a sentence, how, and the ids of checks
    of which one at least has to find it.
    """

    name: str
    what: str
    how: Middleware
    found_by: Sequence[str]


@contextmanager
def running(
    wrong: Wrong | None, store: Store, settings: Settings | None = None
) -> Iterator[Client]:
    """A client of a wrong server, or of a right one, as long as the block lasts."""
    app = create_app(store, settings)
    if wrong is not None:
        app.middlewares.insert(0, web.middleware(wrong.how))  # type: ignore[arg-type] # as aiohttp has it
    with patch.object(intake, "read_body", _body), served(app) as client:
        yield client


def store_of(request: web.Request) -> Store:
    """What the server holds."""
    return request.app[SESSIONS_KEY].origin.store


def is_bulk_delete(request: web.Request) -> bool:
    """Whether a request is one to the heart of it all."""
    return request.method == "POST" and request.path.endswith("/flow_runs/bulk_delete")


def read(reply: web.StreamResponse) -> Json:
    """The JSON of a reply."""
    assert isinstance(reply, web.Response)
    assert isinstance(reply.body, bytes)
    return json.loads(reply.body)


def saying(value: Json, reply: web.StreamResponse | None = None) -> web.Response:
    """A reply that says something else, with the headers of the one that was to be sent."""
    warned = reply.headers.get("x-mockserver-warning") if reply is not None else None
    headers = {"x-mockserver-warning": warned} if warned else None
    return web.json_response(value, headers=headers)


BODY = web.RequestKey("body", bytes)
"""Under this a request keeps the body that it is to have."""
_read_body = intake.read_body


async def _body(request: web.Request, settings: Settings) -> bytes:
    """The body that a request is to have, or the one that it came with."""
    if BODY not in request:
        request[BODY] = await _read_body(request, settings)
    kept: bytes = request[BODY]
    return kept


def instead(request: web.Request, body: Json) -> None:
    """Let the request have another body than the one that came."""
    request[BODY] = json.dumps(body).encode()


async def body_of(request: web.Request) -> Json:
    """What the body says; None where it says nothing."""
    try:
        return json.loads(await _body(request, request.app[SESSIONS_KEY].origin.settings))
    except ValueError:
        return None


def on_bulk_delete(
    change: Callable[[web.Request, Json, Handler], Awaitable[web.StreamResponse]],
) -> Middleware:
    """A middleware that changes bulk_delete alone; it is given what the body says."""

    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_bulk_delete(request):
            return await handler(request)
        return await change(request, await body_of(request), handler)

    return middleware


def changing_deleted(change: Callable[[web.Request, list[str]], list[str]]) -> Middleware:
    """A middleware that says something else was deleted."""

    async def middleware(request: web.Request, _: Json, handler: Handler) -> web.StreamResponse:
        reply = await handler(request)
        if reply.status != 200:
            return reply
        return saying({"deleted": change(request, read(reply)["deleted"])}, reply)

    return on_bulk_delete(middleware)


def _take_one_more(request: web.Request, deleted: list[str]) -> list[str]:
    store = store_of(request)
    others = sorted(run.id for run in store)[:1]
    store.delete(others if deleted else ())
    return deleted


async def _one_too_many(request: web.Request, body: Json, handler: Handler) -> web.StreamResponse:
    limit = body.get("limit") if isinstance(body, dict) else None
    if isinstance(limit, int) and 1 <= limit < 50:
        instead(request, {**body, "limit": limit + 1})
    return await handler(request)


async def _one_too_few(request: web.Request, body: Json, handler: Handler) -> web.StreamResponse:
    limit = body.get("limit", 50) if isinstance(body, dict) else None
    if isinstance(limit, int) and 2 <= limit <= 50:
        instead(request, {**body, "limit": limit - 1})
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
    deleted = read(reply)["deleted"] if reply.status == 200 else []
    if not deleted or not isinstance(limit, int) or body.get("flow_runs"):
        return reply
    for run_id in deleted:
        store.put(kept[run_id])
    lowest = sorted(kept)[: len(deleted)]
    return saying({"deleted": list(store.delete(lowest))}, reply)


async def _fails_on_nothing(request: web.Request, _: Json, handler: Handler) -> web.StreamResponse:
    reply = await handler(request)
    if reply.status == 200 and not read(reply)["deleted"]:
        return web.json_response({"exception_message": "Internal Server Error"}, status=500)
    return reply


async def _fails_on_empty_lists(
    request: web.Request, body: Json, handler: Handler
) -> web.StreamResponse:
    if "[]" in json.dumps(body):
        return web.json_response({"exception_message": "Internal Server Error"}, status=500)
    return await handler(request)


def _without_unknown(value: Json) -> Json:
    """A filter without the keys that no filter has."""
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
        instead(request, {**body, "flow_runs": _without_unknown(body["flow_runs"])})
    return await handler(request)


async def _takes_limit_0(request: web.Request, body: Json, handler: Handler) -> web.StreamResponse:
    if isinstance(body, dict) and body.get("limit") == 0:
        return saying({"deleted": []})
    return await handler(request)


async def _takes_limit_51(request: web.Request, body: Json, handler: Handler) -> web.StreamResponse:
    if isinstance(body, dict) and type(body.get("limit")) is int and body["limit"] > 50:
        instead(request, {**body, "limit": 50})
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
    return saying({"ids": read(reply)["deleted"]}, reply) if reply.status == 200 else reply


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


WRONG: Sequence[Wrong] = (
    Wrong(
        "one-too-many",
        "deletes one more than limit",
        on_bulk_delete(_one_too_many),
        ("at-most-limit",),
    ),
    Wrong(
        "one-too-few",
        "deletes one less than limit",
        on_bulk_delete(_one_too_few),
        ("as-many-as-may",),
    ),
    Wrong(
        "one-unnamed",
        "deletes one more run than it says",
        changing_deleted(_take_one_more),
        ("nothing-else-gone",),
    ),
    Wrong(
        "deletes-nothing",
        "says it has deleted, and has not",
        on_bulk_delete(_deletes_nothing),
        ("gone-afterwards",),
    ),
    Wrong(
        "lowest-first",
        "deletes the lowest ids under a limit",
        on_bulk_delete(_lowest_first),
        ("highest-ids",),
    ),
    Wrong(
        "names-twice",
        "names the first of deleted twice",
        changing_deleted(lambda _, deleted: [*deleted[:1], *deleted]),
        ("unique",),
    ),
    Wrong(
        "names-fewer",
        "leaves out the last of what it deleted",
        changing_deleted(lambda _, deleted: deleted[:-1]),
        ("nothing-else-gone",),
    ),
    Wrong(
        "names-strangers",
        "names a run that was never there",
        changing_deleted(lambda _, deleted: [*deleted, "0" * 8 + "-0000-4000-8000-" + "0" * 12]),
        ("was-there",),
    ),
    Wrong(
        "fails-on-nothing",
        "answers 500 where nothing matches",
        on_bulk_delete(_fails_on_nothing),
        ("drill-answered",),
    ),
    Wrong(
        "fails-on-empty-lists",
        "answers 500 to an empty list",
        on_bulk_delete(_fails_on_empty_lists),
        ("drill-answered",),
    ),
    Wrong(
        "takes-unknown-keys",
        "ignores keys of a filter that there are none of",
        on_bulk_delete(_takes_unknown_keys),
        ("drill-refused",),
    ),
    Wrong(
        "takes-limit-0",
        "answers 200 to limit 0",
        on_bulk_delete(_takes_limit_0),
        ("drill-refused",),
    ),
    Wrong(
        "takes-limit-51",
        "takes any limit above 50 for 50",
        on_bulk_delete(_takes_limit_51),
        ("drill-refused",),
    ),
    Wrong(
        "deletes-when-refused",
        "deletes a run with each 422",
        on_bulk_delete(_deletes_when_refused),
        ("refusal-changes-nothing",),
    ),
    Wrong(
        "touches-others",
        "renames a run that it does not delete",
        on_bulk_delete(_touches_others),
        ("others-untouched",),
    ),
    Wrong("does-not-warn", "forgets what is due", on_bulk_delete(_does_not_warn), ("warned",)),
    Wrong(
        "other-key",
        "calls deleted ids",
        on_bulk_delete(_other_key),
        ("as-many-as-may",),
    ),
    Wrong(
        "counting-deletes",
        "deletes a run at each count",
        _counting_deletes,
        ("reading-changes-nothing",),
    ),
    Wrong(
        "deletes-none-by-id",
        "answers 204 to DELETE, and does nothing",
        _deletes_none_by_id,
        ("deletes-the-one", "use_after_free"),
    ),
)
