"""The command line, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run_command(
    *arguments: str | Path, stdin: bytes = b"", code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run `mockserver` with these arguments in 80 columns; its exit code has to be `code`.

    A traceback is never right.
    """
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    text = subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )
    assert text.returncode == code, text.stderr
    assert "Traceback" not in text.stderr
    return text
