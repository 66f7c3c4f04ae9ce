"""The command line, run as a user runs it."""

import gzip
import json
import socket
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from mockserver import __version__
from mockserver.cli.app import DialectName
from mockserver.prefect.dialects import DIALECTS


def mockserver(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mockserver", *map(str, arguments)],
        capture_output=True,
        text=True,
    )


def test_the_dialects_are_the_registrys() -> None:
    """What --dialect takes is what there is."""
    assert {name.value for name in DialectName} == set(DIALECTS)


def test_help_names_every_flag_and_its_variable() -> None:
    """--help teaches: what it does, each flag, its default and its environment variable."""
    shown = mockserver("serve", "--help").stdout
    for flag in ("--host", "--port", "--dialect", "--now", "--log-format", "--fixtures"):
        assert flag in shown
    assert "MOCKSERVER_PORT" in shown
    assert "PREFECT_API_URL" in shown


def test_version() -> None:
    """--version is a line and exit code 0."""
    done = mockserver("--version")
    assert (done.returncode, done.stdout) == (0, f"mockserver {__version__}\n")


def test_made_seeds_are_reproducible_and_good(tmp_path: Path) -> None:
    """make writes the same runs again, packed or not; check finds them good."""
    plain, packed = tmp_path / "runs.ndjson", tmp_path / "runs.ndjson.gz"
    for file in (plain, packed):
        assert mockserver("seeds", "make", "--runs", "300", "--seed", "7", "-o", file).stderr == ""
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    done = mockserver("seeds", "check", packed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("good: 300 flow runs, ")
    to_stdout = mockserver("seeds", "make", "--runs", "300", "--seed", "7", "-o", "-").stdout
    assert to_stdout.encode() == plain.read_bytes()


def test_made_seeds_can_have_absolute_times(tmp_path: Path) -> None:
    """With --now the times are those of that day."""
    file = tmp_path / "runs.ndjson"
    now = "2026-01-31T00:00:00Z"
    mockserver("seeds", "make", "--runs", "50", "--now", now, "-o", file)
    ends = [json.loads(line).get("end_time") for line in file.read_text().splitlines()]
    known = [end for end in ends if end]
    assert known
    assert all(end.endswith("Z") and end <= now for end in known)


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    """make overwrites nothing by accident, and leaves no half-written file."""
    file = tmp_path / "runs.ndjson"
    file.write_text("mine")
    done = mockserver("seeds", "make", "-o", file)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert file.read_text() == "mine"
    assert mockserver("seeds", "make", "-o", file, "--force", "--runs", "1").returncode == 0
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("seeds", "make", "-o", "runs.csv"), ".ndjson"),
        (("seeds", "make", "-o", "no/such/folder/runs.ndjson"), "cannot write"),
        (("seeds", "make", "-o", "-", "--now", "soon"), "--now"),
        (("seeds", "make", "-o", "-", "--now", "0001-01-01T00:00:00Z"), "--now"),
        (("serve", "--port", "99999"), "--port"),
        (("serve", "--dialect", "oracle"), "prefect-sqlite"),
        (("seeds",), "check"),
    ],
)
def test_wrong_use_is_exit_code_2_and_no_traceback(arguments: tuple[str, ...], said: str) -> None:
    """A user's mistake is said in a line that says what would be right."""
    done = mockserver(*arguments)
    assert done.returncode == 2
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_an_interrupted_make_leaves_nothing(tmp_path: Path) -> None:
    """Told to stop in the middle, it takes the unfinished file away."""
    arguments = ["seeds", "make", "--runs", "5000000", "-o", str(tmp_path / "runs.ndjson")]
    process = subprocess.Popen([sys.executable, "-m", "mockserver", *arguments])
    while not any(file.stat().st_size for file in tmp_path.iterdir()):
        assert process.poll() is None
    process.terminate()
    assert process.wait(20) == 143
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_without_a_traceback() -> None:
    """What cannot be written is one line and exit code 1."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mockserver", "seeds", "make", "-o", "-"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_is_not_there_is_no_finding() -> None:
    """A pipeline can tell it from a broken contract: exit code 2, nothing was tested."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    done = mockserver("drift", f"http://127.0.0.1:{port}/api")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mockserver: nothing was tested: cannot reach http://127.0.0.1:")


def test_check_lists_every_problem_and_exits_1(tmp_path: Path) -> None:
    """Exit code 1: something was found, all of it on stderr."""
    file = tmp_path / "seed.yaml"
    file.write_text("flow_runs:\n- {name: 1}\n- {tags: x}\n")
    done = mockserver("seeds", "check", file)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "mockserver: 2 problems in the seeds:",
        f"{file}, flow_runs[0].name: 1; expected text",
        f'{file}, flow_runs[1].tags: "x"; expected a list of texts',
    ]


def test_the_schema_is_printed() -> None:
    """The printed JSON Schema is one, and takes a good seed."""
    schema = json.loads(mockserver("seeds", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"flow_runs": [{"name": "a", "start_time": "now-2d"}]}, schema)
