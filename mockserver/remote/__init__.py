"""A server elsewhere: reached with the user's credentials, asked read-only, and copied.

Comes in: the URL of an API, headers, and the filters of the part that is wanted (`Scope`).
Goes out: a `PartialFile` with the records, from which `write_copy` makes a seed of them; or the
explanation of a filter (`explain_server`, and `explain_related_server` for flows and deployments).
Errors of the server are `RemoteError`s.

`slicing` says how runs are copied at a cost that grows with their number, and how a copy of a
server that lives meanwhile becomes whole.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .access import build_headers, is_loopback, normalize_api_url

if TYPE_CHECKING:
    from .anonymizing import Anonymizer
    from .client import Bounds, ReadClient, RefusedError, RemoteError, check_bounds
    from .copying import Copied, WorkspaceCopy
    from .explaining import ServerExplanation, explain_server, find_server_dialect
    from .explaining_related import RelatedServerExplanation, explain_related_server
    from .partial_file import PartialFile
    from .scope import Scope, parse_scope
    from .slicing import Progress
    from .writing import OutputFormat, output_format, write_copy

__getattr__ = lazy_exports(
    __name__,
    {
        "anonymizing": ("Anonymizer",),
        "client": ("Bounds", "ReadClient", "RefusedError", "RemoteError", "check_bounds"),
        "copying": ("Copied", "WorkspaceCopy"),
        "explaining": ("ServerExplanation", "explain_server", "find_server_dialect"),
        "explaining_related": ("RelatedServerExplanation", "explain_related_server"),
        "partial_file": ("PartialFile",),
        "scope": ("Scope", "parse_scope"),
        "slicing": ("Progress",),
        "writing": ("OutputFormat", "output_format", "write_copy"),
    },
)
