"""What is on the help page of a command: a value that a terminal and the documentation show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

ARGUMENTS, OPTIONS = "Arguments", "Options"


@dataclass(frozen=True, slots=True)
class Entry:
    """One argument, option or command: how it is written, what it does, and short facts."""

    name: str
    text: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Entries that belong together, under a title."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class HelpPage:
    """A command's usage line, its docstring, and its sections."""

    usage: str
    text: str
    sections: tuple[Section, ...]


def help_page(command: Any, context: Any) -> HelpPage:
    """The help page of a command or group of typer's, in its context.

    Sections are titled by `rich_help_panel`, in the order in which the options are declared;
    arguments come first, options without a title last.
    """
    parameters = [one for one in command.get_params(context) if not getattr(one, "hidden", False)]
    arguments = tuple(_argument(one) for one in parameters if one.param_type_name == "argument")
    sections = [Section(ARGUMENTS, arguments)] if arguments else []
    sections += _sections(
        {
            one.opts[0]: (one.rich_help_panel or OPTIONS, _option(one))
            for one in parameters
            if one.param_type_name != "argument"
        }
    )
    commands = {}
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        found = command.get_command(context, name)
        if not found.hidden:
            text = " ".join((found.help or "").strip().partition("\n\n")[0].split())
            commands[name] = (found.rich_help_panel or "Commands", Entry(name, text))
    usage = " ".join(
        [
            context.command_path,
            "[OPTIONS]",
            *(_in_usage(one) for one in parameters if one.param_type_name == "argument"),
            *(["COMMAND ..."] if commands else []),
        ]
    )
    # What a group is for are its commands; its own options are few.
    return HelpPage(usage, command.help or "", (*_sections(commands), *sections))


def _sections(entries: Mapping[str, tuple[str, Entry]]) -> Iterator[Section]:
    titles = [title for title in dict.fromkeys(t for t, _ in entries.values()) if title != OPTIONS]
    for title in (*titles, OPTIONS):
        found = tuple(entry for of, entry in entries.values() if of == title)
        if found:
            yield Section(title, found)


def _argument(parameter: Any) -> Entry:
    return Entry(_argument_name(parameter), parameter.help or "", tuple(_facts(parameter)))


def _argument_name(parameter: Any) -> str:
    many = "..." if parameter.nargs != 1 else ""
    return f"{parameter.metavar or parameter.name.upper()}{many}"


def _in_usage(parameter: Any) -> str:
    name = _argument_name(parameter)
    return name if parameter.required else f"[{name}]"


def _option(parameter: Any) -> Entry:
    # A short name comes first, as in other programs; a switch that can be off has a name for it.
    names = sorted(parameter.opts, key=lambda name: (name.startswith("--"), name))
    name = ", ".join(names)
    if parameter.secondary_opts:
        name = f"{name} / {parameter.secondary_opts[0]}"
    if not parameter.is_flag:
        name = f"{name} {parameter.metavar or parameter.name.upper()}"
    return Entry(name, parameter.help or "", tuple(_facts(parameter)))


def _facts(parameter: Any) -> Iterator[str]:
    """What there is to know besides: bounds, the default, the environment variable."""
    if parameter.required:
        yield "required"
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if low is not None or high is not None:
        yield f"{low} to {high}" if None not in (low, high) else f"{low} or more"
    default = _default(parameter)
    if default and parameter.show_default:
        yield f"default: {default}"
    if parameter.envvar:
        yield f"env: {parameter.envvar}"


def _default(parameter: Any) -> str | None:
    """The default as a user would type it; None for none, and for a switch that is off."""
    value = parameter.default
    if isinstance(value, bool):
        return parameter.opts[0] if value else None
    if value is None or callable(value) or isinstance(value, list | tuple):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value.value if isinstance(value, Enum) else value)
