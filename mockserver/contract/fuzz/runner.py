"""The command `fuzz`: does a server answer every request as the document says?

Probes try each known deviation, fixed requests are sent in every run, and schemathesis generates
the rest. A failure is a finding unless a known deviation of the expected dialect explains it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from schemathesis.core.failures import Failure
from schemathesis.engine import events
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.openapi.checks import JsonSchemaError

from ...errors import to_single_line
from ...prefect import Dialect
from ..exchanges import (
    CHECKS,
    STILL_READABLE,
    VERB,
    ForeignRuns,
    Observer,
    RunPool,
    SentRequest,
    format_place,
    no_op,
    refused_places,
)
from ..explanations import Explainer, MockPool, change_findings
from ..findings import Finding, Outcome
from ..server import (
    Answer,
    RequestLimitReached,
    SideEffect,
    Target,
    TargetError,
    TimeIsUp,
    require_permission,
)
from ..shards import Shard
from .campaign import Campaign
from .fixed_requests import ACCEPTS_VALID, REJECTS_INVALID, send_fixed_requests
from .fuzz_settings import FuzzSettings
from .interceptor import CHECK_ID_BY_NAME, RequestInterceptor, registered_hooks
from .probes import PROBES, ProbeResult, probe_findings, run_probes

_ACCEPTS_POSITIVE_DATA = "positive_data_acceptance"
# A refusal that violates one of these says what it does not like.
_VALID_DATA_CHECKS = (_ACCEPTS_POSITIVE_DATA, ACCEPTS_VALID.id)
KIT_CHECK_IDS = frozenset({*CHECK_ID_BY_NAME.values(), ACCEPTS_VALID.id, REJECTS_INVALID.id})
ProgressCallback = Callable[[str, float], None]
"""Called with what is being done, and which part of all of it is done, from 0 to 1."""
# About how long the scenario of an operation, or a chain, takes in a phase, as measured.
_WEIGHTS: Mapping[str, int] = {"examples": 1, "coverage": 10, "fuzzing": 5, "stateful": 5}


def fuzz(
    target: Target,
    dialect: Dialect,
    settings: FuzzSettings | None = None,
    on_progress: ProgressCallback = lambda _text, _part: None,
    on_created: Callable[[str], None] = no_op,
    on_finding: Callable[[str], None] = no_op,
) -> Outcome:
    """Send requests of all kinds to a server, and check each answer against the document.

    `dialect` is what the server is expected to be: its deviations are known. `on_progress` is
    called now and then with a line of text, `on_created` with the path of every flow run, task run
    and flow that is created (/flows/ID), `on_finding` with the name of each new failure.

    Raises UsageError for invalid settings and for a target that must not be fuzzed, and TargetError
    if the server cannot be reached. What was created is deleted in every case, and nothing else:
    the run ends where somebody else creates flow runs meanwhile.
    """
    require_permission(target, SideEffect.FUZZES, VERB)
    # First, since it may raise: nothing has been created yet.
    campaign = Campaign(target, settings or FuzzSettings(), dialect.release)
    settings = campaign.settings
    started, sent_before = time.monotonic(), target.sent
    with target.until(started + settings.seconds), MockPool() as mocks:
        there = frozenset(run["id"].lower() for run in target.iter_records("/flow_runs/filter"))
        task_runs = target.count("task_runs")
        mock_dialect = dialect if is_mock(target) else None
        observer = Observer(target, RunPool(target, on_created, there), there, mock_dialect)
        interceptor = RequestInterceptor(observer, settings.seed, deadline=target.deadline)
        run = _FuzzRun(interceptor, Explainer(dialect, mocks), on_progress, on_finding)
        try:
            run.send_all(campaign)
        finally:
            removed = run.clean_up(task_runs)
    counts = {"requests": target.sent - sent_before, "cases": run.cases, "removed": removed}
    if target.flaky:
        counts["retries after 503"] = interceptor.retries
    return run.outcome(settings, counts, time.monotonic() - started)


def is_mock(target: Target) -> bool:
    """Whether a server is this project's own: only that has its document below the API's URL."""
    return target.send("GET", "/openapi.yaml", None, {}).status == 200


@dataclass
class _Failure:
    """A failure that no deviation explains, with the request of the shortest body that shows it.

    `place` is what the answer is about, such as `body.names too_short`; "" if it does not say.
    """

    check: str
    subject: str
    place: str
    sentence: str
    sent: SentRequest
    answer: Answer
    times: int = 0

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from other failures; the same in every run."""
        return (self.check, self.subject, str(self.answer.status), self.place)

    @property
    def id(self) -> str:
        """The id of its finding."""
        return " ".join((VERB, *self.key)).rstrip()


