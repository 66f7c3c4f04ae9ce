# Invariant: a finding has the same id in every run that finds it, and another id if it is another
# fact. So a list of accepted findings neither fails by chance nor hides what nobody has reviewed.
"""Ids of findings, by which they are accepted, in all commands of the contract kit."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from mockserver.contract.diff.filter_sweep import iter_conditions
from mockserver.contract.diff.runner import DiffSettings, diff
from mockserver.contract.drift.check import compare_document
from mockserver.contract.exchanges.exchange import format_place, refused_places
from mockserver.contract.findings import Outcome, is_covered
from mockserver.contract.fuzz.fuzz_settings import FuzzSettings
from mockserver.contract.fuzz.runner import fuzz
from mockserver.contract.server.detect import identify
from mockserver.contract.server.target import Answer, Limits, Ownership, Target
from mockserver.prefect import openapi
from mockserver.prefect.dialects import DIALECTS, SPEC, Dialect
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.filter_mutants import FILTER_MUTANTS
from tests.support.server_mutants import (
    SERVER_MUTANTS,
    Handler,
    Mutant,
    body_of,
    json_reply,
    read_json,
    serve_mutant,
)

SQLITE = DIALECTS["prefect-sqlite"]
FIELD = "FlowRunFilterTags"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Silence the log: a server that gets bad requests on purpose logs many of them."""
    log = logging.getLogger("mockserver")
    before = log.level
    # Not by the attribute: a logger remembers which levels it lets through.
    log.setLevel(logging.CRITICAL)
    yield
    log.setLevel(before)


def failing_ids(outcome: Outcome) -> list[str]:
    """The ids of what fails; an id is one line without more than one space in a row."""
    ids = [one.id for one in outcome.findings if one.fails]
    assert all(re.fullmatch(r"\S+( \S+)*", one) for one in ids)
    return ids


# --- drift ----------------------------------------------------------------------------------------


def drift_ids(edit: Callable[[Any], object], source: str = "openapi.json") -> list[str]:
    document: Any = deepcopy(dict(openapi.document()))
    edit(document)
    return failing_ids(compare_document(document, source))


def minimum(value: int, schema: str = FIELD, key: str = "any_") -> Callable[[Any], object]:
    """An edit that gives lists of a filter a least length."""
    return lambda document: document["components"]["schemas"][schema]["properties"][key]["anyOf"][
        0
    ].update(minItems=value)


def test_a_change_of_a_document_has_one_id_wherever_it_is_published() -> None:
    """It names the field."""
    (one,) = drift_ids(minimum(1))
    assert re.fullmatch(r"drift narrowed FlowRunFilterTags\.any_ [0-9a-f]{8}", one)
    assert drift_ids(minimum(1), "https://prefect.example/openapi.json") == [one]


@pytest.mark.parametrize(
    "edit", [minimum(2), minimum(1, key="all_"), minimum(1, "TaskRunFilterTags", "all_")]
)
def test_another_change_of_a_document_has_another_id(edit: Callable[[Any], object]) -> None:
    """Also another value of the same keyword: only the first was reviewed."""
    assert set(drift_ids(edit)).isdisjoint(drift_ids(minimum(1)))


def drop_reply(*paths: str) -> Callable[[Any], object]:
    return lambda document: [
        document["paths"][path]["post"]["responses"].pop("422") for path in paths
    ]


def test_a_change_of_more_operations_has_another_id() -> None:
    """Though it is still one finding, and of the same name."""
    few = drift_ids(drop_reply("/flow_runs/filter", "/flow_runs/count"))
    more = drift_ids(drop_reply("/flow_runs/filter", "/flow_runs/count", "/flow_runs/paginate"))
    assert len(few) == len(more) == 1
    assert few[0].rpartition(" ")[0] == more[0].rpartition(" ")[0]
    assert few != more


# --- fuzz -----------------------------------------------------------------------------------------


