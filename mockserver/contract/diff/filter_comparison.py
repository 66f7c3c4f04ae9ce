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
    on_count: CountCallback
    coverage: Coverage = field(default_factory=Coverage)
    tried: int = 0
    smallest_shown: dict[str, Json] = field(default_factory=dict)
    """The deviations that showed, each with the smallest filter that showed it."""
    times: dict[str, int] = field(default_factory=dict)

    def search(self, vocabulary: Vocabulary, examples: int, seed: int) -> list[Finding]:
        """Try so many filters: a sweep, then random ones; returns the differences found."""
        found: list[Difference] = []

        def examine(filter_body: Json) -> Difference | None:
            signature = signature_of(filter_body)
            if any(known.signature <= signature and not known.cause for known in found):
                return None
            difference = self.compare(filter_body)
            if difference and any(difference.is_covered_by(known) for known in found):
                return None
            return difference

        for filter_body in (*registry_filters(), *sweep(vocabulary)):
            if len(found) < MAX_DIFFERENCES and self.tried < examples:
                found += filter(None, (examine(filter_body),))
        while self.tried < examples and len(found) < MAX_DIFFERENCES:
            difference = find_smallest_difference(
                filters(vocabulary),
                examine,
                examples=examples - self.tried,
                random_seed=seed + len(found),
            )
            if difference is None:
                break
            found.append(difference)
        return [to_finding(difference, "selects-the-same") for difference in found]

    def compare(self, filter_body: Json) -> Difference | None:
        """Ask the server and its twin the same; what they differ in, if anything."""
        self.tried += 1
        self.on_count(self.tried)
        difference = self._compare(filter_body)
        tries = _MAX_REREADS
        while difference and self.reread and tries:
            tries -= 1
            self.twin = self.reread()
            difference = self._compare(filter_body)
        if difference is None:
            self.coverage.record(filter_body, self.twin)
            self._record_deviations(filter_body)
        return difference

    def _compare(self, filter_body: Json) -> Difference | None:
        twin_answer = self.twin.select(filter_body)
        for path, compare in (
            ("/flow_runs/filter", self._compare_list),
            ("/flow_runs/count", self._compare_count),
        ):
            server_answer, detail = compare(filter_body, twin_answer)
            if detail:
                return self._difference(path, filter_body, server_answer, twin_answer, detail)
        return None

    def _compare_list(self, filter_body: Json, twin_answer: IdsOrStatus) -> tuple[IdsOrStatus, str]:
        """The first page; and what is wrong with it, in words, if anything is."""
        body = {"sort": "ID_DESC", "limit": PAGE}
        server_answer = self._post_filter("/flow_runs/filter", filter_body, body)
        if isinstance(server_answer, int):
            return server_answer, "" if server_answer == twin_answer else "It answers a status"
        if not isinstance(server_answer, list):
            raise TargetError(
                f"POST /flow_runs/filter answered no list: {to_single_line(str(server_answer))}"
            )
        ids = list(map(id_of, server_answer))
        if isinstance(twin_answer, int):
            return frozenset(ids), "It answers"
        expected = sorted(twin_answer, reverse=True)[:PAGE]
        if ids == expected:
            return twin_answer, ""
        if sorted(ids, reverse=True) == expected:
            return twin_answer, "The server does not list them by the highest id first"
        return frozenset(ids) | (twin_answer - set(expected)), "They are not the same"

    def _compare_count(
        self, filter_body: Json, twin_answer: IdsOrStatus
    ) -> tuple[IdsOrStatus, str]:
        server_answer = self._post_filter("/flow_runs/count", filter_body, {})
        if isinstance(twin_answer, int) or server_answer == len(twin_answer):
            return twin_answer, ""
        return twin_answer, f"The server lists as many, and counts {server_answer}"

    def _post_filter(self, path: str, filter_body: Json, more: Json) -> Any:
        """The value of the reply; where it is no success, its status."""
        body = {"flow_runs": filter_body, **self.scope, **more}
        answer = self.target.send("POST", path, json.dumps(body).encode())
        if answer.status != 200:
            return answer.status
        try:
            return answer.json
        except ValueError:
            raise TargetError(f"POST {path} answered {answer}, which is no JSON") from None

    def _difference(
        self,
        path: str,
        filter_body: Json,
        server_answer: IdsOrStatus,
        twin_answer: IdsOrStatus,
        detail: str,
    ) -> Difference:
        body = {"flow_runs": filter_body}
        document = self.twin.documented().select(filter_body)
        curl = self.target.curl("POST", path, json.dumps(body).encode())
        return Difference(
            f"POST {path}", body, server_answer, twin_answer, document, self.twin, curl, detail
        )

    def _record_deviations(self, filter_body: Json) -> None:
        """Where the server does as its dialect says and not as its document does: by which."""
        for deviation in find_causing_deviations(filter_body, self.twin):
            self.times[deviation] = self.times.get(deviation, 0) + 1
            known = self.smallest_shown.get(deviation)
            if known is None or len(json.dumps(filter_body)) < len(json.dumps(known)):
                self.smallest_shown[deviation] = filter_body

    def deviation_findings(self) -> Iterator[Finding]:
        """The deviations that showed, as findings: known, and the document is wrong about them."""
        for deviation in DEVIATIONS:
            if deviation.id in self.smallest_shown:
                filter_body = self.smallest_shown[deviation.id]
                body = json.dumps({"flow_runs": filter_body}).encode()
                yield Finding(
                    "diff",
                    deviation.id,
                    FILTER,
                    f"the document: {deviation.document}; a real server: {deviation.server}",
                    Verdict.KNOWN,
                    Party.DOCUMENT,
                    deviation.id,
                    f"smallest filter that shows it: {json.dumps(filter_body, ensure_ascii=False)}",
                    self.target.curl("POST", "/flow_runs/filter", body),
                    self.times[deviation.id],
                )

    def unshown(self) -> list[str]:
        """The deviations of meaning that the dialect has and that no filter showed."""
        return [one for one in dialect_deviations(self.twin) if one not in self.smallest_shown]


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
