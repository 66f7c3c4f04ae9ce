"""The settings of a fuzz run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..shards import WHOLE, Shard

PHASES = ("examples", "coverage", "fuzzing", "stateful")
REPORTS = ("junit", "vcr", "har", "ndjson", "json", "allure", "html")


@dataclass(frozen=True, slots=True)
class FuzzSettings:
    """How much to send, and to which operations.

    `max_examples` bounds the generated cases per operation, and the chains of operations; in the
    coverage phase the cases per place of a request, so that each place gets its share of any bound.
    `operations` are named as `POST /flow_runs/bulk_delete`; none means FUZZED_WRITES and what only
    reads and, on a server that the kit has started, all. `thorough` repeats the coverage of filters
    at every endpoint that takes them, and asks other objects in full: four times as many requests.
    `seconds` bounds the whole run. `reports` are formats of schemathesis' own reports, which it
    writes into `folder`. `probes`: also probe each known deviation. Of all that, a `shard` sends
    its part.
    """

    max_examples: int = 25
    seed: int = 1
    phases: Sequence[str] = PHASES
    operations: Sequence[str] = ()
    thorough: bool = False
    seconds: float = 600.0
    reports: Sequence[str] = ()
    folder: Path | None = None
    probes: bool = True
    shard: Shard = WHOLE

    @property
    def is_for_everything(self) -> bool:
        """Whether no operation, phase or probe is left out."""
        return self.probes and not self.operations and set(PHASES) <= set(self.phases)
