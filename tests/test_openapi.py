# openapi.yaml says what the published document says, structure for structure, and more in words.

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from mockserver import openapi
from mockserver.dialects import DEVIATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DATA = Path(__file__).parent / "data"
PUBLISHED = json.loads((DATA / "published-openapi.json").read_text(encoding="utf-8"))
SAMPLE = json.loads((DATA / "sample-request.json").read_text(encoding="utf-8"))
BODY = "Body_bulk_delete_flow_runs_flow_runs_bulk_delete_post"
PATH = "/flow_runs/bulk_delete"

TEXT_KEYS = frozenset({"title", "description", "summary", "tags", "example", "examples"})
NAMES_BELOW = frozenset({"properties", "schemas", "paths"})
"""Below these the keys are names that somebody chose (a property `tags`), not keywords."""


def structure(node: Any, *, names: bool = False) -> Any:
    """A part of a document without its texts."""
    if isinstance(node, dict):
        return {
            key: structure(value, names=not names and key in NAMES_BELOW)
            for key, value in node.items()
            if names or key not in TEXT_KEYS
        }
    if isinstance(node, list):
        return [structure(value) for value in node]
    return node


def differences(ours: Any, theirs: Any, here: str = "#") -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            if key not in theirs:
                yield f"{here}/{key}: only in openapi.yaml"
            elif key not in ours:
                yield f"{here}/{key}: missing in openapi.yaml"
            else:
                yield from differences(ours[key], theirs[key], f"{here}/{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(one, other, f"{here}/{index}")
    elif ours != theirs or isinstance(ours, bool) != isinstance(theirs, bool):
        yield f"{here}: {ours!r} in openapi.yaml, {theirs!r} published"


def closure(document: Mapping[str, Any]) -> dict[str, Any]:
    """The bulk delete operation of a document, and every schema that it refers to."""
    schemas = document["components"]["schemas"]
    found: dict[str, Any] = {}
    waiting = [document["paths"][PATH]]
    while waiting:
        for name in re.findall(r"#/components/schemas/(\w+)", json.dumps(waiting.pop())):
            if name not in found:
                found[name] = schemas[name]
                waiting.append(schemas[name])
    return {"paths": {PATH: document["paths"][PATH]}, "schemas": found}


def operations() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, item in openapi.document()["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def contents() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every media type that a request or a reply may have."""
    for name, operation in operations():
        for part in (operation["requestBody"], *operation["responses"].values()):
            for content in part["content"].values():
                yield name, content


def described() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Everything that a reader may ask the meaning of."""
    for name, operation in operations():
        yield name, operation
        yield f"{name} body", operation["requestBody"]
        for parameter in operation["parameters"]:
            yield f"{name} {parameter['name']}", parameter
        for status, reply in operation["responses"].items():
            yield f"{name} {status}", reply
    for name, schema in openapi.document()["components"]["schemas"].items():
        yield name, schema
        for key, inner in schema.get("properties", {}).items():
            yield f"{name}.{key}", inner


def examples() -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Where each example stands, the schema it belongs to, and its value."""
    for name, schema in openapi.document()["components"]["schemas"].items():
        for value in schema.get("examples", ()):
            yield name, schema, value
    for name, operation in operations():
        for parameter in operation["parameters"]:
            for key, example in parameter["examples"].items():
                yield f"{name} {parameter['name']} {key}", parameter["schema"], example["value"]
    for name, content in contents():
        for key, example in content["examples"].items():
            yield f"{name} {key}", content["schema"], example["value"]


def test_the_document_is_valid() -> None:
    """openapi.yaml is OpenAPI 3.1, by a validator that is not ours."""
    errors = OpenAPIV31SpecValidator(dict(openapi.document())).iter_errors()
    assert [error.message for error in errors] == []


def test_the_structure_is_the_published_one() -> None:
    """The document says what the published one says about bulk_delete: no more, no less."""
    document = openapi.document()
    ours = {"paths": document["paths"], "schemas": document["components"]["schemas"]}
    theirs = closure(PUBLISHED)
    assert list(differences(structure(ours), structure(theirs))) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ({"maximum": 50}, {"maximum": 50.0}, []),
        ({"a": 1}, {"a": 2}, ["#/a: 1 in openapi.yaml, 2 published"]),
        ({"default": True}, {"default": 1}, ["#/default: True in openapi.yaml, 1 published"]),
        ({"a": 1}, {"b": 1}, ["#/a: only in openapi.yaml", "#/b: missing in openapi.yaml"]),
        ({"enum": [1]}, {"enum": [1, 2]}, ["#/enum: [1] in openapi.yaml, [1, 2] published"]),
        ({"title": "A"}, {"description": "B"}, []),
        ({"properties": {"tags": {}}}, {}, ["#/properties: only in openapi.yaml"]),
        (
            {"properties": {"tags": {}}},
            {"properties": {}},
            ["#/properties/tags: only in openapi.yaml"],
        ),
    ],
)
def test_a_difference_is_named(ours: Any, theirs: Any, expected: list[str]) -> None:
    """The comparison sees structure, a property called `tags` too, and overlooks text."""
    assert list(differences(structure(ours), structure(theirs))) == expected


