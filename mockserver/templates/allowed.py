"""Which parts of Jinja are rendered: those whose cost is known before they are carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import BuiltinMethodType
from typing import NamedTuple

from jinja2 import Undefined, nodes
from jinja2.filters import FILTERS

from ..errors import NotModelled, TooLarge

MAX_DEPTH = 60
"""Levels of a tree. Each becomes up to three brackets for Python, which takes 200."""
_NODES = frozenset({
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign),
    *(nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword),
    *(nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.Call),
    *(nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow),
    *(nodes.Neg, nodes.Pos),
})  # fmt: skip
# What Jinja gives to every template: objects and functions that make or keep more than they say.
_GLOBALS = frozenset({"dict", "lipsum", "cycler", "joiner", "namespace", "self"})


class _Arguments(NamedTuple):
    """The arguments that a filter may have: how many in order, and which by name."""

    most: int = 0
    names: frozenset[str] = frozenset()


_NONE = _Arguments()
_FILTERS: Mapping[str, _Arguments] = {
    **dict.fromkeys(("abs", "capitalize", "count", "dictsort", "e", "escape", "first"), _NONE),
    **dict.fromkeys(("last", "length", "list", "lower", "max", "min", "string", "sum"), _NONE),
    **dict.fromkeys(("title", "tojson", "trim", "upper", "urlencode", "wordcount"), _NONE),
    **dict.fromkeys(("float", "int", "join", "round"), _Arguments(1)),
    **dict.fromkeys(("d", "default"), _Arguments(9, frozenset({"default_value", "boolean"}))),
    "replace": _Arguments(2),
    "sort": _Arguments(0, frozenset({"reverse", "case_sensitive"})),
}
# Those of the extension that Prefect gives to templates, and its own.
_FILTERS_OF_PREFECT = ("humanize_", "ui_url", "ui_resource_events_url", "flow_run_id")
_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset({
        *("capitalize", "endswith", "isalnum", "isalpha", "isdigit", "lower", "lstrip", "rstrip"),
        *("split", "startswith", "strip", "swapcase", "title", "upper"),
    }),
    dict: frozenset({"get", "items", "keys", "values"}),
}  # fmt: skip
_STRIPPING = frozenset({"strip", "lstrip", "rstrip"})


def check_allowed(tree: nodes.Template) -> int:
    """The number of nodes of a tree. Raises NotModelled for one that is not rendered.

    Raises TooLarge for one that is too deep.
    """
    count, waiting = 0, [(node, 1) for node in tree.iter_child_nodes()]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise TooLarge(f"mockserver renders templates of at most {MAX_DEPTH} levels")
        if type(node) not in _NODES:
            raise _not_rendered(f"{type(node).__name__} nodes")
        check = _CHECKS.get(type(node))
        if check is not None:
            check(node)
        count += 1
        waiting += ((child, depth + 1) for child in node.iter_child_nodes())
    return count


def _not_rendered(what: str) -> NotModelled:
    return NotModelled(f"mockserver does not render {what} in a Jinja template")


def _check_name(node: nodes.Name) -> None:
    if node.name in _GLOBALS:
        raise _not_rendered(node.name)


def _check_loop(node: nodes.For) -> None:
    if node.recursive:
        raise _not_rendered("recursive loops")


def _check_call(node: nodes.Call) -> None:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise _not_rendered("arguments with * or **")


def _check_filter(node: nodes.Filter) -> None:
    known = _FILTERS.get(node.name)
    if known is None:
        if node.name in FILTERS or node.name.startswith(_FILTERS_OF_PREFECT):
            raise _not_rendered(f"the filter {node.name}")
        return  # which Jinja refuses
    named = {one.key for one in node.kwargs}
    if len(node.args) > known.most or named - known.names:
        raise _not_rendered(f"these arguments of the filter {node.name}")
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise _not_rendered("arguments with * or **")


_CHECKS: Mapping[type[nodes.Node], Callable[..., None]] = {
    nodes.Name: _check_name,
    nodes.For: _check_loop,
    nodes.Call: _check_call,
    nodes.Filter: _check_filter,
}


def check_call(function: object, arguments: int) -> None:
    """Raise NotModelled for a function that a template may not call with so many arguments.

    Of what cannot be called, and of names without a value, Jinja tells itself.
    """
    if isinstance(function, Undefined) or not callable(function):
        return
    if isinstance(function, BuiltinMethodType):
        allowed = _METHODS.get(type(function.__self__), frozenset())
        if function.__name__ in allowed and not (arguments and function.__name__ in _STRIPPING):
            return
    raise _not_rendered("a call of this function")
