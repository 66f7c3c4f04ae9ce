# Invariant: the report of all shards is that of the whole run, and no part is missing unsaid.

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract import CommandOptions, MergeOptions, run_merge, run_verb
from mockserver.contract.diff.runner import DiffSettings
from mockserver.contract.findings import Acceptance, Finding, Outcome, Party, Table, Verdict
from mockserver.contract.merging import reading
from mockserver.contract.merging.reading import read_reports
from mockserver.contract.merging.servers import merge_reports
from mockserver.contract.report.files import write_reports
from mockserver.contract.report.json_report import render_json
from mockserver.contract.report.report import Remark, RemarkKind, Report, RunInfo, build_report
from mockserver.contract.server import ServerOptions
from mockserver.contract.server.target import Ownership
from mockserver.contract.shards import WHOLE, Shard
from mockserver.errors import UsageError
from mockserver.prefect import PREFECT_SQLITE
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.commands import run_command
from tests.support.filter_mutants import FILTER_MUTANTS
from tests.support.server_mutants import Mutant, serve_mutant

STARTED = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
RUN = RunInfo(
    "http://127.0.0.1:4200/api", "Prefect 3.9.1", "prefect-sqlite@3.9.1", Ownership.OURS, STARTED,
    12.5, 1, "3.9.1", "sqlite", "prefect@3.9.1", budget={"filters": 650},
)  # fmt: skip
CELL = "name.any_, and_, one"


def finding(check: str = "at-most-limit", **more: Any) -> Finding:
    return Finding("fuzz", check, "POST /flow_runs/bulk_delete", "three", **more)


def shard_report(number: int, total: int = 2, *findings: Finding, **run: Any) -> Report:
    """The report of a shard that found something, and decided one cell of two."""
    fuzz = Outcome("fuzz", findings, [f"shard {number}", "unique"], [], {"requests": number}, [])
    cell = "name.any_, and_, one" if number == 1 else "name.any_, or_, one"
    diff = Outcome("diff", counts={"requests": 10}, cells=200, coverage={cell: (1, 2)})
    info = replace(RUN, shard=Shard(number, total), **run)
    return build_report(info, [Outcome("drift", notes=["not run"]), fuzz, diff])


def rows(report: Report, verb: str) -> Sequence[Sequence[str]]:
    (outcome,) = [one for one in report.outcomes if one.verb == verb]
    return outcome.tables[0].rows


# --- shards ---------------------------------------------------------------------------------------


def test_the_report_of_all_shards_is_that_of_the_whole_run(tmp_path: Path) -> None:
    """The same findings and coverage, on a right server and on one that reads a filter wrongly."""
    settings = DiffSettings(filters=100, deletes=6, runs=40, delete=True)
    (wrong,) = [one for one in FILTER_MUTANTS if one.name == "whole-seconds"]
    for name, mutant in (("right", None), ("wrong", wrong)):
        whole = run_diff(tmp_path / name / "whole", mutant, settings, WHOLE)
        for number in (1, 2):
            run_diff(tmp_path / name / f"{number}", mutant, settings, Shard(number, 2))
        paths = [tmp_path / name / "1", tmp_path / name / "2"]
        report = merge_reports(read_reports(paths))
        assert report.run.shard.is_whole
        assert report.fails is whole.fails is (mutant is not None)
        assert {one.id for one in report.findings} >= {one.id for one in whole.findings}
        if mutant is None:
            (ours,) = [one for one in report.outcomes if one.verb == "diff"]
            (theirs,) = [one for one in whole.outcomes if one.verb == "diff"]
            assert ours.coverage == theirs.coverage
            assert tables_of(ours) == tables_of(theirs)
            assert ours.undecided == theirs.undecided
            assert ours.counts["filters"] == 100


def tables_of(outcome: Outcome) -> list[list[list[str]]]:
    return [[list(row) for row in table.rows] for table in outcome.tables]