def test_no_keyword_is_beyond_us() -> None:
    """The schemas use no keyword that the project does not understand."""
    schemas = openapi.document()["components"]["schemas"]
    assert [f"{name}{at}" for name in schemas for at in openapi.unsupported(schemas[name])] == []


def test_an_unsupported_keyword_is_pointed_at() -> None:
    """Unknown keywords are found at every depth; a property may have the name of one."""
    schema = {
        "pattern": "x",
        "properties": {"oneOf": {"anyOf": [{"type": "null"}, {"minLength": 1}]}, "a/b~": True},
        "items": {"x/y~": {"not": {}}},
        "additionalProperties": {"const": 1},
    }
    assert openapi.unsupported(schema) == [
        "/pattern",
        "/properties/oneOf/anyOf/1/minLength",
        "/items/x~1y~0",
        "/additionalProperties/const",
    ]


def test_everything_is_described() -> None:
    """Each operation, parameter, reply, schema and property has a description."""
    assert [where for where, part in described() if not part.get("description", "").strip()] == []


def test_every_deviation_has_its_line() -> None:
    """The document names each known deviation of real servers, and no other."""
    named = re.findall(r"\*\*Deviation `([a-z0-9-]+)`:\*\*", openapi.text())
    assert set(named) == {deviation.id for deviation in DEVIATIONS}


@pytest.mark.parametrize(
    ("schema", "value"),
    [pytest.param(schema, value, id=name) for name, schema, value in examples()],
)
def test_an_example_is_valid(schema: Mapping[str, Any], value: Any) -> None:
    """Each example satisfies the schema beside which it stands."""
    components = openapi.document()["components"]
    judge = openapi.validator(BODY).evolve(schema={**schema, "components": components})
    assert [error.message for error in judge.iter_errors(value)] == []


def faults(value: Any) -> list[str]:
    return [error.json_path for error in openapi.validator(BODY).iter_errors(value)]


def end_time(text: str) -> dict[str, Any]:
    return {"flow_runs": {"end_time": {"before_": text}}}


def ids(*texts: object) -> dict[str, Any]:
    return {"flow_runs": {"id": {"any_": list(texts)}}}


@pytest.mark.parametrize(
    "value",
    [
        SAMPLE,
        {},
        {"flow_runs": None},
        {"flow_run": {"id": 1}},
        {"limit": 10.0},
        end_time("2023-11-07T05:31:56.123456-02:30"),
        ids("3C90c3cc-0d44-4b50-8888-8dd25736052a"),
    ],
)
def test_a_request_is_accepted(value: Any) -> None:
    """The published sample, the empty request and unknown top-level keys are valid."""
    assert faults(value) == []


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (None, "$"),
        ([], "$"),
        ({"flow_runs": {"state_type": {}}}, "$.flow_runs"),
        ({"flow_runs": {"operator": None}}, "$.flow_runs"),
        ({"limit": 0}, "$.limit"),
        ({"limit": 51}, "$.limit"),
        ({"limit": "10"}, "$.limit"),
        ({"limit": True}, "$.limit"),
        (end_time("2023-11-07T05:31:56"), "$.flow_runs"),
        (end_time("2023-11-07"), "$.flow_runs"),
        (ids("3c90c3cc0d444b5088888dd25736052a"), "$.flow_runs"),
        (ids("urn:uuid:3c90c3cc-0d44-4b50-8888-8dd25736052a"), "$.flow_runs"),
        (ids("3c90c3cc-0d44-4b50-8888-8dd25736052a\n"), "$.flow_runs"),
        (ids(1), "$.flow_runs"),
    ],
)
def test_a_request_is_refused(value: Any, where: str) -> None:
    """Unknown filter keys, other types, naive times and ids without hyphens are not valid."""
    assert faults(value) == [where]


def test_an_unknown_schema_is_named() -> None:
    """Asking for a schema that does not exist says which there are."""
    with pytest.raises(LookupError, match=r"no schema 'FlowRun'; one of Body_.*, Operator, "):
        openapi.schema("FlowRun")


def test_the_import_is_light() -> None:
    """Importing the module loads neither the YAML nor the JSON Schema library."""
    program = "import sys, mockserver.openapi; print({'yaml', 'jsonschema'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"


def test_the_page_stays_at_home() -> None:
    """The page names no other origin, and puts nothing in place as HTML."""
    page = (Path(openapi.__file__).parent / "docs.html").read_text(encoding="utf-8")
    assert (
        re.findall(r"https?://|//\w+\.\w|innerHTML|outerHTML|insertAdjacent|\.write\(", page) == []
    )
