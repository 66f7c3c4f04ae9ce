"""Bodies as older releases have them: what the models of the newest become under a dialect."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from pydantic import BaseModel

from mockserver.errors import InvalidRequest
from mockserver.operations.endpoints import ENDPOINTS
from mockserver.prefect.dialects import PREFECT_SQLITE, SPEC, Dialect, dialect_for
from mockserver.requests import (
    FilterParameters,
    Message,
    TaskRunCountRequest,
    TaskRunFilterRequest,
    read_request,
)
from mockserver.requests.older_bodies import Before, model_under

OLDEST = dialect_for("sqlite", "3.6.16")
MODELS = [endpoint.model for endpoint in ENDPOINTS if endpoint.model is not None]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_only_types_differ(model: type[BaseModel]) -> None:
    """An older model has the same keys in the same order, which shows in errors, and defaults."""
    assert model_under(model, SPEC) is model_under(model, PREFECT_SQLITE) is model
    older = model_under(model, OLDEST)
    assert older is model_under(model, OLDEST)
    assert older.__name__ == model.__name__
    assert list(older.model_fields) == list(model.model_fields)
    for key, field in model.model_fields.items():
        assert older.model_fields[key].default == field.default


def test_each_change_is_a_field_of_the_dialect() -> None:
    """And only models with such a key have an older form."""
    changes = {field.name for field in fields(Dialect) if field.default is True}
    for model in MODELS:
        named = {
            before.change
            for field in model.model_fields.values()
            for before in field.metadata
            if isinstance(before, Before)
        }
        assert named <= changes
        assert (model_under(model, OLDEST) is model) == (not named)


def errors(model: type[BaseModel], body: bytes, dialect: Dialect) -> list[tuple[str, Any]]:
    try:
        read_request(Message(body, "application/json"), model, dialect)
    except InvalidRequest as refusal:
        return [(error["type"], error["loc"][1:]) for error in refusal.errors]
    return []


def test_a_key_that_a_filter_lacks_is_refused_after_the_others() -> None:
    """As any other unknown key, in the order of the body."""
    body = b'{"task_runs": {"end_time": {}, "unknown": 1, "flow_run_id": 1}}'
    unknown = ("extra_forbidden", ("task_runs", "unknown"))
    for model in (FilterParameters, TaskRunCountRequest, TaskRunFilterRequest):
        found = errors(model, body, OLDEST)
        assert found[1:] == [("extra_forbidden", ("task_runs", "end_time")), unknown]
        assert errors(model, body, dialect_for("sqlite", "3.6.22"))[1:] == [unknown]


def test_a_release_in_between_has_some_of_the_changes() -> None:
    """Each key changes by itself."""
    between = dialect_for("sqlite", "3.9.0")
    assert errors(TaskRunFilterRequest, b'{"task_runs": {"end_time": {}}}', between) == []
    assert errors(TaskRunFilterRequest, b'{"sort": "DURATION_ASC"}', between) == [
        ("enum", ("sort",))
    ]
    assert errors(TaskRunFilterRequest, b'{"sort": "DURATION_ASC"}', PREFECT_SQLITE) == []
