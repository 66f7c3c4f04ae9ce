"""Schedules with slugs that a deployment gets after others, as Prefect answered each request."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from mockserver.errors import OutOfBounds
from mockserver.operations import Context
from mockserver.operations.deployments.changing import create_deployment, update_deployment
from mockserver.operations.deployments.schedules import read_schedules
from mockserver.prefect import Flow
from mockserver.prefect.dialects import dialect_for
from mockserver.requests.objects import DeploymentCreate, DeploymentUpdate
from mockserver.store.base import Base
from mockserver.store.store import Store

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FLOW = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


CRON = {"schedule": {"cron": "0 2 * * *"}}


def replace_slugs(release: str, *replaced: str) -> list[str]:
    """The slugs of a deployment with schedules a and b after a change: "ab" makes b of a."""
    return sorted(
        listed_after(release, [{"slug": pair[1], "replaces": pair[0]} for pair in replaced])
    )


def listed_after(release: str, changes: list[dict[str, Any]]) -> list[str]:
    """The slugs of a deployment with schedules a and b after a change, as they are listed."""
    ids = count(1)
    context = Context(
        Store(Base([], flows=[Flow(FLOW, "f")])),
        dialect_for("sqlite", release),
        NOW,
        lambda: f"00000000-0000-4000-8000-{next(ids):012}",
    )
    schedules = [{**CRON, "slug": slug} for slug in "ab"]
    body = {"name": "d", "flow_id": FLOW, "schedules": schedules}
    made: dict[str, Any] = create_deployment(context, DeploymentCreate.model_validate(body)).value
    update_deployment(context, made["id"], DeploymentUpdate.model_validate({"schedules": changes}))
    return [one["slug"] for one in read_schedules(context, made["id"]).value]


@pytest.mark.parametrize(
    ("replaced", "slugs"),
    [(["ab", "bc"], ["b", "c"]), (["bc", "ab"], ["b", "c"]), (["aa"], ["a", "b"]),
     (["ab", "ba"], ["a", "b"])],
)  # fmt: skip
def test_replacements_can_be_chained_since_3_6_18(replaced: list[str], slugs: list[str]) -> None:
    """Before, a slug that is replaced could be no new one in the same request."""
    assert replace_slugs("3.6.18", *replaced) == slugs
    with pytest.raises(OutOfBounds, match="Chained replacements are not supported"):
        replace_slugs("3.6.17", *replaced)


@pytest.mark.parametrize("release", ["3.6.17", "3.6.18"])
def test_the_slug_of_a_third_schedule_cannot_be_taken(release: str) -> None:
    """In every release that has replacements."""
    with pytest.raises(OutOfBounds, match="a schedule with slug 'b' already exists"):
        replace_slugs(release, "ab")


def test_new_schedules_are_later_than_those_that_change() -> None:
    """The latest is listed first, and a real server changes schedules before it adds any."""
    changes: list[dict[str, Any]] = [
        {**CRON, "slug": "b", "active": False},
        {**CRON, "slug": "c"},
    ]
    assert listed_after("3.9.1", changes) == ["c", "b", "a"]
