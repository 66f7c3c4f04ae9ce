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


def test_deleted_flows_and_deployments_are_asserted() -> None:
    """By name or id, as flow runs are; the message says what differs and which request did it."""
    with MockServer() as api:
        api.make(2, name="r", flow="old")
        api.add(name="r", flow="new")
        api.assert_deleted([], of="flows")
        gone = api.post("/flows/bulk_delete", {"flows": {"name": {"any_": ["old"]}}})
        flow_id = gone.reply_json["deleted"][0]
        api.assert_deleted("old", of="flows")
        api.assert_deleted([flow_id.upper()], of="flows")
        api.assert_deleted([], of="deployments")
        api.post("/flows/bulk_delete", {"limit": 0})
        with pytest.raises(AssertionError) as raised:
            api.assert_deleted(["new"], of="flows")
        assert str(raised.value).splitlines() == [
            "the wrong flows were deleted",
            "expected, but not deleted (1):",
            "  'new'",
            "refused or failed (1):",
            "  #2 POST /flows/bulk_delete was answered 422: limit: Input should be greater than or "
            "equal to 1",
            "deleted, but not expected (1):",
            f"  'old' ({flow_id})",
            "    by #1 POST /flows/bulk_delete -> 200",
        ]
        with pytest.raises(AssertionError, match="were deleted\ndeleted, but not expected"):
            api.assert_deleted([], of="flows")
        with pytest.raises(UsageError, match="of is 'tasks'; expected flow_runs, flows or"):
            api.assert_deleted([], of="tasks")


def test_one_flow_and_one_deployment_count_as_well() -> None:
    """They may be deleted by their ids; a deployment goes with its flow."""
    with MockServer() as api:
        flow = api.post("/flows/", {"name": "f"}).reply_json["id"]
        ids = [
            api.post("/deployments/", {"name": name, "flow_id": flow}).reply_json["id"]
            for name in "ab"
        ]
        api.send("DELETE", f"/deployments/{ids[0]}")
        api.assert_deleted("a", of="deployments")
        api.send("DELETE", f"/flows/{flow}")
        api.assert_deleted(["a", "b"], of="deployments")
        api.assert_deleted("f", of="flows")
