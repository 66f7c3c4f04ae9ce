"""The endpoints around bulk_delete answer as real servers did, and as openapi.yaml says.

Which bodies are valid is decided by openapi.yaml and jsonschema, independently of the models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from mockserver.errors import InvalidRequest, OutOfBounds
from mockserver.operations.endpoints import ENDPOINTS
from mockserver.prefect import openapi
from mockserver.prefect.dialects import SPEC, Dialect, dialect_for
from mockserver.requests import Message, read_request
from mockserver.seeds.loading import load_seeds
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.endpoint_cases import (
    Connection,
    load_outcomes,
    new_workspace_names,
    send_group,
    workspace_seed,
)
from tests.support.endpoint_requests import GROUPS, UNKNOWN_ID, ApiRequest
from tests.support.openapi_conformance import schema_validator
from tests.support.recorded_answers import (
    Replay,
    base_answers,
    recorded_answers,
    replays,
)
from tests.support.servers import serve_store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> tuple[Store, dict[str, str]]:
    names = new_workspace_names()
    file = tmp_path / "workspace.json"
    file.write_text(json.dumps(workspace_seed(names)))
    return Store(load_seeds([file], datetime.now(UTC)).base()), names


@contextmanager
def serve_connection(store: Store, dialect: Dialect) -> Iterator[Connection]:
    """Serve a store in a dialect; yields a connection to its API."""
    with (
        serve_store(store, Settings(dialect=dialect)) as client,
        closing(Connection("http://{}:{}/api".format(*client.address))) as server,
    ):
        yield server


@pytest.mark.parametrize("replay", replays("endpoints"), ids=str)
def test_recorded_requests_are_answered_as_recorded(
    workspace: tuple[Store, dict[str, str]], replay: Replay
) -> None:
    """Each request is answered as the real server of that release and database answered it."""
    store, names = workspace
    release, database = replay.release, replay.database
    names["release"] = release
    expected = recorded_answers("endpoints", release, database)
    # The mock has no UI, whose page older releases have at /api (see the change api-root-404).
    expected |= {key: base_answers("endpoints", database)[key] for key in keys_of_path("")}
    wanted = {key.rpartition("/")[0] for key in replay.keys}
    groups = [group for group in GROUPS if group in wanted]
    with serve_connection(store, dialect_for(database, release)) as server:
        differences = [
            f"{request}\n  real: {expected[f'{group}/{place}']}\n  mock: {mock}"
            for group in groups
            for place, (request, mock) in enumerate(
                zip(GROUPS[group], send_group(server, group, names), strict=True)
            )
            if expected[f"{group}/{place}"] != mock
        ]
    assert not differences, f"{len(differences)} answers differ:\n" + "\n".join(differences[:20])


def keys_of_path(path: str) -> Iterator[str]:
    """The keys of the requests to a path below /api."""
    for group, requests in GROUPS.items():
        for place, request in enumerate(requests):
            if request.path == path:
                yield f"{group}/{place}"


def test_every_request_was_recorded() -> None:
    """Each request has an outcome and each outcome a request."""
    keys = {f"{group}/{place}" for group, asked in GROUPS.items() for place in range(len(asked))}
    assert base_answers("endpoints", "sqlite").keys() == keys


# As documented

UNDOCUMENTED_BOUNDS = re.compile(
    "must only contain lowercase letters|Variable value must be|"
    "Invalid limit: must be|History interval must not|History must not leave|must not leave the"
    "|Flow run parameters must be less|Cache key exceeded|Can not configure more than 50"
    "|`retry_jitter_factor` must be|A label must be a text"
    "|Event name must be at most|The maximum number of (?:labels|related)|Resources must include"
    "|label must be non-empty|`base_job_template` must contain|Invalid cron|[Ii]nvalid RRule"
    "|interval must be positive|must be less than or equal to 50|cannot be an empty string"
    "|Invalid timezone|Input should be a valid duration"
    "|A deployment cannot have both a concurrency limit"
)
"""Errors for bodies that the schema accepts and the endpoint refuses: no schema can say these."""

MAX_DEPTH = 200  # of arrays and objects within each other


def test_spec_accepts_exactly_what_openapi_accepts(workspace: tuple[Store, dict[str, str]]) -> None:
    """In spec no request fails, and a body is accepted if and only if openapi.yaml accepts it.

    Exceptions are bounds that no schema can express, and records that do not exist. Everything else
    is refused with 422.
    """
    store, names = workspace
    real = load_outcomes("sqlite")
    found = []
    with serve_connection(store, SPEC) as server:
        for group, requests in GROUPS.items():
            outcomes = send_group(server, group, names)
            for request, (status, reply, *_), (real_status, *_) in zip(
                requests, outcomes, real[group], strict=True
            ):
                text = json.dumps(reply, ensure_ascii=False)
                fault = _status_fault(request, names, status, text, real_status)
                if fault:
                    found.append(f"{request}\n  {fault}: {status} {text[:300]}")
    assert not found, f"{len(found)} are wrong:\n" + "\n".join(found[:20])


def _status_fault(
    request: ApiRequest, names: Mapping[str, str], status: int, reply: str, real: int
) -> str | None:
    """What is wrong with a status, or None. `real` is the status of a real server."""
    if status >= 500 and status != 501:
        return "failed"
    schema = _schema(request.method, request.path.partition("?")[0])
    if schema is None or status == 404 == real:
        return None
    valid = _is_valid(request, names, schema)
    if not valid:
        return None if status == 422 else "should be refused"
    unknown = status in (404, 410) and UNKNOWN_ID in request.path
    if (
        status < 300
        or unknown
        or status == real
        or (status == 422 and UNDOCUMENTED_BOUNDS.search(reply))
    ):
        return None
    return "should be accepted"


def _schema(method: str, path: str) -> tuple[Draft202012Validator, bool] | None:
    """The validator of an operation's body and whether it is required; None if it has no body."""
    for template, operations in openapi.document()["paths"].items():
        pattern = re.sub(r"\\{[^}]*\\}", "(<[a-z]+>|[0-9A-Fa-f-]{32,36})", re.escape(template))
        if re.fullmatch(pattern, path) and "requestBody" in operations.get(method.lower(), ()):
            body = operations[method.lower()]["requestBody"]
            schema = body["content"]["application/json"]["schema"]
            return schema_validator(schema), bool(body.get("required"))
    return None


