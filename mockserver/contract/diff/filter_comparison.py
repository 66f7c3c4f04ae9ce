"""Read-only differences: the same filter through /flow_runs/filter and /count, and on the twin."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import to_single_line
from ...prefect import DEVIATIONS
from ..findings import Finding, Party, Verdict
from ..server import PAGE, Target, TargetError, id_of
from .coverage import Coverage
from .differences import (
    DEVIATION_FIELDS,
    Difference,
    dialect_deviations,
    find_causing_deviations,
    signature_of,
    to_finding,
)
from .filter_sweep import sweep
from .shrinking import find_smallest_difference
from .strategies import filters
from .twin import IdsOrStatus, Twin
from .vocabulary import Vocabulary

Json = Any
FILTER, COUNT = "POST /flow_runs/filter", "POST /flow_runs/count"
MAX_DIFFERENCES = 8
"""How many are searched for: past these there is enough to look into."""
_MAX_REREADS = 2  # times, before what differs is taken for a difference
CountCallback = Callable[[int], None]


@dataclass
class FilterComparison:
    """Filters tried on a server whose flow runs are known.

    `scope` restricts what the server lists to them. `reread` asks for them anew, where others may
    change them: only what stays different is a difference then.
    """

    target: Target
    scope: Mapping[str, object]
    twin: Twin
    reread: Callable[[], Twin] | None
    watch: CountCallback
    coverage: Coverage = field(default_factory=Coverage)
    tried: int = 0
    shown: dict[str, Json] = field(default_factory=dict)
    """The deviations that showed, each with the smallest filter that showed it."""
    times: dict[str, int] = field(default_factory=dict)

    def search(self, vocabulary: Vocabulary, examples: int, seed: int) -> list[Finding]:
        """Try so many filters: a sweep, then random ones; returns the differences found."""
        found: list[Difference] = []

        def look(wanted: Json) -> Difference | None:
            signature = signature_of(wanted)
            if any(known.signature <= signature and not known.cause for known in found):
                return None
            difference = self.compare(wanted)
            if difference and any(difference.is_like(known) for known in found):
                return None
            return difference

        for wanted in (*registry_filters(), *sweep(vocabulary)):
            if len(found) < MAX_DIFFERENCES and self.tried < examples:
                found += filter(None, (look(wanted),))
        while self.tried < examples and len(found) < MAX_DIFFERENCES:
            difference = find_smallest_difference(
                filters(vocabulary), look, examples=examples - self.tried, number=seed + len(found)
            )
            if difference is None:
                break
            found.append(difference)
        return [to_finding(difference, "selects-the-same") for difference in found]

    def compare(self, wanted: Json) -> Difference | None:
        """Ask the server and its twin the same; what they differ in, if anything."""
        self.tried += 1
        self.watch(self.tried)
        difference = self._compare(wanted)
        tries = _MAX_REREADS
        while difference and self.reread and tries:
            tries -= 1
            self.twin = self.reread()
            difference = self._compare(wanted)
        if difference is None:
            self.coverage.see(wanted, self.twin)
            self._note_deviations(wanted)
        return difference

    def _compare(self, wanted: Json) -> Difference | None:
        mine = self.twin.select(wanted)
        for path, asked in (("/flow_runs/filter", self._listed), ("/flow_runs/count", self._count)):
            told, detail = asked(wanted, mine)
            if detail:
                return self._difference(path, wanted, told, mine, detail)
        return None

    def _listed(self, wanted: Json, mine: IdsOrStatus) -> tuple[IdsOrStatus, str]:
        """The first page; and what is wrong with it, in words, if anything is."""
        body = {"sort": "ID_DESC", "limit": PAGE}
        told = self._ask("/flow_runs/filter", wanted, body)
        if isinstance(told, int):
            return told, "" if told == mine else "It answers a status"
        if not isinstance(told, list):
            raise TargetError(
                f"POST /flow_runs/filter answered no list: {to_single_line(str(told))}"
            )
        ids = list(map(id_of, told))
        if isinstance(mine, int):
            return frozenset(ids), "It answers"
        expected = sorted(mine, reverse=True)[:PAGE]
        if ids == expected:
            return mine, ""
        if sorted(ids, reverse=True) == expected:
            return mine, "The server does not list them by the highest id first"
        return frozenset(ids) | (mine - set(expected)), "They are not the same"

    def _count(self, wanted: Json, mine: IdsOrStatus) -> tuple[IdsOrStatus, str]:
        told = self._ask("/flow_runs/count", wanted, {})
        if isinstance(mine, int) or told == len(mine):
            return mine, ""
        return mine, f"The server lists as many, and counts {told}"

    def _ask(self, path: str, wanted: Json, more: Json) -> Any:
        """The value of the reply; where it is no success, its status."""
        body = {"flow_runs": wanted, **self.scope, **more}
        answer = self.target.send("POST", path, json.dumps(body).encode())
        if answer.status != 200:
            return answer.status
        try:
            return answer.json
        except ValueError:
            raise TargetError(f"POST {path} answered {answer}, which is no JSON") from None

    def _difference(
        self, path: str, wanted: Json, told: IdsOrStatus, mine: IdsOrStatus, detail: str
    ) -> Difference:
        body = {"flow_runs": wanted}
        document = self.twin.documented().select(wanted)
        curl = self.target.curl("POST", path, json.dumps(body).encode())
        return Difference(f"POST {path}", body, told, mine, document, self.twin, curl, detail)

    def _note_deviations(self, wanted: Json) -> None:
        """Where the server does as its dialect says and not as its document does: by which."""
        for deviation in find_causing_deviations(wanted, self.twin):
            self.times[deviation] = self.times.get(deviation, 0) + 1
            known = self.shown.get(deviation)
            if known is None or len(json.dumps(wanted)) < len(json.dumps(known)):
                self.shown[deviation] = wanted

    def deviations(self) -> Iterator[Finding]:
        """The deviations that showed, as findings: known, and the document is wrong about them."""
        for deviation in DEVIATIONS:
            if deviation.id in self.shown:
                wanted = self.shown[deviation.id]
                body = json.dumps({"flow_runs": wanted}).encode()
                yield Finding(
                    "diff",
                    deviation.id,
                    FILTER,
                    f"the document: {deviation.document}; a real server: {deviation.server}",
                    Verdict.KNOWN,
                    Party.DOCUMENT,
                    deviation.id,
                    f"smallest filter that shows it: {json.dumps(wanted, ensure_ascii=False)}",
                    self.target.curl("POST", "/flow_runs/filter", body),
                    self.times[deviation.id],
                )

    def unshown(self) -> list[str]:
        """The deviations of meaning that the dialect has and that no filter showed."""
        return [one for one in dialect_deviations(self.twin) if one not in self.shown]


def registry_filters() -> Iterator[Json]:
    """The filters of the requests by which the registry shows its deviations."""
    for known in DEVIATIONS:
        if known.id in DEVIATION_FIELDS:
            try:
                body = json.loads(known.request)
            except ValueError:  # headers before a body, or bytes
                continue
            if isinstance(body, dict) and body.get("flow_runs"):
                yield body["flow_runs"]
