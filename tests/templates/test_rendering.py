"""Templates become what a real server makes of them, and none costs more than is known before.

What real servers make of many templates is recorded (tests/support/object_requests/templates.py).
"""

from __future__ import annotations

import tracemalloc

import pytest

from mockserver.errors import NotModelled, RefusedRequest, TooLarge
from mockserver.templates import (
    InvalidTemplate,
    RenderingFailed,
    TemplateMeter,
    read_template,
    render_template,
)
from mockserver.templates.meter import MAX_STEPS

MOST_MEMORY = 8 << 20


def doubling(first: str, then: str) -> str:
    """A template in which a value is made of itself sixty times."""
    return f"{{% set a = {first} %}}" + f"{{% set a = {then} %}}" * 60 + "{{ a }}"


def loops(outer: str, inner: str, body: str) -> str:
    """A template with a loop in a loop."""
    nest = f"{{% for i in {outer} %}}{{% for j in {inner} %}}"
    return nest + body + "{% endfor %}{% endfor %}"


TOO_LARGE: tuple[str, ...] = (
    *(
        "{{ 'a' * 10 ** 9 }}",
        "{{ 10 ** 9 * 'a' }}",
        "{{ [1] * 10 ** 9 }}",
        "{{ 9 ** (9 ** 9) }}",
    ),
    *("{{ (2 ** 9999) * (2 ** 9999) * 9 }}", "{{ ('a' * 30000) | max }}"),
    *("{{ ([1] * 900) | join('a' * 50000) }}", "{{ ('a' * 9000) | replace('a', 'b' * 9000) }}"),
    *("{{ ('a' * 9000) | replace('', 'b' * 9000) }}", "{{ 10 | round(-10 ** 9) }}"),
    *(doubling("'ab'", "a ~ a"), doubling("[1]", "[a, a]")),
    *(doubling("[1]", "a + a"), doubling("{'a': 1}", "{'a': a, 'b': a}")),
    *(doubling("1", "(a, a)"), doubling("'<'", "a | tojson")),
    *(loops("range(100)", "range(100)", "{{ i }}"),),
    *(loops("range(100)", "range(9)", "a" * 5_000),),
    *(loops("'a' * 9000", "'a' * 9000", ""),),
    *(loops("[1] * 9000", "[1]", "{{ 'b' * 1000 }}"),),
    *(loops("['a' * 9000] * 20", "range(9)", "{{ loop.previtem }}"),),
    *("{% set a = 'a' * 90000 %}{{ a" + "[:]" * 40 + " }}", "{{ " + "1 + " * 70 + "1 }}"),
    *("a" * 100_001, "{{ " + "a," * 2_100 + " }}", "\n" * 99_999 + "{{ a }}" * 500),
    *("{{ a }}" * 700, "{% set a = 3 ** 9000 %}" + "{{ a }}" * 190),
    "{{ " + "[" * 62 + "]" * 62 + " }}",
)
NOT_RENDERED: tuple[str, ...] = (
    *("{{ '%1000000000d' % 1 }}", "{{ '{:1000000000}'.format(1) }}", "{{ 'a' | center(10 ** 9) }}"),
    *(
        "{{ '1'.zfill(10 ** 9) }}",
        "{{ 'a'.ljust(10 ** 9) }}",
        "{{ 'a'.__class__ }}{{ 'a'.join('b') }}",
    ),
    *("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}", "{{ lipsum(10 ** 9) }}"),
    *("{% for i in [[]] recursive %}{{ loop(i) }}{% endfor %}", "{% include 'a' %}"),
    *("{{ [1] | map('center', 10 ** 9) | list }}", "{{ 'a' | format }}", "{{ self }}"),
    *("{{ [1] | sort(attribute='a') }}", "{{ range(*[1, 2]) }}", "{{ 1 | default(*[1]) }}"),
    *("{{ ' a'.strip(' ') }}", "{{ 1 | humanize_intcomma }}", "{{ [1] | join(',', 'a') }}"),
    *("{% for i in [1] %}{{ loop.cycle(1, 2) }}{% endfor %}", "{{ 'a' | indent(10 ** 9) }}"),
    *("{{ 1.5 | round(1, 'ceil') }}", "{{ {}.copy() }}"),
)


