"""What a failing finding means for somebody's deletes, and what to do about it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..findings import Finding, Party, Verdict

LEGEND: Sequence[tuple[str, str]] = (
    ("new", "the server does something that neither its document nor a known deviation has"),
    ("fixed upstream", "a deviation that was expected of this server and is not seen any more"),
    ("accepted", "new or fixed upstream, and on the list that --accept names"),
    ("known", "a registered deviation, which mockserver imitates under this dialect"),
    ("drift", "the server's OpenAPI document is compared with ours"),
    ("fuzz", "requests of all kinds are sent, and what each did is checked"),
    ("diff", "filters and deletes are compared with those of a mock that holds the same flow runs"),
    ("cell", "one kind of condition of a filter on one field; it is decided by a filter of which "
     "some flow runs match and some do not"),
)  # fmt: skip
"""The words of a report and of its tables of coverage."""

SHARD_MISSING = "shard-missing"
"""The check of a merged report that misses the report of a shard."""
_WRONG_RUNS = "a clean-up may delete flow runs that it does not mean, or keep some that it does"
_TOO_MANY = "a clean-up may delete more flow runs than it asks for, or than it is told of"
_TOO_FEW = "a clean-up may stop before everything that matches is deleted"
_CLIENTS = "a script that checks the reply may take a failure for a success, or the reverse"
_UNASKED = "flow runs may be lost or changed by requests that should leave them alone"
_MEANINGS: Mapping[str, str] = {
    "selects-the-same": _WRONG_RUNS,
    "deletes-the-same": _WRONG_RUNS,
    "only-matching": _WRONG_RUNS,
    "highest-ids": "a clean-up in steps deletes other flow runs first than it does elsewhere",
    "at-most-limit": _TOO_MANY,
    "nothing-else-gone": _TOO_MANY,
    "sentinels": _TOO_MANY,
    "as-many-as-may": _TOO_FEW,
    "again-only-the-rest": _TOO_FEW,
    "gone-afterwards": "flow runs that a clean-up was told are deleted may still be there",
    "was-there": "the reply names flow runs that were never there, so it cannot be counted on",
    "unique": "who counts the ids of a reply counts more flow runs than were deleted",
    "others-untouched": _UNASKED,
    "others-gone": _UNASKED,
    "others-changed": _UNASKED,
    "reading-changes-nothing": _UNASKED,
    "refusal-changes-nothing": _UNASKED,
    "deletes-the-one": _UNASKED,
    "states-stay": _UNASKED,
    "bulk-states-stay": _UNASKED,
    "drill-refused": "a filter with a mistake in it is not refused, and may delete everything",
    "drill-answered": "a valid delete fails on this server",
    "still-readable": "afterwards flow runs cannot be listed, so no clean-up can check itself",
    "warned": "a rehearsal on this mock would not warn of what a real server does",
    "not-done": "nothing is known of what was not tested",
    SHARD_MISSING: "nothing is known of what was not tested",
}
UNFINISHED: Mapping[str, str] = {
    "not-done": "look at the server's log, and run the same command again",
    SHARD_MISSING: "look at the log of its job, run it again, and merge the reports again",
}
"""The checks that tell of what was not tested, and what to do about it."""
_BY_VERB: Mapping[str, str] = {
    "drift": "a client that keeps to the document may send what this server refuses, or miss what "
    "it answers; deletes are concerned where it is about bulk_delete or a filter",
    "fuzz": _CLIENTS,
    "diff": _WRONG_RUNS,
}
_FIXED = (
    "filters and deletes now do what the document says: a clean-up that was written around the "
    "deviation may select other flow runs than before"
)
_FAULTS: Mapping[Party, str] = {
    Party.SERVER: "the server: the document and mockserver agree",
    Party.MOCK: "mockserver, by its document or what was measured of its release; or what changes "
    "this server: a proxy before it, a patch, another database",
    Party.DOCUMENT: "the document: the server and mockserver agree",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """What there is to say of a failing finding, each in a sentence without a full stop.

    `reproduce` is a shell command that shows it now; "" if there is none.
    """

    meaning: str
    fault: str
    reproduce: str
    action: str

    @property
    def lines(self) -> Iterator[tuple[str, str]]:
        """Name and text of each part that there is."""
        yield "it means", self.meaning
        yield "who is wrong", self.fault
        if self.reproduce:
            yield "see it", self.reproduce
        yield "to do", self.action


def advise(finding: Finding, again: str) -> Advice:
    """Advice on a finding of a run. `again` is the command that asks its server again; "" where the
    request of the finding shows it alone.
    """
    return Advice(
        _FIXED if finding.verdict is Verdict.GONE else _meaning(finding),
        _fault(finding),
        _reproduce(finding, again),
        _action(finding),
    )


def _meaning(finding: Finding) -> str:
    return _MEANINGS.get(finding.check) or _BY_VERB.get(finding.verb, _CLIENTS)


def _fault(finding: Finding) -> str:
    if finding.verdict is Verdict.GONE:
        return "nobody: Prefect has mended what mockserver still expects"
    if finding.party:
        return _FAULTS[finding.party]
    if finding.check in UNFINISHED:
        return "it is not known yet"
    return "the server, by its own document; or its document, where it was changed on purpose"


def _reproduce(finding: Finding, again: str) -> str:
    if not again or finding.check == SHARD_MISSING:
        return finding.curl
    only = f" --only {shlex.quote(finding.id)}" if finding.id else ""
    return f"{again}{only}"


def _action(finding: Finding) -> str:
    if finding.check in UNFINISHED:
        return UNFINISHED[finding.check]
    if finding.verdict is Verdict.GONE:
        return (
            "before you upgrade, let `mockserver releases OLD NEW --requests FILE` say which of "
            "your requests select other flow runs; then accept it with a reason (--write-accepted)"
        )
    if finding.party is Party.MOCK:
        return (
            "ask the server itself, without what stands before it; if it is still so, report it to "
            "mockserver, and accept it with a reason until then (--write-accepted)"
        )
    return (
        "pin the release that you have; or change the filter so that it does not depend on this; "
        "or accept it with a reason (--write-accepted); and report it to Prefect"
    )
