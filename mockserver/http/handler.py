"""The one handler: from a request to an endpoint's operation, and from its outcome to a response.

    bytes -> Message -> request model -> Outcome -> response
    bytes -> Message -> request model -> Plan -> Deletion -> response   (bulk deletes)

Each step is a value with a type. Refusals are raised on the way; `answering` makes responses
of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from aiohttp import web

from ..errors import InvalidRequest, RefusedRequest, ServerFailure
from ..operations import Context, Deletion, Outcome, Plan, TextReply, sort_warnings
from ..operations.endpoints import Endpoint, lacks_path
from ..prefect import LIMIT_REACHED
from ..requests import (
    Message,
    check_api_version,
    parse_api_version,
    read_boolean,
    read_parameters,
    read_request,
    read_uuid,
)
from ..store import NotPrepared, deferring
from ..worlds import World
from .exchange import (
    DELETION_KEY,
    creator_from_headers,
    in_thread,
    json_reply,
    log_warnings,
    read_message,
    text_reply,
    world_of,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_NO_WARNINGS: frozenset[str] = frozenset()
_LEFT = (LIMIT_REACHED,)


def make_handler(endpoint: Endpoint) -> Handler:
    """The aiohttp handler of an endpoint. It raises RefusedRequest and web.HTTPException."""
    carry_out = _carry_out_plan if endpoint.plan is not None else _carry_out
    deletes = endpoint.deletes

    async def handle(request: web.Request) -> web.Response:
        world = world_of(request)
        message = await read_message(request, world)
        if deletes and world.before is None:
            world.note_before()
        # As `when_prepared` does, and nothing of it where there is nothing to wait for: a coroutine
        # more, and `deferring`, each cost a hundredth of a request or more (measured).
        if not world.store.is_large:
            return carry_out(request, endpoint, message, world)
        while True:
            try:
                with deferring():
                    return carry_out(request, endpoint, message, world)
            except NotPrepared as missing:
                await in_thread(missing.prepare)

    async def handle_if_there(request: web.Request) -> web.Response:
        if lacks_path(world_of(request).settings.dialect, endpoint.path):
            raise web.HTTPNotFound
        return await handle(request)

    return handle if endpoint.since is None else handle_if_there


def _carry_out(
    request: web.Request, endpoint: Endpoint, message: Message, world: World
) -> web.Response:
    """Carry out an operation. Raises NotPrepared, and then nothing has been changed."""
    outcome, warned = _operate(request, endpoint, message, world)
    return _outcome_response(request, endpoint, world, outcome, warned)


def _carry_out_plan(
    request: web.Request, endpoint: Endpoint, message: Message, world: World
) -> web.Response:
    """Carry out a bulk delete. Raises NotPrepared as `_carry_out` does."""
    deletion, warned = _execute_plan(endpoint, endpoint.plan or "", message, world)
    warnings = deletion.warnings
    if warned:
        warnings = _merge_warnings(warnings, warned)
    left = world.totals.count_planned(
        endpoint.method, endpoint.template, message.body, endpoint.status, deletion, warnings
    )
    if left is not None and left.plan is not None:
        about = (left.method, left.path, left.plan.sentence)
        dialect = world.settings.dialect
        log_warnings("%s %s left runs: %s", *about, warnings=_LEFT, dialect=dialect)
    return _deletion_response(request, world, deletion, warnings)


def _operate(
    request: web.Request, endpoint: Endpoint, message: Message, world: World
) -> tuple[Outcome, frozenset[str]]:
    """Read parameters and body, and call the operation with them.

    Returns the outcome, and the warnings that the way the request is written earns.
    """
    dialect, now = world.settings.dialect, world.now()
    # With a body, `read_request` checks it: a real server reads the JSON first.
    reads_body = endpoint.reads_body(dialect)
    if not reads_body and endpoint.checks_api_version:
        check_api_version(message.api_version, dialect)
    arguments, errors = _read_parameters(request, endpoint) if endpoint.parameters else ([], [])
    warned = _NO_WARNINGS
    if reads_body and endpoint.model is not None:
        # Errors of parameters and of the body come in one 422, once the body is JSON (measured).
        read = read_request(message, endpoint.model, dialect, now, errors)
        arguments.append(read.request)
        warned = read.warnings
    elif errors:
        raise InvalidRequest(errors, None)
    client_version = parse_api_version(message.api_version)
    creator = creator_from_headers(request)
    keep_runs = world.journal is not None
    context = Context(
        world.store,
        dialect,
        now,
        world.new_id,
        client_version,
        creator,
        keep_runs,
        world.events,
        task_queues=world.task_queues,
    )
    if endpoint.links:
        context = context._replace(url=str(request.url))
    if message.renews_leases:
        context = context._replace(renews_leases=True)
    try:
        return endpoint.call(context, *arguments), warned
    except RefusedRequest as refusal:
        refusal.warnings = sort_warnings({*refusal.warnings, *warned})
        raise


def _execute_plan(
    endpoint: Endpoint, planner: str, message: Message, world: World
) -> tuple[Deletion, frozenset[str]]:
    """Find or make the plan of a body, and carry it out; returns warnings as `_operate` does.

    A script that drains sends one body over and over: then there is nothing left to read.
    """
    # No Context is made: the clock, the version and the automation, which no delete looks at, took
    # a tenth of such a call.
    plan, warned = world.plans.get(planner, message), _NO_WARNINGS
    if plan is None and endpoint.model is not None:
        plan, warned = _make_plan(endpoint, endpoint.model, message, world)
        if not warned:
            world.plans.keep(planner, message, plan)
    try:
        return endpoint.delete(plan, world.store, keep_runs=world.journal is not None), warned
    except RefusedRequest as refusal:
        refusal.warnings = sort_warnings({*refusal.warnings, *warned})
        raise


def _make_plan(
    endpoint: Endpoint, model: type[Any], message: Message, world: World
) -> tuple[Plan, frozenset[str]]:
    """The plan of a body, and the warnings that the way the request is written earns."""
    if endpoint.make_plain_plan is not None and message.is_plain:
        plan = endpoint.make_plain_plan(message.body)
        if plan is not None:
            return plan, _NO_WARNINGS
    dialect = world.settings.dialect
    read = read_request(message, model, dialect, world.now())
    return endpoint.make_plan(read.request, dialect), read.warnings


def _read_parameters(
    request: web.Request, endpoint: Endpoint
) -> tuple[list[Any], list[Mapping[str, Any]]]:
    """The parameters of the path, the query and the headers, and what is wrong with them."""
    values: list[Any] = []
    errors: list[Mapping[str, Any]] = []
    typed = endpoint.typed
    for name, text in request.match_info.items():
        if typed is not None and name in typed.model_fields:
            continue
        if name == "id":  # the path's pattern has seen to it that it is a uuid
            values.append(str(UUID(text)))
        else:
            _read_parameter(values, errors, text, "path", name)
    for name in endpoint.query:
        said = request.query.getall(name, [])
        # Of a repeated parameter the last counts (Starlette: QueryParams).
        _read_parameter(values, errors, said[-1] if said else None, "query", name)
    values += [request.query.getall(name, [None])[-1] for name in endpoint.optional]
    for name in endpoint.flags:
        _read_flag(values, errors, request.query.getall(name, ["false"])[-1], "query", name)
    for name in endpoint.header_flags:
        # Of a repeated header the first counts (Starlette: Headers).
        _read_flag(values, errors, request.headers.get(name, "false"), "header", name)
    if typed is not None:
        try:
            # Of a repeated parameter the last counts, which a dict keeps.
            values.append(read_parameters(typed, request.match_info, dict(request.query.items())))
        except InvalidRequest as refusal:
            errors += refusal.errors
    return values, errors


def _read_parameter(
    values: list[Any], errors: list[Mapping[str, Any]], text: str | None, where: str, name: str
) -> None:
    """Add a parameter to the values or what is wrong with it to the errors.

    A name that ends in "id" is a uuid, which is kept as lower-case text; others are any text, and
    so is the id of a resource.
    """
    if text is not None and (not name.endswith("id") or name == "resource_id"):
        values.append(text)
        return
    try:
        values.append(read_uuid(text, where, name))
    except InvalidRequest as refusal:
        errors += refusal.errors


def _read_flag(
    values: list[Any], errors: list[Mapping[str, Any]], text: str, where: str, name: str
) -> None:
    """Add a boolean to the values or what is wrong with it to the errors."""
    try:
        values.append(read_boolean(text, where, name))
    except InvalidRequest as refusal:
        errors += refusal.errors


def _merge_warnings(earned: tuple[str, ...], warned: frozenset[str]) -> tuple[str, ...]:
    """The warnings that a request earned by what it does and by how it is written."""
    return sort_warnings({*earned, *warned})


def _deletion_response(
    request: web.Request, world: World, deletion: Deletion, warnings: tuple[str, ...]
) -> web.Response:
    """The response of a planned delete; the journal and the log are told of it."""
    if world.journal is not None:
        request[DELETION_KEY] = deletion
    # That runs are left is logged when another filter follows: most scripts go on until none is.
    if warnings and warnings != _LEFT:
        told = tuple(one for one in warnings if one != LIMIT_REACHED)
        about = (request.path, len(deletion.answer), deletion.plan.sentence)
        dialect = world.settings.dialect
        log_warnings("%s deleted %d: %s", *about, warnings=told, dialect=dialect)
    return json_reply({"deleted": deletion.answer}, warnings=warnings)


def _outcome_response(
    request: web.Request,
    endpoint: Endpoint,
    world: World,
    outcome: Outcome,
    warned: frozenset[str],
) -> web.Response:
    """The response of any other operation; the journal and the log are told of it."""
    if outcome.deletion is not None:
        request[DELETION_KEY] = outcome.deletion
    warnings = outcome.warnings
    if warned:
        warnings = _merge_warnings(warnings, warned)
    status = endpoint.created_status if outcome.made else endpoint.status
    dialect = world.settings.dialect
    if warnings:
        about = f"{request.path}: {outcome.sentence}" if outcome.sentence else request.path
        log_warnings("%s", about, warnings=warnings, dialect=dialect)
    try:
        if isinstance(outcome.value, TextReply):
            reply = text_reply(outcome.value, status=status)
        else:
            reply = json_reply(
                outcome.value,
                status=status,
                warnings=warnings,
                narrow=endpoint.int64_only and dialect.huge_integers,
            )
    except UnicodeEncodeError:  # which SQLite has taken among JSON
        raise ServerFailure("a lone surrogate in a reply", retryable=False) from None
    world.totals.count(endpoint.method, endpoint.template, status, outcome.deletion, warnings)
    return reply
