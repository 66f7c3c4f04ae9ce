"""A problem in a record of a YAML file says in which line it is."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mockserver.errors import SeedError, SeedProblem
from mockserver.seeds import load_seeds
from mockserver.seeds.files.yaml_lines import with_yaml_lines
from tests.support.recorded_cases import NOW

DOCUMENT = """\
flow_runs:
  - name: fine
  - name: late
    state: {type: FAILED}
    start_time: yesterday
  - 7
  - &shared
    nmae: a
  - *shared
"""
LIST = """\
- name: fine
- {paused: true,
   type: process}
- name: a
  run_count:
    -1
"""


@pytest.mark.parametrize("compressed", [False, True])
def test_a_problem_names_the_line_of_its_value(tmp_path: Path, compressed: bool) -> None:
    """Or that of the record, where it has none; with an alias, the line of what it repeats."""
    for name, text, places in (
        (
            "document.yaml",
            DOCUMENT,
            [
                ":5, flow_runs[1].start_time",
                ":6, flow_runs[2]",
                ":8, flow_runs[3].nmae",
                ":8, flow_runs[4].nmae",
            ],
        ),
        ("list.yml", LIST, [":2, [1]", ":6, flow_runs[2].run_count"]),
    ):
        file = tmp_path / (name + ".gz" * compressed)
        file.write_bytes(gzip.compress(text.encode()) if compressed else text.encode())
        with pytest.raises(SeedError) as caught:
            load_seeds([file], NOW)
        assert [problem.where for problem in caught.value.problems] == [
            f"{file}{place}" for place in places
        ]


@pytest.mark.parametrize(
    "content", [None, b"flow_runs: []", b"flow_runs: 3", b"other: []", b"- name: a", b"{"]
)
def test_a_file_that_has_changed_since_gives_no_line(tmp_path: Path, content: bytes | None) -> None:
    """The problem is told all the same."""
    file = tmp_path / "seed.yaml"
    if content is not None:
        file.write_bytes(content)
    problem = SeedProblem(f"{file}, flow_runs[3].name", "3", "a string")
    assert list(with_yaml_lines([problem])) == [problem]
