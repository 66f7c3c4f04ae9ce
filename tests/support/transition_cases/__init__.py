"""Cases of state transitions, by the rules that they are about; recorded from a real server.

In: nothing; the cases are data.
Out: `cases()`, and the types and constants that running a case needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from tests.support.transition_cases import (
    bulk,
    contents,
    endings,
    invalid_requests,
    parents,
    pauses,
    retries,
    states,
)
from tests.support.transition_cases.steps import NO_HEADERS as NO_HEADERS
from tests.support.transition_cases.steps import Case as Case
from tests.support.transition_cases.steps import Json as Json
from tests.support.transition_cases.steps import Step as Step

_FAMILIES = (states, retries, contents, endings, pauses, parents, bulk, invalid_requests)


@cache
def cases() -> Mapping[str, Case]:
    """All cases by name, sorted."""
    found = [case for family in _FAMILIES for group in family.GROUPS for case in group()]
    assert len({case.name for case in found}) == len(found), "two cases have the same name"
    return {case.name: case for case in sorted(found, key=lambda case: case.name)}
