"""Do what the Dockerfile says without Docker, and build it where Docker is at hand.

    check_image.py FOLDER

FOLDER stands for the file system of the image. The step that installs runs with its paths in
FOLDER; the entry point is started with the environment that the file sets, and the health check has
to succeed while it runs and to fail when it does not. Only the addresses are changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
INSTALLED = "/opt/mockserver"
START_SECONDS = 120


def main() -> None:
    """Raises AssertionError, or the error of a step."""
    folder = Path(sys.argv[1]).resolve()
    text = re.sub(r"\\\n\s*", "", (CHECKOUT / "Dockerfile").read_text(encoding="utf-8"))
    install = instruction(text, "RUN").replace(INSTALLED, str(folder / "installed"))
    install = install.replace("--no-cache-dir ", "")  # a cache spares the index the same requests
    subprocess.run(["/bin/bash", "-euc", install], cwd=CHECKOUT, check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = dict(re.findall(r'(\w+)="?([^\s"]*)"?', instruction(text, "ENV")))
    path = variables.pop("PATH").replace(INSTALLED, str(folder / "installed"))
    environment = {
        **variables,
        "PATH": path.replace("$PATH", os.environ["PATH"]),
        "MOCKSERVER_HOST": "127.0.0.1",
        "MOCKSERVER_PORT": str(port),
    }
    check = json.loads(instruction(text, "HEALTHCHECK").partition("CMD ")[2])
    server = subprocess.Popen(
        json.loads(instruction(text, "ENTRYPOINT")), cwd=folder, env=environment
    )
    try:
        assert becomes_healthy(check, environment), "the health check did not succeed"
    finally:
        server.terminate()
        assert server.wait(START_SECONDS) == 0
    assert not is_healthy(check, environment), "the health check succeeds without a server"
    build(folder)


def instruction(text: str, name: str) -> str:
    """What follows the only instruction of this name. Raises ValueError if there is another."""
    (found,) = re.findall(rf"^{name} (.*)$", text, re.M)
    return str(found)


def is_healthy(check: list[str], environment: dict[str, str]) -> bool:
    """Whether the health check succeeds."""
    done = subprocess.run(check, env=environment, capture_output=True, check=False)
    return done.returncode == 0


def becomes_healthy(check: list[str], environment: dict[str, str]) -> bool:
    """Whether the health check succeeds within the time that a start may take."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if is_healthy(check, environment):
            return True
        time.sleep(0.2)
    return False


def build(folder: Path) -> None:
    """Build the image, where a daemon of Docker answers."""
    docker = shutil.which("docker")
    asked = [docker, "info"] if docker else ["false"]
    if docker is None or subprocess.run(asked, capture_output=True, check=False).returncode:
        print("the image was not built: no daemon of Docker answers")
        return
    tag = f"mockserver-check:{folder.name.lower()}"
    subprocess.run([docker, "build", "--quiet", "--tag", tag, str(CHECKOUT)], check=True)
    subprocess.run([docker, "image", "rm", "--force", tag], check=True)
    print("the image was built")


if __name__ == "__main__":
    main()
