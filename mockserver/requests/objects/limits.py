"""The bodies of requests about concurrency limits.

Prefect: schemas/actions.py, api/concurrency_limits_v2.py and api/concurrency_limits.py.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ...filters import FAIL_FAST, JsonInteger, Texts, Uuid, Uuids, json_integer, json_number
from .. import Before, BodyParameters, ClosedObject, Offset, PageParameters

_Name = Annotated[str, StringConstraints(pattern=r"^[^/%&><]+$")]
_Count = Annotated[int, json_integer(ge=0)]
_Rate = Annotated[float, json_number(ge=0.0)]
_Names = Annotated[list[str], FAIL_FAST, Field(min_length=1), Before("names_needed", Texts)]
_Slots = Annotated[int, json_integer(gt=0)]


class ConcurrencyLimitV2Create(ClosedObject):
    """A limit to create."""

    active: bool = True
    name: _Name
    limit: _Count
    active_slots: _Count = 0
    denied_slots: _Count = 0
    slot_decay_per_second: _Rate = 0.0


class ConcurrencyLimitV2Update(ClosedObject):
    """Changes of a limit: the keys that are given replace the old values."""

    active: bool | None = None
    name: _Name | None = None
    limit: _Count | None = None
    active_slots: _Count | None = None
    denied_slots: _Count | None = None
    slot_decay_per_second: _Rate | None = None


class ConcurrencyLimitCreate(ClosedObject):
    """A limit on a tag to create or to change."""

    tag: str
    concurrency_limit: JsonInteger


class LimitPageRequest(PageParameters):
    """A part of the list of limits."""

    offset: Offset = 0


class SlotsIncrement(BodyParameters):
    """Slots to take of each of some limits."""

    slots: _Slots
    names: _Names
    mode: Literal["concurrency", "rate_limit"] = "concurrency"
    create_if_missing: bool | None = None


class SlotsDecrement(BodyParameters):
    """Slots to give back to each of some limits."""

    slots: _Slots
    names: _Names
    occupancy_seconds: Annotated[float, json_number(gt=0.0)] | None = None
    create_if_missing: bool = None  # type: ignore[assignment]  # absent, but never null


class TagSlots(BodyParameters):
    """Tags of a task run, which takes or gives back a slot of each."""

    names: Texts
    task_run_id: Uuid


class TagReset(BodyParameters):
    """The task runs that have the slots of a tag from now on."""

    slot_override: Uuids | None = None
