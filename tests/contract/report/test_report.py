# Whatever texts a server sends, a report is well-formed, shows them, and they are only text in it.

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from rich.console import Console

from mockserver.contract.findings import Acceptance, Finding, Outcome, Party, Table, Verdict
from mockserver.contract.report import console, github
from mockserver.contract.report.files import RENDERERS, write_reports
from mockserver.contract.report.html_report import render_html
from mockserver.contract.report.json_report import render_json
from mockserver.contract.report.junit import render_junit
from mockserver.contract.report.progress import ProgressDisplay
from mockserver.contract.report.report import Remark, RemarkKind, Report, RunInfo, build_report
from mockserver.contract.report.sanitizing import sanitize, sanitize_uncut_line, secrets_in_headers
from mockserver.contract.server.target import Ownership
from mockserver.errors import UsageError
from mockserver.resources import resource_path

STARTED = datetime(2026, 1, 31, 8, 0, tzinfo=timezone(timedelta(hours=2)))
RUN = RunInfo(
    "http://127.0.0.1:4200/api", "Prefect 3.8.8", "prefect-sqlite", Ownership.DISPOSABLE, STARTED,
    seconds=45.25, seed=7,
)  # fmt: skip
CURL = (
    "curl -i -X POST http://127.0.0.1:4200/api/flow_runs/bulk_delete --data-raw '" + "x" * 300 + "'"
)
ACTIONS = {"GITHUB_ACTIONS": "true"}

HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07",
    "nul \x00, bell \x07, backspace \x08",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "]]></failure><!-- &amp; &#0; \"' -->",
    "::error title=a::b",
    "a\n::set-env name=PATH::/x\r\n##[command]x",
    "100% %0A %25 , :",
    "`code` ```fence``` **bold** _it_ [link](http://x) ![i](x) | a | # h <b>b</b>",
    "\n\n# heading\n- item\n1. one\n> quote\n---\n```",
    "[red]markup[/red] :smile: \\",
    "\ud800 lone, \u202e turned, \ufffe none, \u2028 line",
    " = ",
    "12. twelve",
    "    code",
    "https://example.com www.example.com @somebody #1 $x$",
)
TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=40),
    st.text("<>&\"'`*_[]()#|\\:%\n\r\t\x00\x1b!-~$ ab", max_size=40),
)

VISIBLE = TEXTS.filter(lambda text: bool(sanitize(text).strip()))


def finding(text: str = "", verdict: Verdict = Verdict.NEW, **more: Any) -> Finding:
    fields = {
        "check": "at-most-limit",
        "subject": "POST /flow_runs/bulk_delete",
        "sentence": "three",
    }
    if text:
        fields = dict.fromkeys([*fields, "evidence", "curl"], text)
    return Finding("fuzz", **{**fields, "verdict": verdict, **more})


def report(text: str = "", *, secrets: Collection[str] = ()) -> Report:
    """A report with one of everything, and `text` in every place that shows a text."""
    # What a user wrote into a list of accepted findings has one line when it comes here.
    line = sanitize_uncut_line(sanitize(text, secrets)) or "we know"
    until = date(2026, 3, 1)
    known = finding(text, Verdict.KNOWN, deviation="like-nul", times=1234)
    ended = Acceptance(line, until, "accepted.yaml:7", is_expired=True)
    gone = finding(text, Verdict.GONE, deviation="nul-in-text", acceptance=ended)
    accepted = finding(
        text,
        Verdict.ACCEPTED,
        deviation="huge-integers",
        id=text or "gone huge-integers",
        acceptance=Acceptance(line, until, "accepted.yaml:3"),
    )
    outcome = Outcome(
        "fuzz",
        [known, finding(text, party=Party.SERVER, id=text or "fuzz x"), gone, accepted],
        holds=[text or "ids are unique"],
        notes=[text or "no stateful phase"],
        counts={text or "requests": 2345},
        tables=[Table(text or "Coverage", [text or "key", "times"], [[text or "any_", "12"]])],
        seconds=12.3,
    )
    run = replace(RUN, server=text or RUN.server)
    outcomes = [outcome, Outcome("diff", holds=["it does"]), Outcome("drift")]
    built = build_report(run, outcomes, secrets)
    remarks = [
        Remark(kind, line, f"{kind.value} {line}", "accepted.yaml", number)
        for number, kind in enumerate(RemarkKind, 20)
    ]
    return replace(built, remarks=remarks)


