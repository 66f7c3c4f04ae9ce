"""The pytest plugin, with Prefect in the same process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from test_clients import SETTINGS, folders

FOLDER = Path(__file__).parent
DISABLED_PLUGINS = ("cacheprovider", "cov", "hypothesispytest", "schemathesis")


def test_clients_use_the_api_of_their_test(python: Path, tmp_path: Path) -> None:
    """In any order of imports; and no log is sent after the server has stopped."""
    options = ("-o", "asyncio_default_fixture_loop_scope=function")
    done = run_tests("plugin_with_prefect.py", python, tmp_path, *options)
    assert "11 passed" in done.stdout
    assert "Error logging to API" not in done.stderr


def test_results_are_those_of_their_test(python: Path, tmp_path: Path) -> None:
    """Also on two workers that share the folder in which Prefect keeps them."""
    done = run_tests("persisted_results.py", python, tmp_path, "-n2")
    assert f"{os.environ.get('MOCKSERVER_TEST_NUMBER', '100')} passed" in done.stdout


def run_tests(
    file: str, python: Path, folder: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    """Run the tests in a file beside this one, with the Prefect of another Python; all must pass.

    Prefect's home is the folder.
    """
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    inherited = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    # This Python has mockserver; packages of the Python with Prefect come first.
    mine = {"PYTHONPATH": found.stdout.strip(), **folders(folder)}
    settings = {name: value for name, value in SETTINGS.items() if "EPHEMERAL" not in name}
    disabled = [f"-pno:{name}" for name in DISABLED_PLUGINS]
    tests = shutil.copy(FOLDER / file, folder)  # away from this folder's conftest.py
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *disabled, *options, tests],
        env=inherited | settings | mine,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    return done
