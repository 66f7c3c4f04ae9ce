"""Standard output, whose reader may leave before the program ends, as `head` does."""

from __future__ import annotations

import io
import os
import sys
from typing import Any


class ReaderLeftError(OSError):
    """Nobody reads standard output any more.

    No BrokenPipeError: typer and rich exit with 1 for these, which says that a problem was found.
    """


class _StandardOutput(io.FileIO):
    """The descriptor of standard output; after an error, the rest of the output is dropped."""

    def write(self, data: Any, /) -> int:
        """Write as a FileIO does. Raises ReaderLeftError, or another OSError, once."""
        try:
            return super().write(data)
        except OSError as error:
            # Python's buffers keep what was not written, and try again when Python ends.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if isinstance(error, BrokenPipeError):
                raise ReaderLeftError("nobody reads it any more") from None
            raise


def watch_standard_output() -> None:
    """From now on, let what is printed raise ReaderLeftError once when its reader has left."""
    stdout = sys.stdout
    # A test has its own stream, and there is none where descriptor 1 was closed before the start.
    if not isinstance(stdout, io.TextIOWrapper) or stdout is not sys.__stdout__:
        return
    raw = _StandardOutput(stdout.fileno(), "w", closefd=False)
    sys.stdout = io.TextIOWrapper(
        raw if stdout.write_through else io.BufferedWriter(raw),
        encoding=stdout.encoding,
        errors=stdout.errors,
        line_buffering=stdout.line_buffering,
        write_through=stdout.write_through,
    )


def flush_standard_output() -> None:
    """Write what is still buffered, so that an error of it is one of the program."""
    if sys.stdout is not None:
        sys.stdout.flush()
