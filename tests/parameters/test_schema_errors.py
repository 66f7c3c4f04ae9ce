"""All that is wrong with values is told where it is, in the shape of a real server.

What real servers answer to many values is recorded (tests/support/object_requests/schemas.py).
"""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.errors import ServerFailure, TooLarge
from mockserver.parameters import (
    CircularSchema,
    HydrationError,
    InvalidSchema,
    UnresolvableReference,
    check_schema,
    describe_errors,
    prepare_schema,
)
from mockserver.parameters.hydration import Placeholder
from mockserver.parameters.steps import MAX_STEPS

INTEGER: dict[str, Any] = {"type": "integer"}
NESTED = {"properties": {"a": {"properties": {"b": INTEGER}, "required": ["c"]}}}
MISSING = HydrationError("Missing 'value' key in __prefect object", "ValueNotFound")
REFERENCE = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


def errors(values: Any, schema: Any) -> Any:
    """What is told of values."""
    told = describe_errors(values, schema)
    assert told["valid"] == (not told["errors"])
    return told["errors"]


@pytest.mark.parametrize(
    ("values", "schema", "expected"),
    [
        ({}, {}, []),
        ({"a": "x"}, {"minProperties": 2}, ["{'a': 'x'} does not have enough properties"]),
        (
            {"a": {"b": "x"}},
            NESTED,
            [
                {
                    "property": "a",
                    "errors": [
                        {"property": "b", "errors": ["'x' is not of type 'integer'"]},
                        {"property": "c", "errors": ["'c' is a required property"]},
                    ],
                }
            ],
        ),
        (
            {"a": [1, "x"]},
            {"properties": {"a": {"items": INTEGER}}},
            [
                {
                    "property": "a",
                    "errors": [{"index": 1, "errors": ["'x' is not of type 'integer'"]}],
                }
            ],
        ),
        (
            {"a": [[1], ["x"], ["y", "z"]]},
            {"properties": {"a": {"items": {"items": INTEGER}}}},
            [
                {
                    "property": "a",
                    "errors": [
                        {
                            "index": 1,
                            "errors": [{"index": 0, "errors": ["'x' is not of type 'integer'"]}],
                        },
                        {
                            "index": 2,
                            "errors": [
                                {"index": 0, "errors": ["'y' is not of type 'integer'"]},
                                {"index": 1, "errors": ["'z' is not of type 'integer'"]},
                            ],
                        },
                    ],
                }
            ],
        ),
        # A name in quotes stays so, as it is taken out of the message.
        (
            {},
            {"required": ["it's"]},
            [{"property": '"it\'s"', "errors": ['"it\'s" is a required property']}],
        ),
        ({"a": Placeholder()}, {"properties": {"a": INTEGER}}, []),
        (
            {"a": MISSING},
            {"properties": {"a": {**INTEGER, "minimum": 1}}},
            [{"property": "a", "errors": ["Missing 'value' key in __prefect object"]}],
        ),
    ],
)
def test_errors_are_told_where_they_are(values: Any, schema: Any, expected: Any) -> None:
    """Of a property, of an item, of the whole; of a placeholder only its own error."""
    assert errors(values, schema) == expected


def test_an_error_beside_one_inside_of_the_value_fails() -> None:
    """A real server looks for a key in the text of the first."""
    with pytest.raises(ServerFailure):
        describe_errors({"a": {"b": "x"}}, {"enum": [1], **NESTED})


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        ({"$ref": "#"}, CircularSchema),
        ({"$ref": "#/nope"}, UnresolvableReference),
    ],
)
def test_a_reference_that_leads_nowhere_is_told(schema: Any, error: type[Exception]) -> None:
    """And one that leads in a circle."""
    with pytest.raises(error):
        describe_errors({}, schema)


