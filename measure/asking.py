"""Ask a release all questions, on each database, and do something with its answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from http.client import HTTPException
from pathlib import Path

from measure.answers import keep_answers
from measure.base_answers import keep_base_answers
from measure.documents import keep_document
from measure.questions import ON_OWN_OBJECTS, ON_OWN_RUNS, ON_RECORDED_RUNS, Ask
from measure.servers import PrefectServer, run_prefect
from tests.support.recorded_answers import BASE, Answers

Say = Callable[[str], None]
Receive = Callable[[str, str, PrefectServer, Answers], None]
"""What is done with the answers of a kind: (kind, release, server that was asked, answers)."""
# Nothing runs in the background, so that what is answered depends on the requests alone.
SERVER_OPTIONS = ("--no-services",)


def ask_release(
    release: str,
    python: Path,
    databases: Sequence[str],
    kinds: Collection[str],
    receive: Receive,
    say: Say,
) -> None:
    """Ask a release that a Python has, and hand its answers on, kind by kind.

    What was handed on before an interruption stays. A server that stops answering is replaced
    once: one of 3.6.16 on SQLite hung in 2 of 9 runs, each time elsewhere. Raises what
    `run_prefect` does, ServerFailed, OSError and HTTPException.
    """
    for database in databases:
        for questions in (ON_RECORDED_RUNS, ON_OWN_RUNS, ON_OWN_OBJECTS):
            wanted = {kind: ask for kind, ask in questions.items() if kind in kinds}
            try:
                _ask_server(release, python, database, wanted, receive, say)
            except (OSError, HTTPException) as error:
                say(f"it stopped answering ({error!r}); another one is asked the rest")
                _ask_server(release, python, database, wanted, receive, say)


def _ask_server(
    release: str,
    python: Path,
    database: str,
    wanted: dict[str, Ask],
    receive: Receive,
    say: Say,
) -> None:
    """Ask one server. A kind is taken out of those that are wanted once it is handed on."""
    if not wanted:
        return
    say(f"starting Prefect {release} on {database}")
    with run_prefect(python, (database,), SERVER_OPTIONS) as (server,):
        for kind, ask in list(wanted.items()):
            since = time.monotonic()
            answers = ask(server)
            receive(kind, release, server, answers)
            del wanted[kind]
            say(f"{kind}: {len(answers)} asked in {time.monotonic() - since:.0f} s")


def keep(kind: str, release: str, server: PrefectServer, answers: Answers) -> None:
    """Put answers into tests/data/, and the document beside them."""
    if release == BASE:
        keep_base_answers(kind, server.database, answers)
    keep_answers(kind, release, server.database, answers)
    if kind == "server":
        keep_document(server, release)