def run_fuzz(
    mutant: Mutant | None, expected: Dialect = SPEC, served: Dialect = SPEC, **settings: Any
) -> Outcome:
    with serve_mutant(mutant, Store(Base(())), Settings(dialect=served)) as client:
        target = Target(client.url, {}, Ownership.OURS, Limits())
        return fuzz(target, expected, FuzzSettings(**settings))


def by_name(name: str) -> Mutant:
    return next(one for one in (*SERVER_MUTANTS, *FILTER_MUTANTS) if one.name == name)


def test_a_failure_has_one_id_whatever_the_seed() -> None:
    """It names the check, the operation and the status."""
    found = [
        failing_ids(run_fuzz(by_name("one-too-many"), phases=(), probes=False, seed=seed))
        for seed in (1, 2)
    ]
    assert "fuzz at-most-limit POST /flow_runs/bulk_delete 200" in found[0]
    assert found[0] == found[1]


async def _refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A middleware that refuses every count, with the errors that a real server would list."""
    if not request.path.endswith("/flow_runs/count"):
        return await handler(request)
    errors = [{"loc": ["body", "flow_runs", "tags", "any_", 0], "type": "too_short"}]
    return web.json_response({"exception_detail": errors}, status=422)


def test_the_id_of_a_refusal_says_what_is_refused() -> None:
    """So another reason to refuse a request to the same operation is another finding."""
    wrong = Mutant("refuses", "refuses every count", _refuse, ())
    outcome = run_fuzz(wrong, operations=("POST /flow_runs/count",), phases=("examples",))
    assert (
        "fuzz positive_data_acceptance POST /flow_runs/count 422 body.flow_runs.tags.any_.[] "
        "too_short" in failing_ids(outcome)
    )
    assert not outcome.is_complete


async def _wrong_reply(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A middleware that answers with a number for its version."""
    reply = await handler(request)
    return json_reply(9) if request.path.endswith("/version") else reply


def test_the_id_of_a_reply_that_breaks_its_schema_says_where() -> None:
    """By the place in the reply and the keyword of the schema."""
    wrong = Mutant("wrong-reply", "is of a version that is no text", _wrong_reply, ())
    settings: dict[str, Any] = {"operations": ("GET /version",), "phases": ("fuzzing",)}
    outcome = run_fuzz(wrong, max_examples=1, probes=False, **settings)
    assert "fuzz response_schema_conformance GET /version 200 type" in failing_ids(outcome)


def test_a_deviation_has_an_id_if_it_is_not_as_expected() -> None:
    """One that is missing has the same in all commands; a known one has none."""
    settings: dict[str, Any] = {"operations": ("GET /health",), "phases": ("examples",)}
    gone = run_fuzz(None, SQLITE, SPEC, **settings)
    assert "gone like-nul" in failing_ids(gone)
    shown = run_fuzz(None, SPEC, SQLITE, **settings)
    assert "fuzz shows like-nul" in failing_ids(shown)
    known = run_fuzz(None, SQLITE, SQLITE, **settings)
    assert {one.id for one in known.findings} == {""}


@pytest.mark.parametrize(
    ("settings", "complete"),
    [
        (FuzzSettings(), True),
        (FuzzSettings(operations=("GET /health",)), False),
        (FuzzSettings(phases=("examples",)), False),
        (FuzzSettings(probes=False), False),
    ],
)
def test_a_run_that_leaves_something_out_is_not_complete(
    settings: FuzzSettings, complete: bool
) -> None:
    """What it does not find may still be there."""
    assert settings.is_for_everything == complete


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (b'{"detail":[{"loc":["body","limit"],"type":"less_than"}]}', ["body.limit less_than"]),
        (
            b'{"exception_detail":[{"loc":["body","b"],"type":"x"},{"loc":["query",1],"type":"x"},'
            b'{"loc":["body","c"],"type":"x"}]}',
            ["body.* x", "query.[] x"],
        ),
        (b'{"detail":"Invalid limit"}', []),
        (b'{"detail":[1]}', []),
        (b'{"other":1}', []),
        (b"[]", []),
        (b"no json", []),
    ],
)
def test_places_that_a_refusal_names(body: bytes, places: list[str]) -> None:
    """In the shape of the document or of real servers; none if the refusal names none."""
    assert list(refused_places(Answer(422, body, {}))) == places


