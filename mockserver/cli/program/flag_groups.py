"""Commands whose flags come in groups: each group is a frozen value, and a section of --help.

Each field of a group is a flag or an argument, declared as typer reads it. Several commands can
have the same group.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, ClassVar

import typer


class FlagGroup:
    """The base of all groups, which are frozen dataclasses."""

    TITLE: ClassVar[str | None] = None
    """Where --help lists the flags; None: with those that are under no title."""


_Function = Callable[..., None]


def register_command(app: typer.Typer, *groups: type[Any]) -> Callable[[_Function], _Function]:
    """Register a function that takes one value of each of `groups` as a command of `app`.

    The command has the function's name and docstring and the flags of all groups.
    """
    # typer reads a command's flags from its signature: here the fields of all groups in a row.
    parameters = [parameter for group in groups for parameter in _parameters(group)]

    def register(function: _Function) -> _Function:
        def run(**values: object) -> None:
            function(
                *(
                    group(**{field.name: values[field.name] for field in fields(group)})
                    for group in groups
                )
            )

        # typer makes the command's help of it.
        run.__doc__ = function.__doc__
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        app.command(function.__name__)(run)
        return function

    return register


def _parameters(group: type[FlagGroup]) -> Iterator[inspect.Parameter]:
    """The fields of a group as parameters of a command, under the group's title in --help."""
    for parameter in inspect.signature(group, eval_str=True).parameters.values():
        (declared,) = parameter.annotation.__metadata__
        declared.rich_help_panel = group.TITLE
        yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
