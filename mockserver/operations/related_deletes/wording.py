"""Filters on flows and deployments in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...errors import to_single_line
from ...filters import Comparison, Operator, OperatorFilter, Predicate

_LONGEST_TEXT = 80  # characters, as in the sentence of a predicate


def filter_sentence(
    kind: str, filter_: OperatorFilter | None, criteria: Mapping[str, Predicate]
) -> str:
    """Which records of a kind a filter matches, such as `name contains 'etl'`.

    `criteria` are those of the filter, compiled.
    """
    said = [criterion_sentence(filter_, name, one) for name, one in criteria.items()]
    told = [text for text in said if text]
    either = filter_ is not None and filter_.operator is Operator.or_
    if not told or (either and len(told) < len(said)):
        return f"every {kind.removesuffix('s')}"
    return (" or " if either else " and ").join(told)


def criterion_sentence(filter_: OperatorFilter | None, name: str, predicate: Predicate) -> str:
    """What one criterion of a filter asks for; empty where it has no condition."""
    if not isinstance(predicate, Comparison) and not predicate.parts:
        return ""
    # A predicate names the records that these two look up in a store, which says little.
    told = _TOLD.get(name)
    if told is not None:
        return told(getattr(filter_, name))
    single = isinstance(predicate, Comparison) or len(predicate.parts) == 1
    return str(predicate) if single else f"({predicate})"


_TOLD: Mapping[str, Callable[[Any], str]] = {
    "deployment": lambda one: "no deployment" if one.is_null_ else "a deployment",
    "flow_or_deployment_name": lambda one: (
        f"its name or its flow's contains '{to_single_line(one.like_, _LONGEST_TEXT)}'"
    ),
}
