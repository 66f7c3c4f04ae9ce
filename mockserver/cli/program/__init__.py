"""How the program shows its commands: a group that imports each when it is used, help pages.

Comes in: commands as typer has them. Goes out: `CommandApp` for the files that define commands,
`register_command` for commands whose flags come in groups, `CommandGroup` for the program itself.

`help_page` says what is on a page, as a value; `help_text` sets it for a terminal.
"""

from .command_app import CommandApp
from .command_group import CommandGroup
from .first_steps import FIRST_STEPS
from .flag_groups import FlagGroup, register_command
