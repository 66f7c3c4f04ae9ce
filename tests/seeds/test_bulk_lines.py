"""Invariant: what the line reader reads is what reading record by record gives."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from mockserver.seeds.bulk import lines as bulk_lines
from mockserver.seeds.bulk import reader as bulk_reader
from mockserver.seeds.bulk.columns import RecordShape
from mockserver.seeds.bulk.lines import MAX_KEYS, LineReader
from mockserver.seeds.files import bounded_files
from mockserver.seeds.loading import load_seeds
from tests.seeds.loading_cases import load_one_by_one, load_result
from tests.support.recorded_cases import NOW


def uuid(at: int) -> str:
    return f"{at:08}-aaaa-4000-8000-{at:012}"


def run(at: int, **fields: Any) -> dict[str, Any]:
    return {"id": uuid(at), **fields}


def task_run(at: int, **fields: Any) -> dict[str, Any]:
    return run(1000 + at, flow_run_id=uuid(at), **fields)


def line_reader(*shapes: RecordShape) -> LineReader:
    """A line reader that has seen records of these shapes."""
    reader = LineReader()
    for shape in shapes:
        reader.learn(shape)
    return reader


RUNS = RecordShape("flow_runs", trusted=False, keys=("id", "name", "tags", "run_count"))
TASKS = RecordShape("task_runs", trusted=False, keys=("id", "flow_run_id"))
PAGES = RecordShape("flow_runs", trusted=True, keys=("id", "rumour"))


def read(reader: LineReader, *documents: Any) -> list[tuple[str, bool, int]]:
    """For each table: its collection, whether records came in lists, and how many."""
    found = reader.read([orjson.dumps(document) for document in documents])
    return [
        (table.shape.collection, table.shape.trusted, len(table.columns["id"])) for table in found
    ]


def test_lines_like_those_before_are_read() -> None:
    """Flow runs and task runs may stand alone, in lists or in documents."""
    reader = line_reader(RUNS, TASKS)
    assert read(reader, run(1, tags=["a"]), run(2)) == [("flow_runs", False, 2)]
    assert read(reader, [run(1)], [run(2), run(3)]) == [("flow_runs", True, 3)]
    assert read(reader, [task_run(1)]) == [("task_runs", True, 1)]
    mixed = (run(1), task_run(1), {"task_runs": [run(5), task_run(6)]})
    assert read(reader, *mixed) == [("task_runs", False, 3), ("flow_runs", False, 1)]
    assert read(reader, task_run(1)) == [("task_runs", False, 1)]
    assert read(line_reader(PAGES), [run(1, rumour=1)]) == [("flow_runs", True, 1)]


@pytest.mark.parametrize(
    "documents",
    [
        (run(1, colour="red"),),
        ({"name": "without an id"},),
        (run(1, run_count="3"),),
        (run(1, run_count=2**53 + 1),),
        (run(1, name=None),),
        ([run(1)], run(2)),
        ([run(1), task_run(2)],),
        ([run(1, flow_run_id=None)],),
        ({"task_runs": [], "flow_run_id": None},),
        ({"task_runs": [run(1)], "name": "of a document"},),
        (5,),
        ([5],),
    ],
    ids=repr,
)
def test_other_lines_are_refused(documents: tuple[Any, ...]) -> None:
    """Even valid ones are, if they differ from those before: they are read one by one."""
    with pytest.raises(ValueError, match=r"."):
        read(line_reader(RUNS, TASKS), *documents)


def test_equal_texts_become_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """They do after sampling. A text that was not sampled is read as well."""
    monkeypatch.setattr(bulk_lines, "SAMPLED_BATCHES", 1)
    reader = line_reader(RUNS)
    for names in (["a", ""], ["a", "", "a"], ["b", "a"], ["b", "b"], ["", "b", "b"]):
        (table,) = reader.read([orjson.dumps(run(1, name=name)) for name in names])
        assert list(table.columns["name"]) == names
    again = table.columns["name"]
    assert again[1] is again[2]
    with pytest.raises(ValueError, match="differ from those before"):
        read(reader, run(1, name=5))
    assert read(reader, run(1, name="a")) == [("flow_runs", False, 1)]


def test_a_task_run_is_recognised_by_its_flow_run_id() -> None:
    """Without one, a record of a list may be a flow run with unknown fields."""
    keys = ("id", "task_key", "flow_run_id")
    reader = line_reader(RecordShape("task_runs", trusted=True, keys=keys))
    assert read(reader, [task_run(1, task_key="a")]) == [("task_runs", True, 1)]
    for flow_run_id in ({}, {"flow_run_id": None}):
        with pytest.raises(ValueError, match="without a flow_run_id"):
            read(reader, [run(1, task_key="a", **flow_run_id)])


def test_an_unknown_field_must_be_in_every_record_or_in_none() -> None:
    """If only some have it, the lines are read one by one."""
    reader = line_reader(PAGES)
    assert read(reader, [run(1)], [run(2)]) == [("flow_runs", True, 2)]
    with pytest.raises(ValueError, match="rumour"):
        read(reader, [run(1, rumour=None), run(2)])


@pytest.mark.parametrize("key", ['a"b', "a\\b", "a\nb", "\0"])
def test_a_key_that_json_escapes_is_not_learned(key: str) -> None:
    """The other keys of the record are."""
    reader = line_reader(RecordShape("flow_runs", trusted=True, keys=("id", key, "")))
    assert read(reader, [{"id": uuid(1), "": 1}]) == [("flow_runs", True, 1)]
    with pytest.raises(ValueError, match="differ from those before"):
        read(reader, [{"id": uuid(1), key: 1, "": 1}])


def test_the_number_of_learned_keys_is_bounded() -> None:
    """A seed in which every line has new keys does not make the reader grow."""
    reader = LineReader()
    reader.learn(RUNS)
    reader.learn(RecordShape("flow_runs", trusted=True, keys=tuple(map(str, range(MAX_KEYS)))))
    assert read(reader, run(1)) == [("flow_runs", False, 1)]
    with pytest.raises(ValueError, match="differ from those before"):
        read(reader, run(1) | {"7": 1})


@pytest.mark.parametrize("chunk_bytes", [1, 5_000, 30_000])
def test_what_was_learned_does_not_change_later_lines(
    chunk_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines of all kinds in turn, in chunks of several sizes, load as they do one by one."""
    monkeypatch.setattr(bulk_reader, "CHUNK_BYTES", 1)
    monkeypatch.setattr(bounded_files, "CHUNK_BYTES", chunk_bytes)
    lines: list[Any] = []
    for at in range(0, 900, 9):
        state = {"type": "COMPLETED", "id": uuid(at), "timestamp": "2026-01-31T08:00:00Z"}
        lines += [
            run(at, state=state, tags=[f"tag-{at}"], start_time=f"now-{at}s"),
            run(at + 1, state=None, job_variables=None, start_time="2026-01-31T08:00:00.5+02:00"),
            run(at + 2, job_variables={"a": at}, parameters={"at": at}, name="", total_run_time=1),
            task_run(at + 2, name="task"),
            {"task_runs": [{"id": uuid(5000 + at)}, task_run(at + 3)]},
            run(at + 3, parent_task_run_id=uuid(1002 + at), end_time="now-1.5s"),
            [run(at + 4, rumour=at, name="x"), run(at + 5, rumour=None, start_time=None)],
            [run(at + 6, name="y"), run(at + 7, labels={}, total_run_time=0.5)],
            run(at + 8, start_time="now-999999999s"),
        ]
    file = tmp_path / "runs.ndjson"
    file.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    assert load_result(load_seeds, file) == load_result(load_one_by_one, file)
    assert len(load_seeds([file], NOW).flow_runs) == 900


def test_a_column_of_distinct_objects_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The states of a server are distinct, as each has an id. A run may also have none."""
    monkeypatch.setattr(bulk_reader, "CHUNK_BYTES", 1)
    monkeypatch.setattr(bounded_files, "CHUNK_BYTES", 20_000)
    lines = [
        run(at, state={"type": "FAILED", "id": uuid(at)} if at % 9 else None) for at in range(600)
    ]
    del lines[450]["state"]
    file = tmp_path / "runs.ndjson"
    file.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    assert load_result(load_seeds, file) == load_result(load_one_by_one, file)
