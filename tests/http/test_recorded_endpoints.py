"""The endpoints around bulk_delete, whatever is sent: as real servers answered, and as documented.

What is valid is what openapi.yaml says under jsonschema, which knows nothing of this project.
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
from mockserver.prefect.dialects import DIALECTS, SPEC, Dialect
from mockserver.requests import Message, read_request
from mockserver.seeds.loading import load_seeds
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.endpoint_cases import (
    DATABASES,
    GROUPS,
    UNKNOWN_ID,
    ApiRequest,
    Connection,
    load_outcomes,
    new_workspace_names,
    send_group,
    workspace_seed,
)
from tests.support.servers import serve_store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> tuple[Store, dict[str, str]]:
    names = new_workspace_names()
    file = tmp_path / "world.json"
    file.write_text(json.dumps(workspace_seed(names)))
    return Store(load_seeds([file], datetime.now(UTC)).base()), names


@contextmanager
def served(store: Store, dialect: Dialect) -> Iterator[Connection]:
    """A mock that holds a world, and a connection to its API."""
    with (
        serve_store(store, Settings(dialect=dialect)) as client,
        closing(Connection("http://{}:{}/api".format(*client.address))) as server,
    ):
        yield server


@pytest.mark.parametrize("database", DATABASES)
def test_recorded_requests_are_answered_as_recorded(
    world: tuple[Store, dict[str, str]], database: str
) -> None:
    """Each of the requests is answered as the real server on the same database answered it."""
    store, names = world
    expected = load_outcomes(database)
    assert expected.keys() == GROUPS.keys()
    with served(store, DIALECTS[f"prefect-{database}"]) as server:
        differ = [
            f"{ask}\n  real: {real}\n  mock: {mock}"
            for group, asks in GROUPS.items()
            for ask, real, mock in zip(
                asks, expected[group], send_group(server, group, names), strict=True
            )
            if real != mock
        ]
    assert not differ, f"{len(differ)} answers differ:\n" + "\n".join(differ[:20])


# As documented

UNDOCUMENTED_BOUNDS = re.compile(
    "Invalid limit: must be|History interval must not|History must not leave|must not leave the"
    "|Flow run parameters must be less|Cache key exceeded|Can not configure more than 50"
    "|`retry_jitter_factor` must be|A label must be a text"
)
"""What is said of a body that the schema takes and that is refused."""

MAX_DEPTH = 200  # of JSON


def test_spec_accepts_exactly_what_openapi_accepts(world: tuple[Store, dict[str, str]]) -> None:
    """In spec no request fails. A body that the document takes is taken, but for bounds that no
    schema tells and for what does not exist; any other is refused with 422.
    """
    store, names = world
    real = load_outcomes("sqlite")
    found = []
    with served(store, SPEC) as server:
        for group, asks in GROUPS.items():
            told = send_group(server, group, names)
            for ask, (status, reply, *_), (answered, *_) in zip(
                asks, told, real[group], strict=True
            ):
                fault = _status_fault(
                    ask, names, status, json.dumps(reply, ensure_ascii=False), answered
                )
                if fault:
                    found.append(f"{ask}\n  {fault}: {status} {json.dumps(reply)[:300]}")
    assert not found, f"{len(found)} are wrong:\n" + "\n".join(found[:20])


def _status_fault(
    ask: ApiRequest, names: Mapping[str, str], status: int, reply: str, real: int
) -> str | None:
    """What is wrong with a status. `real`: what a real server answers."""
    if status >= 500 and status != 501:
        return "failed"
    schema = _schema(ask.method, ask.path.partition("?")[0])
    if schema is None or status == 404 == real:
        return None
    valid = _is_valid(ask, names, schema)
    if not valid:
        return None if status == 422 else "should be refused"
    unknown = status in (404, 410) and UNKNOWN_ID in ask.path
    if (
        status < 300
        or unknown
        or status == real
        or (status == 422 and UNDOCUMENTED_BOUNDS.search(reply))
    ):
        return None
    return "should be taken"


def _schema(method: str, path: str) -> tuple[Draft202012Validator, bool] | None:
    """What the document says of a body, and whether there has to be one."""
    for template, operations in openapi.document()["paths"].items():
        pattern = re.sub(r"\\{[^}]*\\}", "(<[a-z]+>|[0-9A-Fa-f-]{32,36})", re.escape(template))
        if re.fullmatch(pattern, path) and "requestBody" in operations.get(method.lower(), ()):
            body = operations[method.lower()]["requestBody"]
            schema = body["content"]["application/json"]["schema"]
            return validator_of(schema), bool(body.get("required"))
    return None


def validator_of(schema: Mapping[str, Any]) -> Draft202012Validator:
    """Of a schema that may refer to the components of the document."""
    checker = openapi.component_validator("ErrorDetail").format_checker
    whole = {**schema, "components": openapi.document()["components"]}
    return Draft202012Validator(whole, format_checker=checker)


def _is_valid(
    ask: ApiRequest, names: Mapping[str, str], schema: tuple[Draft202012Validator, bool]
) -> bool:
    validator, required = schema
    content = re.sub(rb"<[a-z]+>", UNKNOWN_ID.encode(), ask.content(names))
    if not content:
        return not required
    kind = ask.headers.get("Content-Type")
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
    """Values that a schema takes; of its keywords those that the document has."""
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
            return st.lists(items, max_size=2, unique_by=unique)
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
    """A value, mostly with something in it that is another, or gone, or new."""
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
    for key in list(value if isinstance(value, dict) else range(len(value))):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


MODELS = {
    f"{endpoint.method} {re.sub(':.*}', '}', endpoint.path)}": endpoint.model
    for endpoint in ENDPOINTS
    if endpoint.model is not None
}


@cache
def body_validator_and_values(
    operation: str,
) -> tuple[Draft202012Validator, st.SearchStrategy[Any]]:
    """What the document says of the body of an operation, and bodies that are nearly that."""
    method, path = operation.split()
    body = openapi.document()["paths"][path][method.lower()]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    return validator_of(schema), nearly_valid(schema_values(schema))


@pytest.mark.parametrize("operation", MODELS)
@settings(max_examples=60)
@given(data=st.data())
def test_models_accept_exactly_what_openapi_accepts(operation: str, data: st.DataObject) -> None:
    """Strictly read, each model takes what openapi.yaml under jsonschema takes, and nothing else;
    but for the bounds that no schema tells.
    """
    validator, values = body_validator_and_values(operation)
    value = data.draw(values)
    faults = [error.message for error in validator.iter_errors(value)]
    assert _model_accepts(MODELS[operation], value) == (not faults), (value, faults)


def _model_accepts(model: type[BaseModel], value: Any) -> bool:
    try:
        read_request(Message(json.dumps(value).encode(), "application/json"), model, SPEC, NOW)
    except OutOfBounds:
        return True
    except InvalidRequest as refusal:
        return all(UNDOCUMENTED_BOUNDS.search(error["msg"]) for error in refusal.errors)
    return True
