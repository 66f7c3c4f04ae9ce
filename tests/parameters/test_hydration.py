"""Templates in parameters are filled in as Prefect does it."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.errors import NotModelled
from mockserver.parameters import HydrationError, hydrate

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
        ({"a": template("other", value=3)}, {"a": 3}),
        ({"a": template(5)}, {"a": None}),
        ({"a": template(None, value=4)}, {"a": 4}),
    ],
)
def test_templates_become_values(given: Any, expected: Any) -> None:
    """Of each kind, also in one another; one that is not finished yet is left out."""
    assert hydrate(given, VARIABLES) == expected


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (template("none"), "Missing 'value' key in __prefect object"),
        (template("jinja"), "Missing 'template' key in __prefect object"),
        (template("json", value="{"), "Invalid JSON: Expecting property name"),
        (template("workspace_variable", variable_name="x"), "Variable 'x' not found in workspace."),
        (template("workspace_variable", variable_name=[1]), "Variable '[1]' not found"),
    ],
)
def test_what_cannot_be_filled_in_is_told(given: Any, told: str) -> None:
    """In the words of a real server."""
    with pytest.raises(HydrationError) as error:
        hydrate({"a": given}, VARIABLES)
    assert str(error.value).startswith(told)


@pytest.mark.parametrize("text", ["{{ x }}", "{% if x %}", "{# x #}"])
def test_jinja_is_not_modelled(text: str) -> None:
    """A template with an expression is refused, and not kept as it is."""
    with pytest.raises(NotModelled):
        hydrate({"a": template("jinja", template=text)}, VARIABLES)