def printed(report: Report, *, terminal: bool = False, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding)
    console.print_report(report, Console(file=out, width=80, force_terminal=terminal))
    out.flush()
    return raw.getvalue().decode(encoding)


class Page(HTMLParser):
    """The elements, texts and links of an HTML page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.links: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_terminal_shows_the_worst_findings_first() -> None:
    """After the facts of the run, the result and what to do; then what passed, and notes."""
    page = printed(report())
    opening, _, page = page.partition("── fuzz ")
    assert opening.index("mockserver    ") < opening.index("✗ The contract does not hold: 1 new")
    assert opening.count("    it means: ") == opening.count("    to do: ") == 2
    assert "compared with prefect-sqlite" in opening
    assert (
        page.index("✗ new: at-most-limit  POST /flow_runs/bulk_delete")
        < page.index("! fixed upstream: nul-in-text")
        < page.index("○ accepted: huge-integers  POST /flow_runs/bulk_delete")
        < page.index("~ known: like-nul  POST /flow_runs/bulk_delete (1,234 times)")
    )
    assert "    at fault: the server" in page
    assert "✓ ids are unique" in page
    assert "2,345 requests, 12.3 s" in page
    assert "  any_  12" in page
    assert "  note: no stateful phase" in page
    assert page.replace("\n", " ").endswith(
        "✗ The contract does not hold: 1 new, 1 fixed upstream, 1 accepted, 1 known; 1 accepted "
        "finding was not seen "
    )


def test_what_fails_can_be_accepted() -> None:
    """The terminal says how, and shows ids; what is accepted has its reason and its end."""
    lines = printed(report()).splitlines()
    assert "    id: fuzz x" in lines
    assert "To accept findings: --write-accepted accepted.yaml lists them for review; with" in lines
    assert "    accepted until 2026-03-01: we know" in lines
    assert "    no longer accepted: it was until 2026-03-01 (accepted.yaml:7): we know" in lines
    assert "! accepted.yaml:20: unseen we know" in lines
    assert "  accepted.yaml:22: unchecked we know" in lines
    green = printed(build_report(RUN, [Outcome("fuzz", [finding(verdict=Verdict.ACCEPTED)])]))
    assert "To accept findings" not in green
    assert green.endswith("✓ The contract holds: 1 accepted\n")


def test_known_deviations_alone_do_not_fail() -> None:
    """The result says that the contract holds."""
    built = build_report(RUN, [Outcome("fuzz", [finding(verdict=Verdict.KNOWN)])])
    assert printed(built).endswith("✓ The contract holds: 1 known\n")
    assert printed(build_report(RUN, [])).endswith("✓ The contract holds: no differences\n")


def test_curl_commands_are_not_wrapped() -> None:
    """A command can be copied, however narrow the terminal is."""
    built = build_report(RUN, [Outcome("fuzz", [finding(curl=CURL)])])
    assert f"    $ {CURL}" in printed(built).splitlines()


def test_lines_have_no_trailing_spaces() -> None:
    """Long sentences are wrapped and indented."""
    built = build_report(RUN, [Outcome("fuzz", [finding(sentence="word " * 40)])])
    lines = printed(built).splitlines()
    words = [len(line.split()) for line in lines if line.startswith("    word")]
    assert words == [15, 15, 10] * 2  # once in what to do, once in the details
    assert [line for line in lines if line != line.rstrip()] == []


def test_colours_are_for_terminals() -> None:
    """A file gets no escape sequences, a terminal does."""
    assert "\x1b" not in printed(report())
    assert "\x1b[1;31m" in printed(report(), terminal=True)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_utf_8_gets_ascii_marks(encoding: str) -> None:
    """Characters that its encoding lacks are escaped."""
    page = printed(report("✓ ☃ é"), encoding=encoding)
    assert "x new: " in page
    assert "\\u2603" in page


@given(TEXTS)
def test_any_text_is_only_text_on_a_terminal(text: str) -> None:
    """A terminal gets only printable characters from a server."""
    page = printed(report(text))
    assert page.replace("\n", "").isprintable()


@given(VISIBLE)
def test_any_text_is_only_text_in_junit(text: str) -> None:
    """The XML is well-formed, has the same elements, and holds the sanitized text."""
    root = ET.fromstring(render_junit(report(text)))  # noqa: S314 - it is our own
    plain = ET.fromstring(render_junit(report()))  # noqa: S314
    assert [one.tag for one in root.iter()] == [one.tag for one in plain.iter()]
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("message") == sanitize_uncut_line(sanitize(text))


def test_junit_counts_as_ci_servers_count() -> None:
    """Passed checks and known findings pass; new ones and those that are gone fail.

    What is accepted is skipped, with the reason, and so is each remark on the list.
    """
    root = ET.fromstring(render_junit(report()))  # noqa: S314
    assert root.attrib == {
        "name": "mockserver verify", "time": "45.250", "tests": "9", "failures": "2", "errors": "0",
    }  # fmt: skip
    fuzz, diff, _, accepted = root
    assert fuzz.get("timestamp") == "2026-01-31T06:00:00"
    assert (fuzz.get("tests"), fuzz.get("failures"), diff.get("tests")) == ("5", "2", "1")
    assert len(fuzz.findall("testcase")) == 5
    assert (fuzz.get("skipped"), accepted.get("skipped"), accepted.get("tests")) == ("1", "3", "3")
    skipped = [one.get("message") for one in root.iter("skipped")]
    assert skipped == ["accepted until 2026-03-01: we know"] + [
        f"{kind} we know" for kind in ("unseen", "ending", "unchecked")
    ]
    known = fuzz.find("testcase[@name='like-nul: POST /flow_runs/bulk_delete']")
    assert known is not None
    assert known.find("failure") is None
    assert known.findtext("system-out") == "known: three"
    kinds = [failure.get("type") for failure in fuzz.iter("failure")]
    assert kinds == ["new", "fixed upstream"]
    texts = [failure.text or "" for failure in fuzz.iter("failure")]
    assert texts[0].endswith("\nid: fuzz x")
    assert texts[1].startswith("no longer accepted: it was until 2026-03-01 (accepted.yaml:7): ")
    assert fuzz.find("properties/property[@name='requests'][@value='2345']") is not None
    assert fuzz.findtext("system-out") == "no stateful phase"


def test_findings_of_one_name_get_numbers_in_junit() -> None:
    """Test names are unique, because some CI servers show only one of two."""
    built = build_report(RUN, [Outcome("fuzz", [finding(), finding()])])
    names = [case.get("name") for case in ET.fromstring(render_junit(built)).iter("testcase")]  # noqa: S314
    assert names == [
        "at-most-limit: POST /flow_runs/bulk_delete",
        "at-most-limit: POST /flow_runs/bulk_delete (2)",
    ]


@given(TEXTS)
def test_json_is_valid_against_its_schema(text: str) -> None:
    """For any text, and it can be encoded as UTF-8."""
    schema = json.loads(
        resource_path("contract/report/report.schema.json").read_text(encoding="utf-8")
    )
    Draft202012Validator.check_schema(schema)
    written = json.loads(render_json(report(text)).encode())
    Draft202012Validator(schema).validate(written)
    findings = written["outcomes"][0]["findings"]
    assert [one["verdict"] for one in findings] == ["known", "new", "gone", "accepted"]
    assert [one["fails"] for one in findings] == [False, True, True, False]
    assert findings[3]["acceptance"]["expires"] == "2026-03-01"
    assert findings[1]["acceptance"] is None
    assert [one["line"] for one in written["remarks"]] == [20, 21, 22]
    assert written["fails"] is True


@given(VISIBLE)
def test_any_text_is_only_text_in_html(text: str) -> None:
    """The page has the same elements for any text, no script, and no link to elsewhere."""
    page = Page(render_html(report(text)))
    plain = Page(render_html(report(text="a")))
    assert page.tags == plain.tags
    assert "script" not in page.tags
    assert {link for link in page.links if not link.startswith("#")} == {"data:,"}
    assert sanitize_uncut_line(sanitize(text)) in "".join(page.words)


def test_the_html_page_loads_nothing() -> None:
    """Its template names no other origin, and its Content-Security-Policy forbids any."""
    frame = resource_path("rendering/page.html").read_text(encoding="utf-8")
    assert not re.findall(r"https?://|url\(|@import|<script", frame)
    assert "default-src 'none'" in frame
    page = render_html(report())
    assert '<details class="new" open' in page
    assert '<details class="known">' in page
    assert '<details class="accepted">' in page
    assert '<section id="accepted">' in page
    assert "<code>gone huge-integers</code>" in page


def rendered(text: str) -> Page:
    return Page(MarkdownIt("commonmark").enable("table").render(text))


@given(VISIBLE)
def test_any_text_is_only_text_in_markdown(text: str) -> None:
    """Rendered, the summary has the same elements for any text, and no links."""
    page = rendered(github.render_markdown(report(text)))
    assert page.tags == rendered(github.render_markdown(report("a"))).tags
    assert page.links == []


def test_a_summary_is_bounded() -> None:
    """GitHub rejects a summary of more than 1 MiB."""
    built = build_report(RUN, [Outcome("fuzz", [finding("é" * 4000)] * 200)])
    page = github.render_markdown(built)
    assert len(page.encode()) < 1 << 20
    assert page.endswith("... cut here; the other reports have all of it\n")


def unescaped(line: str) -> tuple[str, str]:
    match = re.fullmatch(r"::error title=([^:,\r\n]*)::([^\r\n]*)", line)
    assert match, line
    texts = []
    for part in match.groups():
        for code, letter in (
            ("%3A", ":"),
            ("%2C", ","),
            ("%0A", "\n"),
            ("%0D", "\r"),
            ("%25", "%"),
        ):
            part = part.replace(code, letter)
        texts.append(part)
    return texts[0], texts[1]


@given(VISIBLE)
def test_any_text_is_only_text_in_an_annotation(text: str) -> None:
    """A workflow command is one line, and its parts decode to the text."""
    lines = github.error_annotations(report(text))
    assert len(lines) == 2
    one = sanitize_uncut_line(sanitize(text))
    curl = sanitize_uncut_line(text)
    assert unescaped(lines[0]) == (f"{one}: {one}"[:200], f"{one}\n{curl}" if curl else one)


def test_entries_to_change_are_warnings_at_their_lines() -> None:
    """GitHub shows them in the list of accepted findings; what was not looked for is no warning."""
    lines = github.warning_annotations(report())
    heading = "title=accepted findings::"
    assert lines == [
        f"::warning file=accepted.yaml,line=20,{heading}unseen we know",
        f"::warning file=accepted.yaml,line=21,{heading}ending we know",
    ]
    remark = Remark(RemarkKind.UNSEEN, "x", "100%\n", "C:/a,b.yaml", 1)
    (line,) = github.warning_annotations(replace(report(), remarks=[remark]))
    assert line == f"::warning file=C%3A/a%2Cb.yaml,line=1,{heading}100%25%0A"
    ended = github.error_annotations(report())[1]
    assert "::no longer accepted: it was until 2026-03-01 (accepted.yaml:7): we know%0A" in ended


def test_annotations_are_as_many_as_github_shows() -> None:
    """The tenth of more than ten says how many more there are."""
    built = build_report(RUN, [Outcome("fuzz", [finding()] * 12)])
    lines = github.error_annotations(built)
    assert len(lines) == 10
    assert lines[-1].endswith("::3 more; the log and the reports have all of them")


def test_github_gets_a_report_only_in_actions(tmp_path: Path) -> None:
    """In Actions annotations are printed and the summary is appended; elsewhere nothing is."""
    page, out = tmp_path / "summary.md", io.StringIO()
    github.report_to_github(report(), {"GITHUB_STEP_SUMMARY": str(page)}, out)
    assert (out.getvalue(), page.exists()) == ("", False)
    page.write_text("before\n")
    github.report_to_github(report(), {**ACTIONS, "GITHUB_STEP_SUMMARY": str(page)}, out)
    assert out.getvalue().count("::error title=") == 2
    assert page.read_text(encoding="utf-8") == f"before\n{github.render_markdown(report())}"
    github.report_to_github(report(), ACTIONS, out)
    assert out.getvalue().count("::error title=") == 4
    with pytest.raises(UsageError, match="GITHUB_STEP_SUMMARY: Is a directory"):
        github.report_to_github(report(), {**ACTIONS, "GITHUB_STEP_SUMMARY": str(tmp_path)}, out)


def test_what_is_printed_in_actions_gives_no_commands() -> None:
    """Workflow commands are off while the report is printed, until a random token."""
    out = io.StringIO()
    with github.stop_workflow_commands(out, ACTIONS):
        print("::error::x", file=out)
    first, _, last = out.getvalue().splitlines()
    token = first.removeprefix("::stop-commands::")
    assert last == f"::{token}::"
    assert re.fullmatch("[0-9a-f]{32}", token)
    out = io.StringIO()
    with github.stop_workflow_commands(out, {}):
        print("a", file=out)
    assert out.getvalue() == "a\n"


HEADERS = {
    "Authorization": f"Basic {base64.b64encode(b'admin:s3cr3t!').decode()}",
    "X-Key": "Bearer pnu_0123456789",
    "X-Short": "abc",
    "Accept": "application/json",
    "Proxy-Authorization": "Basic not-base64!",
    "X-Bytes": f"Basic {base64.b64encode(bytes([255, 254, 253])).decode()}",
}


def test_what_is_secret_in_headers() -> None:
    """Values, what follows a scheme, and a password in it; longest first, none too short."""
    secrets = list(secrets_in_headers(HEADERS))
    assert {"admin:s3cr3t!", "s3cr3t!", "pnu_0123456789", "Bearer pnu_0123456789"} <= set(secrets)
    assert not {"abc", "application/json"} & set(secrets)
    assert secrets == sorted(secrets, key=len, reverse=True)


def test_no_report_shows_a_secret(tmp_path: Path) -> None:
    """A server may send credentials back in any text; no form of the report shows them."""
    hidden = secrets_in_headers(HEADERS)
    built = report("got pnu_0123456789 and s3cr3t! and " + HEADERS["Authorization"], secrets=hidden)
    pages = [path.read_text(encoding="utf-8") for path in write_reports(tmp_path, built)]
    for page in [*pages, printed(built), *github.error_annotations(built)]:
        assert "[hidden]" in page or "\\[hidden\\]" in page
        assert not [secret for secret in hidden if secret in page]


def test_long_texts_are_cut() -> None:
    """Both the length of a line and the number of lines."""
    built = build_report(RUN, [Outcome("fuzz", [finding("x" * 10_000, curl=CURL)])])
    assert len(built.findings[0].sentence) == 4000
    lines = sanitize("a\n" * 500).splitlines()
    assert (len(lines), lines[-1]) == (101, "... and 400 more lines")


def test_report_files_are_replaced_as_a_whole(tmp_path: Path) -> None:
    """The folder is created; after a second run, too, it has every form and nothing else."""
    folder = tmp_path / "a" / "b"
    for _ in range(2):
        paths = write_reports(folder, report())
        assert sorted(folder.iterdir()) == sorted(paths)
    assert {path.name for path in paths} == set(RENDERERS)
    other = tmp_path / "c"
    other.touch()
    assert {path.stat().st_mode for path in paths} == {other.stat().st_mode}


def test_a_folder_that_cannot_be_written_to_is_a_usage_error(tmp_path: Path) -> None:
    """Such as a file in its place, or a folder in a file's; no temporary file is left."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="File exists; expected a folder that can be written to"):
        write_reports(tmp_path / "file", report())
    (tmp_path / "full" / "junit.xml").mkdir(parents=True)
    with pytest.raises(UsageError, match="expected a folder that can be written to"):
        write_reports(tmp_path / "full", report())
    assert not [path for path in (tmp_path / "full").iterdir() if path.name.startswith(".")]


