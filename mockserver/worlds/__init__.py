"""Worlds: a store with its clock, journal and faults; sessions are worlds of their own.

Comes in: seeds and `Settings`. Goes out: a `World` to ask and to steer, and assertions about what
its journal recorded.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .clock import Clock
from .faults import FIELDS, HEADER, LONGEST_SECONDS, Cut, Fault, Rule, fault, read_header
from .journal import LONGEST_BODY, MOST_EXCHANGES, Exchange, Journal
from .run_factory import Given, check_parents, numbered, plain
from .settings import MAX_BODY, Settings
from .worlds import MOST_SESSIONS, Sessions, World, repeatable_ids, session_settings

if TYPE_CHECKING:
    from .assertions import ANY, Expected, deletion_complaint, request_complaint
    from .base_cache import Bases
    from .dump import Document, document_of

__getattr__ = lazy_exports(
    __name__,
    {
        "assertions": (
            "ANY",
            "Expected",
            "deletion_complaint",
            "request_complaint",
        ),
        "base_cache": ("Bases",),
        "dump": (
            "Document",
            "document_of",
        ),
    },
)
