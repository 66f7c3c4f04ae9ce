"""The apps in which commands are declared: their help is a page of ours, not of typer's.

typer's own help puts types such as `<bool>` beside each flag and leaves 20 of 80 columns to what
a flag does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from .help_page import HelpPage


class _Readable:
    """Formats the help of a command or a group."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page, coloured where the output is a terminal."""
        # Imported late: only --help needs it.
        from .help_page import help_page

        formatter.write(_coloured(help_page(self, ctx)))


class ReadableCommand(_Readable, TyperCommand):
    """A command with a help page of ours."""


class ReadableGroup(_Readable, TyperGroup):
    """A group of commands with a help page of ours."""


class CommandApp(typer.Typer):
    """An app of typer's whose commands have help pages of ours."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"cls": ReadableGroup, "rich_markup_mode": None} | settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        """Declare a command, as `typer.Typer.command` does."""
        return super().command(name, **{"cls": ReadableCommand} | settings)


def _coloured(page: HelpPage) -> str:
    from rich.console import Console
    from rich.text import Text

    from .help_text import MAX_WIDTH, help_text

    console = Console(highlight=False)
    text = Text(help_text(page, min(console.width, MAX_WIDTH)))
    text.highlight_regex(r"(?m)^\S[^\n]*:$", "bold")
    text.highlight_regex(r"(?<![\w-])--?[a-z][\w-]*", "cyan")
    text.highlight_regex(r"\[[^\]]*(?:default|env): [^\]]*\]", "dim")
    with console.capture() as capture:
        console.print(text, soft_wrap=True)
    return capture.get()