def run_diff(folder: Path, mutant: Mutant | None, settings: DiffSettings, shard: Shard) -> Report:
    with serve_mutant(mutant, Store(Base(())), Settings(dialect=PREFECT_SQLITE)) as client:
        server = ServerOptions(
            client.url, dialect=PREFECT_SQLITE, disposable=True, journals=folder / "journals"
        )
        run_verb("diff", CommandOptions(server, 1, settings, report=folder, shard=shard), {})
    (report,) = read_reports([folder])
    # Shards have servers of their own; these are at ports that differ.
    run = replace(report.run, url=RUN.url)
    changed = replace(report, run=run)
    write_reports(folder, changed)
    return changed


def test_findings_count_once_and_coverage_adds_up() -> None:
    """A difference covers those of filters with more keys; what holds has to hold in all shards."""
    small = finding("selects-the-same", id="diff selects-the-same POST /x other-runs name.any_")
    large = replace(small, id=f"{small.id}+tags.all_", times=3)
    known = finding("like-nul", verdict=Verdict.KNOWN, deviation="like-nul")
    report = merge_reports(
        [shard_report(2, 2, large, known), shard_report(1, 2, small, replace(known, times=4))]
    )
    assert [(one.id, one.times) for one in report.findings] == [(small.id, 4), ("", 5)]
    fuzz, diff = (one for one in report.outcomes if one.verb in ("fuzz", "diff"))
    assert fuzz.holds == ["unique"]
    assert fuzz.counts == {"requests": 3}
    assert diff.coverage == {CELL: (1, 2), "name.any_, or_, one": (1, 2)}
    assert len(diff.undecided) == 198
    assert diff.counts["cells decided"] == 2
    assert "198 cells not decided" in diff.notes[-1]
    assert report.run.shard is WHOLE
    assert [row[0] for row in rows(report, "shards")] == ["1/2", "2/2"]
    # drift was run by none, and fails nothing.
    assert [one.verb for one in report.outcomes] == ["shards", "drift", "fuzz", "diff"]


def test_a_missing_shard_is_a_finding_that_says_what_to_run() -> None:
    """The contract is not known to hold then."""
    report = merge_reports([shard_report(1, 8), shard_report(4, 8)])
    assert report.fails
    assert "It is not known whether the contract holds" in report.headline
    assert "6 not tested" in report.headline
    first, advice = report.advice[0]
    assert first.sentence.startswith("shard 2 of 8 is missing")
    assert advice.reproduce == "mockserver verify --spawn prefect@3.9.1 --shard 2/8"
    assert "merge the reports again" in advice.action


def test_a_shard_that_was_run_again_counts_once() -> None:
    """The later report of it."""
    again = shard_report(1, 2, started=STARTED + timedelta(hours=1))
    report = merge_reports([again, shard_report(1, 2, finding()), shard_report(2)])
    assert not report.fails
    assert "1 reports of a shard that was run again were left out" in report.outcomes[0].notes


@pytest.mark.parametrize("other", [{"seed": 2}, {"budget": {"filters": 1}}, {"flags": "--x"}])
def test_shards_of_different_runs_are_not_taken_for_one(other: dict[str, Any]) -> None:
    """Half of the one and half of the other leave a half open in each."""
    report = merge_reports([shard_report(1), shard_report(2, **other)])
    assert [one.subject for one in report.findings if one.fails] == ["shard 2 of 2", "shard 1 of 2"]


def test_only_remarks_that_hold_for_all_shards_are_kept() -> None:
    """That one of them has not seen something tells nothing."""
    unseen, ending = (
        Remark(kind, kind.value, "a remark", "accepted.yaml", 3)
        for kind in (RemarkKind.UNSEEN, RemarkKind.ENDING)
    )
    one, other = shard_report(1), shard_report(2)
    assert merge_reports([replace(one, remarks=[unseen]), other]).remarks == []
    both = [replace(report, remarks=[unseen, ending]) for report in (one, other)]
    assert merge_reports(both).remarks == [unseen, ending]


# --- servers --------------------------------------------------------------------------------------


