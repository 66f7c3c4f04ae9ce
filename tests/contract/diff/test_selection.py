# To see a finding again, `--only` asks the filters that may show it, and no others.

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.diff.runner import DiffSettings, diff
from mockserver.contract.diff.selection import MAX_ATTEMPTS, Dealer, Selection, until_found
from mockserver.contract.findings import Outcome, is_covered
from mockserver.contract.server.detect import identify
from mockserver.contract.server.target import Ownership, Target
from mockserver.contract.shards import WHOLE, Shard
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.support.filter_mutants import FILTER_MUTANTS
from tests.support.server_mutants import serve_mutant

Json = Any
ID = "diff selects-the-same POST /flow_runs/filter other-runs name.any_+tags.all_"
NAME: Json = {"name": {"any_": ["a"]}}
BOTH: Json = {**NAME, "tags": {"all_": ["b"]}}


def outcome_of(name: str, folder: Path, **settings: Any) -> Outcome:
    """What diff finds on a wrong server."""
    (mutant,) = [one for one in FILTER_MUTANTS if one.name == name]
    with serve_mutant(mutant, Store(Base(()))) as client:
        target = Target(client.url, ownership=Ownership.OURS)
        told: list[str] = []
        chosen = DiffSettings(filters=150, deletes=30, runs=60, delete=True, **settings)
        outcome = diff(target, identify(target), chosen, folder, lambda *_: None, told.append)
    assert len(told) == len(outcome.findings)
    return outcome


@pytest.mark.parametrize("name", ["whole-seconds", "deletes-otherwise"])
def test_a_finding_is_seen_again_with_few_requests(name: str, tmp_path: Path) -> None:
    """Whether a filter shows it, or a delete; nothing else is compared."""
    whole = outcome_of(name, tmp_path)
    wanted = whole.findings[0].id
    again = outcome_of(name, tmp_path, only=wanted)
    # Which keys are left of a filter when it is made smaller depends on the ids of the flow runs.
    (found,) = again.findings
    assert is_covered(found.id, wanted) or is_covered(wanted, found.id), (found.id, wanted)
    asked = again.counts.get("filters", 0) + again.counts.get("deletes", 0)
    assert asked <= 40 < whole.counts["filters"]


def test_a_finding_without_keys_of_a_filter_is_looked_for_everywhere() -> None:
    """Such as lost sentinels; and so is one of another command."""
    for finding_id in (None, "", "diff sentinels", "fuzz shows like-nul", "gone like-nul"):
        selection = Selection.of(WHOLE, finding_id)
        assert not selection.is_for_one
        assert selection.compares("selects-the-same")
        assert selection.takes(0, {})


def test_a_filter_may_show_a_finding_if_it_has_its_keys() -> None:
    """And if its shard is asked; of a trace, one of its filters has to."""
    selection = Selection.of(WHOLE, ID)
    assert selection.compares("selects-the-same")
    assert not selection.compares("deletes-the-same")
    assert selection.takes(0, BOTH)
    assert selection.takes(0, NAME, BOTH)
    assert not selection.takes(0, NAME)
    assert not selection.takes(0, None)
    assert not Selection.of(Shard(2, 2), ID).takes(0, BOTH)


def test_what_makes_a_difference_smaller_is_always_asked() -> None:
    """Only what is drawn is dealt out. It ends, since each attempt takes requests."""
    dealer = Dealer(Selection(Shard(2, 2)))

    def large(value: int) -> int | None:
        return value if value > 2 else None

    compare = until_found(large, lambda _: dealer.takes({}))
    assert [compare(value) for value in (9, 1, 9, 3, 4)] == [None, None, None, 3, 4]
    assert dealer.dealt == 4
    shown = [compare(value) for value in range(3, 200)]
    assert len(list(filter(None, shown))) == MAX_ATTEMPTS - 1
