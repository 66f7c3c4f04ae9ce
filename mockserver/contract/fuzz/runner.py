"""fuzz: does a server do what the document says, for any request? Schemathesis asks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from schemathesis.engine import events
from schemathesis.engine.recorder import ScenarioRecorder

from ...errors import to_single_line
from ...prefect import Dialect
from ..findings import Finding, Outcome, Verdict
from ..server import (
    Answer,
    RequestLimitReached,
    SideEffect,
    Target,
    TargetError,
    require_permission,
)
from .campaign import Campaign, FuzzSettings
from .checks import CHECKS, STILL_READABLE, SentRequest
from .explainer import DEVIATIONS_BY_ID, Explainer, is_documented_refusal, shows_in
from .fixed_requests import ACCEPTS_VALID, REJECTS_INVALID, send_fixed_requests
from .interceptor import CHECK_ID_BY_NAME, RequestInterceptor, registered_hooks
from .mock_pool import MockPool
from .observer import Observer
from .probes import ProbeResult, run_probes
from .run_pool import RunPool, ServerSnapshot, no_op, remove_new_records, take_snapshot

VERB = "fuzz"
KIT_CHECK_IDS = frozenset({*CHECK_ID_BY_NAME.values(), ACCEPTS_VALID.id, REJECTS_INVALID.id})
ProgressCallback = Callable[[str], None]


def fuzz(
    target: Target,
    dialect: Dialect,
    settings: FuzzSettings | None = None,
    on_progress: ProgressCallback = no_op,
    on_created: Callable[[str], None] = no_op,
) -> Outcome:
    """Send requests of all kinds to a server, and hold each answer against the document.

    `dialect` is what the server is expected to be: its deviations are known. `say` is told now and
    then how far it is; `created` the path of every flow run, task run and flow (/flows/ID) that is
    made.

    Raises UsageError for settings that make no sense and for a target that may not be fuzzed, and
    TargetError where the server is not there (any more). What was created is deleted, also then.
    """
    require_permission(target, SideEffect.FUZZES, VERB)
    campaign = Campaign(target, settings or FuzzSettings())
    started, sent = time.monotonic(), target.sent
    snapshot = take_snapshot(target)
    run_pool = RunPool(target, on_created)
    observer = Observer(target, run_pool, snapshot.runs, dialect if is_mock(target) else None)
    interceptor = RequestInterceptor(
        observer, campaign.settings.seed, deadline=started + campaign.settings.seconds
    )
    with MockPool() as mocks:
        run = _FuzzRun(interceptor, Explainer(dialect, mocks), on_progress)
        try:
            probed = list(run_probes(target, run_pool)) if campaign.settings.probes else []
            run.send_fixed()
            run.run_campaign(campaign)
        finally:
            removed = run.clean_up(snapshot)
    counts = {"requests": target.sent - sent, "cases": run.cases, "removed": removed}
    if target.flaky:
        counts["asked again after 503"] = interceptor.retries
    return Outcome(
        VERB,
        [*run.findings(campaign.settings.seed), *probe_findings(dialect, probed, run.known_counts)],
        holds=[
            f"{check.id}: {check.sentence}"
            for check in (*CHECKS, ACCEPTS_VALID, REJECTS_INVALID)
            if check.id not in run.broken_checks
        ],
        notes=run.notes,
        counts=counts,
        seconds=time.monotonic() - started,
    )


def is_mock(target: Target) -> bool:
    """Whether a server is this project's own: it serves its contract below its API."""
    return target.send("GET", "/openapi.yaml", None, {}).status == 200


@dataclass
class _Failure:
    """A failure, as often as it came, with the shortest request that shows it."""

    check: str
    subject: str
    sentence: str
    sent: SentRequest
    answer: Answer
    times: int = 0


