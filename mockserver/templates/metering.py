"""Meters in the tree of a template: each value is counted before something is done with it."""

from __future__ import annotations

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from .meter import CHARACTERS_A_STEP

MEASURED = "measured"
"""The filter that counts a value, and returns it."""
LOOPED = "looped"
"""The filter that counts the steps of a loop over a value, and returns the value."""
# All other expressions are constants, or have a boolean, a number or one of their operands.
_MAKING = (
    *(nodes.Name, nodes.List, nodes.Tuple, nodes.Dict, nodes.Concat, nodes.BinExpr, nodes.Filter),
    *(nodes.Call, nodes.Getattr, nodes.Getitem),
)


def add_meters(tree: nodes.Template) -> None:
    """Make a tree count its values and its loops by these two filters."""
    _Meters().visit(tree)


class _Meters(NodeTransformer):
    def visit(self, node: nodes.Node, *_args: object, **_more: object) -> nodes.Node:
        steps = _steps_of_round(node) if isinstance(node, nodes.For) else 0
        node = self.generic_visit(node)
        if isinstance(node, nodes.For):
            node.iter = _filtered(node.iter, LOOPED, nodes.Const(steps))
        return _filtered(node, MEASURED) if _makes_a_value(node) else node


def _makes_a_value(node: nodes.Node) -> bool:
    return isinstance(node, _MAKING) and getattr(node, "ctx", "load") == "load"


def _filtered(node: nodes.Node, name: str, *arguments: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, [*arguments], [], None, None, lineno=node.lineno)


def _steps_of_round(loop: nodes.For) -> int:
    """The steps that each item of a loop takes, beside those of its values."""
    steps = 0
    waiting = [*loop.body, *([loop.test] if loop.test is not None else ())]
    while waiting:
        node = waiting.pop()
        steps += 1 + _characters(node) // CHARACTERS_A_STEP
        waiting += node.iter_child_nodes()
    return 1 + steps


def _characters(node: nodes.Node) -> int:
    if isinstance(node, nodes.TemplateData):
        return len(node.data)
    return len(node.value) if isinstance(node, nodes.Const) and isinstance(node.value, str) else 0
