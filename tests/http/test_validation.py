"""The checks of templates and of values, where a dialect reads the body in a way of its own.

What real servers answer is recorded (tests/support/object_requests).
"""

from __future__ import annotations

import pytest

from mockserver.prefect.dialects import DIALECTS, PREFECT_SQLITE, SPEC, Dialect
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import serve_store


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda one: one.name)
@pytest.mark.parametrize(("body", "status"), [(b"", 204), (b'"{{ a }}"', 204), (b'"{{ a"', 422)])
def test_a_template_is_the_body(dialect: Dialect, body: bytes, status: int) -> None:
    """And an empty body is an empty template."""
    with serve_store(Store(Base([])), Settings(dialect=dialect)) as client:
        assert client.send("POST", "/api/templates/validate", body).status == status


@pytest.mark.parametrize(("dialect", "status"), [(SPEC, 422), (PREFECT_SQLITE, 204)])
def test_null_is_a_template_for_a_real_server(dialect: Dialect, status: int) -> None:
    """Its document says that the body is a text."""
    with serve_store(Store(Base([])), Settings(dialect=dialect)) as client:
        assert client.send("POST", "/api/templates/validate", b"null").status == status


def test_values_are_checked_with_their_variables() -> None:
    """A variable of the workspace is filled in."""
    named = b'{"name": "limit", "value": "many"}'
    body = (
        b'{"schema": {"properties": {"n": {"type": "integer"}}}, "values": {"n": '
        b'{"__prefect_kind": "workspace_variable", "variable_name": "limit"}}}'
    )
    with serve_store(Store(Base([])), Settings()) as client:
        assert client.send("POST", "/api/variables/", named).status == 201
        reply = client.send("POST", "/api/ui/schemas/validate", body)
    assert b"'many' is not valid under any of the given schemas" in reply.body
