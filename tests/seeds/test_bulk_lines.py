"""Lines that are like those before. What is read of them is what the careful road reads."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from mockserver.seeds import bulk_lines as line_readers
from mockserver.seeds import bulk_reader as bulk
from mockserver.seeds import files as seed_files
from mockserver.seeds.bulk_columns import RecordShape
from mockserver.seeds.bulk_lines import MAX_KEYS, LineReader
from mockserver.seeds.loading import load_seeds
from tests.seeds.test_bulk_reader import slowly, told
from tests.support.recorded_cases import NOW


def uuid(at: int) -> str:
    return f"{at:08}-aaaa-4000-8000-{at:012}"


def run(at: int, **fields: Any) -> dict[str, Any]:
    return {"id": uuid(at), **fields}


def task_run(at: int, **fields: Any) -> dict[str, Any]:
    return run(1000 + at, flow_run_id=uuid(at), **fields)


def reader(*shapes: RecordShape) -> LineReader:
    lines = LineReader()
    for shape in shapes:
        lines.learn(shape)
    return lines


RUNS = RecordShape("flow_runs", trusted=False, keys=("id", "name", "tags", "run_count"))
TASKS = RecordShape("task_runs", trusted=False, keys=("id", "flow_run_id"))
PAGES = RecordShape("flow_runs", trusted=True, keys=("id", "rumour"))


def read(lines: LineReader, *documents: Any) -> list[tuple[str, bool, int]]:
    """Of each table: what it is of, whether of lists, and how many records it has."""
    found = lines.read([orjson.dumps(document) for document in documents])
    return [
        (table.shape.collection, table.shape.trusted, len(table.columns["id"])) for table in found
    ]


def test_lines_like_those_before_are_read_without_the_careful_road() -> None:
    """Runs and task runs, in lists, in documents and by themselves."""
    lines = reader(RUNS, TASKS)
    assert read(lines, run(1, tags=["a"]), run(2)) == [("flow_runs", False, 2)]
    assert read(lines, [run(1)], [run(2), run(3)]) == [("flow_runs", True, 3)]
    assert read(lines, [task_run(1)]) == [("task_runs", True, 1)]
    mixed = (run(1), task_run(1), {"task_runs": [run(5), task_run(6)]})
    assert read(lines, *mixed) == [("task_runs", False, 3), ("flow_runs", False, 1)]
    assert read(lines, task_run(1)) == [("task_runs", False, 1)]
    assert read(reader(PAGES), [run(1, rumour=1)]) == [("flow_runs", True, 1)]


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
def test_other_lines_are_left_to_the_careful_road(documents: tuple[Any, ...]) -> None:
    """Also those that it would read."""
    with pytest.raises(ValueError, match=r"."):
        read(reader(RUNS, TASKS), *documents)


def test_texts_that_come_again_are_not_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it is known which there are; another is read as well, and those after it."""
    monkeypatch.setattr(line_readers, "SAMPLED_BATCHES", 1)
    lines = reader(RUNS)
    for names in (["a", ""], ["a", "", "a"], ["b", "a"], ["b", "b"], ["", "b", "b"]):
        (table,) = lines.read([orjson.dumps(run(1, name=name)) for name in names])
        assert list(table.columns["name"]) == names
    again = table.columns["name"]
    assert again[1] is again[2]
    with pytest.raises(ValueError, match="differ from those before"):
        read(lines, run(1, name=5))
    assert read(lines, run(1, name="a")) == [("flow_runs", False, 1)]


def test_a_task_run_is_known_by_its_flow_run() -> None:
    """Without one, in a list, it may be a flow run with keys that task runs have."""
    keys = ("id", "task_key", "flow_run_id")
    lines = reader(RecordShape("task_runs", trusted=True, keys=keys))
    assert read(lines, [task_run(1, task_key="a")]) == [("task_runs", True, 1)]
    for flow_run_id in ({}, {"flow_run_id": None}):
        with pytest.raises(ValueError, match="without a flow_run_id"):
            read(lines, [run(1, task_key="a", **flow_run_id)])


def test_a_field_that_no_table_names_is_of_each_record_or_of_none() -> None:
    """Where it is of some, which of them is told by the careful road."""
    lines = reader(PAGES)
    assert read(lines, [run(1)], [run(2)]) == [("flow_runs", True, 2)]
    with pytest.raises(ValueError, match="rumour"):
        read(lines, [run(1, rumour=None), run(2)])


@pytest.mark.parametrize("key", ['a"b', "a\\b", "a\nb", "\0"])
def test_a_key_that_is_written_with_an_escape_is_left_to_the_careful_road(key: str) -> None:
    """It is not learned; the others are."""
    lines = reader(RecordShape("flow_runs", trusted=True, keys=("id", key, "")))
    assert read(lines, [{"id": uuid(1), "": 1}]) == [("flow_runs", True, 1)]
    with pytest.raises(ValueError, match="differ from those before"):
        read(lines, [{"id": uuid(1), key: 1, "": 1}])


def test_only_so_many_keys_are_learned() -> None:
    """A seed in which each line has keys of its own does not make the reader grow."""
    lines = LineReader()
    lines.learn(RUNS)
    lines.learn(RecordShape("flow_runs", trusted=True, keys=tuple(map(str, range(MAX_KEYS)))))
    assert read(lines, run(1)) == [("flow_runs", False, 1)]
    with pytest.raises(ValueError, match="differ from those before"):
        read(lines, run(1) | {"7": 1})


@pytest.mark.parametrize("many", [1, 5_000, 30_000])
def test_whatever_comes_after_what(
    many: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is learned from some lines does not change what others mean."""
    monkeypatch.setattr(bulk, "CHUNK_BYTES", 1)
    monkeypatch.setattr(seed_files, "CHUNK_BYTES", many)
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
    assert told(load_seeds, file) == told(slowly, file)
    assert len(load_seeds([file], NOW).flow_runs) == 900


def test_objects_that_are_all_different_are_read_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a server's states are, each with an id; where there is none, none is kept."""
    monkeypatch.setattr(bulk, "CHUNK_BYTES", 1)
    monkeypatch.setattr(seed_files, "CHUNK_BYTES", 20_000)
    lines = [
        run(at, state={"type": "FAILED", "id": uuid(at)} if at % 9 else None) for at in range(600)
    ]
    del lines[450]["state"]
    file = tmp_path / "runs.ndjson"
    file.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    assert told(load_seeds, file) == told(slowly, file)
