"""The shipped flow runs do what their README says, and cover every key and every deviation."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Any
from uuid import UUID

import pytest

from mockserver.errors import InvalidRequest, RefusedRequest, ServerFailure
from mockserver.filters.predicates import CONDITIONS, MATCH_ALL
from mockserver.operations.delete import bulk_delete
from mockserver.prefect.deviations import BULK_DELETE, DATABASES, DEVIATIONS, Deviation
from mockserver.prefect.dialects import SPEC, Dialect, dialect_for, find_dialect
from mockserver.prefect.records import FlowRun, StateType
from mockserver.prefect.releases import NEWEST
from mockserver.requests import JSON_MEDIA_TYPE, BulkDeleteRequest, Message, read_request
from mockserver.requests.body_kinds import MAX_LIMIT
from mockserver.resources import resource_path
from mockserver.seeds import Seeds, load_seeds
from mockserver.store.store import Store
from tests.support.paths import DATA
from tests.support.recorded_cases import NOW

SAMPLE = json.loads((DATA / "sample-request.json").read_text())["flow_runs"]
README = (resource_path("fixtures") / "README.md").read_text(encoding="utf-8")
SAMPLE_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
SAMPLE_TIME = "2023-11-07T05:31:56Z"
MONTH_END = "a0000000-0000-4000-8000-000000000001"
DEVIATIONS_OF_MEANING = (
    "state-both-lists",
    "empty-list-condition",
    "like-wildcards",
    "like-nul",
    "like-case-ascii",
)
# The document, and a release of each era on each database.
SOME_DIALECTS = (
    SPEC,
    *(
        dialect_for(database, release)
        for database in DATABASES
        for release in ("3.6.20", "3.8.8", NEWEST)
    ),
)
SATISFIABLE = {
    "flow_version",
    "start_time",
    "expected_start_time",
    "next_scheduled_start_time",
    "parent_flow_run_id",
}
NAMES = ("Late", "AwaitingRetry", "Retrying", "TimedOut", "Cached", "Suspended")
# Fields that filters of flow runs ask for. `created` is the first one that none asks for.
_FILTERED = [field.name for field in fields(FlowRun)]
NULLABLE = [
    field.name for field in fields(FlowRun)[: _FILTERED.index("created")] if field.default is None
]
BULK_DELETE_DEVIATIONS = [one for one in DEVIATIONS if one.endpoint == BULK_DELETE]
# For each key of each criterion, values that must match some runs and not all.
VALUES: dict[str, dict[str, list[Any]]] = {
    "id": {"any_": [[SAMPLE_ID]], "not_any_": [[SAMPLE_ID]]},
    "name": {"any_": [["marvin"]], "like_": ["marvin", "100%", "STRASSE-Ü"]},
    "tags": {
        "all_": [["prod", "nightly"]],
        "any_": [["prod", "staging"]],
        "is_null_": [True, False],
    },
    "deployment_id": {"any_": [[SAMPLE_ID]], "is_null_": [True, False]},
    "work_queue_name": {"any_": [["default", "gpu"]], "is_null_": [True, False]},
    "state.type": {
        "any_": [[state_type] for state_type in StateType],
        "not_any_": [[state_type] for state_type in StateType],
    },
    "state.name": {
        "any_": [[name] for name in NAMES],
        "not_any_": [["Completed", "Cached"]],
    },
    "flow_version": {"any_": [["2.0", "2.1"]]},
    "start_time": {
        "before_": [SAMPLE_TIME],
        "after_": ["2025-11-02T12:00:00Z"],
        "is_null_": [True, False],
    },
    "end_time": {
        "before_": ["2025-11-02T12:00:00Z"],
        "after_": ["2025-11-02T12:00:00Z"],
        "is_null_": [True, False],
    },
    "expected_start_time": {"before_": [SAMPLE_TIME], "after_": ["2026-01-31T12:00:00Z"]},
    "next_scheduled_start_time": {"before_": [SAMPLE_TIME], "after_": ["2026-01-31T12:00:00Z"]},
    "parent_flow_run_id": {"any_": [[MONTH_END]]},
    "parent_task_run_id": {"any_": [[SAMPLE_ID]], "is_null_": [True, False]},
    "idempotency_key": {"any_": [["order-4711"]], "not_any_": [["order-4711"]]},
    "created_by": {
        "id_": [[SAMPLE_ID]],
        "type_": [["DEPLOYMENT"], ["AUTOMATION"], ["USER"]],
        "is_null_": [True, False],
    },
}


@cache
def seeds() -> Seeds:
    """The shipped seeds, as a server loads them."""
    return load_seeds([resource_path("fixtures")], NOW)


@cache
def store() -> Store:
    """A store of the shipped seeds; tests fork it."""
    return Store(seeds().base())


def parse_message(text: str) -> Message:
    """Parse a request of the registry: a body, or headers, an empty line and a body."""
    head, _, body = text.rpartition("\n\n")
    headers = dict(line.lower().split(": ") for line in head.splitlines())
    return Message(
        body.encode().replace(b"\\xff", b"\xff"),
        headers.get("content-type", JSON_MEDIA_TYPE),
        headers.get("x-prefect-api-version"),
    )


def send(text: str, dialect: Dialect) -> tuple[int, frozenset[str], set[str]]:
    """Send a request: the number of deleted runs or the status, the names matched, the warnings."""
    runs = store().fork()
    warned: set[str] = set()
    try:
        reading = read_request(parse_message(text), BulkDeleteRequest, dialect, NOW)
        warned.update(reading.warnings)
        deletion = bulk_delete(runs, reading.request, dialect)
    except RefusedRequest as refusal:
        return _status(refusal), frozenset(), warned | set(refusal.warnings)
    matching = frozenset(run.name for run in store().select(deletion.predicate))
    return len(deletion.deleted), matching, warned | set(deletion.warnings)


def _status(refusal: RefusedRequest) -> int:
    if isinstance(refusal, ServerFailure):
        return 503 if refusal.retryable else 500
    return 422 if isinstance(refusal, InvalidRequest) else 400


def body_of(flow_runs: object) -> str:
    """The body of a request with this filter."""
    return json.dumps({"flow_runs": flow_runs})


def matches(flow_runs: object, dialect: Dialect = SPEC) -> frozenset[str]:
    """The names of the runs that a filter matches."""
    return send(body_of(flow_runs), dialect)[1]


def single_condition(criterion: str, key: str, value: object) -> dict[str, Any]:
    """A filter with one condition. A criterion such as `state.type` is nested."""
    flow_runs: dict[str, Any] = {key: value}
    for name in reversed(criterion.split(".")):
        flow_runs = {name: flow_runs}
    return flow_runs


def table_rows(first: str) -> Iterator[dict[str, str]]:
    """The rows of the README's tables whose first column has this title: each cell by its title."""
    titles: list[str] = []
    for line in README.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            titles = []
        elif not titles:
            titles = cells
        elif titles[0] == first and not line.startswith("|---"):
            yield dict(zip(titles, cells, strict=True))


