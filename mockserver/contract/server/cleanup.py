"""Deleting what earlier runs of the kit have left on a server."""

from __future__ import annotations

from .cleanup_journal import Removal, find_leftovers
from .connect import ServerOptions, StatusCallback, connect_server


def clean_up(options: ServerOptions, on_status: StatusCallback) -> Removal | None:
    """Delete what the journals name; None where there is no journal of this server.

    Also on a server that is shared: these records are the kit's own. Raises UsageError, and
    TargetError if the server does not answer as needed.
    """
    with connect_server(options, on_status) as server:
        done = [
            journal.delete_all()
            for journal in find_leftovers(server.target, options.journal_folder)
        ]
    if not done:
        return None
    left = tuple(sentence for one in done for sentence in one.left)
    return Removal(sum(one.flow_runs for one in done), left)
