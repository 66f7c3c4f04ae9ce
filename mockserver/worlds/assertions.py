"""Assertions about a journal: what a test expects, and how the recorded requests differ from it.

An explanation is an empty text where the expectation is met, else the message of the failing test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any, Final
from uuid import UUID

from ..errors import to_single_line
from ..prefect import FlowRun
from .journal import Exchange, failed_conditions

# Bounds of one failure message; chosen, not measured.
_MAX_NEAREST = 3
_MAX_DIFFERENCES = 10
_MAX_CONDITIONS = 5
_MAX_RUNS = 20


class _Any(Enum):
    ANY = "anything"


ANY: Final = _Any.ANY
"""Any body, or none."""


@dataclass(frozen=True)
class ExpectedRequest:
    """A request that a test expects; a field that is None (or ANY) can have any value.

    `path` is a pattern such as `/flow_runs/*`; a leading `/api` is ignored. `json` is the body, in
    which `...` stands for any value. `warning` is the id of a warning that the reply must have.
    """

    path: str = "*"
    method: str | None = None
    json: Any = ANY
    status: int | None = None
    warning: str | None = None

    def differences(self, exchange: Exchange) -> list[str]:
        """How an exchange differs from this request: path first, body last; empty if not at all."""
        return list(self._differences(exchange))

    def _differences(self, exchange: Exchange) -> Iterator[str]:
        path = self.path.removeprefix("/api")
        if not fnmatchcase(exchange.path, path):
            yield f"path: {exchange.path}, not {path}"
        if self.method not in (None, exchange.method):
            yield f"method: {exchange.method}, not {self.method}"
        if self.status not in (None, exchange.status):
            yield f"status: {exchange.status}, not {self.status}"
        if self.warning is not None and self.warning not in exchange.warnings:
            yield f"warnings: {', '.join(exchange.warnings) or 'none'}, not {self.warning}"
        if self.json is not ANY:
            yield from json_differences(exchange.json, self.json, "body")

    def __str__(self) -> str:
        parts = [f"{self.method or 'any method'} {self.path}"]
        parts += [f"answered with {self.status}"] if self.status is not None else []
        parts += [f"with the warning {self.warning}"] if self.warning is not None else []
        parts += [f"with the body {_format_json(self.json)}"] if self.json is not ANY else []
        return ", ".join(parts)


def json_differences(actual: Any, expected: Any, where: str) -> Iterator[str]:
    """The places where two JSON values differ, as sentences that begin with the place.

    `where` is the place of `actual`, such as "body"; `...` in `expected` stands for any value.
    """
    if expected is ...:
        return
    if isinstance(actual, dict) and isinstance(expected, dict):
        for key in dict.fromkeys((*expected, *actual)):
            here = f"{where}.{key}"
            if key not in actual:
                yield f"{here}: absent, not {_format_json(expected[key])}"
            elif key not in expected:
                yield f"{here}: {_format_json(actual[key])}, not absent"
            else:
                yield from json_differences(actual[key], expected[key], here)
    elif isinstance(actual, list) and isinstance(expected, list | tuple):
        if len(actual) != len(expected):
            yield f"{where}: {len(actual)} items, not {len(expected)}"
        for index, (item, expected_item) in enumerate(zip(actual, expected, strict=False)):
            yield from json_differences(item, expected_item, f"{where}[{index}]")
    # In Python True equals 1; in JSON it does not.
    elif actual != expected or isinstance(actual, bool) is not isinstance(expected, bool):
        yield f"{where}: {_format_json(actual)}, not {_format_json(expected)}"


def _format_json(value: Any) -> str:
    if value is ...:
        return "anything"
    try:
        text = json.dumps(value, default=lambda item: "..." if item is ... else str(item))
    except (TypeError, ValueError):
        text = repr(value)
    return to_single_line(text.replace('"..."', "..."))


def explain_request_mismatch(
    expected: ExpectedRequest, exchanges: Sequence[Exchange], found: int, times: int | None
) -> str:
    """Why a number of requests is not the expected one; empty where it is.

    `found` is how many of the exchanges are as expected; `times` None is at least one.
    """
    if found == times or (times is None and found):
        return ""
    count = "a request" if times is None else _pluralize(times, "request")
    lines = [f"expected {count}: {expected}", f"found {found or 'none'}"]
    if not exchanges:
        lines[1] = "no request was recorded at all"
    if times is not None and found > times:
        return "\n".join([*lines, *(f"  {exchange}" for exchange in exchanges)])
    compared = [(expected.differences(exchange), exchange) for exchange in exchanges]
    others = sorted((pair for pair in compared if pair[0]), key=lambda pair: len(pair[0]))
    if others:
        lines.append(f"nearest of {_pluralize(len(others), 'other request')}:")
    for differences, exchange in islice(others, _MAX_NEAREST):
        lines.append(f"  {exchange}")
        lines += [f"    {difference}" for difference in differences[:_MAX_DIFFERENCES]]
    return "\n".join(lines)


def _pluralize(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def explain_deletion_mismatch(
    expected: Sequence[object],
    deleted: Sequence[FlowRun],
    remaining: Sequence[FlowRun],
    exchanges: Sequence[Exchange],
) -> str:
    """Why the deleted flow runs are not the expected ones; empty where they are.

    `expected` holds flow runs, ids and names; a name stands for all runs that have it. `deleted`
    are the runs that are gone, `remaining` those that still exist.
    """
    ids: set[str] = set()
    unknown: list[str] = []
    for item in expected:
        matching = _matching_ids(item, (*deleted, *remaining))
        ids |= matching
        if not matching:
            unknown.append(_describe_expected(item))
    extra = [run for run in deleted if run.id not in ids]
    spared = [run for run in remaining if run.id in ids]
    if not unknown and not extra and not spared:
        return ""
    lines = ["the wrong flow runs were deleted"]
    lines += _format_section("expected, but no such flow run ever existed", unknown)
    lines += _format_section(
        "expected, but not deleted", (_explain_spared(run, exchanges) for run in spared)
    )
    lines += _format_section(
        "deleted, but not expected", (_explain_extra(run, exchanges) for run in extra)
    )
    return "\n".join(lines)


def _format_section(title: str, items: Any) -> list[str]:
    texts = list(items)
    if not texts:
        return []
    more = len(texts) - _MAX_RUNS
    lines = [f"{title} ({len(texts):,}):", *(f"  {text}" for text in texts[:_MAX_RUNS])]
    return [*lines, f"  ... and {more:,} more"] if more > 0 else lines


def _matching_ids(item: object, runs: Sequence[FlowRun]) -> set[str]:
    """The ids of the runs that are meant by a flow run, an id or a name."""
    text = item.id if isinstance(item, FlowRun) else str(item)
    try:
        flow_run_id = str(UUID(text))
    except ValueError:
        return {run.id for run in runs if run.name == text}
    # Ids match in any spelling (M9); a run may also have a uuid as its name.
    return {run.id for run in runs if flow_run_id in (run.id, run.name)}


def _describe_expected(item: object) -> str:
    return _describe_run(item) if isinstance(item, FlowRun) else to_single_line(repr(item))


def _describe_run(run: FlowRun) -> str:
    state = "no state" if run.state is None else run.state.name
    return f"{to_single_line(run.name, 60)!r} ({run.id}, {state})"


def _explain_extra(run: FlowRun, exchanges: Sequence[Exchange]) -> str:
    for exchange in exchanges:
        if any(run.id == deleted.id for deleted in exchange.deleted):
            return f"{_describe_run(run)}\n    by {exchange}, because: {exchange.why}"
    return f"{_describe_run(run)}\n    by a request that the journal no longer holds"


def _explain_spared(run: FlowRun, exchanges: Sequence[Exchange]) -> str:
    """A flow run that was not deleted, and the requests that came nearest to deleting it."""
    # The run is judged as it is now: the journal keeps earlier versions of deleted runs only.
    unmet = []
    for exchange in exchanges:
        if exchange.predicate is not None:
            reasons = failed_conditions(exchange.predicate, run)
            unmet.append((len(reasons), reasons, exchange))
    lines = [_describe_run(run)]
    if not unmet:
        lines.append("  no request asked for a deletion")
    for _, reasons, exchange in islice(sorted(unmet, key=lambda entry: entry[0]), _MAX_NEAREST):
        lines.append(f"  {exchange} spared it: {_why_spared(exchange, reasons)}")
    return "\n  ".join(lines)


def _why_spared(exchange: Exchange, reasons: tuple[str, ...]) -> str:
    if reasons:
        return "; ".join(reasons[:_MAX_CONDITIONS])
    if exchange.limit is not None and len(exchange.deleted) >= exchange.limit:
        return f"it matches, but the limit of {exchange.limit} was reached"
    return "it matches now, but did not match then"
