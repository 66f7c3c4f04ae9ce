"""Check an installed mockserver from outside: its seeds, then `mockserver serve` over HTTP.

    check_installed_wheel.py MOCKSERVER SAMPLE

MOCKSERVER is the program `mockserver`, SAMPLE a file with a request body. Run it outside of a
checkout, so that only installed files can be found.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

STOP_SECONDS = 60
_FIXTURES = "from mockserver.resources import resource_path; print(resource_path('fixtures'))"


def main() -> None:
    """Raises AssertionError, or the error of the program or the server."""
    mockserver, sample = sys.argv[1:]
    schema = json.loads(output_of(mockserver, "seeds", "schema"))
    assert "flow_runs" in schema["$defs"], schema
    assert json.loads(output_of(mockserver, "report", "schema"))["$id"] == "urn:mockserver:report:1"
    fixtures = Path(output_of(sys.executable, "-c", _FIXTURES).strip())
    assert output_of(mockserver, "seeds", "check", str(fixtures)).startswith("good: ")
    server = subprocess.Popen(
        [mockserver, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        announced = server.stdout.readline()
        print(announced, end="")
        check_server(announced.split()[3], Path(sample).read_bytes())
        server.send_signal(signal.SIGTERM)
        code = server.wait(STOP_SECONDS)
        assert code == 0, f"SIGTERM ended it with {code}"
    finally:
        server.kill()


def output_of(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def check_server(url: str, sample: bytes) -> None:
    """Check the document, the page that shows it, and one request, on the server at a URL."""
    assert get(f"{url}/api/health") == b"true"
    assert "/flow_runs/bulk_delete" in json.loads(get(f"{url}/openapi.json"))["paths"]
    assert b"<html" in get(f"{url}/docs").lower()
    for prefix in ("", "/api"):
        request = Request(
            f"{url}{prefix}/flow_runs/bulk_delete",
            data=sample,
            headers={"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=60) as reply:
            assert json.load(reply) == {"deleted": []}
            warnings = reply.headers["x-mockserver-warning"].split(", ")
            assert "state-both-lists" in warnings, warnings


def get(url: str) -> bytes:
    with urlopen(url, timeout=60) as reply:
        return bytes(reply.read())


if __name__ == "__main__":
    main()
