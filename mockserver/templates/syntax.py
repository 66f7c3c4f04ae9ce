"""The syntax of a template: read by Jinja, within bounds, with Prefect's rules for loops."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import TemplateSyntaxError, nodes

from ..errors import ServerFailure, TooLarge
from .environment import ENVIRONMENT
from .failures import InvalidTemplate
from .meter import TemplateMeter

MAX_CHARACTERS = 100_000
"""Of one template. Jinja takes 0.12 us for a line break, and less for others (measured)."""
MAX_TOKENS = 4_000
"""Names, signs, texts and spaces of one template; Jinja takes 4 us for each (measured)."""
MAX_LOOPS = 10  # Prefect: utilities/user_templates.py, MAX_LOOP_COUNT
MAX_LOOP_DEPTH = 2  # the same, MAX_NESTED_LOOP_DEPTH
_STEPS_A_TEMPLATE = 20
_STEPS_A_TOKEN = 2
_CHARACTERS_A_STEP = 16


def read_template(text: str, meter: TemplateMeter) -> nodes.Template:
    """The tree of a template.

    Raises InvalidTemplate for what a real server does not take for one, ServerFailure where Jinja
    fails, and TooLarge.
    """
    # Prefect: utilities/user_templates.py, validate_user_template.
    tree = _parse(text, meter)
    loops = [depth for node, depth in _walk(tree) if _is_loop(node)]
    if len(loops) > MAX_LOOPS:
        raise InvalidTemplate(
            f"Contains {len(loops)} for loops. Templates can contain no more than "
            f"{MAX_LOOPS} for loops.",
            0,
        )
    deepest = max(loops, default=0)
    if deepest > MAX_LOOP_DEPTH:
        raise InvalidTemplate(
            f"Contains nested for loops at a depth of {deepest}. Templates can nest for loops no "
            f"more than {MAX_LOOP_DEPTH} loops deep.",
            0,
        )
    return tree


def _parse(text: str, meter: TemplateMeter) -> nodes.Template:
    if len(text) > MAX_CHARACTERS:
        raise TooLarge(f"mockserver reads templates of at most {MAX_CHARACTERS:,} characters")
    meter.charge(_STEPS_A_TEMPLATE + len(text) // _CHARACTERS_A_STEP)
    _count_tokens(text, meter)
    try:
        return ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        raise InvalidTemplate(error.message or "", error.lineno) from None
    except (RecursionError, ValueError):  # too deep; an integer of more than 4,300 digits
        raise ServerFailure("Jinja cannot read this template", retryable=False) from None


def _count_tokens(text: str, meter: TemplateMeter) -> None:
    # Not in the stream of the parser: it would look further ahead, and other errors come first.
    try:
        for count, _ in enumerate(ENVIRONMENT.lex(text), 1):
            if count > MAX_TOKENS:
                raise TooLarge(f"mockserver reads templates of at most {MAX_TOKENS:,} tokens")
            meter.charge(_STEPS_A_TOKEN)
    except TemplateSyntaxError:  # which the parser tells, if it comes so far
        pass


def _walk(root: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    """Every node of a tree, with the number of loops it is in; a loop is in itself."""
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        depth += _is_loop(node)
        yield node, depth
        waiting += ((child, depth) for child in node.iter_child_nodes())


def _is_loop(node: nodes.Node) -> bool:
    return isinstance(node, nodes.For)
