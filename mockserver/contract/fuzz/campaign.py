"""What schemathesis is to do: which phases, how many examples, which reports."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.cli.commands.run.context import ExecutionContext
from schemathesis.cli.executor import initialize_report_handlers
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.core import EventStream
from schemathesis.schemas import BaseSchema

from ...errors import UsageError
from ...prefect import openapi
from ..server import Target

PHASES = ("examples", "coverage", "fuzzing", "stateful")
REPORTS = ("junit", "vcr", "har", "ndjson", "json", "allure", "html")
# Each of these takes the same filters as /flow_runs/filter, 1,300 to 1,400 ways of saying them.
FILTER_ENDPOINTS = (
    "/flow_runs/count", "/flow_runs/paginate", "/flow_runs/history", "/flow_runs/lateness",
    "/flows/filter", "/flows/count", "/task_runs/filter", "/task_runs/count",
    "/deployments/filter", "/deployments/count",
)  # fmt: skip
# A lease that is gone is a refusal that has nothing to do with the data.
ACCEPTED_STATUSES = ("2xx", "3xx", "401", "403", "404", "409", "410", "429", "5xx")


@dataclass(frozen=True, slots=True)
class FuzzSettings:
    """How much is asked, and of what.

    `max_examples`: of each operation, and of chains of them. `operations` as the document names
    them, such as `POST /flow_runs/bulk_delete`; none is all. `thorough` also goes through every
    way of saying a filter at the endpoints that share it, four times as many requests. `seconds`
    is when it stops at the latest. `reports` are schemathesis' own, written into `folder`.
    `probes`: whether each deviation is tried by a request of its own, too.
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


class Campaign:
    """One run of schemathesis on openapi.yaml, set up and not yet started."""

    def __init__(self, target: Target, settings: FuzzSettings) -> None:
        """Raises UsageError for settings that name what is not there."""
        _require_known("phase", settings.phases, PHASES)
        _require_known("report", settings.reports, REPORTS)
        if "allure" in settings.reports and find_spec("allure_commons") is None:
            raise UsageError("the report allure needs: pip install 'schemathesis[allure]'")
        document = deepcopy(dict(openapi.document()))
        known = [
            f"{method.upper()} {path}"
            for path, methods in document["paths"].items()
            for method in methods
            if method != "parameters"
        ]
        _require_known("operation", settings.operations, known)
        self.settings = settings
        self.config = SchemathesisConfig.from_dict(_build_config(target, settings))
        self.schema: BaseSchema = schemathesis.openapi.from_dict(document, config=self.config)
        if settings.operations:
            self.schema = self.schema.include(name=list(settings.operations))

    def start(self) -> EventStream:
        """Begin; requests go out as the stream is read."""
        return from_schema(self.schema).execute()

    def report_events(self, stream: EventStream) -> Iterator[events.EngineEvent]:
        """The events, each told to the reports that were asked for."""
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


@contextmanager
def _ignore_unclosed_files() -> Iterator[None]:
    """Reports of schemathesis leave files to the collector; it is said of none, they are whole."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield


def _require_known(what: str, given: Sequence[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise UsageError(f"{name!r} is no {what}; one of {', '.join(known)}")


def _build_config(target: Target, settings: FuzzSettings) -> dict[str, Any]:
    """The settings as schemathesis.toml would say them."""
    phases: dict[str, Any] = {phase: {"enabled": phase in settings.phases} for phase in PHASES}
    # By itself it tries every method on every path, which on a part of an API are real ones.
    phases["coverage"]["unexpected-methods"] = []
    overrides = (
        []
        if settings.thorough
        else [
            {
                "include-path": list(FILTER_ENDPOINTS),
                "phases": {**phases, "coverage": {"enabled": False}},
            }
        ]
    )
    reports: dict[str, Any] = {report: {"enabled": True} for report in settings.reports}
    if settings.folder is not None:
        reports["directory"] = str(settings.folder)
    return {
        "base-url": target.url,
        "seed": settings.seed,
        "headers": dict(target.headers),
        "workers": 1,
        "request-timeout": target.limits.timeout,
        "max-redirects": 0,
        "continue-on-failure": True,
        "cache": {"enabled": False},
        "generation": {
            "max-examples": settings.max_examples,
            "database": "none",
            "no-shrink": True,
        },
        "phases": phases,
        "checks": {
            "positive_data_acceptance": {"expected-statuses": list(ACCEPTED_STATUSES)},
            # What was just created, a bulk_delete may have deleted; `creates-one` sees to it.
            "ensure_resource_availability": {"enabled": False},
        },
        "operations": overrides,
        "reports": reports,
    }