def dialects_of(title: str) -> Iterator[Dialect]:
    """The dialects that the title of a column names; in `prefect-*`, each database."""
    if title == "all dialects":
        yield from SOME_DIALECTS
        return
    for name in title.replace("`", "").split(", "):
        for database in DATABASES if "*" in name else ("",):
            yield find_dialect(name.replace("*", database))


def code_spans(cell: str) -> list[str]:
    """The texts in backticks."""
    return re.findall("`([^`]*)`", cell)


def expected_result(cell: str) -> object:
    """What a cell says: the names that are matched, their number, or a status."""
    if code_spans(cell):
        return set(code_spans(cell))
    return set() if cell == "none" else cell


def actual_result(flow_runs: object, dialect: Dialect, cell: str) -> object:
    """What a filter matches, in the form of a cell."""
    number, names, _ = send(body_of(flow_runs), dialect)
    if number > MAX_LIMIT:
        return str(number)  # a status
    return f"{len(names)} runs" if cell.endswith(" runs") else set(names)


def test_they_load_without_problems_or_notes() -> None:
    """The shipped seeds are valid and give no notes."""
    assert seeds().notes == []
    assert 40 <= len(seeds().flow_runs) <= 70
    assert seeds().task_runs
    assert seeds().flows
    assert seeds().deployments


