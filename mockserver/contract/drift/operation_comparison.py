"""Comparing one operation of two documents: its parameters, its body, its replies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .changes import Change, ChangeKind, Side
from .documents import Operation, path_parameter_names
from .schema_comparison import Comparison
from .schemas import SchemaReader, expect_list, expect_object

_Node = Mapping[str, Any]


def compare_operations(comparison: Comparison, ours: Operation, theirs: Operation) -> None:
    """Add the changes of one operation to `comparison`. Raises DocumentError."""
    comparison.compared.add(str(ours))
    _compare_parameters(comparison, ours, theirs)
    _compare_bodies(comparison, ours, theirs)
    _compare_replies(comparison, ours, theirs)


def _compare_parameters(comparison: Comparison, ours: Operation, theirs: Operation) -> None:
    mine = dict(_parameters_by_key(comparison.ours, ours))
    others = dict(_parameters_by_key(comparison.theirs, theirs))
    for key, parameter in mine.items():
        subject = f"{ours} {parameter['in']} {parameter['name']}"
        other = others.get(key)
        if other is None:
            comparison.add_change(
                Change(ChangeKind.REMOVED, subject, "parameter", "is gone"), Side.REQUEST
            )
            continue
        schema, schema_there = (one.get("schema", True) for one in (parameter, other))
        comparison.compare_schemas(schema, schema_there, subject, Side.REQUEST)
        comparison.compare_required(
            _is_required(parameter), _is_required(other), subject, Side.REQUEST
        )
    for key, parameter in others.items():
        # Both have the same path, so a path parameter that ours lacks is in the prefix of theirs.
        if key not in mine and key[0] != "path":
            subject = f"{ours} {parameter['in']} {parameter['name']}"
            comparison.note_added_part(_is_required(parameter), subject, "parameter", Side.REQUEST)


def _parameters_by_key(
    reader: SchemaReader, operation: Operation
) -> Iterator[tuple[tuple[str, str], _Node]]:
    """The parameters of an operation by (in, name), as requests show them.

    The name of a path parameter does not show in a request, so its position from the path's end
    takes the name's place. Names of headers ignore case.
    """
    positions = {
        name: str(position)
        for position, name in enumerate(reversed(path_parameter_names(operation.path)))
    }
    # OpenAPI 3.1: a parameter of the operation overrides that of its path. In a dict the later one
    # wins.
    for node in (operation.path_item, operation.node):
        for entry in expect_list(node.get("parameters", []), "parameters"):
            parameter = reader.resolve(entry)
            location, name = str(parameter.get("in")), str(parameter.get("name"))
            if location == "path":
                name = positions.get(name, name)
            elif location == "header":
                # RFC 9110, section 5.1: names of fields ignore case.
                name = name.lower()
            yield (
                (location, name),
                {**parameter, "in": location, "name": str(parameter.get("name"))},
            )


def _is_required(node: _Node) -> bool:
    # OpenAPI 3.1: false by default, for parameters and bodies.
    return node.get("required") is True


def _compare_bodies(comparison: Comparison, ours: Operation, theirs: Operation) -> None:
    subject = f"{ours} body"
    mine, other = (
        reader.resolve(operation.node["requestBody"]) if "requestBody" in operation.node else None
        for reader, operation in ((comparison.ours, ours), (comparison.theirs, theirs))
    )
    if mine is None and other is not None:
        comparison.note_added_part(_is_required(other), subject, "body", Side.REQUEST)
    elif mine is not None and other is None:
        comparison.add_change(Change(ChangeKind.REMOVED, subject, "body", "is gone"), Side.REQUEST)
    elif mine is not None and other is not None:
        comparison.compare_required(_is_required(mine), _is_required(other), subject, Side.REQUEST)
        _compare_contents(comparison, mine, other, subject, Side.REQUEST)


def _compare_replies(comparison: Comparison, ours: Operation, theirs: Operation) -> None:
    mine, others = (
        expect_object(operation.node.get("responses", {})) for operation in (ours, theirs)
    )
    for status in sorted(mine.keys() | others.keys()):
        subject = f"{ours} {status}"
        comparison.compared.add(subject)
        if status not in others:
            change = Change(ChangeKind.REMOVED, subject, "status", f"status {status} is gone")
            comparison.add_change(change, Side.RESPONSE)
        elif status not in mine:
            change = Change(ChangeKind.ADDED, subject, "status", f"status {status} is new")
            comparison.add_change(change, Side.RESPONSE)
        else:
            pair = comparison.ours.resolve(mine[status]), comparison.theirs.resolve(others[status])
            _compare_contents(comparison, *pair, subject, Side.RESPONSE)


def _compare_contents(
    comparison: Comparison, ours: _Node, theirs: _Node, subject: str, side: Side
) -> None:
    """Compare the schemas of each media type. A reply without content (204) has none."""
    mine, others = (_schemas_by_media_type(node) for node in (ours, theirs))
    for media in sorted(mine.keys() | others.keys()):
        if media in mine and media in others:
            media_subject = subject if media == "application/json" else f"{subject} {media}"
            comparison.compare_schemas(mine[media], others[media], media_subject, side)
        else:
            kind = ChangeKind.REMOVED if media in mine else ChangeKind.ADDED
            fate = "gone" if media in mine else "new"
            comparison.add_change(Change(kind, subject, "media type", f"{media} is {fate}"), side)


def _schemas_by_media_type(node: _Node) -> dict[str, Any]:
    return {
        # RFC 9110, section 8.3.1: types ignore case, and may have parameters such as a charset.
        str(media).partition(";")[0].strip().lower(): expect_object(content).get("schema", True)
        for media, content in expect_object(node.get("content", {})).items()
    }
