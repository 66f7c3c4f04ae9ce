"""Worlds: a store with its clock, journal and faults; sessions are worlds of their own.

Comes in: seeds and `Settings`. Goes out: a `World` to ask and to steer, and assertions about what
its journal recorded.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .clock import Clock
from .faults import (
    FAULT_FIELDS,
    FAULT_HEADER,
    MAX_SECONDS,
    Cut,
    Fault,
    Rule,
    build_fault,
    parse_fault_header,
)
from .journal import MAX_EXCHANGES, MAX_KEPT_BODY, Exchange, Journal
from .run_factory import FieldValues, check_parents, fields_of_nth, to_json_value
from .settings import MAX_BODY, Settings
from .worlds import MAX_SESSIONS, Sessions, World, deterministic_ids, session_settings

if TYPE_CHECKING:
    from .assertions import (
        ANY,
        ExpectedRequest,
        explain_deletion_mismatch,
        explain_request_mismatch,
    )
    from .base_cache import BaseCache
    from .dump import SeedDocument, dump_store

__getattr__ = lazy_exports(
    __name__,
    {
        "assertions": (
            "ANY",
            "ExpectedRequest",
            "explain_deletion_mismatch",
            "explain_request_mismatch",
        ),
        "base_cache": ("BaseCache",),
        "dump": (
            "SeedDocument",
            "dump_store",
        ),
    },
)
