"""An anonymized record tells no name, and selects as before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from mockserver.operations import replies
from mockserver.remote.anonymizing import Anonymizer
from mockserver.remote.kinds import KINDS, Record
from mockserver.seeds import COLLECTIONS, SHOWN_ONLY
from mockserver.seeds.records.record_fields import SHORT_FORMS
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.remote.scripted_client import DEPLOYMENTS, FLOWS, POOLS, QUEUES, TASK_RUNS, make_runs

KEY = b"a key of sixteen"
SECRET = "payroll of ACME"
STATE = {
    "id": "s",
    "type": "FAILED",
    "timestamp": "2026-01-31T12:00:00Z",
    "name": SECRET,
    "message": f"Failed: {SECRET}",
    "data": {"storage_key": SECRET},
    "state_details": {"flow_run_id": "f", "cache_key": SECRET, "deferred": False},
}
RUN: Record = {
    "id": "00000001-0000-4000-8000-000000000000",
    "name": SECRET,
    "tags": [SECRET, "eu"],
    "parameters": {SECRET: [1, 2.5, True, None, SECRET], "n": {"deep": SECRET}},
    "labels": {},
    "job_variables": None,
    "state": STATE,
    "state_type": "FAILED",
    "state_name": "Late",
    "work_queue_name": "default",
    "idempotency_key": None,
    "flow_version": "",
    "created_by": {"id": "c", "type": "USER", "display_value": SECRET},
    "empirical_policy": {"retries": 2, "pause_keys": [SECRET]},
    "run_count": 3,
    "news_of_a_later_release": SECRET,
}


def test_no_text_stays() -> None:
    """Wherever it stands; what no rule names is left out."""
    made_up = Anonymizer(KEY).record("flow_runs", RUN)
    assert SECRET not in orjson.dumps(made_up).decode()
    assert "news_of_a_later_release" not in made_up


def test_equal_texts_stay_equal() -> None:
    """With one key; with another they are others."""
    one, again = Anonymizer(KEY), Anonymizer(KEY)
    made_up = one.record("flow_runs", RUN)
    assert made_up["name"] == made_up["tags"][0] == again.text(SECRET) != made_up["tags"][1]
    assert made_up["name"] == again.record("flows", {"name": SECRET})["name"]
    assert Anonymizer(b"another key of 16").text(SECRET) != one.text(SECRET)
    assert one.text("\ud800") != one.text("\ud801")


def test_what_selects_stays() -> None:
    """Ids, times, types, Prefect's own names, numbers of runs, nulls and empty texts."""
    made_up = Anonymizer(KEY).record("flow_runs", RUN)
    same = (
        *("id", "state_type", "state_name", "work_queue_name", "idempotency_key", "flow_version"),
        *("run_count", "job_variables", "labels"),
    )
    assert {key: made_up[key] for key in same} == {key: RUN[key] for key in same}
    assert made_up["empirical_policy"] == {"retries": 2}
    assert made_up["created_by"]["id"] == "c"
    state = made_up["state"]
    assert (state["type"], state["timestamp"], state["id"]) == ("FAILED", STATE["timestamp"], "s")
    assert state["state_details"]["flow_run_id"] == "f"


def test_values_keep_their_form() -> None:
    """A flow that reads its parameters can read the made-up ones."""
    made_up = Anonymizer(KEY).record("flow_runs", RUN)["parameters"]
    listed = next(value for value in made_up.values() if isinstance(value, list))
    assert [type(value) for value in listed] == [int, float, bool, type(None), str]


def test_nulls_are_allowed_wherever_a_server_may_send_them() -> None:
    """A run without a state, creator or tags."""
    nothing: dict[str, Any] = dict.fromkeys(RUN)
    assert set(Anonymizer(KEY).record("flow_runs", nothing).values()) == {None}


# Texts of types that say which they are, and what no rule needs.
LEFT_OUT = {
    "task_runs": {"empirical_policy"},
    "block_types": {"logo_url", "documentation_url", "description", "code_example"},
    "block_schemas": {"fields"},
}


def test_every_field_of_a_run_and_every_kind_has_a_rule() -> None:
    """A field of the seed format without one would be lost, and a kind would fail."""
    anonymizer, now = Anonymizer(KEY), datetime.now(UTC)
    store = Store(Base(make_runs(), TASK_RUNS, flows=FLOWS, deployments=DEPLOYMENTS))
    estimates = {"estimated_run_time", "estimated_start_time_delta"}
    for collection, fields in COLLECTIONS.items():
        known = fields - SHORT_FORMS.get(collection, {}).keys() - SHOWN_ONLY.get(collection, set())
        whole = dict.fromkeys(known - {"block_document_references"})
        lost = LEFT_OUT.get(collection, set())
        assert set(anonymizer.record(collection, whole)) == set(whole) - estimates - lost
    for record in (*store, *store.task_runs, *store.flows, *store.deployments):
        served = orjson.loads(
            orjson.dumps(replies.RENDERERS[type(record)](record, store, now), default=dict)
        )
        name = next(name for name in KINDS if name.startswith(_kind(record)))
        assert served["name"] != anonymizer.record(name, served)["name"]
    assert POOLS[0].name != anonymizer.record("work_pools", {"name": POOLS[0].name})["name"]
    assert QUEUES[0].name == anonymizer.record("work_queues", {"name": QUEUES[0].name})["name"]


def _kind(record: object) -> str:
    words = {"FlowRun": "flow_run", "TaskRun": "task_run", "Flow": "flows"}
    return words.get(type(record).__name__, "deployment")
