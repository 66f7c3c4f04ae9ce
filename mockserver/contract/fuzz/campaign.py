"""Schemathesis, configured by the settings of a fuzz run."""

from __future__ import annotations

import gc
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from importlib.util import find_spec
from typing import Any

import schemathesis
from schemathesis.cli.commands.run.context import ExecutionContext
from schemathesis.cli.executor import initialize_report_handlers
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.core import EventStream
from schemathesis.generation.meta import CoveragePhaseData
from schemathesis.schemas import BaseSchema

from ...errors import UsageError
from ...prefect import NEWEST, openapi
from ..server import Target, certificates
from ..shards import Shard
from .fuzz_settings import PHASES, REPORTS, FuzzSettings
from .operation_shares import (
    NOT_FUZZED,
    cases_per_place,
    default_operations,
    examples_of,
    gets_few,
    is_asked,
    is_nested,
)

_REPEATABLE_PHASES = ("examples", "coverage", "fuzzing")
_SCHEMAS = "#/components/schemas/"
_SHORT_FILTER = "FlowRunFilterInOtherBodies"
_CRITERIA_ELSEWHERE = ("operator", "id", "name", "state")
# Statuses that count as accepting valid data. 410 and 423: the lease that is named does not exist,
# or all slots of a limit are taken, which says nothing about the data.
ACCEPTED_STATUSES = ("2xx", "3xx", "401", "403", "404", "409", "410", "423", "429", "5xx")


class Campaign:
    """One run of schemathesis on openapi.yaml, configured but not started."""

    def __init__(self, target: Target, settings: FuzzSettings, release: str = NEWEST) -> None:
        """`release` is the one whose document is used. `unsent` are the operations that may change
        what is somebody's, and that nobody named.

        Raises UsageError for unknown phases, reports and operations.
        """
        _require_known("phase", settings.phases, PHASES)
        _require_known("report", settings.reports, REPORTS)
        if "allure" in settings.reports and find_spec("allure_commons") is None:
            raise UsageError("the allure report needs: pip install 'schemathesis[allure]'")
        # A copy: openapi.document() is one object for the whole process.
        document = deepcopy(dict(openapi.document(release)))
        known = _operation_names(document)
        _require_known("operation", settings.operations, known)
        chosen = settings.operations or default_operations(known, target)
        unsent = () if settings.operations else {*known} - {*chosen} - NOT_FUZZED.keys()
        self.unsent = [name for name in known if name in unsent]
        _keep_operations(document, set(chosen))
        if not (settings.thorough or settings.operations):
            _shorten_filters(document)
        self.settings = settings
        self.operations = _operation_names(document)
        self.config = SchemathesisConfig.from_dict(_build_config(target, settings, self.operations))
        self.schema: BaseSchema = schemathesis.openapi.from_dict(document, config=self.config)
        bound = CoverageBound(lambda name: cases_per_place(name, settings), settings.shard)
        self.schema.hooks.register_hook_with_name(bound.allows, "filter_case")

    def parts(self) -> Iterator[tuple[str, str]]:
        """The phase and the operation of each scenario to come; a chain has no operation."""
        for phase in self.settings.phases:
            if phase == "stateful":
                chains = self.settings.max_examples if self.settings.shard.is_first else 0
                yield from [(phase, "")] * chains
            else:
                for name in self.operations:
                    if is_asked(phase, name, self.settings, self.operations):
                        yield phase, name

    def start(self) -> EventStream:
        """Start schemathesis; it sends requests while the returned stream is read."""
        return from_schema(self.schema).execute()

    def report_events(self, stream: EventStream) -> Iterator[events.EngineEvent]:
        """Yield the events of a stream, and write the reports that the settings ask for."""
        if not self.settings.reports:
            yield from stream
            return
        config = self.schema.config
        context = ExecutionContext(config=config)
        with _ignore_unclosed_files():
            handlers = initialize_report_handlers(config=config, args=[], params={})
        for handler in handlers:
            handler.start(context)
        try:
            for event in stream:
                context.on_event(event)
                for handler in handlers:
                    handler.handle_event(context, event)
                yield event
        finally:
            for handler in handlers:
                handler.shutdown(context)
            handlers.clear()
            with _ignore_unclosed_files():
                gc.collect()


class CoverageBound:
    """Which cases of the coverage phase are sent: a few for each place of a request, and of these
    those of a shard.

    A place is a parameter, or a key of a body, with values that are valid there or invalid.
    """

    def __init__(self, per_place: Callable[[str], int], shard: Shard) -> None:
        """`per_place`: how many for each place of the request of an operation."""
        self.per_place, self.shard = per_place, shard
        self._drawn: Counter[tuple[object, ...]] = Counter()
        self._dealt: Counter[str] = Counter()

    def allows(self, context: Any, case: Any) -> bool:
        """The hook of schemathesis: whether a case is sent. Those of other phases are."""
        data = case.meta.phase.data if case.meta else None
        if not isinstance(data, CoveragePhaseData):
            return True
        label, mode = context.operation.label, case.meta.generation.mode
        place = (label, data.parameter_location, data.parameter, data.location, mode)
        self._drawn[place] += 1
        if self._drawn[place] > self.per_place(label):
            return False
        # Each operation begins with another shard: many have fewer cases than there are shards.
        self._dealt.setdefault(label, len(self._dealt))
        self._dealt[label] += 1
        return self.shard.has(self._dealt[label])


