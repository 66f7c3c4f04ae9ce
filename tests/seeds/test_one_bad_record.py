"""A bad record among many is found without reading the others one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from mockserver.errors import SeedError
from mockserver.seeds import generate_population, load_seeds
from mockserver.seeds.record_loader import RecordLoader

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
RUNS = 3000


@pytest.fixture
def read_singly(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The records that are read one by one."""
    read: list[object] = []
    add = RecordLoader.add_record

    def add_and_note(self: Any, record: Any) -> None:
        read.append(record.location)
        add(self, record)

    monkeypatch.setattr(RecordLoader, "add_record", add_and_note)
    return read


def write(path: Path, *, bad: int) -> None:
    documents = list(generate_population(RUNS, now=NOW))
    documents[bad]["start_time"] = "yesterday"
    path.write_bytes(b"\n".join(map(orjson.dumps, documents)))


def test_one_bad_record_costs_a_part_of_the_file(tmp_path: Path, read_singly: list[object]) -> None:
    """Only the lines that were to be read together with it."""
    write(tmp_path / "runs.ndjson", bad=2500)
    with pytest.raises(SeedError) as caught:
        load_seeds([tmp_path / "runs.ndjson"], NOW)
    assert [problem.where for problem in caught.value.problems] == [
        f"{tmp_path / 'runs.ndjson'}:2501.start_time"
    ]
    assert len(read_singly) < RUNS


def test_what_a_bad_record_hides_is_found_as_before(tmp_path: Path) -> None:
    """A task run of a flow run that is bad: all records are read again, one by one."""
    documents = list(generate_population(RUNS, now=NOW))
    documents += [
        {"id": f"0000000{at}-0000-4000-8000-000000000000", "name": "bad", "tags": 3}
        for at in range(5)
    ]
    lost = {"task_runs": [{"name": "t", "flow_run_id": "00000001-0000-4000-8000-000000000000"}]}
    path = tmp_path / "runs.ndjson"
    path.write_bytes(b"\n".join(map(orjson.dumps, [*documents, lost])))
    with pytest.raises(SeedError) as caught:
        load_seeds([path], NOW)
    assert len(caught.value.problems) == 6
    assert "the id of one of the flow_runs" in str(caught.value)
