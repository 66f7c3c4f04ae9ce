"""A copy appears under its name when it is whole and can be loaded, in the form of the name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mockserver.errors import SeedError, UsageError
from mockserver.remote import writing
from mockserver.remote.partial_file import PartialFile
from mockserver.remote.writing import (
    IncompleteCopyError,
    OutputFormat,
    output_format,
    write_copy,
)
from mockserver.seeds import Seeds, load_seeds
from tests.remote.scripted_client import run_id

RUN = {"id": run_id(1), "name": "a", "flow_id": run_id(3), "parent_task_run_id": run_id(2)}
RECORDS: dict[str, list[dict[str, Any]]] = {
    "flow_runs": [RUN, {"id": run_id(9), "name": "b", "flow_id": run_id(3)}],
    "task_runs": [{"id": run_id(2), "flow_run_id": run_id(8), "name": "t"}],
    "flows": [{"id": run_id(3), "name": "etl"}],
    "work_pools": [{"id": run_id(4), "name": "k8s", "type": "process"}],
}


@pytest.fixture
def partial(tmp_path: Path) -> Iterator[PartialFile]:
    with PartialFile(tmp_path / "copy.partial", {}) as file:
        for name, records in RECORDS.items():
            file.put(name, "all", records)
        yield file


FORMS = {
    "w.ndjson": OutputFormat.LINES,
    "w.jsonl": OutputFormat.LINES,
    "w.ndjson.gz": OutputFormat.GZIPPED,
    "w.packed": OutputFormat.PACKED,
    "w": OutputFormat.FOLDER,
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_loads_as_the_same(partial: PartialFile, tmp_path: Path, name: str) -> None:
    """Also where a subflow's parent is in no copy. Writing it twice gives the same bytes."""
    output = tmp_path / name
    written = []
    for overwrite in (False, True):
        form = output_format(output, overwrite=overwrite)
        assert form is FORMS[name]
        write_copy(partial, output, form)
        files = sorted(output.iterdir()) if output.is_dir() else [output]
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]
    seeds = load_seeds([output], datetime.now(UTC))
    assert set(seeds.flow_runs) == {run_id(1), run_id(9)}
    assert seeds.flow_runs[run_id(1)].parent_task_run_id == run_id(2)
    assert set(seeds.task_runs) == {run_id(2)}
    assert [flow.name for flow in seeds.flows.values()] == ["etl"]
    assert seeds.work_pools[run_id(4)].type == "process"
    assert {file.name for file in tmp_path.iterdir()} == {name, "copy.partial"}


@pytest.mark.parametrize("name", FORMS)
def test_an_empty_server_has_a_copy_too(tmp_path: Path, name: str) -> None:
    """Which can be loaded, unlike an empty file."""
    with PartialFile(tmp_path / "copy.partial", {}) as partial:
        write_copy(partial, tmp_path / name, FORMS[name])
    assert not load_seeds([tmp_path / name], datetime.now(UTC)).flow_runs


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("there.ndjson", "exists already; --force"),
        ("full", "exists already, and is not empty; --force"),
        ("w.json", r"expected a name that ends in \.ndjson"),
        ("w.txt", r"expected a name that ends in \.ndjson"),
        ("none/w.ndjson", "is no folder; expected one that exists"),
    ],
)
def test_other_names_are_a_usage_error(tmp_path: Path, name: str, said: str) -> None:
    """Before anything is copied."""
    (tmp_path / "there.ndjson").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=said):
        output_format(tmp_path / name, overwrite=False)


def test_a_folder_of_other_things_is_never_replaced(tmp_path: Path) -> None:
    """Not even with --force: it would be gone."""
    (tmp_path / "mine").mkdir()
    assert output_format(tmp_path / "mine", overwrite=False) is OutputFormat.FOLDER
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds notes\.txt, which is not of a copy"):
        output_format(tmp_path / "mine", overwrite=True)


@pytest.mark.parametrize("name", FORMS)
def test_what_cannot_be_loaded_is_not_written(tmp_path: Path, name: str) -> None:
    """The error lists the problems, and an older copy stays as it was."""
    with PartialFile(tmp_path / "copy.partial", {}) as partial:
        partial.put("flow_runs", "all", [{"id": run_id(1), "state": {"type": "UNKNOWN"}}])
        with pytest.raises(SeedError, match="UNKNOWN"):
            write_copy(partial, tmp_path / name, FORMS[name])
    assert [file.name for file in tmp_path.iterdir()] == ["copy.partial"]


def test_what_lacks_records_is_not_written(
    partial: PartialFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check of this program itself."""
    monkeypatch.setattr(writing, "load_seeds", lambda *_: Seeds())
    with pytest.raises(IncompleteCopyError, match="2 flow runs were copied, but only 0"):
        write_copy(partial, tmp_path / "w.ndjson", OutputFormat.LINES)
    assert not (tmp_path / "w.ndjson").exists()


def test_a_disk_that_does_not_take_it_is_a_usage_error(
    partial: PartialFile, tmp_path: Path
) -> None:
    """Here a folder stands where the file should go."""
    (tmp_path / "w.ndjson").mkdir()
    with pytest.raises(UsageError, match="cannot write"):
        write_copy(partial, tmp_path / "w.ndjson", OutputFormat.LINES)
    assert (tmp_path / "w.ndjson").is_dir()
