"""Operations that create, read, list and delete inputs of flow runs."""

from __future__ import annotations

import re
from typing import Any

from ...errors import Conflict, InvalidRequest, NotFound, ServerFailure
from ...filters import compile_prefix
from ...prefect import LikeCase, check_integer_size, check_storable
from ...prefect.objects import FlowRunInput
from ...requests.objects import InputCreateRequest, InputFilterRequest
from .. import Context, Outcome, TextReply, drop_inputs, require_flow_run

# Prefect: types/names.py; its `$` is also before a last line break.
_KEY = re.compile(r"^[a-z0-9-]*$")


def create_input(context: Context, flow_run_id: str, body: InputCreateRequest) -> Outcome:
    """Keep an input of a flow run.

    Raises NotFound; Conflict where the run has an input with the key; ServerFailure where a real
    server fails, for a key among others; InvalidRequest for such a key in a dialect that fails
    nowhere.
    """
    check_key(context, body.key)
    check_storable(context.dialect, texts=(body.value, body.sender))
    require_flow_run(context, flow_run_id)
    if find_input(context, flow_run_id, body.key) is not None:
        raise Conflict("A flow run input with this key already exists.")
    save_input(context, flow_run_id, body.key, body.value, body.sender)
    return Outcome(None)


def read_input(context: Context, flow_run_id: str, key: str) -> Outcome:
    """The value of an input, as a text.

    Raises NotFound, and ServerFailure for a key that the dialect's database cannot hold.
    """
    check_storable(context.dialect, texts=(key,))
    found = find_input(context, flow_run_id, key)
    if found is None:
        raise NotFound("Flow run input not found")
    return Outcome(TextReply(found.value, "text/plain"))


def delete_input(context: Context, flow_run_id: str, key: str) -> Outcome:
    """Delete an input of a flow run; raises as `read_input`."""
    check_storable(context.dialect, texts=(key,))
    if not drop_inputs(context.store, flow_run_id, (key,)):
        raise NotFound("Flow run input not found")
    return Outcome(None)


def filter_inputs(context: Context, flow_run_id: str, body: InputFilterRequest) -> Outcome:
    """List the inputs of a flow run whose keys begin with a prefix, the oldest first.

    There are none for an unknown run. Raises ServerFailure where the dialect's database does not
    run the query.
    """
    check_storable(context.dialect, texts=(body.prefix, *body.exclude_keys))
    limit = _check_limit(context, body.limit)
    begins = compile_prefix(body.prefix, context.dialect)
    # Only SQLite's LIKE ignores the case of ASCII letters, and keys have no capital ones.
    none = (
        context.dialect.like_case_ascii is not LikeCase.ASCII and body.prefix != body.prefix.lower()
    )
    excluded = frozenset(body.exclude_keys)
    found = [
        one
        for one in context.store.run_inputs.get(flow_run_id, ())
        if not none and begins.matches(one.key) and one.key not in excluded
    ]
    return Outcome([_input_reply(one) for one in found[:limit]])


def _check_limit(context: Context, limit: int) -> int | None:
    """The limit, which is None for a negative one on SQLite. Raises ServerFailure."""
    check_integer_size(context.dialect, limit, bits=64)
    if limit >= 0:
        return limit
    database = context.dialect.undocumented_5xx
    if database is not None and not database.negative_limit_is_none:
        raise ServerFailure("a negative limit", retryable=database.retryable)
    return None


def check_key(context: Context, key: str) -> None:
    """Check the key of a new input; raises as `create_input`."""
    if _KEY.match(key):
        return
    # The key is checked too late for a 422 (Prefect: schemas/core.py, FlowRunInput).
    if context.dialect.undocumented_5xx is not None:
        raise ServerFailure("a key with other characters than a-z, 0-9 and -", retryable=False)
    msg = "A key must only contain lowercase letters, numbers, and dashes."
    raise InvalidRequest([{"type": "value_error", "loc": ("body", "key"), "msg": msg}])


def find_input(context: Context, flow_run_id: str, key: str) -> FlowRunInput | None:
    """The input of a flow run with a key, or None."""
    inputs = context.store.run_inputs.get(flow_run_id, ())
    return next((one for one in inputs if one.key == key), None)


def save_input(
    context: Context, flow_run_id: str, key: str, value: str, sender: str | None = None
) -> None:
    """Add an input to those of a flow run, which has none with its key."""
    new = FlowRunInput(context.new_id(), flow_run_id, key, value, sender, context.now)
    inputs = context.store.run_inputs
    inputs[flow_run_id] = (*inputs.get(flow_run_id, ()), new)


def _input_reply(one: FlowRunInput) -> dict[str, Any]:
    """An input as the schema FlowRunInput has it."""
    return {
        "id": one.id,
        "created": one.created,
        "updated": one.created,
        "flow_run_id": one.flow_run_id,
        "key": one.key,
        "value": one.value,
        "sender": one.sender,
    }
