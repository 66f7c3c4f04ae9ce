"""Invariant: for any seeds, reading in bulk gives the same as reading record by record."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.prefect.instants import parse_seed_time
from mockserver.prefect.records import FlowRun
from mockserver.seeds import loading
from mockserver.seeds.bulk import lines as bulk_lines
from mockserver.seeds.bulk import reader as bulk_reader
from mockserver.seeds.files import bounded_files
from mockserver.seeds.files.chunks import LineChunk
from mockserver.seeds.loading import load_seeds
from mockserver.seeds.records import COLLECTIONS, bulk_values
from mockserver.seeds.records.field_types import Field
from mockserver.store.columns.rows import DERIVED_COLUMNS, FlowRunsById, Rows
from tests.seeds.loading_cases import (
    CREATORS,
    MOMENTS,
    ODD_VALUES,
    STATES,
    TEXTS,
    UUIDS,
    load_one_by_one,
    load_result,
    seed_lines,
)
from tests.support.recorded_cases import NOW
from tests.support.strategies import scaled_max_examples


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the bounds: even one record is read in bulk, and a few lines by a LineReader."""
    monkeypatch.setattr(loading, "MIN_BULK_BYTES", 0)
    monkeypatch.setattr(bulk_reader, "MIN_BATCH", 1)
    monkeypatch.setattr(bulk_reader, "CHUNK_BYTES", 1)
    monkeypatch.setattr(bulk_lines, "SAMPLED_BATCHES", 1)
    monkeypatch.setattr(bulk_lines, "MAX_LITERALS", 2)


def loads_the_same(data: bytes) -> bool:
    """Whether a file gives the same records, or the same problems, both ways."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "seed.ndjson")
        file.write_bytes(data)
        return bool(load_result(load_seeds, file) == load_result(load_one_by_one, file))


@settings(
    max_examples=scaled_max_examples(200),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    lines=seed_lines(),
    chunk_bytes=st.sampled_from([1, 200, 10_000]),
    min_batch=st.sampled_from([1, 4]),
)
def test_bulk_reading_equals_reading_one_by_one(
    lines: list[Any], chunk_bytes: int, min_batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both give the same records, notes and parents, or the same problems in the same order."""
    monkeypatch.setattr(bulk_reader, "MIN_BATCH", min_batch)
    monkeypatch.setattr(bounded_files, "CHUNK_BYTES", chunk_bytes)
    monkeypatch.setattr(bulk_reader, "CHUNK_BYTES", chunk_bytes)
    assert loads_the_same(b"\n".join(map(orjson.dumps, lines)))