def test_a_place_has_nothing_of_the_request() -> None:
    """Indexes and the keys that a client chose are left out."""
    assert format_place(["results", 3, "labels", "ab12"]) == "results.[].labels.*"
    assert format_place([]) == ""


# --- diff -----------------------------------------------------------------------------------------


def run_diff(
    mutant: Mutant | None,
    folder: Path,
    *,
    expected: Dialect = SPEC,
    served: Dialect = SPEC,
    **settings: Any,
) -> Outcome:
    with serve_mutant(mutant, Store(Base(())), Settings(dialect=served)) as client:
        target = Target(client.url, {}, Ownership.OURS, Limits())
        few = DiffSettings(**{"filters": 300, "deletes": 5, "runs": 30, **settings})
        return diff(target, identify(target, expected), few, folder, lambda *_: None)


def test_a_difference_has_one_id_whatever_the_seed(tmp_path: Path) -> None:
    """It names what the server does otherwise, and the keys of the smallest filter."""
    mutant = by_name("like-with-case")
    first, other = (failing_ids(run_diff(mutant, tmp_path, seed=seed)) for seed in (1, 2))
    found = "diff selects-the-same POST /flow_runs/filter other-runs name.like_"
    # Under or_, this server also makes two criteria of `any_` and `like_`.
    assert found in first
    assert all(is_covered(one, found) for one in (*first, *other))


def test_a_missing_deviation_has_the_id_that_fuzz_gives_it(tmp_path: Path) -> None:
    """One entry accepts both. A run without deletes, or on what is there, is not complete."""
    outcome = run_diff(None, tmp_path, expected=SQLITE, delete=True)
    assert "gone like-wildcards" in failing_ids(outcome)
    assert not run_diff(None, tmp_path, delete=False).is_complete
    assert run_diff(None, tmp_path, delete=True).is_complete
    assert not run_diff(None, tmp_path, existing=True).is_complete


async def _no_filters(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A middleware that fails to list what a filter of flow runs selects."""
    body = await body_of(request) if request.path.endswith("/flow_runs/filter") else None
    criteria = (body or {}).get("flow_runs") or {}
    filtered = any(value is not None for _, _, value in iter_conditions(criteria))
    return web.json_response({}, status=418) if filtered else await handler(request)


def test_a_search_that_stops_early_is_not_complete(tmp_path: Path) -> None:
    """It says so; what it has not tried may differ as well. Ids have the status of an answer."""
    wrong = Mutant("fails", "answers 418 to a filter", _no_filters, ())
    outcome = run_diff(wrong, tmp_path, filters=1500)
    ids = failing_ids(outcome)
    assert len(ids) == 8
    assert all("POST /flow_runs/filter answers-418 " in one for one in ids)
    assert "not all filters were tried: the search stops at 8 differences" in outcome.notes
    assert not outcome.is_complete


async def _one_more(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A middleware that counts one too many."""
    reply = await handler(request)
    counts = request.path.endswith("/flow_runs/count") and reply.status == 200
    return json_reply(read_json(reply) + 1) if counts else reply


def test_a_server_that_is_wrong_without_a_filter_cannot_be_accepted(tmp_path: Path) -> None:
    """Every other filter would be taken for the same difference, and not be tried."""
    outcome = run_diff(Mutant("counts", "counts one too many", _one_more, ()), tmp_path)
    assert "" in [one.id for one in outcome.findings if one.fails]
