"""Faults: how they are written, which requests they happen to, and how long they delay."""

from typing import Any

import pytest

from mockserver.errors import UsageError
from mockserver.worlds.faults import (
    MAX_RULES,
    MAX_SECONDS,
    PRESETS,
    Cut,
    Fault,
    Faults,
    Rule,
    build_fault,
    parse_fault_header,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("sqlite-503", PRESETS["sqlite-503"]),
        ("status=429, retry_after=3", Fault(status=429, retry_after=3)),
        ("status=504, after", Fault(status=504, after=True)),
        ("cut=partial,latency=0.5", Fault(cut=Cut.partial, latency=0.5)),
        ("latency=0.1..0.2", Fault(latency=(0.1, 0.2))),
        ("latency=0.1..0.5, lognormal=true", Fault(latency=(0.1, 0.5), lognormal=True)),
        ("conflict, close, after=false", Fault(status=409, detail="Conflict", close=True)),
    ],
)
def test_a_header_describes_a_fault(header: str, expected: Fault) -> None:
    """By a preset, by fields, or by both."""
    assert parse_fault_header(header) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"preset": "nope"}, "'nope' is not a fault; expected one of sqlite-503"),
        ({"statis": 503}, "'statis' is not a field of a fault; expected one of status"),
        ({"status": 200}, "status is 200; expected a status from 400 to 599"),
        ({"status": True}, "status is True"),
        ({"status": "503.5"}, "status is '503.5'"),
        ({"cut": "middle"}, "cut is 'middle'; expected one of before, after, partial, lost"),
        ({"latency": 61}, "latency is 61; expected seconds up to 60"),
        ({"latency": (1, 2, 3)}, "expected seconds up to 60, or two"),
        ({"latency": (2, 1)}, "latency from 2 to 1; expected"),
        ({"latency": float("nan")}, "latency is nan"),
        ({"latency": True}, "latency is True"),
        ({"latency": 1, "lognormal": True}, "lognormal needs latency=\\(median, sigma\\)"),
        ({"status": 503, "after": "yes"}, "after is 'yes'; expected true or false"),
        ({"status": 503, "detail": 1}, "detail is 1; expected a text"),
        ({"status": 503, "retry_after": -1}, "retry_after is -1; expected whole seconds"),
        ({"after": True}, "this fault does nothing"),
    ],
)
def test_an_invalid_fault_is_refused(given: Any, message: str) -> None:
    """The error names the value and what was expected."""
    with pytest.raises(UsageError, match=message):
        build_fault(**given)


def test_a_null_field_counts_as_absent() -> None:
    """Clients in other languages send every field of their type."""
    assert build_fault("conflict", status=None, cut=None) == PRESETS["conflict"]
    assert build_fault(status=503, cut=None, latency=None) == Fault(status=503)


def test_a_fault_has_a_text_for_the_journal() -> None:
    """The text is what a header would say."""
    assert str(Fault(status=503, close=True)) == "status=503, close"
    assert str(Fault(latency=(0.1, 2))) == "latency=0.1..2"
    assert str(PRESETS["cut-after"]) == "cut=after"


def test_the_first_rule_that_applies_wins() -> None:
    """Rules match by path and method; one with no times left is skipped."""
    faults = Faults()
    faults.add(Rule(Fault(status=503), "/api/flow_runs/*", "post", times=1))
    faults.add(Rule(Fault(status=500), "/flow_runs/filter"))
    assert len(faults) == 2
    assert faults.next_fault("POST", "/flows/filter") is None
    assert faults.next_fault("GET", "/flow_runs/x") is None
    assert faults.next_fault("POST", "/flow_runs/filter") == Fault(status=503)
    assert faults.next_fault("POST", "/flow_runs/filter") == Fault(status=500)
    assert [rule.happened for rule in faults.rules] == [1, 1]
    faults.clear()
    assert faults.next_fault("POST", "/flow_runs/filter") is None


def test_a_rule_may_have_a_template() -> None:
    """As openapi.yaml writes the paths of endpoints."""
    faults = Faults()
    faults.add(Rule(Fault(status=503), "/flow_runs/{id}"))
    assert faults.next_fault("POST", "/flow_runs/filter") is None
    path = "/flow_runs/0f0e0d0c-0000-4000-8000-000000000000"
    assert faults.next_fault("GET", path) == Fault(status=503)
    assert faults.next_fault("POST", f"{path}/set_state") is None


def test_probability_is_reproducible_by_seed() -> None:
    """The same seed makes the same requests fail; their share is close to the probability."""

    def failures(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Rule(Fault(status=503), probability=0.3))
        return [faults.next_fault("GET", "/") is not None for _ in range(1000)]

    assert failures(1) == failures(1) != failures(2)
    assert 240 < sum(failures(1)) < 360
    reseeded = Faults(5)
    reseeded.clear(seed=1)
    reseeded.add(Rule(Fault(status=503), probability=0.3))
    assert [reseeded.next_fault("GET", "/") is not None for _ in range(1000)] == failures(1)


@pytest.mark.parametrize(
    ("given", "message"),
    [({"path": "flow_runs"}, "path is 'flow_runs'; expected a pattern"),
     ({"path": 3}, "path is 3"),
     ({"path": "/flow_run/{id}"}, "matches no route; the nearest is /flow_runs/{id}"),
     ({"path": "/flow_runs/filter", "method": "get"}, "has the method GET; expected POST"),
     ({"probability": 1.5}, "probability is 1.5; expected a number from 0 to 1"),
     ({"probability": "often"}, "probability is 'often'"),
     ({"times": 0}, "times is 0; expected 1 or more"), ({"times": "2"}, "times is '2'")],
)  # fmt: skip
def test_an_invalid_rule_is_refused(given: Any, message: str) -> None:
    """The error names the value and what was expected."""
    with pytest.raises(UsageError, match=message):
        Rule(Fault(status=503), **given)


def test_rules_are_bounded() -> None:
    """A loop that adds rules cannot fill the memory."""
    faults = Faults()
    for _ in range(MAX_RULES):
        faults.add(Rule(Fault(status=503)))
    with pytest.raises(UsageError, match="1,000 fault rules already"):
        faults.add(Rule(Fault(status=503)))


def test_latencies_follow_their_distribution() -> None:
    """Fixed, uniform within two bounds, or lognormal around a median; never above MAX_SECONDS."""
    faults = Faults()
    assert faults.delay(Fault(status=503)) == 0
    assert faults.delay(Fault(latency=0.25)) == 0.25
    uniform = [faults.delay(Fault(latency=(1, 3))) for _ in range(1000)]
    assert 1 <= min(uniform) < 1.1
    assert 2.9 < max(uniform) <= 3
    lognormal = sorted(faults.delay(Fault(latency=(2, 1), lognormal=True)) for _ in range(1001))
    assert 1.7 < lognormal[500] < 2.3  # the median
    # One sigma each side of the median: about e squared apart.
    assert lognormal[850] / lognormal[150] > 5
    assert faults.delay(Fault(latency=(60, 60), lognormal=True)) <= MAX_SECONDS


def test_a_detail_is_bounded() -> None:
    """It goes into replies and the journal."""
    assert build_fault(status=503, detail="busy").detail == "busy"
    with pytest.raises(UsageError, match="expected a text of up to 10000 letters"):
        build_fault(status=503, detail="x" * 10_001)
