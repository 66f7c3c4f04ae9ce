"""Worlds: stores with a clock, a journal, fault rules and snapshots, for servers and tests.

Comes in: `Settings`, a store or seeds, and flow runs described by a few fields. Goes out: a
`World`, `Sessions` that keep worlds by name, and explanations of how a journal differs from what a
test expects. Nothing here knows HTTP.

All of it is imported when it is first used: `from mockserver import MockServer` needs none.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .assertions import (
        ExpectedRequest,
        ExpectedRuns,
        explain_deletion_mismatch,
        explain_related_mismatch,
        explain_request_mismatch,
    )
    from .base_cache import BaseCache
    from .clock import Clock
    from .dump import SeedDocument, dump_store, iterate_dump
    from .faults import (
        FAULT_FIELDS,
        FAULT_HEADER,
        MAX_SECONDS,
        PRESETS,
        Cut,
        Fault,
        Rule,
        build_fault,
        parse_fault_header,
    )
    from .journal import (
        MAX_ALSO_DELETED,
        MAX_DELETED,
        MAX_EXCHANGES,
        MAX_KEPT_BODY,
        DeletedRecord,
        Exchange,
        Journal,
        cut_text,
    )
    from .path_patterns import explain_no_route
    from .reports import closing_lines, report_world
    from .run_factory import (
        FieldValues,
        check_parents,
        fields_of_nth,
        insert_seeds,
        settle_with,
        to_json_value,
    )
    from .settings import Settings, id_source
    from .worlds import Sessions, World, session_settings

__getattr__ = lazy_exports(
    __name__,
    {
        "assertions": (
            "ExpectedRequest",
            "ExpectedRuns",
            "explain_deletion_mismatch",
            "explain_related_mismatch",
            "explain_request_mismatch",
        ),
        "base_cache": ("BaseCache",),
        "clock": ("Clock",),
        "dump": ("SeedDocument", "dump_store", "iterate_dump"),
        "faults": (
            "FAULT_FIELDS",
            "FAULT_HEADER",
            "MAX_SECONDS",
            "PRESETS",
            "Cut",
            "Fault",
            "Rule",
            "build_fault",
            "parse_fault_header",
        ),
        "journal": (
            "MAX_ALSO_DELETED",
            "MAX_DELETED",
            "MAX_EXCHANGES",
            "MAX_KEPT_BODY",
            "DeletedRecord",
            "Exchange",
            "Journal",
            "cut_text",
        ),
        "path_patterns": ("explain_no_route",),
        "reports": ("closing_lines", "report_world"),
        "run_factory": (
            "FieldValues",
            "check_parents",
            "fields_of_nth",
            "insert_seeds",
            "settle_with",
            "to_json_value",
        ),
        "settings": ("Settings", "id_source"),
        "worlds": ("Sessions", "World", "session_settings"),
    },
)