def test_every_key_has_values_in_the_table() -> None:
    """`VALUES` has each key of each criterion, and no other."""
    assert {name: set(keys) for name, keys in VALUES.items()} == {
        name: set(keys) for name, keys in CONDITIONS.items()
    }


@pytest.mark.parametrize(
    ("criterion", "key"), [(name, key) for name, keys in VALUES.items() for key in keys]
)
def test_every_key_matches_some_runs_and_not_others(criterion: str, key: str) -> None:
    """For each value of the table."""
    for value in VALUES[criterion][key]:
        found = matches(single_condition(criterion, key, value))
        assert 0 < len(found) < len(store()), value


@pytest.mark.parametrize("column", NULLABLE)
def test_every_column_that_can_be_null_is_null_somewhere(column: str) -> None:
    """Some runs have a value there, and some have none."""
    assert {getattr(run, column) is None for run in store()} == {True, False}


def test_creators_have_an_id_a_type_both_or_neither() -> None:
    """A creator may lack its id, its type, or both."""
    creators = [run.created_by for run in store() if run.created_by]
    assert len({(by.id is None, by.type is None) for by in creators}) == 4


def test_runs_have_no_one_or_many_tags() -> None:
    """There are runs without tags, with one and with four."""
    assert {0, 1, 4} <= {len(run.tags) for run in store()}


@pytest.mark.parametrize("dialect", SOME_DIALECTS, ids=lambda dialect: dialect.name)
def test_the_sample_request_deletes_nothing(dialect: Dialect) -> None:
    """The sample of the OpenAPI document contradicts itself, in every dialect."""
    assert send(body_of(SAMPLE), dialect)[:2] == (0, frozenset())


def test_satisfiable_criteria_of_the_sample_match() -> None:
    """Five of its criteria can be satisfied. Each of them alone matches a run."""
    criteria = SAMPLE.keys() - {"operator"}
    assert {name for name in criteria if matches({name: SAMPLE[name]})} == SATISFIABLE


@pytest.mark.parametrize(
    ("criterion", "key"), [(name, key) for name, keys in CONDITIONS.items() for key in keys]
)
def test_each_key_of_the_sample_matches_a_run(criterion: str, key: str) -> None:
    """The sample has every key, and each of them alone matches a run."""
    value = SAMPLE
    for step in (*criterion.split("."), key):
        value = value[step]
    assert matches(single_condition(criterion, key, value))


@pytest.mark.parametrize("database", DATABASES)
def test_the_state_of_the_sample_matches_every_run_up_to_3_9_0(database: str) -> None:
    """With that criterion alone, Prefect deleted everything (`state-both-lists`)."""
    for release, number in (("3.6.16", len(store())), ("3.9.0", len(store())), ("3.9.1", 0)):
        found = matches({"state": SAMPLE["state"]}, dialect_for(database, release))
        assert len(found) == number


@pytest.mark.parametrize("deviation", BULK_DELETE_DEVIATIONS, ids=lambda deviation: deviation.id)
@pytest.mark.parametrize("dialect", SOME_DIALECTS, ids=lambda dialect: dialect.name)
def test_the_request_of_a_deviation_is_warned_about(deviation: Deviation, dialect: Dialect) -> None:
    """It is in every dialect that `warns_of` the deviation, and in no other."""
    text = deviation.request.partition(" (")[0]
    warned = send(text, dialect)[2]
    assert (deviation.id in warned) == warns_of(deviation.id, dialect), warned


