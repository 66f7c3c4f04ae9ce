# Invariant: only what a user has reviewed is accepted, and what a user wrote into a list is never
# lost: an entry stays, to the letter, for as long as it may be needed.
"""Lists of accepted findings: reading, applying to a report, and bringing up to date."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mockserver.contract.accepted.entries import AcceptedList, Entry
from mockserver.contract.accepted.files import open_accepted
from mockserver.contract.accepted.reading import parse_accepted, read_accepted
from mockserver.contract.accepted.review import review
from mockserver.contract.accepted.writing import render, update
from mockserver.contract.findings import Finding, Outcome, Verdict, is_covered
from mockserver.contract.report.report import RemarkKind, Report, RunInfo, build_report
from mockserver.contract.server.target import Ownership
from mockserver.errors import UsageError

TODAY = date(2027, 2, 20)
RUN = RunInfo(
    "http://127.0.0.1:35899/api",
    "Prefect 3.9.1",
    "prefect-sqlite@3.8.8",
    Ownership.OURS,
    datetime(2027, 2, 20, 9, tzinfo=UTC),
    release="3.9.1",
    database="sqlite",
)
WIDENED = "drift widened TaskRunSort 8e722fb4"
GONE = "gone state-both-lists"
REFUSED = "fuzz positive_data_acceptance POST /v2/x 422 body.names too_short"
OTHER_RUNS = "diff selects-the-same POST /flow_runs/filter other-runs tags.any_"


def finding(id_: str, **more: Any) -> Finding:
    """A finding that fails; its curl is sent to the server that was started for the run."""
    verdict = Verdict.GONE if id_.startswith("gone") else Verdict.NEW
    verb = "fuzz" if id_.startswith("gone") else id_.partition(" ")[0]
    curl = f'curl -i {RUN.url}/flow_runs/count --data-raw \'{{"a": "b: c"}}\''
    sentence = "the server does something else: a # and 'quotes'"
    return Finding(
        verb, "check", "POST /x", **{"sentence": sentence, "curl": curl, **more},
        verdict=verdict, id=id_,
    )  # fmt: skip


def report(*ids: str, incomplete: str = "", **run: Any) -> Report:
    """A report of a run that found these; `incomplete` is a command that did not finish."""
    outcomes = [
        Outcome(
            verb,
            [one for one in map(finding, ids) if one.verb == verb],
            is_complete=verb != incomplete,
        )
        for verb in ("drift", "fuzz", "diff")
    ]
    return build_report(replace(RUN, **run), outcomes)


def accepted(*entries: Entry) -> AcceptedList:
    """A list of these entries, each in the line that its place says."""
    placed = [replace(one, line=number) for number, one in enumerate(entries, 1)]
    return AcceptedList(Path("accepted.yaml"), placed, "x")


def reviewed(report: Report, *entries: Entry, today: date = TODAY) -> Report:
    return review(report, accepted(*entries), today)


# --- applying a list ------------------------------------------------------------------------------


def test_an_accepted_finding_is_shown_and_does_not_fail() -> None:
    """The other one still does; the headline counts both."""
    built = reviewed(
        report(GONE, WIDENED), Entry(GONE, reason="we know", expires=date(2027, 3, 31))
    )
    by_id = {one.id: one for one in built.findings}
    assert not by_id[GONE].fails
    assert by_id[GONE].verdict is Verdict.ACCEPTED
    acceptance = by_id[GONE].acceptance
    assert acceptance
    assert acceptance.sentence == "accepted until 2027-03-31: we know"
    assert by_id[WIDENED].fails
    assert built.fails
    assert built.headline == "The contract does not hold: 1 new, 1 accepted"
    assert not reviewed(report(GONE), Entry(GONE, reason="we know")).fails


def test_one_reason_is_enough_for_a_deviation_that_two_commands_miss() -> None:
    """It is one fact, whoever sees it."""
    outcomes = [Outcome("fuzz", [finding(GONE)]), Outcome("diff", [finding(GONE, party=None)])]
    built = reviewed(build_report(RUN, outcomes), Entry(GONE, reason="we know"))
    assert built.headline == "The contract holds: 1 accepted"


@pytest.mark.parametrize(
    ("expires", "today", "fails", "remark"),
    [
        ("2027-03-01", "2027-02-14", False, None),
        ("2027-03-01", "2027-02-15", False, "expires in 14 days, on 2027-03-01: "),
        ("2027-03-01", "2027-02-28", False, "expires tomorrow, on 2027-03-01: "),
        ("2027-03-01", "2027-03-01", False, "expires today, on 2027-03-01: "),
        ("2027-03-01", "2027-03-02", True, None),
    ],
)
def test_an_entry_counts_through_its_last_day(
    expires: str, today: str, fails: bool, remark: str | None
) -> None:
    """In the two weeks before its end there is a remark; after it the finding fails again."""
    entry = Entry(GONE, reason="we know", expires=date.fromisoformat(expires))
    built = reviewed(report(GONE), entry, today=date.fromisoformat(today))
    assert built.fails == fails
    assert [one.sentence for one in built.remarks] == ([f"{remark}{GONE}"] if remark else [])
    (only,) = built.findings
    assert only.acceptance is not None
    expected = f"no longer accepted: it was until {expires} (accepted.yaml:1): we know"
    assert (only.acceptance.sentence == expected) == fails


@pytest.mark.parametrize(
    ("entry", "run", "kind", "text"),
    [
        (Entry(WIDENED), {}, RemarkKind.UNSEEN, "no longer seen: remove it"),
        (Entry(GONE), {}, RemarkKind.UNSEEN, "no longer seen: remove it"),
        (Entry("fuzz shows like-nul"), {}, RemarkKind.UNSEEN, "no longer seen: remove it"),
        (Entry(REFUSED), {}, RemarkKind.UNSEEN, "not seen this time, by random requests"),
        (Entry(OTHER_RUNS), {}, RemarkKind.UNSEEN, "not seen this time, by random requests"),
        (Entry(WIDENED, release="3.8.8"), {}, RemarkKind.UNSEEN, "no longer seen: remove it"),
        (Entry(GONE), {"incomplete": "fuzz"}, RemarkKind.UNCHECKED, "fuzz did not run, or not all"),
        (Entry(GONE), {"incomplete": "diff"}, RemarkKind.UNSEEN, "no longer seen: remove it"),
        (
            Entry(WIDENED, database="postgresql"),
            {},
            RemarkKind.UNCHECKED,
            "it was seen on postgresql, and this server uses sqlite",
        ),
        (
            Entry(WIDENED, release="3.9.1"),
            {"release": "3.8.8"},
            RemarkKind.UNCHECKED,
            "it was seen on 3.9.1, and this server is 3.8.8",
        ),
        (
            Entry(WIDENED, release="3.9.1", database="sqlite"),
            {"release": "", "database": ""},
            RemarkKind.UNSEEN,
            "no longer seen: remove it",
        ),
    ],
)
def test_an_entry_that_is_not_seen_is_told(
    entry: Entry, run: dict[str, str], kind: RemarkKind, text: str
) -> None:
    """And does not fail; nothing is said against one that this run could not have seen."""
    built = reviewed(report(**run), replace(entry, reason="we know"))
    assert not built.fails
    (remark,) = built.remarks
    assert remark.kind is kind
    assert text in remark.sentence
    assert remark.is_warning == (kind is RemarkKind.UNSEEN)
    assert ("1 accepted finding was not seen" in built.headline) == (kind is RemarkKind.UNSEEN)
    assert str(remark).startswith("accepted.yaml:1: accepted, but ")


def test_what_cannot_be_accepted_has_no_id() -> None:
    """A run that did not finish fails, whatever the list says; a known deviation needs no entry."""
    outcome = Outcome(
        "fuzz",
        [
            Finding("fuzz", "not-done", "http://x", "the server is gone"),
            Finding("fuzz", "like-nul", "POST /x", "", Verdict.KNOWN),
        ],
        is_complete=False,
    )
    built = reviewed(build_report(RUN, [outcome]), Entry(GONE, reason="we know"))
    assert built.headline == ("It is not known whether the contract holds: 1 not tested, 1 known")


@pytest.mark.parametrize(
    ("found", "entry", "covered"),
    [
        (GONE, GONE, True),
        (GONE, "gone like-nul", False),
        # diff takes a filter with more keys for the same difference (Difference.is_covered_by).
        (f"{OTHER_RUNS}+tags.all_", OTHER_RUNS, True),
        (OTHER_RUNS, f"{OTHER_RUNS}+tags.all_", False),
        (OTHER_RUNS, OTHER_RUNS.replace("other-runs", "answers-500"), False),
        (OTHER_RUNS, OTHER_RUNS.replace("selects", "deletes"), False),
        (OTHER_RUNS, OTHER_RUNS.replace("tags.any_", "name.any_"), False),
        ("fuzz shows a+b", "fuzz shows a", False),
    ],
)
def test_an_entry_covers_its_finding_and_the_same_in_larger_filters(
    found: str, entry: str, covered: bool
) -> None:
    """And no other: what was not reviewed fails."""
    assert is_covered(found, entry) == covered
    built = reviewed(report(found), Entry(entry, reason="we know"))
    assert built.fails != covered


def test_the_entry_with_the_very_id_gives_the_reason() -> None:
    """Both entries are seen, though only one is asked."""
    larger = f"{OTHER_RUNS}+tags.all_"
    built = reviewed(report(larger), Entry(OTHER_RUNS, reason="a"), Entry(larger, reason="b"))
    (only,) = built.findings
    assert only.acceptance
    assert (only.acceptance.reason, only.acceptance.where) == ("b", "accepted.yaml:2")
    assert built.remarks == []


# --- reading --------------------------------------------------------------------------------------


def parse(text: str, *, reasons_needed: bool = True) -> Sequence[Entry]:
    return parse_accepted(Path("a.yaml"), text, reasons_needed=reasons_needed).entries


def test_entries_are_read_with_their_lines() -> None:
    """Every value is a text, whatever YAML would make of it; an id may be wrapped."""
    first, second = parse(
        "# ours\n"
        "accepted:\n"
        "- id: drift widened\n"
        "    TaskRunSort   8e722fb4\n"
        "  release: 3.9\n"
        "  expires: 2027-03-01\n"
        "  reason: yes\n"
        f"- id: {GONE}\n"
        "  found:\n"
        "  reason: |\n"
        "    two\n"
        "    lines\n"
    )
    assert (first.id, first.release, first.reason) == (WIDENED, "3.9", "yes")
    assert (first.expires, first.line) == (date(2027, 3, 1), 3)
    assert (second.id, second.found, second.reason, second.line) == (GONE, "", "two lines", 8)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "accepted:\n", "accepted: []\n", "null"])
def test_a_list_may_be_empty(text: str) -> None:
    """An empty file, too: there is nothing in it to be lost."""
    assert parse(text) == []


ENTRY = f"accepted:\n- id: {GONE}\n  reason: we know\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (ENTRY.replace("we know", '""'), "a.yaml:3: a reason is needed: why is it fine? (gone st"),
        (ENTRY.replace("we know", "' '"), "a.yaml:3: a reason is needed"),
        (ENTRY.replace("  reason: we know\n", ""), "a.yaml:2: a reason is needed"),
        (ENTRY.replace("reason", "raeson"), "a.yaml:3: unknown key 'raeson'; did you mean reason?"),
        (f"{ENTRY}  until: x\n", "a.yaml:4: unknown key 'until'; expected id, found, request, rel"),
        (f"{ENTRY}  [a]: x\n", "a.yaml:4: unknown key '(not a text)'"),
        (f"{ENTRY}  reason: b\n", "a.yaml:4: the key reason occurs twice in this entry"),
        (f"{ENTRY}  found: [a]\n", "a.yaml:4: found is no text"),
        (f"{ENTRY}  expires: soon\n", "a.yaml:4: expires is 'soon'; expected a date such as 2027-"),
        (f"{ENTRY}  expires: 2027-02-29\n", "a.yaml:4: expires is '2027-02-29'; expected a date"),
        (f"{ENTRY}  expires: 20270301\n", "a.yaml:4: expires is '20270301'; expected a date"),
        (ENTRY + ENTRY.partition("\n")[2], f"a.yaml:4: the id '{GONE}' is there already, in l"),
        (ENTRY.replace(GONE, "like-nul"), "a.yaml:2: no finding has the id 'like-nul': ids begin"),
        (ENTRY.replace(GONE, ""), "a.yaml:2: an id is needed"),
        ("accepted:\n- reason: a\n", "a.yaml:2: an id is needed; reports show it with each find"),
        ("accepted:\n- gone\n", "a.yaml:2: expected an entry: an id and a reason"),
        ("accepted: 1\n", "a.yaml:1: expected a list of accepted findings, as --write-accepted"),
        ("- id: x\n", "a.yaml:1: expected a list of accepted findings"),
        ("version: 3\nservices: {}\n", "a.yaml:1: expected a list of accepted findings"),
        (f"{ENTRY}other: 1\n", "a.yaml:1: expected a list of accepted findings"),
        ("accepted:\n- id: [\n", "a.yaml:3: "),
        ("accepted:\n- id: *nothing\n", "a.yaml:2: found undefined alias"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2: but found another document"),
        ("accepted:\n- id: \x07\n", "a.yaml:2: special characters are not allowed; expected YAML"),
        ("accepted: " + "[" * 5000, "a.yaml: nested too deep"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(text: str, problem: str) -> None:
    """So that it can be mended without a search."""
    with pytest.raises(UsageError, match=f"(?m)^{re.escape(problem)}"):
        parse(text)


def test_all_that_is_wrong_is_said_at_once() -> None:
    """In the order of the lines."""
    with pytest.raises(UsageError) as error:
        parse(f"{ENTRY}  expires: soon\n- id: x\n- reason: a\n")
    assert re.findall(r"^a\.yaml:\d+", str(error.value), re.MULTILINE) == [
        "a.yaml:4", "a.yaml:5", "a.yaml:5", "a.yaml:6",
    ]  # fmt: skip


def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    """One that does not exist yet can be written by the other flag."""
    with pytest.raises(UsageError, match=r"there is no such file; --write-accepted .* writes"):
        read_accepted(tmp_path / "none.yaml", reasons_needed=True)
    with pytest.raises(UsageError, match="Is a directory"):
        read_accepted(tmp_path, reasons_needed=True)
    (tmp_path / "latin.yaml").write_bytes(b"accepted: \xff")
    with pytest.raises(UsageError, match="not UTF-8; expected a list of accepted findings"):
        read_accepted(tmp_path / "latin.yaml", reasons_needed=True)


# --- writing --------------------------------------------------------------------------------------


def write(path: Path, report: Report, accept: Path | None = None) -> list[str]:
    """What `--write-accepted` tells."""
    return list(open_accepted(accept, path).write_list(report))


def test_a_list_is_written_reviewed_and_accepted(tmp_path: Path) -> None:
    """The way of a finding: red, written, refused without a reason, given one, green."""
    path = tmp_path / "accepted.yaml"
    found = report(GONE, WIDENED)
    assert write(path, found) == [
        f"wrote {path}: 2 entries",
        f"  new: {WIDENED}",
        f"  new: {GONE}",
        f"write a reason into each entry that has none, then use --accept {path}",
    ]
    with pytest.raises(UsageError, match="a reason is needed"):
        open_accepted(path, None)
    path.write_text(path.read_text("utf-8").replace('reason: ""', "reason: we know"), "utf-8")
    files = open_accepted(path, path)
    assert not files.review(found, TODAY).fails
    assert list(files.write_list(files.review(found, TODAY))) == [
        f"{path} is up to date: 2 entries"
    ]


def test_an_entry_says_what_was_seen_and_how_to_see_it(tmp_path: Path) -> None:
    """Its request is a command to be copied; the port of a server that is gone helps nobody."""
    path = tmp_path / "accepted.yaml"
    write(path, report(GONE))
    text = path.read_text("utf-8")
    curl = 'curl -i "$PREFECT_API_URL"/flow_runs/count --data-raw \'{"a": "b: c"}\'\n'
    assert f"    request: |-\n      {curl}" in text
    assert '    release: 3.9.1\n    database: sqlite\n    reason: ""\n' in text
    (entry,) = yaml.safe_load(text)["accepted"]
    assert entry["found"] == "the server does something else: a # and 'quotes'"
    assert list(entry) == ["id", "found", "request", "release", "database", "reason"]


def test_an_entry_of_a_named_server_keeps_its_address() -> None:
    """It can be asked again. A request of many thousand characters is left to the report."""
    built = report(GONE, ownership=Ownership.DISPOSABLE)
    (entry,) = update(AcceptedList(Path("a")), built).added
    assert RUN.url in entry.request
    long = Outcome("fuzz", [finding(GONE, curl="curl " + "x" * 5000)])
    (entry,) = update(AcceptedList(Path("a")), build_report(RUN, [long])).added
    assert entry.request == "not shown: 5,005 characters; the report of the run has it"
    plain = Outcome("drift", [finding(WIDENED, curl="", sentence="")])
    (entry,) = update(
        AcceptedList(Path("a")), build_report(replace(RUN, release="", database=""), [plain])
    ).added
    assert render([entry]).endswith(f'accepted:\n  - id: {WIDENED}\n    reason: ""\n')


OURS = f"""\
# Reviewed every month by the data platform team.

