"""The commands, run as a user runs them: output, exit codes, and what --help shows."""

import gzip
import json
import os
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import jsonschema
import pytest
from typer.main import get_group

from mockserver import __version__
from mockserver.cli.program.command_group import COMMAND_FILES


def run_mockserver(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mockserver", *map(str, arguments)],
        capture_output=True,
        text=True,
    )


def test_every_listed_command_is_defined_in_its_file() -> None:
    """The table of commands and the files that it names agree, in both directions."""
    defined = {
        (name, file)
        for file in set(COMMAND_FILES.values())
        for name in get_group(import_module(f"mockserver.cli.{file}").commands).commands
    }
    assert defined == set(COMMAND_FILES.items())


def test_a_mistyped_command_suggests_the_right_one() -> None:
    """The suggestion knows commands that are not imported yet."""
    done = run_mockserver("verfy")
    assert done.returncode == 2
    assert "'verify'" in done.stderr


def test_serve_help_lists_the_flags_and_variables() -> None:
    """serve --help shows the flags, their environment variables, and how to point Prefect at it."""
    shown = run_mockserver("serve", "--help").stdout
    for flag in ("--host", "--port", "--dialect", "--now", "--log-format", "--fixtures"):
        assert flag in shown
    assert "MOCKSERVER_PORT" in shown
    assert "PREFECT_API_URL" in shown


def test_version_prints_one_line() -> None:
    """--version prints the name and the version, with exit code 0."""
    done = run_mockserver("--version")
    assert (done.returncode, done.stdout) == (0, f"mockserver {__version__}\n")


def test_generated_seeds_are_reproducible_and_valid(tmp_path: Path) -> None:
    """The same options give the same bytes, gzipped or on stdout too; check accepts them."""
    plain, gzipped = tmp_path / "runs.ndjson", tmp_path / "runs.ndjson.gz"
    for file in (plain, gzipped):
        done = run_mockserver("seeds", "make", "--runs", "300", "--seed", "7", "-o", file)
        assert done.stderr == ""
    assert gzip.decompress(gzipped.read_bytes()) == plain.read_bytes()
    done = run_mockserver("seeds", "check", gzipped)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("good: 300 flow runs, ")
    to_stdout = run_mockserver("seeds", "make", "--runs", "300", "--seed", "7", "-o", "-").stdout
    assert to_stdout.encode() == plain.read_bytes()


def test_generated_times_are_absolute_with_now(tmp_path: Path) -> None:
    """With --now, times are written in full, and no run ends after it."""
    file = tmp_path / "runs.ndjson"
    now = "2026-01-31T00:00:00Z"
    run_mockserver("seeds", "make", "--runs", "50", "--now", now, "-o", file)
    ends = [json.loads(line).get("end_time") for line in file.read_text().splitlines()]
    known = [end for end in ends if end]
    assert known
    assert all(end.endswith("Z") and end <= now for end in known)


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    """make overwrites a file only with --force, and leaves no other file behind."""
    file = tmp_path / "runs.ndjson"
    file.write_text("mine")
    done = run_mockserver("seeds", "make", "-o", file)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert file.read_text() == "mine"
    assert run_mockserver("seeds", "make", "-o", file, "--force", "--runs", "1").returncode == 0
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("seeds", "make", "-o", "runs.csv"), ".ndjson"),
        (("seeds", "make", "-o", "no/such/folder/runs.ndjson"), "cannot write"),
        (("seeds", "make", "-o", "-", "--now", "soon"), "--now"),
        (("seeds", "make", "-o", "-", "--now", "0001-01-01T00:00:00Z"), "--now"),
        (("serve", "--port", "99999"), "--port"),
        (("serve", "--dialect", "oracle"), "prefect-sqlite"),
        (("verify", "--spawn", "mockserver", "--dialect", "oracle"), "prefect-sqlite@3.8.8"),
        (("drift", "--spawn", "prefect@3.4.0"), "3.6.16 to 3.6.29"),
        (("fuzz", "--spawn", "pretect"), "expected prefect"),
        (("seeds",), "check"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_hint(arguments: tuple[str, ...], hint: str) -> None:
    """A user's mistake is answered with what would be right, without a traceback."""
    done = run_mockserver(*arguments)
    assert done.returncode == 2
    assert hint in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_an_interrupted_make_leaves_no_file(tmp_path: Path) -> None:
    """SIGTERM in the middle of make removes the unfinished file and exits with 143."""
    arguments = ["seeds", "make", "--runs", "5000000", "-o", str(tmp_path / "runs.ndjson")]
    process = subprocess.Popen([sys.executable, "-m", "mockserver", *arguments])
    while not any(file.stat().st_size for file in tmp_path.iterdir()):
        assert process.poll() is None
    process.terminate()
    assert process.wait(20) == 143
    assert list(tmp_path.iterdir()) == []


def run_with_output(output: int, buffered: bool, *arguments: str) -> tuple[int, str]:
    """The exit code and stderr of a command that writes to a descriptor."""
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", *arguments],
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "" if buffered else "1"},
    )
    return done.returncode, done.stderr


PRINTING = [("seeds", "make", "-o", "-"), ("releases",), ("--help",)]
"""Commands that print bytes, with rich, and as typer does."""


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("arguments", PRINTING)
def test_a_full_disk_is_an_error_without_a_traceback(
    arguments: tuple[str, ...], buffered: bool
) -> None:
    """A failed write is one line on stderr and exit code 1, also of what Python had buffered."""
    with Path("/dev/full").open("wb") as full:
        code, errors = run_with_output(full.fileno(), buffered, *arguments)
    assert (code, errors) == (1, "mockserver: output: No space left on device\n")


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("arguments", PRINTING)
def test_a_reader_that_leaves_ends_a_command_quietly(
    arguments: tuple[str, ...], buffered: bool
) -> None:
    """As after `| head`: nothing on stderr, and the exit code that shells report for SIGPIPE. It is
    not 1, which says that a problem was found.
    """
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert run_with_output(writer, buffered, *arguments) == (141, "")
    finally:
        os.close(writer)


def test_an_unreachable_server_exits_with_2() -> None:
    """Exit code 2, not 1: a pipeline can tell that nothing was tested from a broken contract."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    done = run_mockserver("drift", f"http://127.0.0.1:{port}/api")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mockserver: nothing was tested: cannot reach http://127.0.0.1:")


def test_check_lists_every_problem_and_exits_1(tmp_path: Path) -> None:
    """All problems are on stderr, one a line, and nothing on stdout."""
    file = tmp_path / "seed.yaml"
    file.write_text("flow_runs:\n- {name: 1}\n- {tags: x}\n")
    done = run_mockserver("seeds", "check", file)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "mockserver: 2 problems in the seeds:",
        f"{file}:2, flow_runs[0].name: 1; expected a string",
        f'{file}:3, flow_runs[1].tags: "x"; expected a list of strings',
    ]


def test_the_printed_schema_accepts_a_seed() -> None:
    """seeds schema prints a valid JSON Schema, which accepts a valid seed."""
    schema = json.loads(run_mockserver("seeds", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"flow_runs": [{"name": "a", "start_time": "now-2d"}]}, schema)
