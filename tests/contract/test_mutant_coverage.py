"""Each check of the kit has a wrong server that this check has to detect, and no other can."""

from __future__ import annotations

from mockserver.contract.drift.changes import ChangeKind
from mockserver.contract.exchanges.invariants import CHECKS
from mockserver.contract.fuzz.fixed_requests import ACCEPTS_VALID, REJECTS_INVALID
from mockserver.contract.related.differences import RELATED_CHECKS
from tests.support.filter_mutants import FILTER_MUTANTS
from tests.support.related_mutants import RELATED_MUTANTS
from tests.support.reply_mutants import (
    DOCUMENT_MUTANTS,
    FUZZ_MUTANTS,
    LIST_MUTANTS,
    OTHERS_MUTANTS,
)
from tests.support.server_mutants import SERVER_MUTANTS

DIFF_CHECKS = (
    "selects-the-same",
    "deletes-the-same",
    "sentinels",
    "others-gone",
    "others-changed",
)


def test_every_check_is_held_by_a_wrong_server() -> None:
    """`.ci/mutants` runs the kit against each of them."""
    checks = {check.id for check in (*CHECKS, ACCEPTS_VALID, REJECTS_INVALID)}
    checks |= {*DIFF_CHECKS, *RELATED_CHECKS, *(kind.value for kind in ChangeKind)}
    mutants = (
        *SERVER_MUTANTS,
        *FUZZ_MUTANTS,
        *FILTER_MUTANTS,
        *LIST_MUTANTS,
        *OTHERS_MUTANTS,
        *DOCUMENT_MUTANTS,
        *RELATED_MUTANTS,
    )
    assert {mutant.detected_by[0] for mutant in mutants if len(mutant.detected_by) == 1} == checks
