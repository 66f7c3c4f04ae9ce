"""Mutants that lie in what they answer: in a status, a header, a count, a page or a document.

Some also touch flow runs that they were not asked to touch. `FUZZ_MUTANTS` are for `fuzz` to
detect, `LIST_MUTANTS` for `diff`, `DOCUMENT_MUTANTS` for `drift`; `OTHERS_MUTANTS` for `diff` on a
server that holds the flow runs of somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from aiohttp import web

from mockserver.prefect.records import FlowRun
from mockserver.store.store import Store
from tests.support.server_mutants import (
    Handler,
    Middleware,
    Mutant,
    bulk_delete_middleware,
    change_deleted_ids,
    is_bulk_delete,
    json_reply,
    read_json,
    replace_body,
    store_of,
)

Json = Any


def answers(status: int, instead: int) -> Middleware:
    """One status in place of another, from bulk_delete."""

    async def middleware(request: web.Request, _: Json, handler: Handler) -> web.StreamResponse:
        reply = await handler(request)
        if reply.status != status:
            return reply
        return web.json_response(read_json(reply), status=instead, headers=warning_of(reply))

    return bulk_delete_middleware(middleware)


def warning_of(reply: web.StreamResponse) -> dict[str, str]:
    """The warning header of a reply."""
    warned = reply.headers.get("x-mockserver-warning")
    return {"x-mockserver-warning": warned} if warned else {}


def refuses(is_refused: Callable[[Json], bool], status: int = 422) -> Middleware:
    """Refuses bodies of bulk_delete that the document allows."""

    async def middleware(request: web.Request, body: Json, handler: Handler) -> web.StreamResponse:
        if is_refused(body):
            return web.json_response({"detail": []}, status=status)
        return await handler(request)

    return bulk_delete_middleware(middleware)


def reads_as(is_meant: Callable[[Json], bool], instead: Json) -> Middleware:
    """Reads some invalid bodies of bulk_delete as a valid one."""

    async def middleware(request: web.Request, body: Json, handler: Handler) -> web.StreamResponse:
        if is_meant(body):
            replace_body(request, instead)
        return await handler(request)

    return bulk_delete_middleware(middleware)


def after_reply(
    method: str, ending: str, change: Callable[[Store, web.StreamResponse], None]
) -> Middleware:
    """Changes the store after a successful reply to a method and the end of a path."""

    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        reply = await handler(request)
        if request.method == method and request.path.endswith(ending) and reply.status < 300:
            change(store_of(request), reply)
        return reply

    return middleware


def changes_list(ending: str, change: Callable[[Json], Json]) -> Middleware:
    """Another JSON in the successful replies of paths that end so."""

    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        reply = await handler(request)
        if not request.path.endswith(ending) or reply.status != 200:
            return reply
        return json_reply(change(read_json(reply)), reply)

    return middleware


def delete_one(store: Store, _: object = None) -> None:
    store.delete([run.id for run in store][:1])


def rename_one(store: Store, _: object = None) -> None:
    for run in list(store)[:1]:
        store.put(replace(run, name=f"{run.name}!"))


def copy_created(store: Store, reply: web.StreamResponse) -> None:
    created = store.get(read_json(reply)["id"])
    if created is not None and reply.status == 201:
        store.put(replace(created, id=str(uuid4()), idempotency_key=None))


async def _by_other_tags(request: web.Request, body: Json, handler: Handler) -> web.StreamResponse:
    filter_ = body.get("flow_runs") if isinstance(body, dict) else None
    tags = (filter_.get("tags") or {}).get("any_") if isinstance(filter_, dict) else None
    if isinstance(tags, list) and filter_ is not None and filter_.keys() == {"tags"}:
        others = [run.id for run in store_of(request) if not set(tags) & set(run.tags)]
        replace_body(request, {**body, "flow_runs": {"id": {"any_": others}}})
    return await handler(request)


_last_bodies: WeakKeyDictionary[Store, Json] = WeakKeyDictionary()


async def _fails_when_repeated(
    request: web.Request, body: Json, handler: Handler
) -> web.StreamResponse:
    store = store_of(request)
    if _last_bodies.get(store) == body:
        del _last_bodies[store]
        return web.json_response({"exception_message": "Internal Server Error"}, status=500)
    reply = await handler(request)
    if reply.status == 200 and read_json(reply)["deleted"]:
        _last_bodies[store] = body
    return reply


async def _cannot_list_afterwards(request: web.Request, handler: Handler) -> web.StreamResponse:
    store = store_of(request)
    reply = await handler(request)
    if is_bulk_delete(request) and reply.status == 200 and read_json(reply)["deleted"]:
        _last_bodies[store] = None
    elif request.path.endswith("/flow_runs/filter") and store in _last_bodies:
        del _last_bodies[store]
        return web.json_response({"exception_message": "Internal Server Error"}, status=500)
    return reply


_hidden: WeakKeyDictionary[Store, dict[str, Json]] = WeakKeyDictionary()


async def _still_shows_deleted(request: web.Request, handler: Handler) -> web.StreamResponse:
    store = store_of(request)
    run_id = request.path.rpartition("/")[2]
    before = {run.id for run in store}
    reply = await handler(request)
    gone = _hidden.setdefault(store, {})
    gone.update({one: {"id": one} for one in before if one not in store})
    if request.method == "GET" and run_id in gone:
        return web.json_response(gone[run_id])
    return reply


async def _deletes_another_by_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    reply = await handler(request)
    if request.method == "DELETE" and "/flow_runs/" in request.path and reply.status == 204:
        delete_one(store_of(request))
    return reply


async def _renames_when_refused(
    request: web.Request, _: Json, handler: Handler
) -> web.StreamResponse:
    reply = await handler(request)
    if reply.status == 422:
        rename_one(store_of(request))
    return reply


async def _warns_always(request: web.Request, _: Json, handler: Handler) -> web.StreamResponse:
    reply = await handler(request)
    warned = reply.headers.get("x-mockserver-warning", "")
    reply.headers["x-mockserver-warning"] = ", ".join(filter(None, (warned, "like-wildcards")))
    return reply


def _has_limit(least: int) -> Callable[[Json], bool]:
    return lambda body: isinstance(body, dict) and body.get("limit") == least


def _has_operator(body: Json) -> bool:
    filter_ = body.get("flow_runs") if isinstance(body, dict) else None
    return isinstance(filter_, dict) and filter_.get("operator") == "xor_"


FUZZ_MUTANTS: Sequence[Mutant] = (
    Mutant(
        "by-other-tags",
        "deletes runs that have none of the tags",
        bulk_delete_middleware(_by_other_tags),
        ("only-matching",),
    ),
    Mutant(
        "fails-when-repeated",
        "answers 500 to the same delete again",
        bulk_delete_middleware(_fails_when_repeated),
        ("again-only-the-rest",),
    ),
    Mutant(
        "cannot-list-afterwards",
        "answers 500 to the list after a delete",
        _cannot_list_afterwards,
        ("still-readable",),
    ),
    Mutant(
        "still-shows-deleted",
        "answers 200 to GET of a deleted run",
        _still_shows_deleted,
        ("gone-afterwards",),
    ),
    Mutant(
        "deletes-another-by-id",
        "deletes one more run with each DELETE",
        _deletes_another_by_id,
        ("deletes-the-one",),
    ),
    Mutant(
        "creates-two",
        "creates two flow runs at once",
        after_reply("POST", "/flow_runs/", copy_created),
        ("creates-one",),
        ("POST /flows/", "POST /flow_runs/"),
    ),
    Mutant(
        "loses-when-set",
        "loses a run when a state is set",
        after_reply("POST", "/set_state", delete_one),
        ("states-stay",),
        ("POST /flow_runs/{id}/set_state",),
    ),
    Mutant(
        "loses-when-set-in-bulk",
        "loses a run when states are set",
        after_reply("POST", "/bulk_set_state", delete_one),
        ("bulk-states-stay",),
        ("POST /flow_runs/bulk_set_state",),
    ),
    Mutant(
        "warns-always",
        "warns of wildcards that are not there",
        bulk_delete_middleware(_warns_always),
        ("warned",),
    ),
    Mutant("answers-201", "answers 201 to a delete", answers(200, 201), ("drill-answered",)),
    Mutant("answers-202", "answers 202 to a delete", answers(200, 202), ("drill-answered",)),
    Mutant("refuses-with-400", "answers 400, not 422", answers(422, 400), ("drill-refused",)),
    Mutant("refuses-with-200", "answers 200, not 422", answers(422, 200), ("drill-refused",)),
    Mutant(
        "refuses-null",
        "refuses null as a filter",
        refuses(lambda body: isinstance(body, dict) and body.get("flow_runs", 1) is None),
        ("drill-answered",),
    ),
    Mutant(
        "refuses-the-limit",
        "refuses the largest limit",
        refuses(_has_limit(50)),
        ("drill-answered",),
    ),
    Mutant(
        "finds-nothing-404",
        "answers 404 to an empty body",
        refuses(lambda body: body == {}, 404),
        ("drill-answered",),
    ),
    Mutant(
        "takes-limit-minus-1",
        "reads limit -1 as 50",
        reads_as(_has_limit(-1), {}),
        ("drill-refused",),
    ),
    Mutant(
        "takes-a-list",
        "reads a list as no filter",
        reads_as(lambda body: body == [], {}),
        ("drill-refused",),
    ),
    Mutant(
        "takes-any-operator",
        "reads an unknown operator as and_",
        reads_as(_has_operator, {}),
        ("drill-refused",),
    ),
    Mutant(
        "half-of-them",
        "deletes at most 25",
        reads_as(lambda body: body == {}, {"limit": 25}),
        ("as-many-as-may",),
    ),
    Mutant(
        "names-none",
        "lists no id of what it deleted",
        change_deleted_ids(lambda _, _deleted: []),
        ("nothing-else-gone",),
    ),
    Mutant(
        "pages-delete",
        "deletes a run with each page",
        after_reply("POST", "/flow_runs/paginate", delete_one),
        ("reading-changes-nothing",),
    ),
    Mutant(
        "renames-when-refused",
        "renames a run with each 422",
        bulk_delete_middleware(_renames_when_refused),
        ("refusal-changes-nothing",),
    ),
)

_SELECTS = ("selects-the-same",)
LIST_MUTANTS: Sequence[Mutant] = (
    Mutant(
        "counts-one-more",
        "counts one more than it lists",
        changes_list("/flow_runs/count", lambda count: count + bool(count)),
        _SELECTS,
    ),
    Mutant(
        "counts-to-ten",
        "counts no further than ten",
        changes_list("/flow_runs/count", lambda count: min(count, 10)),
        _SELECTS,
    ),
    Mutant(
        "lists-from-the-lowest",
        "ignores the sort",
        changes_list("/flow_runs/filter", lambda runs: runs[::-1]),
        _SELECTS,
    ),
)

_FLOW = "00000000-0000-4000-8000-000000000001"
THEIRS = tuple(
    FlowRun(id=f"{number:08}-0000-4000-8000-000000000000", name="theirs", flow_id=_FLOW)
    for number in range(3)
)
"""Flow runs of somebody else."""


def _delete_theirs(store: Store, _: object) -> None:
    store.delete([run.id for run in store if run.name == "theirs"][:1])


def _rename_theirs(store: Store, _: object) -> None:
    for run in [run for run in store if run.name == "theirs"][:1]:
        store.put(replace(run, name="not theirs"))


def _delete_sentinels(store: Store, _: object) -> None:
    store.delete([run.id for run in store if run.name == "sentinel"])


OTHERS_MUTANTS: Sequence[Mutant] = (
    Mutant(
        "loses-others",
        "loses a run of others as one is created",
        after_reply("POST", "/flow_runs/", _delete_theirs),
        ("others-gone",),
    ),
    Mutant(
        "renames-others",
        "renames a run of others as one is created",
        after_reply("POST", "/flow_runs/", _rename_theirs),
        ("others-changed",),
    ),
    Mutant(
        "takes-sentinels",
        "deletes runs that no filter names",
        after_reply("POST", "/bulk_delete", _delete_sentinels),
        ("sentinels",),
    ),
)


def _limit_of(document: Json) -> Json:
    return document["components"]["schemas"][
        "Body_bulk_delete_flow_runs_flow_runs_bulk_delete_post"
    ]


def _without_limit(document: Json) -> Json:
    del _limit_of(document)["properties"]["limit"]
    return document


def _lower_limit(document: Json) -> Json:
    _limit_of(document)["properties"]["limit"]["maximum"] = 20
    return document


def _higher_limit(document: Json) -> Json:
    _limit_of(document)["properties"]["limit"]["maximum"] = 500
    return document


def _other_kind(document: Json) -> Json:
    _limit_of(document)["properties"]["limit"] = {"type": "boolean"}
    return document


def _one_more_key(document: Json) -> Json:
    _limit_of(document)["properties"]["dry_run"] = {"type": "boolean"}
    return document


DOCUMENT_MUTANTS: Sequence[Mutant] = tuple(
    Mutant(name, what, changes_list("/openapi.json", change), (check,))
    for name, what, change, check in (
        ("document-without-limit", "publishes no limit", _without_limit, "removed"),
        ("document-with-less", "publishes a lower limit", _lower_limit, "narrowed"),
        ("document-with-more", "publishes a higher limit", _higher_limit, "widened"),
        ("document-with-another", "publishes a limit that is no number", _other_kind, "changed"),
        ("document-with-a-key", "publishes one more key", _one_more_key, "added"),
    )
)
