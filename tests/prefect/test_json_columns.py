"""A JSON column gives a number back as its database has it."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.prefect import in_json_column
from mockserver.prefect.deviations import POSTGRESQL, SQLITE
from mockserver.prefect.dialects import SPEC, dialect_for

BACK = (
    (10.0, 10),
    (-0.0, 0),
    (9.2e18, 9_200_000_000_000_000_000),
    (2**63, 2.0**63),
    (-(2**63) - 1, -(2.0**63)),
    (2**63 - 1, 2**63 - 1),
    (-(2.0**63), -(2.0**63)),
    (1e19, 1e19),
    (1.5, 1.5),
    (10**400, 10**400),
    (True, True),
    ("10", "10"),
    ([10.0], [10.0]),
    (None, None),
)


@pytest.mark.parametrize(("sent", "back"), BACK)
def test_sqlite_makes_numbers_of_numbers(sent: Any, back: Any) -> None:
    """A whole number is an integer, one of more than 64 bits a float; other values stay."""
    found = in_json_column(dialect_for(SQLITE), sent)
    assert (found, type(found)) == (back, type(back))


@pytest.mark.parametrize("dialect", [SPEC, dialect_for(POSTGRESQL)], ids=str)
@pytest.mark.parametrize("sent", [10.0, 2**63])
def test_others_keep_them(dialect: Any, sent: Any) -> None:
    """PostgreSQL's jsonb and the document know numbers."""
    found = in_json_column(dialect, sent)
    assert (found, type(found)) == (sent, type(sent))
