"""YAML restricted to JSON's data model.

A text that looks like a time stays a text. Keys are unique texts. A tag for something that JSON
does not have is an error, and so are NaN and infinities.

Invariant: a short text makes no large value. Depth, what aliases repeat and the digits of numbers
are bounded before anything is made of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import Any

import yaml

from .bounded_files import MAX_DEPTH, InvalidYamlError

# Chosen, not measured: 5,000 records that share defaults of 1,000 characters.
MAX_REPEATED = 5_000_000
"""Values and their characters that aliases may add to a document, counted as if written out."""
MAX_DIGITS = 4_300
"""Characters of a number: Python reads no integer of more digits (sys.get_int_max_str_digits)."""
_TOO_LARGE = 10**MAX_DIGITS
# A document that nests deeper has that many brackets, or a line with that much indentation. Half
# of it each, since both add up.
_SUSPICIOUS = MAX_DEPTH // 2 - 2
_DEEPLY_INDENTED = re.compile(rb"^[ ?-]{%d}" % _SUSPICIOUS, re.MULTILINE)
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"
# The C parser is ten times as fast; PyYAML's wheels include it.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: bytes) -> Any:
    """Read the document in a text: dicts, lists, texts, numbers, booleans and None.

    Raises InvalidYamlError.
    """
    try:
        if _may_be_large(text):
            _check_bounds(text)
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - it is a safe loader
    except yaml.MarkedYAMLError as error:
        raise InvalidYamlError(
            error.problem or str(error), _location_of(error.problem_mark)
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidYamlError(str(error)) from None


def _may_be_large(text: bytes) -> bool:
    """Whether a text has aliases, or nests so deep that loading it could crash the C parser."""
    return (
        b"*" in text
        or text.count(b"[") + text.count(b"{") > _SUSPICIOUS
        or _DEEPLY_INDENTED.search(text) is not None
    )


@dataclass(slots=True)
class _Size:
    """A value as if its aliases were written out: its values and characters, and its levels."""

    total: int = 1
    depth: int = 0

    def include(self, part: _Size) -> None:
        self.total += part.total
        self.depth = max(self.depth, part.depth + 1)


def _check_bounds(text: bytes) -> None:
    """Refuse a text that nests too deep, or whose aliases repeat too much, before it is loaded."""
    anchored: dict[str, _Size] = {}
    open_values = [_Size()]
    repeated = 0
    for event in yaml.parse(text, Loader=_StrictLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            closed = open_values.pop()
            open_values[-1].include(closed)
            continue
        if isinstance(event, yaml.AliasEvent):
            # A value that is still open is aliased inside itself: the loader refuses that.
            size = anchored.get(str(event.anchor), _Size())
            repeated += size.total
            if repeated > MAX_REPEATED:
                raise _refusal(event, f"aliases that add more than {MAX_REPEATED:,} values")
        elif isinstance(event, yaml.NodeEvent):
            size = _Size(1 + len(getattr(event, "value", "")))
            if event.anchor is not None:
                anchored[event.anchor] = size
        else:
            continue
        if len(open_values) + size.depth > MAX_DEPTH + 1:
            raise _refusal(event, f"nested deeper than {MAX_DEPTH}")
        if isinstance(event, yaml.CollectionStartEvent):
            open_values.append(size)
        else:
            open_values[-1].include(size)


def _refusal(event: yaml.Event, text: str) -> InvalidYamlError:
    return InvalidYamlError(text, _location_of(event.start_mark))


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
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if key.tag == _MERGE:
                continue
            if key.tag != _TEXT or not isinstance(key, yaml.ScalarNode):
                raise _not_json(key, "a key that is not a string; quote it")
            if key.value in seen:
                raise _not_json(key, f"the key {key.value!r} occurs twice")
            seen.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping

    def construct_number(self, node: yaml.ScalarNode) -> float:
        """Construct a number; NaN, an infinity and one with too many digits are errors."""
        digits = self.construct_scalar(node)
        if len(digits) > MAX_DIGITS:
            raise _not_json(node, f"a number of {len(digits):,} characters, over {MAX_DIGITS:,}")
        construct = _NUMBERS[node.tag]
        try:
            number: float = construct(self, node)
            # A hexadecimal number has more digits than characters.
            fits = abs(number) < _TOO_LARGE if isinstance(number, int) else isfinite(number)
        # OverflowError: a float with colons; IndexError: `!!int ""`.
        except (ValueError, OverflowError, IndexError):
            raise _not_json(node, f"{digits[:50]!r}, which is not a number") from None
        if not fits:
            raise _not_json(node, f"{digits[:50]!r}, which JSON does not have")
        return number

    def construct_boolean(self, node: yaml.ScalarNode) -> bool:
        """Construct a boolean; another text that is tagged as one is an error."""
        text = self.construct_scalar(node).lower()
        if text not in self.bool_values:
            raise _not_json(node, f"{text[:50]!r}, which is not a boolean")
        return bool(self.bool_values[text])

    def reject_tag(self, node: yaml.Node) -> Any:
        """Refuse a value of a type that JSON does not have."""
        raise _not_json(node, f"{node.tag!r}, which JSON does not have")


_NUMBERS = {
    "tag:yaml.org,2002:int": _Safe.construct_yaml_int,
    "tag:yaml.org,2002:float": _Safe.construct_yaml_float,
}
for _tag in _NUMBERS:
    _StrictLoader.add_constructor(_tag, _StrictLoader.construct_number)
_StrictLoader.add_constructor("tag:yaml.org,2002:bool", _StrictLoader.construct_boolean)
for _tag in ("binary", "omap", "pairs", "set", "timestamp"):
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", _StrictLoader.reject_tag)


def find_line(root: Any, collection: str, index: int, key: str) -> int | None:
    """The line of a record, or of its value under a key, in a document that was composed.

    `root` is a list of records, or a mapping of lists. None where there is no such record.
    """
    listed = _value_under(root, collection) if isinstance(root, yaml.MappingNode) else root
    if not isinstance(listed, yaml.SequenceNode) or index >= len(listed.value):
        return None
    record = listed.value[index]
    node = _value_under(record, key) or record
    line: int = node.start_mark.line + 1
    return line


def _value_under(node: Any, key: str) -> Any:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def compose_yaml(text: bytes) -> Any:
    """The nodes of a document that `read_yaml` has read, which know their lines.

    None if it is no YAML any more.
    """
    try:
        return yaml.compose(text, Loader=_StrictLoader)
    except yaml.YAMLError:
        return None
