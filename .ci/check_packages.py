"""Build the sdist and the wheel, check what is in them, and install the wheel on each Python.

    check_packages.py FOLDER

FOLDER is where everything is made. Pythons are looked for on the PATH and among those of pyenv;
the last line says which of them were not at hand. Needs the extra `package`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# Files without which a package is of no use, by what would be missing.
IN_BOTH = (
    *("mockserver/py.typed", "mockserver/http/docs.html", "mockserver/http/control/control.yaml"),
    *("mockserver/web/templates/layout.html", "mockserver/web/assets/page.css"),
    "mockserver/contract/report/report.schema.json",
)
IN_WHEEL = (*IN_BOTH, "mockserver/openapi.yaml", "mockserver/fixtures/flow_runs.yaml")
IN_SDIST = (
    *IN_BOTH,
    *("openapi.yaml", "fixtures/flow_runs.yaml", "README.md", "LICENSE", "CHANGELOG.md"),
    *("pyproject.toml", "mkdocs.yml", "docs/index.md", "docs/images/filter.png", "Dockerfile"),
    *("tests/conftest.py", "SECURITY.md", "action.yml"),
)


def main() -> None:
    """Raises AssertionError, or the error of what was run."""
    folder = Path(sys.argv[1]).resolve()
    run(sys.executable, "-m", "build", "--outdir", str(folder / "dist"), str(CHECKOUT))
    (sdist,), (wheel,) = (list((folder / "dist").glob(f"*{end}")) for end in (".tar.gz", ".whl"))
    run(sys.executable, "-m", "twine", "check", "--strict", str(sdist), str(wheel))
    with tarfile.open(sdist) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    check_contents(sdist, names, IN_SDIST)
    check_contents(wheel, set(zipfile.ZipFile(wheel).namelist()), IN_WHEEL)
    missing = []
    for version in PYTHONS:
        python = next(pythons(version), None)
        if python is None:
            missing.append(version)
        else:
            check_install(python, wheel, folder / version)
    print(f"not at hand: Python {', '.join(missing)}" if missing else "all Pythons were at hand")


def run(*command: str, cwd: Path | None = None) -> None:
    """Run a command; its output is shown if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def check_contents(package: Path, names: set[str], expected: tuple[str, ...]) -> None:
    """A package has what it needs, and nothing that was left lying about."""
    missing = [name for name in expected if name not in names]
    assert not missing, f"{package.name} lacks {missing}"
    litter = [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert not litter, f"{package.name} holds {litter[:3]}"
    print(f"{package.name}: {len(names):,} files, {package.stat().st_size:,} bytes")


def pythons(version: str) -> Iterator[str]:
    """The Pythons of this version that run: a shim of pyenv may stand for none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *map(str, pyenv.glob(f"{version}.*/bin/python"))]
    for python in filter(None, found):
        done = subprocess.run([python, "-c", "import venv"], capture_output=True, check=False)
        if done.returncode == 0:
            yield python


def check_install(python: str, wheel: Path, folder: Path) -> None:
    """Install the wheel for a Python in a new environment, and use it outside of the checkout."""
    environment = folder / "environment"
    run(python, "-m", "venv", str(environment))
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    inside = str(programs / "python")
    run(inside, "-m", "pip", "install", "--quiet", str(wheel))
    run(inside, "-m", "pip", "check")
    check = CHECKOUT / ".ci" / "check_installed_wheel.py"
    sample = CHECKOUT / "tests" / "data" / "sample-request.json"
    run(inside, str(check), str(programs / "mockserver"), str(sample), cwd=folder)
    print(f"installed and used on {python}")


if __name__ == "__main__":
    main()
