"""What a test expects of a journal; and, if it is not so, what came nearest, how it differs."""

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

_MOST_SHOWN = 3
_MOST_RUNS = 20


class _Any(Enum):
    ANY = "anything"


ANY: Final = _Any.ANY
"""Any body, and no body."""


@dataclass(frozen=True)
class ExpectedRequest:
    """A request that is expected. `path` is a pattern, without `/api`."""

    path: str = "*"
    method: str | None = None
    json: Any = ANY
    status: int | None = None
    warning: str | None = None

    def differences(self, exchange: Exchange) -> list[str]:
        """In what a request is another than this, most telling first; empty if it is such."""
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
        said = [f"{self.method or 'any method'} {self.path}"]
        said += [f"answered with {self.status}"] if self.status is not None else []
        said += [f"warned of {self.warning}"] if self.warning is not None else []
        said += [f"with {_format_json(self.json)}"] if self.json is not ANY else []
        return ", ".join(said)


def json_differences(came: Any, expected: Any, where: str) -> Iterator[str]:
    """Where a JSON value is another than expected; `...` stands for anything."""
    if expected is ...:
        return
    if isinstance(came, dict) and isinstance(expected, dict):
        for key in dict.fromkeys((*expected, *came)):
            here = f"{where}.{key}"
            if key not in came:
                yield f"{here}: absent, not {_format_json(expected[key])}"
            elif key not in expected:
                yield f"{here}: {_format_json(came[key])}, not absent"
            else:
                yield from json_differences(came[key], expected[key], here)
    elif isinstance(came, list) and isinstance(expected, list | tuple):
        if len(came) != len(expected):
            yield f"{where}: {len(came)} items, not {len(expected)}"
        for at, (one, other) in enumerate(zip(came, expected, strict=False)):
            yield from json_differences(one, other, f"{where}[{at}]")
    elif came != expected or isinstance(came, bool) is not isinstance(expected, bool):
        yield f"{where}: {_format_json(came)}, not {_format_json(expected)}"


def _format_json(value: Any) -> str:
    if value is ...:
        return "anything"
    try:
        text = json.dumps(value, default=lambda held: "..." if held is ... else str(held))
    except (TypeError, ValueError):
        text = repr(value)
    return to_single_line(text.replace('"..."', "..."))


def explain_request_mismatch(
    expected: ExpectedRequest, exchanges: Sequence[Exchange], found: int, times: int | None
) -> str:
    """What is to be said where there were not so many such requests; empty where there were."""
    if found == times or (times is None and found):
        return ""
    wanted = "a request" if times is None else _pluralize(times, "request")
    lines = [f"expected {wanted}: {expected}", f"there were {found or 'none'} such"]
    if not exchanges:
        lines[1] = "nothing was asked at all"
    if times is not None and found > times:
        return "\n".join([*lines, *(f"  {one}" for one in exchanges)])
    others = [(expected.differences(one), one) for one in exchanges]
    near = sorted((pair for pair in others if pair[0]), key=lambda pair: len(pair[0]))
    if near:
        lines.append(f"nearest of {_pluralize(len(near), 'other request')}:")
    for differences, exchange in islice(near, _MOST_SHOWN):
        lines.append(f"  {exchange}")
        lines += [f"    {difference}" for difference in differences[:10]]
    return "\n".join(lines)


def _pluralize(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def explain_deletion_mismatch(
    expected: Sequence[object],
    deleted: Sequence[FlowRun],
    held: Sequence[FlowRun],
    exchanges: Sequence[Exchange],
) -> str:
    """What is to be said where others were deleted than expected; empty where it was so."""
    ids: set[str] = set()
    unknown: list[str] = []
    for one in expected:
        found = _matching_ids(one, (*deleted, *held))
        ids |= found
        if not found:
            unknown.append(_describe_expected(one))
    extra = [run for run in deleted if run.id not in ids]
    spared = [run for run in held if run.id in ids]
    if not unknown and not extra and not spared:
        return ""
    lines = ["other flow runs were deleted than expected"]
    lines += _format_section("expected, but there was never such a flow run", unknown)
    lines += _format_section(
        "expected, but still there", (_explain_spared(run, exchanges) for run in spared)
    )
    lines += _format_section(
        "deleted, but not expected", (_explain_extra(run, exchanges) for run in extra)
    )
    return "\n".join(lines)


def _format_section(title: str, items: Any) -> list[str]:
    found = list(items)
    if not found:
        return []
    more = len(found) - _MOST_RUNS
    lines = [f"{title} ({len(found):,}):", *(f"  {one}" for one in found[:_MOST_RUNS])]
    return [*lines, f"  ... and {more:,} more"] if more > 0 else lines


def _matching_ids(one: object, runs: Sequence[FlowRun]) -> set[str]:
    text = one.id if isinstance(one, FlowRun) else str(one)
    try:
        wanted = str(UUID(text))
    except ValueError:
        return {run.id for run in runs if run.name == text}
    return {run.id for run in runs if wanted in (run.id, run.name)}


def _describe_expected(one: object) -> str:
    return _run(one) if isinstance(one, FlowRun) else to_single_line(repr(one))


def _run(run: FlowRun) -> str:
    state = "no state" if run.state is None else run.state.name
    return f"{to_single_line(run.name, 60)!r} ({run.id}, {state})"


def _explain_extra(run: FlowRun, exchanges: Sequence[Exchange]) -> str:
    for exchange in exchanges:
        if any(run.id == gone.id for gone in exchange.deleted):
            return f"{_run(run)}\n    by {exchange}, because: {exchange.why}"
    return f"{_run(run)}\n    by a request that the journal no longer holds"


def _explain_spared(run: FlowRun, exchanges: Sequence[Exchange]) -> str:
    """A flow run that is still there, and which requests came nearest to deleting it."""
    near = []
    for exchange in exchanges:
        if exchange.predicate is not None:
            reasons = failed_conditions(exchange.predicate, run)
            near.append((len(reasons), reasons, exchange))
    lines = [_run(run)]
    if not near:
        lines.append("  nothing asked for a deletion")
    for _, reasons, exchange in islice(sorted(near, key=lambda one: one[0]), _MOST_SHOWN):
        lines.append(f"  {exchange} spared it: {_why_spared(exchange, reasons)}")
    return "\n  ".join(lines)


def _why_spared(exchange: Exchange, reasons: tuple[str, ...]) -> str:
    if reasons:
        return "; ".join(reasons[:5])
    if exchange.limit is not None and len(exchange.deleted) >= exchange.limit:
        return f"it matches, but the limit of {exchange.limit} was reached"
    return "it matches now, but it did not then"