@contextmanager
def _ignore_unclosed_files() -> Iterator[None]:
    """Suppress ResourceWarning: report handlers of schemathesis leave closing to the collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield


def _require_known(what: str, given: Sequence[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise UsageError(f"{name!r} is no {what}; expected one of {', '.join(known)}")


def _build_config(
    target: Target, settings: FuzzSettings, operations: Sequence[str]
) -> dict[str, Any]:
    """The settings in the keys of schemathesis.toml; `operations` are those of the document."""
    phases: dict[str, Any] = {phase: {"enabled": phase in settings.phases} for phase in PHASES}
    # The default tries every method on every path. openapi.yaml is a part of Prefect's API, so on
    # a real server some of these are endpoints.
    phases["coverage"]["unexpected-methods"] = []
    for phase in _REPEATABLE_PHASES:
        # What was answered before must not decide what is asked: the shards of a run ask the same.
        phases[phase]["extra-data-sources"] = {"responses": False}
    # A chain depends on the replies to its first requests, so one shard has all chains; others have
    # what else cannot be dealt out.
    phases["stateful"]["enabled"] &= settings.shard.is_first
    return {
        "base-url": target.url,
        "seed": settings.seed,
        "headers": dict(target.headers),
        # One request at a time: the observer compares the runs before and after each.
        "workers": 1,
        "request-timeout": target.limits.timeout,
        "tls-verify": certificates(target.url),
        # A redirect is an answer to be checked, as in `Target`.
        "max-redirects": 0,
        "continue-on-failure": True,
        "cache": {"enabled": False},
        "generation": _generation(settings.max_examples),
        "phases": phases,
        "checks": {
            "positive_data_acceptance": {"expected-statuses": list(ACCEPTED_STATUSES)},
            # A later bulk_delete may have deleted what was created; the check `creates-one` looks
            # right after the request.
            "ensure_resource_availability": {"enabled": False},
        },
        "operations": list(_sections(phases, settings, operations)),
        "reports": _reports(settings),
    }


def _generation(max_examples: int) -> dict[str, Any]:
    # Without examples of earlier runs the same seed sends the same requests.
    return {"max-examples": max_examples, "database": "none", "no-shrink": True}


def _operation_names(document: Mapping[str, Any]) -> list[str]:
    return [
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    ]


def _keep_operations(document: dict[str, Any], named: Collection[str]) -> None:
    """Take all other operations out of a document."""
    document["paths"] = {
        path: {
            method: operation
            for method, operation in methods.items()
            if method == "parameters" or f"{method.upper()} {path}" in named
        }
        for path, methods in document["paths"].items()
        if any(f"{method.upper()} {path}" in named for method in methods)
    }


def _shorten_filters(document: dict[str, Any]) -> None:
    """Leave few criteria to the filters of other bodies than that of bulk_delete.

    The coverage phase sends 600 variants of a filter for each body that takes one. Servers read it
    by one model (Prefect: schemas/filters.py, FlowRunFilter), and `diff` compares what it selects.
    """
    schemas = document["components"]["schemas"]
    full = schemas["FlowRunFilter"]
    few = {name: full["properties"][name] for name in _CRITERIA_ELSEWHERE}
    schemas[_SHORT_FILTER] = {**full, "properties": few}
    for name, schema in schemas.items():
        filter_schema = schema.get("properties", {}).get("flow_runs", {})
        if name.startswith("Body_") and not name.startswith("Body_bulk_delete_flow_runs"):
            for choice in filter_schema.get("anyOf", ()):
                if choice.get("$ref") == _SCHEMAS + "FlowRunFilter":
                    choice["$ref"] = _SCHEMAS + _SHORT_FILTER


def _sections(
    phases: dict[str, Any], settings: FuzzSettings, operations: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """The sections of operations that leave out phases: coverage for endpoints that share a filter,
    examples and random cases for the operations of other shards; and of those that get a part.
    """
    named: dict[tuple[bool, tuple[str, ...]], list[str]] = {}
    for name in operations:
        left_out = tuple(
            phase for phase in _REPEATABLE_PHASES if not is_asked(phase, name, settings, operations)
        )
        few = gets_few(name, settings)
        if few or (is_nested(name) and not settings.operations):
            left_out += ("stateful",)  # chains are about records, and what is done to these
        named.setdefault((few, left_out), []).append(name)
    for (few, left_out), names in named.items():
        without = {phase: {"enabled": False} for phase in left_out}
        if few or left_out:
            yield {
                "include-name": names,
                "phases": {**phases, **without},
                "generation": _generation(examples_of(names[0], settings)),
            }


def _reports(settings: FuzzSettings) -> dict[str, Any]:
    reports: dict[str, Any] = {report: {"enabled": True} for report in settings.reports}
    if settings.folder is not None:
        reports["directory"] = str(settings.folder)
    return reports