@pytest.mark.parametrize(
    ("value", "is_valid"),
    [
        ({"value": "x"}, True),
        ({"$ref": REFERENCE}, True),
        ({"$ref": {"id": REFERENCE}}, True),
        ({"$ref": "x"}, False),
        ({"$ref": {}}, False),
        ({}, False),
    ],
)
def test_a_block_can_be_named_by_its_id(value: Any, is_valid: bool) -> None:
    """Instead of being given with its fields."""
    block = {
        "title": "Block",
        "block_type_slug": "block",
        "properties": {"value": {"type": "string"}},
        "required": ["value"],
    }
    schema = prepare_schema(
        {"properties": {"b": {"$ref": "#/definitions/Block"}}, "definitions": {"Block": block}},
        null_for_default=False,
    )
    assert describe_errors({"b": value}, schema)["valid"] is is_valid


@pytest.mark.parametrize(
    "schema",
    [
        {"definitions": {"a": {"block_type_slug": "x"}}},
        {"definitions": {"a": {"block_type_slug": "x", "title": []}}},
        {"properties": {"a": {}}, "required": 1},
    ],
)
def test_what_cannot_be_prepared_is_no_schema(schema: Any) -> None:
    """A block without a title, and a `required` that is no list."""
    with pytest.raises(InvalidSchema):
        prepare_schema(schema, null_for_default=False)


@pytest.mark.parametrize(
    ("form", "valid", "invalid"),
    [
        ("date", "2026-01-31", "2026-02-30"),
        ("date-time", "2026-01-31t10:00:00.5z", "2026-02-30T10:00:00Z"),
        ("date-time", "2026-01-31T23:59:59+01:00", "2026-01-31 10:00:00Z"),
        ("time", "10:00:00-01:00", "10:00:00"),
        ("email", "a@b", "a"),
        ("uuid", REFERENCE, REFERENCE.replace("-", "")),
        ("ipv4", "127.0.0.1", "127.0.0"),
        ("ipv6", "::1", ":"),
        ("regex", "(a|b)*", "("),
        ("json-pointer", "/a~1b/~0", "/a~2"),
        ("relative-json-pointer", "1/a", "01"),
        ("relative-json-pointer", "0#", "1#/a"),
        ("idn-hostname", "ä.de", "-"),
    ],
)
def test_formats_are_checked(form: str, valid: str, invalid: str) -> None:
    """As on a real server, whatever is installed here; what is no text has any format."""
    schema = {"properties": {"a": {"format": form}}}
    assert errors({"a": valid}, schema) == errors({"a": 1}, schema) == []
    told = [{"property": "a", "errors": [f"{invalid!r} is not a {form!r}"]}]
    assert errors({"a": invalid}, schema) == told


def test_a_format_that_a_real_server_does_not_know_is_not_checked() -> None:
    """Such as that of a color."""
    assert errors({"a": "("}, {"properties": {"a": {"format": "color"}}}) == []


def test_a_regular_expression_that_python_refuses_fails() -> None:
    """In a value, and in a schema."""
    with pytest.raises(ServerFailure):
        describe_errors({"a": "a{99999999999}"}, {"properties": {"a": {"format": "regex"}}})
    with pytest.raises(ServerFailure):
        check_schema({"pattern": "a{99999999999}"})


@pytest.mark.parametrize(
    ("values", "schema"),
    [
        # Each error has the text of the value.
        ({"a": "x" * 1_000_000}, {"properties": {"a": {"allOf": [INTEGER] * 100}}}),
        ({"a": "x" * MAX_STEPS * 9}, {"properties": {"a": {"format": "email"}}}),
    ],
)
def test_what_is_told_is_bounded(values: Any, schema: Any) -> None:
    """The texts of errors count, and those whose format is checked."""
    with pytest.raises(TooLarge, match="steps"):
        describe_errors(values, schema)


def test_patterns_of_a_schema_are_bounded() -> None:
    """Python reads each of them."""
    with pytest.raises(TooLarge, match="parts"):
        check_schema({"pattern": "a" * 100_000})