def rendered(text: str) -> str:
    """What a template becomes."""
    meter = TemplateMeter()
    return render_template(read_template(text, meter), meter)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", "plain"),
        ("{{ unknown.attribute['key'] }}", ""),
        ("{{ 'a' | upper ~ (1 + 1) * 3 }}", "A6"),
        ("{{ 2 ** -1 }}{{ 2.0 ** 3 }}{{ 2 * 1.5 }}{{ 7 % 4 }}{{ -1 * 'a' }}", "0.58.03.03"),
        ("{{ 'a,b'.split(',') | join('-') }}", "a-b"),
        ("{% for i in range(3) if i %}{{ loop.index }}{{ i }} {% endfor %}", "11 22 "),
        ("{% for i in unknown %}x{% else %}none{% endfor %}", "none"),
        ("{{ 2.567 | round(1) }}{{ '<' | e }}{{ 'aa' | replace('a', 'b') }}", "2.6&lt;bb"),
        (loops("range(2)", "range(i)", "{{ range(2) | list }}"), "[0, 1]"),
    ],
)
def test_a_template_becomes_a_text(template: str, expected: str) -> None:
    """By the rules of Jinja; a name has no value."""
    assert rendered(template) == expected


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ 1 / 0 }}", "ZeroDivisionError('division by zero')"),
        ("{{ unknown() }}", "UndefinedError(\"'unknown' is undefined\")"),
        ("{{ 1 | unknown }}", "TemplateAssertionError(\"No filter named 'unknown'.\")"),
        ("{{ 'a'() }}", "TypeError(\"'str' object is not callable\")"),
        ("{{ range(101) }}", "OverflowError('Range too big. The sandbox blocks ranges larger"),
        ("{{ ''.__class__() }}", "SecurityError(\"access to attribute '__class__' of 'str'"),
        ("{{ 'x' | round('y') }}", "TypeError("),
        ("{% for i in 5 %}{% endfor %}", "TypeError(\"'int' object is not iterable\")"),
    ],
)
def test_a_template_that_fails_tells_the_error(template: str, told: str) -> None:
    """As Python shows it, in the words of a real server."""
    with pytest.raises(RenderingFailed) as failed:
        rendered(template)
    words = "Failed to render template due to the following error: "
    assert str(failed.value).startswith(words + told)


@pytest.mark.parametrize(
    ("template", "error"),
    [*((one, TooLarge) for one in TOO_LARGE), *((one, NotModelled) for one in NOT_RENDERED)],
)
def test_a_hostile_template_is_refused_with_little_work(
    template: str, error: type[RefusedRequest]
) -> None:
    """It takes at most MAX_STEPS, each of 2 us, and little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(error, match="mockserver"):
            rendered(template)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()


def test_each_step_is_counted_before_it_is_taken() -> None:
    """One template may take all that there are, and one step more is refused."""
    meter = TemplateMeter()
    meter.charge(MAX_STEPS)
    with pytest.raises(TooLarge, match="at most 20,000 steps for the templates of a request"):
        meter.charge_value([])


@pytest.mark.parametrize(
    ("value", "steps"),
    [
        (None, 1),
        ("", 1),
        ("a" * 25, 3),
        (2**640, 11),
        ([], 1),
        ([1, "a"], 5),
        ({"a": [1]}, 6),
        ({"a": 1}.items(), 7),
        (range(3), 7),
    ],
)
def test_a_value_counts_with_its_parts(value: object, steps: int) -> None:
    """Each part as often as it occurs, and a text by its length."""
    meter = TemplateMeter()
    meter.charge(MAX_STEPS - steps)
    meter.charge_value(value)
    with pytest.raises(TooLarge):
        meter.charge(1)


def test_an_invalid_template_is_not_rendered() -> None:
    """Reading it tells what is wrong, and in which line."""
    with pytest.raises(InvalidTemplate) as invalid:
        rendered("a\n{{ b")
    assert invalid.value.line == 2
