"""Ask a release all questions, on each database, and keep its answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from measure.answers import keep_answers
from measure.base_answers import keep_base_answers
from measure.documents import keep_document
from measure.questions import ON_OWN_RUNS, ON_RECORDED_RUNS, Ask
from measure.servers import run_prefect
from tests.support.recorded_answers import BASE

Say = Callable[[str], None]
# Nothing runs in the background, so that what is answered depends on the requests alone.
SERVER_OPTIONS = ("--no-services",)


def ask_release(
    release: str, python: Path, databases: Sequence[str], kinds: Collection[str], say: Say
) -> None:
    """Ask a release that a Python has, and put its answers into tests/data/releases/.

    Answers are kept kind by kind: what was asked before an interruption stays. Raises what
    `run_prefect` does, and ServerFailed.
    """
    for database in databases:
        for questions in (ON_RECORDED_RUNS, ON_OWN_RUNS):
            wanted = {kind: ask for kind, ask in questions.items() if kind in kinds}
            if wanted:
                _ask_server(release, python, database, wanted, say)


def _ask_server(
    release: str, python: Path, database: str, questions: Mapping[str, Ask], say: Say
) -> None:
    """Start a fresh server and ask it these questions."""
    say(f"starting Prefect {release} on {database}")
    with run_prefect(python, (database,), SERVER_OPTIONS) as (server,):
        for kind, ask in questions.items():
            since = time.monotonic()
            answers = ask(server)
            if release == BASE:
                keep_base_answers(kind, database, answers)
            keep_answers(kind, release, database, answers)
            if kind == "server":
                keep_document(server, release)
            say(f"{kind}: {len(answers)} asked in {time.monotonic() - since:.0f} s")
