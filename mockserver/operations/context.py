"""What a verb is done in: a store, a dialect, a clock, and who asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..filters import Predicate
from ..prefect import CreatedBy, Dialect, FlowRun
from ..store import Store


@dataclass(frozen=True, slots=True)
class Context:
    """`api_version`: that of the client, None where it does not say. `now` is one instant."""

    store: Store
    dialect: Dialect
    now: datetime
    new_id: Callable[[], str]
    api_version: tuple[int, ...] | None = None
    created_by: CreatedBy | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a verb comes to: the value of its reply, and ids of warnings.

    `made`: something new was made (as opposed to found); `sentence`: what was asked, in words;
    `deleted`: the flow runs that are gone, as they last were, and `because` what they satisfied.
    """

    value: Any
    made: bool = False
    warnings: tuple[str, ...] = ()
    sentence: str = ""
    deleted: tuple[FlowRun, ...] = ()
    because: Predicate | None = None
