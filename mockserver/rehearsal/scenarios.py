"""The faults that real servers show, as scenarios under which a script is run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..worlds import PRESETS, Cut, Fault, Rule


@dataclass(frozen=True, slots=True)
class FaultRule:
    """A fault, and the requests that it happens to; `times` is at most how often, None always."""

    fault: Fault
    probability: float = 1.0
    times: int | None = None
    method: str | None = None
    path: str = "*"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What goes wrong with a script's requests.

    `sentence` says it in words. `rival`: another client deletes some of the same runs meanwhile.
    """

    sentence: str
    rules: tuple[FaultRule, ...] = ()
    rival: bool = False

    def fault_rules(self) -> list[Rule]:
        """New rules of a world, which have not happened yet."""
        return [
            Rule(one.fault, one.path, one.method, one.probability, one.times) for one in self.rules
        ]


def _on_changes(fault: Fault) -> tuple[FaultRule, ...]:
    """Rules by which a fault happens to the first and another request that changes flow runs."""
    changes = (("POST", "/flow_runs/bulk_*"), ("DELETE", "/flow_runs/*"))
    return tuple(
        FaultRule(fault, probability, 1, *change) for change in changes for probability in (1, 0.5)
    )


SCENARIOS: Mapping[str, Scenario] = {
    # One in ten: measured on Prefect 3.8.8 with SQLite, 8 to 12 % of the calls of a drain.
    "sqlite-503": Scenario(
        "one request in ten is answered 503, the first among them, and not carried out, as by a "
        "busy SQLite",
        (FaultRule(PRESETS["sqlite-503"], times=1), FaultRule(PRESETS["sqlite-503"], 0.1)),
    ),
    "rate-limited": Scenario(
        "up to three requests are answered 429, the first among them, with Retry-After: 1",
        (
            FaultRule(PRESETS["rate-limited"], times=1),
            FaultRule(PRESETS["rate-limited"], 0.3, 2),
        ),
    ),
    "reply-lost": Scenario(
        "the first delete, and one later, is carried out and answered 502, as when a gateway "
        "loses the reply",
        _on_changes(Fault(status=502, after=True, detail="Bad Gateway")),
    ),
    "cut-before": Scenario(
        "the connection is cut before the first delete, and one later, is carried out",
        _on_changes(Fault(cut=Cut.before)),
    ),
    "cut-after": Scenario(
        "the connection is cut after the first delete, and one later, without a reply",
        _on_changes(Fault(cut=Cut.after)),
    ),
    "slow": Scenario(
        "every reply takes from 0.1 to 0.5 s",
        (FaultRule(Fault(latency=(0.1, 0.5))),),
    ),
    "rival": Scenario(
        "another client deletes some of the same flow runs meanwhile",
        (FaultRule(Fault(latency=(0.02, 0.05))),),  # or the script would be done before it
        rival=True,
    ),
}
"""Scenarios by name."""
