"""Templates: which are valid, and what they become in the parameters of a run."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    RequestGroups,
    few_malformed_bodies,
    malformed_bodies,
    post_requests,
)
from tests.support.endpoint_requests.odd_values import ODD_TEXTS, Json
from tests.support.object_requests.deployments import BULK, RUNS, deployment, in_order, patches

VALIDATE, OF_AUTOMATIONS = "/templates/validate", "/automations/templates/validate"


def loops(number: int, depth: int = 1) -> str:
    """A template with a number of loops, each of them a nest of loops."""
    nest = "{% for x in y %}" * depth + "-" + "{% endfor %}" * depth
    return nest * number


def jinja(template: Json) -> Json:
    """What stands for a rendered template among parameters."""
    return {"__prefect_kind": "jinja", "template": template}


VALID: tuple[str, ...] = (
    *("", "plain", "{{ a }}", "{{ a.b[0]['c'] | upper }}", "{# a #}", "{% if a %}b{% endif %}"),
    *("{{ a | unknown }}", "{{ 9 ** 9 ** 9 }}", "{% raw %}{{ {% {% endraw %}", "}} %} #}"),
    *("{% set a = 1 %}", "{% macro m(a=1) %}{{ a }}{% endmacro %}{{ m() }}", "{{ 1_000 }}"),
    *("{% include 'x' %}", "{% extends a %}", "{% import 'x' as y %}", "{{ range(10 ** 9) }}"),
    *("{{ 'a' % b }}", "{{ a if b }}", "{{ {'a': 1, 2: [1, (3,)]} }}", "{{- a -}}", "{{ a.0 }}"),
    *("{% block a %}{% endblock %}", "{% call m() %}{% endcall %}", "{% autoescape true %}"),
    *(loops(1), loops(10), loops(1, 2), loops(5, 2), "{% for x in y recursive %}{% endfor %}"),
    *("{% with a = 1 %}{{ a }}{% endwith %}", "{% filter upper %}a{% endfilter %}", "{{ a() }}"),
    *("{{ a is unknown }}", "{{ a is divisibleby 3 }}", "{{ not a and b or c }}", "{{ 1.5e3 }}"),
    *("{{ a\n}}\r\n{{ b }}", "{{ a[1:2] }}", "{{ f(*a, **b) }}", "{% for x, y in z %}{% endfor %}"),
)
INVALID: tuple[str, ...] = (
    *("{{ a", "{{", "{%", "{#", "{{ }}", "{{ a b }}", "{% if a %}", "{% endif %}", "{% a %}"),
    *("{{ a. }}", "{{ a | }}", "{{ 'a }}", "{{ 1 + }}", "{{ (a }}", "{{ a) }}", "{{ [1, }}"),
    *("line\n{{ a }}\n{% for x in %}", "{% for x %}{% endfor %}", "{% set %}", "{{ a ? b }}"),
    *("{% if a %}{% endfor %}", "{% for x in y %}{% endif %}", "{% else %}", "{{ a is }}"),
    *("{% raw %}", "{{ {a} }}", "{{ a = 1 }}", "{{ $ }}", "{{ 0x }}", "{{ f(a=1, 2) }}"),
    *("{% macro %}", "{% include %}", "{% block a %}{% block a %}{% endblock %}{% endblock %}"),
    *(
        "{% continue %}",
        "{% do a %}",
        "{% trans %}",
        "{{ a\0 }}",
        "{{ \ud800 }}",
        "{% set 1 = 2 %}",
    ),
    *(loops(11), loops(1, 3), loops(4, 3), loops(10) + "{% if a %}" + loops(1) + "{% endif %}"),
    "{% if a %}" + loops(1, 3) + "{% endif %}",
    "\n{% for a in b %}{% for c in d %}{% if e %}{% for f in g %}{% endfor %}{% endif %}"
    "{% endfor %}{% endfor %}",
    "{% set true = 1 %}{{ 'ä ❤' ",
)

RENDERED: tuple[str, ...] = (
    *("", "plain", "{# gone #}", "a{# b #}{{ 'c' }}", "{% raw %}{{ a }}{% endraw %}", "{{ a }}"),
    *("[{{ a.b.c[0]['d'] }}]", "{{ flow_run.name }}", "{{ true }} {{ None }} {{ 1.50 }}", "}}"),
    *("{{ 'a' }}{{ \"b\" }}", "{{ 1 + 2 * 3 - 4 / 2 // 1 % 5 }}", "{{ 2 ** 10 }}", "{{ 7 // 2 }}"),
    *("{{ 'a' ~ 1 ~ none }}", "{{ 'ab' * 3 }}", "{{ [1] + [2] }}", "{{ [0] * 3 }}", "{{ -1 }}"),
    *("{{ [1, 'a', (2,), {'k': none}] }}", "{{ 'abc'[1] }}", "{{ 'abc'[::-1] }}", "{{ +2 }}"),
    *("{{ 1 < 2 <= 2 != 3 }}", "{{ 1 in [1, 2] }}", "{{ not a and b or 'c' }}", "{{ a == b }}"),
    *(
        "{{ 'y' if a else 'n' }}",
        "[{{ 'y' if a }}]",
        "{{ a | default('d') }}",
        "{{ a is defined }}",
    ),
    *("{{ '' | default('d', true) }}", "{{ '' | default('d', boolean=true) }}", "{{ 3 is odd }}"),
    *("{{ 'aB c' | upper }}", "{{ 'aB c' | lower }}{{ 'aB c' | title }}{{ 'aB c' | capitalize }}"),
    *("[{{ ' a ' | trim }}]", "{{ [1, 2] | length }}{{ 'abc' | count }}", "{{ 'abc' | first }}"),
    *("{{ [3, 1, 2] | sort }}", "{{ [3, 1] | sort(reverse=true) }}", "{{ [1, 2] | sum }}"),
    *("{{ [1, 3] | min }}{{ [1, 3] | max }}{{ [1, 3] | last }}", "{{ 'abc' | list }}", "%}"),
    *("{{ ['a', 1] | join }}", "{{ ['a', 1] | join(', ') }}", "{{ 'aba' | replace('a', 'xy') }}"),
    *("{{ '7' | int + 1 }}", "{{ 'x' | int }}", "{{ '1.5' | float }}", "{{ -2 | abs }}"),
    *("{{ 2.567 | round(1) }}", "{{ 2.5 | round }}", "{{ 5 | string ~ 'a' }}", "{{ '<a>' | e }}"),
    *('{{ {"a": [1, "<", none]} | tojson }}', "{{ [1, 2] | tojson }}", "{{ '<' | tojson ~ '<' }}"),
    *("{{ 'a b' | urlencode }}", "{{ 'a b c' | wordcount }}", "{{ {'b': 1, 'a': 2} | dictsort }}"),
    *("{% if a %}x{% elif 1 %}y{% else %}z{% endif %}", "{% set x = 2 %}{{ x + 1 }}"),
    *("{% set x, y = 1, 2 %}{{ y }}{{ x }}", "{% for i in range(3) %}{{ i }},{% endfor %}"),
    "{% for i in [1, 2, 3] if i != 2 %}{{ loop.index }}{{ ',' if not loop.last }}{% endfor %}",
    "{% for i in a %}x{% else %}none{% endfor %}",
    "{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}",
    "{% for i in range(3) %}{% for j in range(i) %}{{ loop.index0 }}{{ i }}{{ j }} {% endfor %}"
    "{% endfor %}",
    *("{{ 'a'.upper() }}", "{{ 'a,b'.split(',') }}", "{{ {'a': 1}.get('b', 2) }}"),
    *("{{ ' a '.strip() }}", "{{ {'a': 1}.a }}", "{{ {'a': {'b': 2}}['a']['b'] }}"),
    *("[{{ ''.__class__ }}]", "{{ 'abc'.startswith('a') }}", "{{ {'a': 1}.keys() | list }}"),
    *("{{ range(2, 9, 3) | list }}", "{{ range(4) }}", "{{ {'a': 1}.items() }}", "{ { a } }"),
    *("{{ 1 }}\n", "{{ 1 }}\n{{ 2 }}\n", "a\r\nb{{ 1 }}", "{%- if 1 -%} x {%- endif -%} "),
    *("{{ 'ä❤' }}", "{{ ' x ' | trim | upper | default('z') | length }}", "{{ a.b | upper }}"),
    "{{ 1 is number }}{{ 'a' is string }}{{ [] is iterable }}{{ {} is mapping }}",
    *("{{ 4 is divisibleby 2 }}", "{{ loop }}", "{{ [a, b] }}", "{{ 10 ** 20 }}", "{{ 1e3 }}"),
    *("{{ 0.1 + 0.2 }}", "{{ 1 / 4 }}", "{{ true and 'x' }}", "{{ 'a' 'b' }}", "{{ 1 == 1.0 }}"),
    *("{{ 'a' in 'abc' }}", "{{ a | upper | length }}", "{{ a.b.c | default(7) }}", "{{ 5.a.b }}"),
)
FAILING: tuple[str, ...] = (
    *("{{ a", "{{ a b }}", "{% a %}", "line\n{% if a %}", "{#", loops(11), loops(1, 3), "{{ $ }}"),
    *(
        "{{ 1 / 0 }}",
        "{{ 1 + 'a' }}",
        "{{ a + 1 }}",
        "{{ a() }}",
        "{{ a.b() }}",
        "{{ a | unknown }}",
    ),
    *("{{ 1 is unknown }}", "{{ range(101) }}", "{{ range(10 ** 30) }}", "{{ range('a') }}"),
    *("{{ range(1, 5, 0) }}", "{{ range() }}", "{{ 'a'() }}", "{{ 1 < 'a' }}", "{{ [1] + 'a' }}"),
    *("{% for i in 5 %}{% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{{ -'a' }}"),
    *("{{ ''.__class__.__mro__() }}", "{{ [3, 'a'] | sort }}", "{{ 'a' | abs }}"),
    *("{% set a, b = [1] %}", "{{ 5 | length }}", "{{ [1, 'a'] | sum }}", "{{ a | tojson }}"),
    *("{{ 'x' | round }}", "{{ 5 | first }}", "{{ 5 | join }}", "{{ 'a' * 'b' }}"),
    *("{{ 'a' | default(1, 2, 3) }}", "{{ 'a'.upper(1) }}"),
    *(
        "a\0{{ 1",
        "{{ 1.__class__() }}",
        "{{ [] | first + 1 }}",
        "{{ ['a'] | sum }}",
    ),
)
NOT_TEXTS: tuple[Json, ...] = (None, 1, 1.5, True, [], ["{{ a }}"], ["{{ a"], [["{{", "b"]], {})

REQUESTS: RequestGroups = {
    f"{VALIDATE}: any body": [
        *malformed_bodies("POST", VALIDATE, "{{ a }}"),
        *few_malformed_bodies(OF_AUTOMATIONS),
        *post_requests(OF_AUTOMATIONS, "{{ a }}", "{{ a", loops(11)),
        *post_requests(VALIDATE, {"template": "{{ a }}"}, *ODD_TEXTS),
    ],
    f"{VALIDATE}: templates": post_requests(VALIDATE, *VALID, *INVALID),
    "jinja: rendered": in_order(
        [
            deployment(),
            *post_requests(
                RUNS,
                *(
                    {
                        "parameters": {
                            str(n): jinja(one) for n, one in enumerate(RENDERED[i : i + 8])
                        }
                    }
                    for i in range(0, len(RENDERED), 8)
                ),
                {"parameters": {"a": jinja({"__prefect_kind": "none", "value": "{{ 1 + 1 }}"})}},
                {"parameters": {"a": {"__prefect_kind": "json", "value": jinja("[{{ 1 + 1 }}]")}}},
                {"parameters": {"a": jinja(jinja("{{ '{{ 2 }}' }}"))}},
                {"parameters": {"a": jinja({"__prefect_kind": "json"}), "b": 1}},
                {"parameters": {"a": {"__prefect_kind": "none", "value": [jinja("{{ 3 }}")]}}},
                {"parameters": jinja("{{ 1 }}")},
            ),
        ]
    ),
    "jinja: failing": in_order(
        [
            deployment(),
            *post_requests(
                BULK,
                *(
                    [{"parameters": {"a": jinja(one)}} for one in FAILING[i : i + 10]]
                    for i in range(0, len(FAILING), 10)
                ),
            ),
            *post_requests(
                RUNS,
                *(
                    {"parameters": {"a": jinja(one)}}
                    for one in ("{{ a", "{{ 1 / 0 }}", loops(11), *NOT_TEXTS)
                ),
            ),
        ]
    ),
    "jinja: deployments": in_order(
        [
            deployment(parameters={"a": jinja("{{ 1 + 1 }}")}),
            *patches(
                {"parameters": {"a": jinja("{{ 2 * 2 }}"), "b": jinja("{{ x }}")}},
                {"parameters": {"a": jinja("{{ 1 / 0 }}")}},
                {"parameters": {"a": jinja("{{")}},
            ),
        ]
    ),
}
