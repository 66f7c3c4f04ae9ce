"""Run the contract job of README.md word for word, in a new environment.

    run_readme_job.py FOLDER

FOLDER is where the environment is made and the job works; what the job writes stays there. Only
one word is changed: where a step installs `mockserver`, it is installed from this checkout. Its
exit code is that of the first step that fails, as on GitHub.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
MARKER = "<!-- contract-job -->"


def main() -> int:
    """Run the steps in order; stop at the first that fails."""
    folder = Path(sys.argv[1]).resolve()
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    work = folder / "work"
    work.mkdir()
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    for step in job_steps((CHECKOUT / "README.md").read_text("utf-8")):
        print(f"$ {step}", flush=True)
        command = ["bash", "-e", "-o", "pipefail", "-c", install_checkout(step)]
        done = subprocess.run(command, cwd=work, env={**os.environ, "PATH": path}, check=False)
        if done.returncode:
            return done.returncode
    return 0


def job_steps(readme: str) -> list[str]:
    """The commands of the job in the fenced block that follows the marker.

    Exits where there is no such block, or a step that needs GitHub (`uses`) would do more than
    check the repository out or set Python up.
    """
    found = re.search(rf"^{MARKER}\n+```yaml\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    if found is None:
        sys.exit(f"README.md: no block of YAML follows the line {MARKER}")
    (job,) = yaml.safe_load(found[1])["jobs"].values()
    ignored = ("actions/checkout", "actions/setup-python", "actions/upload-artifact")
    for step in job["steps"]:
        if "run" not in step and not step.get("uses", "").startswith(ignored):
            sys.exit(f"README.md: this step of the job cannot be run here: {step}")
    return [step["run"] for step in job["steps"] if "run" in step]


def install_checkout(step: str) -> str:
    """A step that installs mockserver from this checkout instead of by its name."""
    return re.sub(
        r"(['\"]?)\bmockserver(\[[a-z,]+\])?\1(?=\s|$)",
        lambda found: shlex.quote(f"{CHECKOUT}{found[2] or ''}"),
        step,
    ) if "pip install" in step else step  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
