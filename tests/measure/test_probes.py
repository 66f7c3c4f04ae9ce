"""Each entry of the registry has a probe: its own request, ready to be sent to a server."""

from __future__ import annotations

import json

import pytest

from measure.base_answers import format_endpoints, format_transitions
from measure.documents import document_digest
from measure.probes import ENTRIES, Entry, preparation, probe_request
from mockserver.prefect.deviations import DATABASES
from tests.support.endpoint_cases import CASES, load_outcomes
from tests.support.transition_runner import CASES as TRANSITIONS
from tests.support.transition_runner import load_outcomes as load_transitions


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_the_request_of_every_entry_can_be_sent(entry: Entry) -> None:
    """It has a method, a path, and a body that is no description of one."""
    request = probe_request(entry)
    assert request.method in ("GET", "POST", "PATCH", "DELETE")
    assert "{" not in request.path
    sent = request.content({"flow": "f", "run": "r"})
    assert b"(" not in sent, "describe the body in measure/probes.py"
    made = list(preparation(entry))
    assert made[0].save_id_as == "run"


def test_headers_of_an_entry_are_sent() -> None:
    """They stand before an empty line in the registry."""
    found = {entry.id: probe_request(entry) for entry in ENTRIES}
    assert found["body-ignored"].headers == {"Content-Type": "text/plain"}
    assert found["error-shape"].headers == {"Content-Type": "application/json"}


def test_files_of_the_base_are_as_they_would_be_written() -> None:
    """Recording the base again makes no difference to review."""
    outcomes = {database: load_outcomes(database) for database in DATABASES}
    assert format_endpoints(outcomes) == CASES.read_text(encoding="utf-8")
    assert format_transitions(load_transitions()) == TRANSITIONS.read_text(encoding="utf-8")


def test_the_digest_of_a_document_does_not_depend_on_the_name_of_the_release() -> None:
    """Nor on the order of its keys; anything else changes it."""
    document = {"info": {"title": "Prefect REST API", "version": "3.9.1"}, "paths": {}}
    digest = document_digest(document, "3.9.1")
    newer = json.loads(json.dumps(document, sort_keys=True).replace("3.9.1", "3.9.2"))
    assert document_digest(newer, "3.9.2") == digest
    assert document_digest({**document, "paths": {"/x": {}}}, "3.9.1") != digest