def test_several_servers_become_a_table() -> None:
    """Each finding says on which of them it is, and how it is seen there."""
    gone = finding("like-nul", verdict=Verdict.GONE, id="gone like-nul", party=Party.MOCK)
    old = {"server": "Prefect 3.8.8", "release": "3.8.8", "spawn": "prefect@3.8.8"}
    reports = [
        shard_report(1, 1, gone),
        shard_report(1, 1, gone, database="postgresql"),
        shard_report(1, 1, **old),
    ]
    report = merge_reports(reports)
    names = ["Prefect 3.9.1 on sqlite", "Prefect 3.9.1 on postgresql", "Prefect 3.8.8 on sqlite"]
    table = rows(report, "servers")
    assert [row[0] for row in table] == names
    assert [row[1] for row in table] == ["does not hold", "does not hold", "holds"]
    ((failing, advice),) = report.advice
    assert failing.sentence == f"{names[0]}, {names[1]}: three"
    assert failing.times == 2
    assert advice.reproduce == "mockserver verify --spawn prefect@3.9.1 --only 'gone like-nul'"
    assert "597 of 600 cells not decided" in report.headline
    assert dict(report.run.facts)["version"] == "Prefect 3.9.1; Prefect 3.8.8"
    assert report.run.ownership is Ownership.OURS


def test_servers_at_urls_are_told_apart() -> None:
    """By their URL; a request of theirs is shown, and the most careful of their kinds counts."""
    at = {"spawn": "", "ownership": Ownership.SHARED}
    found = finding(curl="curl http://a/api", id="fuzz x")
    report = merge_reports(
        [
            shard_report(1, 1, found, url="http://a/api", **at),
            shard_report(1, 1, url="http://b/api", **{**at, "ownership": Ownership.DISPOSABLE}),
            shard_report(1, 1, seed=3),
        ]
    )
    assert [row[0] for row in rows(report, "servers")] == [
        "Prefect 3.9.1 on sqlite, url http://a/api",
        "Prefect 3.9.1 on sqlite, url http://b/api",
        f"Prefect 3.9.1 on sqlite, url {RUN.url}",
    ]
    assert report.advice[0][1].reproduce == "curl http://a/api"
    assert report.run.ownership is Ownership.SHARED
    assert report.run.seed is None


# --- reading --------------------------------------------------------------------------------------


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Whatever it holds: what is written of the one that was read is the same."""
    accepted = Acceptance("we know", date(2026, 3, 1), "accepted.yaml:3", is_expired=True)
    outcome = Outcome(
        "fuzz",
        [finding(acceptance=accepted, party=Party.SERVER, evidence="a\nb"), finding(id="fuzz x")],
        tables=[Table("a table", ("key",), [("value",)], reports_only=True)],
        is_complete=False,
    )
    remark = Remark(RemarkKind.ENDING, "fuzz x", "it ends", "accepted.yaml", 3)
    written = replace(build_report(RUN, [outcome]), remarks=[remark])
    write_reports(tmp_path / "a" / "b", written)
    (read,) = read_reports([tmp_path, tmp_path / "a"])
    assert render_json(read) == render_json(written)


def test_texts_of_a_report_are_sanitized_again(tmp_path: Path) -> None:
    """A file may come from anywhere."""
    value = json.loads(render_json(shard_report(1, 1, finding())))
    escape = "\x1b]0;title\x07"
    value["run"]["server"] = value["outcomes"][1]["findings"][0]["sentence"] = escape
    (tmp_path / "report.json").write_text(json.dumps(value))
    (read,) = read_reports([tmp_path])
    assert "\x1b" not in f"{read.run.server}{read.findings[0].sentence}"


def broken(change: Callable[[Any], object]) -> str:
    value = json.loads(render_json(shard_report(1, 1)))
    change(value)
    return json.dumps(value)


NO_REPORTS = {
    "no JSON": ("{", "it is not JSON"),
    "too deep": ("[" * 100_000, "it is not JSON"),
    "a list": ("[]", "it is no report of the kit: the file: "),
    "a key too few": (broken(lambda value: value.pop("fails")), "the file: 'fails' is a required"),
    "a wrong type": (
        broken(lambda value: value["outcomes"][0].update(cells="x")),
        "outcomes.0.cel",
    ),
    "no time": (broken(lambda value: value["run"].update(started="now")), "Invalid isoformat"),
    "no shard": (broken(lambda value: value["run"].update(shard="9/8")), "such as 2/8"),
}


@pytest.mark.parametrize("name", NO_REPORTS)
def test_what_is_no_report_is_refused(name: str, tmp_path: Path) -> None:
    """With the file, the place in it, and what is wrong."""
    text, reason = NO_REPORTS[name]
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        read_reports([path])
    assert str(refused.value).startswith(f"{path}: ")
    assert reason in str(refused.value)


def test_paths_without_reports_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is more than anybody has."""
    with pytest.raises(UsageError, match=r"nothing: there is no such file or folder"):
        read_reports([tmp_path / "nothing"])
    with pytest.raises(UsageError, match=r"neither it nor a folder below it has a report.json"):
        read_reports([tmp_path])
    (tmp_path / "report.json").mkdir()
    with pytest.raises(UsageError, match="Is a directory"):
        read_reports([tmp_path])
    for name in ("a", "b"):
        write_reports(tmp_path / "more" / name, shard_report(1, 1))
    monkeypatch.setattr(reading, "MAX_REPORTS", 1)
    with pytest.raises(UsageError, match="more than 1 reports"):
        read_reports([tmp_path / "more"])
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    with pytest.raises(UsageError, match="it has more than 10 bytes"):
        read_reports([tmp_path / "more" / "a"])


