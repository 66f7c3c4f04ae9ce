"""Values are written as JSON, also those that orjson does not know."""

import json
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType

from mockserver.http.exchange.responses import dump_json
from mockserver.prefect.records import CreatedBy, StateType

EARLY = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))


def test_json_covers_times_mappings_and_own_values() -> None:
    """Times end in Z; read-only mappings and records become objects."""
    value = {
        "time": datetime(2026, 1, 1, 0, 0, 0, 5, tzinfo=UTC),
        "mapping": MappingProxyType({"a": ("b",)}),
        "by": CreatedBy("x"),
        "type": StateType.FAILED,
    }
    assert json.loads(dump_json(value)) == {
        "time": "2026-01-01T00:00:00.000005Z",
        "mapping": {"a": ["b"]},
        "by": {"id": "x", "type": None, "display_value": None},
        "type": "FAILED",
    }


def test_json_falls_back_for_big_integers_and_out_of_range_times() -> None:
    """orjson refuses integers of more than 64 bits, and times whose UTC is out of range."""
    value = {"big": 2**64, "none": float("inf"), "by": CreatedBy("x"), "time": EARLY}
    written = json.loads(dump_json(value))
    assert (written["big"], written["none"]) == (2**64, None)
    assert written["by"]["id"] == "x"
    assert written["time"] == "0001-01-01T00:00:00+01:00"