PIECES = [b"", b" ", b"\n", b"\r", b"\0", b"\xff", b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\"]
PIECES += [
    b"0",
    b"-",
    b"e5",
    b"null",
    b"true",
    b"\\ud800",
    "ß".encode(),
    b"{}",
    b"1e400",
    b"1" * 20,
]


@settings(
    max_examples=scaled_max_examples(200),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(lines=seed_lines(), data=st.data())
def test_damaged_lines_give_the_same_problems(
    lines: list[Any], data: st.DataObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever replaces some bytes of a file, both ways report the same problems."""
    monkeypatch.setattr(bounded_files, "CHUNK_BYTES", data.draw(st.sampled_from([1, 200])))
    whole = b"\n".join(map(orjson.dumps, lines))
    start = data.draw(st.integers(0, len(whole)))
    end = start + data.draw(st.integers(0, 3))
    assert loads_the_same(whole[:start] + data.draw(st.sampled_from(PIECES)) + whole[end:])


def test_columns_of_many_and_of_few_distinct_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values may repeat or not, in a batch or in a later one. Equal ones become one object."""
    monkeypatch.setattr(bounded_files, "CHUNK_BYTES", 20_000)
    lines = [
        {
            "id": f"{at:08}-aaaa-4000-8000-{at:012}",
            "idempotency_key": f"key-{at if at % 150 else 0}",
            "name": f"name-{at // 7}",
            "flow_version": "ab"[at // 500],
        }
        for at in range(1000)
    ]
    file = tmp_path / "runs.ndjson"
    file.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    assert load_result(load_seeds, file) == load_result(load_one_by_one, file)
    names = [run.name for run in load_seeds([file], NOW).flow_runs.values()]
    assert len(set(map(id, names))) == len(set(names))


def test_a_run_that_ends_before_it_starts_is_reported(tmp_path: Path) -> None:
    """It is a problem in a seed of records, and a note in a list as servers return it."""
    run = {"id": UUIDS[0], "start_time": MOMENTS[2], "end_time": MOMENTS[0]}
    for lines in ([run], [[run]]):
        file = tmp_path / "seed.ndjson"
        file.write_bytes(b"\n".join(map(orjson.dumps, lines)))
        assert load_result(load_seeds, file) == load_result(load_one_by_one, file)
        assert "start" in str(load_result(load_seeds, file))


def test_a_null_name_is_refused_even_if_absent_names_were_read_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line reader reads an absent name as None; a null in a later record is still a problem."""
    monkeypatch.setattr(bulk_reader, "MIN_BATCH", 4)
    monkeypatch.setattr(bounded_files, "CHUNK_BYTES", 200)
    runs = [{"id": f"{at:08}-aaaa-4000-8000-{at:012}"} for at in range(40)]
    named: list[Any] = [{**one, "name": "a"} if at % 9 == 3 else one for at, one in enumerate(runs)]
    unnamed = [{"id": f"{at:08}-bbbb-4000-8000-{at:012}", "name": None} for at in range(4)]
    assert loads_the_same(b"\n".join(map(orjson.dumps, [*named, {"flow_runs": unnamed}])))


def test_lines_of_task_runs_are_read_in_bulk() -> None:
    """Both the first chunk, as documents, and the second, as lines."""
    tasks = [{"id": one, "flow_run_id": UUIDS[0]} for one in UUIDS[:4]]
    lines = LineChunk(Path("s.ndjson"), list(map(orjson.dumps, tasks)), 1)
    reader = bulk_reader.BulkReader(NOW)

    def report(*problem: object) -> None:
        pytest.fail(str(problem))

    for _ in range(2):
        assert list(reader.read(lines, report)) == []
    assert reader.columns["task_runs"].count == 2 * len(tasks)


FIELDS = {
    f"{collection}.{key}": field
    for collection, fields in COLLECTIONS.items()
    for key, field in fields.items()
    if field.read_many is not None
}


def read_each(field: Field, values: list[Any]) -> Iterator[Any]:
    """What the field reads of each value; nulls stay."""
    for value in values:
        yield None if value is None else field.read(value, NOW)


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
@settings(
    max_examples=scaled_max_examples(30),  # for each of 151 fields, which share eleven pairs
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_reading_many_values_equals_reading_each(field: Field, data: st.DataObject) -> None:
    """If `read_many` does not raise, it returns what `read` returns for each value."""
    assert field.read_many is not None
    numbers = st.integers(-1, 3) | st.floats(allow_nan=True)
    pool = st.sampled_from([*UUIDS, *TEXTS, *MOMENTS, *ODD_VALUES]) | st.text(max_size=3) | numbers
    values = data.draw(st.lists(pool | st.none(), min_size=1, max_size=4))
    values = [value for value in values if value is None or type(value) in field.types]
    try:
        read = field.read_many(values, NOW)
    except (ValueError, OverflowError):
        return
    assert list(read) == list(read_each(field, values))


def test_an_infinite_number_is_not_read_in_bulk() -> None:
    """YAML can write it, JSON cannot. Reading one by one reports it."""
    with pytest.raises(ValueError, match="finite"):
        bulk_values.read_numbers([1.0, float("inf")], NOW)


def test_instants_as_servers_write_them_are_read_in_bulk() -> None:
    """So are relative ones in seconds. All are in UTC."""
    values = ["2026-01-31T08:00:00Z", "2026-01-31T08:00:00.000001Z", "now-1.5s"]
    read = bulk_values.read_moments(values, NOW)
    assert read[2] == NOW - timedelta(seconds=1.5)
    assert {moment and moment.utcoffset() for moment in read} == {timedelta(0)}


SECONDS = st.from_regex(r"now[+-][0-9]{1,9}(\.[0-9]{1,6})?s", fullmatch=True)


@given(
    texts=st.lists(SECONDS, min_size=1, max_size=4),
    now=st.datetimes(datetime(1970, 1, 1), datetime(2106, 1, 1), timezones=st.just(UTC)),
)
def test_seconds_from_now_are_exact(texts: list[str], now: datetime) -> None:
    """If they are read in bulk, they are right to the microsecond, although they are floats."""
    try:
        read = bulk_values.read_moments(texts, now)
    except ValueError:
        return
    assert read == [parse_seed_time(text, now) for text in texts]


@pytest.mark.parametrize("year", [1980, 2100])
def test_seconds_beyond_the_precision_of_floats_are_not_read_in_bulk(year: int) -> None:
    """Before 1970 and after 2106 they are read one by one."""
    sign = "-" if year < 2000 else "+"
    with pytest.raises(ValueError, match="1970"):
        bulk_values.read_moments([f"now{sign}999999999.000001s"], datetime(year, 1, 1, tzinfo=UTC))


def test_a_line_break_in_a_text_does_not_make_two_texts() -> None:
    """Texts are joined with line breaks to be checked together; one that has a break is refused."""
    for texts in (["now-1s\nnow-2s"], ["now-1s", "now-1.5s\nnow-2s"]):
        with pytest.raises(ValueError, match="line"):
            bulk_values.read_moments(texts, NOW)


def test_rows_derive_the_same_values_as_flow_runs(tmp_path: Path) -> None:
    """Each column of `Rows` equals the attribute of the runs made from it, in the same order."""
    file = tmp_path / "runs.ndjson"
    lines: list[dict[str, Any]] = [
        {
            "id": UUIDS[at],
            "state": STATES[at],
            "created_by": CREATORS[at],
            "start_time": MOMENTS[at],
        }
        for at in range(3)
    ]
    lines.append(
        {"id": UUIDS[3], "expected_start_time": MOMENTS[1], "parent_task_run_id": UUIDS[9]}
    )
    lines.append({"task_runs": [{"id": UUIDS[9], "flow_run_id": UUIDS[0]}]})
    file.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    found = load_seeds([file], NOW).flow_runs
    assert isinstance(found, FlowRunsById)
    rows = found.rows.with_parent_flow_runs({})
    assert isinstance(rows, Rows)
    names = [*FlowRun.__dataclass_fields__, *DERIVED_COLUMNS]
    for name in names:
        assert list(rows.values(name)) == [getattr(run, name) for run in rows], name
    assert rows[1:3] == list(rows)[1:3]
    assert UUIDS[0] in found
    assert rows[0].id == UUIDS[3]
