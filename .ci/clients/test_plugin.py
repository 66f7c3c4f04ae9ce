"""The pytest plugin, with Prefect in the same process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from test_clients import SETTINGS

PLUGIN_TESTS = Path(__file__).with_name("plugin_with_prefect.py")
DISABLED_PLUGINS = ("cacheprovider", "cov", "hypothesispytest", "schemathesis")


def test_clients_use_the_api_of_their_test(python: Path, tmp_path: Path) -> None:
    """In any order of imports; and no log is sent after the server has stopped."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    inherited = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    # This Python has mockserver; packages of the Python with Prefect come first.
    mine = {"PYTHONPATH": found.stdout.strip(), "PREFECT_HOME": str(tmp_path)}
    settings = {name: value for name, value in SETTINGS.items() if "EPHEMERAL" not in name}
    options = [f"-pno:{name}" for name in DISABLED_PLUGINS]
    options += ["-o", "asyncio_default_fixture_loop_scope=function"]
    tests = shutil.copy(PLUGIN_TESTS, tmp_path)  # away from this folder's conftest.py
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