# --- the command ----------------------------------------------------------------------------------


def test_reports_are_merged_by_a_command(tmp_path: Path) -> None:
    """In every form, with verify's exit codes, and with a list of accepted findings."""
    found = finding("like-nul", verdict=Verdict.GONE, id="gone like-nul")
    for number in (1, 2):
        write_reports(tmp_path / "in" / f"{number}", shard_report(number, 2, found))
    out = tmp_path / "out"
    forms = ("--html", out / "a.html", "--junit", out / "b.xml", "--report", out)
    merged = ("report", "merge", tmp_path / "in")
    done = run_command(*merged, *forms, "--write-accepted", tmp_path / "accepted.yaml", code=1)
    assert "The contract does not hold, 198 of 200 cells not decided: 1 fixed" in " ".join(
        done.stdout.split()
    )
    names = {"a.html", "b.xml", "report.html", "report.json", "junit.xml", "summary.md"}
    assert {path.name for path in out.iterdir()} == names
    listed = tmp_path / "accepted.yaml"
    listed.write_text(listed.read_text().replace('reason: ""', "reason: we know"))
    assert "we know" in listed.read_text()
    shown = run_command(*merged, "--accept", listed, "--json", "--report", out)
    assert json.loads(shown.stdout)["fails"] is False
    assert "wrote" in shown.stderr
    assert run_command(*merged, "--markdown", code=1).stdout.startswith("## ❌ The contract")
    assert "expected one of them" in run_command(*merged, "--json", "--markdown", code=2).stderr
    assert "no such file" in run_command("report", "merge", tmp_path / "none", code=2).stderr


def test_files_are_written_although_the_reader_of_the_text_has_left(tmp_path: Path) -> None:
    """As after `| head -1`: they are what took minutes to find out."""
    write_reports(tmp_path / "1", shard_report(1))
    reader, writer = os.pipe()
    os.close(reader)
    merge = ["report", "merge", str(tmp_path), "--report", str(tmp_path / "merged")]
    code = subprocess.run([sys.executable, "-m", "mockserver", *merge], stdout=writer).returncode
    os.close(writer)
    assert code == 141
    assert {file.suffix for file in (tmp_path / "merged").iterdir()} >= {".html", ".json", ".xml"}


def test_a_merged_report_can_be_merged_again(tmp_path: Path) -> None:
    """So the shards of each release can be merged where they were run."""
    first = merge_reports([shard_report(1), shard_report(2)])
    write_reports(tmp_path, first)
    other = shard_report(1, 1, server="Prefect 3.8.8")
    report = merge_reports([*read_reports([tmp_path]), other])
    assert [row[0] for row in rows(report, "servers")] == [
        "Prefect 3.9.1 on sqlite",
        "Prefect 3.8.8 on sqlite",
    ]


def test_nothing_is_written_into_a_folder_that_cannot_be(tmp_path: Path) -> None:
    """That is known before anything is read."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="expected a folder that can be written to"):
        run_merge(MergeOptions([tmp_path / "none"], tmp_path / "file"), {})