def test_facts_name_a_seed_only_if_there_is_one() -> None:
    """A run without random requests has none."""
    assert "seed" not in dict(replace(RUN, seed=None).facts)
    assert dict(RUN.facts)["seed"] == "7"
    assert RUN.started.astimezone(UTC).hour == 6


SPAWNED = replace(RUN, ownership=Ownership.OURS, spawn="prefect@3.9.1", database="sqlite")
ADVISED = (
    (finding(check="at-most-limit"), "than it asks for", "by its own document", "pin the release"),
    (finding(check="ST1"), "may take a failure for a success", "by its own", "pin the release"),
    (finding(check="not-done"), "was not tested", "not known yet", "look at the server's log"),
    (finding(party=Party.MOCK), "", "or what was measured", "report it to mockserver"),
    (finding(verdict=Verdict.GONE), "may select other", "has mended", "before you upgrade"),
)


@pytest.mark.parametrize(("found", "meaning", "fault", "action"), ADVISED)
def test_a_finding_says_what_to_do(found: Finding, meaning: str, fault: str, action: str) -> None:
    """In every form that people read: what it means, who is wrong, and how to see it now."""
    built = build_report(RUN, [Outcome("fuzz", [found])])
    ((_, advice),) = built.advice
    assert meaning in advice.meaning
    assert fault in advice.fault
    assert action in advice.action
    assert advice.reproduce == found.curl
    for text in (printed(built), render_html(built), github.render_markdown(built)):
        assert "what to do" in text
        assert "who is wrong" in text


