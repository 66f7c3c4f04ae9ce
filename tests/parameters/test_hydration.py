"""Templates in parameters are filled in as Prefect does it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from mockserver.errors import NotModelled, ServerFailure, TooLarge
from mockserver.parameters import HydrationError, hydrate, hydrate_partly
from mockserver.parameters.hydration import Placeholder
from mockserver.prefect import SQLITE, dialect_for
from mockserver.templates import TemplateMeter
from mockserver.templates.meter import MAX_STEPS

NEWEST = dialect_for(SQLITE)
OLDEST = dialect_for(SQLITE, "3.6.16")
VARIABLES = {"answer": 42, "name": "answer"}


def template(kind: Any, **fields: Any) -> dict[str, Any]:
    return {"__prefect_kind": kind, **fields}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": 1, "b": [{"c": 2}]}, {"a": 1, "b": [{"c": 2}]}),
        ({"a": template("none", value=[1])}, {"a": [1]}),
        ({"a": template("none", value=template("json", value="[1]"))}, {"a": [1]}),
        ({"a": template("json", value="[1]")}, {"a": [1]}),
        ({"a": template("json", value=5)}, {"a": 5}),
        ({"a": template("json", value=template("none", value="1"))}, {"a": 1}),
        ({"a": template("json", value=template("json")), "b": 1}, {"b": 1}),
        ({"a": template("json"), "b": 1}, {"b": 1}),
        ({"a": [template("json"), 1]}, {"a": [1]}),
        (template("json"), {}),
        ({"a": template("workspace_variable", variable_name="answer")}, {"a": 42}),
        (
            {
                "a": template(
                    "workspace_variable",
                    variable_name=template("workspace_variable", variable_name="name"),
                )
            },
            {"a": 42},
        ),
        (
            {"a": template("workspace_variable", variable_name=template("json")), "b": 1},
            {"b": 1},
        ),
        ({"a": template("workspace_variable"), "b": 1}, {"b": 1}),
        ({"a": template("jinja", template="plain")}, {"a": "plain"}),
        ({"a": template("jinja", template=template("json", value='"x"'))}, {"a": "x"}),
        ({"a": template("jinja", template=template("json")), "b": 1}, {"b": 1}),
        ({"a": template("jinja", template="{{ 1 + 1 }}{{ unknown.name }}")}, {"a": "2"}),
        ({"a": template("jinja", template="{# kept #}")}, {"a": "{# kept #}"}),
        ({"a": template("jinja", template=["{{ a }}"])}, {"a": ["{{ a }}"]}),
        ({"a": template("json", value=template("jinja", template="[{{ 1 + 1 }}]"))}, {"a": [2]}),
        ({"a": template("other", value=3)}, {"a": 3}),
        ({"a": template(5)}, {"a": None}),
        ({"a": template(None, value=4)}, {"a": 4}),
    ],
)
def test_templates_become_values(given: Any, expected: Any) -> None:
    """Of each kind, also in one another; one that is not finished yet is left out."""
    assert hydrate(given, VARIABLES, NEWEST) == expected


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (template("none"), "Missing 'value' key in __prefect object"),
        (template("jinja"), "Missing 'template' key in __prefect object"),
        (template("json", value="{"), "Invalid JSON: Expecting property name"),
        (template("workspace_variable", variable_name="x"), "Variable 'x' not found in workspace."),
        (template("workspace_variable", variable_name=1), "Variable '1' not found"),
        (template("jinja", template="{{ a"), "Invalid jinja: unexpected end of template"),
        (
            template("jinja", template="{{ 1 / 0 }}"),
            "Invalid jinja: Failed to render template due to the following error: "
            "ZeroDivisionError('division by zero')",
        ),
    ],
)
def test_what_cannot_be_filled_in_is_told(given: Any, told: str) -> None:
    """In the words of a real server."""
    with pytest.raises(HydrationError) as error:
        hydrate({"a": given}, VARIABLES, NEWEST)
    assert str(error.value).startswith(told)


@pytest.mark.parametrize(
    "given",
    [
        template("workspace_variable", variable_name=[1]),
        template("workspace_variable", variable_name={}),
        template("jinja", template=None),
        template("json", value="[" * 100_000),
        template("json", value="9" * 5_000),
        template("jinja", template=1),
    ],
)
def test_what_a_real_server_cannot_look_up_fails(given: Any) -> None:
    """A name that is no text, a template that is none, and JSON that Python cannot read."""
    with pytest.raises(ServerFailure):
        hydrate({"a": given}, VARIABLES, NEWEST)


def test_what_is_not_rendered_is_told() -> None:
    """A template with a part of Jinja whose cost is not known is not kept as it is."""
    with pytest.raises(NotModelled, match="does not render the filter center in a Jinja template"):
        hydrate({"a": template("jinja", template="{{ 'a' | center(9) }}")}, VARIABLES, NEWEST)


def test_templates_of_one_request_have_one_bound() -> None:
    """Many cheap templates cost as much as a dear one."""
    many = {
        str(number): template("jinja", template="{{ x }}") for number in range(MAX_STEPS // 100)
    }
    with pytest.raises(TooLarge):
        hydrate(many, VARIABLES, NEWEST)
    meter, half = TemplateMeter(), dict([*many.items()][: len(many) // 5])
    hydrate(half, VARIABLES, NEWEST, meter)
    hydrate(half, VARIABLES, NEWEST, meter)
    with pytest.raises(TooLarge):
        hydrate(half, VARIABLES, NEWEST, meter)


def test_jinja_is_imported_with_the_first_template() -> None:
    """Parameters without one need none of it."""
    program = (
        "import sys; from mockserver.parameters import hydrate; "
        "from mockserver.prefect import PREFECT_SQLITE as dialect; "
        "hydrate({'a': {'__prefect_kind': 'json', 'value': '1'}}, {}, dialect); "
        "assert 'jinja2' not in sys.modules; "
        "hydrate({'a': {'__prefect_kind': 'jinja', 'template': 'a'}}, {}, dialect); "
        "assert 'jinja2' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_before_3_6_22_a_failure_becomes_the_value() -> None:
    """A template that fails is the text of the error, with its source."""
    failing = {"a": template("jinja", template="{{ 1 / 0 }}")}
    assert hydrate(failing, VARIABLES, OLDEST) == {
        "a": "Failed to render template due to the following error: "
        "ZeroDivisionError('division by zero')\nTemplate source:\n{{ 1 / 0 }}"
    }


def test_before_3_6_24_json_must_be_a_text() -> None:
    """What is given as JSON and is none is an error."""
    with pytest.raises(HydrationError) as error:
        hydrate({"a": template("json", value=5)}, VARIABLES, OLDEST)
    told = "Invalid JSON: the JSON object must be str, bytes or bytearray, not int"
    assert str(error.value) == told


def test_partly_filled_in_values_have_placeholders() -> None:
    """A valid template and an error are left in place of their values; the rest is filled in."""
    given = {
        "known": template("json", value="1"),
        "left out": template("json"),
        "template": template("jinja", template="{{ 1 / 0 }}"),
        "wrong": [template("none")],
    }
    found = hydrate_partly(given, VARIABLES, NEWEST)
    assert found.keys() == {"known", "template", "wrong"}
    assert found["known"] == 1
    assert isinstance(found["template"], Placeholder)
    assert str(found["template"]) == "{{ 1 / 0 }}"
    (wrong,) = found["wrong"]
    assert (str(wrong), repr(wrong)) == (
        "Missing 'value' key in __prefect object",
        "ValueNotFound()",
    )
