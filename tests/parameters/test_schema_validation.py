"""Values are checked against a JSON Schema with the words of jsonschema, within bounds."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.errors import TooLarge
from mockserver.parameters import (
    CircularSchema,
    InvalidSchema,
    SchemaMismatch,
    check_job_variables,
    check_schema,
    check_values,
    check_with_schema,
    checks_together,
    first_mismatch,
)
from mockserver.parameters.schema_validation import MAX_SCHEMA_PARTS
from mockserver.parameters.steps import MAX_STEPS

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "s": {"type": "string", "default": "x"}},
    "required": ["n"],
}
CIRCULAR = {"properties": {"a": {"$ref": "#/properties/a"}}}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"n": 1}, None),
        ({"n": 1, "s": "y", "more": 1}, None),
        ({}, "Validation failed. Failure reason: 'n' is a required property"),
        (
            {"n": "x"},
            "Validation failed for field 'n'. Failure reason: 'x' is not of type 'integer'",
        ),
        (
            {"n": 1, "s": None},
            "Validation failed for field 's'. Failure reason: None is not of type 'string'",
        ),
    ],
)
def test_values_are_checked(values: Any, told: str | None) -> None:
    """The error names the field."""
    if told is None:
        check_values(values, SCHEMA)
        return
    with pytest.raises(SchemaMismatch) as mismatch:
        check_values(values, SCHEMA)
    assert str(mismatch.value) == told


def test_required_values_may_be_missing_where_told() -> None:
    """An update of a deployment need not have them; a `required` in a list stays."""
    check_values({}, SCHEMA, required=False)
    check_with_schema({}, SCHEMA)
    with pytest.raises(SchemaMismatch):
        check_values({}, {"allOf": [{"required": ["n"]}]}, required=False)


def test_optional_values_may_be_null() -> None:
    """pydantic 1 wrote them so, unless there is a default; a caller can allow null there, too."""
    check_values({"a": None}, {"properties": {"a": {"type": "integer"}}})
    check_values({"n": 1, "s": None}, SCHEMA, null_for_default=True)
    with pytest.raises(SchemaMismatch):
        check_values({"n": None}, SCHEMA)
    inner = {"properties": {"o": {"properties": {"a": {"type": "integer"}}}}}
    check_values({"o": {"a": None}}, inner)
    defined = {"properties": {"o": {"$ref": "#/definitions/O"}}, "definitions": {"O": inner}}
    check_values({"o": {"o": {"a": None}}}, defined)


def test_tuples_of_pydantic_1_are_understood() -> None:
    """A list of schemas under `items` is one for each place."""
    schema = {"properties": {"a": {"items": [{"type": "integer"}, {"type": "string"}]}}}
    check_values({"a": [1, "x"]}, schema)
    with pytest.raises(SchemaMismatch, match="for field 'a\\[0\\]'"):
        check_values({"a": ["x"]}, schema)


@pytest.mark.parametrize(
    "schema",
    [{"type": "nope"}, {"properties": 5}, {"properties": {"a": 5}}, {"definitions": {"a": 5}}],
)
def test_what_is_no_schema_is_refused(schema: Any) -> None:
    """Before any value is looked at."""
    with pytest.raises(InvalidSchema):
        check_values({}, schema)


def test_references_are_not_fetched() -> None:
    """One that leads nowhere is a mismatch, one that leads in a circle is told apart."""
    with pytest.raises(SchemaMismatch, match="Unresolvable"):
        check_values({"a": 1}, {"properties": {"a": {"$ref": "http://localhost:9/x"}}})
    with pytest.raises(CircularSchema):
        check_values({"a": 1}, CIRCULAR)
    with pytest.raises(CircularSchema):
        first_mismatch({"a": 1}, CIRCULAR)


def test_the_first_mismatch_is_told_without_its_field() -> None:
    """And None where there is none."""
    assert first_mismatch({"n": "x"}, SCHEMA) == "'x' is not of type 'integer'"
    assert first_mismatch({}, SCHEMA) is None


@pytest.mark.parametrize(
    "schema", [True, {}, {"$schema": "http://json-schema.org/draft-07/schema"}]
)
def test_any_schema_that_is_one_is_read(schema: Any) -> None:
    """Also one that names an older draft."""
    check_with_schema({"a": 1}, schema)
    check_with_schema(None, schema)
    check_schema(schema)


def test_a_number_is_no_schema() -> None:
    """A real server fails as it looks for a key in it."""
    with pytest.raises(TypeError):
        check_with_schema({}, 5)


def test_items_are_unique_by_value() -> None:
    """Whatever the order of their keys; what is no list is not looked at."""
    schema = {"properties": {"a": {"uniqueItems": True}}}
    check_values({"a": [{"x": 1, "y": 2}, {"x": 2, "y": 1}]}, schema)
    check_values({"a": "aa"}, schema)
    with pytest.raises(SchemaMismatch, match="has non-unique elements"):
        check_values({"a": [{"x": 1, "y": 2}, {"y": 2, "x": 1}]}, schema)


def test_patterns_take_linear_time() -> None:
    """Those that another engine would search for ages; what the engine lacks is refused."""
    schema = {"properties": {"a": {"pattern": "^(a+)+$"}}}
    check_values({"a": "a" * 40}, schema)
    check_values({"a": 5}, schema)
    with pytest.raises(SchemaMismatch, match="does not match"):
        check_values({"a": "a" * 40 + "b"}, schema)
    with pytest.raises(TooLarge, match="does not search for the pattern"):
        check_values({"a": "x"}, {"properties": {"a": {"pattern": "(?=x)"}}})


def test_schemas_and_checks_are_bounded() -> None:
    """A large schema, many values, and a long enumeration for each of them."""
    large = {"properties": {str(n): {"type": "integer"} for n in range(MAX_SCHEMA_PARTS)}}
    with pytest.raises(TooLarge, match="of at most"):
        check_values({}, large)
    many = {"properties": {"a": {"items": {"type": "integer"}}}}
    with pytest.raises(TooLarge, match="steps"):
        check_values({"a": [1] * MAX_STEPS}, many)
    enumerated = {"properties": {"a": {"items": {"enum": list(range(1_000))}}}}
    with pytest.raises(TooLarge, match="steps"):
        check_values({"a": [1] * 100}, enumerated)


def test_checks_of_one_request_share_their_steps() -> None:
    """However many there are, and whatever a check before them has taken; then each has its own."""
    schema = {"properties": {"a": {"items": {"type": "integer"}}}}
    values = {"a": [1] * (MAX_STEPS // 7)}  # an item takes four
    for _ in range(2):
        with checks_together():
            check_values(values, schema)
            with pytest.raises(TooLarge, match="steps"):
                check_values(values, schema)
    for _ in range(2):
        check_values(values, schema)


def test_variables_of_a_template_share_the_steps_of_one_check() -> None:
    """A default for each of many variables is checked against one costly definition, and wrong."""
    costly = {"items": {"anyOf": [{"type": "string"}] * 40}}
    variable = {"$ref": "#/definitions/x", "default": [1] * 20}
    variables = {str(number): variable for number in range(100)}
    template = {"variables": {"properties": variables, "definitions": {"x": costly}}}
    with pytest.raises(TooLarge, match="steps"):
        check_job_variables(template, {}, required=True)
