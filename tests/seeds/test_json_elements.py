"""A large JSON file is read in parts, with the same result as in one piece."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.errors import SeedError
from mockserver.seeds import loading
from mockserver.seeds.bulk import lines as bulk_lines
from mockserver.seeds.bulk import reader as bulk_reader
from mockserver.seeds.files import reading
from mockserver.seeds.files.strict_json import split_json
from mockserver.seeds.loading import load_seeds
from tests.seeds.loading_cases import load_one_by_one, load_result, seed_lines
from tests.support.recorded_cases import NOW
from tests.support.strategies import scaled_max_examples

ONE_PIECE = 1 << 30


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the bounds: even one record is read in bulk, and a few elements by a LineReader."""
    monkeypatch.setattr(loading, "MIN_BULK_BYTES", 0)
    monkeypatch.setattr(bulk_reader, "MIN_BATCH", 1)
    monkeypatch.setattr(bulk_reader, "CHUNK_BYTES", 1)
    monkeypatch.setattr(bulk_lines, "SAMPLED_BATCHES", 1)


@settings(
    max_examples=scaled_max_examples(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    lines=seed_lines(),
    chunk_bytes=st.sampled_from([1, 200, 2_000]),
    indent=st.booleans(),
    bare=st.booleans(),
)
def test_parts_give_what_the_whole_gives(
    lines: list[Any], chunk_bytes: int, indent: bool, bare: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list or a document of lists, of flow runs or of others, in bulk or one by one."""
    listed = [one for line in lines for one in (line if isinstance(line, list) else [line])]
    tasks = [one for one in listed if isinstance(one, dict) and "flow_run_id" in one]
    document = {"flow_runs": [one for one in listed if one not in tasks], "task_runs": tasks}
    data = orjson.dumps(
        listed if bare else document, option=orjson.OPT_INDENT_2 if indent else None
    )
    with TemporaryDirectory() as folder:
        file = Path(folder, "seed.json")
        file.write_bytes(data)
        results = []
        for most in (ONE_PIECE, chunk_bytes):
            monkeypatch.setattr(reading, "CHUNK_BYTES", most)
            results += [load_result(load_seeds, file), load_result(load_one_by_one, file)]
    assert results[0] == results[1] == results[2] == results[3]


RUN = b'{"id":"00000001-0000-4000-8000-000000000000","name":"a"}'


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"3",
        b"[1,]",
        b'{"flow_runs":[1],"flow_runs":[2]}',
        b'{"flow_runs": [1], "flows": 3}',
        b"[" * 2_000,
        b'{"a":' * 2_000,
    ],
)
def test_what_is_no_list_of_elements_is_read_in_one_piece(text: bytes) -> None:
    """So that its error is the usual one, and no part of it is lost."""
    assert split_json(text) is None


@pytest.mark.parametrize("text", [b"[]", b' [1, {"a": 2}] ', b'{"a":[],"b":[1,[2]]}\n'])
def test_elements_are_found_as_they_are_written(text: bytes) -> None:
    """Each is JSON of its own."""
    found = split_json(text)
    assert found is not None
    value = orjson.loads(text)
    expected = {None: value} if isinstance(value, list) else value
    assert {key: [orjson.loads(bytes(one)) for one in part] for key, part in found.items()} == (
        expected
    )


@pytest.mark.parametrize(
    ("elements", "problem"),
    [
        ([RUN, b'{"name":"a","name":"b"}'], r"seed\.json, \[1\]: the key 'name' occurs twice"),
        ([RUN, b'{"name":"\xff"}', RUN], r"\[1\]|:1:"),
        ([RUN, b'{"parameters":%b}' % (b"[" * 300 + b"]" * 300)], r"\[1\]: nested deeper"),
    ],
)
def test_an_element_that_is_no_strict_json_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elements: list[bytes], problem: str
) -> None:
    """With its place."""
    monkeypatch.setattr(reading, "CHUNK_BYTES", 50)
    monkeypatch.setattr(bulk_reader, "CHUNK_BYTES", 1 << 20)
    for name, form in (("seed.json", b"[%b]"), ("doc-seed.json", b'{"flow_runs":[%b]}')):
        (tmp_path / name).write_bytes(form % b",".join(elements))
        with pytest.raises(SeedError, match=problem.replace(r", \[", r", (flow_runs)?\[")):
            load_seeds([tmp_path / name], NOW)


def test_a_run_that_looks_like_another_kind_stays_in_its_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a document, the list says what its records are."""
    monkeypatch.setattr(reading, "CHUNK_BYTES", 1)
    task = {"id": "00000001-0000-4000-8000-000000000000", "name": "t"}
    task["flow_run_id"] = task["id"]
    documents = {"task_runs": [task], "flow_runs": [task]}
    (tmp_path / "seed.json").write_bytes(orjson.dumps(documents))
    with pytest.raises(SeedError, match=r"flow_runs\[0\]\.flow_run_id: an unknown field"):
        load_seeds([tmp_path / "seed.json"], NOW)


def test_progress_goes_on_while_a_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not all at once, and all in the end."""
    monkeypatch.setattr(reading, "CHUNK_BYTES", 100)
    runs = [{"id": f"0000000{at}-0000-4000-8000-000000000000"} for at in range(9)]
    (tmp_path / "seed.json").write_bytes(orjson.dumps(runs))
    told: list[int] = []
    load_seeds([tmp_path / "seed.json"], NOW, progress=told.append)
    assert len(told) > 2
    assert sum(told) == (tmp_path / "seed.json").stat().st_size