@dataclass
class _FuzzRun:
    """Collects failures, and separates those that a known deviation explains from the others.

    `known_counts` counts the explained ones by deviation; `failures` are the others, by check,
    operation, status and place. `incomplete_reason` says why not everything was sent ("": it was).
    `probed` are the results of the probes. `worked` is how much of the `work` is done.
    """

    interceptor: RequestInterceptor
    explainer: Explainer
    on_progress: ProgressCallback
    on_finding: Callable[[str], None]
    work: int = 0
    worked: int = 0
    cases: int = 0
    known_counts: dict[str, Counter[str]] = field(default_factory=dict)
    failures: dict[tuple[str, ...], _Failure] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    broken_checks: set[str] = field(default_factory=set)
    incomplete_reason: str = ""
    probed: Sequence[ProbeResult] = ()

    def send_all(self, campaign: Campaign) -> None:
        """Send the probes, the fixed requests, and what schemathesis generates.

        Raises TargetError and KeyboardInterrupt.
        """
        if campaign.unsent:
            self.notes.append(
                f"{len(campaign.unsent)} operations that change other objects were not sent, such "
                f"as {campaign.unsent[0]}: a server that --spawn starts gets them all, and any "
                "server those that --operation names"
            )
        self.work = sum(_weight(phase, name) for phase, name in campaign.parts())
        try:
            if campaign.settings.probes:
                observer = self.interceptor.observer
                chosen = set(campaign.settings.shard.deal(PROBES))
                self.probed = list(run_probes(observer.target, observer.run_pool, chosen))
            self.send_fixed(campaign.settings.shard)
            self.run_campaign(campaign)
        except TimeIsUp:
            self.interceptor.timed_out = True
        except (RequestLimitReached, ForeignRuns) as stopped:
            self.incomplete_reason = str(stopped)
        if self.interceptor.timed_out:
            self.notes.append("not all requests were sent: the time was up")

    def send_fixed(self, shard: Shard) -> None:
        """Send the fixed requests of a shard. Raises TargetError."""
        self.on_progress("fixed requests", 0.0)
        for check, violation, exchange in send_fixed_requests(self.interceptor.observer, shard):
            self._add_unless_known(check.id, violation, exchange.sent, exchange.answer)

    def run_campaign(self, campaign: Campaign) -> None:
        """Send what schemathesis generates. Raises TargetError and KeyboardInterrupt."""
        interceptor, interrupted = self.interceptor, False
        with registered_hooks(interceptor):
            stream = campaign.start()
            interceptor.stop = stream.stop
            for event in campaign.report_events(stream):
                interrupted |= isinstance(event, events.Interrupted)
                self._handle_event(event)
        # Schemathesis catches Ctrl-C and sends an event instead.
        if interrupted and interceptor.stop_error is None and not interceptor.timed_out:
            raise KeyboardInterrupt
        if interceptor.stop_error is not None:
            raise interceptor.stop_error

    def _handle_event(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.ScenarioFinished):
            self.cases += len(event.recorder.interactions)
            for case_id in event.recorder.failing_case_ids():
                self._handle_failed_case(event.recorder, case_id)
            self._handle_late_violations()
            phase = event.phase.value
            self.worked += _weight(phase, event.label or "")
            part = min(1.0, self.worked / max(1, self.work))
            self.on_progress(f"{phase}: {self.cases:,} cases, {event.label or 'chains'}", part)
        elif isinstance(event, events.NonFatalError) and self.interceptor.stop_error is None:
            self.notes.append(
                to_single_line(f"{event.label}: {event.info.title}: {event.info.message}")
            )

    def _handle_late_violations(self) -> None:
        for check, violation, exchange in self.interceptor.late_violations:
            earlier = len(exchange.earlier_unchecked)
            among = f" (this request or one of the {earlier} before it)" if earlier else ""
            self._add_unless_known(check.id, violation + among, exchange.sent, exchange.answer)
        self.interceptor.late_violations.clear()

    def _handle_failed_case(self, recorder: ScenarioRecorder, case_id: str) -> None:
        for node in recorder.checks[case_id]:
            if node.failure_info is None:
                continue
            failure = node.failure_info.failure
            shown = failure.case_id or case_id
            interaction = recorder.interactions.get(shown)
            if interaction is None or interaction.response is None:
                continue
            operation = recorder.cases[shown].value.operation.label
            sent = self.interceptor.to_sent_request(operation, interaction.request)
            response = interaction.response
            answer = Answer(response.status_code, response.content or b"", {})
            ours = CHECK_ID_BY_NAME.get(node.name)
            text = failure.message if ours else f"{failure.title}: {failure.message}"
            place = _place_in_reply(failure)
            self._add_unless_known(ours or node.name, text, sent, answer, place)

    def _add_unless_known(
        self, check: str, text: str, sent: SentRequest, answer: Answer, place: str = ""
    ) -> None:
        if self._is_known(check, sent, answer):
            return
        self.broken_checks.add(check)
        sentence = to_single_line(" ".join(text.split()), 400)
        refused = refused_places(answer) if check in _VALID_DATA_CHECKS else ()
        for one in refused or (place,):
            self._add_failure(_Failure(check, sent.operation, one, sentence, sent, answer))

    def _add_failure(self, failure: _Failure) -> None:
        if failure.key not in self.failures:
            self.on_finding(f"{failure.check}: {failure.subject}")
        seen = self.failures.get(failure.key, failure)
        times = seen.times + 1
        # Schemathesis is told not to shrink, so the shortest body that was sent is shown.
        if len(failure.sent.body or b"") < len(seen.sent.body or b""):
            seen = failure
        seen.times = times
        self.failures[failure.key] = seen

    def _is_known(self, check: str, sent: SentRequest, answer: Answer) -> bool:
        """Whether the document or a deviation explains a failure; counts it for the deviation."""
        if check == _ACCEPTS_POSITIVE_DATA and self.explainer.is_documented_refusal(sent, answer):
            return True
        if check == STILL_READABLE.id:  # the answer is one to the request, not to the list
            deviation = self.explainer.explain_by_table(sent, answer)
        elif check in KIT_CHECK_IDS:  # they hold whatever the dialect is
            deviation = None
        else:
            deviation = self.explainer.explain(sent, answer)
        if deviation is not None:
            self.known_counts.setdefault(deviation, Counter())[f"{check} of {sent.operation}"] += 1
        return deviation is not None

    def clean_up(self, task_runs: int) -> int:
        """Delete what was created, even beyond the limits of requests; returns how much.

        `task_runs` were there before: the document has no request to delete one.
        """
        observer = self.interceptor.observer
        with observer.target.without_limits():
            try:
                removed = observer.run_pool.remove_all()
                left = observer.target.count("task_runs") - task_runs
            except TargetError as error:
                self.notes.append(f"what was created may still be there: {error}")
                return 0
        if left > 0:
            self.notes.append(f"the server has kept {left:,} task runs of deleted flow runs")
        return removed

    def outcome(self, settings: FuzzSettings, counts: Mapping[str, int], seconds: float) -> Outcome:
        """What the run has found; `holds` are our checks that nothing violated."""
        dialect = self.explainer.dialect
        sent_all = not (self.incomplete_reason or self.interceptor.timed_out)
        return Outcome(
            VERB,
            [
                *self.findings(settings.seed),
                *probe_findings(dialect, self.probed, self.known_counts),
                *change_findings(self.known_counts),
            ],
            holds=[
                f"{check.id}: {check.sentence}"
                for check in (*CHECKS, ACCEPTS_VALID, REJECTS_INVALID)
                if check.id not in self.broken_checks
            ],
            notes=self.notes,
            counts=counts,
            seconds=seconds,
            is_complete=sent_all and settings.is_for_everything,
        )

    def findings(self, seed: int) -> Iterator[Finding]:
        """The failures that nothing explains; and one if the limit of requests was reached."""
        target = self.interceptor.observer.target
        if self.incomplete_reason:
            yield Finding(VERB, "not-done", target.url, self.incomplete_reason)
        for failure in self.failures.values():
            sent = failure.sent
            yield Finding(
                VERB,
                failure.check,
                failure.subject,
                failure.sentence,
                evidence=f"it answered {failure.answer}\nsent with --seed {seed}",
                curl=target.curl(sent.method, sent.path, sent.body, sent.headers),
                times=failure.times,
                id=failure.id,
            )


def _weight(phase: str, operation: str) -> int:
    """The weight of a scenario; what has no body has few cases to cover."""
    if phase == "coverage" and not operation.startswith(("POST", "PATCH")):
        return 1
    return _WEIGHTS.get(phase, 0)


def _place_in_reply(failure: Failure) -> str:
    """Where a reply breaks its schema and by which keyword, such as `[].tags type`; else ""."""
    if not isinstance(failure, JsonSchemaError):
        return ""
    keyword = failure.schema_path[-1] if failure.schema_path else "schema"
    return f"{format_place(failure.instance_path)} {keyword}".lstrip()
