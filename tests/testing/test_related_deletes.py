"""Flows and deployments of a mock server: what deleting them would do, and did."""

from __future__ import annotations

import pytest

from mockserver import MockServer
from mockserver.errors import UsageError


def test_a_bulk_delete_of_flows_is_explained_and_reported() -> None:
    """Before it is sent nothing is deleted; afterwards the report has the same numbers."""
    with MockServer() as api:
        api.make(3, name="r", flow="old")
        api.add(name="r", flow="new")
        old = {"name": {"any_": ["old"]}}
        told = api.explain_related("flows", old, protect=[{"flow_runs": {"name": {"any_": ["x"]}}}])
        assert (told.deleted, told.flow_runs, told.protected_going) == (1, 3, 0)
        assert api.requests == ()
        api.post("/flows/bulk_delete", {"flows": old})
        report = api.report()
        assert (report.flows, report.deleted, report.left) == (1, 3, 1)
        with pytest.raises(UsageError, match="flows, deployments"):
            api.explain_related("flow_runs", {})
