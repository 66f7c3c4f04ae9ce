"""YAML restricted to JSON's data model.

A text that looks like a time stays a text. Keys are unique texts. A tag for something that JSON
does not have is an error.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

MAX_DEPTH = 200
# A document that nests deeper has as many brackets, or a line with as much indentation.
_DEEPLY_INDENTED = re.compile(rb"^[ ?-]{%d}" % MAX_DEPTH, re.MULTILINE)
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"
# The C parser is ten times as fast; PyYAML's wheels include it.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class InvalidYamlError(Exception):
    """The text is not YAML of JSON's data model; `location` is `:line:column`, or empty."""

    def __init__(self, text: str, location: str = "") -> None:
        super().__init__(text)
        self.location = location


def read_yaml(text: bytes) -> Any:
    """Read the document in a text: dicts, lists, texts, numbers, booleans and None.

    Raises InvalidYamlError.
    """
    try:
        if text.count(b"[") + text.count(b"{") >= MAX_DEPTH or _DEEPLY_INDENTED.search(text):
            _check_depth(text)
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - it is a safe loader
    except yaml.MarkedYAMLError as error:
        raise InvalidYamlError(
            error.problem or str(error), _location_of(error.problem_mark)
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidYamlError(str(error)) from None


def _check_depth(text: bytes) -> None:
    """Refuse a text that nests too deep before it is loaded: loading it crashes the C parser."""
    depth = 0
    for event in yaml.parse(text, Loader=_StrictLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise InvalidYamlError(
                    f"nested deeper than {MAX_DEPTH}", _location_of(event.start_mark)
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _location_of(mark: Any) -> str:
    return f":{mark.line + 1}:{mark.column + 1}" if mark else ""


def _not_json(node: yaml.Node, text: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, text, node.start_mark)


class _StrictLoader(_Safe):  # type: ignore[misc]  # it is one class or the other
    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self.deep_construct = True  # an alias inside its own anchor becomes an error

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML reads this attribute
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in _Safe.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Construct a mapping; a key that is not a text, or occurs twice, is an error."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == _MERGE:
                continue
            if key.tag != _TEXT:
                raise _not_json(key, "a key that is not a string; quote it")
            if key.value in seen:
                raise _not_json(key, f"the key {key.value!r} occurs twice")
            seen.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping

    def reject_tag(self, node: yaml.Node) -> Any:
        """Refuse a value of a type that JSON does not have."""
        raise _not_json(node, f"{node.tag!r}, which JSON does not have")


for _tag in ("binary", "omap", "pairs", "set", "timestamp"):
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", _StrictLoader.reject_tag)
