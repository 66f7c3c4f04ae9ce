"""Log lines that repeat within a second are counted instead of written."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.http.exchange.log_format import log_to_stderr, log_warnings
from mockserver.prefect.dialects import SPEC, find_dialect

LOG = logging.getLogger("mockserver")


@pytest.fixture(autouse=True)
def restore_log() -> Iterator[None]:
    loggers = [LOG, logging.getLogger("aiohttp"), logging.getLogger("asyncio")]
    before = [(one, one.handlers, one.level, one.propagate) for one in loggers]
    yield
    for logger, handlers, level, propagate in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def log_at(text: str, at: float, *warnings: str) -> None:
    record = LOG.makeRecord(LOG.name, logging.WARNING, "", 0, "%s", (text,), None)
    record.created = at
    record.warnings, record.dialect = warnings, SPEC
    LOG.handle(record)


def test_repeated_lines_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """The count is written before another line, after a second, or at the end."""
    log_to_stderr(as_json=False)
    for at in (10.0, 10.1, 10.9, 11.1, 11.2):
        log_at("deleted 50", at, "limit-reached")
    log_at("deleted 3", 11.3)
    log_at("deleted 3", 11.4)
    for _ in range(2):  # the second time there is nothing to count
        LOG.handlers[0].close()
    lines = [
        line.partition(" WARNING ")[2] or line for line in capsys.readouterr().err.splitlines()
    ]
    messages = [line.rpartition("INFO ")[2] for line in lines]
    assert [line for line in messages if not line.startswith("  ")] == [
        "deleted 50",
        "the line before this one, 2 times more",
        "deleted 50",
        "the line before this one, once more",
        "deleted 3",
        "the line before this one, once more",
    ]


@pytest.mark.parametrize("others", [0, 1])
def test_repeated_warnings_are_counted_without_a_record(
    others: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No record is made of a repeated warning, unless another handler listens to it."""
    log_to_stderr(as_json=False)
    monkeypatch.setattr(time, "time", lambda: 10.0)
    made: list[logging.LogRecord] = []

    def make(*of: Any) -> logging.LogRecord:
        made.append(logging.LogRecord(*of))
        return made[-1]

    monkeypatch.setattr(logging, "_logRecordFactory", make)
    LOG.handlers += [logging.NullHandler()] * others
    for _ in range(3):
        log_warnings("deleted %d", 50, warnings=("limit-reached",), dialect=SPEC)
    LOG.handlers[0].close()
    assert len(made) == (3 if others else 1)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("deleted ")[2] for line in lines if "WARNING" in line] == ["50"]
    assert "2 times more" in lines[-1]


def test_lines_below_the_level_are_not_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the level of warnings neither a warning nor a count is written."""
    log_to_stderr(as_json=True)
    monkeypatch.setattr(time, "time", lambda: 10.0)
    for level in (logging.WARNING, logging.ERROR):
        LOG.setLevel(level)
        log_warnings("deleted %d", 50, warnings=("limit-reached",), dialect=SPEC)
    LOG.handlers[0].close()
    assert capsys.readouterr().err.count("\n") == 1


def test_lines_with_other_warnings_are_not_collapsed(capsys: pytest.CaptureFixture[str]) -> None:
    """In JSON each of them is a line of its own."""
    log_to_stderr(as_json=True)
    log_at("deleted 50", 10.0, "limit-reached")
    log_at("deleted 50", 10.1)
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first["warnings"].keys() == {"limit-reached"}
    assert "warnings" not in second


@pytest.mark.parametrize(
    ("warnings", "dialect", "level"),
    [
        (("state-both-lists",), "prefect-sqlite@3.9.0", "warning"),
        (("state-both-lists",), "spec", "warning"),
        (("state-both-lists",), "prefect-sqlite@3.9.1", "info"),
        (("state-both-lists", "limit-reached"), "prefect-sqlite@3.9.1", "warning"),
    ],
)
def test_what_is_only_a_note_is_no_warning(
    warnings: tuple[str, ...], dialect: str, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line is information where all that it tells is about other releases."""
    log_to_stderr(as_json=True)
    log_warnings("deleted %d", 50, warnings=warnings, dialect=find_dialect(dialect))
    line = json.loads(capsys.readouterr().err)
    assert line["level"] == level
    assert tuple(line["warnings"]) == warnings
    is_note = dialect == "prefect-sqlite@3.9.1"
    assert line["warnings"]["state-both-lists"].startswith("note: ") == is_note


def test_tracebacks_are_never_collapsed(capsys: pytest.CaptureFixture[str]) -> None:
    """Two errors with the same message need not have the same cause."""
    log_to_stderr(as_json=True)
    for number in (1, 2):
        try:
            raise RuntimeError(number)
        except RuntimeError:
            LOG.exception("failed")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert "RuntimeError: 1" in first["exception"]
    assert "RuntimeError: 2" in second["exception"]


UNPRINTABLE = "\x00\x1b\x7f\x85\x9b\xa0\xad\u200e\u2028\u2029\u202e\u2066\ufeff\ud800\U000e0001"


@pytest.mark.parametrize("as_json", [False, True])
def test_what_clients_send_is_escaped(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Controls, formats and separators, in messages and in tracebacks; what is printed stays."""
    log_to_stderr(as_json=as_json)
    for name in ("mockserver", "mockserver.http", "aiohttp.server", "asyncio"):
        logging.getLogger(name).warning("%s said %s", name, f"é{UNPRINTABLE}日")
    try:
        raise RuntimeError(f"\n2026 ERROR {UNPRINTABLE}")
    except RuntimeError:
        LOG.exception("failed")
    written = capsys.readouterr().err
    lines = written.split("\n")[:-1]
    assert all(line.isprintable() for line in lines)
    assert "é" in lines[0]
    assert "日" in lines[0]
    assert not any(line.startswith("2026 ERROR") for line in lines)
    if as_json:
        assert [json.loads(line)["message"] for line in lines[:4]] == [
            f"{name} said é{UNPRINTABLE}日"
            for name in ("mockserver", "mockserver.http", "aiohttp.server", "asyncio")
        ]
        assert len(lines) == 5


def test_a_long_line_of_json_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A client that sends megabytes does not fill the log with them."""
    log_to_stderr(as_json=True)
    LOG.warning("x" * 10_000)
    assert len(capsys.readouterr().err) < 5_000
