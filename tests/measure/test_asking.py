"""Asking a release: a server that stops answering is replaced once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from measure import asking


def ask(monkeypatch: pytest.MonkeyPatch, hangs: int) -> tuple[list[str], list[str], int]:
    """Ask two kinds, of which the second hangs so often: what was handed on and said; servers."""
    started, asked = [], []

    @contextmanager
    def run_prefect(*_: object) -> Iterator[tuple[str]]:
        started.append(1)
        yield ("server",)

    def hang(_server: object) -> dict[str, Any]:
        asked.append(1)
        if len(asked) <= hangs:
            raise TimeoutError("timed out")
        return {"0": 1}

    monkeypatch.setattr(asking, "run_prefect", run_prefect)
    monkeypatch.setattr(asking, "ON_OWN_RUNS", {"first": lambda _: {}, "second": hang})
    received: list[str] = []
    said: list[str] = []
    kinds = ["first", "second"]
    asking.ask_release(
        "3.6.16", Path(), ["sqlite"], kinds, lambda kind, *_: received.append(kind), said.append
    )
    return received, said, len(started)


def test_a_server_that_stops_answering_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """By one that is asked the rest alone, and it is said."""
    received, said, servers = ask(monkeypatch, hangs=1)
    assert (received, servers) == (["first", "second"], 2)
    assert "it stopped answering (TimeoutError('timed out')); another one is asked the rest" in said


def test_a_second_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then something is wrong."""
    with pytest.raises(TimeoutError):
        ask(monkeypatch, hangs=2)
    assert ask(monkeypatch, hangs=0)[::2] == (["first", "second"], 1)
