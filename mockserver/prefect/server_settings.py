"""The settings that a server tells: those of a fresh one of each release, without secrets.

`server_settings.json` has those of the newest release, with the home /home/prefect, without
telemetry and with the background services off that the mock has not. `_OLDER` is what older
releases have otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ..resources import resource_text
from .overlays import Overlay, merge_patch


def _services(patch: Mapping[str, Any]) -> Mapping[str, Any]:
    """The patch of these settings of background services."""
    return {"server": {"services": patch}}


_NULL = "null"
"""A setting that is null; in a patch, None is for a setting that those releases do not have."""

# Prefect: settings/models/.
_OLDER: Sequence[Overlay] = (
    Overlay("3.9.0", {"deployments": {"clear_schedules_on_empty": None}}),
    Overlay("3.8.5", _services({"db_vacuum": {"orphan_cleanup_loop_seconds": None}})),
    Overlay(
        "3.8.0", {"server": {"database": {"migration_timeout": None}, "ui": {"v2_enabled": False}}}
    ),
    Overlay("3.7.5", _services({"cancellation_cleanup": {"cancelling_timeout_seconds": None}})),
    Overlay("3.7.4", _services({"cleanup_reconciler": None})),
    Overlay(
        "3.7.3",
        {
            "runner": {"auto_install_dependencies": None},
            "server": {
                "worker_channel": None,
                "api": {"websocket_ping_interval": None, "websocket_ping_timeout": None},
            },
        },
    ),
    Overlay(
        "3.7.0",
        {
            "plugins": None,
            "experiments": {
                "plugins": {
                    "enabled": False,
                    "allow": [],
                    "deny": [],
                    "setup_timeout_seconds": 20.0,
                    "strict": False,
                    "safe_mode": False,
                }
            },
        },
    ),
    Overlay("3.6.25", {"server": {"api": {"max_parameter_size": None}}}),
    Overlay("3.6.24", {"events": None}),
    Overlay("3.6.23", {"server": {"tasks": {"tag_concurrency_slot_wait_seconds": 30.0}}}),
    Overlay("3.6.22", {"telemetry": None, "flows": {"heartbeat_frequency": _NULL}}),
    Overlay("3.6.21", {"client": {"server_version_check_enabled": None}}),
    Overlay(
        "3.6.21",
        _services(
            {
                "db_vacuum": {"event_retention_overrides": None, "enabled": False},
                "event_persister": {"batch_size_delete": 10_000},
            }
        ),
    ),
    Overlay("3.6.20", _services({"db_vacuum": {"batch_size": 1_000}})),
    Overlay("3.6.19", _services({"db_vacuum": None})),
    Overlay("3.6.18", {"worker": {"debug_mode": None}}),
)


@cache
def server_settings(release: str) -> Mapping[str, Any]:
    """The settings of a fresh server of a release. Raises ValueError for what is no release."""
    settings: Any = json.loads(resource_text("prefect/server_settings.json"))
    for overlay in _OLDER:
        if overlay.applies_to(release):
            settings = merge_patch(settings, overlay.patch)
    return dict(_with_nulls(settings))


def _with_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_nulls(one) for key, one in value.items()}
    return None if value == _NULL else value
