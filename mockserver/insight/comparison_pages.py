"""The page about two releases and a user's requests: which would do otherwise, to which runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ..errors import to_single_line
from ..prefect import DATABASE_NAMES, FlowRun
from ..rendering import Entry, Page, Section, Tone
from ..requests import JSON_MEDIA_TYPE, Message
from .release_differences import Difference, ReleaseComparison
from .release_pages import count_of, difference_sections, releases_headline
from .request_comparison import RequestComparison, RequestDifference, SomeRuns
from .request_meaning import Meaning, Refusal
from .selecting_endpoints import Effect

# A report is to be read: bounds of what it shows. The counts are always exact.
MAX_ENTRIES = 20
"""How many requests that differ a page shows, unless it is told otherwise."""
MAX_ROWS = 10
"""How many flow runs of a kind a page shows for a request."""
MAX_HARMLESS = 3
MAX_SKIPPED = 5
MAX_BODY = 400  # characters
MAX_CONDITION = 600  # characters


def comparison_page(
    releases: ReleaseComparison,
    requests: RequestComparison | None = None,
    facts: tuple[tuple[str, str], ...] = (),
    most: int = MAX_ENTRIES,
) -> Page:
    """What differs between two releases and, if there are any, for a user's requests.

    `facts` are shown beside what the page knows itself: where requests and runs came from.
    """
    headline, tone = releases_headline(releases), Tone.GOOD
    if requests is None:
        sections = list(difference_sections(releases))
    else:
        causes = {cause.id for one in requests.differences for cause in one.causes}
        sections = list(difference_sections(releases, causes))
        sections.append(_requests_section(releases, requests, most))
        headline = requests_headline(releases, requests)
        tone = Tone.BAD if requests.mattering else Tone.GOOD
    known = (
        ("releases", f"Prefect {releases.before.release} and {releases.after.release}"),
        ("database", DATABASE_NAMES[releases.before.database or ""]),
    )
    return Page(tone, headline, (*known, *facts), tuple(sections))


def requests_headline(releases: ReleaseComparison, requests: RequestComparison) -> str:
    """How many requests would do otherwise, in a sentence without a full stop."""
    there = f"after the {releases.word} from Prefect {releases.before.release} to "
    there += releases.after.release
    if not requests.compared:
        return f"None of {count_of(requests.total, 'request')} selects flow runs"
    among = count_of(requests.compared, "request")
    if not requests.mattering:
        return f"None of {among} would select other flow runs {there}"
    differing = f"{sum(one.times for one in requests.mattering):,} of {among}"
    effects = {one.endpoint.effect for one in requests.mattering}
    verb = effects.pop().infinitive if len(effects) == 1 else "select"
    if requests.runs is None:
        return f"{differing} would {verb} by another condition {there}"
    if all(one.changes_runs for one in requests.mattering):
        return f"{differing} would {verb} {_more_or_fewer(requests)} flow runs {there}"
    return f"{differing} would do otherwise {there}"


def _more_or_fewer(requests: RequestComparison) -> str:
    """How the flow runs differ: an upgrade that deletes fewer is another thing to hear."""
    adds, removes = (
        any(runs is not None and runs.count for runs in side)
        for side in zip(*((one.added, one.removed) for one in requests.mattering), strict=True)
    )
    return "other" if adds and removes else "more" if adds else "fewer"


def _requests_section(
    releases: ReleaseComparison, requests: RequestComparison, most: int
) -> Section:
    harmless = [one for one in requests.differences if not one.matters]
    shown = [*requests.mattering[:most], *harmless[:MAX_HARMLESS]]
    return Section(
        "your requests",
        tuple(_entry(one, releases) for one in shown),
        tuple(_good(requests, harmless)),
        tuple(_notes(requests, most)),
    )


def _good(requests: RequestComparison, harmless: list[RequestDifference]) -> Iterator[str]:
    if requests.same:
        verb = "selects" if requests.same == 1 else "select"
        yield (
            f"{count_of(requests.same, 'request')} {verb} the same flow runs, whatever there are"
        )
    if harmless:
        times = sum(one.times for one in harmless)
        yield (
            f"{count_of(times, 'request')} with another condition, which selects the same of "
            f"these {count_of(requests.runs or 0, 'flow run')}"
        )


def _notes(requests: RequestComparison, most: int) -> Iterator[str]:
    hidden = requests.mattering[most:]
    if hidden:
        times = sum(one.times for one in hidden)
        yield f"{count_of(times, 'more request')} would do otherwise; --json lists them"
    causes: Counter[str] = Counter()
    for one in requests.mattering:
        causes.update(dict.fromkeys((cause.id for cause in one.causes), one.times))
    if len(requests.mattering) > 1:
        for id_, times in causes.most_common():
            yield f"because of {id_}: {count_of(times, 'request')}"
    unfiltered, refused = requests.unfiltered, requests.refused
    if unfiltered.count:
        yield (
            f"without a condition on both releases: {count_of(unfiltered.count, 'request')}, the "
            f"first at {unfiltered.where}: a server {unfiltered.text} every flow run"
        )
    if refused.count:
        counted = count_of(refused.count, "request")
        yield f"refused by both: {counted}, the first at {refused.where}: a server {refused.text}"
    if requests.skipped:
        counted = count_of(sum(requests.skipped.values()), "request")
        yield f"not compared, as no flow runs are selected: {counted} ({_listed(requests.skipped)})"
    if requests.runs is None:
        yield (
            "only what requests mean was compared: with --runs, a copy of your flow runs, it is "
            "told which of them would be affected"
        )


def _listed(skipped: Mapping[str, int]) -> str:
    most = Counter(skipped).most_common(MAX_SKIPPED)
    more = [f"{len(skipped) - len(most):,} more"] if len(skipped) > len(most) else []
    return ", ".join([*(f"{title}: {times:,}" for title, times in most), *more])


def _entry(one: RequestDifference, releases: ReleaseComparison) -> Entry:
    before, after = releases.before.release, releases.after.release
    counts = one.counts or (None, None)
    details = [
        _told(one, before, one.before, counts[0]),
        _told(one, after, one.after, counts[1]),
        ("because of", ", ".join(map(_cause, one.causes)) or "several changes together"),
        *_only_on(before, one, one.removed),
        *_only_on(after, one, one.added),
    ]
    more = f" and {one.times - 1:,} more" if one.times > 1 else ""
    return Entry(
        Tone.BAD if one.matters else Tone.NOTICE,
        "differs" if one.matters else "same runs",
        one.places[0] + more,
        one.endpoint.title,
        tuple(details),
        _shown_body(one.message),
        (*_rows(before, one.removed), *_rows(after, one.added)),
    )


def _shown_body(message: Message) -> str:
    body = to_single_line(message.body.decode(errors="replace"), MAX_BODY)
    return body if message.content_type == JSON_MEDIA_TYPE else f"(not sent as JSON) {body}"


def _told(
    one: RequestDifference, release: str, meaning: Meaning | Refusal, count: int | None
) -> tuple[str, str]:
    """What a release does: `3.8.8 deletes`, and `60 flow runs in 2 calls: every flow run`."""
    if isinstance(meaning, Refusal):
        return release, to_single_line(str(meaning), MAX_CONDITION)
    counted = "" if count is None else count_of(count, "flow run")
    if count and meaning.limit and one.endpoint.effect is Effect.DELETES:
        counted += f" in {count_of(-(-count // meaning.limit), 'call')}"
    condition = to_single_line(str(meaning), MAX_CONDITION)
    text = f"{counted}: {condition}" if counted else condition
    return f"{release} {one.endpoint.effect.value}", text


def _cause(cause: Difference) -> str:
    return f"{cause.id} ({cause.step})"


def _only_on(
    release: str, one: RequestDifference, runs: SomeRuns | None
) -> Iterator[tuple[str, str]]:
    if runs and runs.count:
        verb = one.endpoint.effect.value
        yield f"only {release} {verb}", count_of(runs.count, "flow run")


def _rows(release: str, runs: SomeRuns | None) -> Iterator[tuple[str, ...]]:
    first = runs.first[:MAX_ROWS] if runs else ()
    for run in first:
        yield f"only {release}", run.id, to_single_line(run.name, 60), _state(run)
    if runs and runs.count > len(first):
        more = f"... and {runs.count - len(first):,} more"
        yield f"only {release}", more, "", ""


def _state(run: FlowRun) -> str:
    """The name of a run's state; its type, too, where the name is another word."""
    if run.state is None:
        return ""
    name, type_ = run.state.name, run.state.type.value
    return to_single_line(name if name.upper() == type_ else f"{name} ({type_})", 60)
