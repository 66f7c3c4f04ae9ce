"""Templates are read by Jinja, with Prefect's rules for loops, within bounds."""

from __future__ import annotations

import pytest

from mockserver.errors import ServerFailure, TooLarge
from mockserver.templates import InvalidTemplate, TemplateMeter, read_template
from mockserver.templates.syntax import MAX_CHARACTERS, MAX_TOKENS

NEST = "{% for x in y %}"
END = "{% endfor %}"


@pytest.mark.parametrize(
    "text", ["", "{{ a | unknown }}", "{% macro m() %}{% endmacro %}", (NEST * 2 + END * 2) * 5]
)
def test_a_valid_template_is_read(text: str) -> None:
    """Whether or not it can be rendered."""
    read_template(text, TemplateMeter())


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("{{ a", "unexpected end of template, expected 'end of print statement'.", 1),
        ("a\n{% b %}", "Encountered unknown tag 'b'.", 2),
        (
            (NEST + END) * 11,
            "Contains 11 for loops. Templates can contain no more than 10 for loops.",
            0,
        ),
        (
            NEST * 2 + "{% if a %}" + NEST + END + "{% endif %}" + END * 2,
            "Contains nested for loops at a depth of 3. Templates can nest for loops no more than "
            "2 loops deep.",
            0,
        ),
        # What the parser comes to first is told, although the text cannot be split to its end.
        ("{{ 'a' b '", "expected token 'end of print statement', got 'b'", 1),
    ],
)
def test_an_invalid_template_is_told(text: str, message: str, line: int) -> None:
    """In the words of Jinja and of Prefect."""
    with pytest.raises(InvalidTemplate) as invalid:
        read_template(text, TemplateMeter())
    assert (str(invalid.value), invalid.value.line) == (message, line)


@pytest.mark.parametrize("text", ["{{ " + "9" * 5_000 + " }}", "{{ " + "(" * 900 + "1"])
def test_what_jinja_cannot_read_fails(text: str) -> None:
    """A number that is too long, and brackets that are too many."""
    with pytest.raises(ServerFailure):
        read_template(text, TemplateMeter())


@pytest.mark.parametrize("text", ["a" * (MAX_CHARACTERS + 1), "{{ " + "a," * MAX_TOKENS])
def test_a_template_has_a_bound(text: str) -> None:
    """Of characters, and of names and signs."""
    with pytest.raises(TooLarge, match="mockserver reads templates of at most"):
        read_template(text, TemplateMeter())
