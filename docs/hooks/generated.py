"""The parts of the site that come from the code: what it says, as Markdown.

Each function of `GENERATED` returns the text that stands for `<!-- generated: NAME -->`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Any

import yaml
from typer.main import get_command

from mockserver.cli.app import app
from mockserver.cli.program.help_page import Entry, HelpPage, help_page
from mockserver.prefect import DEVIATIONS, WARNINGS
from mockserver.prefect.changes import CHANGES
from mockserver.prefect.deviations import DATABASE_NAMES, Deviation
from mockserver.prefect.releases import OLDEST, RELEASES, describe_range
from mockserver.prefect.warnings import CLIENT_WARNINGS
from mockserver.resources import resource_text
from mockserver.seeds import json_schema

Schema = Mapping[str, Any]


def cell(text: str) -> str:
    """Text in a cell of a table."""
    return escape(text, quote=False).replace("|", "\\|").replace("\n", " ").replace("*", "\\*")


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table; cells are Markdown."""
    names = list(titles)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str) -> str:
    """A line of code in a sentence or a cell."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}".replace("|", "\\|")


def warnings() -> str:
    """Every id that the header can hold: what it means, and where."""
    everywhere = describe_range(OLDEST, None)
    deviations = {one.id: one for one in DEVIATIONS}
    rows = []
    for id_ in WARNINGS:
        one = deviations.get(id_)
        said = cell(CLIENT_WARNINGS[id_]) if one is None else _both_sides(one)
        where = everywhere if one is None else one.where
        where = where.replace(everywhere, "all").removeprefix("Prefect ")
        rows.append((code(id_), said, cell(where)))
    return table(("id", "when", "releases"), rows)


def _both_sides(one: Deviation) -> str:
    return f"By the document, {cell(one.document)}.<br>A server: {cell(one.server)}."


def deviations() -> str:
    """Each deviation with both sides, where it was seen, and a request that shows it."""
    return "\n\n".join(_deviation(one) for one in DEVIATIONS)


def _deviation(one: Deviation) -> str:
    return (
        f"### {one.id}\n\n{one.where}, at {code(one.endpoint)}.\n\n"
        f"- The document: {cell(one.document)}.\n- A server: {cell(one.server)}.\n\n"
        f"```http\n{one.request}\n```"
    )


def releases() -> str:
    """What each release changed, the newest first; those that changed nothing are named."""
    changed: dict[str, list[str]] = {release: [] for release in reversed(RELEASES)}
    for one in CHANGES:
        where = "" if len(one.databases) == 2 else f" on {DATABASE_NAMES[one.databases[0]]}"
        told = f"- {code(one.endpoint)}{where}: {cell(one.after)}. Before: {cell(one.before)}."
        changed[one.since].append(told)
    for deviation in DEVIATIONS:
        link = f"[{deviation.id}](#{deviation.id})"
        if deviation.since != OLDEST:
            changed[deviation.since].append(f"- New: {link}: {cell(deviation.server)}.")
        if deviation.until is not None:
            fixed = RELEASES[RELEASES.index(deviation.until) + 1]
            changed[fixed].append(f"- Fixed: {link}: {cell(deviation.document)}.")
    parts = [f"### {name}\n\n" + "\n".join(lines) for name, lines in changed.items() if lines]
    quiet = ", ".join(name for name, lines in changed.items() if not lines)
    return "\n\n".join([*parts, f"Nothing was found to change in {quiet}."])


def command_line() -> str:
    """Every command, as --help shows it."""
    return "\n\n".join(_command(page) for page in _pages(get_command(app), "mockserver"))


def _pages(command: Any, name: str, parent: Any = None) -> Iterator[HelpPage]:
    context = command.make_context(name, [], parent=parent, resilient_parsing=True)
    yield help_page(command, context)
    if hasattr(command, "list_commands"):
        for one in command.list_commands(context):
            yield from _pages(command.get_command(context, one), one, context)


def _command(page: HelpPage) -> str:
    name = page.usage.partition(" [OPTIONS]")[0]
    parts = [f"## {name}", f"```text\n{page.usage}\n```", page.text.strip("\n")]
    for one in page.sections:
        entries = [entry for entry in one.entries if entry.name != "--help"]
        if entries:
            parts.append(f"**{one.title}**")
            parts.append(table(("name", "what it does"), [_entry(entry) for entry in entries]))
    return "\n\n".join(parts)


def _entry(entry: Entry) -> tuple[str, str]:
    facts = f" ({'; '.join(entry.facts)})" if entry.facts else ""
    return code(entry.name), cell(entry.text + facts)


def control_api() -> str:
    """Every operation of the control API, from its OpenAPI document."""
    document = yaml.safe_load(resource_text("http/control/control.yaml"))
    parts = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                shared = methods.get("parameters", [])
                whole = {**operation, "parameters": [*shared, *operation.get("parameters", [])]}
                parts.append(_operation(method.upper(), path, whole, document))
    return "\n\n".join(parts)


def _operation(method: str, path: str, operation: Schema, document: Schema) -> str:
    parts = [f"### {method} {path}", operation.get("summary", "")]
    parts.append(operation.get("description", ""))
    rows = [
        (code(one["name"]), one["in"], cell(" ".join(one.get("description", "").split())))
        for one in (_resolved(one, document) for one in operation["parameters"])
    ]
    body = _resolved(operation.get("requestBody", {}), document).get("content", {})
    schema = _resolved(body.get("application/json", {}).get("schema", {}), document)
    rows += [
        (
            code(name),
            "body",
            cell(" ".join(_resolved(one, document).get("description", "").split())),
        )
        for name, one in schema.get("properties", {}).items()
    ]
    if rows:
        parts.append(table(("name", "in", "what it is"), rows))
    return "\n\n".join(filter(None, parts))


def _resolved(schema: Schema, document: Schema) -> Schema:
    """A schema or parameter, or what its `$ref` leads to."""
    found: Any = schema
    while "$ref" in found:
        target: Any = document
        for name in found["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        found = target
    return dict(found)


def seed_format() -> str:
    """The fields of each kind of record, from the JSON Schema of seeds."""
    parts = []
    for kind, schema in json_schema()["$defs"].items():
        needed = schema.get("required", ())
        rows = [
            (code(name) + (" (required)" if name in needed else ""), cell(_type(one)))
            for name, one in schema.get("properties", {}).items()
        ]
        if rows:
            parts.append(f"### {kind}\n\n{table(('field', 'what it is'), rows)}")
    return "\n\n".join(parts)


def _type(schema: Schema) -> str:
    """A schema in a few words."""
    if "description" in schema:
        return str(schema["description"])
    if any("pattern" in one for one in schema.get("anyOf", ())):
        return "a date-time, or a relative time such as now-90d"
    if "anyOf" in schema:
        return ", or ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if "enum" in schema:
        values = [json.dumps(value) for value in schema["enum"]]
        return ", ".join(values[:6]) + (", ..." if len(values) > 6 else "")
    if schema.get("type") == "array":
        return f"a list of: {_type(schema.get('items', {}))}"
    kinds = schema.get("format") or schema.get("type") or "any value"
    return kinds if isinstance(kinds, str) else ", or ".join(kinds)


GENERATED: Mapping[str, Callable[[], str]] = {
    "command-line": command_line,
    "control-api": control_api,
    "deviations": deviations,
    "releases": releases,
    "seed-format": seed_format,
    "warnings": warnings,
}