def test_no_command_names_the_port_of_a_server_that_is_gone() -> None:
    """It is started again for the finding alone; other requests name a variable."""
    quoted = f"curl '{RUN.url}/flows/name/a b' {RUN.url}/x"
    found = finding(curl=quoted, id="fuzz x")
    built = build_report(SPAWNED, [Outcome("fuzz", [found, finding(id="")])])
    by_id = {one.id: advice.reproduce for one, advice in built.advice}
    again = "mockserver verify --spawn prefect@3.9.1"
    assert by_id["fuzz x"] == f"{again} --seed 7 --only 'fuzz x'"
    assert by_id[""] == f"{again} --seed 7"
    other = replace(SPAWNED, seed=1, flags="--dialect prefect-sqlite")
    assert other.again("fuzz") == f"{again} --dialect prefect-sqlite"

    page = printed(built)
    assert page.count(RUN.url) == 1  # among the facts, which say that it is gone
    assert "and is gone now" in page
    wanted = """curl "$PREFECT_API_URL"'/flows/name/a b' "$PREFECT_API_URL"/x"""
    assert built.outcomes[0].findings[0].curl == wanted


def test_a_difference_on_flow_runs_that_are_gone_is_looked_for_again() -> None:
    """diff has deleted what it created on a disposable server: its request alone shows nothing."""
    run = replace(RUN, flags="--disposable")
    found = Finding("diff", "selects-the-same", "POST /x", "it differs", curl="curl x", id="diff x")
    ((_, advice),) = build_report(run, [Outcome("diff", [found])]).advice
    again = f"mockserver verify {RUN.url} --disposable --seed 7 --only 'diff x'"
    assert advice.reproduce == again
    shared = replace(run, ownership=Ownership.SHARED)
    ((_, advice),) = build_report(shared, [Outcome("diff", [found])]).advice
    assert advice.reproduce == "curl x"


