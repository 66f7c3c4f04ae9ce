"""What the keys of filters on blocks mean."""

from __future__ import annotations

from ...filters import (
    HAS_ALL,
    ONE_OF,
    Comparison,
    like_condition,
    one_of,
    skip_if_empty,
)
from .. import Conditions

TYPE_CONDITIONS: Conditions = {
    "name": {"like_": like_condition("name")},
    "slug": {"any_": one_of("slug")},
}
SCHEMA_CONDITIONS: Conditions = {
    "block_type_id": {"any_": one_of("block_type_id")},
    "block_capabilities": {"all_": skip_if_empty("capabilities", HAS_ALL)},
    "id": {"any_": one_of("id")},
    "version": {"any_": one_of("version")},
}
DOCUMENT_CONDITIONS: Conditions = {
    "id": {"any_": one_of("id")},
    "is_anonymous": {
        "eq_": lambda value, _dialect: Comparison("is_anonymous", ONE_OF, frozenset((value,)))
    },
    "block_type_id": {"any_": one_of("block_type_id")},
    "name": {"any_": one_of("name"), "like_": like_condition("name")},
}
