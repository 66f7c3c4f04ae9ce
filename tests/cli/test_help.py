"""What --help and completion show, and what the program says without a command."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from mockserver.cli.app import app
from mockserver.cli.program.help_page import ARGUMENTS, OPTIONS, Entry, HelpPage, Section, help_page
from mockserver.cli.program.help_text import help_text

WIDTH = 80
PROGRAM = get_command(app)


def pages(command: Any, path: str, parent: Any = None) -> Iterator[tuple[str, HelpPage]]:
    """The help page of a command, and of all commands in it."""
    context = command.make_context(path, [], parent=parent, resilient_parsing=True)
    yield context.command_path, help_page(command, context)
    if hasattr(command, "list_commands"):
        for name in command.list_commands(context):
            yield from pages(command.get_command(context, name), name, context)


PAGES = dict(pages(PROGRAM, "mockserver"))


@pytest.mark.parametrize("name", PAGES)
def test_help_is_readable_at_80_columns(name: str) -> None:
    """No line is longer, no type stands where a word should, and a value has a name."""
    text = help_text(PAGES[name], WIDTH)
    assert [line for line in text.splitlines() if len(line) > WIDTH] == []
    assert "<" not in text
    assert text.startswith(f"Usage: {name} [OPTIONS]")
    for section in PAGES[name].sections:
        for entry in section.entries:
            assert entry.text.endswith((".", "?", ")")), entry


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if len(page.sections) > 1])
def test_long_lists_of_options_are_in_groups(name: str) -> None:
    """No more than a dozen stand under one title."""
    for section in PAGES[name].sections:
        assert len(section.entries) <= 12 or section.title == "Commands", section.title


def test_a_group_lists_its_commands_first() -> None:
    """All that there are, each with a sentence."""
    first = PAGES["mockserver"].sections[0]
    assert [entry.name for entry in first.entries][:3] == ["serve", "open", "seeds"]
    assert {f"mockserver {entry.name}" for entry in first.entries} <= set(PAGES)


def test_facts_are_told_beside_an_option() -> None:
    """Bounds, the default and the environment variable; a switch names what it is by default."""
    options = {e.name: e for section in PAGES["mockserver serve"].sections for e in section.entries}
    assert options["--port PORT"].facts == ("0 to 65535", "default: 4300", "env: MOCKSERVER_PORT")
    assert options["--page / --no-page"].facts == ("default: --page", "env: MOCKSERVER_PAGE")
    assert options["--open"].facts == ()
    assert options["--log-format text|json"].facts[0] == "default: text"
    output = {e.name: e for section in PAGES["mockserver dump"].sections for e in section.entries}
    assert output["-o, --output FILE"].facts == ("required",)


def test_a_page_is_set_as_text() -> None:
    """Paragraphs are folded, examples stay, and the help of a long name begins below it."""
    text = "Say *why* and `how`, at some length.\n\n    an  example of a line that is long"
    options = (Entry("--a-name-that-is-rather LONG", "Its help.", ("default: 1",)),)
    sections = (Section(ARGUMENTS, (Entry("X", "One."),)), Section(OPTIONS, options))
    assert (
        help_text(HelpPage("it [OPTIONS] X", text, sections), 40).splitlines()
        == [
            "Usage: it [OPTIONS] X",
            "",
            "Say why and how, at some length.",
            "",
            "    an  example of a line that is long",
            "",
            "Arguments:",
            "  X                        One.",
            "",
            "Options:",
            "  --a-name-that-is-rather LONG",
            "                           Its help.",
            "                           [default: 1]",
            "",
        ][:-1]
    )


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("mockserver")), *arguments],
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
    )


def test_without_a_command_it_says_what_people_do_first() -> None:
    """Five commands that exist, with exit code 0."""
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    shown = re.findall(r"^  mockserver (\w+)", done.stdout, re.M)
    assert len(shown) == 5
    assert {f"mockserver {name}" for name in shown} <= set(PAGES)
    assert all(len(line) <= WIDTH for line in done.stdout.splitlines())


def test_help_is_plain_text_in_a_pipe_and_as_wide_as_the_terminal() -> None:
    """Without colours, and not wider than a reader's eye follows."""
    shown = run("serve", "--help", COLUMNS="200").stdout
    assert "\x1b" not in shown
    assert 80 < max(map(len, shown.splitlines())) <= 100


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("mockserver s", {"serve", "seeds"}),
        ("mockserver seeds ", {"check", "schema", "make", "pack"}),
        ("mockserver serve --di", {"--dialect"}),
        ("mockserver serve --log-format ", {"text", "json"}),
    ],
)
def test_bash_completes(typed: str, offered: set[str]) -> None:
    """As bash calls the function that the program gives it."""
    words = " ".join(f"'{word}'" for word in typed.split(" "))
    script = (
        'eval "$(_MOCKSERVER_COMPLETE=source_bash mockserver)"\n'
        f"COMP_WORDS=({words})\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
        '_mockserver_completion mockserver\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "-c", script], env={"PATH": path}, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) >= offered
