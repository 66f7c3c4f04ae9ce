"""The group of all commands, which imports each command when it is first used.

Invariant: building the group imports no command, so a command pays only for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from typer.main import get_group

from .command_app import ReadableGroup

# The file in cli/ that defines each command, in the order in which --help lists them.
COMMAND_FILES: Mapping[str, str] = {
    "serve": "serve",
    "open": "serve",
    "seeds": "seeds",
    "dump": "dump",
    "explain": "explain",
    "rehearse": "rehearse",
    "releases": "releases",
    "verify": "contract",
    "drift": "contract",
    "fuzz": "contract",
    "diff": "contract",
    "cleanup": "contract",
    "report": "merge_reports",
}
_COMMANDS_FOLDER = __package__.rpartition(".")[0]


class CommandGroup(ReadableGroup):
    """The commands in `COMMAND_FILES`; each file has an app named `commands`.

    Building the contract kit's commands alone took 10 ms of each start of `serve`.
    """

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the click command with this name, or None if there is none."""
        if cmd_name not in COMMAND_FILES:
            self.list_commands(ctx)  # typer suggests similar names, of the imported commands only
        elif cmd_name not in self.commands:
            self._import_commands(COMMAND_FILES[cmd_name])
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        """Import all commands and return their names."""
        for file in dict.fromkeys(COMMAND_FILES.values()):
            self._import_commands(file)
        return list(COMMAND_FILES)

    def _import_commands(self, file: str) -> None:
        module = import_module(f".{file}", _COMMANDS_FOLDER)
        self.commands.update(get_group(module.commands).commands)
