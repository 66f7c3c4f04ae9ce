"""Comparison of filters: each through /flow_runs/filter, and on the twin.

/flow_runs/count is asked where the list is cut off, and once for each cell of the coverage.

Sends only requests that read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from ...errors import to_single_line
from ..findings import Finding, Party, Verdict
from ..server import PAGE, Identity, Target, TargetError, id_of
from .coverage import Cell, Coverage, decided_cells
from .differences import (
    FILTER_DEVIATIONS,
    Difference,
    dialect_deviations,
    find_causing_deviations,
    signature_of,
    to_finding,
)
from .selection import ALL, FILTER_CHECK, Dealer, Selection, until_found
from .shrinking import find_smallest_difference, shrink_filter
from .strategies import filters
from .twin import Ids, IdsOrStatus, Twin
from .vocabulary import Vocabulary

Json = Any
FILTER_PATH, COUNT_PATH = "/flow_runs/filter", "/flow_runs/count"
FILTER = f"POST {FILTER_PATH}"
MAX_DIFFERENCES = 8
"""A search stops at this many: a server that differs in more has to be looked into anyway."""
_MAX_REREADS = 4  # how often a filter is tried again where the runs have changed meanwhile
CountCallback = Callable[[int], None]
"""Called with the number of filters or deletes so far."""
FindingCallback = Callable[[str], None]
"""Called with the check and the keys of each difference, once it is small."""


def no_op(_text: str) -> None:
    """Do nothing with a finding."""


class _Unsettled(Exception):
    """The server changed while it was asked, or did not repeat its answer."""


@dataclass
class FilterComparison:
    """Filters tried on a server, and on a twin that holds the same flow runs.

    `identity` is what the server was recognised as. `scope` are further filters of a request body,
    which restrict the server to these runs. `reread` returns a new twin if others may change the
    runs, else it is None. `unsettled` counts the filters that could not be decided: the server
    changed while it was asked, or did not repeat its answer. `times` and `smallest_shown` say how
    often a deviation showed, and the smallest filter that showed it.
    """

    target: Target
    identity: Identity
    scope: Mapping[str, object]
    twin: Twin
    reread: Callable[[], Twin] | None
    on_count: CountCallback
    on_finding: FindingCallback = no_op
    coverage: Coverage = field(default_factory=Coverage)
    tried: int = 0
    unsettled: int = 0
    smallest_shown: dict[str, Json] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    _counted: set[Cell] = field(default_factory=set)

    def search(
        self,
        planned: Iterable[Json],
        vocabulary: Vocabulary,
        examples: int,
        seed: int,
        selection: Selection = ALL,
    ) -> list[Finding]:
        """Try those of the first `examples` filters that are selected; returns a finding for each
        difference.

        First the filters of the registry, then those that are planned, then random ones.
        """
        found: list[Difference] = []
        most = 1 if selection.is_for_one else MAX_DIFFERENCES
        dealer = Dealer(selection)

        def compare_new(filter_body: Json) -> Difference | None:
            return self._compare_new(filter_body, found)

        # The registry first: each of its filters shows a deviation, even if few filters are tried.
        for filter_body in islice(chain(registry_filters(), planned), examples):
            difference = compare_new(filter_body) if dealer.takes(filter_body) else None
            if difference is not None:
                self._add(shrink_filter(filter_body, difference, compare_new), found)
            if len(found) >= most:
                break
        while dealer.dealt < examples and len(found) < most:
            difference = find_smallest_difference(
                filters(vocabulary),
                until_found(compare_new, dealer.takes),
                examples=examples - dealer.dealt,
                random_seed=seed + len(found),
            )
            if difference is None:
                break
            self._add(difference, found)
        return [to_finding(one, FILTER_CHECK, self.identity) for one in found]

    def _add(self, difference: Difference, found: list[Difference]) -> None:
        self.on_finding(f"{FILTER_CHECK}: {difference.brief}")
        found.append(difference)

    def _compare_new(self, filter_body: Json, found: Sequence[Difference]) -> Difference | None:
        """Compare, unless the filter has all keys of a difference whose cause is not known.

        Such a filter is not sent: it would most likely show that difference again.
        """
        signature = signature_of(filter_body)
        if any(known.signature <= signature and not known.cause for known in found):
            return None
        difference = self.compare(filter_body)
        if difference and any(difference.is_covered_by(known) for known in found):
            return None
        return difference

    def compare(self, filter_body: Json) -> Difference | None:
        """Try a filter on both sides; returns how they differ, or None."""
        self.tried += 1
        self.on_count(self.tried)
        difference = self._compare(filter_body)
        if difference is not None:
            try:
                difference = self._confirm(filter_body)
            except _Unsettled:
                self.unsettled += 1
                return None
        if difference is None:
            self.coverage.record(filter_body, self.twin)
            self._record_deviations(filter_body)
        return difference

    def _confirm(self, filter_body: Json) -> Difference | None:
        """Ask once more; where others may change the runs, with the same runs before and after.

        Raises _Unsettled if the answers are not repeated, or the runs do not stay the same.
        """
        if self.reread is None:
            difference = self._compare(filter_body)
            if difference is None:
                raise _Unsettled
            return difference
        before = self.reread()
        for _ in range(_MAX_REREADS):
            self.twin = before
            difference = self._compare(filter_body)
            before = self.reread()
            if before.holds_the_same_as(self.twin):
                return difference
        raise _Unsettled

    def _compare(self, filter_body: Json) -> Difference | None:
        twin_answer = self.twin.select(filter_body)
        server_answer, detail = self._compare_list(filter_body, twin_answer)
        if detail:
            return self._difference(FILTER_PATH, filter_body, server_answer, twin_answer, detail)
        if isinstance(twin_answer, int) or not self._needs_count(filter_body, twin_answer):
            return None
        detail = self._compare_count(filter_body, twin_answer)
        if detail:
            return self._difference(COUNT_PATH, filter_body, twin_answer, twin_answer, detail)
        # Only now: a difference is confirmed by counting once more.
        self._counted |= decided_cells(filter_body, self.twin)
        return None

    def _needs_count(self, filter_body: Json, selected: Ids) -> bool:
        """Whether the list has not shown everything, or some cell has not been counted yet.

        A filter without conditions is always counted: a count that is wrong of it is wrong of all.
        Prefect counts with the predicate that it lists with (models/flow_runs.py,
        count_flow_runs), so one count for each cell is enough.
        """
        uncounted = decided_cells(filter_body, self.twin) - self._counted
        return bool(uncounted) or len(selected) >= PAGE or not signature_of(filter_body)

    def _compare_list(self, filter_body: Json, twin_answer: IdsOrStatus) -> tuple[IdsOrStatus, str]:
        """What the server lists, and a sentence about how it differs from the twin, or "".

        Only the first page is listed, unless it differs.
        """
        body = {"sort": "ID_DESC", "limit": PAGE}
        server_answer = self._post_filter(FILTER_PATH, filter_body, body)
        if isinstance(server_answer, int):
            detail = "" if server_answer == twin_answer else "The server answers with an error"
            return server_answer, detail
        if not isinstance(server_answer, list):
            raise TargetError(f"{FILTER} answered no list: {to_single_line(str(server_answer))}")
        ids = list(map(id_of, server_answer))
        if isinstance(twin_answer, int):
            return frozenset(ids), "The server answers with a list"
        # Rule M10: a delete depends on this order. Lower-case uuids sort as their texts do.
        expected = sorted(twin_answer, reverse=True)[:PAGE]
        if ids == expected:
            return twin_answer, ""
        if sorted(ids, reverse=True) == expected:
            return twin_answer, "The server does not list the highest id first"
        if len(ids) < PAGE:
            return frozenset(ids), "The lists differ"
        listed = self.target.iter_records(FILTER_PATH, flow_runs=filter_body, **self.scope)
        return frozenset(map(id_of, listed)), "The lists differ"

    def _compare_count(self, filter_body: Json, selected: Ids) -> str:
        """A sentence about how the server's count differs from what the twin selects, or ""."""
        count = self._post_filter(COUNT_PATH, filter_body, {})
        return "" if count == len(selected) else f"The server lists them all, but counts {count}"

    def _post_filter(self, path: str, filter_body: Json, more: Json) -> Any:
        """Send a filter with the scope and further keys; returns the reply's JSON, or the status.

        The status is returned if it is not 200.
        """
        body = {"flow_runs": filter_body, **self.scope, **more}
        answer = self.target.send("POST", path, json.dumps(body).encode())
        if answer.status != 200:
            return answer.status
        try:
            return answer.json
        except ValueError:
            raise TargetError(f"POST {path} answered {answer}, which is not JSON") from None

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
        """Record the deviations by which server and dialect agree against the document."""
        for deviation in find_causing_deviations(filter_body, self.twin):
            self.times[deviation] = self.times.get(deviation, 0) + 1
            known = self.smallest_shown.get(deviation)
            if known is None or len(json.dumps(filter_body)) < len(json.dumps(known)):
                self.smallest_shown[deviation] = filter_body

    def deviation_findings(self) -> Iterator[Finding]:
        """A finding for each deviation that showed: it is known, and the document is wrong."""
        for deviation in FILTER_DEVIATIONS.values():
            if deviation.id in self.smallest_shown:
                filter_body = self.smallest_shown[deviation.id]
                body = json.dumps({"flow_runs": filter_body}).encode()
                yield Finding(
                    "diff",
                    deviation.id,
                    FILTER,
                    f"the document: {deviation.document}; {deviation.where}: {deviation.server}",
                    Verdict.KNOWN,
                    Party.DOCUMENT,
                    deviation.id,
                    f"smallest filter that shows it: {json.dumps(filter_body, ensure_ascii=False)}",
                    self.target.curl("POST", FILTER_PATH, body),
                    self.times[deviation.id],
                )

    def unshown(self) -> list[str]:
        """The ids of the deviations that the dialect has and that no filter showed."""
        return [one for one in dialect_deviations(self.twin) if one not in self.smallest_shown]


def registry_filters() -> Iterator[Json]:
    """The filters of the example requests in the registry of deviations."""
    for known in FILTER_DEVIATIONS.values():
        yield json.loads(known.request)["flow_runs"]
