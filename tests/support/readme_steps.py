"""The steps of README's rehearsal, and how they are run as a user types them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

STEPS: dict[str, str] = dict(
    re.findall(r"<!-- rehearse: (\w+) -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
)
"""The commands of each step, by the name in its marker."""


def run_shell(text: str, folder: Path, **environment: str) -> str:
    """Run commands of README in a folder, with this Python; returns what they print.

    Raises CalledProcessError for another exit code than 0.
    """
    text = text.replace("python tests/", f"{sys.executable} {ROOT}/tests/")
    text = re.sub(r"^mockserver ", f"{sys.executable} -m mockserver ", text, flags=re.M)
    done = subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        env={**os.environ, **environment, "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
