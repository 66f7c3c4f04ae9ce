"""The command line of Prefect, in forks of this process, and what it prints without ids and times.

A fork has imported all that a command needs: it takes a tenth of the time of a new process. The
process that forks must have no threads, so it uses no client: what needs one is done `in_fork`.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, TypeVar

from observations import Json, Observations

# Before anything of Prefect is imported: it makes its consoles then. No cell of a table is cut, and
# no object with times is nearly as long as a line: whether it fits would depend on their digits.
ENVIRONMENT = {"COLUMNS": "500", "NO_COLOR": "1", "TERM": "dumb"}
SECONDS = 60
SERVER = os.environ["PREFECT_API_URL"].removesuffix("/api")
_FORK = multiprocessing.get_context("fork")
_BORDERS = re.compile(r"^[\s\u2500-\u257f]*$")
_BETWEEN_CELLS = re.compile(r"\s*[│┃]\s*")
_AGE = re.compile(
    r"\b(in )?(\d+|a|an|a few) (millisecond|second|minute|hour|day)s?( ago| from now)?\b|\bnow\b"
)
_CLOCK = re.compile(r"\b\d\d:\d\d:\d\d\.\d{3}\b")
_ESTIMATED = ("estimated_run_time=", "estimated_start_time_delta=")  # printed unless 0
_REPR_TIME = re.compile(r"\b(datetime\.datetime|DateTime)\(([^()]|\([^()]*\))*\)")
_T = TypeVar("_T")


class Terminal:
    """Runs `prefect`, one command after the other, and notes how each ends and what it prints."""

    def __init__(self, seen: Observations) -> None:
        self._seen = seen
        self._count = 0

    def run(self, *arguments: str) -> None:
        """Run `prefect --no-prompt ...`. Of a list of everybody's objects it notes those that hold
        the token.
        """
        code, output, errors = _run_in_fork(arguments)
        line = self._general(" ".join(arguments))
        shown = normalize_output(self._general(output))
        token = self._seen.token
        if " ls" in line and token not in line:
            shown = [one for one in shown if token in str(one)]
        self._count += 1
        # Whether a command ends before its events are sent is a matter of time.
        lines = normalize_errors(self._general(errors))
        error = [one for one in lines if "EventsWorker - Still processing items" not in one]
        self._seen.note(
            f"{self._count:03} {line}", {"exit code": code, "stdout": shown, "stderr": error}
        )

    def _general(self, text: str) -> str:
        """A text with the token also where `_` stands for `-`, without addresses and paths."""
        token = self._seen.token
        text = text.replace(token.replace("-", "_"), token)
        return text.replace(SERVER, "<server>").replace(str(Path.cwd()), "<folder>")


def in_fork(function: Callable[..., _T], *arguments: object) -> _T:
    """What a function returns, called in a fork of this process. Raises EOFError if it raises."""
    ours, theirs = _FORK.Pipe(duplex=False)
    with ours:
        called = _FORK.Process(target=_send_result, args=(theirs, function, arguments))
        called.start()
        theirs.close()
        try:
            result: _T = ours.recv()
        finally:
            called.join()
    return result


def _send_result(
    to: Connection, function: Callable[..., object], arguments: Sequence[object]
) -> None:
    to.send(function(*arguments))


def _run_in_fork(arguments: Sequence[str]) -> tuple[int | None, str, str]:
    """The exit code of a command, and what it wrote to stdout and stderr."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        command = _FORK.Process(target=_be_prefect, args=(arguments, output, errors))
        command.start()
        command.join(SECONDS)
        command.kill()
        command.join()
        for file in (output, errors):
            file.seek(0)
        return command.exitcode, output.read(), errors.read()


def _be_prefect(arguments: Sequence[str], output: IO[str], errors: IO[str]) -> None:
    """Do what `prefect` does, in a process of its own."""
    os.dup2(output.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    sys.argv = ["prefect", "--no-prompt", *arguments]
    from prefect.cli import app  # imported long ago, by the process that forked

    app()


def normalize_output(output: str) -> Json:
    """The output as JSON, or else as lines; rows of tables become their cells."""
    try:
        return json.loads(output)
    except ValueError:
        return _lines(output)


def normalize_errors(errors: str) -> list[str]:
    """The lines after a traceback: only these do not contain paths of the installation."""
    lines = errors.splitlines()
    indented = [number for number, line in enumerate(lines) if line.startswith(" ")]
    return _lines("\n".join(lines[max(indented, default=-1) + 1 :]))


def _lines(text: str) -> list[str]:
    """The lines with text, without table borders and ages, whatever the width of a table."""
    cells = [_BETWEEN_CELLS.split(line.strip()) for line in text.splitlines()]
    lines = [" | ".join(cell for cell in row if cell) for row in cells]
    shown = [_without_times(line) for line in lines if not _BORDERS.match(line)]
    return [line for line in shown if not line.startswith(_ESTIMATED)]


def _without_times(line: str) -> str:
    for pattern, label in ((_AGE, "<age>"), (_REPR_TIME, "<time>"), (_CLOCK, "<time>")):
        line = pattern.sub(label, line)
    return line
