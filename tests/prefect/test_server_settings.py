"""The settings that a server tells are those that the document of its release describes."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mockserver.prefect import NEWEST, RELEASES
from mockserver.prefect.server_settings import server_settings
from tests.support.published_documents import published_document


def closed(value: Any) -> Any:
    """A schema of which no object may have other keys than those that it describes."""
    if isinstance(value, dict):
        found = {key: closed(one) for key, one in value.items()}
        if "properties" in found:
            return {**found, "additionalProperties": False, "required": sorted(found["properties"])}
        return found
    return [closed(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("release", RELEASES)
def test_the_settings_are_those_of_the_release(release: str) -> None:
    """No setting is missing, none is unknown, and each is of its type."""
    schemas = published_document(release)["components"]["schemas"]
    root = closed(schemas["Settings"])
    components = {"components": {"schemas": closed(schemas)}}
    assert not list(Draft202012Validator({**root, **components}).iter_errors(
        server_settings(release)
    ))  # fmt: skip


def test_there_is_no_telemetry() -> None:
    """A client asks a server's settings whether it may send some."""
    for release in RELEASES:
        server = server_settings(release)["server"]
        assert server["analytics_enabled"] is False
        assert server["services"]["scheduler"]["enabled"] is False


def test_a_setting_can_be_null_in_an_older_release() -> None:
    """Null in a patch takes a setting away; this one was there, without a value."""
    assert server_settings("3.6.21")["flows"]["heartbeat_frequency"] is None
    assert server_settings(NEWEST)["flows"]["heartbeat_frequency"] == 180