def _is_valid(
    request: ApiRequest, names: Mapping[str, str], schema: tuple[Draft202012Validator, bool]
) -> bool:
    validator, required = schema
    content = re.sub(rb"<[a-z]+>", UNKNOWN_ID.encode(), request.content(names))
    if not content:
        return not required
    kind = request.headers.get("Content-Type")
    if kind is not None and kind.partition(";")[0].lower() != "application/json":
        return False
    try:
        value = json.loads(
            content.decode(), parse_constant=_refuse_number, parse_float=_parse_finite
        )
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return _depth(value) <= MAX_DEPTH and validator.is_valid(value)


def _refuse_number(text: str) -> float:
    raise ValueError(text)


def _parse_finite(text: str) -> float:
    return float(text) if abs(float(text)) < float("inf") else _refuse_number(text)


def _depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inner), default=0)


# The models and the document

odd_values = st.sampled_from(
    [
        None, True, 0, -1, 1, 1.0, 1.5, 10**30, 1e300, "", "x", "1", [], {}, [None], ["a", "a"],
        {"a": None}, "COMPLETED", "completed", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00",
        "1998-12-31T23:59:60Z", "3C90C3CC-0D44-4B50-8888-8DD25736052A",
        "3c90c3cc0d444b5088888dd25736052a", "a/b", "in_process", "concurrency",
    ]
).map(deepcopy)  # fmt: skip
TEXT_FORMATS = {
    "uuid": st.uuids().map(str),
    "date-time": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
}