accepted:
  # Asked Prefect about it: issue 17.
  - id: {WIDENED}
    reason: |   # why
      nobody sorts by it
      # not a comment
  # Until the upgrade.
  - id: {GONE}
    expires: 2027-03-31
    reason: "we know"
  - id: {REFUSED}
    reason: our names are never empty
# The end.
"""


def test_what_a_user_wrote_stays_to_the_letter(tmp_path: Path) -> None:
    """What is new is appended; an entry that is gone for sure goes, with its comment."""
    path = tmp_path / "accepted.yaml"
    path.write_text(OURS, "utf-8")
    assert write(path, report(WIDENED, OTHER_RUNS)) == [
        f"wrote {path}: 3 entries",
        f"  new: {OTHER_RUNS}",
        f"  dropped, no longer seen: {GONE} (reason: we know)",
        f"write a reason into each entry that has none, then use --accept {path}",
    ]
    kept, _, rest = OURS.partition("  # Until the upgrade.\n")
    kept += rest[rest.index("  - id: fuzz") :].removesuffix("# The end.\n")
    text = path.read_text("utf-8")
    assert text.startswith(f"{kept}  - id: {OTHER_RUNS}\n    found: >-\n")
    assert text.endswith('    reason: ""\n# The end.\n')


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        # Its verb did not run to the end.
        (f"accepted:\n- id: {GONE}\n  reason: a\n", True),
        (f"accepted:\n- id: {WIDENED}\n  reason: a\n", False),
        (f"accepted:\n- id: {WIDENED}\n  database: postgresql\n", True),
        (f"accepted:\n- id: {OTHER_RUNS}\n", True),
    ],
)
def test_an_entry_is_dropped_only_if_it_is_gone_for_sure(
    text: str, stays: bool, tmp_path: Path
) -> None:
    """Else a reason would be lost by a run that could not see what it is for."""
    path = tmp_path / "accepted.yaml"
    path.write_text(text, "utf-8")
    write(path, report(incomplete="fuzz"))
    assert path.read_text("utf-8") == (text if stays else "accepted:\n")


@pytest.mark.parametrize(
    "text",
    [
        f"accepted: [{{id: {GONE}, reason: a}}]\n",
        f"accepted:\n-\n  id: {GONE}\n  reason: a\n",
        f"accepted: [{{id: {GONE}, reason: a}}, {{id: {WIDENED}, reason: b}}]",
        f"accepted:\r\n- id: {GONE}\r\n  reason: a\r\n",
        f"accepted:\n- id: {GONE}\n  reason: a",
        f"accepted:\n  - id: {GONE}\n    reason: a\n\n  - id: {WIDENED}\n    reason: b\n\n\n",
        # The reason is kept only in the entry that goes.
        f"accepted:\n- id: gone like-nul\n  reason: &why a\n- id: {GONE}\n  reason: *why\n",
        f"\ufeffaccepted:\n- id: {GONE}\n  reason: a\n",
    ],
)
def test_a_list_of_any_layout_can_be_brought_up_to_date(text: str) -> None:
    """Reasons stay even where lines cannot be told apart and the list is written anew."""
    before = parse_accepted(Path("a.yaml"), text, reasons_needed=True)
    change = update(before, report(GONE, WIDENED, REFUSED))
    after = parse(change.text, reasons_needed=False)
    assert {one.id: one.reason for one in after} == {
        **dict.fromkeys((GONE, WIDENED, REFUSED), ""),
        **{one.id: one.reason for one in before.entries if one.id != "gone like-nul"},
    }


def test_reasons_are_taken_over_from_the_list_that_is_applied(tmp_path: Path) -> None:
    """A list written anew beside it can take its place."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(f"{ENTRY}  expires: 2027-03-31\n- id: {OTHER_RUNS}\n  reason: b\n", "utf-8")
    files = open_accepted(old, new)
    larger = [f"{OTHER_RUNS}+{key}" for key in ("tags.all_", "id.any_")]
    told = list(files.write_list(files.review(report(GONE, *larger), TODAY)))
    assert told == [f"wrote {new}: 2 entries", f"  new: {GONE}", f"  new: {OTHER_RUNS}"]
    found = {one.id: one for one in read_accepted(new, reasons_needed=True).entries}
    assert found[GONE].reason == "we know"
    assert found[GONE].expires == date(2027, 3, 31)
    assert found[OTHER_RUNS].reason == "b"


