"""Job variables are checked against the template of a work pool, one layer over the other."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.parameters import InvalidSchema, SchemaMismatch, check_job_variables


def template(required: tuple[str, ...] = ("n",), **properties: Any) -> dict[str, Any]:
    given = {"n": {"type": "integer"}, **properties}
    return {"variables": {"type": "object", "properties": given, "required": list(required)}}


def test_a_pool_without_variables_takes_any() -> None:
    """Its template has no schema to check them against."""
    check_job_variables({}, {"n": "x"}, required=True)
    check_job_variables({"variables": {}}, {"n": "x"}, required=True)


def test_later_layers_lie_over_earlier_ones() -> None:
    """Those of a run over those of its deployment, over the defaults."""
    check_job_variables(template(), {"n": "x"}, {"n": 1}, required=True)
    with pytest.raises(SchemaMismatch):
        check_job_variables(template(), {"n": 1}, {"n": "x"}, required=True)
    check_job_variables(template(n={"type": "integer", "default": 3}), None, required=True)


def test_required_variables_are_needed_for_a_run_only() -> None:
    """A deployment may leave them to its runs."""
    check_job_variables(template(), {}, required=False)
    with pytest.raises(SchemaMismatch, match="'n' is a required property"):
        check_job_variables(template(), {}, required=True)


def test_defaults_that_are_not_valid_do_not_count() -> None:
    """Nor do references to blocks; what is required then cannot be known for the former."""
    check_job_variables(template(d={"type": "integer", "default": "x"}), {}, required=True)
    block = {"type": "integer", "default": {"$ref": {"block_document_id": "x"}}}
    check_job_variables(template(d=block), {"n": 1}, required=True)


def test_a_template_that_is_no_schema_is_refused() -> None:
    """Before the variables are looked at."""
    with pytest.raises(InvalidSchema):
        check_job_variables({"variables": {"type": "nope"}}, {}, required=True)