def schema_values(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """A strategy for values that a schema accepts. It knows the keywords that openapi.yaml uses."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return st.deferred(lambda: schema_values(openapi.document()["components"]["schemas"][name]))
    for key, choices in (("const", lambda value: [value]), ("enum", list)):
        if key in schema:
            return st.sampled_from(choices(schema[key]))
    if "anyOf" in schema:
        return st.one_of(*map(schema_values, schema["anyOf"]))
    match schema.get("type"):
        case "object":
            return _objects(schema)
        case "array":
            items = schema_values(schema.get("items", {}))
            unique = repr if schema.get("uniqueItems") else None
            least = schema.get("minItems", 0)
            return st.lists(items, min_size=least, max_size=2, unique_by=unique)
        case "string":
            return TEXT_FORMATS.get(
                schema.get("format", ""), st.text("az09 é", min_size=1, max_size=4)
            )
        case "integer" | "number" as kind:
            least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
            whole = st.integers(int(least), int(schema.get("maximum", 10**6)))
            return whole if kind == "integer" else whole | whole.map(float)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return odd_values


def _objects(schema: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    properties = {key: schema_values(inner) for key, inner in schema.get("properties", {}).items()}
    required = set(schema.get("required", ()))
    named = st.fixed_dictionaries(
        {key: properties[key] for key in properties if key in required},
        optional={key: properties[key] for key in properties if key not in required},
    )
    more = schema.get("additionalProperties", False)
    if properties or more is False:
        return named
    return st.dictionaries(
        st.text("ab", max_size=2), schema_values({} if more is True else more), max_size=2
    )


@st.composite
def nearly_valid(draw: st.DrawFn, valid: st.SearchStrategy[Any]) -> Any:
    """A valid value, mostly with one or two places replaced, removed or added."""
    value = json.loads(json.dumps(draw(valid)))
    for _ in range(draw(st.integers(0, 2))):
        places = list(_places(value))
        if not places:
            return draw(odd_values)
        holder, key = draw(st.sampled_from(places))
        change = draw(st.sampled_from(["value", "value", "key", "drop"]))
        if change == "value" or not isinstance(holder, dict):
            holder[key] = draw(odd_values)
        elif change == "drop":
            del holder[key]
        else:
            holder[draw(st.sampled_from(["extra", "name", "type", "any_"]))] = draw(odd_values)
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each value inside of an object or a list, as what holds it and where; else there is none."""
    if not isinstance(value, dict | list):
        return
    for key in list(value if isinstance(value, dict) else range(len(value))):
        yield value, key
        yield from _places(value[key])


MODELS = {
    f"{endpoint.method} {endpoint.template}": endpoint.model
    for endpoint in ENDPOINTS
    if endpoint.model is not None
}


@cache
def body_validator_and_values(
    operation: str,
) -> tuple[Draft202012Validator, st.SearchStrategy[Any]]:
    """The validator of an operation's body, and a strategy for nearly valid bodies."""
    method, path = operation.split()
    body = openapi.document()["paths"][path][method.lower()]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    return schema_validator(schema), nearly_valid(schema_values(schema))


@pytest.mark.parametrize("operation", MODELS)
@settings(max_examples=60)
@given(data=st.data())
def test_models_accept_exactly_what_openapi_accepts(operation: str, data: st.DataObject) -> None:
    """In spec each model accepts what openapi.yaml accepts, and nothing else.

    Exceptions are bounds that no schema can express.
    """
    validator, values = body_validator_and_values(operation)
    value = data.draw(values)
    faults = [error.message for error in validator.iter_errors(value)]
    accepted, bounded = _model_accepts(MODELS[operation], value)
    assert bounded or accepted == (not faults), (value, faults)


def _model_accepts(model: type[BaseModel], value: Any) -> tuple[bool, bool]:
    """Whether a model accepts a body, and whether it refuses it for a bound that no schema says."""
    try:
        read_request(Message(json.dumps(value).encode(), "application/json"), model, SPEC, NOW)
    except OutOfBounds:
        return False, True
    except InvalidRequest as refusal:
        # Of a union there are the errors of each of its parts.
        return False, any(UNDOCUMENTED_BOUNDS.search(error["msg"]) for error in refusal.errors)
    return True, False
