"""The pytest plugin, with Prefect in the same process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from test_clients import SETTINGS

TESTS = Path(__file__).with_name("in_one_process.py")
UNWANTED = ("cacheprovider", "cov", "hypothesispytest", "schemathesis")


def test_clients_use_the_api_of_their_test(python: Path, tmp_path: Path) -> None:
    """Whatever was imported when; and nothing is left to be sent when the server is gone."""
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    found = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
    inherited = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    # The python of these tests has mockserver; Prefect, with its versions, comes first.
    mine = {"PYTHONPATH": found.stdout.strip(), "PREFECT_HOME": str(tmp_path)}
    settings = {name: value for name, value in SETTINGS.items() if "EPHEMERAL" not in name}
    options = [f"-pno:{name}" for name in UNWANTED]
    options += ["-o", "asyncio_default_fixture_loop_scope=function"]
    tests = shutil.copy(TESTS, tmp_path)  # away from the settings and fixtures here
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, tests],
        env=inherited | settings | mine,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    assert "11 passed" in done.stdout
    assert "Error logging to API" not in done.stderr
