"""Automations of deployments: there are none. Clients delete them before they create their own."""

from __future__ import annotations

from .. import Context, Outcome


def delete_owned_automations(_context: Context, _resource_id: str) -> Outcome:
    """Delete the automations that a resource owns: none."""
    return Outcome(None)
