"""Writing a file: it appears under its name when it is complete, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ...errors import UsageError


@contextmanager
def atomic_write(output: Path, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Yield a file to write to, which takes the name `output` when the block succeeds."""
    if output.exists() and not overwrite:
        raise UsageError(f"{output} exists already; --force overwrites it")
    # In the same folder: a rename is atomic only within one file system.
    unfinished = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(output)
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror or error}") from None
    finally:
        unfinished.unlink(missing_ok=True)