@dataclass
class _FuzzRun:
    """Follows schemathesis' events, and sorts what fails into what is known and what is new."""

    interceptor: RequestInterceptor
    explainer: Explainer
    on_progress: ProgressCallback
    cases: int = 0
    known_counts: dict[str, Counter[str]] = field(default_factory=dict)
    failures: dict[tuple[str, ...], _Failure] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    broken_checks: set[str] = field(default_factory=set)
    incomplete_reason: str = ""

    def send_fixed(self) -> None:
        """Send what is always sent. Raises TargetError."""
        self.on_progress("drills: the requests that are always sent")
        for check, violation, exchange in send_fixed_requests(self.interceptor.observer):
            if not self._is_known(check.id, exchange.sent, exchange.answer):
                self._add(check.id, violation, exchange.sent, exchange.answer)

    def run_campaign(self, campaign: Campaign) -> None:
        """Send everything. Raises TargetError and KeyboardInterrupt."""
        interrupted = False
        with registered_hooks(self.interceptor):
            stream = campaign.start()
            self.interceptor.stop = stream.stop
            for event in campaign.report_events(stream):
                interrupted |= isinstance(event, events.Interrupted)
                self._handle_event(event)
        if interrupted and self.interceptor.stop_error is None and not self.interceptor.timed_out:
            raise KeyboardInterrupt
        if isinstance(self.interceptor.stop_error, RequestLimitReached):
            self.incomplete_reason = str(self.interceptor.stop_error)
        elif self.interceptor.stop_error is not None:
            raise self.interceptor.stop_error
        if self.interceptor.timed_out:
            self.notes.append("it was not done: the time was up")

    def _handle_event(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.ScenarioFinished):
            self.cases += len(event.recorder.interactions)
            for case_id in event.recorder.failing_case_ids():
                self._handle_failed_case(event.recorder, case_id)
            self._handle_late_violations()
            self.on_progress(
                f"{event.phase.value}: {self.cases:,} cases, {event.label or 'chains'}"
            )
        elif isinstance(event, events.NonFatalError) and self.interceptor.stop_error is None:
            self.notes.append(
                to_single_line(f"{event.label}: {event.info.title}: {event.info.message}")
            )

    def _handle_late_violations(self) -> None:
        for check, violation, exchange in self.interceptor.late_violations:
            since = len(exchange.earlier_unchecked)
            among = f" (this request or one of the {since} before it)" if since else ""
            if not self._is_known(check.id, exchange.sent, exchange.answer):
                self._add(check.id, violation + among, exchange.sent, exchange.answer)
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
            label = recorder.cases[shown].value.operation.label
            sent = self.interceptor.to_sent_request(label, interaction.request)
            response = interaction.response
            answer = Answer(response.status_code, response.content or b"", {})
            ours = CHECK_ID_BY_NAME.get(node.name)
            text = failure.message if ours else f"{failure.title}: {failure.message}"
            if not self._is_known(ours or node.name, sent, answer):
                self._add(ours or node.name, text, sent, answer)

    def _is_known(self, check: str, sent: SentRequest, answer: Answer) -> bool:
        if check == "positive_data_acceptance" and is_documented_refusal(sent, answer):
            return True
        if check in KIT_CHECK_IDS:
            readable = check != STILL_READABLE.id
            deviation = None if readable else self.explainer.explain_by_table(sent, answer)
        else:
            deviation = self.explainer.explain(sent, answer)
        if deviation is not None:
            self.known_counts.setdefault(deviation, Counter())[f"{check} of {sent.operation}"] += 1
        return deviation is not None

    def _add(self, check: str, text: str, sent: SentRequest, answer: Answer) -> None:
        self.broken_checks.add(check)
        sentence = to_single_line(" ".join(text.split()), 400)
        key = (check, sent.operation, str(answer.status))
        seen = self.failures.get(key)
        times = seen.times if seen else 0
        if seen is None or len(sent.body or b"") < len(seen.sent.body or b""):
            seen = self.failures[key] = _Failure(check, sent.operation, sentence, sent, answer)
        seen.times = times + 1

    def clean_up(self, snapshot: ServerSnapshot) -> int:
        """Take away what was created; returns how many. No ceiling stands in the way of it."""
        target = self.interceptor.observer.target
        with target.without_limits():
            try:
                return remove_new_records(target, snapshot)
            except TargetError as error:
                self.notes.append(f"what was created may still be there: {error}")
                return 0

    def findings(self, seed: int) -> Iterator[Finding]:
        """What is in no registry; and that it was cut short, which a user did not mean."""
        if self.incomplete_reason:
            yield Finding(
                VERB, "not-done", self.interceptor.observer.target.url, self.incomplete_reason
            )
        for seen in self.failures.values():
            sent = seen.sent
            yield Finding(
                VERB,
                seen.check,
                seen.subject,
                seen.sentence,
                evidence=f"it answered {seen.answer}\nsent with --seed {seed}",
                curl=self.interceptor.observer.target.curl(
                    sent.method, sent.path, sent.body, sent.headers
                ),
                times=seen.times,
            )


def probe_findings(
    dialect: Dialect,
    probed: Sequence[ProbeResult],
    known: Mapping[str, Counter[str]],
) -> Iterator[Finding]:
    """What the deviations come to: known and there, known and gone, there and not known."""
    for one in probed:
        due = shows_in(one.deviation, dialect)
        if due is None or (not due and not one.shows):
            continue
        deviation = DEVIATIONS_BY_ID[one.deviation]
        seen = known.get(one.deviation, Counter())
        verdict = Verdict.NEW if not due else Verdict.KNOWN if one.shows else Verdict.GONE
        about = {
            Verdict.KNOWN: "",
            Verdict.GONE: "does not show any more: ",
            Verdict.NEW: f"shows, though {dialect.name} does not have it: ",
        }[verdict]
        yield Finding(
            VERB,
            one.deviation,
            deviation.endpoint,
            f"{about}the document says: {deviation.document}; a real server: {deviation.server}",
            verdict,
            deviation=one.deviation,
            evidence="\n".join(
                [f"it answered {one.answer}", *(f"{name}: {n:,} times" for name, n in seen.items())]
            ),
            curl=one.curl,
            times=max(1, seen.total()),
        )
