"""The release of Prefect that a Python has."""

from __future__ import annotations

import subprocess
from pathlib import Path

from mockserver.errors import UsageError


def installed_release(python: Path) -> str:
    """The release of Prefect that a Python has. Raises UsageError if it has none."""
    program = "import importlib.metadata as m; print(m.version('prefect'))"
    try:
        done = subprocess.run(
            [str(python), "-c", program], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UsageError(f"{python} cannot be run: {error.strerror}") from None
    if done.returncode:
        raise UsageError(f"{python} has no Prefect; expected a Python that has a release of it")
    return done.stdout.strip()