def warns_of(wanted: str, dialect: Dialect) -> bool:
    """Whether the deviation is warned of in a dialect: those of empty lists where it is so."""
    if wanted == "empty-list-condition":
        return dialect.empty_list_condition
    return not next(one.silent for one in DEVIATIONS if one.id == wanted)


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("wanted", DEVIATIONS_OF_MEANING)
def test_the_request_of_a_deviation_has_another_result_on_a_real_server(
    wanted: str, database: str
) -> None:
    """It has on the shipped runs, for each deviation in the meaning of filters."""
    (deviation,) = (one for one in DEVIATIONS if one.id == wanted)
    dialect = dialect_for(database, deviation.until or NEWEST)
    assert send(deviation.request, SPEC)[:2] != send(deviation.request, dialect)[:2]


def test_the_readme_lists_every_run() -> None:
    """It has one line for each run, and all names differ."""
    assert sorted(row["run"].strip("`") for row in table_rows("run")) == sorted(
        run.name for run in store()
    )
    assert f"these {len(store())} flow runs" in README


def test_ids_in_the_readme_exist() -> None:
    """Each id that the README lists is that of a record in the seeds."""
    loaded = seeds()
    existing = {*loaded.flow_runs, *loaded.task_runs, *loaded.flows, *loaded.deployments}
    existing |= {run.created_by_id or "" for run in store()}
    named = [code_spans(row["id"])[0] for row in table_rows("id")]
    assert [id_ for id_ in named if id_ not in existing or id_ != str(UUID(id_))] == []


def test_the_readme_says_what_the_sample_matches() -> None:
    """Its table of the sample is right, and has each criterion once."""
    rows = list(table_rows("criterion"))
    named = [code_spans(row.pop("criterion"))[0] for row in rows]
    assert named == [key for key in SAMPLE if key != "operator"]
    for criterion, row in zip(named, rows, strict=True):
        for title, cell in row.items():
            for dialect in dialects_of(title):
                actual = actual_result({criterion: SAMPLE[criterion]}, dialect, cell)
                assert actual == expected_result(cell), (criterion, dialect.name)


@pytest.mark.parametrize("first", ["shows", "deviation"])
def test_the_readme_says_what_filters_match(first: str) -> None:
    """Each filter matches what it says, in each dialect, and is warned about as it says."""
    rows = [row for row in table_rows(first) if "filter" in row]
    assert rows
    for row in rows:
        shown, filter_ = row.pop(first), code_spans(row.pop("filter"))[0]
        for title, cell in row.items():
            for dialect in dialects_of(title):
                actual = actual_result(json.loads(filter_), dialect, cell)
                assert actual == expected_result(cell), (filter_, dialect.name)
                if first == "deviation":
                    warned = send(body_of(json.loads(filter_)), dialect)[2]
                    assert (shown in warned) == warns_of(shown, dialect)


def test_the_readme_says_how_requests_are_answered() -> None:
    """Each request is answered as it says, and each deviation has an example."""
    rows = list(table_rows("deviation"))
    assert {row["deviation"] for row in rows} == {one.id for one in BULK_DELETE_DEVIATIONS}
    for row in (row for row in rows if "request" in row):
        text = "\n\n".join(code_spans(row["request"]))
        for title in ("spec", "`prefect-*`"):
            for dialect in dialects_of(title):
                assert send(text, dialect)[0] == int(row[title].split()[0]), row
        for release, status in re.findall(r"\((\S+) and older: (\d+)\)", row["`prefect-*`"]):
            for database in DATABASES:
                assert send(text, dialect_for(database, release))[0] == int(status), row


def test_a_filter_without_conditions_matches_more_than_the_limit() -> None:
    """There are more runs than one request deletes, so that `limit-reached` can be tried."""
    number, names, warned = send("{}", SPEC)
    assert (number, len(names)) == (MAX_LIMIT, store().count(MATCH_ALL))
    assert "limit-reached" in warned