def test_nothing_is_written_if_there_is_nothing_to_accept(tmp_path: Path) -> None:
    """And what cannot be accepted is said. Without the flag nothing is said at all."""
    path = tmp_path / "accepted.yaml"
    outcome = Outcome("fuzz", [Finding("fuzz", "not-done", "x", "it stopped")], is_complete=False)
    assert write(path, build_report(RUN, [outcome])) == [
        f"{path} was not written: there is nothing to accept",
        "  cannot be accepted: not-done: it stopped",
    ]
    assert list(tmp_path.iterdir()) == []
    assert list(open_accepted(None, None).write_list(report(GONE))) == []
    assert open_accepted(None, None).review(report(GONE), TODAY).fails


@pytest.mark.parametrize("text", ["{}", "version: 3\n", "[1]", "accepted: yes\n", "a: [\n"])
def test_a_file_that_is_no_list_is_not_overwritten(text: str, tmp_path: Path) -> None:
    """It is refused before the run."""
    path = tmp_path / "compose.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"compose\.yaml:\d+: "):
        open_accepted(None, path)
    assert path.read_text() == text


def test_a_list_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    """A folder that is none is told before the run; a disk that is full leaves the old list."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="expected a folder that can be written to"):
        open_accepted(None, tmp_path / "file" / "accepted.yaml")
    files = open_accepted(None, tmp_path / "accepted.yaml")
    (tmp_path / "accepted.yaml").mkdir()
    with pytest.raises(UsageError, match=r"accepted\.yaml: Is a directory; it was not written"):
        list(files.write_list(report(GONE)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["accepted.yaml", "file"]


def test_a_link_to_a_list_stays_a_link(tmp_path: Path) -> None:
    """The list that it leads to is the one that is written."""
    (tmp_path / "real.yaml").write_text("accepted: []\n")
    link = tmp_path / "link.yaml"
    link.symlink_to(tmp_path / "real.yaml")
    write(link, report(GONE))
    assert link.is_symlink()
    assert GONE in (tmp_path / "real.yaml").read_text()


LINES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=150)


@given(st.lists(LINES, min_size=1, max_size=3, unique=True), LINES, LINES)
def test_any_text_of_a_server_can_be_written_and_read_again(
    names: list[str], sentence: str, curl: str
) -> None:
    """An id is the same afterwards, so that it still accepts its finding."""
    findings = [
        finding(f"drift widened {name} 8e722fb4", sentence=sentence, curl=curl) for name in names
    ]
    built = build_report(RUN, [Outcome("drift", findings)])
    change = update(AcceptedList(Path("a.yaml")), built)
    entries = parse(change.text, reasons_needed=False)
    assert {one.id for one in entries} == {one.id for one in built.findings}
    assert update(parse_accepted(Path("a"), change.text, reasons_needed=False), built).added == []
    with_reasons = parse_accepted(
        Path("a"), change.text.replace('reason: ""', "reason: a"), reasons_needed=False
    )
    assert not review(built, with_reasons, TODAY).fails