def test_a_finding_of_two_commands_is_counted_once() -> None:
    """It is one fact."""
    gone = finding(verdict=Verdict.GONE, id="gone a")
    built = build_report(RUN, [Outcome("fuzz", [gone]), Outcome("diff", [gone])])
    assert built.headline == "The contract does not hold: 1 fixed upstream"
    assert len(built.advice) == 1


def test_what_was_not_run_has_no_green_tick() -> None:
    """It says so in every form."""
    built = build_report(RUN, [Outcome("fuzz", notes=["not run: it is shared"])])
    assert built.headline == "Nothing was tested: no differences"
    assert "– fuzz" in render_html(built)
    for text in (printed(built), render_html(built), github.render_markdown(built)):
        assert "not run" in text
        assert "✓ fuzz" not in text


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar_for_each_command_and_the_last_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the time that is left. The finding is one line of text, whatever it holds."""
    monkeypatch.setenv("COLUMNS", "160")
    stream = Terminal()
    with ProgressDisplay(stream) as progress:
        progress.start_verb("diff")
        progress.show_progress("filters", 3, 10)
        progress.show_finding("[bold]at-most-limit\n")
    shown = stream.getvalue()
    assert "diff: filters" in shown
    assert "3/10" in shown
    assert "[bold]at-most-limit\\n" in shown


def test_what_is_no_terminal_gets_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Without findings, which the report has."""
    with ProgressDisplay() as progress:
        progress.start_verb("diff")
        progress.show_status("starting")
        progress.show_finding("at-most-limit")
    assert capsys.readouterr().err == "diff: starting\n"
