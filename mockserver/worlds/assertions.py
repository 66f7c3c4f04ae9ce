"""Assertions about a journal: what a test expects, and how the recorded requests differ from it.

An explanation is an empty text where the expectation is met, else the message of the failing test.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from ..errors import to_single_line
from ..filters import ONE_OF, AnyOf, Comparison, Predicate
from ..prefect import FlowRun
from .journal import DeletedRecord, Exchange, failed_conditions
from .path_patterns import explain_no_route, matches_path

T = TypeVar("T")

# Bounds of one failure message; chosen, not measured.
_MAX_NEAREST = 3
_MAX_DIFFERENCES = 10
_MAX_CONDITIONS = 5
_MAX_LISTED = 20  # flow runs, or requests
_MAX_TEXT = 200  # characters of a value
_MAX_COUNTED = 50  # differences; requests with more are equally far from what was expected
_MAX_COMPARED = 100  # requests that a flow run is compared with, the newest


@dataclass(frozen=True)
class ExpectedRequest:
    """A request that a test expects; a field that is None can have any value.

    `path` is a pattern such as `/flow_runs/*`, or a template such as `/flow_runs/{id}`
    (path_patterns.py); a leading `/api` is ignored. `json` is the body, in which `...` stands for
    any value, and alone for any body or none. `warning` is the id of a warning that the reply must
    have.
    """

    path: str = "*"
    method: str | None = None
    json: Any = ...
    status: int | None = None
    warning: str | None = None

    def differences(self, exchange: Exchange, most: int | None = None) -> list[str]:
        """How an exchange differs from this request: path first, body last; empty if not at all.

        At most so many differences, if `most` is given.
        """
        return list(islice(self._differences(exchange), most))

    def matches(self, exchange: Exchange) -> bool:
        """Whether an exchange does not differ from this request."""
        return not self.differences(exchange, 1)

    def _differences(self, exchange: Exchange) -> Iterator[str]:
        if not matches_path(self.path, exchange.path):
            path = self.path.removeprefix("/api")
            yield f"path: {exchange.path}, not {path}"
        if self.method not in (None, exchange.method):
            yield f"method: {exchange.method}, not {self.method}"
        if self.status not in (None, exchange.status):
            yield f"status: {exchange.status}, not {self.status}"
        if self.warning is not None and self.warning not in exchange.warnings:
            yield f"warnings: {', '.join(exchange.warnings) or 'none'}, not {self.warning}"
        if self.json is not ...:
            yield from json_differences(exchange.json, self.json, "body")

    def __str__(self) -> str:
        parts = [f"{self.method or 'any method'} {self.path}"]
        parts += [f"answered with {self.status}"] if self.status is not None else []
        parts += [f"with the warning {self.warning}"] if self.warning is not None else []
        parts += [f"with the body {_format_json(self.json)}"] if self.json is not ... else []
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
    if isinstance(value, str):  # only its beginning is shown, whatever its length
        value = value[:_MAX_TEXT]
    try:
        text = json.dumps(value, default=lambda item: "..." if item is ... else str(item))
    except RecursionError:
        text = f"a {type(value).__name__} that nests too deep to be shown"
    except (TypeError, ValueError):
        text = repr(value)
    return to_single_line(text.replace('"..."', "..."), _MAX_TEXT)


def explain_request_mismatch(
    expected: ExpectedRequest, exchanges: Sequence[Exchange], found: int, times: int | None
) -> str:
    """Why a number of requests is not the expected one; empty where it is.

    `found` is how many of the exchanges are as expected; `times` None is at least one. Of a path
    that no route has, not even no request at all can be expected.
    """
    no_route = "" if found else explain_no_route(expected.path, expected.method)
    if not no_route and (found == times or (times is None and found)):
        return ""
    count = "a request" if times is None else _pluralize(times, "request")
    lines = [f"expected {count}: {expected}", f"found {found or 'none'}"]
    if not exchanges:
        lines[1] = "no request was recorded at all"
    lines += [no_route] if no_route else []
    compared = [(expected.differences(exchange, _MAX_COUNTED), exchange) for exchange in exchanges]
    lines += _indent([exchange for differences, exchange in compared if not differences], str)
    if times is not None and found > times:
        return "\n".join(lines)
    others = sorted((pair for pair in compared if pair[0]), key=lambda pair: len(pair[0]))
    if others:
        lines.append(f"nearest of {_pluralize(len(others), 'other request')}:")
    for differences, exchange in islice(others, _MAX_NEAREST):
        lines.append(f"  {exchange}")
        lines += [f"    {difference}" for difference in differences[:_MAX_DIFFERENCES]]
    return "\n".join(lines)


def _pluralize(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


@dataclass(frozen=True)
class ExpectedRuns:
    """The flow runs that a test expects to be deleted, as flow runs, ids and names.

    `items` has each by its id in the usual spelling, or by its name. A name stands for all runs
    that have it; a run may also have a uuid as its name.
    """

    items: Mapping[str, object]
    ids: frozenset[str]

    @classmethod
    def of(cls, expected: Iterable[object]) -> ExpectedRuns:
        """Those that a test gives."""
        items: dict[str, object] = {}
        ids: set[str] = set()
        for item in expected:
            text = item.id if isinstance(item, FlowRun) else str(item)
            found = _uuid_text(text)
            items[found or text] = item
            if found:
                ids.add(found)
        return cls(items, frozenset(ids))

    def __contains__(self, run: FlowRun) -> bool:
        return run.id in self.ids or run.name in self.items

    def predicate(self) -> Predicate:
        """The condition that these flow runs meet."""
        names = frozenset(self.items)
        return AnyOf((Comparison("id", ONE_OF, self.ids), Comparison("name", ONE_OF, names)))


def _uuid_text(text: str) -> str | None:
    """The usual spelling of a uuid: ids match in any (M9). None for another text."""
    try:
        return str(UUID(text)) if 32 <= len(text) <= _MAX_TEXT else None
    except ValueError:
        return None


def explain_deletion_mismatch(
    expected: ExpectedRuns,
    deleted: Sequence[FlowRun],
    remaining: Iterable[FlowRun],
    exchanges: Sequence[Exchange],
    *,
    more: int = 0,
) -> str:
    """Why the deleted flow runs are not the expected ones; empty where they are.

    `deleted` are the runs that are gone, `remaining` those that still exist; at least those of them
    that were expected, and `more` is how many of these are missing in it.
    """
    spared = [run for run in remaining if run in expected]
    known = {name for run in (*deleted, *spared) for name in (run.id, run.name)}
    # With more runs than were looked at, nothing can be said of those that were not found.
    unknown = [] if more else [expected.items[key] for key in expected.items if key not in known]
    extra = [run for run in deleted if run not in expected]
    if not unknown and not extra and not spared:
        return ""
    lines = ["the wrong flow runs were deleted"]
    lines += _format_section(
        "expected, but no such flow run ever existed", unknown, _describe_expected
    )
    lines += _format_section(
        "expected, but not deleted", spared, lambda run: _explain_spared(run, exchanges), more
    )
    if spared:
        lines += _format_section("refused or failed", _failures(exchanges), str)
    lines += _format_section(
        "deleted, but not expected", extra, lambda run: _explain_extra(run, exchanges)
    )
    return "\n".join(lines)


def explain_related_mismatch(
    kind: str, expected: Iterable[object], exchanges: Sequence[Exchange]
) -> str:
    """Why the deleted `flows` or `deployments` are not the expected ones; empty where they are.

    Each of the expected is an id, a name, which is all that have it, or has an `id` itself.
    """
    wanted = {str(getattr(one, "id", one)): None for one in expected}
    keys = {_uuid_text(text) or text for text in wanted}
    deleted = [
        (record, one) for one in exchanges for record in one.also_deleted if record.kind == kind
    ]
    extra = [pair for pair in deleted if keys.isdisjoint((pair[0].id, pair[0].name))]
    known = {key for record, _ in deleted for key in (record.id, record.name)}
    missing = [text for text in wanted if (_uuid_text(text) or text) not in known]
    if not extra and not missing:
        return ""
    lines = [f"the wrong {kind} were deleted"]
    lines += _format_section("expected, but not deleted", missing, _describe_expected)
    if missing:
        lines += _format_section("refused or failed", _failures(exchanges), str)
    lines += _format_section("deleted, but not expected", extra, _explain_extra_record)
    return "\n".join(lines)


def _explain_extra_record(pair: tuple[DeletedRecord, Exchange]) -> str:
    record, exchange = pair
    return f"{to_single_line(record.name, 60)!r} ({record.id})\n    by {exchange}"


def _format_section(
    title: str, items: Sequence[T], describe: Callable[[T], str], more: int = 0
) -> list[str]:
    if not items:
        return []
    return [f"{title} ({len(items) + more:,}):", *_indent(items, describe, more)]


def _indent(items: Sequence[T], describe: Callable[[T], str], more: int = 0) -> list[str]:
    """A line for each of the first items, and one that counts the others and `more`."""
    lines = [f"  {describe(item)}" for item in items[:_MAX_LISTED]]
    unlisted = len(items) + more - _MAX_LISTED
    return [*lines, f"  ... and {unlisted:,} more"] if unlisted > 0 else lines


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
    for exchange in exchanges[-_MAX_COMPARED:]:
        if exchange.predicate is not None:
            reasons = failed_conditions(exchange.predicate, run)
            unmet.append((len(reasons), reasons, exchange))
    lines = [_describe_run(run)]
    if not unmet:
        carried_out = " that was carried out" if any(map(_failed, exchanges)) else ""
        lines.append(f"  no request{carried_out} asked for a deletion")
    for _, reasons, exchange in islice(sorted(unmet, key=lambda entry: entry[0]), _MAX_NEAREST):
        lines.append(f"  {exchange} spared it: {_why_spared(exchange, reasons)}")
    return "\n  ".join(lines)


def _why_spared(exchange: Exchange, reasons: tuple[str, ...]) -> str:
    if reasons:
        return "; ".join(reasons[:_MAX_CONDITIONS])
    if exchange.limit is not None and len(exchange.deleted) >= exchange.limit:
        return f"it matches, but the limit of {exchange.limit} was reached"
    return "it matches now, but did not match then"


def _failed(exchange: Exchange) -> bool:
    """Whether the client was told of an error, or of nothing."""
    return exchange.status is None or exchange.status >= 400


def _failures(exchanges: Sequence[Exchange]) -> list[str]:
    """The requests that failed, each with the reason; those that are alike in one line."""
    alike: dict[str, list[int]] = {}
    for one in filter(_failed, exchanges):
        outcome = "got no reply" if one.status is None else f"was answered {one.status}"
        reason = f"the injected fault {one.fault}" if one.fault else one.reason
        request = f"{one.method} {to_single_line(one.path, 120)}"
        line = f"{request} {outcome}: {reason or 'see the log of the server'}"
        alike.setdefault(line, []).append(one.number)
    return [
        f"#{numbers[0]} {line}" + (f" ({len(numbers):,} times)" if numbers[1:] else "")
        for line, numbers in alike.items()
    ]
