"""Where the files are that the tests read."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
DATA = TESTS / "data"
FIXTURES = ROOT / "fixtures"
