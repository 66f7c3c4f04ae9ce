"""The one handler: from a request to an endpoint's operation, and from its outcome to a response.

    bytes -> Message -> request model -> (Predicate -> Plan ->) Outcome -> response

Each step is a value with a type. Refusals are raised on the way; `error_replies` answers them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from aiohttp import web

from ..errors import InvalidRequest, RefusedRequest, ServerFailure
from ..operations import Context, Endpoint, Outcome, sort_warnings
from ..requests import Message, check_api_version, parse_api_version, read_request, read_uuid
from ..worlds import World
from .exchange import (
    DELETION_KEY,
    creator_from_headers,
    json_reply,
    log_warnings,
    read_message,
    world_of,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_NO_WARNINGS: frozenset[str] = frozenset()


def make_handler(endpoint: Endpoint) -> Handler:
    """The aiohttp handler of an endpoint. It raises RefusedRequest and web.HTTPException."""

    async def handle(request: web.Request) -> web.Response:
        world = world_of(request)
        message = await read_message(request, world)
        context = Context(
            world.store,
            world.settings.dialect,
            world.now(),
            world.new_id,
            parse_api_version(message.api_version),
            creator_from_headers(request),
            world.journal is not None,
        )
        arguments, warned = _read_arguments(request, endpoint, message, context, world)
        try:
            outcome = endpoint.call(context, *arguments)
        except RefusedRequest as refusal:
            if warned:
                refusal.warnings = sort_warnings({*refusal.warnings, *warned})
            raise
        return _respond(request, endpoint, context, outcome, warned)

    return handle


def _read_arguments(
    request: web.Request, endpoint: Endpoint, message: Message, context: Context, world: World
) -> tuple[list[Any], frozenset[str]]:
    """What the operation is called with besides its context, and the warnings that the way the
    request is written earns: the parameters, then the body or the plan made of it.
    """
    if endpoint.plan is not None:
        plan = world.plans.get(endpoint.plan, message)
        if plan is not None:
            return [plan], _NO_WARNINGS
    if endpoint.body is None and endpoint.checks_api_version:
        check_api_version(message.api_version, context.dialect)
    arguments, errors = _read_parameters(request, endpoint) if endpoint.parameters else ([], [])
    if endpoint.model is None:
        if errors:
            raise InvalidRequest(errors, None)
        return arguments, _NO_WARNINGS
    read = read_request(message, endpoint.model, context.dialect, context.now, errors)
    if endpoint.plan is None:
        return [*arguments, read.request], read.warnings
    plan = endpoint.make_plan(read.request, context.dialect)
    if not read.warnings:
        world.plans.keep(endpoint.plan, message, plan)
    return [*arguments, plan], read.warnings


def _read_parameters(
    request: web.Request, endpoint: Endpoint
) -> tuple[list[Any], list[Mapping[str, Any]]]:
    """The parameters of the path and of the query, and what is wrong with them.

    Raises HTTPNotFound for a path that no real server has.
    """
    values: list[Any] = []
    errors: list[Mapping[str, Any]] = []
    for name, text in request.match_info.items():
        if name == "id":  # the path's pattern has seen to it that it is a uuid
            values.append(str(UUID(text)))
        elif "\n" in text:  # no path of a real server has a line break
            raise web.HTTPNotFound
        else:
            _read_parameter(values, errors, text, "path", name)
    for name in endpoint.query:
        said = request.query.getall(name, [])
        _read_parameter(values, errors, said[-1] if said else None, "query", name)
    return values, errors


def _read_parameter(
    values: list[Any], errors: list[Mapping[str, Any]], text: str | None, where: str, name: str
) -> None:
    """Add a parameter to the values or what is wrong with it to the errors.

    A name that ends in "id" is a uuid, which is kept as lower-case text; others are any text.
    """
    if text is not None and not name.endswith("id"):
        values.append(text)
        return
    try:
        values.append(read_uuid(text, where, name))
    except InvalidRequest as refusal:
        errors += refusal.errors


def _respond(
    request: web.Request,
    endpoint: Endpoint,
    context: Context,
    outcome: Outcome,
    warned: frozenset[str],
) -> web.Response:
    """Tell the journal and the log of an outcome, and make its response."""
    deletion = outcome.deletion
    if deletion is not None and context.keep_deleted:
        request[DELETION_KEY] = deletion
    warnings = sort_warnings({*outcome.warnings, *warned}) if warned else outcome.warnings
    if warnings and deletion is not None:
        deleted = len(deletion.deleted)
        sentence = deletion.plan.sentence
        log_warnings("%s deleted %d: %s", request.path, deleted, sentence, warnings=warnings)
    elif warnings:
        about = f"{request.path}: {outcome.sentence}" if outcome.sentence else request.path
        log_warnings("%s", about, warnings=warnings)
    try:
        return json_reply(
            outcome.value,
            status=endpoint.created_status if outcome.made else endpoint.status,
            warnings=warnings,
            narrow=endpoint.int64_only and context.dialect.huge_integers,
        )
    except UnicodeEncodeError:  # which SQLite has taken among JSON
        raise ServerFailure("a lone surrogate in a reply", retryable=False) from None
