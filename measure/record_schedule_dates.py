"""Record the dates of schedules that tests/data/schedule-dates.json does not have yet.

    python -m measure.record_schedule_dates PYTHON...

Each PYTHON has one of the releases of `schedule_cases.ASKED`, in that order. Some cases take
Prefect seconds: rules that never match, and starts long before the first date.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.schedule_cases import ASKED, FILE, make_cases

ASK = Path(__file__).with_name("ask_schedule_dates.py")


def ask(python: str, cases: list[object]) -> list[list[str]]:
    """The dates of each case, in the release that a Python has."""
    command = [python, str(ASK)]
    done = subprocess.run(
        command, input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found


def record(pythons: list[str]) -> int:
    """Ask for the dates of new cases, and write the file; returns how many there were."""
    recorded = json.loads(FILE.read_text()) if FILE.exists() else []
    known = {json.dumps(case[:4]): case[4] for case in recorded}
    cases = [list(case[:4]) for case in make_cases()]
    new = [case for case in cases if json.dumps(case) not in known]
    for case, *answers in zip(new, *(ask(python, [*new]) for python in pythons), strict=True):
        known[json.dumps(case)] = answers[:1] if answers[0] == answers[1] else answers
    lines = (json.dumps([*case, known[json.dumps(case)]], separators=(",", ":")) for case in cases)
    FILE.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    return len(new)


if __name__ == "__main__":
    if len(sys.argv) != 1 + len(ASKED):
        sys.exit(f"expected {len(ASKED)} Pythons, with Prefect {' and '.join(ASKED)}")
    print(f"{record(sys.argv[1:])} new cases")
